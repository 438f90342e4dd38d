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
    let on = |condition: &str| {
        let (wanted, name) = match condition.trim().strip_prefix("not ") {
            Some(name) => (false, name),
            None => (true, condition.trim()),
        };
        features.contains(&name.trim().trim_matches('"')) == wanted
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

#[test]
fn the_doctor_has_nothing_against_the_authselect_profile_with_any_of_its_features() {
    const FEATURES: [&str; 4] = ["with-faillock", "with-fingerprint", "with-mkhomedir", "without-nullok"];
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/authselect/mfa");
    let readme = std::fs::read_to_string(format!("{profile}/README")).unwrap();
    for bits in 0..1_u32 << FEATURES.len() {
        let chosen = FEATURES.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, name)| *name);
        let features: Vec<&str> = chosen.chain(["with-mfa"]).collect();
        for name in ["system-auth", "password-auth", "fingerprint-auth"] {
            if name == "fingerprint-auth" && !features.contains(&"with-fingerprint") {
                continue;
            }
            let template = std::fs::read_to_string(format!("{profile}/{name}")).unwrap();
            let text = made(&template, &features);
            let other = ("other".to_owned(), "auth required pam_deny.so\n".to_owned());
            let files = BTreeMap::from([(name.to_owned(), text.clone()), other]);
            let bad = against(name, BeforePam::Nothing, &files);
            assert!(bad.is_empty(), "{name} with {features:?}\n{text}{bad:#?}");
            let without: Vec<&str> = features.iter().copied().filter(|name| *name != "with-mfa").collect();
            assert!(!made(&template, &without).contains("pam_mfa"), "{name} asks without being told to");
        }
        for feature in features {
            assert!(readme.contains(&format!("{feature}::")), "{feature} is not in the profile's README");
        }
    }
}
