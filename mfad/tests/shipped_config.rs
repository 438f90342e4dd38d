//! The examples in `config/`: each says what it seems to say.
//!
//! They are read as mfad reads them, so that an example can neither rot nor promise a key that does not exist.
#![allow(clippy::panic, reason = "a test stops at the first thing that is not as expected")]

use mfa_core::policy::{
    Circumstances, Groups, Layers, LocalTime, Own, Policy, Query, Require, Requirements, Signals, Source, Target,
};
use mfa_core::wire::Kind;
use mfad::ctl::doctor::rules::{self, BeforePam, Subject};
use mfad::ctl::doctor::sshd::{self, Settings};
use mfad::ctl::doctor::{Finding, Severity, stack};
use std::path::{Path, PathBuf};

fn example(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    (path, text)
}

fn policy(text: &str) -> Policy {
    let vendor = Some(Source { file: String::from("/usr/lib/pam_mfa/mfa.toml"), text: text.to_owned() });
    Layers { vendor, ..Layers::default() }.merge().unwrap_or_else(|why| panic!("{why}"))
}

/// Examples stand as `#key = value`, prose as `# Words`.
fn with_every_example_switched_on(text: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with([' ', '#']) => format!("{example}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(on).collect()
}

fn asked(policy: &Policy, user: &str, service: &str, groups: &[&str]) -> Require {
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let circumstances = Circumstances {
        rhost: (service == "sshd").then_some("192.0.2.7"),
        tty: None,
        first_factors: &[String::from("publickey")],
        target: if service == "su" { Target::Known(user) } else { Target::None },
        time: LocalTime { weekday: 0, minute: 0 },
        wall: 0,
        signals: Signals { new_source: Some(false), failures: Some(0), denied: Some(false), country: Some("DE") },
    };
    let (groups, own) = (Groups::Known(&groups), Own::Known(None));
    let query = Query { service, user, user_known: true, groups, own, circumstances };
    policy.decide(&Requirements::default(), &query).require.value
}

#[test]
fn the_vendor_policy_asks_only_those_who_have_a_factor() {
    let policy = policy(&example("mfa.toml").1);
    for service in ["sshd", "sudo", "su", "login"] {
        assert_eq!(asked(&policy, "anna", service, &[]), Require::Optional, "{service}");
    }
    assert_eq!(asked(&policy, "root", "cron", &[]), Require::Off);
    assert!(policy.hygiene.is_none() && !policy.bypass.consent.value);
    assert!(policy.rules.is_empty() && policy.floor.is_none() && policy.services.is_empty());
}

#[test]
fn every_example_in_the_vendor_policy_is_understood_and_does_what_it_says() {
    let text = with_every_example_switched_on(&example("mfa.toml").1);
    // A preset measures the rest, which is looser than any.
    let preset = "preset = \"nist-aal2\"\n";
    let vendor = Some(Source { file: String::from("mfa.toml"), text: text.clone() });
    let weaker = Layers { vendor, ..Layers::default() }.merge().unwrap_err().to_string();
    assert!(text.contains(preset) && weaker.contains("the preset nist-aal2 wants a factor from everybody"), "{weaker}");
    let text = text.replace(preset, "");
    // A floor would hide the exemption above it.
    let policy = policy(&text.replace("[floor]\nrequire = \"optional\"\n", ""));
    assert_eq!((policy.remember.value, policy.enrol.value.len(), policy.raises.len()), (8 * 3600, 3, 2));
    assert!(policy.countries.is_some());
    assert_eq!(asked(&policy, "anna", "sudo", &["admin"]), Require::Required);
    assert_eq!(asked(&policy, "anna", "sudo", &["staff"]), Require::Optional);
    assert_eq!(asked(&policy, "backup", "sshd", &[]), Require::Off);
    assert_eq!(asked(&policy, "root", "su", &[]), Require::Approved);
    assert_eq!(asked(&policy, "anna", "su", &[]), Require::Optional);
    assert_eq!(policy.kind("sshd-internal"), Kind::Sshd);
    assert_eq!((policy.bypass.max.value, policy.bypass.consent.value), (24 * 3600, true));
    let hygiene =
        policy.hygiene.as_ref().map(|rules| (rules.suspend_unused.value / 86_400, rules.drop_pending.value / 86_400));
    assert_eq!(hygiene, Some((90, 7)));
    let floored = self::policy(&text);
    assert_eq!(asked(&floored, "backup", "sshd", &[]), Require::Optional);
}

/// What Debian 12 has in its common files, and a service of last resort.
const DEBIAN: [(&str, &str); 6] = [
    (
        "common-auth",
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
    ),
    ("common-account", "account required pam_unix.so\n"),
    ("common-session", "session required pam_unix.so\n"),
    ("common-session-noninteractive", "session required pam_unix.so\n"),
    ("common-password", "password required pam_unix.so\n"),
    ("other", "auth required pam_deny.so\n"),
];

/// What the doctor says of a PAM example behind this much of a first factor.
fn examined(service: &str, kind: Kind, before: BeforePam) -> Vec<Finding> {
    let stack = stack::load(service, &|name| {
        if name == service {
            let (path, text) = example(&format!("pam.d/{name}"));
            return Some(stack::File { path: path.display().to_string(), text });
        }
        let (_, text) = DEBIAN.into_iter().find(|(known, _)| *known == name)?;
        Some(stack::File { path: name.to_owned(), text: text.to_owned() })
    });
    assert!(stack.lines.iter().any(|line| line.name() == "pam_mfa"), "{service}: {stack:?}");
    rules::judge(&Subject { name: service, kind, asked: Some(true), before, stack: &stack })
}

fn all_fine(found: &[Finding]) -> bool {
    found.iter().all(|finding| finding.severity == Severity::Fine)
}

#[test]
fn the_doctor_has_nothing_against_the_pam_examples() {
    for (service, kind, before) in [
        ("sshd", Kind::Sshd, BeforePam::Method),
        ("sudo", Kind::Sudo, BeforePam::Nothing),
        ("su", Kind::Su, BeforePam::Nothing),
    ] {
        let found = examined(service, kind, before);
        assert!(all_fine(&found), "{service}: {found:#?}");
    }
}

#[test]
fn the_doctor_warns_of_the_sshd_stack_where_sshd_demands_no_key() {
    let found = examined("sshd", Kind::Sshd, BeforePam::Nothing);
    assert!(found.iter().any(|finding| finding.severity == Severity::LetsBy), "{found:#?}");
}

#[test]
fn the_doctor_has_nothing_against_the_sshd_example() {
    let (_, text) = example("sshd_config.d/50-mfa.conf");
    assert!(text.lines().all(|line| !line.starts_with("Match")), "a Match would hide what follows it");
    let settings = Settings::parse(&text);
    assert_eq!(settings.before_pam(), BeforePam::Method, "nobody reaches PAM without a key");
    let found = sshd::judge(&settings);
    assert!(all_fine(&found), "{found:#?}");
}

#[test]
fn every_reason_a_login_is_decided_for_stands_in_the_manual_of_the_module() {
    let (_, manual) = example("../docs/pam.md");
    let (_, source) = example("../mfa-core/src/wire.rs");
    let (_, reasons) = source.split_once("pub enum Reason {").unwrap();
    let (reasons, _) = reasons.split_once("\n}").unwrap();
    let names: Vec<&str> =
        reasons.lines().map(str::trim).filter(|line| !line.starts_with("///") && !line.is_empty()).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let mut kebab = String::new();
        for c in name.trim_end_matches(',').chars() {
            if c.is_ascii_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(c.to_ascii_lowercase());
        }
        assert!(manual.contains(&format!("`{kebab}`")), "{kebab}");
    }
}
