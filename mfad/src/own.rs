//! What users do about their own factors: the decisions behind `Factors1` and `mfactl me`.
//!
//! Being the right uid is not enough for a change: a fresh proof is. A first factor comes by an administrator's ticket, or by
//! polkit's word that the user has authenticated just now, where policy lets a factor be set up and none is required yet. What
//! must never happen: a factor added or taken away on the word of a uid alone, or one proof serving two changes.

use crate::accounts::{Account, Lookup};
use crate::admin;
use crate::authority::Authority;
use crate::changes::{self, Refusal};
use crate::logins::{self, Answerer, Caller};
use crate::pushes::Proof;
use mfa_core::admin::{NewFactor, UserStatus};
use mfa_core::approval::Purpose;
use mfa_core::bus::Error;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::limits::Budget;
use mfa_core::now::Now;
use mfa_core::otp::Algorithm;
use mfa_core::policy::{OWN_PROGRAM, Require, Way};
use mfa_core::secret::Secret;
use mfa_core::wire::{Context, Method};

/// What every app takes: RFC 6238 with the values of Google's Key URI Format.
const DIGITS: u8 = 6;
const PERIOD: u32 = 30;

/// The account's factors, and what is required of it.
///
/// # Errors
/// When its file cannot be read.
pub fn list(authority: &Authority, account: &Account) -> Result<UserStatus, Error> {
    let _held = authority.locks.blocking(&account.name);
    // Of another uid's file nothing is told.
    enrollment_of(authority, account)?;
    admin::status_of_account(authority, account).map_err(refused)
}

/// Makes a generator of codes, pending until one of its codes is confirmed: its name and otpauth URI.
///
/// # Errors
/// When the proof is none, or there are too many.
pub fn enroll(
    authority: &Authority,
    account: &Account,
    method: Method,
    label: &str,
    proof: &Proof,
) -> Result<(FactorId, Secret), Error> {
    let _held = authority.locks.blocking(&account.name);
    may_add(authority, account, proof)?;
    let algorithm = Algorithm::default();
    let new = NewFactor { method, algorithm, digits: DIGITS, period: PERIOD, label: label.to_owned() };
    let made = changes::start(authority, account, &new, true).map_err(told)?;
    note(authority, account, Kind::EnrollStarted, Some(made.factor.to_string()));
    Ok((made.factor, made.uri))
}

/// Takes a pending factor into use by one of its codes; recovery codes, where these are the first.
///
/// # Errors
/// When the code is not one of its.
pub fn confirm(authority: &Authority, account: &Account, id: &FactorId, code: &Secret) -> Result<Vec<Secret>, Error> {
    let _held = authority.locks.blocking(&account.name);
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    confirm_in(authority, account, &mut enrollment, id, code)
}

fn confirm_in(
    authority: &Authority,
    account: &Account,
    enrollment: &mut Enrollment,
    id: &FactorId,
    code: &Secret,
) -> Result<Vec<Secret>, Error> {
    let codes = changes::confirm(authority, enrollment, id, code).map_err(told)?;
    note(authority, account, Kind::EnrollCompleted, Some(id.to_string()));
    if !codes.is_empty() {
        note(authority, account, Kind::RecoveryGenerated, None);
    }
    Ok(codes)
}

/// Takes a hardware token from the stock by its serial number and one of its codes: the factor, and recovery codes where these
/// are the first.
///
/// # Errors
/// When the proof is none, or the token is not to be had or the code not one of its: one text, so that nobody learns which
/// tokens there are.
pub fn enroll_token(
    authority: &Authority,
    account: &Account,
    serial: &str,
    code: &Secret,
    proof: &Proof,
) -> Result<(FactorId, Vec<Secret>), Error> {
    let no = || Error::Refused(String::from("that is not a token you can take, or not a code of it"));
    let _held = authority.locks.blocking(&account.name);
    may_add(authority, account, proof)?;
    let waiting = enrollment_of(authority, account)?.and_then(|enrollment| {
        let of_it = |factor: &&mfa_core::enrollment::Factor| {
            factor.pending && factor.token.as_deref().is_some_and(|token| token.eq_ignore_ascii_case(serial.trim()))
        };
        enrollment.factors.iter().find(of_it).map(|factor| factor.id.clone())
    });
    let taken_now = waiting.is_none();
    let id = match waiting {
        Some(id) => id,
        None => changes::tokens::assign(authority, account, serial, true).map_err(|_| no())?.factor,
    };
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    match confirm_in(authority, account, &mut enrollment, &id, code) {
        Ok(codes) => Ok((id, codes)),
        Err(_) => {
            if taken_now {
                changes::remove_factor(authority, &mut enrollment, &id).map_err(refused)?;
            }
            Err(no())
        }
    }
}

/// Calls a factor or a device something else.
///
/// # Errors
/// When there is none of this name, or the label is none.
pub fn rename(authority: &Authority, account: &Account, name: &str, label: &str) -> Result<(), Error> {
    let label = changes::checked_label(label).map_err(told)?;
    let _held = authority.locks.blocking(&account.name);
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    let factor = enrollment.factors.iter_mut().find(|factor| factor.id.to_string() == name);
    let device = enrollment.devices.iter_mut().find(|device| device.id.as_str() == name);
    match (factor, device) {
        (Some(factor), _) => factor.label = label,
        (None, Some(device)) => device.label = label,
        (None, None) => return Err(no_factor()),
    }
    changes::save(authority, &mut enrollment, false).map_err(refused)?;
    note(authority, account, Kind::FactorRenamed, Some(name.to_owned()));
    Ok(())
}

/// Says by which method to be asked first; `None`: as policy says.
///
/// # Errors
/// When the account has no factor of that method.
pub fn prefer(authority: &Authority, account: &Account, method: Option<Method>) -> Result<(), Error> {
    let _held = authority.locks.blocking(&account.name);
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    let has = |method| match method {
        Method::Push => enrollment.active_devices().next().is_some(),
        other => enrollment.confirmed().any(|factor| factor.method() == other),
    };
    if method.is_some_and(|method| !has(method)) {
        return Err(Error::Refused(String::from("you have no factor of that method")));
    }
    enrollment.preferred = method;
    changes::save(authority, &mut enrollment, false).map_err(refused)?;
    note(authority, account, Kind::FactorPreferred, None);
    Ok(())
}

/// Removes a generator of codes. The last factor goes by [`disable`] alone.
///
/// # Errors
/// When there is none of this name, it is the last, or the proof is none.
pub fn remove(authority: &Authority, account: &Account, id: &FactorId, proof: &Proof) -> Result<(), Error> {
    let _held = authority.locks.blocking(&account.name);
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    let Some(factor) = enrollment.factor(id) else { return Err(no_factor()) };
    let others = enrollment.confirmed().filter(|other| other.id != *id).count() + enrollment.active_devices().count();
    if !factor.pending && others == 0 {
        return Err(Error::Refused(String::from(
            "it is the last factor that opens a login; add another one first, or remove everything (mfactl me disable)",
        )));
    }
    prove(authority, account, proof, &Purpose::RemoveFactor { factor: id.clone() })?;
    changes::remove_factor(authority, &mut enrollment, id).map_err(told)?;
    note(authority, account, Kind::FactorRemoved, Some(id.to_string()));
    Ok(())
}

/// Removes all factors, devices and recovery codes. Where a factor is required, a ticket by which a new one can be set up at once;
/// else nothing.
///
/// # Errors
/// When there is nothing to remove or the proof is none.
pub fn disable(authority: &Authority, account: &Account, proof: &Proof) -> Result<Option<Secret>, Error> {
    let _held = authority.locks.blocking(&account.name);
    let known = enrollment_of(authority, account)?.filter(Enrollment::is_enrolled);
    if known.is_none() {
        return Err(no_factor());
    }
    prove(authority, account, proof, &Purpose::Disable)?;
    // The proof was spent in the file's state: what is emptied is what stands there now.
    let known = enrollment_of(authority, account)?;
    let required = known.as_ref().and_then(|enrollment| enrollment.require);
    changes::empty(authority, account, known.as_ref(), required, account.uid).map_err(refused)?;
    note(authority, account, Kind::EnrollDisabled, None);
    let status = admin::status_of_account(authority, account).map_err(refused)?;
    if status.required < Require::Required && status.deadline.is_none() {
        return Ok(None);
    }
    authority.tickets.issue(&account.name, authority.clock.now()).map(Some).map_err(|why| unavailable(&why))
}

/// New recovery codes; the old ones die.
///
/// # Errors
/// When the proof is none.
pub fn new_recovery(authority: &Authority, account: &Account, proof: &Proof) -> Result<Vec<Secret>, Error> {
    let _held = authority.locks.blocking(&account.name);
    prove(authority, account, proof, &Purpose::RenewRecovery)?;
    let Some(mut enrollment) = enrollment_of(authority, account)? else { return Err(no_factor()) };
    let codes = changes::new_recovery(authority, &mut enrollment).map_err(told)?;
    note(authority, account, Kind::RecoveryGenerated, None);
    Ok(codes)
}

/// Tries a code as a login would; an accepted one is spent.
///
/// # Errors
/// When it is none of the account's, or too many were tried.
pub fn verify(authority: &Authority, account: &Account, code: &Secret) -> Result<(), Error> {
    let _held = authority.locks.blocking(&account.name);
    if !enrollment_of(authority, account)?.is_some_and(|enrollment| enrollment.is_enrolled()) {
        return Err(not_proved());
    }
    judged(authority, account, code, "Factors1.Verify")
}

/// Whether a factor may be added: a proof of one who has some, or what a first one needs. The caller holds the user's lock.
fn may_add(authority: &Authority, account: &Account, proof: &Proof) -> Result<(), Error> {
    if may_be_first(authority, account, proof, authority.clock.now())? {
        return Ok(());
    }
    prove(authority, account, proof, &Purpose::AddFactor)
}

/// Whether `proof` is good for a factor of one who has none to show: an administrator's ticket, which is used up then, or
/// polkit's word where [`may_ask_polkit`]. The caller holds the user's lock.
///
/// # Errors
/// When polkit's word is shown where it does not count.
pub fn may_be_first(authority: &Authority, account: &Account, proof: &Proof, now: Now) -> Result<bool, Error> {
    match proof {
        Proof::Typed(text) => Ok(authority.tickets.redeem(&account.name, text, now)),
        Proof::Approved(_) => Ok(false),
        Proof::Polkit => may_ask_polkit(authority, account).map(|()| true),
    }
}

/// Whether polkit may be asked for a first factor of the account: it has none, policy lets one be set up, and none is required
/// yet. From then on the login itself, an administrator or a ticket are the way.
///
/// # Errors
/// Which of these it is.
pub fn may_ask_polkit(authority: &Authority, account: &Account) -> Result<(), Error> {
    let no = |why: &str| Err(Error::NotAuthorized(String::from(why)));
    if enrollment_of(authority, account)?.is_some_and(|enrollment| enrollment.is_enrolled()) {
        return no("a proof is needed: a fresh code, a recovery code, or another device's yes to this very change");
    }
    let service = String::from(OWN_PROGRAM);
    let context = Context { user: account.name.clone(), service, real_uid: account.uid, ..Context::default() };
    let looked_up = Lookup::Found(account.clone());
    let wall = authority.clock.now().wall;
    let appraisal = logins::appraise(authority, Caller::Own(account.uid), &context, &looked_up, wall);
    let decision = appraisal.decision;
    if !decision.enrol.contains(&Way::App) && !decision.enrol.contains(&Way::Token) {
        return no(
            "policy lets nobody set up a first factor alone; ask your administrator for a ticket (mfactl ticket)",
        );
    }
    if decision.require.value != Require::Optional || decision.refused.is_some() {
        return no("a factor is required by now: set it up at a login, or ask your administrator for a ticket");
    }
    Ok(())
}

/// A fresh code or recovery code of the account's, judged in the budget of the user's own programs, or a device's yes to
/// this very change. The caller holds the user's lock.
///
/// # Errors
/// When it is none.
pub fn prove(authority: &Authority, account: &Account, proof: &Proof, change: &Purpose) -> Result<(), Error> {
    let typed = match proof {
        Proof::Approved(purpose) if purpose == change => return Ok(()),
        Proof::Approved(_) | Proof::Polkit => return Err(not_proved()),
        Proof::Typed(typed) => typed,
    };
    if !enrollment_of(authority, account)?.is_some_and(|enrollment| enrollment.is_enrolled()) {
        return Err(not_proved());
    }
    judged(authority, account, typed, change.name())
}

fn judged(authority: &Authority, account: &Account, typed: &Secret, what: &str) -> Result<(), Error> {
    let now = authority.clock.now();
    let answerer = Answerer::outside_a_login(authority, &account.name, Some(account.uid), &Budget::Own);
    let judgement = match logins::transact(authority, answerer, Some(typed), now) {
        Ok(judgement) => judgement,
        Err((why, _)) => return Err(unavailable(&why)),
    };
    if judgement.accepted {
        return Ok(());
    }
    let mut event = Event::new(Kind::AuthFailed).about(&account.name).by(account.uid).detail(what);
    (event.method, event.reason) = (Some(judgement.method), Some(judgement.reason));
    authority.note(event);
    if judgement.wait > 0 {
        return Err(Error::Later(String::from("too many wrong codes; try again later")));
    }
    Err(not_proved())
}

/// The account's enrolment.
///
/// # Errors
/// When it cannot be read, or is another uid's.
pub fn enrollment_of(authority: &Authority, account: &Account) -> Result<Option<Enrollment>, Error> {
    match authority.store.enrollment(&account.name) {
        Ok(Some(enrollment)) if enrollment.uid != account.uid => {
            Err(Error::NotAuthorized(String::from("your enrolment is of another uid; ask your administrator")))
        }
        Ok(enrollment) => Ok(enrollment),
        Err(why) => Err(unavailable(&why)),
    }
}

fn note(authority: &Authority, account: &Account, kind: Kind, factor: Option<String>) {
    let mut event = Event::new(kind).about(&account.name).by(account.uid);
    event.factor = factor.map(|name| clean::field(&name));
    authority.note(event);
}

fn not_proved() -> Error {
    Error::NotAuthorized(String::from(
        "a fresh code or recovery code of yours is needed, another device's yes to this very change, or an \
         administrator's ticket",
    ))
}

fn no_factor() -> Error {
    Error::Refused(String::from("you have no such factor; mfactl me lists yours"))
}

/// A refusal that says what the caller can do about it.
fn told(Refusal(why): Refusal) -> Error {
    Error::Refused(why)
}

/// A fault: its cause is for the log.
pub fn refused(Refusal(why): Refusal) -> Error {
    unavailable(&why)
}

/// The same of anything that can be shown.
pub fn unavailable(why: &dyn std::fmt::Display) -> Error {
    tracing::error!("a change of a user's own factors failed: {why}");
    Error::Unavailable(String::from("it could not be done; mfad's log says why"))
}
