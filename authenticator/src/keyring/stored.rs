//! A device key as text: bare, or under a PIN. KWallet stores UTF-8 only.
//!
//! Bare: 32 bytes in base64, 44 characters. Under a PIN: the JSON of [`Sealed`], which begins with a brace and so can
//! never be taken for base64.

use crate::pin::Pin;
use crate::sealed::{LONGEST_KEY, RANDOM, SealError, Sealed};
use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use mfa_core::secret::Secret;
use zeroize::Zeroizing;

/// What the keyring holds of a device.
#[derive(Debug)]
pub enum Stored {
    /// The key.
    Bare(Box<SigningKey>),
    /// The key under a PIN.
    Sealed(Sealed),
}

impl Stored {
    /// Reads the text; `None` when it is neither form.
    #[must_use]
    pub fn read(text: &Secret) -> Option<Self> {
        if text.expose().starts_with(b"{") {
            Sealed::read(text.expose(), LONGEST_KEY).map(Self::Sealed)
        } else {
            bare(text.expose()).map(|key| Self::Bare(Box::new(key)))
        }
    }
}

/// The text of a key, under `pin` where there is one. With a PIN never on an async thread.
///
/// # Errors
/// When the memory that the PIN takes cannot be had.
pub fn text(key: &SigningKey, pin: Option<(&Pin, &[u8; RANDOM])>) -> Result<Secret, SealError> {
    let bytes = Zeroizing::new(key.to_bytes());
    let Some((pin, random)) = pin else {
        return Ok(Secret::from(BASE64.encode(bytes.as_slice())));
    };
    let bytes = Secret::new(bytes.to_vec());
    pin.seal(&bytes, random).map(|sealed| Secret::from(sealed.text()))
}

/// The key that `pin` opens. Never on an async thread.
///
/// # Errors
/// When it is another PIN, what it opens is no key, or the memory cannot be had.
pub fn opened(sealed: &Sealed, pin: &Pin) -> Result<SigningKey, SealError> {
    let bytes = pin.open(sealed)?;
    let key = <&[u8; 32]>::try_from(bytes.expose()).map_err(|_| SealError::Closed)?;
    Ok(SigningKey::from_bytes(key))
}

fn bare(text: &[u8]) -> Option<SigningKey> {
    // 44 characters decode into at most 33 bytes, 32 of them the key.
    let mut bytes = Zeroizing::new([0u8; 33]);
    if BASE64.decode_len(text.len()).ok()? != bytes.len() {
        return None;
    }
    let length = BASE64.decode_mut(text, bytes.as_mut_slice()).ok()?;
    let key = Zeroizing::new(<[u8; 32]>::try_from(bytes.get(..length)?).ok()?);
    Some(SigningKey::from_bytes(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Pin {
        Pin::new(Secret::from(text.to_owned())).unwrap()
    }

    #[test]
    fn a_bare_key_survives_the_text_and_nothing_else_becomes_a_key() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let text = text(&key, None).unwrap();
        assert!(matches!(Stored::read(&text), Some(Stored::Bare(read)) if read.to_bytes() == key.to_bytes()));
        for wrong in ["", "BwcH", &"B".repeat(44), &"=".repeat(44), &"é".repeat(22), "{}", "{", " {"] {
            assert!(Stored::read(&Secret::from(wrong.to_owned())).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_under_a_pin_is_another_text_and_opens_with_the_pin_alone() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let text = text(&key, Some((&pin("123456"), &[1; RANDOM]))).unwrap();
        let Some(Stored::Sealed(sealed)) = Stored::read(&text) else { panic!("{:?}", text.expose_str()) };
        assert_eq!(opened(&sealed, &pin("123456")).unwrap().to_bytes(), key.to_bytes());
        assert_eq!(opened(&sealed, &pin("654321")).unwrap_err(), SealError::Closed);
        let short = pin("123456").seal(&Secret::new(vec![7; 31]), &[1; RANDOM]).unwrap();
        assert_eq!(opened(&short, &pin("123456")).unwrap_err(), SealError::Closed);
    }
}
