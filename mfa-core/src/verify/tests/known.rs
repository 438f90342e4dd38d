//! What the record knows against a login, how long, and what a reboot, an unlock and a loss make of it.

use super::*;
use crate::pushes::{Ended, STREAK};

#[test]
fn failures_and_denials_are_known_for_an_hour() {
    let mut user = User::totp();
    let bad = wrong(&user, 0);
    assert_eq!(user.says(&bad, now(0)), Reason::WrongCode);
    user.state.note_denial(now(0));
    let known = |user: &User, seconds| {
        (user.state.failures_of_the_hour(now(seconds)), user.state.denied_of_the_hour(now(seconds)))
    };
    assert_eq!(known(&user, 3599), (Some(1), Some(true)));
    assert_eq!(known(&user, 3600), (Some(0), Some(false)));
    user.state.unlock();
    assert_eq!(known(&user, 1), (Some(0), Some(false)), "whom an administrator lets back in no rule refuses by it");
}

#[test]
fn a_record_that_was_lost_knows_nothing_of_the_hour_before_until_it_is_over_or_adopted() {
    let user = User::totp();
    let (mut state, _) = State::of(&user.enrollment, None, now(0));
    let known =
        |state: &State, seconds| (state.failures_of_the_hour(now(seconds)), state.denied_of_the_hour(now(seconds)));
    assert_eq!(known(&state, 3599), (None, None));
    assert_eq!(known(&state, 3600), (Some(0), Some(false)));
    state.adopt(user.enrollment.recovery.as_ref());
    assert_eq!(known(&state, 1), (Some(0), Some(false)));
}

#[test]
fn a_reboot_lets_no_push_go_out_that_was_switched_off() {
    let user = User::totp();
    let mut state = user.state.clone();
    state.enter(now(0));
    for _ in 0..STREAK {
        state.pushes.end(Ended::Unapproved, now(0));
        state.approvals.end(Ended::Unapproved, now(0));
    }
    // The clock of the next boot runs from nought.
    let rebooted = |seconds: u64| Now { boot: Boot(2), boottime: 10 + seconds, ..now(100) };
    state.enter(rebooted(0));
    let allowed = |seconds| (state.pushes.allowed(rebooted(seconds)), state.approvals.allowed(rebooted(seconds)));
    assert_eq!(allowed(1799), (false, false));
    assert_eq!(allowed(1800), (true, true), "the time begins anew, and ends");
}

#[test]
fn a_code_that_was_used_before_takes_no_failure_back() {
    let mut user = User::totp();
    let (used, recovery) = (user.at(0), user.recovery[0].expose_str().unwrap().to_owned());
    assert_eq!([user.says(&used, now(0)), user.says(&recovery, now(0))], [Reason::CodeAccepted; 2]);
    let (bad, unknown) = (wrong(&user, 0), "0000-0000-0000-0000-0000-0000");
    for (bad, used) in [(bad.as_str(), used.as_str()), (unknown, recovery.as_str())] {
        for _ in 0..4 {
            assert_eq!(user.says(bad, now(1)), Reason::WrongCode);
            assert_eq!(user.says(used, now(1)), Reason::Replay);
        }
        assert_eq!(user.says(bad, now(1)), Reason::WrongCode);
        assert_eq!(user.says(used, now(1)), Reason::Locked);
    }
}
