//! `mfactl me`: users look after their own factors, as themselves, over the system bus.
//!
//! Proofs are typed or piped in, never arguments. What must never happen: a proof handed to a program that is not mfad.

use super::enroll::{Kind, show_recovery};
use super::prompt;
use super::show::{self, Screen};
use super::{Failure, factor};
use crate::accounts::{Lookup, by_name, by_uid};
use crate::picture;
use clap::{Args, Subcommand, ValueEnum};
use mfa_core::approval;
use mfa_core::approval::Purpose;
use mfa_core::base32;
use mfa_core::bus::{Error, FactorListed, Factors1Proxy, OwnFactors, Trust};
use mfa_core::clean;
use mfa_core::device::DeviceId;
use mfa_core::enrollment::FactorId;
use mfa_core::now::rfc3339;
use mfa_core::otp::ShortSecret;
use mfa_core::otpauth;
use mfa_core::secret::Secret;
use serde::Serialize;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The account mfad runs as unless its command line says otherwise.
const DAEMON_ACCOUNT: &str = "_mfad";

/// Longest wait for mfad: polkit may ask for a password and a code meanwhile.
const PATIENCE: Duration = Duration::from_secs(180);

/// Codes of a new factor that may be tried in one run.
const TRIES: u8 = 3;

/// What proves a first factor.
const ASKED_OF_THE_FIRST: &str =
    "Your administrator's ticket, good for a first factor (mfactl ticket; empty: you are asked to authenticate): ";

/// mfad has one text for every reason why a proof is none; here is what to do.
const NOT_PROVED: &str = "that was not accepted, and nothing was changed. A code works once: type the next one that your app or token \
                          shows, a recovery code you have not used, or let another device of yours say yes (--by-device). Without any of \
                          these your administrator can help";

/// What is done about one's own factors.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show your factors and what is required (as without a command)
    List,
    /// Add an authenticator app: shows the QR code and confirms it by a code
    ///
    /// Whoever has no factor to show types the ticket that an administrator makes by mfactl ticket, or nothing: then polkit asks, where
    /// policy lets people set up a first factor alone.
    Enroll {
        /// By time (apps) or by counter
        #[arg(long = "type", value_enum, default_value = "totp", value_name = "TYPE")]
        kind: Kind,
        /// A name to tell it from your other factors
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
        /// Show no QR code
        #[arg(long)]
        no_qr: bool,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Confirm a factor that waits for its first code
    Confirm {
        /// Its name, as the list shows it
        #[arg(value_parser = factor)]
        factor: FactorId,
    },
    /// Add a hardware token by its serial number and a code of it
    Token {
        /// As printed on it
        serial: String,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Call a factor or a device something else
    Rename {
        /// Its name, as the list shows it
        name: String,
        /// What to call it
        label: String,
    },
    /// Say by which method you want to be asked first
    Prefer {
        /// The method
        method: Preference,
    },
    /// Remove a factor, unless it is the last
    Remove {
        /// Its name, as the list shows it
        #[arg(value_parser = factor)]
        factor: FactorId,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Remove all your factors, devices and recovery codes; where one is required, set up a new one at once
    Disable {
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Make new recovery codes; the old ones die
    RecoveryCodes {
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Suspend a lost device at once
    Lost {
        /// Its name, as the list shows it
        device: String,
        #[command(flatten)]
        proof: ProofBy,
    },
}

/// How a change is proved.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ProofBy {
    /// Have another device of yours say yes instead of typing a code
    #[arg(long)]
    by_device: bool,
}

/// By which method to be asked first.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Preference {
    /// Codes by time
    Totp,
    /// Codes by counter
    Hotp,
    /// Your devices
    Push,
    /// As policy says
    Policy,
}

/// Does it.
pub(super) fn me(screen: &mut Screen, command: Option<&Command>) -> Result<(), Failure> {
    let own = Own::connect()?;
    match command {
        None | Some(Command::List) => own.list(screen),
        Some(Command::Enroll { kind, label, no_qr, proof }) => {
            let proof = own.proof(*proof, &Purpose::AddFactor)?;
            own.enroll(screen, (*kind, label, *no_qr), &proof)
        }
        Some(Command::Confirm { factor }) => {
            own.is_pending(&factor.to_string())?;
            own.confirm(screen, &factor.to_string())
        }
        Some(Command::Token { serial, proof }) => own.token(screen, serial, *proof),
        Some(Command::Rename { name, label }) => {
            own.call(own.factors.rename(name, label))?;
            Ok(screen.done(&format!("from now on {} is called {}", show::name(name), show::name(label)))?)
        }
        Some(Command::Prefer { method }) => {
            let method = match method {
                Preference::Totp => "totp",
                Preference::Hotp => "hotp",
                Preference::Push => "push",
                Preference::Policy => "",
            };
            own.call(own.factors.prefer(method))?;
            let said = if method.is_empty() { "as policy says" } else { method };
            Ok(screen.done(&format!("logins ask by this first: {said}"))?)
        }
        Some(Command::Remove { factor, proof }) => {
            let proof = own.proof(*proof, &Purpose::RemoveFactor { factor: factor.clone() })?;
            own.proved(own.factors.remove(&factor.to_string(), text(&proof)))?;
            Ok(screen.done(&format!("removed {}", show::name(&factor.to_string())))?)
        }
        Some(Command::Disable { proof }) => own.disable(screen, *proof),
        Some(Command::RecoveryCodes { proof }) => {
            let proof = own.proof(*proof, &Purpose::RenewRecovery)?;
            let codes = own.proved(own.factors.regenerate_recovery_codes(text(&proof)))?;
            recovery(screen, codes)
        }
        Some(Command::Lost { device, proof }) => {
            let proof = own.proof(*proof, &Purpose::SuspendDevice { device: DeviceId::typed(device) })?;
            own.proved(own.factors.suspend_device(device, text(&proof)))?;
            Ok(screen.done(&format!("the device {} is suspended: it approves nothing any more", show::name(device)))?)
        }
    }
}

/// mfad's interface for the caller, and what waits for its answers.
struct Own {
    runtime: Runtime,
    factors: Factors1Proxy<'static>,
    user: String,
}

impl Own {
    fn connect() -> Result<Self, Failure> {
        let uid = rustix::process::geteuid().as_raw();
        let Lookup::Found(account) = by_uid(uid) else {
            return Err(Failure::Refused(format!("there is no account with your uid, {uid}")));
        };
        let daemon = match by_name(DAEMON_ACCOUNT) {
            Lookup::Found(account) => Some(account.uid),
            Lookup::Absent | Lookup::Failed(_) => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Failure::Refused(format!("cannot start: {why}")))?;
        let factors = runtime
            .block_on(Trust::new(daemon, uid).factors(PATIENCE))
            .map_err(|why| Failure::Refused(why.to_string()))?;
        Ok(Self { runtime, factors, user: account.name })
    }

    fn call<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        self.runtime.block_on(asked).map_err(|why| Failure::Refused(why.words()))
    }

    /// The same of a change with a proof that was typed, or that a device gave.
    fn proved<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        self.runtime.block_on(asked).map_err(|why| match why {
            Error::NotAuthorized(_) => Failure::refused(NOT_PROVED),
            other => Failure::Refused(other.words()),
        })
    }

    /// Before anybody looks for a code: whether there is something to confirm.
    fn is_pending(&self, factor: &str) -> Result<(), Failure> {
        let own = self.call(self.factors.list())?;
        match own.factors.iter().find(|known| known.id == factor) {
            Some(known) if known.state == "pending" => Ok(()),
            Some(_) => Err(Failure::Refused(format!("{} is confirmed already", show::name(factor)))),
            None => Err(Failure::Refused(format!(
                "you have no factor {}; mfactl me shows what you have",
                show::name(factor)
            ))),
        }
    }

    /// What proves a change: a device's yes, or what is typed. Empty from one who has no factor: polkit asks.
    fn proof(&self, by: ProofBy, purpose: &Purpose) -> Result<Secret, Failure> {
        if by.by_device {
            let (challenge, number) = self.call(self.factors.challenge(purpose.name(), &purpose.subject()))?;
            show::aside(&format!("Your other device asks for this number: {}", approval::shown(&Secret::from(number))));
            return Ok(Secret::from(challenge));
        }
        let enrolled = self.call(self.factors.list())?.enrolled;
        let first = matches!(purpose, Purpose::AddFactor) && !enrolled;
        let asked = match purpose {
            Purpose::AddFactor if first => ASKED_OF_THE_FIRST,
            // A ticket is good for what is added, and for nothing else.
            Purpose::AddFactor => "Code, recovery code, or your administrator's ticket (mfactl ticket): ",
            _ => "Code or recovery code: ",
        };
        let typed = prompt::secret(asked).map_err(|why| Failure::Refused(format!("nothing could be read: {why}")))?;
        let typed = typed.map(|typed| Secret::new(typed.expose().trim_ascii().to_vec()));
        match typed {
            Some(typed) if first || !typed.is_empty() => Ok(typed),
            None if first => Ok(Secret::from(String::new())),
            _ => Err(Failure::refused("no proof was given; nothing was changed")),
        }
    }

    fn list(&self, screen: &mut Screen) -> Result<(), Failure> {
        let own = self.call(self.factors.list())?;
        if screen.json {
            return Ok(screen.object(&own)?);
        }
        for line in lines(&self.user, &own) {
            screen.say_cleaned(&line)?;
        }
        Ok(())
    }

    fn enroll(
        &self,
        screen: &mut Screen,
        (kind, label, no_qr): (Kind, &str, bool),
        proof: &Secret,
    ) -> Result<(), Failure> {
        let method = kind.method().to_string();
        let begun = self.factors.enroll(&method, label, text(proof));
        let (factor, uri) = if proof.is_empty() { self.call(begun) } else { self.proved(begun) }?;
        let uri = Secret::from(uri);
        self.shown(screen, &factor, &uri, no_qr)?;
        self.confirm(screen, &factor)
    }

    fn shown(&self, screen: &mut Screen, factor: &str, uri: &Secret, no_qr: bool) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Made<'a> {
            factor: &'a str,
            uri: &'a Secret,
            pending: bool,
        }
        if screen.json {
            return Ok(screen.object(&Made { factor, uri, pending: true })?);
        }
        let read = uri.expose_str().and_then(|uri| otpauth::Otpauth::parse(uri, ShortSecret::Refuse).ok());
        let key = read.map(|read| base32::encode(read.otp.secret()));
        screen.say("Scan this with an authenticator app, or type the key:\n")?;
        if !no_qr {
            let picture = picture::coloured(text(uri), screen.terminal).map_err(|e| {
                Failure::Refused(format!("the URI does not fit a QR code ({e}); --no-qr leaves it out"))
            })?;
            screen.write(&picture)?;
        }
        if let Some(key) = key {
            screen.say(&format!("\n  Key:  {}\n", *base32::in_fours(text(&key))))?;
        }
        Ok(screen.say(&format!(
            "{0} waits for its first code. Interrupted, it goes on waiting: mfactl me confirm {0}",
            show::name(factor)
        ))?)
    }

    fn confirm(&self, screen: &mut Screen, factor: &str) -> Result<(), Failure> {
        let mut left = TRIES;
        loop {
            let code = self.code("Code shown by the app or token: ")?;
            left -= 1;
            match self.call(self.factors.confirm(factor, text(&code))) {
                Ok(codes) => {
                    if !screen.json {
                        screen.say(&format!("Confirmed: {} is in use from now on.", show::name(factor)))?;
                    }
                    return recovery(screen, codes);
                }
                Err(Failure::Refused(why)) if left > 0 => show::aside(&format!("{why}.")),
                Err(other) => return Err(other),
            }
        }
    }

    fn token(&self, screen: &mut Screen, serial: &str, by: ProofBy) -> Result<(), Failure> {
        let proof = self.proof(by, &Purpose::AddFactor)?;
        let code = self.code("Code shown by the token: ")?;
        let taken = self.factors.enroll_token(serial, text(&code), text(&proof));
        let (factor, codes) = if proof.is_empty() { self.call(taken) } else { self.proved(taken) }?;
        if !screen.json {
            screen.say(&format!("The token is yours: {} is in use from now on.", show::name(&factor)))?;
        }
        recovery(screen, codes)
    }

    fn disable(&self, screen: &mut Screen, by: ProofBy) -> Result<(), Failure> {
        let proof = self.proof(by, &Purpose::Disable)?;
        let ticket = self.proved(self.factors.disable(text(&proof)))?;
        screen.done("all your factors, devices and recovery codes are gone")?;
        if ticket.is_empty() {
            return Ok(());
        }
        show::aside("A factor is required of you: set up the next one now, within ten minutes.");
        self.enroll(screen, (Kind::Totp, "", false), &Secret::from(ticket))
    }

    fn code(&self, asked: &str) -> Result<Secret, Failure> {
        match prompt::secret(asked) {
            Ok(Some(code)) => Ok(code),
            Ok(None) => Err(Failure::refused("no code was given")),
            Err(why) => Err(Failure::Refused(format!("no code could be read: {why}"))),
        }
    }
}

fn text(secret: &Secret) -> &str {
    secret.expose_str().unwrap_or_default()
}

fn recovery(screen: &mut Screen, codes: Vec<String>) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Codes<'a> {
        recovery_codes: &'a [Secret],
    }
    let codes: Vec<Secret> = codes.into_iter().map(Secret::from).collect();
    if screen.json {
        return Ok(screen.object(&Codes { recovery_codes: &codes })?);
    }
    Ok(show_recovery(screen, "yours", &codes)?)
}

/// What a person reads of their factors.
fn lines(user: &str, own: &OwnFactors) -> Vec<String> {
    let mut lines = vec![match (own.enrolled, own.deadline) {
        (true, _) => format!("{}: a second factor is set up; policy says {}", show::name(user), own.required),
        (false, 0) => format!("{}: no second factor; policy says {}", show::name(user), own.required),
        (false, at) => format!("{}: no second factor; one is required from {} on", show::name(user), rfc3339(at)),
    }];
    lines.extend(own.factors.iter().map(of_factor));
    lines.extend(own.devices.iter().map(|device| {
        let state = if device.suspended { "suspended" } else { "active" };
        format!("  {}  {}  {state}, paired {}", device.id, show::name(&device.label), rfc3339(device.created))
    }));
    if own.enrolled {
        lines.push(format!("  {} recovery codes left", own.recovery_left));
    }
    if !own.preferred.is_empty() {
        lines.push(format!("  asked first: {}", own.preferred));
    }
    lines.extend(own.problems.iter().map(|problem| format!("  ! {}", clean::message(problem))));
    lines
}

fn of_factor(factor: &FactorListed) -> String {
    let token = if factor.token.is_empty() { String::new() } else { format!(", token {}", factor.token) };
    let used = match factor.last_used {
        0 => String::from("never used"),
        at => format!("last used {}", rfc3339(at)),
    };
    format!("  {}  {}  {}{token}, {used}", factor.id, show::name(&factor.label), factor.state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_says_what_is_required_and_what_there_is() {
        let nothing = OwnFactors {
            enrolled: false,
            required: "optional".into(),
            deadline: 86_400,
            preferred: String::new(),
            recovery_left: 0,
            last_login: 0,
            factors: Vec::new(),
            devices: Vec::new(),
            problems: Vec::new(),
        };
        assert_eq!(lines("alice", &nothing), ["alice: no second factor; one is required from 1970-01-02T00:00:00Z on"]);
        let factor = FactorListed {
            id: "totp-1".into(),
            method: "totp".into(),
            label: "phone".into(),
            token: String::new(),
            created: 0,
            last_used: 0,
            state: "active".into(),
        };
        let some = OwnFactors { enrolled: true, factors: vec![factor], recovery_left: 9, ..nothing };
        let shown = lines("alice", &some);
        assert_eq!(shown[1..], ["  totp-1  phone  active, never used", "  9 recovery codes left"]);
    }
}
