//! What `mfactl require` sets: of a user, a group, everybody; at once or from a day on.

use super::{Refusal, account, done, refuse};
use crate::authority::Authority;
use crate::changes::{self, enrollment_of};
use mfa_core::admin::{AdminReply, Whom};
use mfa_core::clean;
use mfa_core::event::{Event, Kind};
use mfa_core::now::rfc3339;
use mfa_core::policy::{Require, Requirement};

/// Longest delay, in seconds: a day that is years away is a typing error.
const LONGEST: u64 = 366 * 86_400;

/// What holds where nothing is set, or where "off" is.
pub(super) const BEYOND: &str = "beyond the policy and other requirements";

pub(super) fn require(
    authority: &Authority,
    by: u32,
    whom: &Whom,
    requirement: Option<Requirement>,
) -> Result<AdminReply, Refusal> {
    let requirement = requirement.map(|requirement| checked(authority, requirement)).transpose()?;
    let what = requirement.map_or_else(|| String::from("no longer set"), said);
    let (event, whom) = match whom {
        Whom::User(typed) => {
            let account = account(typed)?;
            let _held = authority.locks.blocking(&account.name);
            let (mut enrollment, fresh) = enrollment_of(authority, &account)?;
            enrollment.require = requirement;
            changes::save(authority, &mut enrollment, fresh)?;
            (Event::new(Kind::AdminRequire).about(&account.name), clean::field(&account.name))
        }
        Whom::Group(name) => {
            if name.is_empty() {
                return refuse("name a group: @GROUP");
            }
            // One that is gone, or not known just now, can still be lifted.
            if requirement.is_some() {
                match nix::unistd::Group::from_name(name) {
                    Ok(Some(_)) => {}
                    Ok(None) => return refuse(format!("there is no group {}", clean::quoted(name))),
                    Err(why) => return refuse(format!("the group cannot be looked up: {why}")),
                }
            }
            authority.change_requirements(|all| match requirement {
                Some(requirement) => drop(all.group.insert(name.clone(), requirement)),
                None => drop(all.group.remove(name)),
            })?;
            (Event::new(Kind::AdminRequire), format!("@{}", clean::field(name)))
        }
        Whom::All => {
            authority.change_requirements(|all| all.all = requirement)?;
            (Event::new(Kind::AdminRequire), String::from("everybody"))
        }
    };
    authority.note(event.by(by).detail(format!("{whom}: {what}")));
    // The stricter of all that is said decides.
    Ok(done(match requirement.map(|set| set.require) {
        Some(Require::Required | Require::Approved) => format!("a second factor is {what} for {whom}"),
        Some(Require::Optional) => {
            format!("a second factor is {what} for {whom}; where policy is stricter, policy holds")
        }
        Some(Require::Off) => {
            format!("nothing is required of {whom} {BEYOND}. To exempt somebody write a rule with require = \"off\"")
        }
        None => format!("nothing is required of {whom} {BEYOND}"),
    }))
}

/// What is set, if it may be.
pub(super) fn checked(authority: &Authority, requirement: Requirement) -> Result<Requirement, Refusal> {
    if requirement.require == Require::Approved {
        return refuse("\"approved\" stands in mfa.toml alone, where it names who approves");
    }
    if requirement.after.is_some() && requirement.require != Require::Required {
        return refuse("a day from which on goes with \"required\" alone");
    }
    let wall = authority.clock.now().wall;
    if requirement.after.is_some_and(|after| after > wall.saturating_add(LONGEST)) {
        return refuse("that day is more than a year away");
    }
    Ok(Requirement { set: requirement.after.map(|_| wall), ..requirement })
}

/// `required`, or `required from 2026-11-29T12:00:00Z on`.
pub(super) fn said(requirement: Requirement) -> String {
    match requirement.after {
        Some(after) => format!("{} from {} on", requirement.require, rfc3339(after)),
        None => requirement.require.to_string(),
    }
}
