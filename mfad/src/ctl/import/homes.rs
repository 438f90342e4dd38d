//! `mfactl import google-authenticator --all-homes`: everybody's file at once, with a word about each of them.
//!
//! The files lie in folders that belong to their users. What must never happen: a file taken that is not its user's own, or a person
//! without a word.

use super::{How, MOST_BYTES, outcome, read_checked, stage};
use crate::ctl::Failure;
use crate::ctl::link::{Link, unexpected};
use crate::ctl::people::{Person, people};
use crate::ctl::show::{Gathered, Screen, count, json, line, name};
use mfa_core::admin::{AdminAsk, AdminReply};
use mfa_core::import::{FIDO_KEYS, Outcome, Report, google_authenticator};
use serde::Serialize;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where google-authenticator keeps its file, and pam_u2f its own.
const FILE: &str = ".google_authenticator";
const U2F_FILE: &str = ".config/Yubico/u2f_keys";

/// What became of one person's file.
#[derive(Serialize)]
struct Told {
    user: String,
    outcome: &'static str,
    text: String,
}

/// The last object of `--json`.
#[derive(Serialize)]
struct Sum {
    found: usize,
    refused: usize,
    kept: usize,
    written: bool,
}

/// Imports the files of all people. They are read before the link is opened: offline, that gives root's rights away.
pub(super) fn import(
    screen: &mut Screen,
    how: &How,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let mut told = Vec::new();
    let mut reports = Vec::new();
    for person in people() {
        let home = Path::new(&person.home);
        if home.join(U2F_FILE).symlink_metadata().is_ok() {
            let text = format!("{U2F_FILE} is {FIDO_KEYS}");
            told.push(Told { user: person.name.clone(), outcome: outcome(Outcome::LeftOut), text });
        }
        match report(&person, home, how) {
            None => {}
            Some(Ok(report)) => reports.push((person.name, report)),
            Some(Err(text)) => told.push(Told { user: person.name, outcome: outcome(Outcome::Refused), text }),
        }
    }
    let mut link = link()?;
    let mut kept = 0;
    for (user, mut report) in reports {
        let staged = stage(&mut link, &mut report, Some(&user))?;
        kept += staged;
        told.push(about(user, &report, staged, how.skip_bad));
    }
    told.sort_by(|a, b| a.user.cmp(&b.user));
    let refused = told.iter().filter(|told| told.outcome == outcome(Outcome::Refused)).count();
    let mut lines = Gathered::default();
    for told in &told {
        let text = if screen.json {
            json(told)?.to_string()
        } else {
            format!("{}: {}: {}", name(&told.user), told.outcome, line(&told.text))
        };
        lines.line(screen, &text)?;
    }
    lines.write(screen)?;
    let goes_on = kept > 0 && (refused == 0 || how.skip_bad);
    let mut done = None;
    if goes_on && !how.dry_run {
        match link.ask(AdminAsk::Commit { short_secrets: how.allow_short_secret })? {
            AdminReply::Done { text } => done = Some(text),
            _ => return Err(unexpected()),
        }
    }
    if screen.json {
        screen.object(&Sum { found: told.len(), refused, kept, written: done.is_some() })?;
        return if goes_on { Ok(()) } else { Err(Failure::Said) };
    }
    match done {
        Some(text) => Ok(screen.done(&text)?),
        None if goes_on => {
            Ok(screen
                .say(&format!("Nothing was written. Would import {}.", count(kept as u64, "factor", "factors")))?)
        }
        None if kept == 0 => Err(Failure::refused("there is nothing that could be imported")),
        None => Err(Failure::Refused(format!(
            "nothing was imported, {} refused: mend them, or leave them out by --skip-bad",
            count(refused as u64, "file was", "files were")
        ))),
    }
}

/// What a person's file holds; `None` where there is none.
fn report(person: &Person, home: &Path, how: &How) -> Option<Result<Report, String>> {
    let path = home.join(FILE);
    match path.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            return None;
        }
        _ => {}
    }
    let text = read_checked(&path, |seen| {
        // google-authenticator refuses such files itself (secret file permissions, no_strict_owner).
        if seen.uid() != person.uid {
            return Err(String::from("the file is not this user's own"));
        }
        if seen.mode() & 0o077 != 0 {
            return Err(String::from("others may read the file, so its key is no secret: enrol anew, mfactl enroll"));
        }
        if seen.nlink() > 1 || seen.len() > MOST_BYTES / 1024 {
            return Err(String::from("the file has a second name, or is larger than any of this kind"));
        }
        Ok(())
    });
    Some(text.map(|text| google_authenticator::parse(&text, how.short())))
}

/// A file in one line: what was taken, and what of it was changed, left out or refused.
fn about(user: String, report: &Report, staged: usize, skip_bad: bool) -> Told {
    let of = |wanted: Outcome| report.lines.iter().filter(move |line| line.outcome == wanted);
    let refused = report.refused() > 0;
    let worst = if staged == 0 || (refused && !skip_bad) {
        Outcome::Refused
    } else if refused || of(Outcome::Changed).next().is_some() {
        Outcome::Changed
    } else {
        Outcome::Taken
    };
    let mut parts: Vec<String> =
        of(Outcome::Refused).map(|line| format!("line {}: {}", line.number, line.text)).collect();
    if worst != Outcome::Refused {
        parts.extend(of(Outcome::Taken).take(1).map(|line| line.text.clone()));
        parts.extend(of(Outcome::Changed).map(|line| format!("line {}: {}", line.number, line.text)));
    }
    let left_out = of(Outcome::LeftOut).count();
    if left_out > 0 {
        parts.push(format!("{} left out", count(left_out as u64, "line is", "lines are")));
    }
    Told { user, outcome: outcome(worst), text: parts.join("; ") }
}
