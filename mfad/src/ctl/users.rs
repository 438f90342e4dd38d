//! Users as a whole: status, reset, unlock, adopt, rename, purge.

use super::hygiene::upkeep;
use super::link::{Link, unexpected};
use super::show::{self, Screen, count, moment, name, span};
use super::{Failure, User, moments, simply};
use crate::clock::zone;
use clap::Args;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, FactorStatus, UserStatus};
use serde::Serialize;

/// Shows one user.
pub(super) fn status(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    let AdminReply::Status(status) = link.ask(AdminAsk::Status { user: user.to_owned() })? else {
        return Err(unexpected());
    };
    if screen.json {
        screen.object(&status)?
    } else {
        screen.say(&told(&zone(), &status))?
    };
    Ok(())
}

fn told(zone: &TimeZone, status: &UserStatus) -> String {
    let enrolled = if status.enrolled { "enrolled" } else { "not enrolled" };
    let mut lines = vec![format!("{} (uid {}): {enrolled}", name(&status.user), status.uid)];
    lines.push(match status.deadline {
        Some(deadline) => format!("  Second factor: {}, required from {} on", status.required, moment(zone, deadline)),
        None => format!("  Second factor: {}", status.required),
    });
    if let Some(activated) = status.activated {
        lines.push(format!("  Activated: {}", moment(zone, activated)));
    }
    if let Some(disabled) = status.disabled {
        lines.push(format!("  Disabled: {}, by uid {}", moment(zone, disabled.at), disabled.by_uid));
    }
    for factor in &status.factors {
        lines.extend(factor_told(zone, &status.user, factor));
    }
    for device in &status.devices {
        lines.push(format!("  {}", super::devices::line(zone, device)));
        lines.extend(upkeep(zone, &status.user, device.upkeep).map(|text| format!("    {text}")));
    }
    lines.push(format!("  Recovery codes left: {}", status.recovery_left));
    if let Some(bypass) = &status.bypass {
        lines.extend(super::bypass::told(zone, bypass).into_iter().map(|line| format!("  {line}")));
    }
    let last = status.last_success.map_or_else(|| String::from("never"), |at| moment(zone, at));
    lines.push(format!("  Last login with a factor: {last}"));
    if !status.enrolled && status.factors.is_empty() {
        lines.push(format!("  mfactl enroll {} adds a factor.", name(&status.user)));
    }
    lines.extend(status.problems.iter().map(|problem| format!("  Problem: {}", show::line(problem))));
    lines.join("\n")
}

fn factor_told(zone: &TimeZone, user: &str, factor: &FactorStatus) -> Vec<String> {
    let label =
        if factor.label.is_empty() { String::new() } else { format!(" {}", mfa_core::clean::quoted(&factor.label)) };
    let token = factor.token.as_deref().map_or_else(String::new, |serial| format!(", token {}", name(serial)));
    let state = if factor.pending {
        "pending, not yet in use"
    } else if factor.disabled {
        "disabled after too many failures"
    } else if factor.upkeep.suspended.is_some() {
        "suspended"
    } else {
        "in use"
    };
    let mut lines = vec![format!("  {}{label}{token}: {state}", name(&factor.id.to_string()))];
    let used =
        factor.last_used.map_or_else(|| String::from("never used"), |at| format!("last used {}", moment(zone, at)));
    lines.push(format!("    made {}, {used}", moment(zone, factor.created)));
    lines.extend(upkeep(zone, user, factor.upkeep).map(|text| format!("    {text}")));
    if factor.failures > 0 {
        let wait =
            if factor.wait > 0 { format!("; not looked at for another {}", span(factor.wait)) } else { String::new() };
        lines.push(format!("    {} in a row{wait}", count(u64::from(factor.failures), "failure", "failures")));
    }
    lines
}

/// Whose factors to remove, and what then.
#[derive(Debug, Args)]
pub(super) struct Reset {
    #[command(flatten)]
    user: User,
    /// Require a new factor from then on: 3d, 0 for at once, 2026-11-29; without this what was required stays
    #[arg(long, value_name = "WHEN", value_parser = moments::to_come)]
    after: Option<u64>,
}

/// Removes a user's factors.
pub(super) fn reset(link: &mut Link, screen: &mut Screen, reset: &Reset) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Reset { user: reset.user.user.clone(), after: reset.after })
}

/// Forgets failures.
pub(super) fn unlock(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Unlock { user: user.to_owned() })
}

/// Accepts a lost state.
pub(super) fn adopt(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Adopt { user: user.to_owned() })
}

/// Moves an enrolment.
pub(super) fn rename(link: &mut Link, screen: &mut Screen, old: &str, new: &str) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Rename { from: old.to_owned(), to: new.to_owned() })
}

/// What to remove.
#[derive(Debug, Args)]
pub(super) struct Purge {
    /// Enrolments without an account
    #[arg(long, required = true)]
    orphans: bool,
    /// Only name them
    #[arg(long)]
    dry_run: bool,
}

/// Removes enrolments whose account is gone.
pub(super) fn purge(link: &mut Link, screen: &mut Screen, purge: &Purge) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Orphan<'a> {
        orphan: &'a str,
        removed: bool,
    }
    let remove = purge.orphans && !purge.dry_run;
    let (mut found, mut after) = (0, None);
    loop {
        let AdminReply::Names { names, next } = link.ask(AdminAsk::Orphans { after, purge: remove })? else {
            return Err(unexpected());
        };
        for orphan in &names {
            found += 1;
            if screen.json {
                screen.object(&Orphan { orphan, removed: remove })?;
            } else {
                screen.say(&format!("{} {}", if remove { "removed" } else { "would remove" }, name(orphan)))?;
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if found == 0 && !screen.json {
        screen.say("Every enrolment has its account, or one of its uid; there is nothing to remove.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::enrollment::Disabled;
    use mfa_core::policy::{Require, Requirement};
    use mfa_core::upkeep::Upkeep;

    #[test]
    fn a_status_says_what_stands_in_the_way_and_shows_no_escapes() {
        let status = UserStatus {
            user: String::from("an\x1bna"),
            uid: 1000,
            enrolled: true,
            require: Some(Requirement::now(Require::Required)),
            required: Require::Optional,
            deadline: Some(86_400),
            activated: Some(0),
            disabled: Some(Disabled { at: 0, by_uid: 7 }),
            preferred: None,
            devices: Vec::new(),
            factors: vec![FactorStatus {
                id: mfa_core::enrollment::FactorId::typed("totp-00000001"),
                method: mfa_core::wire::Method::Totp,
                label: String::from("\u{202e}phone"),
                token: None,
                pending: false,
                created: 0,
                last_used: None,
                failures: 5,
                wait: 30,
                disabled: false,
                upkeep: Upkeep { stops: Some(86_400), ..Upkeep::default() },
            }],
            recovery_left: 9,
            bypass: None,
            last_success: None,
            problems: vec![String::from("a\nproblem")],
        };
        let text = told(&TimeZone::UTC, &status);
        assert!(text.contains("an\\u{1b}na (uid 1000): enrolled"), "{text}");
        assert!(text.contains("\"\\u{202e}phone\": in use") && text.contains("Problem: a\\u{a}problem"), "{text}");
        assert!(text.contains("5 failures in a row; not looked at for another 30 s"), "{text}");
        assert!(text.contains("Second factor: optional, required from 1970-01-02 00:00:00 +00:00 on"), "{text}");
        assert!(text.contains("    old, stops 1970-01-02 00:00:00 +00:00"), "{text}");
        assert!(text.contains("Disabled: 1970-01-01 00:00:00 +00:00, by uid 7"), "{text}");
    }
}
