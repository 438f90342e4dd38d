//! Users as a whole: status, list, reset, unlock, adopt, rename, orphans, requirements.

use super::factors::{change_state, current, enrollment_of};
use super::pages::{Names, PAGE_BYTES};
use super::{Refusal, account, done, enrolled, file_user, refuse};
use crate::accounts::{Lookup, by_name};
use crate::authority::Authority;
use mfa_core::admin::{AdminReply, FactorStatus, UserStatus, Whom};
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId, StateId};
use mfa_core::event::{Event, Kind};
use mfa_core::limits::{ADMIN_AT, Counter, OWN_AT, STRANGERS_AT};
use mfa_core::policy::Require;
use mfa_core::state::State;

/// Names looked up for one page of orphans, so that one answer takes bounded time.
const PAGE_LOOKUPS: usize = 40;

/// Longest label shown: hand-written files may hold any.
const LABEL_CHARS: usize = 64;

pub(super) fn status(authority: &Authority, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    match authority.store.enrollment(&user)? {
        Some(enrollment) => Ok(AdminReply::Status(Box::new(status_of(authority, &enrollment, true)))),
        None => {
            let account = account(typed)?;
            let mut status = nothing(&account.name, account.uid);
            if let Ok(Some(other)) = authority.uids.name_of(account.uid)
                && other != account.name
            {
                let shown = clean::field(&other);
                status.problems.push(format!(
                    "uid {} is enrolled as {shown}; mfactl rename {shown} {} moves it",
                    account.uid,
                    clean::field(&account.name)
                ));
            }
            Ok(AdminReply::Status(Box::new(status)))
        }
    }
}

pub(super) fn list(authority: &Authority, names: &mut Names, after: Option<&str>) -> Result<AdminReply, Refusal> {
    names.seek(&authority.store, after)?;
    let (mut users, mut bytes) = (Vec::new(), 0);
    while let Some(name) = names.peek() {
        let status = match authority.store.enrollment(name) {
            Ok(Some(enrollment)) => Some(status_of(authority, &enrollment, false)),
            Ok(None) => None,
            Err(why) => Some(UserStatus { problems: vec![why.to_string()], ..nothing(name, u32::MAX) }),
        };
        bytes += status.as_ref().map_or(0, |status| serde_json::to_string(status).map_or(0, |text| text.len() + 1));
        if bytes > PAGE_BYTES && !users.is_empty() {
            break;
        }
        users.extend(status);
        names.take();
    }
    Ok(AdminReply::Page { users, next: names.cursor() })
}

/// The status of one who has nothing.
fn nothing(user: &str, uid: u32) -> UserStatus {
    UserStatus {
        user: user.to_owned(),
        uid,
        enrolled: false,
        require: None,
        factors: Vec::new(),
        devices: Vec::new(),
        recovery_left: 0,
        last_success: None,
        problems: Vec::new(),
    }
}

fn status_of(authority: &Authority, enrollment: &Enrollment, look_up: bool) -> UserStatus {
    let now = authority.clock.now();
    let mut problems = Vec::new();
    let state = match authority.store.state(&enrollment.name) {
        Ok(mut file) => State::of(enrollment, file.take(), now).0,
        Err(why) => {
            problems.push(why.to_string());
            State::new(enrollment.state_id.clone())
        }
    };
    if look_up {
        match by_name(&enrollment.name) {
            Lookup::Found(account) if account.uid != enrollment.uid => problems.push(format!(
                "the account's uid is {}, the enrolled one {}: logins are refused",
                account.uid, enrollment.uid
            )),
            Lookup::Found(_) => {}
            Lookup::Absent => problems.push(String::from("there is no such account; see mfactl purge --orphans")),
            Lookup::Failed(why) => problems.push(format!("the account cannot be looked up: {why}")),
        }
    }
    if state.lost.as_ref().is_some_and(|lost| !lost.adopted) {
        problems.push(String::from("the record of used codes was lost: HOTP and recovery codes wait for mfactl adopt"));
    }
    let recovery_id = FactorId::recovery();
    if state.factors.get(&recovery_id).is_some_and(|known| known.disabled) {
        problems
            .push(String::from("recovery codes are disabled after too many failures; mfactl unlock re-enables them"));
    }
    for id in enrollment.factors.iter().map(|factor| factor.id.clone()).chain([FactorId::recovery()]) {
        let Some(known) = state.factors.get(&id) else { continue };
        let locked = |counter: Counter, most: u32| counter.failures >= most || counter.wait(now) > 0;
        if locked(known.admin, ADMIN_AT) {
            problems.push(format!("mfactl verify has tried too many wrong codes of {id}: it waits, or mfactl unlock"));
        }
        if locked(known.own, OWN_AT) {
            problems.push(format!("the user's own programs have tried too many wrong codes of {id}: theirs wait"));
        }
    }
    if state.strangers >= STRANGERS_AT {
        problems.push(String::from(
            "too many wrong codes without a first factor: only logins that show one are looked at, until one succeeds",
        ));
    }
    let factors = enrollment.factors.iter().map(|factor| {
        let known = state.factors.get(&factor.id).cloned().unwrap_or_default();
        if known.disabled {
            problems.push(format!("{} is disabled after too many failures; mfactl unlock re-enables it", factor.id));
        }
        FactorStatus {
            id: factor.id.clone(),
            method: factor.method(),
            label: factor.label.chars().take(LABEL_CHARS).collect(),
            pending: factor.pending,
            created: factor.created,
            last_used: known.last_used,
            failures: known.evidence.failures,
            wait: known.evidence.wait(now),
            disabled: known.disabled,
        }
    });
    let factors = factors.collect();
    let codes = enrollment.recovery.as_ref().map_or(0, |set| set.codes.len());
    UserStatus {
        user: enrollment.name.clone(),
        uid: enrollment.uid,
        enrolled: enrollment.is_enrolled(),
        require: enrollment.require,
        factors,
        devices: enrollment.devices.iter().map(super::devices::status_of).collect(),
        recovery_left: u32::try_from(codes.saturating_sub(state.spent.len())).unwrap_or(0),
        last_success: state.last_success,
        problems,
    }
}

pub(super) fn reset(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    // A file that cannot be read is reset as well: that is what repairs it.
    let old = authority.store.enrollment(&user);
    if matches!(old, Ok(None)) {
        return refuse(format!("{} is not enrolled", clean::quoted(&user)));
    }
    let require = old.as_ref().ok().and_then(Option::as_ref).and_then(|enrollment| enrollment.require);
    let kept = match (require, by_name(&user)) {
        (Some(require), Lookup::Found(account)) => {
            let state_id = StateId::new(crate::clock::random()?);
            let mut enrollment = Enrollment::new(&account.name, account.uid, state_id.clone());
            enrollment.require = Some(require);
            // The file is replaced, never away: what was required must not be lost to a crash in between.
            super::factors::save(authority, &enrollment, false)?;
            authority.store.state(&user)?.save(&State::new(state_id))?;
            format!("; mfactl require stays {require} for this user")
        }
        _ => {
            authority.store.remove(&user)?;
            if let Ok(Some(old)) = &old {
                authority.uids.remove(old.uid, &old.name);
            }
            match old {
                Ok(_) => String::new(),
                Err(_) => {
                    String::from("; its file could not be read: if something was required of this user, set it again")
                }
            }
        }
    };
    authority.audit.record(Event::new(Kind::AdminReset).about(&user).by(by));
    Ok(done(format!("all factors and recovery codes of {} are gone{kept}", clean::field(&user))))
}

pub(super) fn unlock(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    change_state(authority, &enrollment, State::unlock)?;
    authority.audit.record(Event::new(Kind::AdminUnlock).about(&user).by(by));
    Ok(done(format!("failures of {} are forgotten, its factors enabled", clean::field(&user))))
}

pub(super) fn adopt(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    if current(authority, &enrollment)?.lost.is_none() {
        return refuse(format!("the record of used codes of {} is not lost", clean::quoted(&user)));
    }
    change_state(authority, &enrollment, |state| {
        if let Some(lost) = &mut state.lost {
            lost.adopted = true;
        }
    })?;
    tracing::warn!(
        "the state of {} was adopted by uid {by}: codes used before may be accepted again",
        clean::quoted(&user)
    );
    authority.audit.record(Event::new(Kind::AdminAdopt).about(&user).by(by));
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
    if authority.store.enrollment(&account.name)?.is_some() {
        return refuse(format!("{} is enrolled already", clean::quoted(&account.name)));
    }
    let state = authority.store.state(from)?.take();
    if let Some(state) = state {
        authority.store.state(&account.name)?.save(&state)?;
    }
    enrollment.name.clone_from(&account.name);
    authority.store.save_enrollment(&enrollment)?;
    authority.store.remove(from)?;
    authority.uids.insert(enrollment.uid, &enrollment.name);
    authority.audit.record(
        Event::new(Kind::AdminRename).about(&account.name).by(by).detail(format!("from {}", clean::field(from))),
    );
    Ok(done(format!("the enrolment of {} is {}'s now", clean::field(from), clean::field(&account.name))))
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
            Lookup::Absent => false,
            Lookup::Failed(why) => {
                return refuse(format!("{} cannot be looked up: {why}; it was not removed", clean::quoted(name)));
            }
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
            if let Ok(Some(old)) = authority.store.enrollment(&name) {
                authority.uids.remove(old.uid, &old.name);
            }
            authority.store.remove(&name)?;
            authority.audit.record(Event::new(Kind::AdminPurge).about(&name).by(by));
        }
        orphans.push(name);
    }
    Ok(AdminReply::Names { names: orphans, next: names.cursor() })
}

pub(super) fn require(
    authority: &Authority,
    by: u32,
    whom: &Whom,
    require: Option<Require>,
) -> Result<AdminReply, Refusal> {
    if require == Some(Require::Approved) {
        return refuse("\"approved\" stands in mfa.toml alone, where it names who approves");
    }
    let what = require.map_or_else(|| String::from("no longer set"), |r| r.to_string());
    // The stricter of both decides.
    let rest = match require {
        Some(Require::Off | Require::Optional) => "; where policy is stricter, policy holds",
        Some(Require::Required | Require::Approved) => "",
        None => "; policy holds",
    };
    let (event, whom) = match whom {
        Whom::User(typed) => {
            let account = account(typed)?;
            let _held = authority.locks.blocking(&account.name);
            let (mut enrollment, fresh) = enrollment_of(authority, &account)?;
            enrollment.require = require;
            super::factors::save(authority, &enrollment, fresh)?;
            (Event::new(Kind::AdminRequire).about(&account.name), clean::field(&account.name))
        }
        Whom::Group(name) => {
            if name.is_empty() {
                return refuse("name a group: @GROUP");
            }
            // One that is gone, or not known just now, can still be lifted.
            if require.is_some() {
                match nix::unistd::Group::from_name(name) {
                    Ok(Some(_)) => {}
                    Ok(None) => return refuse(format!("there is no group {}", clean::quoted(name))),
                    Err(why) => {
                        return refuse(format!("the name service cannot look up group {}: {why}", clean::quoted(name)));
                    }
                }
            }
            authority.change_requirements(|all| match require {
                Some(require) => drop(all.group.insert(name.clone(), require)),
                None => drop(all.group.remove(name)),
            })?;
            (Event::new(Kind::AdminRequire), format!("@{}", clean::field(name)))
        }
        Whom::All => {
            authority.change_requirements(|all| all.all = require)?;
            (Event::new(Kind::AdminRequire), String::from("everybody"))
        }
    };
    authority.audit.record(event.by(by).detail(format!("{whom}: {what}")));
    Ok(done(format!("mfactl require is {what} for {whom}{rest}")))
}
