//! One user's factors: enrol, confirm, remove, recovery codes, resync, verify.

use super::{Refusal, account, done, enrolled, file_user, refuse};
use crate::authority::Authority;
use crate::changes::{self, current_state};
use crate::logins::{self, Answerer};
use mfa_core::admin::{AdminReply, NewFactor};
use mfa_core::clean;
use mfa_core::enrollment::FactorId;
use mfa_core::event::{Event, Kind};
use mfa_core::limits::Budget;
use mfa_core::otp::{self, Moving};
use mfa_core::secret::Secret;
use mfa_core::verify;

pub(super) fn enroll(
    authority: &Authority,
    by: u32,
    typed: &str,
    new: &NewFactor,
    confirm: bool,
) -> Result<AdminReply, Refusal> {
    let account = account(typed)?;
    let _held = authority.locks.blocking(&account.name);
    let made = changes::start(authority, &account, new, confirm)?;
    for id in &made.replaced {
        record_replaced(authority, &account.name, by, id);
    }
    let happened = if confirm { Kind::EnrollStarted } else { Kind::EnrollCompleted };
    record(authority, happened, &account.name, by, Some(&made.factor));
    if !made.recovery.is_empty() {
        record(authority, Kind::RecoveryGenerated, &account.name, by, None);
    }
    let changes::Started { factor, uri, secret, recovery, replaced } = made;
    Ok(AdminReply::Enrolled { user: account.name, factor, uri, secret, recovery, replaced })
}

pub(super) fn confirm(
    authority: &Authority,
    by: u32,
    typed: &str,
    id: &FactorId,
    code: &Secret,
) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let mut enrollment = enrolled(authority, &user)?;
    let codes = changes::confirm(authority, &mut enrollment, id, code)?;
    record(authority, Kind::EnrollCompleted, &user, by, Some(id));
    if !codes.is_empty() {
        record(authority, Kind::RecoveryGenerated, &user, by, None);
    }
    Ok(AdminReply::Recovery { codes })
}

pub(super) fn remove(authority: &Authority, by: u32, typed: &str, id: &FactorId) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let mut enrollment = enrolled(authority, &user)?;
    changes::remove_factor(authority, &mut enrollment, id)?;
    record(authority, Kind::FactorRemoved, &user, by, Some(id));
    let last = if enrollment.is_enrolled() { "" } else { "; no factor is left, the recovery codes are gone as well" };
    Ok(done(format!("removed {id}{last}")))
}

pub(super) fn new_recovery(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let mut enrollment = enrolled(authority, &user)?;
    let codes = changes::new_recovery(authority, &mut enrollment)?;
    record(authority, Kind::RecoveryGenerated, &user, by, None);
    Ok(AdminReply::Recovery { codes })
}

pub(super) fn verify(authority: &Authority, by: u32, typed: &str, code: &Secret) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    enrolled(authority, &user)?;
    let now = authority.clock.now();
    let answerer = Answerer::outside_a_login(authority, &user, None, &Budget::Admin);
    let judged = logins::transact(authority, answerer, Some(code), now).map_err(|(why, _)| Refusal(why))?;
    let happened = if judged.accepted { Kind::AuthSuccess } else { Kind::AuthFailed };
    let mut event = Event::new(happened).about(&user).by(by).detail("mfactl verify");
    (event.method, event.reason) = (Some(judged.method), Some(judged.reason));
    authority.note(event);
    Ok(AdminReply::Judged {
        accepted: judged.accepted,
        reason: judged.reason,
        method: judged.method,
        wait: judged.wait,
    })
}

pub(super) fn resync(
    authority: &Authority,
    by: u32,
    typed: &str,
    id: Option<&FactorId>,
    first: &Secret,
    second: &Secret,
) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    let factor = match id {
        Some(id) => enrollment.factor(id),
        None => {
            let mut all = enrollment.confirmed();
            all.next().filter(|_| all.next().is_none())
        }
    };
    let Some(factor) = factor else {
        return refuse("name one of the user's factors; mfactl status shows them");
    };
    let normal = |code: &Secret| code.expose_str().and_then(otp::normalise);
    let (Some(first), Some(second)) = (normal(first), normal(second)) else {
        return refuse("codes are 6 to 8 digits");
    };
    let (Some(first), Some(second)) = (first.expose_str(), second.expose_str()) else {
        return refuse("codes are 6 to 8 digits");
    };
    let now = authority.clock.now();
    let mut state = current_state(authority, &enrollment)?;
    let said = match factor.otp.moving() {
        Moving::Counter => {
            let next = state.next_counter(factor);
            let Some(found) = factor.otp.resync_hotp(first, second, next) else {
                return refuse("these are not two successive codes of that token, within 100 of its counter");
            };
            state.factor(&factor.id).next = Some(found);
            format!("the counter of {} is {found} now", factor.id)
        }
        Moving::Time { period } => {
            // A hardware token's clock may be off; a telephone's is right, or its owner sets it right.
            let window = if factor.token.is_some() { verify::MOST_DRIFT.unsigned_abs() } else { otp::WINDOW };
            let Some(step) = factor.otp.resync_totp(first, second, now.wall, window) else {
                return refuse("these are not two successive codes of now; wait for the second one");
            };
            let drift = if factor.token.is_some() { verify::drift(step, now, period) } else { 0 };
            state.factor(&factor.id).drift = drift;
            // A state whose loss was noticed while the clock was ahead would keep true time out as well.
            if let Some(lost) = &mut state.lost {
                lost.noticed = lost.noticed.min(now.wall);
            }
            let before = state.factor(&factor.id).mark;
            // A mark that codes of now can have set stays: what is at or below it was used.
            let newest = now.wall.checked_div(u64::from(period)).unwrap_or(0);
            let newest = newest.saturating_add(otp::WINDOW).saturating_add_signed(drift.max(0));
            let step = before.filter(|before| *before <= newest).map_or(step, |before| before.max(step));
            let known = state.factor(&factor.id);
            known.mark = Some(step);
            match before {
                Some(before) if before > step => {
                    // The clock that raised the mark said when it was used, too.
                    known.last_used = known.last_used.min(Some(now.wall));
                    tracing::warn!(
                        "resync of {} for {} by uid {by}: the mark went back from step {before} to {step}",
                        factor.id,
                        clean::quoted(&user)
                    );
                    format!(
                        "codes after these two are accepted again; the mark of {} went back {} steps",
                        factor.id,
                        before - step
                    )
                }
                _ if drift != 0 => {
                    format!("codes of {} after these two are accepted; its clock is off by {drift} steps", factor.id)
                }
                _ => format!("codes of {} after these two are accepted", factor.id),
            }
        }
    };
    authority.store.state(&user)?.save(&state)?;
    let mut event = Event::new(Kind::AdminResync).about(&user).by(by).detail(said.clone());
    event.factor = Some(factor.id.to_string());
    authority.note(event);
    Ok(done(said))
}

/// A factor that was begun and never confirmed is gone: its owner, or an administrator, began again.
pub fn record_replaced(authority: &Authority, user: &str, by: u32, factor: &FactorId) {
    let mut event = Event::new(Kind::FactorRemoved).about(user).by(by).detail("never confirmed, and begun again");
    event.factor = Some(factor.to_string());
    authority.note(event);
}

pub(super) fn record(authority: &Authority, kind: Kind, user: &str, by: u32, factor: Option<&FactorId>) {
    let mut event = Event::new(kind).about(user).by(by);
    event.factor = factor.map(ToString::to_string);
    authority.note(event);
}
