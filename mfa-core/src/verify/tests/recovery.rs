//! Recovery codes beside everything else: what a wrong one costs, where none counts, what a right one ends.

use super::*;

/// One that nobody was given.
const UNKNOWN: &str = "0000-0000-0000-0000-0000-0000";

#[test]
fn wrong_recovery_codes_wait_and_are_disabled_like_any_wrong_code() {
    let mut user = User::totp();
    let right = user.recovery[0].expose_str().unwrap().to_owned();
    for n in 0..5 {
        assert_eq!(user.says(UNKNOWN, now(n)), Reason::WrongCode, "{n}");
    }
    assert_eq!(user.says(&right, now(5)), Reason::Locked, "nobody tries on");
    assert_eq!(user.says(&user.at(5), now(5)), Reason::CodeAccepted, "the factors have counts of their own");
    let mut later = 5;
    for n in 5..50 {
        later += 3600;
        let judged = user.answer(UNKNOWN, &Budget::Evidence, now(later));
        assert_eq!(judged.disabled.contains(&FactorId::recovery()), n == 49, "{n}: {judged:?}");
    }
    assert_eq!(user.says(&right, now(later + 3600)), Reason::Disabled);
    user.state.unlock();
    assert_eq!(user.says(&right, now(later + 3600)), Reason::CodeAccepted);
}

#[test]
fn where_policy_takes_no_recovery_codes_a_right_one_opens_nothing_and_is_not_spent() {
    let mut user = User::totp();
    let code = user.recovery[0].expose_str().unwrap().to_owned();
    let rules = Rules { methods: &[Method::Totp], ..RULES };
    let given = Secret::from(code.clone());
    let judged = judge(&user.enrollment, rules, &mut user.state, &Budget::Evidence, Some(&given), now(0));
    assert_eq!((judged.accepted, judged.reason), (false, Reason::NoAllowedMethod));
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
}

#[test]
fn who_needs_a_recovery_code_is_asked_again_everywhere() {
    let mut user = User::totp();
    user.answer(&user.at(0), &Budget::Evidence, now(0));
    user.state.remember(crate::wire::Kind::Sudo, "pts/3 7", (Method::Totp, false), 3600, [1; 4], now(0));
    assert_eq!(user.says(&user.at(30), now(30)), Reason::CodeAccepted);
    assert_eq!(user.state.grants.len(), 1, "a code of the factor's takes nothing away");
    let code = user.recovery[0].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&code, now(31)), Reason::CodeAccepted);
    assert!(user.state.grants.is_empty());
}
