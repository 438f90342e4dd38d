//! Answers of the shape of a bypass code, as tables.

use crate::bypass::{self, Bypass, Consent, Uses, Wanted};
use crate::enrollment::{Enrollment, FactorId, StateId};
use crate::limits::{Budget, DISABLE_AT, Lockout};
use crate::now::{Boot, Now};
use crate::policy::ALL_METHODS;
use crate::secret::Secret;
use crate::state::State;
use crate::verify::{Judgement, Rules, judge};
use crate::wire::{Method, Reason};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

const NOW: Now = Now { wall: 1_764_590_400, boot: Boot(7), boottime: 5000 };

/// What a login accepts.
const AT_A_LOGIN: [Method; 5] = [Method::Totp, Method::Hotp, Method::Recovery, Method::Push, Method::Bypass];

/// One without a factor, with a bypass for an hour.
struct User {
    enrollment: Enrollment,
    state: State,
    code: String,
}

impl User {
    fn new(uses: Uses) -> Self {
        let state_id = StateId::new([1; 16]);
        let mut enrollment = Enrollment::new("anna", 1003, state_id.clone());
        let wanted = Wanted { seconds: 3600, uses, reason: String::from("x"), by_uid: 1, consent: false };
        let mut counter = 0_u64;
        let (code, bypass) = bypass::make(wanted, NOW, |buffer: &mut [u8]| {
            counter += 1;
            let block = Sha256::digest(counter.to_be_bytes());
            buffer.copy_from_slice(&block[..buffer.len()]);
            Ok::<(), Infallible>(())
        })
        .unwrap();
        let mut state = State::new(state_id, 1003);
        state.enter(NOW);
        state.begin_bypass(&bypass);
        enrollment.bypass = Some(bypass);
        Self { enrollment, state, code: code.expose_str().unwrap().to_owned() }
    }

    fn bypass(&mut self) -> &mut Bypass {
        self.enrollment.bypass.as_mut().unwrap()
    }

    fn answer(&mut self, text: &str, methods: &[Method], budget: &Budget, now: Now) -> Judgement {
        let (mut state, _) = State::of(&self.enrollment, Some(self.state.clone()), now);
        let rules = Rules { methods, lockout: Lockout::default() };
        let judgement = judge(&self.enrollment, rules, &mut state, budget, Some(&Secret::from(text.to_owned())), now);
        self.state = state;
        judgement
    }

    fn says(&mut self, text: &str, now: Now) -> Reason {
        let judgement = self.answer(text, &AT_A_LOGIN, &Budget::Evidence, now);
        assert_eq!(judgement.accepted, judgement.reason == Reason::CodeAccepted);
        judgement.reason
    }

    fn failures(&self) -> u32 {
        self.state.factors.get(&FactorId::bypass()).map_or(0, |known| known.evidence.failures)
    }

    /// A code of this shape that is not the right one.
    fn wrong(&self) -> String {
        let last = if self.code.ends_with('7') { '8' } else { '7' };
        format!("{}{last}", &self.code[..self.code.len() - 1])
    }
}

fn later(seconds: u64) -> Now {
    Now { wall: NOW.wall + seconds, boottime: NOW.boottime + seconds, ..NOW }
}

#[test]
fn a_bypass_opens_as_many_logins_as_was_said_and_never_one_more() {
    for times in [1, 3] {
        let mut user = User::new(Uses::Times(times));
        for _ in 0..times {
            let code = user.code.to_lowercase();
            assert_eq!(user.says(&code, NOW), Reason::CodeAccepted);
        }
        for _ in 0..3 {
            let code = user.code.clone();
            assert_eq!(user.says(&code, NOW), Reason::Replay);
        }
        assert_eq!(user.failures(), 0, "a code that was used up is not charged");
    }
    let mut user = User::new(Uses::AnyNumber);
    let code = user.code.clone();
    assert!((0..50).all(|_| user.says(&code, NOW) == Reason::CodeAccepted));
    assert_eq!(user.state.bypass.as_ref().unwrap().times, 50);
    assert_eq!(user.state.last_success, None, "it is no factor of the user's");
}

#[test]
fn after_its_end_it_is_a_wrong_code_like_any() {
    let mut user = User::new(Uses::AnyNumber);
    let code = user.code.clone();
    assert_eq!(user.says(&code, later(3599)), Reason::CodeAccepted);
    assert_eq!(user.says(&code, later(3600)), Reason::WrongCode);
    assert_eq!(user.failures(), 1);
}

#[test]
fn wrong_codes_are_charged_delayed_and_disable_it() {
    let mut user = User::new(Uses::Times(1));
    let (code, wrong) = (user.code.clone(), user.wrong());
    for failures in 1..=5 {
        assert_eq!(user.says(&wrong, NOW), Reason::WrongCode);
        assert_eq!(user.failures(), failures);
    }
    assert_eq!(user.says(&code, NOW), Reason::Locked, "the right one waits too");
    assert_eq!(user.says(&code, later(30)), Reason::CodeAccepted);
    let mut user = User::new(Uses::Times(1));
    user.bypass().uses = Uses::AnyNumber;
    user.state.factor(&FactorId::bypass()).evidence.failures = DISABLE_AT - 1;
    let judged = user.answer(&wrong, &AT_A_LOGIN, &Budget::Evidence, NOW);
    assert_eq!(judged.disabled, [FactorId::bypass()]);
    assert_eq!(user.says(&code, NOW), Reason::Disabled);
}

#[test]
fn without_the_consent_it_waits_for_it_opens_nothing_and_costs_nothing() {
    let mut user = User::new(Uses::Times(1));
    user.bypass().consent = Consent::Waits;
    let (code, wrong) = (user.code.clone(), user.wrong());
    assert_eq!(user.says(&code, NOW), Reason::ConsentMissing);
    assert_eq!((user.failures(), user.says(&wrong, NOW)), (0, Reason::WrongCode));
    user.bypass().consent = Consent::Given { by_uid: 2, at: 3 };
    assert_eq!(user.says(&code, NOW), Reason::CodeAccepted);
}

#[test]
fn a_lost_record_of_uses_forbids_it_and_adopting_does_not_bring_it_back() {
    let mut user = User::new(Uses::AnyNumber);
    let code = user.code.clone();
    user.state.state_id = StateId::new([9; 16]);
    assert_eq!(user.says(&code, NOW), Reason::StateLost);
    user.state.lost.as_mut().unwrap().adopted = true;
    assert_eq!(user.says(&code, NOW), Reason::StateLost);
    // One that is made then is counted from its beginning.
    let bypass = user.enrollment.bypass.clone().unwrap();
    user.state.begin_bypass(&bypass);
    assert_eq!(user.says(&code, NOW), Reason::CodeAccepted);
}

#[test]
fn it_proves_nothing_outside_a_login_and_nothing_without_standing_in_the_file() {
    let mut user = User::new(Uses::AnyNumber);
    let code = user.code.clone();
    let judged = user.answer(&code, &ALL_METHODS, &Budget::Own, NOW);
    assert_eq!((judged.accepted, judged.reason), (false, Reason::NoAllowedMethod));
    user.enrollment.bypass = None;
    assert_eq!(user.says(&code, NOW), Reason::Malformed);
    assert!(user.state.bypass.is_none() && user.failures() == 0, "the record keeps nothing of one that is gone");
}

#[test]
fn a_stranger_who_guesses_locks_nobody_out() {
    let mut user = User::new(Uses::Times(1));
    let (code, wrong) = (user.code.clone(), user.wrong());
    let stranger = Budget::source(Some("192.0.2.7"));
    for _ in 0..40 {
        let judged = user.answer(&wrong, &AT_A_LOGIN, &stranger, NOW);
        assert!(!judged.accepted);
    }
    assert_eq!(user.says(&code, NOW), Reason::CodeAccepted);
}
