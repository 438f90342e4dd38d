//! `mfactl hygiene`: what lies idle is suspended, announced, removed, or only named. `mfactl resume` takes it back.

use super::link::{Link, unexpected};
use super::show::{self, Gathered, Screen, moment, name};
use super::{Failure, User, simply};
use crate::clock::zone;
use clap::Args;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, HygieneAsk, HygieneChange};
use mfa_core::clean;
use mfa_core::hygiene::Act;
use mfa_core::upkeep::{Suspended, Upkeep};

/// How much to do.
#[derive(Debug, Args)]
pub(super) struct Hygiene {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What to take back.
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    user: User,
    /// A factor or a device, as mfactl status shows it; without this everything that hygiene suspended
    #[arg(value_name = "FACTOR")]
    id: Option<String>,
}

/// Does what is due, or says it.
pub(super) fn hygiene(link: &mut Link, screen: &mut Screen, hygiene: &Hygiene) -> Result<(), Failure> {
    let (zone, mut lines, mut after) = (zone(), Gathered::default(), None);
    let mut sums = Sums::default();
    loop {
        let ask = AdminAsk::Hygiene(HygieneAsk::Run { dry_run: hygiene.dry_run, after });
        let AdminReply::Hygiene { changes, next } = link.ask(ask)? else { return Err(unexpected()) };
        for change in &changes {
            sums.add(change);
            let text = if screen.json { show::json(change)?.to_string() } else { told(&zone, change, hygiene.dry_run) };
            lines.line(screen, &text)?;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    lines.write(screen)?;
    if !screen.json {
        screen.say(&sums.told(hygiene.dry_run))?;
    }
    Ok(())
}

/// Takes back what was suspended.
pub(super) fn resume(link: &mut Link, screen: &mut Screen, resume: &Resume) -> Result<(), Failure> {
    let (user, id) = (resume.user.user.clone(), resume.id.clone());
    simply(link, screen, AdminAsk::Hygiene(HygieneAsk::Resume { user, id }))
}

fn told(zone: &TimeZone, change: &HygieneChange, would: bool) -> String {
    let label = if change.label.is_empty() { String::new() } else { format!(" {}", clean::quoted(&change.label)) };
    let (did, would_do) = match change.act {
        Act::Suspend(why) => (format!("suspended, {why}"), format!("would be suspended, {why}")),
        Act::Announce { stops } => {
            let day = moment(zone, stops);
            (format!("announced to stop at {day}"), format!("would be announced to stop at {day}"))
        }
        Act::Spare => (String::from("does not stop after all"), String::from("would not stop after all")),
        Act::Drop => (String::from("removed, never confirmed"), String::from("would be removed, never confirmed")),
    };
    let rest = match change.act {
        Act::Suspend(_) if !change.opens => {
            format!("; nothing else opens a login, recovery codes left: {}", change.recovery_left)
        }
        Act::Suspend(_) | Act::Announce { .. } | Act::Spare | Act::Drop => String::new(),
    };
    format!("{}: {}{label} {}{rest}", name(&change.user), name(&change.id), if would { would_do } else { did })
}

#[derive(Default)]
struct Sums {
    suspended: u64,
    announced: u64,
    removed: u64,
}

impl Sums {
    fn add(&mut self, change: &HygieneChange) {
        match change.act {
            Act::Suspend(_) => self.suspended += 1,
            Act::Announce { .. } => self.announced += 1,
            Act::Drop => self.removed += 1,
            Act::Spare => {}
        }
    }

    fn told(&self, would: bool) -> String {
        if self.suspended + self.announced + self.removed == 0 {
            return String::from("There is nothing to do.");
        }
        let text = format!("{} suspended, {} announced, {} removed", self.suspended, self.announced, self.removed);
        if would {
            format!("Would be: {text}. Nothing was changed.")
        } else if self.suspended > 0 {
            format!("{text}. mfactl resume USER takes back what was suspended.")
        } else {
            format!("{text}.")
        }
    }
}

/// How hygiene stands to a factor or device, in words for a status; `None`: it is left alone.
pub(super) fn upkeep(zone: &TimeZone, user: &str, upkeep: Upkeep) -> Option<String> {
    match (upkeep.suspended, upkeep.stops) {
        (Some(Suspended { at, why }), _) => {
            Some(format!("suspended {}: {why}; mfactl resume {} takes it back", moment(zone, at), name(user)))
        }
        (None, Some(stops)) => Some(format!("old, stops {}", moment(zone, stops))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::upkeep::Why;

    fn change(act: Act, opens: bool) -> HygieneChange {
        HygieneChange {
            user: String::from("anna"),
            id: String::from("totp-00000001"),
            label: String::from("my \"phone\""),
            act,
            opens,
            recovery_left: 9,
        }
    }

    #[test]
    fn what_was_done_and_what_would_be_are_told_apart() {
        let told = |act, opens, would| told(&TimeZone::UTC, &change(act, opens), would);
        let suspended = Act::Suspend(Why::Unused);
        assert_eq!(
            told(suspended, true, false),
            "anna: totp-00000001 \"my \\\"phone\\\"\" suspended, it was not used for so long"
        );
        assert!(told(suspended, false, true).ends_with(
            "would be suspended, it was not used for so long; nothing else opens a login, recovery codes left: 9"
        ));
        assert!(
            told(Act::Announce { stops: 0 }, true, false).ends_with("announced to stop at 1970-01-01 00:00:00 +00:00")
        );
        let mut sums = Sums::default();
        assert_eq!(sums.told(true), "There is nothing to do.");
        sums.add(&change(suspended, true));
        assert_eq!(sums.told(true), "Would be: 1 suspended, 0 announced, 0 removed. Nothing was changed.");
        assert!(sums.told(false).ends_with("mfactl resume USER takes back what was suspended."));
    }
}
