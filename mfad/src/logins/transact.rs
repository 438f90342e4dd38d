//! One answer in the user's transaction: read, decide, write, sync.
//!
//! Called by logins and by everything else that wants a fresh code. What must never happen: an answer that is used before
//! the state that says so is on disk.

use super::appraise::tell_suspended;
use crate::authority::Authority;
use crate::bypasses;
use crate::store::StoreError;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind as Happened};
use mfa_core::limits::Budget;
use mfa_core::now::Now;
use mfa_core::policy::ALL_METHODS;
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::verify::{self, Judgement, Rules};
use mfa_core::wire::{Method, Reason};

/// Whose answer it is, and how it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Answerer<'a> {
    /// Canonical name.
    pub user: &'a str,
    /// The account's uid, where there is one.
    pub uid: Option<u32>,
    /// By what it is judged.
    pub rules: Rules<'a>,
    /// What a failure is charged to.
    pub budget: &'a Budget,
}

impl<'a> Answerer<'a> {
    /// Of an answer that is no login's: every method counts.
    #[must_use]
    pub fn outside_a_login(authority: &Authority, user: &'a str, uid: Option<u32>, budget: &'a Budget) -> Self {
        let rules = Rules { methods: &ALL_METHODS, lockout: authority.in_force().policy.lockout() };
        Self { user, uid, rules, budget }
    }
}

/// Charge, read, decide, write, sync; the answer is given after this returns.
///
/// # Errors
/// When anything could not be read or made durable, or the enrolment is another uid's: nothing is then decided.
pub fn transact(
    authority: &Authority,
    by: Answerer<'_>,
    text: Option<&Secret>,
    now: Now,
) -> Result<Judgement, (String, Reason)> {
    transact_by(verify::judge, authority, by, text, now)
}

/// The same for an answer that ends with a code.
///
/// # Errors
/// As [`transact`].
pub(super) fn transact_at_end(
    authority: &Authority,
    by: Answerer<'_>,
    text: Option<&Secret>,
    now: Now,
) -> Result<Judgement, (String, Reason)> {
    transact_by(verify::judge_at_end, authority, by, text, now)
}

type Judge = fn(&Enrollment, Rules<'_>, &mut State, &Budget, Option<&Secret>, Now) -> Judgement;

fn transact_by(
    judge: Judge,
    authority: &Authority,
    by: Answerer<'_>,
    text: Option<&Secret>,
    now: Now,
) -> Result<Judgement, (String, Reason)> {
    let Answerer { user, uid, rules, budget } = by;
    let mut enrollment = match authority.store.enrollment(user) {
        Ok(Some(enrollment)) => enrollment,
        Ok(None) => return Err((String::from("its factors were removed during the login"), Reason::Cancelled)),
        Err(why) => return Err((why.to_string(), Reason::EnrolmentDamaged)),
    };
    if uid.is_some_and(|uid| uid != enrollment.uid) {
        return Err((String::from("its enrolment became another uid's during the login"), Reason::UidMismatch));
    }
    let failed = |why: StoreError| (why.to_string(), Reason::StorageFailed);
    let mut file = authority.store.state(user).map_err(failed)?;
    let stored = file.take();
    let before = stored.clone();
    let damaged = file.is_damaged();
    bypasses::judge_by_policy(authority, &mut enrollment);
    let (mut state, noticed) = State::of(&enrollment, stored, now);
    let judgement = judge(&enrollment, rules, &mut state, budget, text, now);
    if before.as_ref() != Some(&state) {
        file.save(&state).map_err(failed)?;
    }
    if noticed {
        let how = match &before {
            _ if damaged => "damaged",
            Some(before) if before.state_id == enrollment.state_id => "of later recovery codes than its file's",
            _ => "missing or another enrolment's",
        };
        tracing::error!(
            "the record of used codes of {} is {how}: HOTP and recovery codes wait for: mfactl adopt {}",
            clean::quoted(user),
            clean::field(user)
        );
        authority.note(Event::new(Happened::StateLost).about(user).detail(how));
    }
    if judgement.reason == Reason::Suspended {
        tell_suspended(user);
    }
    for factor in &judgement.disabled {
        tracing::warn!("{factor} of {} is disabled after too many failures; see mfactl unlock", clean::quoted(user));
        let mut event = Event::new(Happened::FactorDisabled).about(user);
        event.factor = Some(factor.to_string());
        authority.note(event);
    }
    if let (true, Method::Bypass, Some(bypass)) = (judgement.accepted, judgement.method, &enrollment.bypass) {
        let times = state.bypass.as_ref().map_or(0, |used| used.times);
        bypasses::tell(authority, &enrollment, bypass, bypasses::Happened::Used(times), None);
    }
    if judgement.accepted && judgement.method == Method::Recovery {
        authority.note(Event::new(Happened::RecoveryUsed).about(user));
    }
    Ok(judgement)
}
