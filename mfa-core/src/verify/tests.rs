//! One answer after another, as tables.

use super::*;
use crate::enrollment::{Recovery, StateId};
use crate::limits::{ADMIN_AT, OWN_AT, STRANGERS_AT};
use crate::now::Boot;
use crate::otp::{Algorithm, Otp, ShortSecret};
use crate::policy::ALL_METHODS;
use crate::upkeep::{Suspended, Upkeep, Why};

mod at_end;
mod clock;
mod drift;
mod known;
mod recovery;

const RULES: Rules<'static> =
    Rules { methods: &ALL_METHODS, lockout: Lockout { free: 5, half_an_hour_from: None, disable_at: 50 } };

const T0: u64 = 1_700_000_000;

fn now(seconds: u64) -> Now {
    Now { wall: T0 + seconds, boot: Boot(1), boottime: 5000 + seconds }
}

fn otp(seed: u8, moving: Moving) -> Otp {
    Otp::new(Secret::new(vec![seed; 20]), Algorithm::Sha1, 6, moving, ShortSecret::Refuse).unwrap()
}

fn factor(seed: u8, moving: Moving) -> Factor {
    let otp = otp(seed, moving);
    let id = FactorId::new(Method::Totp, [0, 0, 0, seed]);
    Factor {
        id,
        label: String::new(),
        token: None,
        pending: false,
        created: T0,
        otp,
        counter: 0,
        upkeep: Upkeep::default(),
    }
}

struct User {
    enrollment: Enrollment,
    state: State,
    recovery: Vec<Secret>,
}

impl User {
    fn new(factors: Vec<Factor>) -> Self {
        let state_id = StateId::new([1; 16]);
        let mut enrollment = Enrollment::new("alice", 1000, state_id.clone());
        enrollment.factors = factors;
        let mut next = 0u8;
        let made = crate::recovery::generate(|bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_mul(31).wrapping_add(7);
                *byte = next;
            }
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
        enrollment.recovery = Some(Recovery { created: T0, codes: made.stored });
        Self { enrollment, state: State::new(state_id, 1000), recovery: made.shown }
    }

    fn totp() -> Self {
        Self::new(vec![factor(1, Moving::Time { period: 30 })])
    }

    fn hotp() -> Self {
        Self::new(vec![factor(2, Moving::Counter)])
    }

    fn code(&self, step: u64) -> String {
        self.enrollment.factors[0].otp.code(step).expose_str().unwrap().to_owned()
    }

    fn at(&self, seconds: u64) -> String {
        self.code((T0 + seconds) / 30)
    }

    fn answer(&mut self, text: &str, budget: &Budget, now: Now) -> Judgement {
        let (mut state, _) = State::of(&self.enrollment, Some(self.state.clone()), now);
        let judgement = judge(&self.enrollment, RULES, &mut state, budget, Some(&Secret::from(text.to_owned())), now);
        self.state = state;
        judgement
    }

    fn says(&mut self, text: &str, now: Now) -> Reason {
        let judgement = self.answer(text, &Budget::Evidence, now);
        assert_eq!(judgement.accepted, judgement.reason == Reason::CodeAccepted);
        judgement.reason
    }
}

fn wrong(user: &User, seconds: u64) -> String {
    let near: Vec<String> = (0..4).map(|n| user.code((T0 + seconds) / 30 + n - 1)).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

#[test]
fn a_code_is_accepted_once() {
    let mut user = User::totp();
    assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted);
    assert_eq!(user.says(&user.at(0), now(1)), Reason::Replay);
    assert_eq!(user.says(&user.at(30), now(1)), Reason::CodeAccepted, "the next step's is another code");
    assert_eq!(user.says(&user.at(0), now(1)), Reason::Replay, "an older one of the window is spent with it");
}

#[test]
fn codes_outside_the_window_are_wrong() {
    for (of, expected) in [
        (-60i64, Reason::WrongCode),
        (-30, Reason::CodeAccepted),
        (0, Reason::CodeAccepted),
        (30, Reason::CodeAccepted),
        (60, Reason::WrongCode),
    ] {
        let mut user = User::totp();
        let code = user.code((T0.checked_add_signed(of).unwrap()) / 30);
        assert_eq!(user.says(&code, now(0)), expected, "{of}");
    }
}

#[test]
fn setting_the_clock_back_accepts_nothing_twice_and_true_time_works_again() {
    let mut user = User::totp();
    assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted);
    let past = Now { wall: T0 - 86_400, ..now(1) };
    assert_ne!(user.says(&user.at(0), past), Reason::CodeAccepted);
    let code = user.code((T0 - 86_400) / 30);
    assert_eq!(user.says(&code, past), Reason::Replay);
    let code_1970 = user.code(0);
    assert_eq!(user.says(&code_1970, Now { wall: 0, ..now(2) }), Reason::Replay);
    assert_eq!(user.says(&user.at(60), now(60)), Reason::CodeAccepted);
}

#[test]
fn a_hotp_code_is_accepted_once_and_skipped_ones_are_spent() {
    let mut user = User::hotp();
    assert_eq!(user.says(&user.code(3), now(0)), Reason::CodeAccepted);
    for spent in 0..=3 {
        assert_eq!(user.says(&user.code(spent), now(0)), Reason::Replay, "{spent}");
    }
    assert_eq!(user.says(&user.code(4), now(0)), Reason::CodeAccepted);
    assert_eq!(user.says(&user.code(40), now(0)), Reason::WrongCode);
}

#[test]
fn a_recovery_code_is_accepted_once() {
    let mut user = User::totp();
    let code = user.recovery[3].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&code.to_lowercase(), now(0)), Reason::CodeAccepted);
    assert_eq!(user.says(&code, now(0)), Reason::Replay);
    let other = user.recovery[4].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&other, now(0)), Reason::CodeAccepted);
}

#[test]
fn what_was_spent_of_one_set_of_recovery_codes_is_not_spent_of_the_next() {
    let mut user = User::totp();
    let code = user.recovery[3].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
    // Where the record does not say of which set its marks are, a code stays spent.
    let of = user.state.spent_of.take();
    assert_eq!(user.says(&code, now(0)), Reason::Replay);
    let left = |user: &User| user.state.recovery_left(user.enrollment.recovery.as_ref());
    assert_eq!(left(&user), 9);
    user.state.spent_of = of;
    user.enrollment.recovery.as_mut().unwrap().created += 1;
    assert_eq!(left(&user), 10);
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
    assert_eq!(user.says(&code, now(0)), Reason::Replay);
    assert_eq!((user.state.spent.len(), left(&user)), (1, 9));
}

#[test]
fn recovery_codes_without_a_factor_open_nothing() {
    let mut user = User::totp();
    user.enrollment.factors[0].pending = true;
    let code = user.recovery[0].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&code, now(0)), Reason::Malformed);
    assert_eq!(user.says(&user.at(0), now(0)), Reason::Malformed, "nor does a pending factor");
}

#[test]
fn of_a_hundred_wrong_codes_five_are_evaluated() {
    let mut user = User::totp();
    let bad = wrong(&user, 0);
    let reasons: Vec<Reason> = (0..100).map(|_| user.says(&bad, now(0))).collect();
    assert_eq!(reasons.iter().filter(|r| **r == Reason::WrongCode).count(), 5);
    assert_eq!(reasons.iter().filter(|r| **r == Reason::Locked).count(), 95);
    assert_eq!(user.says(&user.at(0), now(29)), Reason::Locked, "the right code waits as well");
    assert_eq!(user.says(&user.at(30), now(30)), Reason::CodeAccepted);
    assert_eq!(user.says(&wrong(&user, 30), now(30)), Reason::WrongCode, "a success forgets the failures");
}

#[test]
fn fifty_failures_disable_a_factor_until_it_is_unlocked() {
    let mut user = User::totp();
    let mut at = 0;
    let mut evaluated = 0;
    loop {
        at += 3600;
        let bad = wrong(&user, at);
        let judgement = user.answer(&bad, &Budget::Evidence, now(at));
        if judgement.reason == Reason::Disabled {
            break;
        }
        evaluated += 1;
        assert_eq!(judgement.disabled.is_empty(), evaluated < 50, "{evaluated}");
    }
    assert_eq!(evaluated, 50);
    assert_eq!(user.says(&user.at(at), now(at)), Reason::Disabled);
    let recovery = user.recovery[0].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&recovery, now(at)), Reason::CodeAccepted, "recovery codes have a budget of their own");
    user.state.unlock();
    assert_eq!(user.says(&user.at(at), now(at)), Reason::CodeAccepted);
}

#[test]
fn a_stranger_never_locks_a_user_out() {
    let mut user = User::totp();
    for n in 0..200 {
        let bad = wrong(&user, 0);
        user.answer(&bad, &Budget::source(Some(&format!("192.0.2.{n}"))), now(0));
    }
    assert_eq!(user.state.strangers, STRANGERS_AT);
    let code = user.at(0);
    assert_eq!(user.answer(&code, &Budget::source(Some("198.51.100.1")), now(0)).reason, Reason::Locked);
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
    assert_eq!(user.state.strangers, 0);
}

#[test]
fn budgets_are_kept_apart_and_together_stay_under_a_hundred() {
    for (budget, most) in [(Budget::Own, OWN_AT), (Budget::Admin, ADMIN_AT)] {
        let mut user = User::totp();
        let mut evaluated = 0;
        for hour in 1..200 {
            let bad = wrong(&user, hour * 3600);
            let reason = user.answer(&bad, &budget, now(hour * 3600)).reason;
            evaluated += u32::from(reason == Reason::WrongCode);
        }
        assert_eq!(evaluated, most);
        assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted, "{budget:?}");
    }
}

#[test]
fn a_success_refunds_what_the_attempt_charged_to_other_factors() {
    let time = Moving::Time { period: 30 };
    let mut user = User::new(vec![factor(1, time), factor(9, time)]);
    let other = user.enrollment.factors[1].id.clone();
    for n in 0..20 {
        assert_eq!(user.says(&user.at(n * 30), now(n * 30)), Reason::CodeAccepted);
    }
    assert_eq!(user.state.factor(&other).evidence.failures, 0);
    assert_eq!(user.says(&user.at(19 * 30), now(19 * 30)), Reason::Replay);
    assert_eq!(user.state.factor(&other).evidence.failures, 0, "a replay is not charged");
}

#[test]
fn answers_of_no_shape_are_refused_and_not_charged() {
    let mut user = User::totp();
    for text in ["", " ", "12345", "1234567", "123456789", "hunter2", "１２３４５６", "12345a", "\u{1b}[2J"] {
        for _ in 0..10 {
            assert_eq!(user.says(text, now(0)), Reason::Malformed, "{text:?}");
        }
    }
    for _ in 0..10 {
        assert_eq!(user.says("\x08\n\r\x7fINCORRECT", now(0)), Reason::DummyAnswer);
    }
    assert_eq!(
        judge(&user.enrollment, RULES, &mut user.state, &Budget::Evidence, None, now(0)).reason,
        Reason::Malformed
    );
    assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted);
}

#[test]
fn a_code_may_be_typed_in_groups() {
    let mut user = User::totp();
    let code = user.at(0);
    assert_eq!(user.says(&format!(" {} {} ", &code[..3], &code[3..]), now(0)), Reason::CodeAccepted);
}

#[test]
fn loss_of_state_never_revives_a_code() {
    let mut user = User::totp();
    assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted);
    let (state, noticed) = State::of(&user.enrollment, None, now(5));
    assert!(noticed);
    user.state = state;
    let recovery = user.recovery[0].expose_str().unwrap().to_owned();
    for (seconds, of, expected) in
        [(5, 0, Reason::Replay), (5, 30, Reason::Replay), (40, 30, Reason::Replay), (40, 60, Reason::CodeAccepted)]
    {
        let code = user.at(of);
        assert_eq!(user.says(&code, now(seconds)), expected, "{of} at {seconds}");
    }
    assert_eq!(user.says(&recovery, now(100)), Reason::StateLost);
    user.state.lost.as_mut().unwrap().adopted = true;
    assert_eq!(user.says(&recovery, now(100)), Reason::CodeAccepted);

    let mut user = User::hotp();
    assert_eq!(user.says(&user.code(0), now(0)), Reason::CodeAccepted);
    (user.state, _) = State::of(&user.enrollment, Some(State::new(StateId::new([9; 16]), 1000)), now(5));
    assert_eq!(user.says(&user.code(0), now(5)), Reason::StateLost);
    assert_eq!(user.says(&user.code(1), now(5)), Reason::StateLost);
}

#[test]
fn an_older_enrolment_that_is_put_back_alone_revives_no_recovery_code() {
    let mut user = User::totp();
    let (old, code) = (user.enrollment.clone(), user.recovery[3].expose_str().unwrap().to_owned());
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
    // The same codes stand for a set that was made later; one of them is used.
    user.enrollment.recovery.as_mut().unwrap().created += 1;
    let new = user.enrollment.clone();
    assert_eq!(user.says(&code, now(1)), Reason::CodeAccepted);
    user.enrollment = old;
    assert!(State::of(&user.enrollment, Some(user.state.clone()), now(2)).1, "noticed");
    assert_eq!(user.says(&code, now(2)), Reason::StateLost);
    assert!(!State::of(&user.enrollment, Some(user.state.clone()), now(3)).1, "and told once");
    assert_eq!(user.says(&user.at(0), now(3)), Reason::Replay);
    // The newer file comes back: what was used of it stays used, whatever is adopted.
    let mut mended = User { enrollment: new, state: user.state.clone(), recovery: Vec::new() };
    mended.state.adopt(mended.enrollment.recovery.as_ref());
    assert_eq!(mended.says(&code, now(4)), Reason::Replay);
    // Or the older one is to hold; the next time it is noticed again.
    user.state.adopt(user.enrollment.recovery.as_ref());
    assert_eq!(user.says(&code, now(100)), Reason::CodeAccepted);
    user.enrollment.recovery.as_mut().unwrap().created -= 1;
    assert_eq!(user.says(&code, now(100)), Reason::StateLost);
}

#[test]
fn a_reboot_starts_a_delay_anew() {
    let mut user = User::totp();
    let bad = wrong(&user, 0);
    for _ in 0..5 {
        user.says(&bad, now(0));
    }
    let rebooted = |seconds: u64| Now { boot: Boot(2), boottime: 10 + seconds, ..now(1000) };
    assert_eq!(user.says(&user.at(1000), rebooted(0)), Reason::Locked);
    assert_eq!(user.says(&user.at(1000), rebooted(29)), Reason::Locked);
    assert_eq!(user.says(&user.at(1000), rebooted(30)), Reason::CodeAccepted);
}

#[test]
fn typing_errors_of_one_who_gets_in_without_evidence_do_not_add_up() {
    let mut user = User::totp();
    let (home, elsewhere) = (Budget::source(Some("192.0.2.1")), Budget::source(Some("192.0.2.2")));
    let _ = user.answer(&wrong(&user, 0), &elsewhere, now(0));
    for day in 0..u64::from(STRANGERS_AT) {
        let then = day * 86_400;
        for _ in 0..3 {
            let _ = user.answer(&wrong(&user, then), &home, now(then));
        }
        let judged = user.answer(&user.at(then), &home, now(then));
        assert!(judged.accepted, "day {day}: {judged:?}");
    }
    assert_eq!(user.state.strangers, 1, "the other source's stay counted");
}

#[test]
fn a_code_of_a_suspended_factor_is_not_looked_at_and_the_recovery_codes_go_on() {
    let mut user = User::totp();
    let suspended = Suspended { at: T0, why: Why::Unused };
    user.enrollment.factors[0].upkeep.suspended = Some(suspended);
    let before = user.state.clone();
    let judged = user.answer(&user.at(0), &Budget::Evidence, now(0));
    assert_eq!((judged.reason, judged.factor.is_some(), judged.method), (Reason::Suspended, true, Method::Totp));
    user.state.enter(now(0));
    assert_eq!(user.state.factors, before.factors, "nothing was charged and nothing is marked");
    let code = user.recovery[0].expose_str().unwrap().to_owned();
    assert_eq!(user.says(&code, now(0)), Reason::CodeAccepted);
    // Beside one that is open its code is a wrong one.
    user.enrollment.factors.push(factor(7, Moving::Time { period: 30 }));
    assert_eq!(user.says(&user.at(0), now(0)), Reason::WrongCode);
    user.enrollment.factors[0].upkeep.resume(T0);
    assert_eq!(user.says(&user.at(0), now(0)), Reason::CodeAccepted);
}
