//! Secrets under a password that a person chose: argon2id makes a key of it, XChaCha20-Poly1305 keeps the secret.
//!
//! Called for device keys under a PIN. What must never happen: a parameter that somebody else wrote deciding how much
//! memory or time is spent, a derived key or the memory it came from outliving the call, one purpose's secret opening
//! as another's.

mod cost;

pub use cost::{Cost, CostError};

use crate::catalogue::Text;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use mfa_core::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Bytes of the salt (RFC 9106 §4: 128 bits).
const SALT: usize = 16;

/// Bytes of the nonce of XChaCha20: drawn at random, which 192 bits are enough for.
const NONCE: usize = 24;

/// Random bytes one sealing takes.
pub const RANDOM: usize = SALT + NONCE;

/// The one version of the text form.
const VERSION: u32 = 1;

/// Longest text of a device key, in bytes: 512 bytes of secret in base64, and everything around it.
pub const LONGEST_KEY: usize = 1024;

/// Why nothing was opened or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Another password, or a secret of another purpose, or changed bytes: they cannot be told apart.
    #[error("{}", Text("the password does not open it"))]
    Closed,
    /// The memory that its parameters ask for cannot be had.
    #[error("{}", Text("there is not enough memory to derive the key"))]
    Memory,
}

/// A secret under a password. In text: one JSON object with all parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    /// The secret's bytes encrypted, and the tag of 16 bytes.
    sealed: Vec<u8>,
}

/// The text form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    kdf: Kdf,
    cipher: Cipher,
    salt: String,
    nonce: String,
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Kdf {
    /// Version 0x13 of RFC 9106.
    Argon2id(Cost),
}

#[derive(Serialize, Deserialize)]
enum Cipher {
    #[serde(rename = "xchacha20-poly1305")]
    XChaCha20Poly1305,
}

impl Sealed {
    /// Seals `secret` under `password` for one `purpose`. Takes memory and time by `cost`: never on an async thread.
    ///
    /// # Errors
    /// When the memory cannot be had.
    pub fn seal(
        secret: &Secret,
        password: &Secret,
        purpose: &str,
        cost: Cost,
        random: &[u8; RANDOM],
    ) -> Result<Self, SealError> {
        let mut salt = [0; SALT];
        let mut nonce = [0; NONCE];
        let (first, rest) = random.split_at(SALT);
        salt.copy_from_slice(first);
        nonce.copy_from_slice(rest);
        // Room for the tag from the start: a vector that grows leaves its old bytes behind.
        let mut bytes = Vec::with_capacity(secret.len() + 16);
        bytes.extend_from_slice(secret.expose());
        cipher(password, &salt, cost)?
            .encrypt_in_place(&XNonce::from(nonce), purpose.as_bytes(), &mut bytes)
            .map_err(|_| SealError::Memory)?;
        Ok(Self { cost, salt, nonce, sealed: bytes })
    }

    /// Opens it. Takes memory and time by its cost: never on an async thread.
    ///
    /// # Errors
    /// When the password or the purpose is another, or the memory cannot be had.
    pub fn open(&self, password: &Secret, purpose: &str) -> Result<Secret, SealError> {
        let mut bytes = Zeroizing::new(self.sealed.clone());
        cipher(password, &self.salt, self.cost)?
            .decrypt_in_place(&XNonce::from(self.nonce), purpose.as_bytes(), &mut *bytes)
            .map_err(|_| SealError::Closed)?;
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        let written = Written {
            version: VERSION,
            kdf: Kdf::Argon2id(self.cost),
            cipher: Cipher::XChaCha20Poly1305,
            salt: BASE64.encode(&self.salt),
            nonce: BASE64.encode(&self.nonce),
            sealed: BASE64.encode(&self.sealed),
        };
        // Strings and numbers: there is nothing in it that JSON could not hold.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads the text form, of at most `longest` bytes; `None` for anything that is none of this version, or whose parameters pass the
    /// caps.
    #[must_use]
    pub fn read(text: &[u8], longest: usize) -> Option<Self> {
        if text.len() > longest {
            return None;
        }
        let written: Written = serde_json::from_slice(text).ok()?;
        let Kdf::Argon2id(cost) = written.kdf;
        let Cipher::XChaCha20Poly1305 = written.cipher;
        if written.version != VERSION || cost.checked().is_err() {
            return None;
        }
        let decoded = |text: &str| BASE64.decode(text.as_bytes()).ok();
        Some(Self {
            cost,
            salt: decoded(&written.salt)?.try_into().ok()?,
            nonce: decoded(&written.nonce)?.try_into().ok()?,
            sealed: decoded(&written.sealed)?,
        })
    }
}

fn cipher(password: &Secret, salt: &[u8; SALT], cost: Cost) -> Result<XChaCha20Poly1305, SealError> {
    let key = cost.derive(password, salt).map_err(|_| SealError::Memory)?;
    let key: &Key = (&*key).into();
    Ok(XChaCha20Poly1305::new(key))
}

#[cfg(test)]
mod tests;
