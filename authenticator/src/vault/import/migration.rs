//! Google Authenticator's export: `otpauth-migration://offline?data=…`, a protobuf message in base64, in several parts.
//!
//! Read by hand: of protobuf's wire format it needs numbers and byte strings, and a bound for each.

use super::entry::{Entry, Kind, NotTaken};
use super::uris::decoded;
use super::{Entries, ImportError};
use crate::catalogue::{filled, gettext, ngettext};
use crate::vault::Account;
use data_encoding::{BASE64, BASE64_NOPAD};
use mfa_core::clean;
use mfa_core::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// How such an address begins.
const PREFIX: &str = "otpauth-migration://";

/// Longest address: a QR code of version 40 holds 2,953 bytes, and percent-encoding is paid for in full.
pub const LONGEST: usize = 3 * 2_953;

/// Whether a text is such an address.
#[must_use]
pub fn is_migration(text: &str) -> bool {
    text.get(..PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(PREFIX))
}

/// Most parts of one export.
const MOST_PARTS: u64 = 1_000;

/// Most missing parts that are named.
const MOST_NAMED: usize = 10;

/// The parts that were seen of each export.
#[derive(Debug, Default)]
pub(super) struct Migration {
    seen: BTreeMap<u64, (u64, BTreeSet<u64>)>,
}

/// What one address holds.
struct Part {
    entries: Vec<Result<Account, NotTaken>>,
    export: u64,
    index: u64,
    count: u64,
}

impl Migration {
    /// Takes the accounts of one part.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn add(&mut self, uri: &str, place: &str, entries: &mut Entries) -> Result<(), ImportError> {
        let Some(part) = part(uri) else {
            let why = gettext("it is not an export of Google Authenticator, or a part of it is cut off");
            return entries.add(|| place.to_owned(), Err(why));
        };
        let seen = self.seen.entry(part.export).or_default();
        seen.0 = part.count.max(1);
        seen.1.insert(part.index);
        for (number, read) in part.entries.into_iter().enumerate() {
            entries.add(
                || filled(gettext("{place}, entry {number}"), &[("place", &place), ("number", &(number + 1))]),
                read,
            )?;
        }
        Ok(())
    }

    /// The parts that did not come: one line for each export, or a small file could fill the memory with what it lacks.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn missing(self, entries: &mut Entries) -> Result<(), ImportError> {
        for (count, seen) in self.seen.into_values() {
            let missing: Vec<u64> = (0..count).filter(|index| !seen.contains(index)).map(|index| index + 1).collect();
            let why = match missing.as_slice() {
                [] => continue,
                missing => ngettext(
                    "this picture of the export is missing: scan it, too",
                    "these pictures of the export are missing: scan them, too",
                    missing.len(),
                ),
            };
            entries.add(|| named(&missing, count), Err(why))?;
        }
        Ok(())
    }
}

/// Which parts they are, by the first of them.
fn named(parts: &[u64], count: u64) -> String {
    let numbers = parts.iter().take(MOST_NAMED).map(u64::to_string).collect::<Vec<_>>().join(", ");
    let numbers = if parts.len() > MOST_NAMED {
        filled(gettext("{numbers} and more"), &[("numbers", &numbers)])
    } else {
        numbers
    };
    let words = ngettext("part {numbers} of {count}", "parts {numbers} of {count}", parts.len());
    filled(words, &[("numbers", &numbers), ("count", &count)])
}

fn part(uri: &str) -> Option<Part> {
    if uri.len() > LONGEST {
        return None;
    }
    let data = uri.split(['?', '&']).find_map(|part| part.strip_prefix("data="))?;
    let text = Zeroizing::new(decoded(data).replace(' ', "+"));
    let message = Secret::new(BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()?);
    let mut part = Part { entries: Vec::new(), export: 0, index: 0, count: 1 };
    for field in Fields(message.expose()) {
        match field? {
            (1, Value::Bytes(entry)) => part.entries.push(account(entry)),
            (3, Value::Number(count)) => part.count = count,
            (4, Value::Number(index)) => part.index = index,
            (5, Value::Number(export)) => part.export = export,
            _ => {}
        }
    }
    (part.count <= MOST_PARTS && part.index < part.count.max(1)).then_some(part)
}

fn account(message: &[u8]) -> Result<Account, NotTaken> {
    let (mut key, mut name, mut issuer) = (None, String::new(), String::new());
    let mut entry = Entry::default();
    for field in Fields(message) {
        match field.ok_or(NotTaken::Form)? {
            (1, Value::Bytes(bytes)) => key = Some(Secret::new(bytes.to_vec())),
            (2, Value::Bytes(bytes)) => name = String::from_utf8_lossy(bytes).into_owned(),
            (3, Value::Bytes(bytes)) => issuer = String::from_utf8_lossy(bytes).into_owned(),
            (4, Value::Number(algorithm)) => {
                entry.algorithm = Some(match algorithm {
                    0 | 1 => "SHA1",
                    2 => "SHA256",
                    3 => "SHA512",
                    _ => return Err(NotTaken::Kind("MD5".into())),
                });
            }
            (5, Value::Number(digits)) => entry.digits = Some(if digits == 2 { 8 } else { 6 }),
            (6, Value::Number(kind)) => {
                entry.kind = match kind {
                    1 => Kind::Hotp,
                    0 | 2 => Kind::Totp,
                    other => return Err(NotTaken::Kind(clean::field(&other.to_string()))),
                };
            }
            (7, Value::Number(counter)) => entry.counter = Some(counter),
            _ => {}
        }
    }
    // The label of a QR code, with the issuer before a colon.
    let own = name.split_once(':').filter(|(head, _)| issuer.is_empty() || head.trim() == issuer.trim());
    let (head, tail) = own.map_or((issuer.as_str(), name.as_str()), |(head, tail)| (head, tail));
    Entry { issuer: head, name: tail, ..entry }.with_key(key.ok_or(NotTaken::NoKey)?)
}

/// The fields of one message (protobuf's "Encoding" page): the number, and what it holds. `None` once, where it is broken.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => Value::Bytes(self.bytes(8)?),
            2 => {
                let length = self.number()?;
                Value::Bytes(self.bytes(usize::try_from(length).ok()?)?)
            }
            5 => Value::Bytes(self.bytes(4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}
