//! One answer, judged: which factors it could be meant for, whether it is one of their codes, what it costs.
//!
//! The only place where a code is accepted. mfad calls it inside the user's transaction, for logins and
//! for everything else that wants a fresh code, and writes the changed state before it tells anyone.
//! What must never happen: an answer evaluated without having been charged, or accepted twice.

mod bypass;

use crate::bypass as bypasses;
use crate::enrollment::{Enrollment, Factor, FactorId};
use crate::limits::{Budget, Lockout};
use crate::now::Now;
use crate::otp::{self, Check, Moving};
use crate::recovery;
use crate::secret::Secret;
use crate::state::State;
use crate::wire::{Method, Reason};

/// How sshd begins its stand-in answer for a login that cannot succeed: backspace, LF, CR, DEL and a word, cut to the
/// length of what was typed (`auth-pam.c`, `fake_password`). No code begins so.
const SSHD_DUMMY: u8 = 0x08;

/// Steps by which a hardware token's clock may be off: half an hour of 30 s steps, more than a crystal loses in its life. RFC 6238
/// section 6 wants a limit.
pub const MOST_DRIFT: i64 = 60;

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether a factor accepted it.
    pub accepted: bool,
    /// Why, for logs.
    pub reason: Reason,
    /// The factor that decided, or the one the answer was tried on.
    pub method: Method,
    /// Its name, when there is one such factor.
    pub factor: Option<FactorId>,
    /// For [`Reason::Locked`]: seconds until the next answer is evaluated; `u64::MAX` means not before an unlock.
    pub wait: u64,
    /// Factors this attempt disabled.
    pub disabled: Vec<FactorId>,
    /// Of an answer that [`judge_at_end`] accepted: how many of its last bytes are the code.
    pub code_bytes: Option<u8>,
}

impl Judgement {
    fn refused(reason: Reason) -> Self {
        Self {
            accepted: false,
            reason,
            method: Method::None,
            factor: None,
            wait: 0,
            disabled: Vec::new(),
            code_bytes: None,
        }
    }
}

/// By what an answer is judged.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// What may answer.
    pub methods: &'a [Method],
    /// What failures cost.
    pub lockout: Lockout,
}

/// Judges `answer` by the factors of the methods that may answer, and changes `state` accordingly. The caller makes `state` durable
/// before it answers.
pub fn judge(
    enrollment: &Enrollment,
    rules: Rules<'_>,
    state: &mut State,
    budget: &Budget,
    answer: Option<&Secret>,
    now: Now,
) -> Judgement {
    let judgement = judge_read(Reading::Whole, enrollment, rules, state, budget, answer, now);
    Judgement { code_bytes: None, ..judgement }
}

/// The same for an answer at whose end a code stands ([`crate::stacked::code_at_end`]): digits before it may belong to a
/// password. One attempt, as in [`judge`], although factors with different numbers of digits read different codes in it.
pub fn judge_at_end(
    enrollment: &Enrollment,
    rules: Rules<'_>,
    state: &mut State,
    budget: &Budget,
    answer: Option<&Secret>,
    now: Now,
) -> Judgement {
    judge_read(Reading::AtEnd, enrollment, rules, state, budget, answer, now)
}

/// Where the code stands in an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The answer is the code.
    Whole,
    /// It ends with the code.
    AtEnd,
}

impl Reading {
    /// What a factor with this many digits reads as its code.
    fn code_of(self, digits: usize, typed: &str) -> Option<&str> {
        match self {
            Self::Whole => (typed.len() == digits).then_some(typed),
            Self::AtEnd => typed.get(typed.len().checked_sub(digits)?..),
        }
    }
}

fn judge_read(
    reading: Reading,
    enrollment: &Enrollment,
    rules: Rules<'_>,
    state: &mut State,
    budget: &Budget,
    answer: Option<&Secret>,
    now: Now,
) -> Judgement {
    let Some(answer) = answer else { return Judgement::refused(Reason::Malformed) };
    if answer.expose().first() == Some(&SSHD_DUMMY) {
        return Judgement::refused(Reason::DummyAnswer);
    }
    let Some(text) = answer.expose_str() else { return Judgement::refused(Reason::Malformed) };
    if bypasses::has_shape(text) {
        if !rules.methods.contains(&Method::Bypass) {
            return Judgement::refused(Reason::NoAllowedMethod);
        }
        return bypass::judge(enrollment, rules.lockout, state, budget, text, now);
    }
    if recovery::has_shape(text) {
        if !rules.methods.contains(&Method::Recovery) {
            return Judgement::refused(Reason::NoAllowedMethod);
        }
        return judge_recovery(enrollment, rules.lockout, state, budget, text, now);
    }
    match otp::normalise(text) {
        Some(typed) => judge_code(reading, enrollment, rules, state, budget, &typed, now),
        None => Judgement::refused(Reason::Malformed),
    }
}

fn judge_code(
    reading: Reading,
    enrollment: &Enrollment,
    rules: Rules<'_>,
    state: &mut State,
    budget: &Budget,
    typed: &Secret,
    now: Now,
) -> Judgement {
    let Some(typed) = typed.expose_str() else { return Judgement::refused(Reason::Malformed) };
    let code_of = |factor: &Factor| reading.code_of(usize::from(factor.otp.digits()), typed);
    let fitting = enrollment.factors.iter().filter(|factor| !factor.pending && code_of(factor).is_some());
    let mut open: Vec<&Factor> = Vec::new();
    let mut barred = Judgement::refused(Reason::Malformed);
    for factor in fitting {
        if !rules.methods.contains(&factor.method()) {
            barred = Judgement::refused(Reason::NoAllowedMethod);
            continue;
        }
        if factor.upkeep.suspended.is_some() {
            let (method, factor) = (factor.method(), Some(factor.id.clone()));
            barred = Judgement { method, factor, ..Judgement::refused(Reason::Suspended) };
            continue;
        }
        match bar(state, &factor.id, factor.method(), budget, now) {
            None => open.push(factor),
            Some(why) => barred = why,
        }
    }
    let [first, ..] = open.as_slice() else { return barred };
    let method = first.method();
    let alone = (open.len() == 1).then(|| first.id.clone());

    let ids: Vec<&FactorId> = open.iter().map(|factor| &factor.id).collect();
    let before = state.clone();
    state.charge(&ids, budget, now, rules.lockout);
    let mut accepted: Option<(&Factor, u64)> = None;
    let mut replayed: Option<&Factor> = None;
    // Every factor is tried whatever the others said, so that time tells nothing.
    for factor in &open {
        match code_of(factor).map_or(Check::Wrong, |code| check(factor, state, code, now)) {
            Check::Accepted { step } if accepted.is_none() => accepted = Some((factor, step)),
            Check::Replay { .. } if replayed.is_none() => replayed = Some(factor),
            _ => {}
        }
    }
    if let Some((factor, step)) = accepted {
        *state = before;
        accept(state, factor, step, budget, now);
        return Judgement {
            accepted: true,
            reason: Reason::CodeAccepted,
            method: factor.method(),
            factor: Some(factor.id.clone()),
            wait: 0,
            disabled: Vec::new(),
            code_bytes: Some(factor.otp.digits()),
        };
    }
    if let Some(factor) = replayed {
        *state = before;
        let (method, factor) = (factor.method(), Some(factor.id.clone()));
        return Judgement { method, factor, ..Judgement::refused(Reason::Replay) };
    }
    let disabled = disable(state, &ids, rules.lockout);
    Judgement { method, factor: alone, disabled, ..Judgement::refused(Reason::WrongCode) }
}

fn judge_recovery(
    enrollment: &Enrollment,
    lockout: Lockout,
    state: &mut State,
    budget: &Budget,
    text: &str,
    now: Now,
) -> Judgement {
    // Codes left behind by a set whose factors are gone open nothing.
    let Some(set) = enrollment.recovery.as_ref().filter(|_| enrollment.is_enrolled()) else {
        return Judgement::refused(Reason::Malformed);
    };
    let id = FactorId::recovery();
    if let Some(barred) = bar(state, &id, Method::Recovery, budget, now) {
        return barred;
    }
    let before = state.clone();
    state.charge(&[&id], budget, now, lockout);
    let found = recovery::find(&set.codes, text).and_then(|index| u8::try_from(index).ok());
    let told = |reason| Judgement {
        method: Method::Recovery,
        factor: Some(FactorId::recovery()),
        ..Judgement::refused(reason)
    };
    match found {
        None => {
            let disabled = disable(state, &[&id], lockout);
            Judgement { disabled, ..told(Reason::WrongCode) }
        }
        Some(index) if before.spent_in(set).contains(&index) => {
            *state = before;
            told(Reason::Replay)
        }
        Some(index) => {
            *state = before;
            state.spend(set, index);
            // The device is lost, or somebody has found the sheet: everything else is asked again.
            state.grants.clear();
            state.factor(&id).note_use(now.wall);
            state.note_success(now.wall);
            state.clear(&id, budget);
            Judgement { accepted: true, code_bytes: u8::try_from(text.len()).ok(), ..told(Reason::CodeAccepted) }
        }
    }
}

/// Why `id` may not be tried at all: nothing is evaluated, nothing charged.
fn bar(state: &mut State, id: &FactorId, method: Method, budget: &Budget, now: Now) -> Option<Judgement> {
    let told = |reason| Judgement { method, factor: Some(id.clone()), ..Judgement::refused(reason) };
    if state.factor(id).disabled {
        return Some(told(Reason::Disabled));
    }
    let wait = state.wait(id, budget, now);
    if wait > 0 {
        return Some(Judgement { wait, ..told(Reason::Locked) });
    }
    let lost = state.lost.as_ref().is_some_and(|lost| !lost.adopted);
    (lost && method != Method::Totp).then(|| told(Reason::StateLost))
}

fn check(factor: &Factor, state: &State, code: &str, now: Now) -> Check {
    match factor.otp.moving() {
        Moving::Counter => factor.otp.check_hotp(code, state.next_counter(factor)),
        Moving::Time { period } => {
            let known = state.factors.get(&factor.id);
            let drift = known.map_or(0, |known| known.drift);
            // "Later than the moment it was noticed plus the window": one step of the future is accepted.
            let after = state
                .lost
                .as_ref()
                .map(|lost| (lost.noticed / u64::from(period)).saturating_add(1).saturating_add_signed(drift));
            let by_token = now.wall.saturating_add_signed(drift.saturating_mul(i64::from(period)));
            factor.otp.check_totp(code, by_token, known.and_then(|known| known.mark), after)
        }
    }
}

fn accept(state: &mut State, factor: &Factor, step: u64, budget: &Budget, now: Now) {
    let known = state.factor(&factor.id);
    match factor.otp.moving() {
        Moving::Time { period } => {
            known.mark = Some(step);
            // A hardware token's clock runs on by itself, and each code tells by how much; a telephone's is right.
            if factor.token.is_some() {
                known.drift = drift(step, now, period);
            }
        }
        Moving::Counter => known.next = Some(step.saturating_add(1)),
    }
    known.note_use(now.wall);
    state.note_success(now.wall);
    state.clear(&factor.id, budget);
}

/// Steps that a token's clock is ahead, where its code is of this step now; [`MOST_DRIFT`] at most either way.
#[must_use]
pub fn drift(step: u64, now: Now, period: u32) -> i64 {
    let ours = now.wall.checked_div(u64::from(period)).unwrap_or(0);
    i64::try_from(step).unwrap_or(i64::MAX).saturating_sub_unsigned(ours).clamp(-MOST_DRIFT, MOST_DRIFT)
}

/// Disables the factors whose failures with evidence reached the limit, and names them.
fn disable(state: &mut State, ids: &[&FactorId], lockout: Lockout) -> Vec<FactorId> {
    let mut disabled = Vec::new();
    for id in ids {
        let known = state.factor(id);
        if known.evidence.failures >= lockout.disable_at && !known.disabled {
            known.disabled = true;
            disabled.push((*id).clone());
        }
    }
    disabled
}

#[cfg(test)]
mod tests;
