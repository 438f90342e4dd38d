//! Whether a caller has shown enough for a change of factors: being the right uid is not.
//!
//! Called for a user's own factors and devices, with the user's lock held. What must never happen: a change without a fresh proof,
//! one proof serving two changes, or a code found by trying.

use crate::accounts::{Account, Lookup};
use crate::authority::Authority;
use crate::changes::{self, Refusal};
use crate::logins::{self, Answerer, Caller};
use crate::pushes::Proof;
use mfa_core::approval::Purpose;
use mfa_core::bus::Error;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::limits::Budget;
use mfa_core::now::Now;
use mfa_core::policy::{OWN_PROGRAM, Require, Way};
use mfa_core::secret::Secret;
use mfa_core::wire::Context;

/// Whether a factor may be added: a proof of one who has some, or what a first one needs. The caller holds the user's lock.
pub(super) fn may_add(authority: &Authority, account: &Account, proof: &Proof, way: Way) -> Result<(), Error> {
    if may_be_first(authority, account, proof, way, authority.clock.now())? {
        return Ok(());
    }
    prove(authority, account, proof, &Purpose::AddFactor)
}

/// Whether `proof` is good for a factor of one who has none to show: an administrator's ticket, which is used up then, or
/// polkit's word where [`may_ask_polkit`]. The caller holds the user's lock.
///
/// # Errors
/// When polkit's word is shown where it does not count.
pub fn may_be_first(
    authority: &Authority,
    account: &Account,
    proof: &Proof,
    way: Way,
    now: Now,
) -> Result<bool, Error> {
    match proof {
        Proof::Typed(text) => Ok(authority.tickets.redeem(&account.name, text, now)),
        Proof::Approved(_) => Ok(false),
        Proof::Polkit => may_ask_polkit(authority, account, way).map(|()| true),
    }
}

/// Whether polkit may be asked for a first factor of the account: it has none, policy lets one be set up this way, and none is
/// required yet. From then on the login itself, an administrator or a ticket are the way.
///
/// # Errors
/// Which of these it is.
pub fn may_ask_polkit(authority: &Authority, account: &Account, way: Way) -> Result<(), Error> {
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
    if !decision.enrol.contains(&way) {
        return no(
            "policy lets nobody set up a first factor of this kind alone; ask your administrator for a ticket (mfactl ticket)",
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
        Proof::Approved(yes) if yes.counts_for(change) => return Ok(()),
        Proof::Approved(_) | Proof::Polkit => return Err(not_proved()),
        Proof::Typed(typed) => typed,
    };
    if !enrollment_of(authority, account)?.is_some_and(|enrollment| enrollment.is_enrolled()) {
        return Err(not_proved());
    }
    judged(authority, account, typed, change.name())
}

pub(super) fn judged(authority: &Authority, account: &Account, typed: &Secret, what: &str) -> Result<(), Error> {
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

/// Charges a try at the code of a pending factor to the user's own programs, before the code is looked at: whoever has the uid
/// alone must not find out by trying. [`forgive`] takes it back when the code is right. The caller holds the user's lock.
///
/// # Errors
/// When there is no such pending factor, or too many codes were tried.
pub(super) fn charge(
    authority: &Authority,
    account: &Account,
    enrollment: &Enrollment,
    id: &FactorId,
) -> Result<(), Error> {
    if !enrollment.factor(id).is_some_and(|factor| factor.pending) {
        return Ok(());
    }
    let now = authority.clock.now();
    let lockout = authority.in_force().policy.lockout();
    let mut wait = 0;
    let charged = changes::change_state(authority, enrollment, |state| {
        wait = state.wait(id, &Budget::Own, now);
        if wait == 0 {
            state.charge(&[id], &Budget::Own, now, lockout);
        }
    });
    charged.map_err(refused)?;
    if wait == 0 {
        return Ok(());
    }
    let mut event = Event::new(Kind::AuthLocked).about(&account.name).by(account.uid).detail("Factors1.Confirm");
    event.factor = Some(clean::field(&id.to_string()));
    authority.note(event);
    Err(Error::Later(String::from("too many wrong codes; try again later, or ask your administrator to unlock it")))
}

/// The code was right: what was charged for tries at it is forgotten.
///
/// # Errors
/// When it cannot be written.
pub(super) fn forgive(authority: &Authority, enrollment: &Enrollment, id: &FactorId) -> Result<(), Error> {
    changes::change_state(authority, enrollment, |state| state.clear(id, &Budget::Own)).map_err(refused)
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

pub(super) fn not_proved() -> Error {
    Error::NotAuthorized(String::from(
        "a fresh code or recovery code of yours is needed, another device's yes to this very change, or an \
         administrator's ticket",
    ))
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
