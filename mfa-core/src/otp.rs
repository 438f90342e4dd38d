//! One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), and what a typed code may look like.
//!
//! Used by the login machine, by enrolment, and by everything that reads secrets from elsewhere
//! (`otpauth`, `import`). Pure: the time, the mark and the counter are passed in, and the caller
//! stores what an acceptance moves before it answers "yes".
//!
//! What must never happen: a code accepted at or below the mark, a comparison that stops early, or
//! a generator built from numbers outside the limits below (it panics at ten digits).

use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write as _;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

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

/// Steps accepted on either side of now, RFC 6238 section 5.2.
pub const WINDOW: u64 = 1;

/// Counters tried from the expected one on: `s` in RFC 4226 section 7.4. The expected counter is one of them, since the
/// guessing chance of appendix E is `s` values out of 10^digits.
pub const LOOK_AHEAD: u64 = 10;

/// Spent counters that are recognised as a replay rather than called wrong. Never accepted.
pub const LOOK_BACK: u64 = 10;

/// Counters searched for the first of two successive codes, RFC 4226 section 7.4. Two codes together are
/// at least 12 digits, so that the wide search costs no strength.
pub const RESYNC_AHEAD: u64 = 100;

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

/// What a typed code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Right, and not used before.
    Accepted {
        /// TOTP: the new mark. HOTP: the counter it matched; the next expected one is `step + 1`.
        step: u64,
    },
    /// Right once, but at or below the mark, or from before state was lost.
    Replay {
        /// The step or counter it belongs to.
        step: u64,
    },
    /// None of this factor's codes.
    Wrong,
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
    #[error("the secret has {0} bits, too few under any setting: enrol again with a new secret")]
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

    /// The code of one time step or counter, zero-padded text.
    #[must_use]
    pub fn code(&self, step: u64) -> Secret {
        Codes::of(self).at(step)
    }

    /// Checks a typed code (already [normalised](normalise)) at `now`, in seconds since 1970.
    ///
    /// `mark` is the last accepted step. `after` is the step at or below which nothing is accepted because state was
    /// lost. Every step of the window is computed and compared in constant time. A code that matches a
    /// step at or below either bound is a replay even if by chance it is also the code of a later step: a code works once.
    /// On a counter factor everything is wrong.
    #[must_use]
    pub fn check_totp(&self, code: &str, now: u64, mark: Option<u64>, after: Option<u64>) -> Check {
        let Moving::Time { period } = self.moving else { return Check::Wrong };
        let Some(current) = now.checked_div(u64::from(period)) else { return Check::Wrong };
        let window = current.saturating_sub(WINDOW)..current.saturating_add(WINDOW).saturating_add(1);
        // The first step that may be accepted; u64::MAX as a bound leaves none.
        let first = mark.max(after).map_or(0, |bound| bound.saturating_add(1));
        let start = first.clamp(window.start, window.end);
        Codes::of(self).judge(code, window.start..start, start..window.end)
    }

    /// Checks a typed code (already [normalised](normalise)) where `next` is the first unused counter.
    ///
    /// Tries the [`LOOK_AHEAD`] counters from `next` on, and the [`LOOK_BACK`] before it to tell a replay from a wrong
    /// code. The highest match counts, so that no lower counter's equal code stays behind. On a time factor everything is wrong.
    #[must_use]
    pub fn check_hotp(&self, code: &str, next: u64) -> Check {
        if self.moving != Moving::Counter {
            return Check::Wrong;
        }
        Codes::of(self).judge(code, next.saturating_sub(LOOK_BACK)..next, next..next.saturating_add(LOOK_AHEAD))
    }

    /// Finds two successive codes within [`RESYNC_AHEAD`] counters of `next`; the new next counter.
    /// `None` when they are not there, on a time factor, or when either is not a code.
    #[must_use]
    pub fn resync_hotp(&self, first: &str, second: &str, next: u64) -> Option<u64> {
        if self.moving != Moving::Counter {
            return None;
        }
        let codes = Codes::of(self);
        let mut found = Choice::from(0);
        let mut new_next = 0;
        let mut here = codes.at(next);
        for counter in next..next.saturating_add(RESYNC_AHEAD) {
            let Some(following) = counter.checked_add(2) else { break };
            let there = codes.at(counter.saturating_add(1));
            let both = equal(&here, first) & equal(&there, second);
            new_next.conditional_assign(&following, both);
            found |= both;
            here = there;
        }
        bool::from(found).then_some(new_next)
    }
}

/// The generator behind an [`Otp`]: totp-rs with steps of one second, so that its time is our step or counter.
struct Codes {
    generator: totp_rs::Totp,
    digits: usize,
}

impl Codes {
    fn of(otp: &Otp) -> Self {
        let algorithm = match otp.algorithm {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        };
        // Not `build`: it refuses 80-bit secrets. What it would check, Otp::new has checked.
        let generator = totp_rs::Builder::new()
            .with_algorithm(algorithm)
            .with_digits(otp.digits)
            .with_step_duration(1)
            .with_secret(otp.secret.expose())
            .build_noncompliant();
        Self { generator, digits: usize::from(otp.digits) }
    }

    fn at(&self, step: u64) -> Secret {
        let mut text = Vec::with_capacity(self.digits);
        // Writing to a Vec cannot fail; if it did, a short code would equal nothing.
        let _ = write!(text, "{}", self.generator.generate(step));
        Secret::new(text)
    }

    /// Computes both ranges to the end whatever matches.
    fn judge(&self, code: &str, spent: Range<u64>, open: Range<u64>) -> Check {
        let replayed = self.highest(code, spent);
        let accepted = self.highest(code, open);
        match (replayed, accepted) {
            (Some(step), _) => Check::Replay { step },
            (None, Some(step)) => Check::Accepted { step },
            (None, None) => Check::Wrong,
        }
    }

    fn highest(&self, code: &str, steps: Range<u64>) -> Option<u64> {
        let mut found = Choice::from(0);
        let mut highest = 0;
        for step in steps {
            let same = equal(&self.at(step), code);
            highest.conditional_assign(&step, same);
            found |= same;
        }
        bool::from(found).then_some(highest)
    }
}

/// The lengths are no secret; the digits are compared in constant time.
fn equal(code: &Secret, typed: &str) -> Choice {
    code.expose().ct_eq(typed.as_bytes())
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
