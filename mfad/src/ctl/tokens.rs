//! `mfactl token`: the stock of hardware tokens.
//!
//! What must never happen: a key in an argument, or shown again after it came in.

mod import;

use super::enroll::show_recovery;
use super::link::{Link, unexpected};
use super::prompt;
use super::show::{self, Gathered, Screen, moment, name};
use super::{Failure, codes, simply};
use crate::clock::zone;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, ListedToken, NewToken, TokenAsk};
use mfa_core::base32;
use mfa_core::enrollment::FactorId;
use mfa_core::otp::Algorithm;
use mfa_core::secret::Secret;
use mfa_core::stock::Away;
use mfa_core::tokens;
use mfa_core::wire::Method;
use serde::Serialize;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a token in stock; its key is asked for, or read from standard input
    Add(New),
    /// Put the tokens of a maker's file in stock
    Import(import::Import),
    /// List the stock
    List,
    /// Give a token to a user
    Assign {
        #[command(flatten)]
        token: Serial,
        /// Name of an account
        user: String,
        /// Take it into use without a code: for scripts
        #[arg(long)]
        no_confirm: bool,
    },
    /// Take a token back from its holder
    Unassign(Serial),
    /// Take a lost token out of use; it may turn up again
    Lost(Serial),
    /// Put a lost token that has turned up back in stock
    Found(Serial),
    /// Take a token out of use for good and wipe its key
    Retire(Serial),
    /// Set a token's counter or clock right by two codes that follow one another
    Resync(Serial),
}

/// Which token.
#[derive(Debug, Args)]
pub(super) struct Serial {
    /// Serial number, as printed on the token
    serial: String,
}

/// A token that is typed in.
#[derive(Debug, Args)]
pub(super) struct New {
    #[command(flatten)]
    token: Serial,
    /// By time or by counter (a button)
    #[arg(long = "type", value_enum, default_value = "totp", value_name = "TYPE")]
    kind: super::enroll::Kind,
    /// Digits of a code
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(6..=8))]
    digits: u8,
    /// Seconds from one code to the next, 15 to 120, totp only [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(15..=120))]
    period: Option<u32>,
    /// The counter of the next code, hotp only [default: 0]
    #[arg(long, value_name = "NUMBER")]
    counter: Option<u64>,
    /// SHA1, SHA256 or SHA512
    #[arg(long, default_value = "SHA1", value_name = "HASH")]
    algorithm: Algorithm,
    /// What to call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// Maker and model
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    model: String,
    /// Take a key of 80 to 111 bits
    #[arg(long)]
    allow_short_secret: bool,
}

/// Runs one of them.
pub(super) fn token(
    screen: &mut Screen,
    command: &Command,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let ask = match command {
        Command::Add(new) => return add(screen, new, link),
        Command::Import(import) => return import::import(screen, import, link),
        Command::List => return list(&mut link()?, screen),
        Command::Assign { token, user, no_confirm } => return assign(&mut link()?, screen, token, user, !no_confirm),
        Command::Resync(token) => {
            let (first, second) = codes::two()?;
            TokenAsk::Resync { serial: token.serial.clone(), first, second }
        }
        Command::Unassign(token) => TokenAsk::Unassign { serial: token.serial.clone() },
        Command::Lost(token) => TokenAsk::Lost { serial: token.serial.clone() },
        Command::Found(token) => TokenAsk::Found { serial: token.serial.clone() },
        Command::Retire(token) => TokenAsk::Retire { serial: token.serial.clone() },
    };
    simply(&mut link()?, screen, AdminAsk::Token(ask))
}

fn add(screen: &mut Screen, new: &New, link: impl FnOnce() -> Result<Link, Failure>) -> Result<(), Failure> {
    let method = new.kind.method();
    let why = match (method, new.period, new.counter) {
        (Method::Hotp, Some(_), _) => "--period is for --type totp; hotp codes do not move with time",
        (Method::Totp, _, Some(_)) => "--counter is for --type hotp; totp codes move with time",
        _ => "",
    };
    if !why.is_empty() {
        return Err(Failure::Usage { of: "token", why: why.to_owned() });
    }
    let mut link = link()?;
    let typed = prompt::secret("Key of the token, hexadecimal or base32: ")
        .map_err(|e| Failure::Refused(format!("no key could be read: {e}")))?
        .ok_or_else(|| Failure::refused("no key was given; type it, or give it on standard input"))?;
    let Some(key) = tokens::key(typed.expose_str().unwrap_or_default()) else {
        return Err(Failure::refused("the key is neither hexadecimal nor base32"));
    };
    let period = if method == Method::Totp { new.period.unwrap_or(30) } else { 0 };
    let new_token = NewToken {
        serial: new.token.serial.clone(),
        name: new.name.clone(),
        model: new.model.clone(),
        method,
        secret: base32::encode(&key),
        algorithm: new.algorithm,
        digits: new.digits,
        period,
        counter: new.counter.unwrap_or(0),
    };
    let AdminReply::Staged { refused } = link.ask(AdminAsk::Token(TokenAsk::Stage { tokens: vec![new_token] }))? else {
        return Err(unexpected());
    };
    if let Some(unfit) = refused.into_iter().next() {
        return Err(Failure::Refused(unfit.why));
    }
    simply(&mut link, screen, AdminAsk::Token(TokenAsk::Commit { short_secrets: new.allow_short_secret }))
}

/// What `--json` prints of a token that was given to a user.
#[derive(Serialize)]
struct Given<'a> {
    serial: &'a str,
    user: &'a str,
    factor: &'a FactorId,
    pending: bool,
    recovery_codes: &'a [Secret],
}

fn assign(link: &mut Link, screen: &mut Screen, token: &Serial, user: &str, confirm: bool) -> Result<(), Failure> {
    let ask = TokenAsk::Assign { serial: token.serial.clone(), user: user.to_owned(), confirm };
    let AdminReply::Assigned { user, serial, factor, recovery } = link.ask(AdminAsk::Token(ask))? else {
        return Err(unexpected());
    };
    if screen.json {
        let given =
            Given { serial: &serial, user: &user, factor: &factor, pending: confirm, recovery_codes: &recovery };
        return Ok(screen.object(&given)?);
    }
    let (user, serial) = (name(&user), name(&serial));
    if confirm {
        return Ok(screen.say(&format!(
            "The token {serial} is {user}'s as {factor}, and opens nothing until a code of it proves that it arrived: at {user}'s next \
             login, or by mfactl confirm {user} {factor}"
        ))?);
    }
    screen
        .say(&format!("The token {serial} is {user}'s as {factor}, and in use from now on; no code was asked for."))?;
    Ok(show_recovery(screen, &user, &recovery)?)
}

fn list(link: &mut Link, screen: &mut Screen) -> Result<(), Failure> {
    let (zone, mut lines, mut after, mut any) = (zone(), Gathered::default(), None, false);
    loop {
        let AdminReply::Tokens { tokens, next } = link.ask(AdminAsk::Token(TokenAsk::List { after }))? else {
            return Err(unexpected());
        };
        for token in &tokens {
            if screen.json {
                lines.line(screen, &show::json(token)?)?;
                continue;
            }
            if !any {
                lines.line(screen, &row(["SERIAL", "TYPE", "HOLDER", "SINCE", "LAST CODE", "DRIFT", ""]))?;
            }
            any = true;
            lines.line(screen, &listed(&zone, token))?;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    lines.write(screen)?;
    if any || screen.json { Ok(()) } else { Ok(screen.say("The stock is empty; mfactl token import FILE fills it.")?) }
}

fn row([serial, kind, holder, since, last, drift, rest]: [&str; 7]) -> String {
    format!("{serial:<20} {kind:<4}  {holder:<16} {since:<27} {last:<27} {drift:>5}  {rest}").trim_end().to_owned()
}

fn listed(zone: &TimeZone, token: &ListedToken) -> String {
    let at = |time: Option<u64>| time.map_or_else(|| String::from("-"), |at| moment(zone, at));
    let kind = token.method.map_or_else(|| String::from("-"), |method| method.to_string());
    let holder = name(token.holder.as_deref().unwrap_or_default());
    let drift = if token.drift == 0 { String::from("-") } else { format!("{:+}", token.drift) };
    let mut rest: Vec<String> = Vec::new();
    match token.away {
        Some(Away::Lost) => rest.push(String::from("LOST")),
        Some(Away::Retired) => rest.push(String::from("retired")),
        None if token.holder.is_none() => rest.push(String::from("free")),
        None if token.factor.is_none() => rest.push(String::from("no factor: assign it again")),
        None if token.pending => rest.push(String::from("pending")),
        None => {}
    }
    rest.extend([&token.name, &token.model].into_iter().filter(|text| !text.is_empty()).map(|text| name(text)));
    row([&name(&token.serial), &kind, &holder, &at(token.since), &at(token.last_used), &drift, &rest.join("; ")])
}
