//! `mfactl import`: factors from the files of other PAM modules, with a word about every line.
//!
//! The readers are `mfa_core::import`; mfad checks each factor against accounts and files while it is staged, and writes
//! all of them at the end. What must never happen: a line without a word, or half an import.

mod homes;

use super::Failure;
use super::link::{Link, unexpected};
use super::show::{self, Gathered, Screen, line};
use crate::clock;
use crate::clock::host_zone;
use clap::{Args, Subcommand};
use mfa_core::admin::{AdminAsk, AdminReply, ImportEntry, STAGED_AT_ONCE};
use mfa_core::base32;
use mfa_core::import::{FIDO_KEYS, Imported, Line, Outcome, Report, google_authenticator, is_of_u2f, oath};
use mfa_core::otp::{Moving, ShortSecret, WINDOW};
use mfa_core::wire::Method;
use rustix::fs::OFlags;
use serde::Serialize;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest file read, in bytes: a million lines of users.oath.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of entries sent at once, which leaves a frame of 16 KiB room for the rest.
pub(super) const AT_ONCE_BYTES: usize = 12 * 1024;

/// Which format.
#[derive(Debug, Subcommand)]
pub(super) enum Format {
    /// A user's ~/.google_authenticator, or those of everybody
    #[command(override_usage = "mfactl import google-authenticator <FILE> --user <USER>\n       \
        mfactl import google-authenticator --all-homes")]
    GoogleAuthenticator {
        /// The file, of one user
        #[arg(requires = "user")]
        file: Option<PathBuf>,
        /// Whose it is
        #[arg(long, value_name = "USER", requires = "file")]
        user: Option<String>,
        /// The files in the home folders of all people that getent(1) lists
        #[arg(long, conflicts_with_all = ["file", "user"], required_unless_present = "file")]
        all_homes: bool,
        #[command(flatten)]
        how: How,
    },
    /// pam_oath's users.oath; its times are read in this host's time zone
    Oath {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

/// How to go about it.
#[derive(Debug, Args)]
pub(super) struct How {
    /// Take secrets of 80 to 111 bits: replace them soon
    #[arg(long)]
    pub(super) allow_short_secret: bool,
    /// Import what is good although there is bad
    #[arg(long)]
    pub(super) skip_bad: bool,
    /// Check everything, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl How {
    /// Whether short secrets are taken.
    pub(super) fn short(&self) -> ShortSecret {
        if self.allow_short_secret { ShortSecret::Allow } else { ShortSecret::Refuse }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    lines: Vec<LineTold<'a>>,
    refused: usize,
    kept: usize,
    written: bool,
}

#[derive(Serialize)]
struct LineTold<'a> {
    line: usize,
    outcome: &'static str,
    text: &'a str,
}

/// Imports a file. It is read before the link is opened: offline, that gives root's rights away.
pub(super) fn import(
    screen: &mut Screen,
    format: &Format,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let (Format::GoogleAuthenticator { how, .. } | Format::Oath { how, .. }) = format;
    let (Format::GoogleAuthenticator { file: Some(file), .. } | Format::Oath { file, .. }) = format else {
        return homes::import(screen, how, link);
    };
    let text = read(file)?;
    if is_of_u2f(&text) {
        return Err(Failure::Refused(format!("{}: {FIDO_KEYS}", file.display())));
    }
    let short = how.short();
    let (mut report, owner) = match format {
        Format::GoogleAuthenticator { user, .. } => (google_authenticator::parse(&text, short), user.as_deref()),
        Format::Oath { .. } => {
            let zone = host_zone().map_err(|why| {
                Failure::Refused(format!("{why}; without the time zone the last used codes cannot be told"))
            })?;
            (oath::parse(&text, &zone, short), None)
        }
    };
    let mut link = link()?;
    let factors = stage(&mut link, &mut report, owner)?;
    conclude(&mut link, screen, how, &report.lines, (factors, "factor", "factors"), |short_secrets| AdminAsk::Commit {
        short_secrets,
    })
}

/// Tells what became of every line, and commits what was staged: `kept` of these, by their singular and plural.
pub(super) fn conclude(
    link: &mut Link,
    screen: &mut Screen,
    how: &How,
    lines: &[Line],
    (kept, one, many): (usize, &str, &str),
    commit: impl FnOnce(bool) -> AdminAsk,
) -> Result<(), Failure> {
    let refused = lines.iter().filter(|line| line.outcome == Outcome::Refused).count();
    let goes_on = kept > 0 && (refused == 0 || how.skip_bad);
    if !screen.json {
        let mut told = Gathered::default();
        for about in lines {
            let text = format!("line {}: {}: {}", about.number, outcome(about.outcome), line(&about.text));
            told.line(screen, &text)?;
        }
        told.write(screen)?;
    }
    let mut done = None;
    if goes_on && !how.dry_run {
        match link.ask(commit(how.allow_short_secret))? {
            AdminReply::Done { text } => done = Some(text),
            _ => return Err(unexpected()),
        }
    }
    if screen.json {
        let lines =
            lines.iter().map(|l| LineTold { line: l.number, outcome: outcome(l.outcome), text: &l.text }).collect();
        screen.object(&Told { lines, refused, kept, written: done.is_some() })?;
        return if goes_on { Ok(()) } else { Err(Failure::Said) };
    }
    match done {
        Some(text) => Ok(screen.done(&text)?),
        None if goes_on => {
            Ok(screen.say(&format!("Nothing was written. Would import {}.", show::count(kept as u64, one, many)))?)
        }
        None if kept == 0 => Err(Failure::refused("there is nothing that could be imported")),
        None => Err(Failure::Refused(format!(
            "nothing was imported, {} refused: mend the file, or leave them out by --skip-bad",
            show::count(refused as u64, "line was", "lines were")
        ))),
    }
}

/// Has mfad check and keep every factor; how many it keeps. A line whose factor it refuses becomes a refused one.
fn stage(link: &mut Link, report: &mut Report, owner: Option<&str>) -> Result<usize, Failure> {
    let mut kept = 0;
    let mut factors = std::mem::take(&mut report.factors).into_iter().peekable();
    while factors.peek().is_some() {
        let (mut entries, mut lines, mut bytes) = (Vec::new(), Vec::new(), 0);
        while entries.len() < STAGED_AT_ONCE
            && let Some(factor) = factors.next_if(|factor| bytes + length(factor, owner) <= AT_ONCE_BYTES || bytes == 0)
        {
            bytes += length(&factor, owner);
            if bytes > AT_ONCE_BYTES {
                refuse(&mut report.lines, factor.line, "a user name that no account can have");
                bytes = 0;
                continue;
            }
            if factor.any_used {
                tell(&mut report.lines, factor.line, |line| line.text.push_str("; codes up to now are taken for used"));
            }
            lines.push(factor.line);
            entries.push(entry(&factor, owner, clock::wall()));
        }
        if entries.is_empty() {
            continue;
        }
        let AdminReply::Staged { refused } = link.ask(AdminAsk::Stage { entries })? else { return Err(unexpected()) };
        kept += lines.len().saturating_sub(refused.len());
        for unfit in refused {
            let number = *lines.get(unfit.index).ok_or_else(unexpected)?;
            refuse(&mut report.lines, number, &unfit.why);
        }
    }
    Ok(kept)
}

/// The line's factor is refused after all, for this reason.
pub(super) fn refuse(lines: &mut [Line], number: usize, why: &str) {
    tell(lines, number, |line| (line.outcome, line.text) = (Outcome::Refused, why.to_owned()));
}

fn tell(lines: &mut [Line], number: usize, change: impl FnOnce(&mut Line)) {
    // Lines stand in the order of their numbers.
    if let Ok(index) = lines.binary_search_by_key(&number, |line| line.number)
        && let Some(line) = lines.get_mut(index)
    {
        change(line);
    }
}

/// Most bytes an entry takes as JSON: its secret in base32, its names with every character escaped, and the rest.
fn length(factor: &Imported, owner: Option<&str>) -> usize {
    let user = factor.user.as_deref().or(owner).unwrap_or_default();
    6 * (user.len() + factor.label.len()) + 2 * factor.otp.secret().len() + 200
}

fn entry(factor: &Imported, owner: Option<&str>, now: u64) -> ImportEntry {
    let (method, period) = match factor.otp.moving() {
        Moving::Time { period } => (Method::Totp, period),
        Moving::Counter => (Method::Hotp, 0),
    };
    let mark = match factor.otp.moving() {
        // A code of the next step may have been accepted already.
        Moving::Time { period } if factor.any_used => Some(now / u64::from(period) + WINDOW),
        Moving::Time { .. } | Moving::Counter => factor.mark,
    };
    ImportEntry {
        user: factor.user.as_deref().or(owner).unwrap_or_default().to_owned(),
        method,
        secret: base32::encode(factor.otp.secret()),
        algorithm: factor.otp.algorithm(),
        digits: factor.otp.digits(),
        period,
        label: factor.label.clone(),
        mark,
        counter: factor.counter,
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Taken => "taken",
        Outcome::Changed => "changed",
        Outcome::LeftOut => "left out",
        Outcome::Refused => "refused",
    }
}

/// The text of a regular file that is named itself: a link or a fifo may be another user's trap.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    read_checked(path, |_| Ok(())).map_err(|why| Failure::Refused(format!("{}: {why}", path.display())))
}

/// The same of a file that passes `check`.
fn read_checked(
    path: &Path,
    check: impl FnOnce(&std::fs::Metadata) -> Result<(), String>,
) -> Result<Zeroizing<String>, String> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| {
        let link = e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if link { String::from("a symbolic link; name the file itself") } else { e.to_string() }
    })?;
    let seen = file.metadata().map_err(|e| e.to_string())?;
    if !seen.is_file() {
        return Err(String::from("not a regular file"));
    }
    check(&seen)?;
    if seen.len() > MOST_BYTES {
        return Err(String::from("larger than 64 MiB"));
    }
    // One allocation that fits: growing would leave unwiped copies.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(seen.len()).unwrap_or(0) + 1));
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => String::from("not UTF-8 text"),
        _ => e.to_string(),
    })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_that_is_named_itself_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "HOTP a - 00\n").unwrap();
        assert_eq!(read(&file).unwrap().as_str(), "HOTP a - 00\n");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::fs::write(folder.path().join("binary"), [0xff]).unwrap();
        for (path, why) in [
            (link.as_path(), "symbolic link"),
            (folder.path(), "not a regular file"),
            (Path::new("/dev/zero"), "not a regular file"),
            (&folder.path().join("binary"), "not UTF-8"),
            (&folder.path().join("none"), "No such file"),
        ] {
            let Err(Failure::Refused(said)) = read(path) else { panic!("{path:?} was read") };
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_reason_from_mfad_replaces_the_word_about_its_line() {
        let text = "HOTP anna - 3132333435363738393031323334353637383930\n\nHOTP ben - 3132333435363738393031323334353637383930\n";
        let mut report = oath::parse(text, &jiff::tz::TimeZone::UTC, ShortSecret::Refuse);
        refuse(&mut report.lines, 3, "there is no account \"ben\"");
        assert_eq!(report.refused(), 1);
        assert_eq!(report.lines[1].text, "there is no account \"ben\"");
        assert!(
            report.factors.iter().all(|factor| {
                serde_json::to_string(&entry(factor, None, 0)).unwrap().len() <= length(factor, None)
            })
        );
    }
}
