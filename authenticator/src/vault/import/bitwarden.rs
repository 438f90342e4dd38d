//! Bitwarden: JSON, plain or under a password ("Encrypted export" in its help), or CSV. Only logins with a code are taken.

use super::crypt::{self, Derived, hmac_sha256, open_cbc};
use super::entry::{short, tags};
use super::json::{self, List};
use super::password::account;
use super::table::{self, Columns};
use super::{Entries, ImportError};
use crate::catalogue::gettext;
use hmac::Mac;
use mfa_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const MAKER: &str = "Bitwarden";

/// Its CSV.
const COLUMNS: Columns =
    Columns { totp: "login_totp", issuer: "name", names: &["login_username"], tag: "folder", pinned: Some("favorite") };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    password_protected: bool,
    #[serde(borrow, default)]
    items: List<'a>,
    #[serde(borrow)]
    folders: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Folder {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealedFile {
    salt: String,
    kdf_type: u32,
    kdf_iterations: u32,
    /// In MiB.
    kdf_memory: Option<u32>,
    kdf_parallelism: Option<u32>,
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    name: Option<String>,
    favorite: Option<bool>,
    folder_id: Option<String>,
    login: Option<Login>,
}

#[derive(Deserialize)]
struct Login {
    username: Option<String>,
    totp: Option<Secret>,
}

/// Whether it is its CSV.
pub(super) fn is_table(text: &str) -> bool {
    table::has(text, &[COLUMNS.totp])
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let text = json::text(bytes).ok_or_else(|| ImportError::NotThis(MAKER, gettext("it is not UTF-8 text").into()))?;
    if is_table(text) {
        return table::read(text, MAKER, &COLUMNS);
    }
    let file: File<'_> = json::whole(bytes, MAKER)?;
    if !file.encrypted {
        return items(&file);
    }
    if !file.password_protected {
        return Err(ImportError::AccountKey);
    }
    let opened = open(&json::whole(bytes, MAKER)?, password.ok_or(ImportError::Password)?)?;
    items(&json::whole(opened.expose(), MAKER)?)
}

fn open(file: &SealedFile, password: &Secret) -> Result<Secret, ImportError> {
    let key = match file.kdf_type {
        0 => crypt::pbkdf2_sha256(password, file.salt.as_bytes(), file.kdf_iterations)?,
        1 => {
            let mib = file.kdf_memory.unwrap_or(64);
            let kib = mib.checked_mul(1024).ok_or(ImportError::Costly("argon2id"))?;
            let salt = Sha256::digest(file.salt.as_bytes());
            crypt::argon2id(password, &salt, (kib, file.kdf_iterations, file.kdf_parallelism.unwrap_or(4)))?
        }
        _ => return Err(ImportError::NotThis(MAKER, gettext("its key derivation is not known").into())),
    };
    // Type 2: AES-256-CBC, and HMAC-SHA-256 over nonce and text.
    let parts = file.data.strip_prefix("2.").map(|rest| rest.split('|').map(crypt::base64).collect::<Vec<_>>());
    let Some([Some(nonce), Some(sealed), Some(tag)]) = parts.as_deref() else {
        return Err(ImportError::NotThis(MAKER, gettext("its data is not of the kind it writes").into()));
    };
    let (cipher, mac) = (expanded(&key, b"enc")?, expanded(&key, b"mac")?);
    let check = hmac_sha256(mac.as_ref(), &[nonce, sealed]).ok_or(ImportError::WrongPassword)?;
    check.verify_slice(tag).map_err(|_| ImportError::WrongPassword)?;
    open_cbc(&cipher, nonce, sealed)
}

/// The one block of HKDF-Expand (RFC 5869 section 2.3) that 32 bytes take.
fn expanded(key: &Derived, about: &[u8]) -> Result<Derived, ImportError> {
    let block = hmac_sha256(key.as_ref(), &[about, &[1]]).ok_or(ImportError::WrongPassword)?;
    Ok(Derived::new(block.finalize().into_bytes().into()))
}

fn items(file: &File<'_>) -> Result<Entries, ImportError> {
    let folders = json::beside(file.folders).into_iter();
    let folders: BTreeMap<String, String> =
        folders.filter_map(|folder: Folder| Some((folder.id?, short(&folder.name?)))).collect();
    let mut entries = Entries::default();
    json::those(&file.items, "", &mut entries, |one: One| {
        let login = one.login?;
        // Most items have no code, and are none of our business.
        let totp = login.totp.filter(|totp| !totp.is_empty())?;
        let (name, user) = (one.name.unwrap_or_default(), login.username.unwrap_or_default());
        Some(account(&totp, &name, &user).map(|mut account| {
            account.pinned = one.favorite.unwrap_or_default();
            account.tags = tags(one.folder_id.and_then(|id| folders.get(&id).cloned()));
            account
        }))
    })?;
    Ok(entries)
}
