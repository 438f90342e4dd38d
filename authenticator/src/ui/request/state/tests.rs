//! Tables: what is sensitive when, and what each answer does.

use super::*;
use crate::words::{hostile, login};

const EMPTY: Typed<'_> = Typed { number: "", pin: 0 };
const NUMBER: Typed<'_> = Typed { number: "482 913", pin: 0 };
const BOTH: Typed<'_> = Typed { number: "482913", pin: 6 };

/// Milliseconds after the request appeared; it was asked at 1000 and ends at 1045.
fn at(milliseconds: u64) -> Moment {
    Moment { steady: Duration::from_millis(milliseconds), wall: 1000 + milliseconds / 1000 }
}

fn state(request: Listed) -> State {
    State::new(request, false, true, at(0))
}

fn sent(request: Listed, ask: Ask) -> State {
    let mut state = state(request);
    assert_eq!(state.ask(ask, false, NUMBER, at(1000)), Some(ask));
    state
}

fn error(make: fn(String) -> Error) -> Result<(), Error> {
    Err(make("What happened.".to_owned()))
}

#[test]
fn approve_takes_the_guard_and_the_whole_number() {
    for (typed, milliseconds, sensitive) in [
        (NUMBER, 0, false),
        (NUMBER, 699, false),
        (NUMBER, 700, true),
        (EMPTY, 700, false),
        (Typed { number: "48291", pin: 0 }, 700, false),
        (Typed { number: "4829131", pin: 0 }, 700, false),
        (Typed { number: "48291x", pin: 0 }, 700, false),
        (NUMBER, 44_999, true),
        (NUMBER, 45_000, false),
    ] {
        let mut state = state(login());
        assert_eq!(state.view(typed, at(milliseconds)).approve, sensitive, "{typed:?} {milliseconds}");
        assert_eq!(state.ask(Ask::Approve, false, typed, at(milliseconds)).is_some(), sensitive);
    }
}

#[test]
fn without_the_focus_nothing_is_approved_and_with_it_the_guard_begins_anew() {
    let mut state = state(login());
    state.focus(false, at(2000));
    assert_eq!(state.ask(Ask::Approve, false, NUMBER, at(5000)), None);
    assert_eq!(state.ask(Ask::Report, false, NUMBER, at(5000)), None);
    state.focus(true, at(6000));
    assert_eq!(state.ask(Ask::Approve, false, NUMBER, at(6699)), None);
    assert_eq!(state.ask(Ask::Approve, false, NUMBER, at(6700)), Some(Ask::Approve));
    assert_eq!(state.ask(Ask::Approve, false, NUMBER, at(6701)), None, "it is under way");
}

#[test]
fn a_button_denies_at_once_and_escape_after_the_guard() {
    for (ask, by_escape, milliseconds, counts) in [
        (Ask::Deny, false, 0, true),
        (Ask::Deny, true, 0, false),
        (Ask::Deny, true, 699, false),
        (Ask::Deny, true, 700, true),
        (Ask::Report, false, 699, false),
        (Ask::Report, false, 700, true),
    ] {
        assert_eq!(state(login()).ask(ask, by_escape, EMPTY, at(milliseconds)).is_some(), counts, "{ask:?}");
    }
}

#[test]
fn a_request_without_a_number_needs_none_unless_it_comes_from_another_host() {
    let local = Listed { number_due: false, rhost: String::new(), ..login() };
    let view = state(local.clone()).view(EMPTY, at(700));
    assert!(view.approve && !view.number && view.problem.is_empty());
    for never in [Listed { number_due: false, ..login() }, Listed { purpose: "unheard-of".into(), ..local }] {
        let view = state(never.clone()).view(NUMBER, at(700));
        assert!(!view.approve && !view.number && view.deny && view.problem.contains("only be denied"), "{view:?}");
        let mut state = state(never);
        assert_eq!(state.ask(Ask::Approve, false, BOTH, at(700)), None);
        assert_eq!(state.ask(Ask::Deny, false, EMPTY, at(700)), Some(Ask::Deny));
    }
}

#[test]
fn a_pin_is_asked_for_when_the_agent_says_so_and_known_from_then_on() {
    let mut state = sent(login(), Ask::Approve);
    assert!(!state.pin_needed());
    assert!(state.answered(Ask::Approve, &error(Error::PinNeeded)));
    let view = state.view(NUMBER, at(2000));
    assert!(view.pin && view.entries && !view.approve && view.problem.is_empty());
    assert!(!state.view(Typed { pin: 5, ..NUMBER }, at(2000)).approve);
    assert_eq!(state.ask(Ask::Approve, false, BOTH, at(2000)), Some(Ask::Approve));
    assert!(state.answered(Ask::Approve, &error(Error::WrongPin)));
    assert_eq!(state.view(NUMBER, at(2000)).problem, "What happened.");
    assert!(State::new(login(), state.pin_needed(), true, at(0)).view(NUMBER, at(700)).pin);
}

#[test]
fn every_answer_ends_the_request_or_leaves_it_to_be_tried_again() {
    for (ask, answer, ending) in [
        (Ask::Approve, Ok(()), Some(Ending::Approved)),
        (Ask::Deny, Ok(()), Some(Ending::Denied)),
        (Ask::Report, Ok(()), Some(Ending::Reported)),
        (Ask::Approve, error(Error::WrongNumber), Some(Ending::WrongNumber)),
        (Ask::Approve, error(Error::NoSuchRequest), Some(Ending::Elsewhere(None))),
        (Ask::Deny, error(Error::NoSuchRequest), Some(Ending::Elsewhere(None))),
        (Ask::Approve, error(Error::Keyring), None),
        (Ask::Approve, error(Error::Later), None),
        (Ask::Approve, error(Error::BadValue), None),
        (Ask::Approve, error(Error::NotAuthorized), None),
        (Ask::Deny, error(Error::Unavailable), None),
    ] {
        let mut state = sent(login(), ask);
        let pin = state.answered(ask, &answer);
        assert_eq!((state.ending(), pin), (ending, false), "{ask:?} {answer:?}");
        let view = state.view(NUMBER, at(2000));
        if ending.is_some() {
            assert!(!view.approve && !view.deny && !view.report && !view.entries);
        } else {
            assert!(view.approve && view.deny && view.problem == "What happened.");
            assert_eq!(state.ask(ask, false, NUMBER, at(2000)), Some(ask));
            assert!(state.view(NUMBER, at(2000)).problem.is_empty());
        }
    }
}

#[test]
fn a_no_overtakes_a_yes_and_a_yes_that_was_faster_is_told() {
    let mut state = sent(login(), Ask::Approve);
    assert!(state.view(NUMBER, at(1000)).busy && state.view(NUMBER, at(1000)).deny);
    assert_eq!(state.ask(Ask::Deny, true, NUMBER, at(1000)), Some(Ask::Deny));
    assert_eq!(state.ask(Ask::Report, false, NUMBER, at(1000)), None, "said already");
    state.answered(Ask::Approve, &error(Error::NoSuchRequest));
    assert_eq!(state.ending(), None);
    state.answered(Ask::Deny, &Ok(()));
    assert_eq!(state.ending(), Some(Ending::Denied));

    let mut state = sent(login(), Ask::Approve);
    state.ask(Ask::Deny, false, NUMBER, at(1000));
    state.answered(Ask::Approve, &Ok(()));
    state.answered(Ask::Deny, &error(Error::NoSuchRequest));
    assert_eq!(state.ending(), Some(Ending::Approved));
}

#[test]
fn what_ends_elsewhere_is_told_and_never_taken_for_the_own_word() {
    let elsewhere = |outcome| Some(Ending::elsewhere(outcome));
    for outcome in [Some("approved"), Some("denied"), Some("wrong-number"), Some("cancelled"), Some("expired"), None] {
        let mut state = state(login());
        state.settled(outcome);
        assert_eq!(state.ending(), elsewhere(outcome), "{outcome:?}");
        assert!(!state.view(NUMBER, at(1000)).approve);
    }
    for (ask, outcome, ending) in [
        (Ask::Approve, Some("approved"), None),
        (Ask::Approve, Some("wrong-number"), None),
        (Ask::Approve, Some("denied"), elsewhere(Some("denied"))),
        (Ask::Approve, Some("expired"), elsewhere(Some("expired"))),
        (Ask::Deny, Some("denied"), None),
        (Ask::Report, Some("denied"), None),
        (Ask::Deny, Some("approved"), elsewhere(Some("approved"))),
    ] {
        let mut state = sent(login(), ask);
        state.settled(outcome);
        assert_eq!(state.ending(), ending, "{ask:?} {outcome:?}");
    }
    // The error came first, the list explains it; but no list takes back the own word.
    let mut state = sent(login(), Ask::Approve);
    state.answered(Ask::Approve, &error(Error::NoSuchRequest));
    state.settled(Some("cancelled"));
    assert_eq!(state.ending(), elsewhere(Some("cancelled")));
    state.settled(None);
    assert_eq!(state.ending(), elsewhere(Some("cancelled")));
    let mut state = sent(login(), Ask::Deny);
    state.answered(Ask::Deny, &Ok(()));
    state.settled(Some("denied"));
    assert_eq!(state.ending(), Some(Ending::Denied));
}

#[test]
fn the_time_is_told_and_runs_short_at_the_end() {
    for (wall, text, short) in [
        (1000, "Asked 0 s ago, 45 s left", false),
        (1034, "Asked 34 s ago, 11 s left", false),
        (1035, "Asked 35 s ago, 10 s left", true),
        (1044, "Asked 44 s ago, 1 s left", true),
        (1045, "The time is over", true),
        (9999, "The time is over", true),
        (900, "Asked 0 s ago, 145 s left", false),
    ] {
        let view = state(login()).view(EMPTY, Moment { wall, ..at(0) });
        assert_eq!((view.time.as_str(), view.short), (text, short));
    }
}

#[test]
fn slips_are_told_while_typing_and_nothing_of_the_request_is_a_problem() {
    let view = state(login()).view(Typed { number: "48a", pin: 0 }, at(700));
    assert_eq!(view.problem, "The number has digits only.");
    let view = state(hostile(LOGIN)).view(NUMBER, at(700));
    assert!(view.approve && view.problem.is_empty());
    let mut state = sent(login(), Ask::Approve);
    state.answered(Ask::Approve, &Err(Error::Keyring("a\u{202e}<b>\n".to_owned() + &"y".repeat(10_000))));
    let problem = state.view(NUMBER, at(1000)).problem;
    assert!(!problem.contains(['\u{202e}', '\n']) && problem.len() < 512, "{problem}");
}
