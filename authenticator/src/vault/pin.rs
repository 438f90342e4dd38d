//! The PIN over the accounts: a random key encrypts each, and the PIN encrypts that key.
//!
//! So a new PIN costs one item of the keyring and not all of them, and whoever copies the keyring has to try PINs, each of which
//! costs argon2id. What must never happen: one account's text opening as another's, or the key outliving the lock.

use crate::pin::Pin;
use crate::sealed::{Cost, RANDOM, SealError, Sealed};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use mfa_core::secret::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the key is sealed for.
const PURPOSE: &str = "io.github.pam_mfa.Accounts";

/// How the text of an encrypted account begins.
const MARK: &[u8] = b"sealed ";

/// Bytes of a nonce, drawn at random, which 192 bits are enough for.
pub(super) const NONCE: usize = 24;

/// The key that encrypts accounts.
#[derive(Clone)]
pub struct AccountsKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for AccountsKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AccountsKey")
    }
}

impl AccountsKey {
    /// A new one, of random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Whether it is the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }

    /// Itself under `pin`. Takes a tenth of a second and 64 MiB: never on an async or a window's thread.
    ///
    /// # Errors
    /// When the memory cannot be had.
    pub fn under(&self, pin: &Pin, random: &[u8; RANDOM]) -> Result<Sealed, SealError> {
        Sealed::seal(&Secret::new(self.0.to_vec()), pin.secret(), PURPOSE, Cost::RECOMMENDED, random)
    }

    /// The one that was put under `pin`. Takes as long as that did.
    ///
    /// # Errors
    /// When the PIN is another, or the memory cannot be had.
    pub fn opened(sealed: &Sealed, pin: &Pin) -> Result<Self, SealError> {
        let key = sealed.open(pin.secret(), PURPOSE)?;
        key.expose().try_into().map(Self::new).map_err(|_| SealError::Closed)
    }

    /// The text of the account called `id`, encrypted.
    pub(super) fn seal(&self, id: &str, text: &Secret, nonce: [u8; NONCE]) -> Option<Secret> {
        let payload = Payload { msg: text.expose(), aad: id.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(Secret::new([MARK, BASE64.encode(&[&nonce[..], &sealed].concat()).as_bytes()].concat()))
    }

    /// The text that was encrypted as that of `id`.
    pub(super) fn open(&self, id: &str, text: &[u8]) -> Option<Secret> {
        let bytes = BASE64.decode(text.strip_prefix(MARK)?).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: id.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok().map(Secret::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }
}

/// Whether an account's text is encrypted.
pub(super) fn is_sealed(text: &[u8]) -> bool {
    text.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_as_the_account_it_was_and_by_its_key_alone() {
        let (key, text) = (AccountsKey::new([7; 32]), Secret::from("a text".to_owned()));
        let sealed = key.seal("one", &text, [1; NONCE]).unwrap();
        assert!(is_sealed(sealed.expose()) && !sealed.expose_str().unwrap().contains("text"));
        assert_eq!(key.open("one", sealed.expose()).unwrap().expose(), b"a text");
        assert!(key.open("two", sealed.expose()).is_none());
        assert!(AccountsKey::new([8; 32]).open("one", sealed.expose()).is_none());
        for wrong in [&b""[..], b"sealed ", b"sealed AAAA", b"{}"] {
            assert!(key.open("one", wrong).is_none());
        }
        assert_eq!(format!("{key:?}"), "AccountsKey");
    }
}
