//! The hashes a file may name: for its MACs, and for PBKDF2, which makes a key of a password.
//!
//! What must never happen: a derivation that costs what the file likes.

use super::PskcRefusal;
use super::tree::{Element, Space, base64};
use crate::import::number;
use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// Most rounds of PBKDF2: above the 1,300,000 that OWASP's password storage sheet asks of SHA-1; about two seconds.
const MAX_ROUNDS: u64 = 2_000_000;

/// Longest salt, in bytes: SP 800-132 asks for 16.
const MAX_SALT: usize = 256;

/// The hash under an HMAC, for MACs and for PBKDF2.
#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1" => Some(Self::Sha1),
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha224" => Some(Self::Sha224),
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" => Some(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384" => Some(Self::Sha384),
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Compares in constant time.
    pub(super) fn is_mac(self, key: &[u8], data: &[u8], tag: &[u8]) -> bool {
        fn check<M: Mac + KeyInit>(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
            <M as KeyInit>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(data).verify_slice(tag).is_ok())
        }
        match self {
            Self::Sha1 => check::<Hmac<Sha1>>(key, data, tag),
            Self::Sha224 => check::<Hmac<Sha224>>(key, data, tag),
            Self::Sha256 => check::<Hmac<Sha256>>(key, data, tag),
            Self::Sha384 => check::<Hmac<Sha384>>(key, data, tag),
            Self::Sha512 => check::<Hmac<Sha512>>(key, data, tag),
        }
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, key: &mut [u8]) {
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, key),
            Self::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, key),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, key),
            Self::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, key),
            Self::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, key),
        }
    }
}

/// The key behind a password. Its parameters stand in no namespace, in PKCS #5's or in XML Encryption's.
pub(super) fn derive(derived: &Element, password: &Secret) -> Result<Secret, PskcRefusal> {
    let method = derived.child(Space::Encryption11, "KeyDerivationMethod")?.ok_or(PskcRefusal::Derivation)?;
    if !matches!(
        method.attribute("Algorithm"),
        Some(
            "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"
                | "http://www.w3.org/2009/xmlenc11#pbkdf2"
        )
    ) {
        return Err(PskcRefusal::Derivation);
    }
    let parameters = method.any("PBKDF2-params")?.ok_or(PskcRefusal::Derivation)?;
    let salt = parameters.any("Salt")?.map_or(Ok(None), |salt| salt.any("Specified"))?;
    let salt = salt.and_then(|salt| base64(salt.text())).filter(|salt| (1..=MAX_SALT).contains(&salt.len()));
    let read = |name| Ok(parameters.any(name)?.and_then(|element| number(element.text())));
    let rounds = read("IterationCount")?.filter(|rounds| (1..=MAX_ROUNDS).contains(rounds));
    let length = read("KeyLength")?.and_then(|length| usize::try_from(length).ok());
    // PKCS #5's default is HMAC with SHA-1.
    let hash = match parameters.any("PRF")?.and_then(|function| function.attribute("Algorithm")) {
        None => Some(Hash::Sha1),
        Some(name) => Hash::of(name),
    };
    let (Some(salt), Some(rounds), Some(length @ (16 | 24 | 32)), Some(hash)) =
        (salt, rounds.and_then(|rounds| u32::try_from(rounds).ok()), length, hash)
    else {
        return Err(PskcRefusal::Derivation);
    };
    let mut key = Zeroizing::new(vec![0; length]);
    hash.pbkdf2(password.expose(), salt.expose(), rounds, &mut key);
    Ok(Secret::new(std::mem::take(&mut *key)))
}
