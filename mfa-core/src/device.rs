//! A paired device: its name and its public key in the enrolment file.

use crate::upkeep::Upkeep;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// Most devices of one user.
pub const MAX_DEVICES: usize = 8;

/// The name of a device within its user: `device-` and eight random hex digits, never used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(String);

impl DeviceId {
    /// A new name.
    #[must_use]
    pub fn new(random: [u8; 4]) -> Self {
        Self(format!("device-{:08x}", u32::from_be_bytes(random)))
    }

    /// A name typed by a person or received over the bus.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 16 hex digits of a key's fingerprint in groups of four: what two people compare.
#[must_use]
pub fn short_fingerprint(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Why 32 bytes are not a key that may be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not 32 bytes, or no point of the curve.
    #[error("not an Ed25519 public key")]
    NotAKey,
    /// A second spelling of a point (RFC 8032 §5.1.3 demands one).
    #[error("not the canonical form of an Ed25519 public key")]
    NotCanonical,
    /// A key for which signatures can be found that fit many messages.
    #[error("a small-order Ed25519 public key: anybody could sign for it")]
    SmallOrder,
}

/// An Ed25519 public key that is canonical and not of small order. In files: base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKey(VerifyingKey);

impl DeviceKey {
    /// Checks 32 bytes.
    ///
    /// # Errors
    /// When they must not be enrolled.
    pub fn new(bytes: &[u8]) -> Result<Self, BadKey> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| BadKey::NotAKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| BadKey::NotAKey)?;
        if key.is_weak() {
            return Err(BadKey::SmallOrder);
        }
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(BadKey::NotCanonical);
        }
        Ok(Self(key))
    }

    /// The key, for verifying.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }

    /// SHA-256 of the key, hex: what people compare.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.0.as_bytes()))
    }
}

impl Serialize for DeviceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for DeviceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| serde::de::Error::custom("the key is not base64"))?;
        Self::new(&bytes).map_err(serde::de::Error::custom)
    }
}

/// One device of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// What the user calls it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Reported lost, or set aside by an admin: it is asked nothing and answers nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Its public key.
    pub key: DeviceKey,
    /// What hygiene keeps of it.
    #[serde(default, skip_serializing_if = "Upkeep::is_clear")]
    pub upkeep: Upkeep,
}

impl Device {
    /// Whether it is asked and may answer.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.suspended && self.upkeep.suspended.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    #[test]
    fn a_good_key_survives_the_file() {
        let key = DeviceKey::new(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()).unwrap();
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<DeviceKey>(&text).unwrap(), key);
        assert_eq!(key.fingerprint().len(), 64);
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        let point = |first: u8, rest: u8, last: u8| {
            let mut bytes = [rest; 32];
            (bytes[0], bytes[31]) = (first, last);
            bytes
        };
        for (bytes, expected) in [
            // The identity, the point of order two, one of order four (y = 0), of RFC 8032's curve.
            (point(1, 0, 0), BadKey::SmallOrder),
            (point(0xec, 0xff, 0x7f), BadKey::SmallOrder),
            (point(0, 0, 0), BadKey::SmallOrder),
            // y = p + 1 is a second spelling of the identity, y = p of the point with y = 0.
            (point(0xee, 0xff, 0x7f), BadKey::SmallOrder),
            (point(0xed, 0xff, 0x7f), BadKey::SmallOrder),
        ] {
            assert_eq!(DeviceKey::new(&bytes), Err(expected), "{bytes:02x?}");
        }
        // y = p + k for the small k that are on the curve and not of small order: spelled a second way.
        let mut second_spellings = 0;
        for k in 2..19u8 {
            match DeviceKey::new(&point(0xed + k, 0xff, 0x7f)) {
                Err(BadKey::NotCanonical) => second_spellings += 1,
                Err(BadKey::NotAKey | BadKey::SmallOrder) => {}
                Ok(_) => panic!("{k}"),
            }
        }
        assert!(second_spellings > 0);
        assert_eq!(DeviceKey::new(&[7; 31]), Err(BadKey::NotAKey));
    }
}
