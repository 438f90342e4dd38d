//! Users as a whole: status, list, reset, unlock, adopt, rename, purge, require.
//!
//! Lists are read page by page and written as they come, so that their length costs no memory.

use super::link::{Link, unexpected};
use super::show::{self, Gathered, Screen, count, moment, name, span};
use super::{Failure, simply};
use crate::clock::zone;
use clap::Args;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, FactorStatus, UserStatus, Whom};
use mfa_core::policy::Require;
use serde::Serialize;

/// Whether a list ends with sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Totals {
    /// It does.
    Shown,
    /// It does not.
    LeftOut,
}

/// The sums.
#[derive(Debug, Default, Serialize)]
struct Sums {
    users: u64,
    enrolled: u64,
    pending: u64,
    required: u64,
    with_problems: u64,
}

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

/// Shows everybody who has a file.
pub(super) fn list(link: &mut Link, screen: &mut Screen, totals: Totals) -> Result<(), Failure> {
    let zone = zone();
    let (mut sums, mut lines, mut after) = (Sums::default(), Gathered::default(), None);
    loop {
        let AdminReply::Page { users, next } = link.ask(AdminAsk::List { after })? else { return Err(unexpected()) };
        for user in &users {
            if sums.users == 0 && !screen.json {
                lines.line(screen, &row("USER", "UID", "FACTORS", "RECOVERY", "LAST CODE", ""))?;
            }
            sums.add(user);
            let text = if screen.json { show::json(user)?.to_string() } else { listed(&zone, user) };
            lines.line(screen, &text)?;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    lines.write(screen)?;
    if sums.users == 0 && !screen.json {
        screen.say("Nobody is enrolled; mfactl enroll USER begins.")?;
    }
    if totals == Totals::Shown {
        #[derive(Serialize)]
        struct Sum<'a> {
            totals: &'a Sums,
        }
        if screen.json {
            screen.object(&Sum { totals: &sums })?
        } else {
            screen.say(&sums.told())?
        };
    }
    Ok(())
}

impl Sums {
    fn add(&mut self, user: &UserStatus) {
        self.users += 1;
        self.enrolled += u64::from(user.enrolled);
        self.pending += u64::from(user.factors.iter().any(|factor| factor.pending));
        self.required += u64::from(user.require == Some(Require::Required));
        self.with_problems += u64::from(!user.problems.is_empty());
    }

    fn told(&self) -> String {
        format!(
            "{}: {} enrolled, {} with a pending factor, {} required by mfactl, {} with problems",
            count(self.users, "user", "users"),
            self.enrolled,
            self.pending,
            self.required,
            self.with_problems
        )
    }
}

fn row(user: &str, uid: &str, factors: &str, recovery: &str, last: &str, rest: &str) -> String {
    format!("{user:<20} {uid:>6}  {factors:<14} {recovery:>8}  {last:<27} {rest}").trim_end().to_owned()
}

fn listed(zone: &TimeZone, user: &UserStatus) -> String {
    let mut factors: Vec<String> = Vec::new();
    for factor in &user.factors {
        let mark = if factor.pending { "(pending)" } else { "" };
        factors.push(format!("{}{mark}", factor.method));
    }
    let factors = if factors.is_empty() { String::from("-") } else { factors.join(",") };
    let last = user.last_success.map_or_else(|| String::from("-"), |at| moment(zone, at));
    let uid = if user.uid == u32::MAX { String::from("?") } else { user.uid.to_string() };
    let mut rest: Vec<String> = user.require.iter().map(ToString::to_string).collect();
    if !user.problems.is_empty() {
        rest.push(String::from("PROBLEMS: see mfactl status"));
    }
    row(&name(&user.user), &uid, &factors, &user.recovery_left.to_string(), &last, &rest.join("; "))
}

fn told(zone: &TimeZone, status: &UserStatus) -> String {
    let enrolled = if status.enrolled { "enrolled" } else { "not enrolled" };
    let mut lines = vec![format!("{} (uid {}): {enrolled}", name(&status.user), status.uid)];
    if let Some(require) = status.require {
        lines.push(format!("  Set by mfactl require: {require}"));
    }
    for factor in &status.factors {
        lines.extend(factor_told(zone, factor));
    }
    lines.push(format!("  Recovery codes left: {}", status.recovery_left));
    let last = status.last_success.map_or_else(|| String::from("never"), |at| moment(zone, at));
    lines.push(format!("  Last code accepted: {last}"));
    if status.factors.is_empty() {
        lines.push(format!("  mfactl enroll {} adds a factor.", name(&status.user)));
    }
    lines.extend(status.problems.iter().map(|problem| format!("  Problem: {}", show::line(problem))));
    lines.join("\n")
}

fn factor_told(zone: &TimeZone, factor: &FactorStatus) -> Vec<String> {
    let label =
        if factor.label.is_empty() { String::new() } else { format!(" {}", mfa_core::clean::quoted(&factor.label)) };
    let state = if factor.pending {
        "pending, not yet in use"
    } else if factor.disabled {
        "disabled after too many failures"
    } else {
        "in use"
    };
    let mut lines = vec![format!("  {}{label}: {state}", name(&factor.id.to_string()))];
    let used =
        factor.last_used.map_or_else(|| String::from("never used"), |at| format!("last used {}", moment(zone, at)));
    lines.push(format!("    made {}, {used}", moment(zone, factor.created)));
    if factor.failures > 0 {
        let wait =
            if factor.wait > 0 { format!("; not looked at for another {}", span(factor.wait)) } else { String::new() };
        lines.push(format!("    {} in a row{wait}", count(u64::from(factor.failures), "failure", "failures")));
    }
    lines
}

/// Removes a user's factors.
pub(super) fn reset(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Reset { user: user.to_owned() })
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
        screen.say("Every enrolment has its account; there is nothing to remove.")?;
    }
    Ok(())
}

/// A requirement.
#[derive(Debug, Args)]
#[command(override_usage = "mfactl require <USER|@GROUP|--all> <off|optional|required|--lift>")]
pub(super) struct Required {
    /// Whom it is for, unless --all, and what is required, unless --lift
    #[arg(value_name = "WORDS", num_args = 0..=2)]
    words: Vec<String>,
    /// For everybody
    #[arg(long)]
    all: bool,
    /// Require nothing any longer; the policy files go on
    #[arg(long)]
    lift: bool,
}

impl Required {
    fn read(&self) -> Result<(Whom, Option<Require>), String> {
        let mut words = self.words.iter();
        let whom = match self.all {
            true => Whom::All,
            false => match words.next().ok_or("for whom? Name a user, a @GROUP or --all")?.strip_prefix('@') {
                None => Whom::User(self.words.first().cloned().unwrap_or_default()),
                Some("") => return Err(String::from("@ is followed by the name of a group")),
                Some(group) => Whom::Group(group.to_owned()),
            },
        };
        let level = match (words.next().map(String::as_str), self.lift) {
            (None, true) => None,
            (Some("off"), false) => Some(Require::Off),
            (Some("optional"), false) => Some(Require::Optional),
            (Some("required"), false) => Some(Require::Required),
            (Some(_), true) => return Err(String::from("--lift takes no level and no other name")),
            _ => return Err(String::from("what is required? One of off, optional, required, or --lift")),
        };
        if words.next().is_some() { Err(String::from("too many words")) } else { Ok((whom, level)) }
    }
}

/// Sets or lifts a requirement.
pub(super) fn require(
    screen: &mut Screen,
    required: &Required,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let (whom, require) = required.read().map_err(|why| Failure::Usage { of: "require", why })?;
    simply(&mut link()?, screen, AdminAsk::Require { whom, require })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(words: &[&str], all: bool, lift: bool) -> Result<(Whom, Option<Require>), String> {
        Required { words: words.iter().map(|word| (*word).to_owned()).collect(), all, lift }.read()
    }

    #[test]
    fn a_requirement_names_whom_and_what() {
        let user = |name: &str| Whom::User(name.into());
        assert_eq!(required(&["anna", "required"], false, false), Ok((user("anna"), Some(Require::Required))));
        assert_eq!(required(&["@ops", "off"], false, false), Ok((Whom::Group("ops".into()), Some(Require::Off))));
        assert_eq!(required(&["optional"], true, false), Ok((Whom::All, Some(Require::Optional))));
        assert_eq!(required(&["anna"], false, true), Ok((user("anna"), None)));
        assert_eq!(required(&[], true, true), Ok((Whom::All, None)));
    }

    #[test]
    fn a_requirement_that_could_mean_two_things_is_refused() {
        for (words, all, lift) in [
            (&[][..], false, false),
            (&["anna"], false, false),
            (&["anna", "must"], false, false),
            (&["anna", "required"], true, false),
            (&["anna", "required"], false, true),
            (&["@", "required"], false, false),
            (&["required"], false, false),
        ] {
            assert!(required(words, all, lift).is_err(), "{words:?} {all} {lift}");
        }
    }

    #[test]
    fn a_status_says_what_stands_in_the_way_and_shows_no_escapes() {
        let status = UserStatus {
            user: String::from("an\x1bna"),
            uid: 1000,
            enrolled: true,
            require: Some(Require::Required),
            devices: Vec::new(),
            factors: vec![FactorStatus {
                id: mfa_core::enrollment::FactorId::typed("totp-00000001"),
                method: mfa_core::wire::Method::Totp,
                label: String::from("\u{202e}phone"),
                pending: false,
                created: 0,
                last_used: None,
                failures: 5,
                wait: 30,
                disabled: false,
            }],
            recovery_left: 9,
            last_success: None,
            problems: vec![String::from("a\nproblem")],
        };
        let text = told(&TimeZone::UTC, &status);
        assert!(text.contains("an\\u{1b}na (uid 1000): enrolled"), "{text}");
        assert!(text.contains("\"\\u{202e}phone\": in use") && text.contains("Problem: a\\u{a}problem"), "{text}");
        assert!(text.contains("5 failures in a row; not looked at for another 30 s"), "{text}");
        assert!(listed(&TimeZone::UTC, &status).ends_with("required; PROBLEMS: see mfactl status"));
    }
}
