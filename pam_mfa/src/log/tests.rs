//! The form of the lines: filters of fail2ban and admins rest on it.

use super::*;
use crate::args::BadArgument;
use crate::client::ClientError;
use mfa_core::wire::{Ending, Kind, Method, Reason};
use std::sync::Mutex;

fn caller(user: &str, other: &str) -> Caller {
    let some = || Some(other.to_owned());
    Caller {
        user: Some(user.into()),
        service: Some("sshd".into()),
        tty: some(),
        rhost: some(),
        ruser: some(),
        ..Caller::default()
    }
}

fn decision(caller: &Caller, outcome: &Outcome) -> String {
    let log = Log::of(caller);
    let (severity, words) = words_of(outcome);
    line(severity, &log.service, &format!("{} {words}", log.who))
}

fn refused() -> Outcome {
    let verdict = Verdict { user: "anna".into(), method: Method::Totp, reason: Reason::WrongCode, code_bytes: None };
    Outcome::Refused { ending: Ending::Retry, kind: Kind::Sshd, verdict }
}

#[test]
fn the_form_of_a_line_is_stable() {
    let pid = std::process::id();
    assert_eq!(
        decision(&caller("anna", "x"), &refused()),
        format!(
            "<86>pam_mfa(sshd:auth)[{pid}]: user=\"anna\" ruser=\"x\" rhost=\"x\" tty=\"x\" \
             method=totp result=refused reason=wrong-code"
        )
    );
    let bad = Outcome::BadArguments(BadArgument { argument: "requ\"re".into(), why: "unknown" });
    assert_eq!(
        decision(&Caller::default(), &bad),
        format!(
            "<84>pam_mfa(:auth)[{pid}]: user=\"\" ruser=\"\" rhost=\"\" tty=\"\" method=none result=refused \
             reason=bad-argument detail=\"the module line has an argument that is refused (unknown): requ're\""
        )
    );
}

#[test]
fn who_is_let_in_by_a_bypass_is_warned_of_and_who_is_by_a_factor_is_not() {
    for (method, priority) in [(Method::Totp, "<86>"), (Method::Bypass, "<84>")] {
        let verdict = Verdict { user: "anna".into(), method, reason: Reason::CodeAccepted, code_bytes: None };
        let line = decision(&caller("anna", ""), &Outcome::Granted(verdict));
        assert!(line.starts_with(priority) && line.contains(&format!("method={method} result=granted")), "{line}");
    }
}

#[test]
fn version_skew_is_named_with_both_versions() {
    let skew = mfa_core::wire::decode::<mfa_core::wire::Step>(br#"{"v":2,"t":"x"}"#).unwrap_err();
    let line = decision(&caller("anna", ""), &Outcome::Unavailable(ClientError::from(skew)));
    assert!(line.contains("speaks version 2, this side 1"), "{line}");
}

#[test]
fn no_foreign_text_forges_or_lengthens_a_line() {
    let nasty = [
        "a\nb\r\u{1b}[2J\" result=granted \\",
        &"\u{e0041}".repeat(70_000),
        &"\"".repeat(300),
        &"\u{1}".repeat(300),
        &"ä".repeat(300),
        "\u{202e}\u{9b}\u{7f}\u{2028}",
        "",
    ];
    for text in nasty {
        let bad = BadArgument { argument: text.into(), why: "given twice, with different values" };
        for outcome in [refused(), Outcome::BadArguments(bad)] {
            let mut who = caller(text, text);
            who.service = Some(text.into());
            let line = decision(&who, &outcome);
            assert!(line.len() < 900, "{} bytes", line.len());
            assert!(line.find(':').is_some_and(|_| line.find("]: ").unwrap() <= 4 + 48), "{line}");
            assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line}");
            assert_eq!(unquoted(&line).matches("result=").count(), 1, "{line}");
        }
    }
}

/// The parts of `line` outside quotes, which must all be closed.
fn unquoted(line: &str) -> String {
    let (mut outside, mut quoted, mut chars) = (String::new(), false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => {
                chars.next();
            }
            c if !quoted => outside.push(c),
            _ => {}
        }
    }
    assert!(!quoted, "{line}");
    outside
}

#[test]
fn every_failure_of_the_client_has_a_word_and_a_detail() {
    let mut words: Vec<_> = ClientError::one_of_each().map(|error| error.reason()).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), ClientError::one_of_each().len());
    let line = decision(&caller("anna", ""), &Outcome::PassedBy(ClientError::one_of_each()[0].clone()));
    assert!(line.starts_with("<84>") && line.contains("result=ignored reason=unreachable"), "{line}");
}

#[test]
fn debug_lines_are_written_only_when_asked_for() {
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut log = Log::of(&caller("anna", ""));
    log.send = |line| LINES.lock().unwrap().push(line.into());
    log.debug("one");
    log.set_debug(true);
    log.debug("two");
    log.decision(&refused());
    let lines = LINES.lock().unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("<87>") && lines[0].ends_with("debug=\"two\""));
    assert!(lines[1].starts_with("<86>"));
}
