//! Bypasses: made by one administrator, consented to by another where policy wants it, ended, listed.
//!
//! What must never happen: consent by the one who made it, by the one it is for, or by somebody who cannot be told from them;
//! consent to another than was looked at.

use super::pages::PAGE_BYTES;
use super::{Refusal, account, done, enrolled, file_user, refuse};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::bypasses::{self, Happened, tell};
use crate::changes::{self, change_state, current_state, enrollment_of};
use mfa_core::admin::{AdminReply, BypassAsk, BypassStatus};
use mfa_core::bypass::{self, Bypass, BypassId, Consent, MOST_USES, REASON_CHARS, SHORTEST, Standing, Uses, Wanted};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::now::Now;
use mfa_core::state::State;

pub(super) fn answer(authority: &Authority, by: u32, ask: BypassAsk) -> Result<AdminReply, Refusal> {
    match ask {
        BypassAsk::Make { user, seconds, uses, reason } => {
            let consent = authority.in_force().policy.bypass.consent.value;
            make(authority, &account(&user)?, Wanted { seconds, uses, reason, by_uid: by, consent })
        }
        BypassAsk::Consent { user, id } => consent(authority, by, &file_user(&user), &id),
        BypassAsk::Revoke { user } => revoke(authority, by, &file_user(&user)),
        BypassAsk::List { after } => list(authority, after.as_deref()),
    }
}

fn make(authority: &Authority, account: &Account, wanted: Wanted) -> Result<AdminReply, Refusal> {
    check(authority, &wanted)?;
    let _held = authority.locks.blocking(&account.name);
    let user = clean::field(&account.name);
    let (mut enrollment, fresh) = enrollment_of(authority, account)?;
    let now = authority.clock.now();
    bypasses::judge_by_policy(authority, &mut enrollment);
    let state = if fresh {
        State::new(enrollment.state_id.clone(), enrollment.uid)
    } else {
        current_state(authority, &enrollment)?
    };
    if state.lost.as_ref().is_some_and(|lost| !lost.adopted) {
        return refuse(format!(
            "the record of used codes of {user} is lost, and nobody could count; mfactl adopt {user} first"
        ));
    }
    match enrollment.bypass.as_ref().map(|old| old.standing(&state, now)) {
        Some(Standing::Open | Standing::Waits) => {
            return refuse(format!("{user} has a bypass already; mfactl bypass {user} shows it, --revoke ends it"));
        }
        Some(Standing::UsedUp | Standing::Over | Standing::Lost) | None => {}
    }
    let by = wanted.by_uid;
    let (code, bypass) = bypass::make(wanted, now, getrandom::fill)?;
    enrollment.bypass = Some(bypass.clone());
    // The count of its uses is there before it opens anything.
    if fresh {
        let mut state = state;
        state.begin_bypass(&bypass);
        authority.store.state(&account.name)?.save(&state)?;
    } else {
        change_state(authority, &enrollment, |state| state.begin_bypass(&bypass))?;
    }
    changes::save(authority, &mut enrollment, false)?;
    tell(authority, &enrollment, &bypass, Happened::Made, Some(by));
    let state = current_state(authority, &enrollment)?;
    Ok(AdminReply::BypassMade { code, bypass: shown(&account.name, &bypass, &state, now) })
}

/// Whether such a bypass may be made.
fn check(authority: &Authority, wanted: &Wanted) -> Result<(), Refusal> {
    let in_force = authority.in_force();
    let max = &in_force.policy.bypass.max;
    if !(SHORTEST..=max.value).contains(&wanted.seconds) {
        let most =
            if max.value.is_multiple_of(3600) { format!("{} h", max.value / 3600) } else { format!("{} s", max.value) };
        return refuse(format!("a bypass lasts {SHORTEST} s at least and {most} at most here ({})", max.place));
    }
    if matches!(wanted.uses, Uses::Times(times) if times == 0 || times > MOST_USES) {
        return refuse(format!("a bypass opens 1 to {MOST_USES} logins, or any number until its end"));
    }
    let reason = &wanted.reason;
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS || clean::command(reason) != *reason {
        return refuse(format!("a reason is 1 to {REASON_CHARS} plain characters on one line"));
    }
    if wanted.consent { known(wanted.by_uid) } else { Ok(()) }
}

/// Whether it can be told who this administrator is.
fn known(by: u32) -> Result<(), Refusal> {
    if by == 0 {
        return refuse(
            "policy wants two administrators for a bypass, and root's own logins and jobs do not tell one person from another; \
             log in as yourself and become root by sudo",
        );
    }
    Ok(())
}

fn consent(authority: &Authority, by: u32, user: &str, id: &BypassId) -> Result<AdminReply, Refusal> {
    let _held = authority.locks.blocking(user);
    let mut enrollment = enrolled(authority, user)?;
    bypasses::judge_by_policy(authority, &mut enrollment);
    let now = authority.clock.now();
    let state = current_state(authority, &enrollment)?;
    let (uid, shown) = (enrollment.uid, clean::field(user));
    let Some(bypass) = live(&mut enrollment, now) else { return none(&shown) };
    if bypass.id != *id {
        return refuse(format!(
            "the bypass of {shown} has changed since, or this is not its id: look again with mfactl bypass {shown}"
        ));
    }
    match (bypass.standing(&state, now), bypass.consent) {
        (Standing::Waits, _) => {}
        (_, Consent::Given { by_uid, .. }) => return refuse(format!("uid {by_uid} has consented already")),
        (Standing::Open, _) => return refuse("it needs no consent: it opens already"),
        (Standing::UsedUp | Standing::Over | Standing::Lost, _) => {
            return refuse(format!("the bypass of {shown} opens nothing any more"));
        }
    }
    known(by)?;
    if bypass.by_uid == 0 {
        return refuse(format!("it is not known who made it; mfactl bypass {shown} --revoke, and make it anew"));
    }
    if by == bypass.by_uid {
        return refuse("you made it yourself: another administrator has to consent");
    }
    if by == uid {
        return refuse("it is for you: another administrator has to consent");
    }
    bypass.consent = Consent::Given { by_uid: by, at: now.wall };
    let bypass = bypass.clone();
    changes::save(authority, &mut enrollment, false)?;
    tell(authority, &enrollment, &bypass, Happened::Consented, Some(by));
    Ok(done(format!(
        "the bypass of {shown} opens {} from now on; made by uid {}: {}",
        bypasses::uses(bypass.uses),
        bypass.by_uid,
        bypass.reason
    )))
}

fn revoke(authority: &Authority, by: u32, user: &str) -> Result<AdminReply, Refusal> {
    let _held = authority.locks.blocking(user);
    let mut enrollment = enrolled(authority, user)?;
    let shown = clean::field(user);
    let Some(bypass) = live(&mut enrollment, authority.clock.now()).cloned() else { return none(&shown) };
    enrollment.bypass = None;
    changes::save(authority, &mut enrollment, false)?;
    tell(authority, &enrollment, &bypass, Happened::Revoked, Some(by));
    Ok(done(format!("the bypass of {shown} is ended: its code opens nothing any more")))
}

/// The bypass that is not over.
fn live(enrollment: &mut Enrollment, now: Now) -> Option<&mut Bypass> {
    enrollment.bypass.as_mut().filter(|bypass| !bypass.is_over(now))
}

fn none<T>(user: &str) -> Result<T, Refusal> {
    refuse(format!("{user} has no bypass, or it is over; mfactl bypass lists those there are"))
}

fn list(authority: &Authority, after: Option<&str>) -> Result<AdminReply, Refusal> {
    let now = authority.clock.now();
    let (mut names, mut last) = (Vec::new(), None);
    authority.store.roster().each_after(after, |name, entry| {
        if entry.has_bypass(now) {
            names.push(name.to_owned());
        }
        true
    })?;
    let (mut bypasses, mut bytes) = (Vec::new(), 0);
    for name in names {
        if bytes > PAGE_BYTES {
            return Ok(AdminReply::Bypasses { bypasses, next: last });
        }
        let _held = authority.locks.blocking(&name);
        let enrollment = authority.store.enrollment(&name).unwrap_or_else(|why| {
            tracing::warn!("{why}; no bypass of {} is listed", clean::quoted(&name));
            None
        });
        if let Some(enrollment) = enrollment {
            let state = current_state(authority, &enrollment)?;
            if let Some(bypass) = status_of(authority, &enrollment, &state, now) {
                bytes += serde_json::to_string(&bypass).map_or(0, |text| text.len() + 1);
                bypasses.push(bypass);
            }
        }
        last = Some(name);
    }
    Ok(AdminReply::Bypasses { bypasses, next: None })
}

/// The bypass as lists show it, where there is one that is not over.
pub(super) fn status_of(
    authority: &Authority,
    enrollment: &Enrollment,
    state: &State,
    now: Now,
) -> Option<BypassStatus> {
    let mut enrollment = enrollment.clone();
    bypasses::judge_by_policy(authority, &mut enrollment);
    let user = enrollment.name.clone();
    live(&mut enrollment, now).map(|bypass| shown(&user, bypass, state, now))
}

fn shown(user: &str, bypass: &Bypass, state: &State, now: Now) -> BypassStatus {
    BypassStatus {
        user: user.to_owned(),
        id: bypass.id.clone(),
        standing: bypass.standing(state, now),
        reason: bypass.reason.clone(),
        by_uid: bypass.by_uid,
        made: bypass.made,
        until: bypass.until,
        uses: bypass.uses,
        used: state.bypass.as_ref().filter(|used| used.id == bypass.id).map_or(0, |used| used.times),
        consent: bypass.consent,
    }
}
