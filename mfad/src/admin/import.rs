//! Taking factors over from another product: all that was staged, or nothing.

use super::{Refusal, account, done, refuse};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::changes::{add_factor, change_state, checked_label, enrollment_of, save};
use crate::clock::random;
use mfa_core::admin::{AdminReply, ImportEntry, Unfit};
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, Factor, FactorId};
use mfa_core::event::{Event, Kind};
use mfa_core::otp::{Moving, Otp, ShortSecret};
use mfa_core::upkeep::Upkeep;
use mfa_core::wire::Method;
use std::collections::BTreeMap;

/// Longest reason sent back for one entry, in characters: those of a frame of entries fit a frame.
const REASON_CHARS: usize = 160;

/// Adds what could be imported to `staged`, and tells what could not.
pub(super) fn stage(
    authority: &Authority,
    staged: &mut BTreeMap<String, Vec<ImportEntry>>,
    entries: Vec<ImportEntry>,
) -> Vec<Unfit> {
    let mut refused = Vec::new();
    for (index, entry) in (0..).zip(entries) {
        if let Err(Refusal(why)) = stage_one(authority, staged, entry) {
            refused.push(Unfit { index, why: why.chars().take(REASON_CHARS).collect() });
        }
    }
    refused
}

fn stage_one(
    authority: &Authority,
    staged: &mut BTreeMap<String, Vec<ImportEntry>>,
    entry: ImportEntry,
) -> Result<(), Refusal> {
    let account = account(&entry.user)?;
    let all = staged.entry(account.name.clone()).or_default();
    all.push(entry);
    // Whether short secrets are taken is said at the end.
    let fits = prepare(authority, &account, all, ShortSecret::Allow);
    if fits.is_err() {
        all.pop();
        if all.is_empty() {
            staged.remove(&account.name);
        }
    }
    fits.map(drop)
}

/// Checks every entry against every account and file, and only then writes.
pub(super) fn commit(
    authority: &Authority,
    by: u32,
    staged: &BTreeMap<String, Vec<ImportEntry>>,
    short_secrets: bool,
) -> Result<AdminReply, Refusal> {
    if staged.is_empty() {
        return refuse("nothing was staged");
    }
    let short = if short_secrets { ShortSecret::Allow } else { ShortSecret::Refuse };
    // In the order of names, as everything that holds several locks.
    let mut held = Vec::with_capacity(staged.len());
    let mut ready = Vec::with_capacity(staged.len());
    for (user, entries) in staged {
        held.push(authority.locks.blocking(user));
        ready.push(prepare(authority, &account(user)?, entries, short)?);
    }
    for (index, prepared) in ready.iter().enumerate() {
        if let Err(Refusal(why)) = write(authority, prepared) {
            let left = ready.iter().take(index + 1).filter(|written| undo(authority, written).is_err());
            let left: Vec<String> = left.map(|written| clean::field(&written.enrollment.name)).collect();
            let left = match left.as_slice() {
                [] => String::from("nothing was imported"),
                some => format!("it could not be undone for {}", some.join(", ")),
            };
            return refuse(format!("{why}; {left}"));
        }
    }
    let mut factors = 0;
    for prepared in &ready {
        for (id, _) in &prepared.marks {
            factors += 1;
            let mut event = Event::new(Kind::EnrollImported).about(&prepared.enrollment.name).by(by);
            event.factor = Some(id.to_string());
            authority.note(event);
        }
    }
    let users = ready.len();
    Ok(done(format!(
        "imported: factors {factors}, users {users}. mfactl recovery new USER makes recovery codes for them"
    )))
}

/// One user's file as it will be.
struct Prepared {
    enrollment: Enrollment,
    /// The file as it is, where there is one.
    before: Option<Enrollment>,
    /// Per imported factor: the last TOTP step that is spent.
    marks: Vec<(FactorId, Option<u64>)>,
}

fn prepare(
    authority: &Authority,
    account: &Account,
    entries: &[ImportEntry],
    short: ShortSecret,
) -> Result<Prepared, Refusal> {
    let user = account.name.as_str();
    let (mut enrollment, fresh) = enrollment_of(authority, account)?;
    let before = (!fresh).then(|| enrollment.clone());
    let now = authority.clock.now().wall;
    let mut marks = Vec::with_capacity(entries.len());
    for entry in entries {
        let said = |why: String| Refusal(format!("{}: {why}", clean::quoted(user)));
        let secret = base32::decode(entry.secret.expose_str().unwrap_or_default())
            .map_err(|_| said(String::from("the secret is not base32")))?;
        let moving = match entry.method {
            Method::Totp => Moving::Time { period: entry.period },
            Method::Hotp => Moving::Counter,
            Method::None | Method::Recovery | Method::Push | Method::Bypass => {
                return Err(said(String::from("only totp and hotp can be imported")));
            }
        };
        let otp = Otp::new(secret, entry.algorithm, entry.digits, moving, short).map_err(|e| said(e.to_string()))?;
        let id = FactorId::new(entry.method, random()?);
        let mark = match moving {
            Moving::Time { .. } => entry.mark,
            Moving::Counter => None,
        };
        marks.push((id.clone(), mark));
        let counter = entry.counter.unwrap_or(0);
        let label = checked_label(&entry.label)?;
        let factor =
            Factor { id, label, token: None, pending: false, created: now, otp, counter, upkeep: Upkeep::default() };
        add_factor(&mut enrollment, factor).map_err(|Refusal(why)| said(why))?;
    }
    // Only hashes are kept, and nobody would see the codes: the administrator makes them when they can be handed out.
    Ok(Prepared { enrollment, before, marks })
}

fn write(authority: &Authority, prepared: &Prepared) -> Result<(), Refusal> {
    if prepared.before.is_none() {
        // Without its factors: a state that belongs to no enrolment would be taken for a lost one.
        let mut empty = Enrollment { factors: Vec::new(), ..prepared.enrollment.clone() };
        save(authority, &mut empty, true)?;
    }
    // Marks before factors: no factor opens anything before its spent codes are known.
    change_state(authority, &prepared.enrollment, |state| {
        for (id, mark) in &prepared.marks {
            state.factor(id).mark = *mark;
        }
    })?;
    save(authority, &mut prepared.enrollment.clone(), false)
}

/// Puts back what was there before [`write`].
fn undo(authority: &Authority, written: &Prepared) -> Result<(), Refusal> {
    match &written.before {
        Some(before) => save(authority, &mut before.clone(), false),
        None => {
            authority.store.remove(&written.enrollment.name)?;
            Ok(())
        }
    }
}
