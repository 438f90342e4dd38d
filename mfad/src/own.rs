//! What users do about their own factors: the decisions behind `Factors1` and `mfactl me`.
//!
//! Being the right uid is not enough for a change: a fresh proof is. A first factor comes by an administrator's ticket, or by
//! polkit's word that the user has authenticated just now, where policy lets a factor be set up and none is required yet. What
//! must never happen: a factor added or taken away on the word of a uid alone, or one proof serving two changes.

mod proof;

pub use proof::{enrollment_of, may_ask_polkit, may_be_first, prove, refused, unavailable};

use crate::accounts::Account;
use crate::admin;
use crate::authority::Authority;
use crate::changes::{self, Refusal};
use crate::pushes::Proof;
use mfa_core::admin::{NewFactor, UserStatus};
use mfa_core::approval::Purpose;
use mfa_core::bus::Error;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::otp::Algorithm;
use mfa_core::policy::{Require, Way};
use mfa_core::secret::Secret;
use mfa_core::wire::Method;
use proof::{charge, forgive, judged, may_add, not_proved};

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
    may_add(authority, account, proof, Way::App)?;
    let algorithm = Algorithm::default();
    let new = NewFactor { method, algorithm, digits: DIGITS, period: PERIOD, label: label.to_owned() };
    let made = changes::start(authority, account, &new, true).map_err(told)?;
    for id in &made.replaced {
        admin::record_replaced(authority, &account.name, account.uid, id);
    }
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
    charge(authority, account, enrollment, id)?;
    let codes = changes::confirm(authority, enrollment, id, code).map_err(told)?;
    forgive(authority, enrollment, id)?;
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
    may_add(authority, account, proof, Way::Token)?;
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
        Err(Error::Later(why)) => Err(Error::Later(why)),
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

fn note(authority: &Authority, account: &Account, kind: Kind, factor: Option<String>) {
    let mut event = Event::new(kind).about(&account.name).by(account.uid);
    event.factor = factor.map(|name| clean::field(&name));
    authority.note(event);
}

fn no_factor() -> Error {
    Error::Refused(String::from("you have no such factor; mfactl me lists yours"))
}

/// A refusal that says what the caller can do about it.
fn told(Refusal(why): Refusal) -> Error {
    Error::Refused(why)
}
