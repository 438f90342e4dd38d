//! The examples in `config/`: each says what it seems to say.
//!
//! They are read as mfad reads them, so that an example can neither rot nor promise a key that does not exist.

use mfa_core::policy::{Groups, Layers, Policy, Query, Require, Requirements, Source};
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
    let query = Query { service, user, groups: Groups::Known(&groups), own: None };
    policy.decide(&Requirements::default(), &query).require.value
}

#[test]
fn the_vendor_policy_asks_only_those_who_have_a_factor() {
    let policy = policy(&example("mfa.toml").1);
    for service in ["sshd", "sudo", "su", "login"] {
        assert_eq!(asked(&policy, "anna", service, &[]), Require::Optional, "{service}");
    }
    assert_eq!(asked(&policy, "root", "cron", &[]), Require::Off);
    assert!(policy.rules.is_empty() && policy.floor.is_none() && policy.services.is_empty());
}

#[test]
fn every_example_in_the_vendor_policy_is_understood_and_does_what_it_says() {
    let text = with_every_example_switched_on(&example("mfa.toml").1);
    // A floor would hide the exemption above it.
    let policy = policy(&text.replace("[floor]\nrequire = \"optional\"\n", ""));
    assert_eq!(asked(&policy, "anna", "sudo", &["admin"]), Require::Required);
    assert_eq!(asked(&policy, "anna", "sudo", &["staff"]), Require::Optional);
    assert_eq!(asked(&policy, "backup", "sshd", &[]), Require::Off);
    assert_eq!(policy.kind("sshd-internal"), mfa_core::wire::Kind::Sshd);
    let floored = self::policy(&text);
    assert_eq!(asked(&floored, "backup", "sshd", &[]), Require::Optional);
}

/// The auth lines of a PAM file, without comments, in order, their words set apart by one blank.
fn auth_lines(name: &str) -> Vec<String> {
    let (_, text) = example(&format!("pam.d/{name}"));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().filter(|line| line.starts_with("auth") || *line == "@include common-auth").map(words).collect()
}

#[test]
fn the_pam_examples_ask_for_a_code_only_beside_a_first_factor() {
    assert_eq!(
        auth_lines("sshd"),
        ["auth [success=done ignore=ignore default=die] pam_mfa.so", "@include common-auth"]
    );
    let behind_the_password = ["@include common-auth", "auth required pam_mfa.so first_factor=stack"];
    assert_eq!(auth_lines("sudo"), behind_the_password);
    let mut su = vec!["auth sufficient pam_rootok.so"];
    su.extend(behind_the_password);
    assert_eq!(auth_lines("su"), su);
}

#[test]
fn the_sshd_example_lets_nobody_reach_pam_without_a_key() {
    let (path, text) = example("sshd_config.d/50-mfa.conf");
    let on: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(
        on,
        [
            "UsePAM yes",
            "KbdInteractiveAuthentication yes",
            "PasswordAuthentication no",
            "AuthenticationMethods publickey,keyboard-interactive:pam"
        ],
        "{}",
        path.display()
    );
}
