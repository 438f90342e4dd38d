//! Proton Pass: JSON (`data.json` in its ZIP), or CSV. Only logins with a code are taken.
//!
//! What it encrypts is a message of PGP, which `gpg --decrypt` opens.

use super::entry::{short, tags};
use super::json::{self, List};
use super::password::account;
use super::table::{self, Columns};
use super::{Entries, ImportError};
use crate::catalogue::{filled, gettext};
use mfa_core::clean;
use mfa_core::secret::Secret;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

const MAKER: &str = "Proton Pass";

/// An item in the trash over there.
const TRASHED: u64 = 2;

/// Its CSV.
const COLUMNS: Columns =
    Columns { totp: "totp", issuer: "name", names: &["username", "email"], tag: "vault", pinned: None };

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    vaults: InOrder<'a>,
}

/// The values of an object, as they stand in it.
struct InOrder<'a>(Vec<&'a RawValue>);

#[derive(Deserialize)]
struct Vault<'a> {
    name: Option<String>,
    #[serde(borrow)]
    items: List<'a>,
}

#[derive(Deserialize)]
struct One {
    data: Data,
    state: Option<u64>,
    pinned: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    metadata: Option<Metadata>,
    content: Option<Content>,
    extra_fields: Option<Vec<Extra>>,
}

/// A field of the user's own; some hold a further code.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    field_name: Option<String>,
    data: Option<ExtraData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtraData {
    totp_uri: Option<Secret>,
}

#[derive(Deserialize)]
struct Metadata {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    item_username: Option<String>,
    item_email: Option<String>,
    /// Before there were two of them.
    username: Option<String>,
    totp_uri: Option<Secret>,
}

impl Content {
    /// The code, and whose login it is.
    fn parts(self) -> (Option<Secret>, String) {
        let users = [self.item_username, self.item_email, self.username];
        let user = users.into_iter().flatten().find(|user| !user.trim().is_empty());
        (self.totp_uri, user.unwrap_or_default())
    }
}

/// Whether it is its CSV.
pub(super) fn is_table(text: &str) -> bool {
    table::has(text, &[COLUMNS.totp, COLUMNS.tag, "createTime"])
}

pub(super) fn read(bytes: &[u8]) -> Result<Entries, ImportError> {
    let text = json::text(bytes).ok_or_else(|| ImportError::NotThis(MAKER, gettext("it is not UTF-8 text").into()))?;
    if is_table(text) {
        return table::read(text, MAKER, &COLUMNS);
    }
    let file: File<'_> = json::whole(bytes, MAKER)?;
    let mut entries = Entries::default();
    for (place, raw) in file.vaults.0.iter().enumerate() {
        let Ok(vault) = serde_json::from_str::<Vault<'_>>(raw.get()) else {
            entries.add(
                || filled(gettext("vault {number}"), &[("number", &(place + 1))]),
                Err(gettext("its items cannot be read")),
            )?;
            continue;
        };
        let name = short(&vault.name.unwrap_or_default());
        let under =
            filled(gettext("vault {number} ({name})"), &[("number", &(place + 1)), ("name", &clean::field(&name))])
                + ", ";
        json::those(&vault.items, &under, &mut entries, |one: One| {
            let title = short(&one.data.metadata.and_then(|about| about.name).unwrap_or_default());
            let (own, user) = one.data.content.map(Content::parts).unwrap_or_default();
            let extra = one.data.extra_fields.unwrap_or_default().into_iter();
            let extra = extra.filter_map(|field| Some((field.data?.totp_uri, field.field_name.unwrap_or_default())));
            let all = std::iter::once((own, user)).chain(extra);
            // Most items have no code, and are none of our business.
            let codes = all.filter_map(|(totp, name)| Some((totp.filter(|totp| !totp.is_empty())?, name)));
            let codes = codes.filter(|_| one.state != Some(TRASHED));
            let read = codes.map(|(totp, user)| {
                let mut account = account(&totp, &title, &user)?;
                account.pinned = one.pinned.unwrap_or_default();
                account.tags = tags([name.clone()]);
                Ok(account)
            });
            read.collect::<Vec<_>>()
        })?;
    }
    Ok(entries)
}

impl<'de: 'a, 'a> Deserialize<'de> for InOrder<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<IgnoredAny, &RawValue>()? {
                    values.push(value);
                }
                Ok(values)
            }
        }
        from.deserialize_map(Values).map(Self)
    }
}
