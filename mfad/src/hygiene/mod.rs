//! Factors nobody uses or renews, and enrolments nobody confirmed: looked for once a day, or when an administrator says so.
//!
//! The roster tells whom to look at; one user's lock is held at a time. What is to be done is `mfa_core::hygiene`. What must never
//! happen: a change that is in no log, in no trail and unknown to the user's agents.

mod daily;
mod notice;

pub use daily::watch;
pub use notice::notice;

use crate::authority::Authority;
use crate::changes::{Refusal, current_state, refuse, save};
use crate::clock::{from_local_seconds, local_seconds};
use jiff::tz::TimeZone;
use mfa_core::admin::HygieneChange;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::hygiene::{Act, Change, apply, plan};
use mfa_core::now::rfc3339;
use mfa_core::policy::HygieneRules;
use mfa_core::state::State;
use std::time::{Duration, Instant};

/// Users looked at in the roster for one page: others wait for it meanwhile.
const PAGE_LOOKED_AT: usize = 20_000;

/// Users of one page of whom there may be something.
const PAGE_DUE: usize = 64;

/// Bytes of one page as JSON, so that it fits a frame of 16 KiB with one more user in it.
const PAGE_BYTES: usize = 7 * 1024;

/// Time for one page, within which an administrator's program hears of it.
const PAGE_TIME: Duration = Duration::from_secs(2);

/// Seconds of a day.
const DAY: u64 = 86_400;

/// What was announced at an hour stops at that hour, although the looks of two days are never the same seconds apart.
const GRACE: u64 = 3600;

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing: it is only said.
    Look,
    /// Everything.
    Act,
    /// Everything, but nothing is suspended.
    ActAndSuspendNothing,
}

/// What is due for some users.
#[derive(Debug, Default)]
pub struct Page {
    /// What was done, or would be.
    pub changes: Vec<HygieneChange>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Does what is due for some users after `after`, in the order of names. `by`: the administrator's login uid; `None`: mfad by itself.
///
/// # Errors
/// When hygiene is off, or a change is not durable. What was done before it stands.
pub fn page(authority: &Authority, by: Option<u32>, how: How, after: Option<&str>) -> Result<Page, Refusal> {
    let in_force = authority.in_force();
    let Some(rules) = &in_force.policy.hygiene else {
        return refuse("hygiene is off: [hygiene] in mfa.toml says what becomes of factors that nobody uses or renews");
    };
    let began = Instant::now();
    let wall = authority.clock.now().wall;
    let (mut due, mut looked_at, mut last, mut more) = (Vec::new(), 0, None, false);
    authority.store.roster().each_after(after, |name, entry| {
        if looked_at >= PAGE_LOOKED_AT || due.len() >= PAGE_DUE {
            more = true;
            return false;
        }
        looked_at += 1;
        last = Some(name.to_owned());
        if entry.glance.may_be_due(rules, wall) {
            due.push(name.to_owned());
        }
        true
    })?;
    let (mut page, mut bytes, mut done) = (Page::default(), 0, after.map(str::to_owned));
    for user in due {
        if bytes > PAGE_BYTES || began.elapsed() > PAGE_TIME {
            page.next = done;
            return Ok(page);
        }
        let changes = one(authority, rules, &in_force.zone, (by, how), &user)?;
        bytes += serde_json::to_string(&changes).map_or(0, |text| text.len());
        page.changes.extend(changes);
        done = Some(user);
    }
    page.next = last.filter(|_| more);
    Ok(page)
}

/// Does what is due for one user.
fn one(
    authority: &Authority,
    rules: &HygieneRules,
    zone: &TimeZone,
    (by, how): (Option<u32>, How),
    user: &str,
) -> Result<Vec<HygieneChange>, Refusal> {
    let _held = authority.locks.blocking(user);
    let (mut enrollment, state) = match read(authority, user) {
        Ok(Some(read)) => read,
        Ok(None) => return Ok(Vec::new()),
        // Its user is refused anyway; the others are looked at all the same.
        Err(Refusal(why)) => {
            tracing::warn!("nobody looks after the factors of {}: {why}", clean::quoted(user));
            return Ok(Vec::new());
        }
    };
    let wall = authority.clock.now().wall;
    let mut changes = plan(rules, &enrollment, &state, wall, stops(rules, zone, wall));
    if how == How::ActAndSuspendNothing {
        changes.retain(|change| !matches!(change.act, Act::Suspend(_)));
    }
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let labels: Vec<String> = changes.iter().map(|change| label(&enrollment, &change.id)).collect();
    apply(&mut enrollment, &changes, wall);
    if how != How::Look {
        save(authority, &mut enrollment, false)?;
        changes.iter().for_each(|change| tell(authority, &enrollment, change, rules, zone, by));
    }
    let recovery_left = u8::try_from(state.recovery_left(enrollment.recovery.as_ref())).unwrap_or(u8::MAX);
    let opens = enrollment.opens();
    let done = changes.into_iter().zip(labels).map(|(Change { id, act }, label)| HygieneChange {
        user: user.to_owned(),
        id: clean::field(&id),
        label,
        act,
        opens,
        recovery_left,
    });
    Ok(done.collect())
}

/// What the user's files say.
fn read(authority: &Authority, user: &str) -> Result<Option<(Enrollment, State)>, Refusal> {
    let Some(enrollment) = authority.store.enrollment(user)? else { return Ok(None) };
    let state = current_state(authority, &enrollment)?;
    Ok(Some((enrollment, state)))
}

/// When that stops which is announced at `wall`: after the overlap, at the hour at which it is looked.
fn stops(rules: &HygieneRules, zone: &TimeZone, wall: u64) -> u64 {
    let overlap = rules.overlap.as_ref().map_or(0, |set| set.value);
    let earliest = local_seconds(wall.saturating_add(overlap).saturating_sub(GRACE), zone);
    let at = u64::from(rules.at.value) * 60;
    let day = if earliest % DAY <= at { earliest / DAY } else { earliest / DAY + 1 };
    from_local_seconds(day * DAY + at, zone)
}

/// The day in `zone`: `2026-11-29`.
fn day(wall: u64, zone: &TimeZone) -> String {
    let shown = rfc3339(local_seconds(wall, zone));
    shown.get(..10).unwrap_or(&shown).to_owned()
}

fn label(enrollment: &Enrollment, id: &str) -> String {
    let factors = enrollment.factors.iter().map(|factor| (factor.id.to_string(), &factor.label));
    let devices = enrollment.devices.iter().map(|device| (device.id.to_string(), &device.label));
    factors.chain(devices).find(|(known, _)| known == id).map_or_else(String::new, |(_, label)| clean::field(label))
}

/// Says everywhere what was done.
fn tell(
    authority: &Authority,
    enrollment: &Enrollment,
    change: &Change,
    rules: &HygieneRules,
    zone: &TimeZone,
    by: Option<u32>,
) {
    let (user, id) = (clean::field(&enrollment.name), clean::field(&change.id));
    let days = |seconds: u64| format!("{} days", seconds / DAY);
    let (kind, did, announced) = match change.act {
        Act::Suspend(why) => {
            let of_device = enrollment.devices.iter().any(|device| device.id.as_str() == change.id);
            let kind = if of_device { Kind::DeviceSuspended } else { Kind::FactorSuspended };
            let announced = format!("{id} was suspended: {why}. An administrator can take it back.");
            (kind, format!("was suspended: {why}"), announced)
        }
        Act::Announce { stops } => {
            let day = day(stops, zone);
            let announced = format!("{id} is old and stops on {day}. Set up another one before.");
            (Kind::FactorStops, format!("is old and stops on {day}"), announced)
        }
        Act::Spare => {
            (Kind::FactorStays, String::from("does not stop after all"), format!("{id} does not stop after all."))
        }
        Act::Drop => {
            let did = format!("was removed: nobody confirmed it for {}", days(rules.drop_pending.value));
            (Kind::FactorRemoved, did.clone(), format!("{id} {did}."))
        }
    };
    match change.act {
        Act::Suspend(_) if !enrollment.opens() => tracing::warn!(
            "{id} of {user} {did}; nothing of the user's opens a login any more but recovery codes: mfactl resume {user} takes it back"
        ),
        Act::Suspend(_) => tracing::warn!("{id} of {user} {did}; mfactl resume {user} takes it back"),
        Act::Announce { .. } | Act::Spare | Act::Drop => tracing::info!("{id} of {user} {did}"),
    }
    let mut event = Event::new(kind).about(&user).detail(did);
    (event.factor, event.by_uid) = (Some(id), by);
    authority.note(event);
    authority.pushes.announce(enrollment.uid, &announced);
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::place::Place;
    use mfa_core::policy::Set;

    #[test]
    fn what_is_announced_stops_an_overlap_later_at_the_hour_of_the_look() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let set = |value: u64| Set { value, place: Place::built_in("x") };
        let rules = HygieneRules {
            at: Set { value: 210, place: Place::built_in("x") },
            suspend_unused: set(0),
            renew_after: set(365 * DAY),
            overlap: Some(set(14 * DAY)),
            drop_pending: set(0),
        };
        // 2026-11-01 00:00 in CET.
        let midnight = 1_793_487_600;
        let half_past_three = 3 * 3600 + 1800;
        for (announced, expected) in [
            (midnight + half_past_three + 8, "2026-11-15"),
            (midnight + half_past_three - 60, "2026-11-15"),
            (midnight + half_past_three + 3599, "2026-11-15"),
            (midnight + half_past_three + 3601, "2026-11-16"),
            (midnight + 17 * 3600, "2026-11-16"),
        ] {
            let stops = stops(&rules, &zone, announced);
            assert_eq!(day(stops, &zone), expected);
            assert_eq!(local_seconds(stops, &zone) % DAY, half_past_three);
        }
        // Over the end of summer time, which is not a day of 24 hours.
        let in_summer = midnight - 10 * DAY + half_past_three + 8 - 3600;
        assert_eq!(local_seconds(stops(&rules, &zone, in_summer), &zone) % DAY, half_past_three);
    }
}
