//! Dialogues under each argument of the module line.

use super::*;
use crate::login::tests::{after, decision, end, judged};
use crate::login::{Offer, Pushed, Settled, Standing, Subject};
use crate::policy::Require;
use crate::wire::{Kind, Method, Reason};

fn begin(first_pass: FirstPass, kind: Kind, tries: u8, subject: Subject) -> (Login, Next) {
    let mut decision = decision(Require::Required, kind, tries);
    decision.echo = true;
    let (login, next) = Login::begin("a", &decision, subject, Standing::Stranger);
    login.with_first_pass(first_pass, next)
}

fn prompt(text: &str, echo: bool) -> Step {
    Step::Prompt { text: text.into(), echo }
}

const AT_HAND: FirstPass = FirstPass { at_hand: true, alone: false, with_password: false };
const ALONE: FirstPass = FirstPass { at_hand: true, alone: true, with_password: false };
const FORWARD: FirstPass = FirstPass { at_hand: false, alone: false, with_password: true };

#[test]
fn what_was_at_hand_is_no_try_of_the_persons() {
    // Strangers' doors, enrolled or not, say the same.
    for (subject, judgement) in [
        (Subject::Enrolled, Some(judged(false, Reason::WrongCode))),
        (Subject::Enrolled, Some(judged(false, Reason::Malformed))),
        (Subject::Barred(Reason::UnknownUser), None),
    ] {
        let (mut login, _) = begin(AT_HAND, Kind::Other, 1, subject);
        let next = after(login.settle(judgement.as_ref()));
        assert_eq!(next.step, prompt(words::PROMPT_AGAIN, true));
        let next = after(login.settle(judgement.as_ref()));
        assert!(end(&next).starts_with("refused retry"), "{}", end(&next));
    }
}

#[test]
fn where_nobody_is_asked_the_first_refusal_is_the_last() {
    for kind in [Kind::Other, Kind::Sshd, Kind::Sudo] {
        let (mut login, _) = begin(ALONE, kind, 3, Subject::Enrolled);
        let next = after(login.settle(Some(&judged(false, Reason::WrongCode))));
        assert_eq!(end(&next), "refused retry wrong-code");
    }
}

#[test]
fn a_prompt_for_the_password_too_says_so_and_is_hidden() {
    for first_pass in [FORWARD, FirstPass { at_hand: true, ..FORWARD }] {
        let (mut login, mut next) = begin(first_pass, Kind::Sshd, 3, Subject::Enrolled);
        assert_eq!(next.step, prompt("Password & verification code: ", false));
        if first_pass.at_hand {
            next = after(login.settle(Some(&judged(false, Reason::WrongCode))));
            assert_eq!(next.step, prompt("That code was not accepted. Password & verification code: ", false));
        }
        // Asked once, however many tries there are.
        let next = after(login.settle(Some(&judged(false, Reason::WrongCode))));
        assert_eq!(end(&next), "refused retry wrong-code");
    }
    // Of whom nothing is asked, nothing is asked.
    let decision = decision(Require::Off, Kind::Sshd, 1);
    let (login, next) = Login::begin("a", &decision, Subject::Enrolled, Standing::Stranger);
    assert_eq!(end(&login.with_first_pass(FORWARD, next).1), "ignored not-required");
}

#[test]
fn no_push_goes_out_beside_a_code_at_hand_or_a_password() {
    let decision = decision(Require::Required, Kind::Other, 1);
    let begin = || Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence);
    let may_push = |first_pass| {
        let (login, next) = begin();
        login.with_first_pass(first_pass, next).0.may_push()
    };
    assert!(may_push(FirstPass::default()) && may_push(FirstPass { at_hand: false, ..ALONE }));
    for first_pass in [AT_HAND, ALONE, FORWARD] {
        assert!(!may_push(first_pass), "{first_pass:?}");
    }
    // One that went out all the same opens nothing.
    let (login, next) = begin();
    let (mut login, _) = login.with_first_pass(FORWARD, next);
    let _ = login.offer(Offer { number: None, codes: true });
    assert_eq!(end(&after(login.settle_push(Pushed::Approved))), "refused unavailable protocol");
}

#[test]
fn a_grant_says_where_the_code_began_also_after_others_approved() {
    let mut accepted = judged(true, Reason::CodeAccepted);
    accepted.code_bytes = Some(6);
    let told = |step: &Step| match step {
        Step::Granted(verdict) => verdict.code_bytes,
        other => panic!("{other:?}"),
    };
    let (mut login, _) = begin(AT_HAND, Kind::Other, 1, Subject::Enrolled);
    assert_eq!(told(&after(login.settle(Some(&accepted))).step), Some(6));

    let decision = decision(Require::Approved, Kind::Su, 1);
    let (login, next) = Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence);
    let (mut login, _) = login.with_first_pass(AT_HAND, next);
    assert!(matches!(login.settle(Some(&accepted)), Settled::AskApproval(_)));
    assert_eq!(told(&login.settle_approval(Pushed::Approved).step), Some(6));
    assert_eq!(login.verdict(Method::Push, Reason::PushDenied).code_bytes, None, "only a grant says it");
}
