//! Changing one user's files: what administration, self-service and enrolment at login have in common.
//!
//! The caller holds the user's lock. What must never happen: an enrolment whose state is not there (it would be taken for one
//! that lost it), a factor that opens something before its spent codes are known, a file of another account changed, or a factor
//! that was begun while there was none, without a proof, and comes into use beside the first one.

mod confirm;
mod elsewhere;
mod factors;
mod proved;
pub mod tokens;
mod told;

pub use confirm::confirm;
pub use elsewhere::Elsewhere;
pub use factors::{Started, new_recovery, remove_factor, start};
pub use proved::keep_proved;
pub use told::told;

use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use crate::pushes;
use crate::store::{StillReading, StoreError};
use mfa_core::clean;
use mfa_core::enrollment::{Disabled, Enrollment, Factor, FactorId, MAX_FACTORS, Recovery, StateId};
use mfa_core::event::{Event, Kind};
use mfa_core::otpauth::Otpauth;
use mfa_core::policy::Requirement;
use mfa_core::recovery;
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::wire::Method;

/// Why something was not done. The text is for a person, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl From<StoreError> for Refusal {
    fn from(why: StoreError) -> Self {
        Self(why.to_string())
    }
}

impl From<StillReading> for Refusal {
    fn from(why: StillReading) -> Self {
        Self(why.to_string())
    }
}

impl From<getrandom::Error> for Refusal {
    fn from(why: getrandom::Error) -> Self {
        Self(format!("the system gives no random numbers: {why}"))
    }
}

/// A refusal in these words.
///
/// # Errors
/// Always.
pub fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

/// The account's file, or a new one whose state is still to be written.
///
/// # Errors
/// When it cannot be read, or is another account's.
pub fn enrollment_of(authority: &Authority, account: &Account) -> Result<(Enrollment, bool), Refusal> {
    if let Some(enrollment) = authority.store.enrollment(&account.name)? {
        if enrollment.uid != account.uid || enrollment.name != account.name {
            return refuse(format!(
                "{} is enrolled with uid {}, the account has {}; mfactl reset {} first",
                clean::quoted(&account.name),
                enrollment.uid,
                account.uid,
                clean::field(&account.name)
            ));
        }
        return Ok((enrollment, false));
    }
    match Elsewhere::of(authority, account)? {
        Some(elsewhere) => refuse(elsewhere.told(account)),
        None => Ok((Enrollment::new(&account.name, account.uid, StateId::new(random()?)), true)),
    }
}

/// Writes an enrolment. Of a `fresh` one the state is written first. Hardware tokens that it has no more go back to the stock. With
/// the first factor in use goes what was begun before there was one to prove it by, and the user's ticket; with a device goes what it
/// was asked.
///
/// # Errors
/// When it is not durable; the old file then stands.
pub fn save(authority: &Authority, enrollment: &mut Enrollment, fresh: bool) -> Result<(), Refusal> {
    if fresh {
        authority.store.state(&enrollment.name)?.save(&State::new(enrollment.state_id.clone(), enrollment.uid))?;
    }
    let is_first = enrollment.activated.is_none() && enrollment.is_enrolled();
    let unproved = if is_first { without_unproved(enrollment) } else { Vec::new() };
    let left = tokens::left(authority, &enrollment.name, &enrollment.factors)?;
    left.note(authority)?;
    let now = authority.clock.now();
    enrollment.note_activation(now.wall);
    enrollment.bypass.take_if(|bypass| bypass.is_over(now));
    if is_first {
        // It was for one who has nothing to show. Before the file stands: nobody may be enrolled with it out.
        authority.tickets.void(&enrollment.name);
    }
    forget_grants(authority, enrollment)?;
    authority.store.save_enrollment(enrollment)?;
    pushes::keep_to_devices(authority, enrollment);
    for id in unproved {
        let mut event = Event::new(Kind::FactorRemoved).about(&enrollment.name).detail("begun before the first factor");
        event.factor = Some(clean::field(&id.to_string()));
        authority.note(event);
    }
    left.give_back(authority)
}

/// What was remembered was remembered for other factors. It goes before the file changes: nothing that fails behind that would be
/// told as "not done". The marks of factors that are about to go stay, since the old file may stand on.
fn forget_grants(authority: &Authority, enrollment: &Enrollment) -> Result<(), Refusal> {
    let mut file = authority.store.state(&enrollment.name)?;
    match file.take() {
        Some(mut state) if state.state_id == enrollment.state_id && !state.grants.is_empty() => {
            state.grants.clear();
            Ok(file.save(&state)?)
        }
        Some(_) | None => Ok(()),
    }
}

/// Takes out the factors whose first code is waited for: a uid alone was enough to begin them, and whoever began one has its key. A
/// token that waits stays: an administrator assigned it, and its codes are in somebody's hand.
fn without_unproved(enrollment: &mut Enrollment) -> Vec<FactorId> {
    let is_unproved = |factor: &Factor| factor.pending && factor.token.is_none();
    enrollment.factors.extract_if(.., |factor| is_unproved(factor)).map(|factor| factor.id).collect()
}

/// Puts a file without factors in the place of the account's, which stood as `known`; `required` stays so. A ticket is void.
///
/// # Errors
/// When it is not durable.
pub fn empty(
    authority: &Authority,
    account: &Account,
    known: Option<&Enrollment>,
    required: Option<Requirement>,
    by_uid: u32,
) -> Result<(), Refusal> {
    let state_id = StateId::new(random()?);
    authority.tickets.void(&account.name);
    let mut enrollment = Enrollment::new(&account.name, account.uid, state_id.clone());
    enrollment.require = required;
    enrollment.disabled = match known {
        Some(old) if !old.is_enrolled() => old.disabled,
        _ => Some(Disabled { at: authority.clock.now().wall, by_uid }),
    };
    // The file is replaced, never away: what was required must not be lost to a crash in between. Its old
    // state is another enrolment's from then on.
    save(authority, &mut enrollment, false)?;
    Ok(authority.store.state(&account.name)?.save(&State::new(state_id, account.uid))?)
}

/// Removes a user's files, and a ticket. The user's hardware tokens go back to the stock.
///
/// # Errors
/// When they are not durably gone.
pub fn remove(authority: &Authority, user: &str) -> Result<(), Refusal> {
    authority.tickets.void(user);
    let left = tokens::left(authority, user, &[])?;
    left.note(authority)?;
    authority.store.remove(user)?;
    left.give_back(authority)
}

/// The state as a login would find it.
///
/// # Errors
/// When it cannot be read.
pub fn current_state(authority: &Authority, enrollment: &Enrollment) -> Result<State, Refusal> {
    let stored = authority.store.state(&enrollment.name)?.take();
    Ok(State::of(enrollment, stored, authority.clock.now()).0)
}

/// Changes the state and makes it durable.
///
/// # Errors
/// When it cannot be read or written; nothing is changed then.
pub fn change_state(
    authority: &Authority,
    enrollment: &Enrollment,
    change: impl FnOnce(&mut State),
) -> Result<(), Refusal> {
    let mut file = authority.store.state(&enrollment.name)?;
    let (mut state, _) = State::of(enrollment, file.take(), authority.clock.now());
    change(&mut state);
    Ok(file.save(&state)?)
}

/// The same where the recovery codes in `enrollment` are a set that is about to begin: the marks that there are say nothing of it, even
/// where a clock that stood in the future made the set that they are of the later one.
///
/// # Errors
/// As [`change_state`].
pub fn begin_set(
    authority: &Authority,
    enrollment: &Enrollment,
    change: impl FnOnce(&mut State),
) -> Result<(), Refusal> {
    let before = Enrollment { recovery: None, ..enrollment.clone() };
    change_state(authority, &before, |state| {
        state.forget_spent();
        change(state);
    })
}

/// Adds a factor to the file that is to be written.
///
/// # Errors
/// When there are as many as there may be, or one has this secret.
pub fn add_factor(enrollment: &mut Enrollment, factor: Factor) -> Result<(), Refusal> {
    if enrollment.factors.len() >= MAX_FACTORS {
        return refuse(format!("{} has {MAX_FACTORS} factors; remove one first", clean::quoted(&enrollment.name)));
    }
    if enrollment.factors.iter().any(|known| known.otp.secret().expose() == factor.otp.secret().expose()) {
        return refuse("this factor is enrolled already");
    }
    enrollment.factors.push(factor);
    Ok(())
}

/// Recovery codes for one who has a confirmed factor and none yet.
///
/// # Errors
/// When the system gives no random numbers.
pub fn first_recovery(authority: &Authority, enrollment: &mut Enrollment) -> Result<Vec<Secret>, Refusal> {
    if enrollment.recovery.is_some() || !enrollment.is_enrolled() {
        return Ok(Vec::new());
    }
    let made = recovery::generate(getrandom::fill)?;
    enrollment.recovery = Some(Recovery { created: authority.clock.now().wall, codes: made.stored });
    Ok(made.shown)
}

/// What a user calls a factor: short, and nothing that steers a terminal.
///
/// # Errors
/// When it is not.
pub fn checked_label(label: &str) -> Result<String, Refusal> {
    if clean::field(label) == label { Ok(label.to_owned()) } else { refuse("a label is at most 64 plain characters") }
}

/// A factor as an app reads it.
#[must_use]
pub fn otpauth(authority: &Authority, user: &str, factor: &Factor) -> Otpauth {
    let in_force = authority.in_force();
    let host = || authority.pushes.host().name.clone();
    let issuer = in_force.policy.issuer.as_ref().map_or_else(host, |set| set.value.clone());
    let counter = (factor.method() == Method::Hotp).then_some(factor.counter);
    Otpauth { otp: factor.otp.clone(), issuer: Some(issuer), account: user.to_owned(), counter }
}
