//! mfad's interface for the caller of `mfactl me`: proofs that are asked for, keys and codes that are shown.
//!
//! What must never happen: a proof handed to a program that is not mfad, or a key shown that mfad did not make.

use super::{ProofBy, shown};
use crate::accounts::{Lookup, by_name, by_uid};
use crate::ctl::enroll::{Kind, show_recovery};
use crate::ctl::show::{self, Screen};
use crate::ctl::{Failure, prompt};
use crate::picture;
use mfa_core::approval::{self, Purpose};
use mfa_core::base32;
use mfa_core::bus::{Error, Factors1Proxy, NoDaemon, Trust};
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

/// Why mfad cannot be spoken to, and what to do.
fn unreached(why: &NoDaemon) -> String {
    match why {
        NoDaemon::Bus(_) => format!("{why}. Start it (systemctl start dbus.socket), or ask an administrator"),
        NoDaemon::Absent | NoDaemon::Impostor(_) => why.to_string(),
    }
}

/// mfad's interface for the caller, and what waits for its answers.
pub(super) struct Own {
    runtime: Runtime,
    pub(super) factors: Factors1Proxy<'static>,
    user: String,
}

impl Own {
    pub(super) fn connect() -> Result<Self, Failure> {
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
            .map_err(|why| Failure::Refused(unreached(&why)))?;
        Ok(Self { runtime, factors, user: account.name })
    }

    pub(super) fn call<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        self.runtime.block_on(asked).map_err(|why| Failure::Refused(why.words()))
    }

    /// The same of a change with a proof that was typed, or that a device gave.
    pub(super) fn proved<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        self.runtime.block_on(asked).map_err(|why| match why {
            Error::NotAuthorized(_) => Failure::refused(NOT_PROVED),
            other => Failure::Refused(other.words()),
        })
    }

    /// Before anybody looks for a code: whether there is something to confirm.
    pub(super) fn is_pending(&self, factor: &str) -> Result<(), Failure> {
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
    pub(super) fn proof(&self, by: ProofBy, purpose: &Purpose) -> Result<Secret, Failure> {
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

    pub(super) fn list(&self, screen: &mut Screen) -> Result<(), Failure> {
        let own = self.call(self.factors.list())?;
        if screen.json {
            return Ok(screen.object(&own)?);
        }
        for line in shown::lines(&self.user, &own) {
            screen.say_cleaned(&line)?;
        }
        Ok(())
    }

    pub(super) fn enroll(
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

    pub(super) fn shown(&self, screen: &mut Screen, factor: &str, uri: &Secret, no_qr: bool) -> Result<(), Failure> {
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

    pub(super) fn confirm(&self, screen: &mut Screen, factor: &str) -> Result<(), Failure> {
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

    pub(super) fn token(&self, screen: &mut Screen, serial: &str, by: ProofBy) -> Result<(), Failure> {
        let proof = self.proof(by, &Purpose::AddFactor)?;
        let code = self.code("Code shown by the token: ")?;
        let taken = self.factors.enroll_token(serial, text(&code), text(&proof));
        let (factor, codes) = if proof.is_empty() { self.call(taken) } else { self.proved(taken) }?;
        if !screen.json {
            screen.say(&format!("The token is yours: {} is in use from now on.", show::name(&factor)))?;
        }
        recovery(screen, codes)
    }

    pub(super) fn disable(&self, screen: &mut Screen, by: ProofBy) -> Result<(), Failure> {
        let proof = self.proof(by, &Purpose::Disable)?;
        let ticket = self.proved(self.factors.disable(text(&proof)))?;
        screen.done("all your factors, devices and recovery codes are gone")?;
        if ticket.is_empty() {
            return Ok(());
        }
        show::aside("A factor is required of you: set up the next one now, within ten minutes.");
        self.enroll(screen, (Kind::Totp, "", false), &Secret::from(ticket))
    }

    pub(super) fn code(&self, asked: &str) -> Result<Secret, Failure> {
        match prompt::secret(asked) {
            Ok(Some(code)) => Ok(code),
            Ok(None) => Err(Failure::refused("no code was given")),
            Err(why) => Err(Failure::Refused(format!("no code could be read: {why}"))),
        }
    }
}

pub(super) fn text(secret: &Secret) -> &str {
    secret.expose_str().unwrap_or_default()
}

pub(super) fn recovery(screen: &mut Screen, codes: Vec<String>) -> Result<(), Failure> {
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
