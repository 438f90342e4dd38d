//! Stratum, formerly Authenticator Pro. Plain JSON, or that under AES-256-GCM with argon2id; older files under AES-256-CBC with
//! PBKDF2-HMAC-SHA-1.

use super::crypt::{self, NONCE, open_cbc, open_gcm};
use super::entry::{Entry, Kind, MOST_TAGS, NotTaken, short};
use super::json::{self, List};
use super::{Entries, ImportError};
use crate::catalogue::gettext;
use mfa_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const MAKER: &str = "Stratum";

const MARK: &[u8] = b"AUTHENTICATORPRO";
const OLD_MARK: &[u8] = b"AuthenticatorPro";

/// Bytes of the salts and of the nonce of CBC.
const SALT: usize = 16;
const OLD_SALT: usize = 20;
const OLD_NONCE: usize = 16;

/// 64 MiB, three passes, four lanes.
const COST: (u32, u32, u32) = (64 * 1024, 3, 4);
const OLD_ITERATIONS: u32 = 64_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File<'a> {
    #[serde(borrow)]
    authenticators: List<'a>,
    #[serde(borrow)]
    categories: Option<&'a RawValue>,
    #[serde(borrow)]
    authenticator_categories: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Category {
    id: String,
    name: String,
}

/// Which account is in which category: by its key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filed {
    category_id: String,
    authenticator_secret: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    r#type: u64,
    issuer: Option<String>,
    username: Option<String>,
    secret: Option<Secret>,
    #[serde(default)]
    algorithm: u64,
    digits: Option<u64>,
    period: Option<u64>,
    counter: Option<u64>,
}

/// Whether it is one of the encrypted kinds.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK) || bytes.starts_with(OLD_MARK)
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let cut = || ImportError::NotThis(MAKER, gettext("it is cut off").into());
    if let Some(rest) = bytes.strip_prefix(MARK) {
        let password = password.ok_or(ImportError::Password)?;
        let (salt, rest) = rest.split_at_checked(SALT).ok_or_else(cut)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(cut)?;
        return plain(open_gcm(&crypt::argon2id(password, salt, COST)?, nonce, sealed, b"")?.expose());
    }
    if let Some(rest) = bytes.strip_prefix(OLD_MARK) {
        let password = password.ok_or(ImportError::Password)?;
        let (salt, rest) = rest.split_at_checked(OLD_SALT).ok_or_else(cut)?;
        let (nonce, sealed) = rest.split_at_checked(OLD_NONCE).ok_or_else(cut)?;
        let opened = open_cbc(&crypt::pbkdf2_sha1(password, salt, OLD_ITERATIONS)?, nonce, sealed)?;
        // Nothing else tells that the password was right.
        return plain(opened.expose()).map_err(|_| ImportError::WrongPassword);
    }
    plain(bytes)
}

fn plain(bytes: &[u8]) -> Result<Entries, ImportError> {
    let file: File<'_> = json::whole(bytes, MAKER)?;
    let names =
        json::beside(file.categories).into_iter().map(|category: Category| (category.id, short(&category.name)));
    let names: BTreeMap<String, String> = names.collect();
    let filed: Vec<Filed> = json::beside(file.authenticator_categories);
    // By key, since a file may hold a hundred thousand of each.
    let mut tags: BTreeMap<&[u8], Vec<&str>> = BTreeMap::new();
    for one in &filed {
        let name = names.get(&one.category_id).map(String::as_str);
        tags.entry(one.authenticator_secret.expose()).or_default().extend(name);
    }
    json::each(&file.authenticators, |one: One| {
        let own = one.secret.as_ref().and_then(|key| tags.get(key.expose()));
        let kind = match one.r#type {
            1 => Kind::Hotp,
            2 => Kind::Totp,
            4 => Kind::Steam,
            3 => return Err(NotTaken::Kind("mOTP".into())),
            5 => return Err(NotTaken::Kind("Yandex".into())),
            other => return Err(NotTaken::Kind(other.to_string())),
        };
        let algorithm = match one.algorithm {
            0 => "SHA1",
            1 => "SHA256",
            2 => "SHA512",
            _ => return Err(NotTaken::Form),
        };
        Entry {
            kind,
            issuer: one.issuer.as_deref().unwrap_or_default(),
            name: one.username.as_deref().unwrap_or_default(),
            algorithm: Some(algorithm),
            digits: one.digits,
            period: one.period,
            counter: one.counter,
            tags: own.into_iter().flatten().take(MOST_TAGS).map(|tag| (*tag).to_owned()).collect(),
            pinned: false,
        }
        .with_base32(one.secret.as_ref())
    })
}
