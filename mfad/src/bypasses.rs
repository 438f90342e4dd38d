//! Bypasses as mfad handles them: what policy in force makes of one, and that nothing happens to one silently.
//!
//! Called by administration and by logins, with the user's lock held. What must never happen: one that is made, consented to,
//! used or ended without a warning in the log, an event in the trail and a word to the user's agents.

use crate::authority::Authority;
use mfa_core::bypass::{Bypass, Uses};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::now::rfc3339;

/// What happened to a bypass.
#[derive(Debug, Clone, Copy)]
pub enum Happened {
    /// An administrator made it.
    Made,
    /// Another consented to it.
    Consented,
    /// Its code let somebody in, for the so-many-th time.
    Used(u16),
    /// It was ended before its time.
    Revoked,
}

/// Makes the enrolment's bypass what the policy in force makes of it.
pub fn judge_by_policy(authority: &Authority, enrollment: &mut Enrollment) {
    let Some(bypass) = &mut enrollment.bypass else { return };
    let rules = &authority.in_force().policy.bypass;
    if rules.consent.value {
        bypass.demand_consent();
    }
    bypass.shorten(rules.max.value);
}

/// Whether the enrolment has a bypass whose time is not over by the policy in force.
pub fn has_time(authority: &Authority, enrollment: &Enrollment) -> bool {
    let max = authority.in_force().policy.bypass.max.value;
    enrollment.bypass.clone().is_some_and(|mut bypass| {
        bypass.shorten(max);
        !bypass.is_over(authority.clock.now())
    })
}

/// Says it everywhere. `by`: the administrator's login uid, where one did it.
pub fn tell(authority: &Authority, enrollment: &Enrollment, bypass: &Bypass, happened: Happened, by: Option<u32>) {
    let user = clean::quoted(&enrollment.name);
    let until = rfc3339(bypass.until);
    let (kind, did, announced) = match happened {
        Happened::Made => (
            Kind::BypassMade,
            String::from("was made"),
            format!(
                "An administrator made a bypass of your second factor, good until {until}. If it is not for you, tell them."
            ),
        ),
        Happened::Consented => (
            Kind::BypassConsented,
            String::from("was consented to"),
            format!("A second administrator consented to the bypass of your second factor, good until {until}."),
        ),
        Happened::Used(times) => (
            Kind::BypassUsed,
            format!("let a login in, {}", of(times, bypass.uses)),
            String::from(
                "A login of yours was let in by a bypass, without your second factor. If it was not you, tell your administrator.",
            ),
        ),
        Happened::Revoked => (
            Kind::BypassRevoked,
            String::from("was ended"),
            String::from("The bypass of your second factor was ended."),
        ),
    };
    let who = by.map_or_else(String::new, |uid| format!(" by uid {uid}"));
    let what = format!("until {until}, {}, made by uid {}: {}", uses(bypass.uses), bypass.by_uid, bypass.reason);
    tracing::warn!("the bypass of {user} {did}{who}; {}", clean::command(&what));
    let mut event = Event::new(kind).about(&clean::field(&enrollment.name));
    event.by_uid = by;
    let detail = match happened {
        Happened::Used(times) => format!("{}; {what}", of(times, bypass.uses)),
        Happened::Made | Happened::Consented | Happened::Revoked => what,
    };
    authority.note(event.detail(clean::command(&detail)));
    authority.pushes.announce(enrollment.uid, &announced);
}

/// `1 login`, `3 logins`, `any number of logins`.
#[must_use]
pub fn uses(uses: Uses) -> String {
    match uses {
        Uses::Times(1) => String::from("1 login"),
        Uses::Times(times) => format!("{times} logins"),
        Uses::AnyNumber => String::from("any number of logins"),
    }
}

fn of(times: u16, uses: Uses) -> String {
    match uses {
        Uses::Times(most) => format!("{times} of {most}"),
        Uses::AnyNumber => format!("number {times}"),
    }
}
