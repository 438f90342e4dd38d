//! `mfactl enroll` and `confirm`: the QR code, the key to type, the code that proves it arrived, the recovery codes.
//!
//! What must never happen: a factor whose key nobody saw left behind as if it had been handed over.

use super::link::{Link, unexpected};
use super::prompt;
use super::show::{self, Screen, aside};
use super::{Failure, User};
use crate::picture;
use clap::{Args, ValueEnum};
use mfa_core::admin::{AdminAsk, AdminReply, NewFactor};
use mfa_core::base32;
use mfa_core::enrollment::FactorId;
use mfa_core::otp::Algorithm;
use mfa_core::secret::Secret;
use mfa_core::wire::Method;
use serde::Serialize;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Codes that may be tried in one run.
const TRIES: u8 = 3;

/// A factor to be made.
#[derive(Debug, Args)]
pub(super) struct New {
    #[command(flatten)]
    user: User,
    /// By time (apps) or by counter (tokens with a button)
    #[arg(long = "type", value_enum, default_value = "totp", value_name = "TYPE")]
    kind: Kind,
    /// Digits of a code
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(6..=8))]
    digits: u8,
    /// Seconds from one code to the next, 15 to 120, totp only [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(15..=120))]
    period: Option<u32>,
    /// SHA1, SHA256 or SHA512; many apps know only SHA1
    #[arg(long, default_value = "SHA1", value_name = "HASH")]
    algorithm: Algorithm,
    /// A name to tell it from the user's other factors
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    label: String,
    /// Take it into use without a code: for scripts
    #[arg(long)]
    no_confirm: bool,
    /// Show no QR code
    #[arg(long)]
    no_qr: bool,
}

/// How codes move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// By time
    Totp,
    /// By counter
    Hotp,
}

impl Kind {
    /// The method.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Totp => Method::Totp,
            Self::Hotp => Method::Hotp,
        }
    }
}

/// The first object of `--json`.
#[derive(Serialize)]
struct Made<'a> {
    user: &'a str,
    factor: &'a FactorId,
    uri: &'a Secret,
    secret: &'a Secret,
    pending: bool,
    recovery_codes: &'a [Secret],
}

/// The second, once a code confirmed it.
#[derive(Serialize)]
struct Confirmed<'a> {
    user: &'a str,
    factor: &'a FactorId,
    pending: bool,
    recovery_codes: &'a [Secret],
}

/// Makes a factor, shows it, and has it confirmed.
pub(super) fn enroll(
    screen: &mut Screen,
    new: &New,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    if new.kind == Kind::Hotp && new.period.is_some() {
        let why = String::from("--period is for --type totp; hotp codes do not move with time");
        return Err(Failure::Usage { of: "enroll", why });
    }
    let mut link = link()?;
    let method = new.kind.method();
    let period = new.period.unwrap_or(30);
    let factor = NewFactor { method, algorithm: new.algorithm, digits: new.digits, period, label: new.label.clone() };
    let ask = AdminAsk::Enroll { user: new.user.user.clone(), factor, confirm: !new.no_confirm };
    let AdminReply::Enrolled { user, factor, uri, secret, recovery, replaced } = link.ask(ask)? else {
        return Err(unexpected());
    };
    for old in &replaced {
        aside(&format!(
            "{} was never confirmed, and is replaced: its key opens nothing.",
            show::name(&old.to_string())
        ));
    }
    let made = Made {
        user: &user,
        factor: &factor,
        uri: &uri,
        secret: &secret,
        pending: !new.no_confirm,
        recovery_codes: &recovery,
    };
    if let Err(why) = show_made(screen, new, &made) {
        // Nobody has the key: nothing is left that would ask for it.
        let taken_back = link.ask(AdminAsk::RemoveFactor { user: user.clone(), factor: factor.clone() }).is_ok();
        aside(&if taken_back {
            format!("mfactl: the key could not be shown; factor {factor} was removed again")
        } else {
            format!("mfactl: the key could not be shown; remove factor {factor} of {user}")
        });
        return Err(why);
    }
    if new.no_confirm { Ok(()) } else { confirm(&mut link, screen, &user, &factor) }
}

/// Asks for a code of a pending factor, up to three times.
pub(super) fn confirm(link: &mut Link, screen: &mut Screen, user: &str, factor: &FactorId) -> Result<(), Failure> {
    let later = format!(
        "Nothing was confirmed; a pending factor stays pending, and nobody can log in with it yet. mfactl confirm {} {} goes on",
        show::name(user),
        show::name(&factor.to_string())
    );
    pending(link, user, factor)?;
    let mut left = TRIES;
    loop {
        let typed = prompt::secret("Code shown by the app or token: ")
            .map_err(|e| Failure::Refused(format!("no code could be read: {e}. {later}")))?;
        let Some(code) = typed else { return Err(Failure::Refused(format!("no code was given. {later}"))) };
        left -= 1;
        match link.ask(AdminAsk::Confirm { user: user.to_owned(), factor: factor.clone(), code }) {
            Ok(AdminReply::Recovery { codes }) => return show_confirmed(screen, user, factor, &codes),
            Ok(_) => return Err(unexpected()),
            Err(Failure::Refused(why)) if left > 0 => aside(&format!("{why}.")),
            Err(Failure::Refused(why)) => return Err(Failure::Refused(format!("{why}. {later}"))),
            Err(other) => return Err(other),
        }
    }
}

/// Before anybody looks for a code: whether there is something to confirm.
fn pending(link: &mut Link, user: &str, factor: &FactorId) -> Result<(), Failure> {
    let AdminReply::Status(status) = link.ask(AdminAsk::Status { user: user.to_owned() })? else {
        return Err(unexpected());
    };
    let (user, name) = (show::name(&status.user), show::name(&factor.to_string()));
    match status.factors.iter().find(|known| known.id == *factor) {
        Some(known) if known.pending => Ok(()),
        Some(_) => Err(Failure::Refused(format!("{name} of {user} is confirmed already"))),
        None => Err(Failure::Refused(format!("{user} has no factor {name}; see mfactl status {user}"))),
    }
}

fn show_made(screen: &mut Screen, new: &New, made: &Made<'_>) -> Result<(), Failure> {
    if screen.json {
        return Ok(screen.object(made)?);
    }
    let uri = made.uri.expose_str().unwrap_or_default();
    let user = show::name(made.user);
    if new.no_qr {
        screen.say(&format!("A new factor for {user}. Type the key into an authenticator app:\n"))?;
    } else {
        screen.say(&format!("A new factor for {user}. Scan this with an authenticator app, or type the key:\n"))?;
        let picture = picture::coloured(uri, screen.terminal)
            .map_err(|e| Failure::Refused(format!("the URI does not fit a QR code ({e}); --no-qr leaves it out")))?;
        screen.write(&picture)?;
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * uri.len() + 512));
    let moves = match new.kind {
        Kind::Totp => format!("by time, a new code every {} s", new.period.unwrap_or(30)),
        Kind::Hotp => String::from("by counter, starting at 0"),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n  URI:  {uri}\n  Key:  {}\n        {moves}, {} digits, {}\n",
        *base32::in_fours(made.secret.expose_str().unwrap_or_default()),
        new.digits,
        new.algorithm
    );
    screen.say(&text)?;
    if made.pending {
        return Ok(screen.say(&format!(
            "{0} is pending until a code proves that the key arrived. Interrupted, it stays so: mfactl confirm {user} {0} goes on.",
            made.factor
        ))?);
    }
    screen.say(&format!("{} is in use from now on; no code was asked for.", made.factor))?;
    Ok(show_recovery(screen, &user, made.recovery_codes)?)
}

fn show_confirmed(screen: &mut Screen, user: &str, factor: &FactorId, codes: &[Secret]) -> Result<(), Failure> {
    if screen.json {
        return Ok(screen.object(&Confirmed { user, factor, pending: false, recovery_codes: codes })?);
    }
    screen.say(&format!("Confirmed: {} is in use from now on.", show::name(&factor.to_string())))?;
    Ok(show_recovery(screen, &show::name(user), codes)?)
}

/// Recovery codes, with the words to keep them; nothing where there are none.
pub(super) fn show_recovery(screen: &mut Screen, user: &str, codes: &[Secret]) -> std::io::Result<()> {
    if codes.is_empty() {
        return Ok(());
    }
    let mut text = Zeroizing::new(String::with_capacity(codes.len() * 40 + 512));
    let _ = write!(
        text,
        "\nRecovery codes of {user}. Each opens one login in place of a code, for the day the phone or token is lost.\n\
         They are shown this once: print them, or keep them apart from it.\n\n"
    );
    for code in codes {
        let _ = writeln!(text, "  {}", code.expose_str().unwrap_or_default());
    }
    screen.write(&text)
}
