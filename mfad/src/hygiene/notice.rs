//! One line at each login of one who has a factor that stops.

use super::day;
use crate::authority::Authority;
use mfa_core::login::will_stop;

/// What `user` (canonical name) is told, if anything. A file that cannot be read says nothing: its user is refused elsewhere.
#[must_use]
pub fn notice(authority: &Authority, user: &str) -> Option<String> {
    let in_force = authority.in_force();
    in_force.policy.hygiene.as_ref().filter(|rules| rules.renew_after.value > 0)?;
    let enrollment = authority.store.enrollment(user).ok().flatten()?;
    let stopping = enrollment.confirmed().filter_map(|factor| Some((factor.upkeep.stops?, factor)));
    let (stops, factor) = stopping.min_by_key(|(stops, _)| *stops)?;
    let stays = enrollment.confirmed().any(|other| other.upkeep.stops.is_none());
    Some(will_stop(factor, &day(stops, &in_force.zone), stays))
}
