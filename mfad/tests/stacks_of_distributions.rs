//! The stacks that the documents and the authselect profile put before administrators: the doctor finds nothing against any.
//!
//! A stack of docs/stacks.md is a block marked `pam SERVICE DISTRIBUTION`, and `key` behind it where sshd demands a key first. A block for
//! a common file is what the other blocks of its distribution include.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use mfa_core::wire::Kind;
use mfad::ctl::doctor::findings::Severity;
use mfad::ctl::doctor::rules::{self, BeforePam, Subject};
use mfad::ctl::doctor::stack;
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../docs/stacks.md");

/// Files that others include and that the page does not show.
const SILENT: [(&str, &str); 3] = [
    ("other", "auth required pam_deny.so\n"),
    ("postlogin", "session optional pam_umask.so silent\n"),
    ("system-login", "auth required pam_shells.so\nauth requisite pam_nologin.so\nauth include system-auth\n"),
];

/// Debian's common-auth before the line, for services that have one of their own.
const DEBIAN: &str =
    "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n";

struct Block {
    service: String,
    distribution: String,
    key: bool,
    text: String,
}

fn blocks() -> Vec<Block> {
    let fenced = PAGE.split("\n```pam ").skip(1);
    let block = |fenced: &str| {
        let (head, rest) = fenced.split_once('\n').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        let mut words = head.split_whitespace().map(str::to_owned);
        let (service, distribution) = (words.next().unwrap(), words.next().unwrap());
        Block { service, distribution, key: words.next().is_some(), text: format!("{text}\n") }
    };
    fenced.map(block).collect()
}

fn kind(service: &str) -> Kind {
    match service {
        "sshd" => Kind::Sshd,
        "sudo" => Kind::Sudo,
        "su" => Kind::Su,
        "gdm-password" => Kind::Display,
        "polkit-1" => Kind::Polkit,
        _ => Kind::Login,
    }
}

/// Everything the doctor finds that is not in order.
fn against(service: &str, before: BeforePam, files: &BTreeMap<String, String>) -> Vec<String> {
    let stack = stack::load(service, &|name| {
        let text = files.get(name).cloned();
        text.map(|text| stack::File { path: name.to_owned(), text })
    });
    assert!(stack.lines.iter().any(|line| line.name() == "pam_mfa"), "{service}: {stack:?}");
    let found = rules::judge(&Subject { name: service, kind: kind(service), asked: Some(true), before, stack: &stack });
    let bad = found.into_iter().filter(|finding| finding.severity != Severity::Fine);
    bad.map(|finding| format!("{:?} {}", finding.places, finding.text)).collect()
}

#[test]
fn the_doctor_has_nothing_against_any_stack_on_the_page() {
    let blocks = blocks();
    let mut seen = BTreeMap::<&str, Vec<&str>>::new();
    for block in &blocks {
        let mut files: BTreeMap<String, String> =
            SILENT.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        files.insert("common-auth".to_owned(), DEBIAN.to_owned());
        for shared in blocks.iter().filter(|it| it.distribution == block.distribution && it.service == "system-auth") {
            files.insert("system-auth".to_owned(), shared.text.clone());
            files.insert("password-auth".to_owned(), shared.text.clone());
        }
        files.insert(block.service.clone(), block.text.clone());
        let before = if block.key { BeforePam::Method } else { BeforePam::Nothing };
        let bad = against(&block.service, before, &files);
        assert!(bad.is_empty(), "{} of {}: {bad:#?}", block.service, block.distribution);
        seen.entry(block.distribution.as_str()).or_default().push(block.service.as_str());
    }
    for distribution in ["debian", "fedora", "arch"] {
        for service in ["sshd", "sudo", "su", "login", "gdm-password", "polkit-1"] {
            assert!(seen[distribution].contains(&service), "{service} of {distribution} is not on the page");
        }
    }
}

/// Where the lines of another document belong: the service, whether sshd demands a key before, and what stands around lines that
/// are shown alone.
type Place = (&'static str, BeforePam, &'static str, &'static str);

const COMMON: &str = "@include common-auth\n";
const BEHIND: Place = ("sudo", BeforePam::Nothing, COMMON, "");
const BEFORE: Place = ("sshd", BeforePam::Method, "", COMMON);
const WHOLE: fn(&'static str, BeforePam) -> Place = |service, before| (service, before, "", "");

/// Each run of lines in which our module is called for authentication.
fn runs(page: &str) -> Vec<String> {
    let is_stack = |line: &str| line.starts_with("auth ") || line.starts_with("@include common-auth");
    let lines: Vec<&str> = page.lines().map(str::trim).collect();
    let runs = lines.chunk_by(|one, next| is_stack(one) == is_stack(next));
    let ours = runs.filter(|run| is_stack(run[0]) && run.iter().any(|line| line.contains(" pam_mfa.so")));
    ours.map(|run| run.join("\n") + "\n").collect()
}

#[test]
fn the_doctor_has_nothing_against_the_lines_of_the_other_documents() {
    use BeforePam::{Method, Nothing};
    let pages: [(&str, &str, &[Place]); 5] = [
        (
            "docs/pam.md",
            include_str!("../../docs/pam.md"),
            &[
                WHOLE("sshd", Method),
                WHOLE("sshd", Nothing),
                WHOLE("sudo", Nothing),
                WHOLE("su", Nothing),
                // Programs with one hidden field.
                WHOLE("openvpn", Nothing),
            ],
        ),
        ("README.md", include_str!("../../README.md"), &[BEHIND, BEFORE]),
        ("README.Debian", include_str!("../../packaging/debian/libpam-mfa.README.Debian"), &[BEHIND]),
        ("pam_mfa(8)", include_str!("../../packaging/man/pam_mfa.8"), &[BEHIND, BEFORE]),
        ("docs/operations.md", include_str!("../../docs/operations.md"), &[]),
    ];
    for (name, page, places) in pages {
        let runs = runs(page);
        assert_eq!(runs.len(), places.len(), "{name} shows other lines than this test knows: {runs:#?}");
        for (lines, (service, before, above, below)) in runs.iter().zip(places) {
            let mut files = BTreeMap::from([
                ("other".to_owned(), "auth required pam_deny.so\n".to_owned()),
                ("common-auth".to_owned(), DEBIAN.to_owned()),
            ]);
            files.insert((*service).to_owned(), format!("{above}{lines}{below}"));
            let bad = against(service, *before, &files);
            assert!(bad.is_empty(), "{name}, {service}:\n{lines}{bad:#?}");
        }
    }
}

/// A template of authselect with these features, as authselect makes a file of it.
fn made(template: &str, features: &[&str]) -> String {
    // `"a"`, `not "a"`, and such joined by `and`.
    let on = |conditions: &str| {
        conditions.split(" and ").all(|condition| {
            let (wanted, name) = match condition.trim().strip_prefix("not ") {
                Some(name) => (false, name),
                None => (true, condition.trim()),
            };
            features.contains(&name.trim().trim_matches('"')) == wanted
        })
    };
    let mut text = String::new();
    for line in template.lines() {
        let (mut line, mut keep) = (line.to_owned(), true);
        while let Some(start) = line.find('{') {
            let end = start + line[start..].find('}').unwrap();
            let operator = line[start + 1..end].to_owned();
            let put = if let Some(condition) = operator.strip_prefix("include if ") {
                keep &= on(condition);
                String::new()
            } else {
                let (condition, values) = operator.strip_prefix("if ").unwrap().split_once(':').unwrap();
                let (yes, no) = values.split_once('|').unwrap_or((values, ""));
                if on(condition) { yes.to_owned() } else { no.to_owned() }
            };
            line.replace_range(start..=end, &put);
        }
        if keep {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Every feature that a template asks for.
fn features_of(template: &str) -> impl Iterator<Item = &str> {
    let operators = template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    operators.flat_map(|operator| operator.split('"').skip(1).step_by(2))
}

#[test]
fn the_doctor_has_nothing_against_the_authselect_profile_with_any_of_its_features() {
    // Those that change what stands in auth.
    const FEATURES: [&str; 6] = [
        "with-faillock",
        "with-fingerprint",
        "with-pam-gnome-keyring",
        "with-pamaccess",
        "with-systemd-homed",
        "without-nullok",
    ];
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/authselect/mfa");
    let read = |name: &str| std::fs::read_to_string(format!("{profile}/{name}")).unwrap();
    for bits in 0..1_u32 << FEATURES.len() {
        let chosen = FEATURES.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, name)| *name);
        let features: Vec<&str> = chosen.chain(["with-mfa"]).collect();
        for name in ["system-auth", "password-auth", "fingerprint-auth"] {
            if name == "fingerprint-auth" && !features.contains(&"with-fingerprint") {
                continue;
            }
            let template = read(name);
            let text = made(&template, &features);
            let other = ("other".to_owned(), "auth required pam_deny.so\n".to_owned());
            let files = BTreeMap::from([(name.to_owned(), text.clone()), other]);
            let bad = against(name, BeforePam::Nothing, &files);
            assert!(bad.is_empty(), "{name} with {features:?}\n{text}{bad:#?}");
            first_factors_meet_the_second(&text);
            let without: Vec<&str> = features.iter().copied().filter(|name| *name != "with-mfa").collect();
            assert!(!made(&template, &without).contains("pam_mfa"), "{name} asks without being told to");
        }
    }
}

/// Whoever is right jumps to the line of pam_mfa, and no further or less far.
fn first_factors_meet_the_second(text: &str) {
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("auth ")).collect();
    let ours = lines.iter().position(|line| line.contains(" pam_mfa.so")).unwrap();
    let mut jumps = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some((_, over)) = line.split_once("[success=") else { continue };
        let Ok(over) = over.split(' ').next().unwrap().parse::<usize>() else { continue };
        assert_eq!(at + 1 + over, ours, "{line}\nin\n{text}");
        jumps += 1;
    }
    assert!(jumps > 0, "{text}");
}

#[test]
fn the_authselect_profile_has_the_features_of_the_local_one_and_describes_them() {
    // Those of authselect's own `local`, but for pam_u2f's: the README says why.
    const LOCAL: [&str; 14] = [
        "with-altfiles",
        "with-ecryptfs",
        "with-faillock",
        "with-fingerprint",
        "with-libvirt",
        "with-mdns4",
        "with-mdns6",
        "with-mkhomedir",
        "with-pam-gnome-keyring",
        "with-pamaccess",
        "with-pwhistory",
        "with-silent-lastlog",
        "with-systemd-homed",
        "without-nullok",
    ];
    let profile = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/authselect/mfa"));
    let mut asked = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(profile).unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        if file.file_name() != "README" {
            asked.extend(features_of(&text).map(str::to_owned));
        }
    }
    let wanted = LOCAL.into_iter().chain(["with-mfa"]).map(str::to_owned).collect();
    assert_eq!(asked, wanted);
    let readme = std::fs::read_to_string(profile.join("README")).unwrap();
    let described: std::collections::BTreeSet<String> =
        readme.lines().filter_map(|line| line.strip_suffix("::")).map(str::to_owned).collect();
    assert_eq!(described, wanted);
}
