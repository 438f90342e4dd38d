//! Users as a whole: reset, unlock, adopt, rename, orphans.

use super::pages::{Names, PAGE_BYTES};
use super::{Refusal, account, done, enrolled, file_user, refuse, require};
use crate::accounts::{Lookup, by_name, by_uid};
use crate::authority::Authority;
use crate::bypasses::{self, Happened};
use crate::changes::{self, Elsewhere, change_state, current_state};
use crate::store::StoreError;
use mfa_core::admin::AdminReply;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::policy::{Require, Requirement};
use mfa_core::state::State;

/// Names looked up for one page of orphans, so that one answer takes bounded time.
const PAGE_LOOKUPS: usize = 40;

pub(super) fn reset(authority: &Authority, by: u32, typed: &str, after: Option<u64>) -> Result<AdminReply, Refusal> {
    let new = after.map(|after| require::checked(authority, Requirement::from(after))).transpose()?;
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    // A file that cannot be read is reset as well: that is what repairs it.
    let old = authority.store.enrollment(&user);
    let known = old.as_ref().ok().and_then(Option::as_ref);
    let account = match by_name(&user) {
        Lookup::Found(account) => Some(account),
        Lookup::Absent => None,
        // Whether what is required of the user is to stay is not known.
        Lookup::Failed(why) => return not_looked_up(&user, &why),
    };
    let elsewhere = match &account {
        Some(account) if known.is_none_or(|file| file.uid != account.uid) => {
            Elsewhere::of(authority, account)?.map(|elsewhere| elsewhere.told_at_reset(account))
        }
        Some(_) | None => None,
    };
    if let Some(told) = &elsewhere
        && (new.is_some() || matches!(old, Ok(None)))
    {
        return refuse(told);
    }
    if matches!(old, Ok(None)) && (new.is_none() || account.is_none()) {
        return refuse(format!("{} is not enrolled", clean::quoted(&user)));
    }
    let required = new.or(known.and_then(|enrollment| enrollment.require));
    match &account {
        Some(account) if elsewhere.is_none() => changes::empty(authority, account, known, required, by)?,
        // A file of the account's own would hide the one by which it is enrolled.
        Some(_) | None => changes::remove(authority, &user)?,
    }
    let kept = match (required, &old) {
        (Some(_), _) if account.is_none() => String::from(", and so is what was required: there is no such account"),
        (Some(requirement), _) if requirement.require == Require::Off => {
            format!("; nothing is required {}", require::BEYOND)
        }
        (Some(requirement), _) => format!("; a factor is {} for this user", require::said(requirement)),
        (None, Err(_)) => {
            String::from("; its file could not be read: if something was required of this user, set it again")
        }
        (None, Ok(_)) => String::new(),
    };
    let kept = elsewhere.map_or(kept, |told| format!("; {told}"));
    if let Some(old) = known
        && let Some(bypass) = old.bypass.as_ref().filter(|bypass| !bypass.is_over(authority.clock.now()))
    {
        bypasses::tell(authority, old, bypass, Happened::Revoked, Some(by));
    }
    let detail = new.map(|requirement| format!("a factor is {}", require::said(requirement)));
    let mut event = Event::new(Kind::AdminReset).about(&user).by(by);
    event.detail = detail;
    authority.note(event);
    Ok(done(format!("all factors and recovery codes of {} are gone{kept}", clean::field(&user))))
}

pub(super) fn unlock(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    change_state(authority, &enrollment, State::unlock)?;
    authority.note(Event::new(Kind::AdminUnlock).about(&user).by(by));
    Ok(done(format!("failures of {} are forgotten, its factors enabled", clean::field(&user))))
}

pub(super) fn adopt(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    if current_state(authority, &enrollment)?.lost.is_none() {
        return refuse(format!("the record of used codes of {} is not lost", clean::quoted(&user)));
    }
    change_state(authority, &enrollment, |state| state.adopt(enrollment.recovery.as_ref()))?;
    tracing::warn!(
        "the state of {} was adopted by uid {by}: codes used before may be accepted again",
        clean::quoted(&user)
    );
    authority.note(Event::new(Kind::AdminAdopt).about(&user).by(by));
    Ok(done(format!(
        "HOTP and recovery codes of {0} are evaluated again, also those used before. Safer: mfactl recovery new {0}, and mfactl resync {0} for HOTP",
        clean::field(&user)
    )))
}

pub(super) fn rename(authority: &Authority, by: u32, from: &str, to: &str) -> Result<AdminReply, Refusal> {
    let account = account(to)?;
    if account.name == from {
        return refuse("both names are the same");
    }
    // Always in the same order, so that two administrators never wait for one another.
    let (first, second) =
        if from < account.name.as_str() { (from, account.name.as_str()) } else { (account.name.as_str(), from) };
    let _first = authority.locks.blocking(first);
    let _second = authority.locks.blocking(second);
    let mut enrollment = enrolled(authority, from)?;
    if enrollment.uid != account.uid {
        return refuse(format!(
            "{} is enrolled with uid {}, the account {} has {}: that is another account",
            clean::quoted(from),
            enrollment.uid,
            clean::quoted(&account.name),
            account.uid
        ));
    }
    match authority.store.enrollment(&account.name) {
        Ok(None) => {}
        Ok(Some(_)) => return refuse(format!("{} is enrolled already", clean::quoted(&account.name))),
        // A rename that was cut short made the record, and not the file.
        Err(StoreError::Gone { .. }) if is_record_of(authority, &account.name, &enrollment)? => {}
        Err(why) => return Err(why.into()),
    }
    let state = authority.store.state(from)?.take();
    if let Some(mut state) = state {
        state.uid = enrollment.uid;
        authority.store.state(&account.name)?.save(&state)?;
    }
    for name in [from, account.name.as_str()] {
        authority.tickets.void(name);
    }
    enrollment.name.clone_from(&account.name);
    authority.store.save_enrollment(&enrollment)?;
    changes::tokens::renamed(authority, from, &account.name)?;
    authority.store.remove(from)?;
    authority
        .note(Event::new(Kind::AdminRename).about(&account.name).by(by).detail(format!("from {}", clean::field(from))));
    Ok(done(format!("the enrolment of {} is {}'s now", clean::field(from), clean::field(&account.name))))
}

fn is_record_of(authority: &Authority, user: &str, enrollment: &Enrollment) -> Result<bool, StoreError> {
    let state = authority.store.state(user)?.take();
    Ok(state.is_some_and(|state| state.state_id == enrollment.state_id))
}

pub(super) fn orphans(
    authority: &Authority,
    by: u32,
    names: &mut Names,
    after: Option<&str>,
    purge: bool,
) -> Result<AdminReply, Refusal> {
    names.seek(&authority.store, after)?;
    let (mut orphans, mut bytes) = (Vec::new(), 0);
    for _ in 0..PAGE_LOOKUPS {
        let Some(name) = names.peek() else { break };
        let known = match by_name(name) {
            Lookup::Found(_) => true,
            // Where it was renamed `mfactl rename` is due: without the file the user would be one who never had a factor.
            Lookup::Absent => match authority.store.owner(name).ok().flatten().map(by_uid) {
                Some(Lookup::Found(_)) => true,
                Some(Lookup::Failed(why)) => return not_removed(name, &why),
                None | Some(Lookup::Absent) => false,
            },
            Lookup::Failed(why) => return not_removed(name, &why),
        };
        // Each character is six bytes of JSON at most.
        bytes += if known { 0 } else { 6 * name.len() };
        if bytes > PAGE_BYTES && !orphans.is_empty() {
            break;
        }
        let Some(name) = names.take() else { break };
        if known {
            continue;
        }
        if purge {
            let _held = authority.locks.blocking(&name);
            changes::remove(authority, &name)?;
            authority.note(Event::new(Kind::AdminPurge).about(&name).by(by));
        }
        orphans.push(name);
    }
    Ok(AdminReply::Names { names: orphans, next: names.cursor() })
}

fn not_looked_up(name: &str, why: &str) -> Result<AdminReply, Refusal> {
    refuse(format!("the name service cannot look up {}: {why}; nothing was changed", clean::quoted(name)))
}

fn not_removed(name: &str, why: &str) -> Result<AdminReply, Refusal> {
    refuse(format!("{} cannot be looked up: {why}; it was not removed", clean::quoted(name)))
}
