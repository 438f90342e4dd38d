//! One entry of somebody else's file, in our terms.

use crate::catalogue::{Text, filled, gettext};
use crate::unusable;
pub(super) use crate::vault::account::{MOST_TAGS, tags};
use crate::vault::{Account, Style};
use mfa_core::base32::{self, NotBase32};
use mfa_core::clean;
use mfa_core::otp::{Algorithm, Moving, Otp, OtpError, ShortSecret};
use mfa_core::otpauth::{MAX_COUNTER, UriError};
use mfa_core::secret::Secret;

/// Why an entry is left out. None quotes any of its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    /// Not an object with the fields it should have.
    #[error("{}", Text("it does not have the fields of an entry, or one of them is of another kind"))]
    Form,
    /// A kind of code that is not made here.
    #[error("{}", filled(gettext("codes of the kind {kind} are not supported"), &[("kind", .0)]))]
    Kind(String),
    /// No key in it.
    #[error("{}", Text("it has no key"))]
    NoKey,
    /// Neither a name nor an issuer.
    #[error("{}", Text("it has neither a name nor an issuer"))]
    NoName,
    /// Thrown away over there.
    #[error("{}", Text("it is in the trash there"))]
    Trash,
    /// A counter below zero, or too high to be kept.
    #[error("{}", Text("its counter is not one that can be kept"))]
    Counter,
    /// The key.
    #[error("{}", filled(gettext("its key is {what}"), &[("what", &unusable::key(*.0))]))]
    Base32(#[from] NotBase32),
    /// The numbers.
    #[error("{}", unusable::otp(.0))]
    Otp(#[from] OtpError),
    /// An address.
    #[error("{}", unusable::uri(.0))]
    Uri(#[from] UriError),
}

/// What kinds of codes there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Totp,
    Hotp,
    Steam,
}

impl Kind {
    /// By the name that nearly all files have for it.
    pub(super) fn named(name: &str) -> Result<Self, NotTaken> {
        match name.to_ascii_lowercase().as_str() {
            "totp" => Ok(Self::Totp),
            "hotp" => Ok(Self::Hotp),
            "steam" => Ok(Self::Steam),
            _ => Err(NotTaken::Kind(clean::field(name))),
        }
    }
}

/// What is missing has the value that every app assumes.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind,
    pub(super) issuer: &'a str,
    pub(super) name: &'a str,
    pub(super) algorithm: Option<&'a str>,
    pub(super) digits: Option<u64>,
    pub(super) period: Option<u64>,
    pub(super) counter: Option<u64>,
    pub(super) tags: Vec<String>,
    pub(super) pinned: bool,
}

impl Entry<'_> {
    /// The account with this key in base32.
    pub(super) fn with_base32(self, key: Option<&Secret>) -> Result<Account, NotTaken> {
        let text = key.and_then(Secret::expose_str).map(str::trim).filter(|text| !text.is_empty());
        self.with_key(base32::decode(text.ok_or(NotTaken::NoKey)?)?)
    }

    /// The account with this key.
    pub(super) fn with_key(self, key: Secret) -> Result<Account, NotTaken> {
        if key.is_empty() {
            return Err(NotTaken::NoKey);
        }
        let algorithm = match self.algorithm.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => name.parse()?,
            None => Algorithm::default(),
        };
        let digits = u8::try_from(self.digits.filter(|_| self.kind != Kind::Steam).unwrap_or(6)).unwrap_or(u8::MAX);
        let moving = if self.kind == Kind::Hotp {
            Moving::Counter
        } else {
            Moving::Time { period: u32::try_from(self.period.unwrap_or(30)).unwrap_or(u32::MAX) }
        };
        let counter = (self.kind == Kind::Hotp).then_some(self.counter.unwrap_or(0));
        if counter.is_some_and(|counter| counter > MAX_COUNTER) {
            return Err(NotTaken::Counter);
        }
        let (issuer, name) = (short(self.issuer), short(self.name));
        let issuer = if issuer.is_empty() && self.kind == Kind::Steam { "Steam".to_owned() } else { issuer };
        if issuer.is_empty() && name.is_empty() {
            return Err(NotTaken::NoName);
        }
        let style = if self.kind == Kind::Steam { Style::Steam } else { Style::Digits };
        let otp = Otp::new(key, algorithm, digits, moving, ShortSecret::Allow)?;
        let mut account = Account::new(issuer, name, otp, style, counter);
        account.pinned = self.pinned;
        account.tags = tags(self.tags);
        Ok(account)
    }
}

/// An address as an entry of a file: under the name `fallback` where it has none of its own.
pub(super) fn from_uri(uri: &str, fallback: &str) -> Result<Account, NotTaken> {
    let mut account = Account::from_uri(uri)?;
    if account.issuer.is_empty() && account.name.is_empty() {
        account.name = short(fallback);
    }
    if account.issuer.is_empty() && account.name.is_empty() {
        return Err(NotTaken::NoName);
    }
    Ok(account)
}

/// A name as it is kept. One that many entries share is made short before they get it: a file may have room for one as long as itself, and
/// for a reference to it in every three bytes.
pub(super) fn short(name: &str) -> String {
    clean::name(name.trim())
}
