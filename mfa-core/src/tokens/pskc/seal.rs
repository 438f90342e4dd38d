//! Encrypted values (RFC 6030 section 6): whose key opens them, their MAC, AES in CBC mode.
//!
//! What must never happen: a value decrypted before its MAC was found right: its padding would tell a forger something.

use super::PskcRefusal;
use super::hash::{Hash, derive};
use super::tree::{Element, Space, base64};
use crate::clean;
use crate::secret::Secret;
use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::HEXLOWER_PERMISSIVE;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a block of AES, and of the initialisation vector before the first.
const BLOCK: usize = 16;

/// Longest encrypted value, in bytes: a key of 128 bytes, the longest that is taken, has 160.
const MAX_SEALED: usize = 1024;

/// What opens an encrypted file.
#[derive(Debug, Default)]
pub enum Unlock {
    /// Nothing: encrypted files are refused, and the report says what they want.
    #[default]
    Nothing,
    /// The key that was agreed on with the maker: 16, 24 or 32 bytes.
    Key(Secret),
    /// The password.
    Password(Secret),
}

/// A key that is not hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the key is not hexadecimal: 32, 48 or 64 digits are needed")]
pub struct NotHex;

impl Unlock {
    /// A key as makers hand it out: hexadecimal, with blanks around it.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn by_hex(text: &Secret) -> Result<Self, NotHex> {
        let digits = text.expose().trim_ascii();
        if !matches!(digits.len(), 32 | 48 | 64) {
            return Err(NotHex);
        }
        HEXLOWER_PERMISSIVE.decode(digits).map(|key| Self::Key(Secret::new(key))).map_err(|_| NotHex)
    }
}

/// A value of a key's data.
pub(super) enum Value<'a> {
    /// As it stands in the file.
    Plain(&'a str),
    /// Decrypted.
    Opened(Secret),
}

/// What a file's values are opened with.
pub(super) struct Opener {
    key: Option<Secret>,
    mac: Option<(Hash, Secret)>,
    /// The elements that were read: neither may come twice.
    named: (bool, bool),
}

impl Opener {
    /// Before the file said anything.
    pub(super) fn new(unlock: &Unlock) -> Self {
        let key = if let Unlock::Key(key) = unlock { Some(key.clone()) } else { None };
        Self { key, mac: None, named: (false, false) }
    }

    /// Reads `EncryptionKey`.
    pub(super) fn take_key(&mut self, element: &Element, unlock: &Unlock) -> Result<(), PskcRefusal> {
        if std::mem::replace(&mut self.named.0, true) {
            return Err(PskcRefusal::Twice("EncryptionKey"));
        }
        let named = element.child(Space::Signature, "KeyName")?;
        match (element.child(Space::Encryption11, "DerivedKey")?, named, unlock) {
            (Some(derived), None, Unlock::Password(password)) => self.key = Some(derive(derived, password)?),
            (Some(_), None, _) => return Err(PskcRefusal::PasswordWanted),
            (None, Some(_), Unlock::Key(_)) => {}
            (None, Some(name), _) => return Err(PskcRefusal::KeyWanted(clean::field(name.text()))),
            _ => return Err(PskcRefusal::Certificate),
        }
        Ok(())
    }

    /// Reads `MACMethod`. Without a key of its own the MAC is made with that of the encryption.
    pub(super) fn take_mac(&mut self, element: &Element) -> Result<(), PskcRefusal> {
        if std::mem::replace(&mut self.named.1, true) {
            return Err(PskcRefusal::Twice("MACMethod"));
        }
        let hash = Hash::of(element.attribute("Algorithm").unwrap_or_default()).ok_or(PskcRefusal::MacAlgorithm)?;
        // Without a key nothing will be opened.
        let Some(key) = &self.key else { return Ok(()) };
        let own = match element.pskc("MACKey")? {
            None => key.clone(),
            Some(sealed) => match Sealed::of(sealed)?.decrypt(key) {
                Ok(own) if !own.is_empty() => own,
                Ok(_) | Err(PskcRefusal::WrongMac) => return Err(PskcRefusal::WrongKey),
                Err(other) => return Err(other),
            },
        };
        self.mac = Some((hash, own));
        Ok(())
    }

    /// The value in an element of a key's data.
    pub(super) fn value<'a>(&self, name: &'static str, element: &'a Element) -> Result<Value<'a>, PskcRefusal> {
        match (element.pskc("PlainValue")?, element.pskc("EncryptedValue")?) {
            (Some(plain), None) => Ok(Value::Plain(plain.text())),
            (None, Some(sealed)) => {
                let key = self.key.as_ref().ok_or(PskcRefusal::NoKey)?;
                let tag = element.pskc("ValueMAC")?.ok_or(PskcRefusal::NoMac)?;
                let tag = base64(tag.text()).ok_or(PskcRefusal::WrongMac)?;
                let (hash, mac_key) = self.mac.as_ref().ok_or(PskcRefusal::NoMac)?;
                let sealed = Sealed::of(sealed)?;
                if !hash.is_mac(mac_key.expose(), sealed.bytes.expose(), tag.expose()) {
                    return Err(PskcRefusal::WrongMac);
                }
                sealed.decrypt(key).map(Value::Opened)
            }
            (Some(_), Some(_)) => Err(PskcRefusal::Twice(name)),
            (None, None) => Err(PskcRefusal::Missing(name)),
        }
    }
}

/// What stands in an element of XML Encryption's `EncryptedDataType`.
struct Sealed {
    cipher: Cipher,
    /// The initialisation vector, and the blocks.
    bytes: Secret,
}

enum Cipher {
    Aes128,
    Aes192,
    Aes256,
}

impl Sealed {
    fn of(element: &Element) -> Result<Self, PskcRefusal> {
        let method =
            element.child(Space::Encryption, "EncryptionMethod")?.and_then(|method| method.attribute("Algorithm"));
        let cipher = match method {
            Some("http://www.w3.org/2001/04/xmlenc#aes128-cbc") => Cipher::Aes128,
            Some("http://www.w3.org/2001/04/xmlenc#aes192-cbc") => Cipher::Aes192,
            Some("http://www.w3.org/2001/04/xmlenc#aes256-cbc") => Cipher::Aes256,
            _ => return Err(PskcRefusal::Cipher),
        };
        let data = element.child(Space::Encryption, "CipherData")?.ok_or(PskcRefusal::Missing("CipherData"))?;
        let value = data.child(Space::Encryption, "CipherValue")?.ok_or(PskcRefusal::Missing("CipherValue"))?;
        let whole =
            |bytes: &Secret| bytes.len() >= 2 * BLOCK && bytes.len() <= MAX_SEALED && bytes.len().is_multiple_of(BLOCK);
        let bytes = base64(value.text()).filter(whole).ok_or(PskcRefusal::Unreadable("CipherValue"))?;
        Ok(Self { cipher, bytes })
    }

    /// What was encrypted. [`PskcRefusal::WrongMac`] where it ends in no padding.
    fn decrypt(&self, key: &Secret) -> Result<Secret, PskcRefusal> {
        let (vector, blocks) =
            self.bytes.expose().split_at_checked(BLOCK).ok_or(PskcRefusal::Unreadable("CipherValue"))?;
        let mut plain = Zeroizing::new(blocks.to_vec());
        match self.cipher {
            Cipher::Aes128 => decrypt_in_place(Decryptor::<Aes128>::new_from_slices(key.expose(), vector), &mut plain),
            Cipher::Aes192 => decrypt_in_place(Decryptor::<Aes192>::new_from_slices(key.expose(), vector), &mut plain),
            Cipher::Aes256 => decrypt_in_place(Decryptor::<Aes256>::new_from_slices(key.expose(), vector), &mut plain),
        }?;
        // XML Encryption's padding (section 5.2): the last byte is its length, the others may be anything.
        let padding = plain.last().map(|last| usize::from(*last)).filter(|length| (1..=BLOCK).contains(length));
        let length = plain.len() - padding.ok_or(PskcRefusal::WrongMac)?;
        plain.truncate(length);
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }
}

fn decrypt_in_place<D: BlockModeDecrypt, E>(cipher: Result<D, E>, bytes: &mut [u8]) -> Result<(), PskcRefusal> {
    let cipher = cipher.map_err(|_| PskcRefusal::KeyLength)?;
    cipher.decrypt_padded::<NoPadding>(bytes).map(|_| ()).map_err(|_| PskcRefusal::Unreadable("CipherValue"))
}

#[cfg(test)]
mod tests;
