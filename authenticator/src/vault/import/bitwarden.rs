//! Bitwarden: JSON, plain or under a password ("Encrypted export" in its help), or CSV. Only logins with a code are taken.

use super::crypt::{self, Derived, hmac_sha256, open_cbc};
use super::entry::{Entry, Kind, NotTaken, from_uri};
use super::json::{self, List};
use super::{Entries, ImportError, SetAside};
use crate::vault::Account;
use hmac::Mac;
use mfa_core::clean;
use mfa_core::secret::Secret;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const MAKER: &str = "Bitwarden";

/// The CSV column that holds addresses or keys.
const COLUMN: &str = "login_totp";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    password_protected: bool,
    #[serde(borrow, default)]
    items: List<'a>,
    #[serde(default)]
    folders: Vec<Folder>,
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
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    favorite: bool,
    folder_id: Option<String>,
    login: Option<Login>,
}

#[derive(Deserialize)]
struct Login {
    username: Option<String>,
    totp: Option<Secret>,
}

/// Whether it is its CSV: the first line names the column.
pub(super) fn is_table(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.split(',').any(|name| name.trim().trim_matches('"') == COLUMN))
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let text = json::text(bytes).ok_or_else(|| ImportError::NotThis(MAKER, "it is not UTF-8 text".into()))?;
    if is_table(text) {
        return table(text);
    }
    let file: File<'_> = json::whole(bytes, MAKER)?;
    if !file.encrypted {
        return Ok(items(&file));
    }
    if !file.password_protected {
        return Err(ImportError::AccountKey);
    }
    let opened = open(&json::whole(bytes, MAKER)?, password.ok_or(ImportError::Password)?)?;
    Ok(items(&json::whole(opened.expose(), MAKER)?))
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
        _ => return Err(ImportError::NotThis(MAKER, "its key derivation is not known".into())),
    };
    // Type 2: AES-256-CBC, and HMAC-SHA-256 over nonce and text.
    let parts = file.data.strip_prefix("2.").map(|rest| rest.split('|').map(crypt::base64).collect::<Vec<_>>());
    let Some([Some(nonce), Some(sealed), Some(tag)]) = parts.as_deref() else {
        return Err(ImportError::NotThis(MAKER, "its data is not of the kind it writes".into()));
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

fn items(file: &File<'_>) -> Entries {
    let folders: BTreeMap<&str, &str> =
        file.folders.iter().filter_map(|folder| Some((folder.id.as_deref()?, folder.name.as_deref()?))).collect();
    // Most items have no code, and are none of our business.
    let has_code =
        |one: &One| one.login.as_ref().and_then(|login| login.totp.as_ref()).is_some_and(|totp| !totp.is_empty());
    let relevant =
        |raw: &&serde_json::value::RawValue| serde_json::from_str::<One>(raw.get()).is_ok_and(|one| has_code(&one));
    let list: List<'_> = file.items.iter().copied().filter(relevant).collect();
    json::each(&list, |one: One| {
        let login = one.login.as_ref().ok_or(NotTaken::Form)?;
        let folder = one.folder_id.as_deref().and_then(|id| folders.get(id)).map(|name| (*name).to_owned());
        let name = one.name.as_deref().unwrap_or_default();
        let mut account = account(login.totp.as_ref(), name, login.username.as_deref().unwrap_or_default())?;
        account.pinned = one.favorite;
        account.tags = super::entry::tags(folder);
        Ok(account)
    })
}

/// An address, or a key alone.
fn account(totp: Option<&Secret>, issuer: &str, name: &str) -> Result<Account, NotTaken> {
    let text =
        totp.and_then(Secret::expose_str).map(str::trim).filter(|text| !text.is_empty()).ok_or(NotTaken::NoKey)?;
    if let Some(key) = text.strip_prefix("steam://") {
        return Entry { kind: Kind::Steam, issuer, name, ..Entry::default() }
            .with_base32(Some(&Secret::from(key.to_owned())));
    }
    if text.contains("://") {
        let mut account = from_uri(text, name)?;
        if account.issuer.is_empty() {
            account.issuer = clean::field(issuer);
        }
        return Ok(account);
    }
    Entry { issuer, name, ..Entry::default() }.with_base32(totp)
}

fn table(text: &str) -> Result<Entries, ImportError> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = rows.headers().map_err(|_| ImportError::NotThis(MAKER, "its first line cannot be read".into()))?;
    let column = |name: &str| headers.iter().position(|own| own.trim() == name);
    let (folder, favorite, name, user) =
        (column("folder"), column("favorite"), column("name"), column("login_username"));
    let totp = column(COLUMN).ok_or_else(|| ImportError::NotThis(MAKER, format!("the column {COLUMN} is missing")))?;
    let mut entries = Entries::default();
    for row in rows.records() {
        let Ok(row) = row else {
            entries.1.push(SetAside { place: "a row".into(), why: "it cannot be read".into() });
            continue;
        };
        let place = row.position().map_or_else(|| "a row".to_owned(), |position| format!("line {}", position.line()));
        let field = |at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default();
        let key = Zeroizing::new(field(Some(totp)).trim().to_owned());
        if key.is_empty() {
            continue;
        }
        match account(Some(&Secret::from(key.to_string())), field(name), field(user)) {
            Ok(mut account) => {
                account.pinned = field(favorite) == "1";
                account.tags = super::entry::tags([field(folder).to_owned()]);
                entries.0.push(account);
            }
            Err(why) => entries.1.push(SetAside { place, why: why.to_string() }),
        }
    }
    Ok(entries)
}
