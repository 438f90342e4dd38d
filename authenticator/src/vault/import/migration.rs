//! Google Authenticator's export: `otpauth-migration://offline?data=…`, a protobuf message in base64, in several parts.
//!
//! Read by hand: of protobuf's wire format it needs numbers and byte strings, and a bound for each.

use super::entry::{Entry, Kind, NotTaken};
use super::uris::decoded;
use super::{Entries, SetAside};
use crate::vault::Account;
use data_encoding::{BASE64, BASE64_NOPAD};
use mfa_core::clean;
use mfa_core::secret::Secret;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How such an address begins.
pub(super) const PREFIX: &str = "otpauth-migration://";

/// Longest address: a QR code of version 40 holds 2,953 bytes, and percent-encoding is paid for in full.
const LONGEST: usize = 3 * 2_953;

/// Most parts of one export.
const MOST_PARTS: u64 = 1_000;

/// The parts that were seen of each export.
#[derive(Debug, Default)]
pub(super) struct Migration {
    seen: BTreeMap<u64, (u64, Vec<u64>)>,
}

/// What one address holds.
struct Part {
    entries: Entries,
    export: u64,
    index: u64,
    count: u64,
}

impl Migration {
    /// Takes the accounts of one part.
    pub(super) fn add(&mut self, uri: &str, place: &str, entries: &mut Entries) {
        match part(uri, place) {
            Some(part) => {
                let seen = self.seen.entry(part.export).or_default();
                seen.0 = part.count.max(1);
                seen.1.push(part.index);
                entries.0.extend(part.entries.0);
                entries.1.extend(part.entries.1);
            }
            None => {
                let why = "it is not an export of Google Authenticator, or a part of it is cut off".to_owned();
                entries.1.push(SetAside { place: place.to_owned(), why });
            }
        }
    }

    /// The parts that did not come.
    pub(super) fn missing(self) -> Vec<SetAside> {
        let exports = self.seen.into_values();
        let missing = exports.flat_map(|(count, seen)| {
            (0..count).filter(move |index| !seen.contains(index)).map(move |index| (index + 1, count))
        });
        let said = missing.map(|(part, count)| SetAside {
            place: format!("part {part} of {count}"),
            why: "this picture of the export is missing: scan it, too".into(),
        });
        said.collect()
    }
}

fn part(uri: &str, place: &str) -> Option<Part> {
    if uri.len() > LONGEST {
        return None;
    }
    let data = uri.split(['?', '&']).find_map(|part| part.strip_prefix("data="))?;
    let text = Zeroizing::new(decoded(data).replace(' ', "+"));
    let message = Secret::new(BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()?);
    let mut part = Part { entries: Entries::default(), export: 0, index: 0, count: 1 };
    let mut number = 0;
    for field in Fields(message.expose()) {
        match field? {
            (1, Value::Bytes(entry)) => {
                number += 1;
                match account(entry) {
                    Ok(account) => part.entries.0.push(account),
                    Err(why) => {
                        let place = format!("{place}, entry {number}");
                        part.entries.1.push(SetAside { place, why: why.to_string() });
                    }
                }
            }
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
