//! Taking factors over from another product: all that was staged, or nothing.

use super::factors::{add, change_state, enrollment_of, save};
use super::{Refusal, account, done, refuse};
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::admin::{AdminReply, ImportEntry};
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, Factor, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::otp::{Moving, Otp, ShortSecret};
use mfa_core::wire::Method;
use std::collections::BTreeMap;

/// Checks every entry against every account and file, and only then writes.
pub(super) fn commit(
    authority: &Authority,
    by: u32,
    entries: Vec<ImportEntry>,
    short_secrets: bool,
) -> Result<AdminReply, Refusal> {
    if entries.is_empty() {
        return refuse("nothing was staged");
    }
    let short = if short_secrets { ShortSecret::Allow } else { ShortSecret::Refuse };
    let mut by_user: BTreeMap<String, Vec<ImportEntry>> = BTreeMap::new();
    for entry in entries {
        by_user.entry(account(&entry.user)?.name).or_default().push(entry);
    }
    // In the order of names, as everything that holds several locks.
    let mut held = Vec::with_capacity(by_user.len());
    let mut ready = Vec::with_capacity(by_user.len());
    for (user, entries) in by_user {
        held.push(authority.locks.blocking(&user));
        ready.push(prepare(authority, &user, entries, short)?);
    }
    let users = ready.len();
    let mut factors = 0;
    for prepared in &ready {
        factors += prepared.marks.len();
        write(authority, by, prepared)?;
    }
    Ok(done(format!(
        "{factors} factors of {users} users were taken over; mfactl recovery new USER makes recovery codes"
    )))
}

/// One user's file as it will be.
struct Prepared {
    enrollment: Enrollment,
    fresh: bool,
    /// Per imported factor: the last TOTP step that is spent.
    marks: Vec<(FactorId, Option<u64>)>,
}

fn prepare(
    authority: &Authority,
    user: &str,
    entries: Vec<ImportEntry>,
    short: ShortSecret,
) -> Result<Prepared, Refusal> {
    let (mut enrollment, fresh) = enrollment_of(authority, &account(user)?)?;
    let now = authority.clock.now().wall;
    let mut marks = Vec::with_capacity(entries.len());
    for entry in entries {
        let said = |why: String| Refusal(format!("{}: {why}", clean::quoted(user)));
        let secret = base32::decode(entry.secret.expose_str().unwrap_or_default())
            .map_err(|_| said(String::from("the secret is not base32")))?;
        let moving = match entry.method {
            Method::Totp => Moving::Time { period: entry.period },
            Method::Hotp => Moving::Counter,
            Method::None | Method::Recovery | Method::Push => {
                return Err(said(String::from("only totp and hotp can be imported")));
            }
        };
        let otp = Otp::new(secret, entry.algorithm, entry.digits, moving, short).map_err(|e| said(e.to_string()))?;
        if enrollment.factors.iter().any(|known| known.otp.secret().expose() == otp.secret().expose()) {
            return Err(said(String::from("this factor is enrolled already")));
        }
        let id = FactorId::new(entry.method, random()?);
        // Without a record of the last used code, what may have been used up to now is spent.
        let mark = match moving {
            Moving::Time { period } => Some(entry.mark.unwrap_or_else(|| now / u64::from(period))),
            Moving::Counter => None,
        };
        marks.push((id.clone(), mark));
        let counter = entry.counter.unwrap_or(0);
        add(&mut enrollment, Factor { id, label: entry.label, pending: false, created: now, otp, counter })?;
    }
    // Only hashes are kept, and nobody would see the codes: the administrator makes them when they can be handed out.
    Ok(Prepared { enrollment, fresh, marks })
}

fn write(authority: &Authority, by: u32, prepared: &Prepared) -> Result<(), Refusal> {
    if prepared.fresh {
        save(authority, &prepared.enrollment, true)?;
    }
    // Marks before factors: no factor opens anything before its spent codes are known.
    change_state(authority, &prepared.enrollment, |state| {
        for (id, mark) in &prepared.marks {
            state.factor(id).mark = *mark;
        }
    })?;
    save(authority, &prepared.enrollment, false)?;
    for (id, _) in &prepared.marks {
        let mut event = Event::new(Kind::EnrollImported).about(&prepared.enrollment.name).by(by);
        event.factor = Some(id.to_string());
        authority.audit.record(event);
    }
    Ok(())
}
