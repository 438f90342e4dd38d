//! `mfactl token import`: the tokens of a maker's file, with a word about every line.
//!
//! The readers are `mfa_core::tokens`. mfad compares each token with the stock while it is staged, and writes all of them at the end.

use crate::ctl::import::{AT_ONCE_BYTES, How, conclude, read, refuse};
use crate::ctl::link::{Link, unexpected};
use crate::ctl::show::{Screen, aside, name};
use crate::ctl::{Failure, prompt};
use clap::{Args, ValueEnum};
use mfa_core::admin::{AdminAsk, AdminReply, NewToken, STAGED_AT_ONCE, TokenAsk};
use mfa_core::base32;
use mfa_core::otp::Moving;
use mfa_core::tokens::{self, Report, TokenEntry, pskc::Unlock};
use mfa_core::wire::Method;
use std::path::PathBuf;

/// What is imported.
#[derive(Debug, Args)]
pub(in crate::ctl) struct Import {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    how: How,
    /// How the file is written
    #[arg(long, value_enum, default_value = "auto", value_name = "FORMAT")]
    format: Format,
    /// What opens an encrypted PSKC file; it is asked for, or read from standard input
    #[arg(long, value_enum, value_name = "WHAT")]
    unlock: Option<UnlockBy>,
    /// Give the tokens to the users the file names, where they have accounts
    #[arg(long)]
    assign: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Told by its content
    Auto,
    /// Name, Serial number, Time interval, Model, Secret key
    Csv,
    /// upn, serial number, secret key, time interval, manufacturer, model
    Entra,
    /// serial, seed, TOTP, digits, step
    Oath,
    /// RFC 6030
    Pskc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UnlockBy {
    /// The key agreed on with the maker, hexadecimal
    Key,
    /// A password
    Password,
}

/// Imports a file. It is read before the link is opened: offline, that gives root's rights away.
pub(super) fn import(
    screen: &mut Screen,
    import: &Import,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let text = read(&import.file)?;
    let format = match import.format {
        Format::Auto => None,
        Format::Csv => Some(tokens::Format::Csv),
        Format::Entra => Some(tokens::Format::Entra),
        Format::Oath => Some(tokens::Format::Oath),
        Format::Pskc => Some(tokens::Format::Pskc),
    };
    let unlock = unlock(import.unlock)?;
    let mut report = tokens::read(text.as_bytes(), format, &unlock, import.how.short());
    let mut link = link()?;
    let users: Vec<(String, String)> = report
        .entries
        .iter()
        .filter(|_| import.assign)
        .filter_map(|entry| Some((entry.serial.clone(), entry.user.clone()?)))
        .collect();
    let kept = stage(&mut link, &mut report)?;
    conclude(&mut link, screen, &import.how, &report.lines, (kept, "token", "tokens"), |short_secrets| {
        AdminAsk::Token(TokenAsk::Commit { short_secrets })
    })?;
    if import.how.dry_run { Ok(()) } else { assign(&mut link, screen, &users) }
}

fn unlock(by: Option<UnlockBy>) -> Result<Unlock, Failure> {
    let asked = |what: &str| match prompt::secret(&format!("The file's {what}: ")) {
        Ok(Some(secret)) => Ok(secret),
        Ok(None) => Err(Failure::Refused(format!("no {what} was given; type it, or give it on standard input"))),
        Err(e) => Err(Failure::Refused(format!("no {what} could be read: {e}"))),
    };
    match by {
        None => Ok(Unlock::Nothing),
        Some(UnlockBy::Password) => Ok(Unlock::Password(asked("password")?)),
        Some(UnlockBy::Key) => Unlock::by_hex(&asked("key")?).map_err(|why| Failure::Refused(why.to_string())),
    }
}

/// Has mfad check and keep every token; how many it keeps. The line of one that it refuses becomes a refused one.
fn stage(link: &mut Link, report: &mut Report) -> Result<usize, Failure> {
    let mut kept = 0;
    let mut entries = std::mem::take(&mut report.entries).into_iter().peekable();
    while entries.peek().is_some() {
        let (mut tokens, mut lines, mut bytes) = (Vec::new(), Vec::new(), 0);
        while tokens.len() < STAGED_AT_ONCE
            && let Some(entry) = entries.next_if(|entry| bytes + length(entry) <= AT_ONCE_BYTES)
        {
            bytes += length(&entry);
            lines.push(entry.line);
            tokens.push(new(entry));
        }
        let AdminReply::Staged { refused } = link.ask(AdminAsk::Token(TokenAsk::Stage { tokens }))? else {
            return Err(unexpected());
        };
        kept += lines.len().saturating_sub(refused.len());
        for unfit in refused {
            let number = *lines.get(unfit.index).ok_or_else(unexpected)?;
            refuse(&mut report.lines, number, &unfit.why);
        }
    }
    Ok(kept)
}

/// Most bytes a token takes as JSON: its key in base32, its names with every character escaped, and the rest. Keys are at most
/// 128 bytes and names 64 characters, so that one always fits.
fn length(entry: &TokenEntry) -> usize {
    6 * (entry.serial.len() + entry.name.len() + entry.model.len()) + 2 * entry.otp.secret().len() + 200
}

fn new(entry: TokenEntry) -> NewToken {
    let (method, period) = match entry.otp.moving() {
        Moving::Time { period } => (Method::Totp, period),
        Moving::Counter => (Method::Hotp, 0),
    };
    NewToken {
        serial: entry.serial,
        name: entry.name,
        model: entry.model,
        method,
        secret: base32::encode(entry.otp.secret()),
        algorithm: entry.otp.algorithm(),
        digits: entry.otp.digits(),
        period,
        counter: entry.counter,
    }
}

/// Gives tokens to the users the file names. Each is one change of its own; what cannot be given stays in stock.
fn assign(link: &mut Link, screen: &mut Screen, users: &[(String, String)]) -> Result<(), Failure> {
    let mut failed = false;
    for (serial, named) in users {
        // A user principal name is an account's name with a domain behind it, unless the host knows it whole.
        let local = named.split('@').next().unwrap_or_default();
        let known =
            [named.as_str(), local].into_iter().find(|name| matches!(nix::unistd::User::from_name(name), Ok(Some(_))));
        let Some(user) = known else {
            aside(&format!("{serial}: not assigned: there is no account {}", name(named)));
            failed = true;
            continue;
        };
        let ask = TokenAsk::Assign { serial: serial.clone(), user: user.to_owned(), confirm: true };
        match link.ask(AdminAsk::Token(ask)) {
            Ok(AdminReply::Assigned { user, serial, factor, .. }) => {
                screen.say(&format!("{}: {}'s as {factor}, pending", name(&serial), name(&user)))?;
            }
            Ok(_) => return Err(unexpected()),
            Err(Failure::Refused(why)) => {
                aside(&format!("{serial}: not assigned: {why}"));
                failed = true;
            }
            Err(other) => return Err(other),
        }
    }
    if failed { Err(Failure::Said) } else { Ok(()) }
}
