//! Addresses, one a line: the one form that every authenticator reads and writes.
//!
//! Empty lines and lines that begin with `#` are nothing. Ente hides more in a parameter of its own.

use super::entry::{NotTaken, from_uri, tags};
use super::migration::{Migration, is_migration};
use super::{Entries, Format, ImportError, json};
use crate::catalogue::{filled, gettext};
use crate::vault::Account;
use serde::Deserialize;
use zeroize::Zeroizing;

/// What Ente adds to an address: percent-encoded JSON.
const ENTE: &str = "codeDisplay=";

#[derive(Default, Deserialize)]
#[serde(default)]
struct CodeDisplay {
    pinned: bool,
    trashed: bool,
    tags: Vec<String>,
}

/// Whether the first line that says something is an address.
pub(super) fn is_list(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| is_address(line))
}

fn is_address(line: &str) -> bool {
    line.split_once("://").is_some_and(|(scheme, _)| {
        ["otpauth", "otpauth-migration", "steam"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

pub(super) fn read(bytes: &[u8]) -> Result<Entries, ImportError> {
    let text = json::text(bytes)
        .ok_or_else(|| ImportError::NotThis(Format::Uris.name(), gettext("it is not UTF-8 text").into()))?;
    let mut entries = Entries::default();
    let mut parts = Migration::default();
    for (number, line) in lines(text) {
        let place = filled(gettext("line {number}"), &[("number", &number)]);
        if is_migration(line) {
            parts.add(line, &place, &mut entries)?;
            continue;
        }
        entries.add(|| place, address(line))?;
    }
    parts.missing(&mut entries)?;
    Ok(entries)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn address(line: &str) -> Result<Account, NotTaken> {
    let display = line.split(['?', '&']).find_map(|part| part.strip_prefix(ENTE)).map(decoded);
    // What cannot be read of it costs a tag, not the account.
    let display: CodeDisplay = display.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if display.trashed {
        return Err(NotTaken::Trash);
    }
    let mut account = from_uri(&without_display(line), "")?;
    account.pinned = display.pinned;
    account.tags = tags(display.tags);
    Ok(account)
}

/// The address alone: a note that is hidden in it may be longer than addresses are.
fn without_display(line: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(line.len()));
    let shown = line.split_inclusive(['?', '&']).filter(|part| !part.starts_with(ENTE));
    shown.for_each(|part| plain.push_str(part));
    plain
}

/// Percent-encoding (RFC 3986 section 2.1) undone; what is none stays.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.first_chunk::<2>().and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
