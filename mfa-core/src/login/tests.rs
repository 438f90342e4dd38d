//! Dialogues as tables.

use super::*;
use crate::place::Place;
use crate::policy::Set;

fn decision(require: Require, kind: Kind, tries: u8) -> Decision {
    let require = Set { value: require, place: Place::built_in("x") };
    Decision { require, tries, echo: false, kind, heard: Vec::new() }
}

fn judged(accepted: bool, reason: Reason) -> Judgement {
    Judgement { accepted, reason, method: Method::Totp, factor: None, wait: 41, disabled: Vec::new() }
}

fn prompt(text: &str) -> Step {
    Step::Prompt { text: text.into(), echo: false }
}

fn end(next: &Next) -> String {
    match &next.step {
        Step::Granted(verdict) => format!("granted {}", verdict.reason),
        Step::Ignored(verdict) => format!("ignored {}", verdict.reason),
        Step::Refused { ending, verdict, .. } => format!("refused {ending} {}", verdict.reason),
        Step::Prompt { .. } | Step::Info { .. } | Step::Wait { .. } => String::from("goes on"),
    }
}

#[test]
fn what_each_kind_of_user_meets_at_the_start() {
    use Require::{Off, Optional, Required};
    use Subject::{Barred, Enrolled, Unenrolled};
    let damaged = Barred(Reason::EnrolmentDamaged);
    for (require, subject, evidence, expected) in [
        (Off, Enrolled, true, "ignored not-required"),
        (Off, Unenrolled, false, "ignored not-required"),
        (Off, damaged, true, "ignored not-required"),
        (Optional, Enrolled, false, "goes on"),
        (Optional, Unenrolled, false, "ignored not-enrolled"),
        (Optional, damaged, true, "refused unavailable enrolment-damaged"),
        (Optional, damaged, false, "goes on"),
        (Required, Enrolled, true, "goes on"),
        (Required, Unenrolled, true, "refused stop enrolment-required"),
        (Required, Unenrolled, false, "goes on"),
        (Required, damaged, false, "goes on"),
    ] {
        let (_, next) = Login::begin("a", &decision(require, Kind::Sshd, 3), subject, evidence);
        assert_eq!(end(&next), expected, "{require} {subject:?} evidence={evidence}");
    }
}

#[test]
fn without_evidence_every_refused_dialogue_is_the_same() {
    let transcript = |subject, reason: Reason| {
        let (mut login, first) = Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), subject, false);
        let mut seen = vec![(first.info, first.step)];
        loop {
            let judgement = judged(false, reason);
            let next = login.settle(login.judges().then_some(&judgement));
            let done = next.verdict().is_some();
            let step = match next.step {
                // The verdict is for the log; the person sees the ending alone.
                Step::Refused { ending, kind, .. } => Step::Info { text: format!("{ending} {kind}") },
                step => step,
            };
            seen.push((next.info, step));
            if done {
                return seen;
            }
        }
    };
    let wrong = transcript(Subject::Enrolled, Reason::WrongCode);
    assert_eq!(wrong.len(), 4);
    for (subject, reason) in [
        (Subject::Enrolled, Reason::Locked),
        (Subject::Enrolled, Reason::Disabled),
        (Subject::Enrolled, Reason::Replay),
        (Subject::Enrolled, Reason::Malformed),
        (Subject::Enrolled, Reason::DummyAnswer),
        (Subject::Enrolled, Reason::StateLost),
        (Subject::Unenrolled, Reason::WrongCode),
        (Subject::Barred(Reason::UnknownUser), Reason::WrongCode),
        (Subject::Barred(Reason::EnrolmentDamaged), Reason::WrongCode),
        (Subject::Barred(Reason::UidMismatch), Reason::WrongCode),
    ] {
        assert_eq!(transcript(subject, reason), wrong, "{subject:?} {reason}");
    }
}

#[test]
fn a_wrong_code_leaves_a_try_and_the_last_one_stops() {
    let (mut login, first) = Login::begin("a", &decision(Require::Required, Kind::Sudo, 2), Subject::Enrolled, true);
    assert_eq!(first.step, prompt(PROMPT));
    assert_eq!(login.settle(Some(&judged(false, Reason::WrongCode))).step, prompt(PROMPT_AGAIN));
    assert_eq!(end(&login.settle(Some(&judged(false, Reason::WrongCode)))), "refused stop wrong-code");
}

#[test]
fn callers_that_ask_once_may_call_again() {
    for kind in [Kind::Locker, Kind::Display, Kind::Other] {
        let (mut login, _) = Login::begin("a", &decision(Require::Required, kind, 1), Subject::Enrolled, true);
        assert_eq!(end(&login.settle(Some(&judged(false, Reason::WrongCode)))), "refused retry wrong-code");
    }
}

#[test]
fn only_an_accepted_code_grants() {
    for subject in [Subject::Unenrolled, Subject::Barred(Reason::UnknownUser), Subject::Enrolled] {
        let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Su, 1), subject, false);
        let granted = end(&login.settle(Some(&judged(true, Reason::CodeAccepted)))).starts_with("granted");
        assert_eq!(granted, subject == Subject::Enrolled, "{subject:?}");
        let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Su, 1), subject, false);
        assert!(!end(&login.settle(None)).starts_with("granted"));
    }
}

#[test]
fn who_is_locked_is_told_how_long_once_a_first_factor_is_in_evidence() {
    let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Su, 3), Subject::Enrolled, true);
    let next = login.settle(Some(&judged(false, Reason::Locked)));
    assert_eq!(next.info.as_deref(), Some("Too many wrong codes. Try again in 41 seconds."));
    assert_eq!(end(&next), "refused stop locked");
}

#[test]
fn a_first_factor_is_in_evidence_only_as_declared() {
    let base = Context { user: "a".into(), real_uid: 1000, tty: Some("pts/1".into()), ..Context::default() };
    let ssh = |methods: &[&str]| Context {
        ssh_auth_info: methods.iter().map(|m| (*m).to_owned()).collect(),
        real_uid: 0,
        tty: Some("ssh".into()),
        ..base.clone()
    };
    for (context, kind, uid, expected) in [
        (ssh(&["publickey"]), Kind::Sshd, Some(1000), true),
        (ssh(&["publickey"]), Kind::Su, Some(1000), false),
        (ssh(&[]), Kind::Sshd, Some(1000), false),
        (ssh(&[]), Kind::Sshd, Some(0), false),
        (Context { first_factor_stack: true, ..ssh(&[]) }, Kind::Other, None, true),
        (base.clone(), Kind::Sudo, Some(1000), true),
        (base.clone(), Kind::Sudo, Some(1001), false),
        (base.clone(), Kind::Sudo, None, false),
        (Context { rhost: Some("192.0.2.1".into()), ..base.clone() }, Kind::Sudo, Some(1000), false),
        (Context { tty: Some("ssh".into()), ..base.clone() }, Kind::Sudo, Some(1000), false),
        (Context { real_uid: 0, ..base.clone() }, Kind::Su, Some(0), false),
    ] {
        assert_eq!(first_factor_in_evidence(&context, kind, uid), expected, "{context:?} {kind} {uid:?}");
    }
}

#[test]
fn every_text_fits_a_pam_message_and_never_says_password() {
    let (_, next) =
        Login::begin(&"x".repeat(600), &decision(Require::Required, Kind::Su, 1), Subject::Unenrolled, true);
    let info = next.info.unwrap();
    assert!(info.len() < clean::PAM_MESSAGE_BYTES);
    for text in [PROMPT, PROMPT_AGAIN, &info] {
        assert!(!text.to_lowercase().contains("password") && !text.contains('\n'));
    }
}

fn pushed(codes: bool, kind: Kind) -> (Login, Next) {
    let (mut login, _) = Login::begin("a", &decision(Require::Required, kind, 3), Subject::Enrolled, true);
    assert!(login.may_push());
    let next = login.offer(Offer { number: Some(Secret::from(String::from("482913"))), codes });
    (login, next)
}

#[test]
fn one_prompt_asks_for_both_and_shows_the_number() {
    let (login, next) = pushed(true, Kind::Sshd);
    assert_eq!(next.step, prompt("Verification code (or approve 482 913 on your desktop and press Enter): "));
    for (answer, waits) in [("", true), ("  ", true), ("123456", false), ("x", false)] {
        assert_eq!(login.waits(Some(&Secret::from(String::from(answer)))), waits, "{answer:?}");
    }
    assert!(!login.waits(None));
    let (_, next) = pushed(false, Kind::Sshd);
    assert_eq!(next.step, prompt("Approve 482 913 on your desktop, then press Enter: "));
}

#[test]
fn how_a_push_ends_a_login() {
    for (pushed_as, codes, expected) in [
        (Pushed::Approved, true, "granted approved"),
        (Pushed::Denied, true, "refused stop push-denied"),
        (Pushed::WrongNumber, true, "refused stop wrong-number"),
        (Pushed::Expired, true, "goes on"),
        (Pushed::Expired, false, "refused stop push-expired"),
    ] {
        let (mut login, _) = pushed(codes, Kind::Sudo);
        assert_eq!(end(&login.settle_push(pushed_as)), expected, "{pushed_as:?}");
    }
}

#[test]
fn without_evidence_or_factors_no_push_goes_out_and_none_grants() {
    for (subject, evidence) in [
        (Subject::Enrolled, false),
        (Subject::Unenrolled, true),
        (Subject::Barred(Reason::UnknownUser), true),
        (Subject::Barred(Reason::UnknownUser), false),
    ] {
        let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), subject, evidence);
        assert!(!login.may_push());
        assert!(!end(&login.settle_push(Pushed::Approved)).starts_with("granted"));
    }
}

#[test]
fn a_wrong_code_leaves_the_push_open() {
    let (mut login, _) = pushed(true, Kind::Sshd);
    let next = login.settle(Some(&judged(false, Reason::WrongCode)));
    let expected =
        "That code was not accepted. Verification code (or approve 482 913 on your desktop and press Enter): ";
    assert_eq!(next.step, prompt(expected));
    assert_eq!(end(&login.settle_push(Pushed::Approved)), "granted approved");
}
