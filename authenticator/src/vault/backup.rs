//! Our own backup: every account under a password, in one JSON object. docs/backup.md describes it byte for byte.
//!
//! What must never happen: a name or a key in it that is not encrypted, or a damaged account in it hiding the others.

use super::Account;
use super::import::{Entries, Format, ImportError, LONGEST};
use crate::catalogue::{filled, gettext};
use crate::sealed::{Cost, RANDOM, SealError, Sealed};
use mfa_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The member by which a backup is known; its value is the version.
pub(super) const MARK: &str = "mfa-authenticator-backup";

/// The one version.
const VERSION: u32 = 1;

/// What is authenticated beside the accounts.
const PURPOSE: &str = "mfa-authenticator backup 1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    #[serde(rename = "mfa-authenticator-backup")]
    version: u32,
    #[serde(borrow)]
    sealed: &'a RawValue,
}

/// `accounts` under `password`. Takes the memory and time of `cost`: never on an async or a window's thread.
///
/// # Errors
/// When the memory cannot be had.
pub fn write(accounts: &[Account], password: &Secret, cost: Cost, random: &[u8; RANDOM]) -> Result<Secret, SealError> {
    let texts: Vec<Secret> = accounts.iter().map(Account::text).collect();
    // One allocation that fits: growing would leave unwiped copies.
    let mut list = Vec::with_capacity(2 + texts.iter().map(|text| text.len() + 1).sum::<usize>());
    list.push(b'[');
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            list.push(b',');
        }
        list.extend_from_slice(text.expose());
    }
    list.push(b']');
    let sealed = Sealed::seal(&Secret::new(list), password, PURPOSE, cost, random)?;
    Ok(Secret::from(format!("{{\"{MARK}\":{VERSION},\"sealed\":{}}}\n", sealed.text())))
}

/// Reads a backup.
///
/// # Errors
/// When it is none, of a later version, or under another password.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let not_this = |why: &str| ImportError::NotThis(Format::Backup.name(), why.into());
    let file: File<'_> = serde_json::from_slice(bytes)
        .map_err(|_| not_this(gettext("it is cut off, or has members that are not known")))?;
    if file.version != VERSION {
        return Err(not_this(gettext("it is of a later version")));
    }
    let sealed = Sealed::read(file.sealed.get().as_bytes(), usize::try_from(LONGEST).unwrap_or(usize::MAX))
        .ok_or_else(|| not_this(gettext("what is sealed cannot be read")))?;
    let opened = sealed.open(password.ok_or(ImportError::Password)?, PURPOSE).map_err(|why| match why {
        SealError::Closed => ImportError::WrongPassword,
        SealError::Memory => ImportError::Memory,
    })?;
    let list: Vec<&RawValue> =
        serde_json::from_slice(opened.expose()).map_err(|_| not_this(gettext("it holds no list of accounts")))?;
    let mut entries = Entries::default();
    for (place, raw) in list.iter().enumerate() {
        let read =
            Account::read("", raw.get().as_bytes()).ok_or_else(|| gettext("it is damaged, or of a later version"));
        entries.add(|| filled(gettext("account {number}"), &[("number", &(place + 1))]), read)?;
    }
    Ok(entries)
}
