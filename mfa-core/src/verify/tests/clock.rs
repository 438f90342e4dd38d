//! What is kept of when something was used, by a clock that is wrong.

use super::*;

#[test]
fn a_clock_that_stands_in_the_past_takes_back_no_use() {
    let mut user = User::hotp();
    let id = user.enrollment.factors[0].id.clone();
    assert_eq!(user.says(&user.code(0), now(100)), Reason::CodeAccepted);
    // A host without a clock of its own, before it has heard the time.
    let boot = Now { wall: 20, ..now(200) };
    assert_eq!(user.says(&user.code(1), boot), Reason::CodeAccepted);
    let recovery = user.recovery[0].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&recovery, boot), Reason::CodeAccepted);
    assert_eq!(user.state.factor(&id).last_used, Some(T0 + 100), "hygiene would take it for unused since 1970");
    assert_eq!(user.state.last_success, Some(T0 + 100));
    assert_eq!(user.says(&user.code(2), now(300)), Reason::CodeAccepted);
    assert_eq!(user.state.factor(&id).last_used, Some(T0 + 300));
}

#[test]
fn a_use_by_a_clock_that_was_ahead_is_put_right_by_the_next() {
    let mut user = User::hotp();
    let id = user.enrollment.factors[0].id.clone();
    let ahead = Now { wall: T0 + 10 * 365 * 86_400, ..now(100) };
    assert_eq!(user.says(&user.code(0), ahead), Reason::CodeAccepted);
    assert_eq!(user.says(&user.code(1), now(200)), Reason::CodeAccepted);
    assert_eq!(user.state.factor(&id).last_used, Some(T0 + 200), "hygiene would take it for used for ten years");
    assert_eq!(user.state.last_success, Some(T0 + 200));
}
