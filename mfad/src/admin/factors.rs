//! One user's factors: enrol, confirm, remove, recovery codes, resync, verify.

use super::{Refusal, account, done, enrolled, file_user, refuse};
use crate::authority::Authority;
use crate::changes::{self, add_factor, change_state, checked_label, current_state, enrollment_of, first_recovery};
use crate::clock::random;
use crate::logins::{self, Answerer};
use mfa_core::admin::{AdminReply, NewFactor};
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::{Factor, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::limits::Budget;
use mfa_core::otp::{self, Moving, NEW_SECRET_BYTES, Otp, ShortSecret};
use mfa_core::secret::Secret;
use mfa_core::upkeep::Upkeep;
use mfa_core::verify;
use mfa_core::wire::Method;

pub(super) fn enroll(
    authority: &Authority,
    by: u32,
    typed: &str,
    new: &NewFactor,
    confirm: bool,
) -> Result<AdminReply, Refusal> {
    let account = account(typed)?;
    let _held = authority.locks.blocking(&account.name);
    let moving = match new.method {
        Method::Totp => Moving::Time { period: new.period },
        Method::Hotp => Moving::Counter,
        Method::None | Method::Recovery | Method::Push | Method::Bypass => {
            return refuse("only totp and hotp factors can be enrolled");
        }
    };
    let label = checked_label(&new.label)?;
    let secret = Secret::new(random::<NEW_SECRET_BYTES>()?.to_vec());
    let otp = Otp::new(secret, new.algorithm, new.digits, moving, ShortSecret::Refuse)
        .map_err(|why| Refusal(why.to_string()))?;
    let (mut enrollment, fresh) = enrollment_of(authority, &account)?;
    // A pending factor that was never confirmed is replaced: its owner starts again.
    enrollment.factors.retain(|factor| !(factor.pending && factor.method() == new.method && factor.label == label));
    let factor = Factor {
        id: FactorId::new(new.method, random()?),
        label,
        token: None,
        pending: confirm,
        created: authority.clock.now().wall,
        otp,
        counter: 0,
        upkeep: Upkeep::default(),
    };
    let (id, uri, secret) = (
        factor.id.clone(),
        changes::otpauth(authority, &account.name, &factor).print(),
        base32::encode(factor.otp.secret()),
    );
    add_factor(&mut enrollment, factor)?;
    let codes = if confirm { Vec::new() } else { first_recovery(authority, &mut enrollment)? };
    if !codes.is_empty() && !fresh {
        change_state(authority, &enrollment, |state| state.spent.clear())?;
    }
    changes::save(authority, &mut enrollment, fresh)?;
    let happened = if confirm { Kind::EnrollStarted } else { Kind::EnrollCompleted };
    record(authority, happened, &account.name, by, Some(&id));
    if !codes.is_empty() {
        record(authority, Kind::RecoveryGenerated, &account.name, by, None);
    }
    Ok(AdminReply::Enrolled { user: account.name, factor: id, uri, secret, recovery: codes })
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
    let before = enrollment.factors.len();
    enrollment.factors.retain(|factor| factor.id != *id);
    if enrollment.factors.len() == before {
        let known: Vec<String> = enrollment.factors.iter().map(|factor| factor.id.to_string()).collect();
        let shown = clean::quoted(&id.to_string());
        return refuse(format!("{} has no factor {shown}; there is {}", clean::quoted(&user), known.join(", ")));
    }
    if !enrollment.is_enrolled() {
        enrollment.recovery = None;
    }
    changes::save(authority, &mut enrollment, false)?;
    record(authority, Kind::FactorRemoved, &user, by, Some(id));
    let last = if enrollment.is_enrolled() { "" } else { "; no factor is left, the recovery codes are gone as well" };
    Ok(done(format!("removed {id}{last}")))
}

pub(super) fn new_recovery(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let mut enrollment = enrolled(authority, &user)?;
    if !enrollment.is_enrolled() {
        return refuse(format!("{} has no confirmed factor", clean::quoted(&user)));
    }
    enrollment.recovery = None;
    let codes = first_recovery(authority, &mut enrollment)?;
    // The new codes are durable first: spent marks of the old set must not fall on the new one, nor be
    // lifted while the old one stands.
    changes::save(authority, &mut enrollment, false)?;
    change_state(authority, &enrollment, |state| state.spent.clear())?;
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
    authority.audit.record(event);
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
            state.factor(&factor.id).mark = Some(step);
            match before {
                Some(before) if before > step => {
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
    authority.audit.record(event);
    Ok(done(said))
}

pub(super) fn record(authority: &Authority, kind: Kind, user: &str, by: u32, factor: Option<&FactorId>) {
    let mut event = Event::new(kind).about(user).by(by);
    event.factor = factor.map(ToString::to_string);
    authority.audit.record(event);
}
