//! What was proved in a login is kept: factor, spent step and recovery codes together.
//!
//! What must never happen: a second factor added on the word of a first one alone.

use super::{Refusal, add_factor, begin_set, enrollment_of, refuse, save, tokens};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::device::{Device, DeviceId};
use mfa_core::enrolling::{By, Proved};
use mfa_core::enrollment::{Enrollment, FactorId, Recovery};
use mfa_core::otp::Moving;
use mfa_core::upkeep::Upkeep;
use mfa_core::verify;

/// Keeps it, for an account that still has no factor. The caller holds the user's lock.
///
/// # Errors
/// When it has one by now, the token is another's by now, or nothing could be written.
pub fn keep_proved(authority: &Authority, account: &Account, proved: &Proved) -> Result<String, Refusal> {
    let (mut enrollment, fresh) = enrollment_of(authority, account)?;
    if enrollment.is_enrolled() {
        return refuse("there is a factor by now");
    }
    let now = authority.clock.now();
    if let By::Desktop { offer } = &proved.by {
        return keep_desktop(authority, account, (enrollment, fresh), offer, proved);
    }
    let (id, moving, step, is_token) = match &proved.by {
        By::App { factor, step } => {
            add_factor(&mut enrollment, (**factor).clone())?;
            (factor.id.clone(), factor.otp.moving(), *step, false)
        }
        By::Token { serial, step, moving } => (take_token(authority, &mut enrollment, serial)?, *moving, *step, true),
        By::Desktop { .. } => return refuse("a desktop is no code"),
    };
    enrollment.recovery = Some(Recovery { created: now.wall, codes: proved.recovery.clone() });
    if fresh {
        save(authority, &mut Enrollment { factors: Vec::new(), recovery: None, ..enrollment.clone() }, true)?;
    }
    // The code that proved it is spent before it opens anything.
    begin_set(authority, &enrollment, |state| {
        let known = state.factor(&id);
        known.note_use(now.wall);
        match moving {
            Moving::Counter => known.next = Some(step.saturating_add(1)),
            Moving::Time { period } => {
                known.mark = Some(step);
                known.drift = if is_token { verify::drift(step, now, period) } else { 0 };
            }
        }
    })?;
    save(authority, &mut enrollment, false)?;
    Ok(id.to_string())
}

/// Keeps the desktop that waits, whose number was typed.
fn keep_desktop(
    authority: &Authority,
    account: &Account,
    (mut enrollment, fresh): (Enrollment, bool),
    offer: &str,
    proved: &Proved,
) -> Result<String, Refusal> {
    let now = authority.clock.now();
    let Some(taken) = authority.offers.take(account.uid, offer, now) else {
        return refuse("the desktop does not wait any more");
    };
    let id = DeviceId::new(random()?);
    enrollment.devices.push(Device {
        id: id.clone(),
        label: taken.label.clone(),
        created: now.wall,
        suspended: false,
        key: taken.key.clone(),
        upkeep: Upkeep::default(),
    });
    enrollment.recovery = Some(Recovery { created: now.wall, codes: proved.recovery.clone() });
    if !fresh {
        begin_set(authority, &enrollment, |_| {})?;
    }
    save(authority, &mut enrollment, fresh)?;
    taken.paired(id.clone());
    Ok(id.to_string())
}

/// Makes the token this user's, and its factor one that is in use.
fn take_token(authority: &Authority, enrollment: &mut Enrollment, serial: &str) -> Result<FactorId, Refusal> {
    let stock = authority.store.stock()?;
    let (serial, token) = tokens::to_be_had(&stock, serial, &enrollment.name)?;
    // Where an administrator assigned it, it waits for its code already.
    let waiting = enrollment.factors.iter_mut().find(|factor| factor.token.as_deref() == Some(serial));
    let id = match waiting {
        Some(factor) => {
            factor.pending = false;
            factor.id.clone()
        }
        None => {
            let made = token.factor(serial, random()?, false, authority.clock.now().wall);
            let Some(factor) = made else { return refuse(format!("the token {serial} has no key")) };
            let id = factor.id.clone();
            add_factor(enrollment, factor)?;
            id
        }
    };
    tokens::hold(authority, serial, &enrollment.name)?;
    Ok(id)
}
