//! Pushes to the user's own devices.

use super::*;

fn pushed(codes: bool, kind: Kind) -> (Login, Next) {
    let (mut login, _) =
        Login::begin("a", &decision(Require::Required, kind, 3), Subject::Enrolled, Standing::Evidence);
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
    let decision = Decision { methods: vec![Method::Push, Method::Totp], ..decision(Require::Required, Kind::Su, 3) };
    let (mut login, _) = Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence);
    let next = login.offer(Offer { number: Some(Secret::from(String::from("482913"))), codes: true });
    let led_by_devices = "Approve 482 913 on your desktop and press Enter, or give a verification code: ";
    assert_eq!(next.step, prompt(led_by_devices), "policy names devices first");
}

#[test]
fn how_a_push_ends_a_login() {
    for (pushed_as, codes, expected) in [
        (Pushed::Approved, true, "granted approved"),
        (Pushed::Denied, true, "refused stop push-denied"),
        (Pushed::WrongNumber, true, "refused stop wrong-number"),
        (Pushed::Expired, true, "goes on"),
        (Pushed::Expired, false, "refused stop push-expired"),
        (Pushed::Void, true, "goes on"),
        (Pushed::Void, false, "refused stop approval-void"),
    ] {
        let (mut login, _) = pushed(codes, Kind::Sudo);
        assert_eq!(end(&after(login.settle_push(pushed_as))), expected, "{pushed_as:?}");
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
        let (mut login, _) =
            Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), subject, standing(evidence));
        assert!(!login.may_push());
        assert!(!end(&after(login.settle_push(Pushed::Approved))).starts_with("granted"));
    }
}

#[test]
fn a_wrong_code_leaves_the_push_open() {
    let (mut login, _) = pushed(true, Kind::Sshd);
    let next = after(login.settle(Some(&judged(false, Reason::WrongCode))));
    let expected =
        "That code was not accepted. Verification code (or approve 482 913 on your desktop and press Enter): ";
    assert_eq!(next.step, prompt(expected));
    assert_eq!(end(&after(login.settle_push(Pushed::Approved))), "granted approved");
}

#[test]
fn the_number_is_due_where_another_host_is_behind_it_whatever_policy_says_and_else_as_policy_says() {
    let context = |rhost: Option<&str>, tty: &str| {
        let (rhost, tty) = (rhost.map(str::to_owned), Some(tty.to_owned()));
        Context { rhost, tty, ..Context::default() }
    };
    let asks = |number| Decision { number, ..decision(Require::Required, Kind::Sshd, 3) };
    for (rhost, tty, remote) in [
        (Some("192.0.2.7"), "ssh", true),
        (Some("192.0.2.7"), "pts/1", true),
        (None, "ssh", true),
        (None, "pts/1", false),
        (Some(""), "pts/1", false),
    ] {
        let context = context(rhost, tty);
        assert!(needs_number(&context, &asks(true)), "{rhost:?} {tty}");
        assert_eq!(needs_number(&context, &asks(false)), remote, "{rhost:?} {tty}");
    }
}
