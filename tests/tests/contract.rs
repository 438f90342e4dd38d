//! The shipped introspection XML of mfad's interfaces says what mfad serves: every method, argument and type.

use pam_mfa_tests::harness::{Home, Program};
use std::collections::BTreeMap;
use std::path::Path;

/// Of each interface of ours the methods, signals and properties, each with its arguments as `name type direction`.
type Contract = BTreeMap<String, BTreeMap<String, Vec<String>>>;

fn attribute(tag: &str, name: &str) -> String {
    let after = tag.split(&format!(" {name}=\"")).nth(1).unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

fn contract(xml: &str) -> Contract {
    let without_comments: String =
        xml.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest)).collect();
    let mut contract = Contract::new();
    let (mut interface, mut member) = (String::new(), String::new());
    for tag in without_comments.split('<').skip(1) {
        match tag.split([' ', '>', '/']).next().unwrap_or_default() {
            "interface" => interface = attribute(tag, "name"),
            kind @ ("method" | "signal" | "property") => {
                member = format!("{kind} {}", attribute(tag, "name"));
                let detail = format!("{} {}", attribute(tag, "type"), attribute(tag, "access"));
                let members = contract.entry(interface.clone()).or_default();
                members.insert(member.clone(), if kind == "property" { vec![detail] } else { Vec::new() });
            }
            "arg" => {
                let arg =
                    format!("{} {} {}", attribute(tag, "name"), attribute(tag, "type"), attribute(tag, "direction"));
                contract.get_mut(&interface).unwrap().get_mut(&member).unwrap().push(arg);
            }
            _ => {}
        }
    }
    contract.retain(|name, _| name.starts_with("io.github.pam_mfa."));
    contract
}

#[test]
fn what_mfad_serves_is_what_the_shipped_files_say() {
    let home = Home::new("contract", "require = \"required\"\n");
    let program =
        Program::new("dbus-send").args(["--system", "--print-reply=literal", "--dest=io.github.pam_mfa.Daemon"]);
    let program = program.args(["/io/github/pam_mfa/Daemon", "org.freedesktop.DBus.Introspectable.Introspect"]);
    let served = contract(&program.as_user(&home.house.world.user("bob")).run("").ok().stdout);
    let mut shipped = Contract::new();
    for interface in served.keys() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../packaging/dbus/{interface}.xml"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        shipped.append(&mut contract(&text));
    }
    assert!(!served.is_empty());
    assert_eq!(served, shipped);
}

#[test]
fn the_documentation_names_every_method_that_administers() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = |path: &str| std::fs::read_to_string(repository.join(path)).unwrap();
    let (shipped, documented) = (contract(&text("packaging/dbus/io.github.pam_mfa.Admin1.xml")), text("docs/dbus.md"));
    for member in shipped["io.github.pam_mfa.Admin1"].keys() {
        let method = member.strip_prefix("method ").unwrap();
        assert!(documented.contains(&format!("`{method}`")), "docs/dbus.md does not say what {method} is");
    }
}
