//! Lists of entries in JSON, of which each is read by itself. What serde says is never passed on: it quotes what it read.

use super::entry::NotTaken;
use super::{Entries, ImportError};
use crate::catalogue::{filled, gettext};
use crate::vault::Account;
use mfa_core::clean;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Entries, each still text.
pub(super) type List<'a> = Vec<&'a RawValue>;

/// The text of a file, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(|text| text.trim_start_matches('\u{feff}'))
}

/// The names in an object.
pub(super) fn keys(text: &str) -> Option<Vec<String>> {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).ok().map(|all| all.into_keys().collect())
}

/// A whole file of `maker`.
pub(super) fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8], maker: &'static str) -> Result<T, ImportError> {
    let text = text(bytes).ok_or_else(|| ImportError::NotThis(maker, gettext("it is not UTF-8 text").into()))?;
    serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() {
            gettext("a field is missing or of another kind, line {line}, column {column}")
        } else {
            gettext("it is not JSON, or cut off, line {line}, column {column}")
        };
        ImportError::NotThis(maker, filled(what, &[("line", &error.line()), ("column", &error.column())]))
    })
}

/// Every entry as a `T`, and that as an account.
pub(super) fn each<T: DeserializeOwned>(
    list: &List<'_>,
    account: impl Fn(T) -> Result<Account, NotTaken>,
) -> Result<Entries, ImportError> {
    let mut entries = Entries::default();
    those(list, "", &mut entries, |one| Some(account(one)))?;
    Ok(entries)
}

/// As [`each`], where an entry holds any number of accounts; `under` is what goes before their places.
pub(super) fn those<T: DeserializeOwned, A: IntoIterator<Item = Result<Account, NotTaken>>>(
    list: &List<'_>,
    under: &str,
    entries: &mut Entries,
    accounts: impl Fn(T) -> A,
) -> Result<(), ImportError> {
    for (place, raw) in list.iter().enumerate() {
        let place = || format!("{under}{}", called(place, raw));
        match serde_json::from_str::<T>(raw.get()) {
            Ok(one) => accounts(one).into_iter().try_for_each(|read| entries.add(place, read))?,
            Err(_) => entries.add(place, Err(NotTaken::Form))?,
        }
    }
    Ok(())
}

/// What stands beside the entries, such as the names of their groups: what cannot be read of it costs a tag, and no entry.
pub(super) fn beside<T: DeserializeOwned>(list: Option<&RawValue>) -> Vec<T> {
    let list: Option<List<'_>> = list.and_then(|list| serde_json::from_str(list.get()).ok());
    list.into_iter().flatten().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
}

/// Which entry it is: its number, and what it is called where that can be seen.
fn called(place: usize, raw: &RawValue) -> String {
    let named = serde_json::from_str::<Named>(raw.get()).ok();
    let name = named.into_iter().flat_map(|named| [named.issuer, named.name, named.label]).flatten();
    let name = name.map(|name| clean::field(&name)).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
    let number = place + 1;
    if name.is_empty() {
        return filled(gettext("entry {number}"), &[("number", &number)]);
    }
    filled(gettext("entry {number} ({name})"), &[("number", &number), ("name", &name)])
}

/// The fields that names stand in, in one file or another. None of them ever holds a key.
#[derive(Deserialize)]
struct Named {
    #[serde(default, alias = "Issuer", alias = "issuerExt")]
    issuer: Option<String>,
    #[serde(default, alias = "Username")]
    name: Option<String>,
    #[serde(default)]
    label: Option<String>,
}
