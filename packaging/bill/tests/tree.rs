//! The tree as it is: allowed by deny.toml, and billed completely and the same way each time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use mfa_bill::deny::Deny;
use mfa_bill::{Bill, conjunction, notices, sbom};
use std::path::Path;

fn bill() -> Bill {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(root).unwrap();
    Bill::of_the_tree().unwrap()
}

#[test]
fn nothing_in_the_tree_is_forbidden_by_deny_toml() {
    let bill = bill();
    let deny = Deny::read(&std::fs::read_to_string("deny.toml").unwrap()).unwrap();
    assert_eq!(deny.against(&bill), Vec::<String>::new());
    assert!(bill.resolved.len() > bill.linked.len() && bill.linked.len() > 100, "{}", bill.linked.len());
}

#[test]
fn the_bill_names_everything_that_is_linked_and_nothing_that_only_tests() {
    let bill = bill();
    let names: Vec<&str> = bill.linked.keys().map(|(name, _)| name.as_str()).collect();
    for linked in ["pam_mfa", "mfad", "mfa-authenticator", "mfa-core", "pam-bindings", "zbus", "gtk4", "libadwaita"] {
        assert!(names.contains(&linked), "{linked}");
    }
    for not in ["mfa-pages", "mfa-bill", "pam-mfa-tests", "pty-process", "clap_mangen"] {
        assert!(!names.contains(&not), "{not}");
    }
}

#[test]
fn each_form_says_of_every_crate_what_it_is_under() {
    let bill = bill();
    let (sbom, notices) = (sbom::print(&bill), notices::texts(&bill).unwrap());
    let (summary, debian) = (notices::summary(&bill), notices::debian(&bill));
    let read: serde_json::Value = serde_json::from_str(&sbom).unwrap();
    assert_eq!(read["components"].as_array().unwrap().len(), bill.linked.len());
    for it in bill.of_others() {
        let named = format!("{} {}", it.name, it.version);
        assert!(sbom.contains(&format!("pkg:cargo/{}@{}", it.name, it.version)), "{named}");
        assert!(notices.contains(&named) && summary.contains(&named), "{named}");
        assert!(debian.contains(&format!("Files: vendor/{}-{}/*", it.name, it.version)), "{named}");
    }
    assert!(!sbom.contains("none stated") && !summary.contains("none stated"));
    // Two machines would not share a path.
    assert!(!sbom.contains(env!("CARGO_MANIFEST_DIR")) && !notices.contains(env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn every_licence_that_debians_list_names_has_its_text_there() {
    let list = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../debian/copyright")).unwrap();
    let all = list + &notices::debian(&bill());
    let texts: Vec<&str> = all
        .split("\n\n")
        .filter_map(|stanza| stanza.trim_start().strip_prefix("License: "))
        .filter_map(|stanza| stanza.split_once('\n'))
        // Policy 12.5: what is not among Debian's common licences stands there word for word.
        .filter(|(_, text)| text.contains("/usr/share/common-licenses/") || text.lines().count() > 6)
        .map(|(name, _)| name)
        .collect();
    let named = all.lines().filter_map(|line| line.strip_prefix("License: "));
    for name in named.flat_map(|line| line.split(" or ")).flat_map(|line| line.split(" and ")) {
        assert!(texts.contains(&name.trim_matches([' ', ','])), "{name} is named and has no text");
    }
}

#[test]
fn the_licence_fields_of_rpm_and_arch_name_everything_that_is_linked() {
    let all = conjunction::of(&bill()).unwrap();
    for (file, before, after) in
        [("packaging/rpm/pam_mfa.spec", "License:        ", ""), ("packaging/arch/PKGBUILD", "license=('", "')")]
    {
        let text = std::fs::read_to_string(file).unwrap();
        let stated = text.lines().find_map(|line| line.strip_prefix(before)?.strip_suffix(after)).unwrap();
        assert_eq!(stated, all, "{file} on the left, mfa-bill conjunction on the right");
    }
}
