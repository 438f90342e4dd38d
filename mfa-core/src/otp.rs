//! One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), and what a typed code may look like.
//!
//! Used by the login machine, by enrolment, and by everything that reads secrets from elsewhere
//! (`otpauth`, `import`). Here is what a factor is made of; `check` tells whether a code is right.
//!
//! What must never happen: a generator built from numbers outside the limits below (it panics at ten digits).

use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use thiserror::Error;

mod check;

pub use check::{Check, DRAWER_WINDOW, LOOK_AHEAD, LOOK_BACK, RESYNC_AHEAD, WINDOW};

/// Digits of a code: RFC 4226 section 5.3 asks for six at least and names seven and eight.
pub const DIGITS: RangeInclusive<u8> = 6..=8;

/// Seconds of a time step. NIST SP 800-63B section 3.1.4 wants a new code at least every two minutes; below
/// 15 s the window of three steps would be shorter than the time a person needs to read and type.
pub const PERIOD: RangeInclusive<u32> = 15..=120;

/// Least bits of a secret, NIST SP 800-63B section 3.1.4 (the strength floor of SP 800-131A).
pub const SECRET_BITS: usize = 112;

/// Least bits with [`ShortSecret::Allow`]: the 16 base32 letters that older google-authenticator versions and
/// many sites hand out.
pub const SHORT_SECRET_BITS: usize = 80;

/// Longest secret in bytes: the block of SHA-512. HMAC hashes anything longer down first (RFC 2104
/// section 3), so that a longer one adds nothing.
pub const SECRET_MAX_BYTES: usize = 128;

/// Bytes of a secret made here: the 160 bits RFC 4226 section 4 (R6) recommends.
pub const NEW_SECRET_BYTES: usize = 20;

/// The hash under the HMAC. The strings are those of otpauth URIs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// The default of every app. Its collisions do not matter to HMAC (RFC 4226 appendix B).
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    /// RFC 6238 section 1.2.
    #[serde(rename = "SHA256")]
    Sha256,
    /// RFC 6238 section 1.2.
    #[serde(rename = "SHA512")]
    Sha512,
}

/// What moves a factor on from one code to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moving {
    /// TOTP.
    Time {
        /// Seconds of a step, within [`PERIOD`].
        period: u32,
    },
    /// HOTP. The counter is state and not kept here.
    Counter,
}

/// Whether a secret of 80 to 111 bits is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortSecret {
    /// The rule.
    Refuse,
    /// Only when an administrator said so explicitly; the caller warns.
    Allow,
}

/// A generator of codes whose numbers are known to be within the limits.
#[derive(Debug, Clone)]
pub struct Otp {
    secret: Secret,
    algorithm: Algorithm,
    digits: u8,
    moving: Moving,
}

/// Why a factor cannot be made from these values. No text holds anything of the secret but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OtpError {
    /// Outside [`DIGITS`].
    #[error("codes of {0} digits are not supported: use 6, 7 or 8")]
    Digits(u8),
    /// Outside [`PERIOD`].
    #[error("a time step of {0} seconds is not supported: use 15 to 120")]
    Period(u32),
    /// From 80 up to 111 bits, without [`ShortSecret::Allow`].
    #[error(
        "the secret has {0} bits and 112 are the least: enrol again with a new secret, or allow short secrets explicitly"
    )]
    Short(usize),
    /// Below 80 bits.
    #[error(
        "the secret has {0} bits, too few under any setting (80 are the least): see that all of it is there, or enrol again with a new secret"
    )]
    TooShort(usize),
    /// Above [`SECRET_MAX_BYTES`].
    #[error("the secret has {0} bytes and 128 are the most")]
    TooLong(usize),
    /// Not one of the three hashes.
    #[error("the algorithm is not supported: use SHA1, SHA256 or SHA512")]
    Algorithm,
}

/// The digits of an answer that has the shape of a code: six to eight ASCII digits, with ASCII spaces and dashes
/// anywhere (apps show `123 456`). `None` for everything else, other scripts' digits included.
#[must_use]
pub fn normalise(answer: &str) -> Option<Secret> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut digits = Vec::with_capacity(answer.len());
    digits.extend(answer.bytes().filter(|byte| !matches!(byte, b' ' | b'-')));
    let code = Secret::new(digits);
    let fits = u8::try_from(code.len()).is_ok_and(|length| DIGITS.contains(&length));
    (fits && code.expose().iter().all(u8::is_ascii_digit)).then_some(code)
}

impl Otp {
    /// A generator with these values.
    ///
    /// # Errors
    /// When a number is outside its limit, or the secret is too short or too long.
    pub fn new(
        secret: Secret,
        algorithm: Algorithm,
        digits: u8,
        moving: Moving,
        short: ShortSecret,
    ) -> Result<Self, OtpError> {
        if !DIGITS.contains(&digits) {
            return Err(OtpError::Digits(digits));
        }
        if let Moving::Time { period } = moving
            && !PERIOD.contains(&period)
        {
            return Err(OtpError::Period(period));
        }
        if secret.len() > SECRET_MAX_BYTES {
            return Err(OtpError::TooLong(secret.len()));
        }
        let bits = secret.len() * 8;
        if bits < SHORT_SECRET_BITS {
            return Err(OtpError::TooShort(bits));
        }
        if bits < SECRET_BITS && short == ShortSecret::Refuse {
            return Err(OtpError::Short(bits));
        }
        Ok(Self { secret, algorithm, digits, moving })
    }

    /// The shared secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The hash under the HMAC.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Digits of a code, within [`DIGITS`].
    #[must_use]
    pub fn digits(&self) -> u8 {
        self.digits
    }

    /// What moves it on.
    #[must_use]
    pub fn moving(&self) -> Moving {
        self.moving
    }

    /// Whether the secret is below [`SECRET_BITS`], which every listing should say.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.secret.len() * 8 < SECRET_BITS
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        })
    }
}

/// Reads what is seen in the wild: `SHA1`, `sha-256`, `HmacSHA512`, `HMAC-SHA-1`.
impl FromStr for Algorithm {
    type Err = OtpError;

    fn from_str(text: &str) -> Result<Self, OtpError> {
        let plain: String =
            text.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_uppercase()).take(16).collect();
        match plain.strip_prefix("HMAC").unwrap_or(&plain) {
            "SHA1" => Ok(Self::Sha1),
            "SHA256" => Ok(Self::Sha256),
            "SHA512" => Ok(Self::Sha512),
            _ => Err(OtpError::Algorithm),
        }
    }
}

#[cfg(test)]
mod tests;
