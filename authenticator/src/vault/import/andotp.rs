//! andOTP: a JSON array, plain or under AES-256-GCM with PBKDF2-HMAC-SHA-1; the older kind with one SHA-256 of the password.

use super::crypt::{self, Derived, NONCE, open_gcm};
use super::entry::{Entry, Kind};
use super::json::{self, List};
use super::{Entries, ImportError};
use mfa_core::secret::Secret;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const MAKER: &str = "andOTP";

/// Bytes of the salt, after four of the number of iterations.
const SALT: usize = 12;

#[derive(Deserialize)]
struct One {
    r#type: Option<String>,
    secret: Option<Secret>,
    issuer: Option<String>,
    label: Option<String>,
    digits: Option<u64>,
    algorithm: Option<String>,
    period: Option<u64>,
    counter: Option<u64>,
    tags: Option<Vec<String>>,
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    if json::text(bytes).is_some_and(|text| text.trim_start().starts_with('[')) {
        return plain(bytes);
    }
    let password = password.ok_or(ImportError::Password)?;
    // In the older kind the number of iterations is anything.
    let opened = open(bytes, password).or_else(|_| open_old(bytes, password))?;
    plain(opened.expose())
}

fn open(bytes: &[u8], password: &Secret) -> Result<Secret, ImportError> {
    let (iterations, rest) = bytes.split_first_chunk::<4>().ok_or(ImportError::WrongPassword)?;
    let (salt, rest) = rest.split_at_checked(SALT).ok_or(ImportError::WrongPassword)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(ImportError::WrongPassword)?;
    let key = crypt::pbkdf2_sha1(password, salt, u32::from_be_bytes(*iterations))?;
    open_gcm(&key, nonce, sealed, b"")
}

fn open_old(bytes: &[u8], password: &Secret) -> Result<Secret, ImportError> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(ImportError::WrongPassword)?;
    let key = Derived::new(Sha256::digest(password.expose()).into());
    open_gcm(&key, nonce, sealed, b"")
}

fn plain(bytes: &[u8]) -> Result<Entries, ImportError> {
    let list: List<'_> = json::whole(bytes, MAKER)?;
    json::each(&list, |one: One| {
        Entry {
            kind: one.r#type.as_deref().map_or(Ok(Kind::Totp), Kind::named)?,
            issuer: one.issuer.as_deref().unwrap_or_default(),
            name: one.label.as_deref().unwrap_or_default(),
            algorithm: one.algorithm.as_deref(),
            digits: one.digits,
            period: one.period,
            counter: one.counter,
            tags: one.tags.clone().unwrap_or_default(),
            pinned: false,
        }
        .with_base32(one.secret.as_ref())
    })
}
