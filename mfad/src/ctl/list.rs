//! `mfactl list`, and `mfactl status` without a name: everybody with a file, and sums.
//!
//! Lists are read page by page and written as they come, so that their length costs no memory.

use super::Failure;
use super::link::{Link, unexpected};
use super::moments;
use super::people::{Person, people};
use super::show::{self, Gathered, Screen, count, moment, name};
use crate::clock::{self, zone};
use clap::Args;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, Filter, ListedUser, Somebody};
use serde::Serialize;

/// Whom to list; every condition must fit.
#[derive(Debug, Default, Args)]
pub(super) struct Whom {
    /// Who has no factor: with a file, or an account of people (uid 1000 and up, and root) that getent(1) lists
    #[arg(long)]
    unenrolled: bool,
    /// Who has no factor although one is required by now
    #[arg(long)]
    overdue: bool,
    /// Who has a factor that is disabled or waits after wrong codes
    #[arg(long)]
    locked: bool,
    /// Who has a factor or a device that hygiene suspended
    #[arg(long)]
    suspended: bool,
    /// Who has a factor and has not used one for so long: 90d
    #[arg(long, value_name = "SPAN", value_parser = moments::span)]
    inactive: Option<u64>,
}

impl Whom {
    fn filter(&self) -> Filter {
        Filter {
            unenrolled: self.unenrolled,
            overdue: self.overdue,
            locked: self.locked,
            suspended: self.suspended,
            inactive_since: self.inactive.map(|span| clock::wall().saturating_sub(span)),
        }
    }

    /// Whether accounts without a file can be among them.
    fn takes_accounts(&self) -> bool {
        (self.unenrolled || self.overdue) && !self.locked && !self.suspended && self.inactive.is_none()
    }
}

/// The sums.
#[derive(Debug, Default, Serialize)]
struct Sums {
    users: u64,
    enrolled: u64,
    overdue: u64,
    locked: u64,
    with_problems: u64,
}

/// Lists them.
pub(super) fn list(link: &mut Link, screen: &mut Screen, whom: &Whom) -> Result<(), Failure> {
    let mut table = Table::new();
    each(link, whom.filter(), |user| table.row(screen, user))?;
    if whom.takes_accounts() {
        for user in accounts(link)?.iter().filter(|user| !whom.overdue || user.overdue) {
            table.row(screen, user)?;
        }
    }
    table.end(
        screen,
        if whom.filter() == Filter::default() { "Nobody has a file; mfactl enroll USER begins." } else { "Nobody." },
    )
}

/// Lists everybody with a file, and sums.
pub(super) fn totals(link: &mut Link, screen: &mut Screen) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Sum<'a> {
        totals: &'a Sums,
    }
    let (mut table, mut sums) = (Table::new(), Sums::default());
    each(link, Filter::default(), |user| {
        sums.add(user);
        table.row(screen, user)
    })?;
    table.end(screen, "Nobody has a file; mfactl enroll USER begins.")?;
    if screen.json {
        screen.object(&Sum { totals: &sums })?
    } else {
        screen.say(&sums.told())?
    };
    Ok(())
}

fn each(
    link: &mut Link,
    filter: Filter,
    mut take: impl FnMut(&ListedUser) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let AdminReply::Page { users, next } = link.ask(AdminAsk::List { filter, after })? else {
            return Err(unexpected());
        };
        users.iter().try_for_each(&mut take)?;
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

impl Sums {
    fn add(&mut self, user: &ListedUser) {
        self.users += 1;
        self.enrolled += u64::from(user.enrolled);
        self.overdue += u64::from(user.overdue);
        self.locked += u64::from(user.locked);
        self.with_problems += u64::from(user.problem);
    }

    fn told(&self) -> String {
        format!(
            "{}: {} enrolled, {} overdue, {} locked, {} with problems",
            count(self.users, "user", "users"),
            self.enrolled,
            self.overdue,
            self.locked,
            self.with_problems
        )
    }
}

/// Rows under a heading, or JSON.
struct Table {
    zone: TimeZone,
    lines: Gathered,
    begun: bool,
}

impl Table {
    fn new() -> Self {
        Self { zone: zone(), lines: Gathered::default(), begun: false }
    }

    fn row(&mut self, screen: &mut Screen, user: &ListedUser) -> Result<(), Failure> {
        if !self.begun && !screen.json {
            self.lines.line(screen, &row(["USER", "UID", "FACTORS", "DEVICES", "RECOVERY", "LAST CODE", ""]))?;
        }
        self.begun = true;
        let text = if screen.json { show::json(user)?.to_string() } else { listed(&self.zone, user) };
        Ok(self.lines.line(screen, &text)?)
    }

    fn end(mut self, screen: &mut Screen, nobody: &str) -> Result<(), Failure> {
        self.lines.write(screen)?;
        if !self.begun && !screen.json {
            screen.say(nobody)?;
        }
        Ok(())
    }
}

fn row([user, uid, factors, devices, recovery, last, rest]: [&str; 7]) -> String {
    format!("{user:<20} {uid:>6}  {factors:>7} {devices:>7} {recovery:>8}  {last:<27} {rest}").trim_end().to_owned()
}

fn listed(zone: &TimeZone, user: &ListedUser) -> String {
    let last = user.last_success.map_or_else(|| String::from("-"), |at| moment(zone, at));
    let uid = if user.uid == u32::MAX { String::from("?") } else { user.uid.to_string() };
    let mut rest: Vec<String> = Vec::new();
    if user.factors > 0 && !user.enrolled {
        rest.push(String::from("pending"));
    }
    match (user.deadline, user.overdue) {
        (Some(deadline), _) => rest.push(format!("required from {} on", moment(zone, deadline))),
        (None, true) => rest.push(String::from("OVERDUE")),
        (None, false) => rest.push(user.required.to_string()),
    }
    if user.locked {
        rest.push(String::from("LOCKED"));
    }
    if user.suspended {
        rest.push(String::from("SUSPENDED"));
    }
    if user.bypass {
        rest.push(String::from("BYPASS: see mfactl bypass"));
    }
    if user.problem {
        rest.push(String::from("PROBLEMS: see mfactl status"));
    }
    let number = |n: u8| if n == 0 { String::from("-") } else { n.to_string() };
    let (factors, devices, recovery) = (number(user.factors), number(user.devices), user.recovery_left.to_string());
    row([&name(&user.user), &uid, &factors, &devices, &recovery, &last, &rest.join("; ")])
}

/// Accounts of people without a file, as getent(1) lists them: directories that cannot be listed are left out.
fn accounts(link: &mut Link) -> Result<Vec<ListedUser>, Failure> {
    let (mut found, mut some, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut people = people().into_iter().peekable();
    while let Some(Person { name, uid, gid, .. }) = people.next() {
        bytes += name.len() + ROW_BYTES;
        some.push(Somebody { name, uid, gid });
        if bytes < ASKED_BYTES && people.peek().is_some() {
            continue;
        }
        let ask = AdminAsk::Unlisted { people: std::mem::take(&mut some) };
        let AdminReply::Page { users, .. } = link.ask(ask)? else {
            return Err(unexpected());
        };
        found.extend(users);
        bytes = 0;
    }
    Ok(found)
}

/// Bytes of a row as JSON, but for its name.
const ROW_BYTES: usize = 320;

/// Bytes of rows asked about at once: a frame of 16 KiB holds the answer, with the longest name more.
const ASKED_BYTES: usize = 12 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::policy::Require;

    #[test]
    fn a_row_says_what_is_required_and_what_is_wrong_and_shows_no_escapes() {
        let user = ListedUser {
            user: String::from("an\x1bna"),
            uid: 1000,
            enrolled: false,
            required: Require::Optional,
            deadline: Some(0),
            overdue: false,
            factors: 1,
            devices: 0,
            recovery_left: 9,
            activated: None,
            last_success: None,
            locked: true,
            suspended: true,
            bypass: true,
            problem: true,
        };
        let text = listed(&TimeZone::UTC, &user);
        assert!(text.starts_with("an\\u{1b}na "), "{text}");
        let rest = "pending; required from 1970-01-01 00:00:00 +00:00 on; LOCKED; SUSPENDED; BYPASS: see mfactl bypass; PROBLEMS: see mfactl status";
        assert!(text.ends_with(rest), "{text}");
        let overdue = ListedUser {
            deadline: None,
            overdue: true,
            locked: false,
            suspended: false,
            bypass: false,
            problem: false,
            ..user
        };
        assert!(listed(&TimeZone::UTC, &overdue).ends_with("pending; OVERDUE"));
    }
}
