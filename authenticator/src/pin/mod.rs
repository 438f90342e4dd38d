//! The PIN over a device key: what may be one, and how often it may be tried.
//!
//! Called by the agent, which asks for it at each approval, and by `pair` and `pin`. What must never happen: a PIN that
//! somebody set and can never type again, or wrong ones being tried as fast as the machine can.

mod tries;

pub use tries::Tries;

use crate::catalogue::{Text, filled, gettext};
use crate::sealed::{Cost, RANDOM, SealError, Sealed};
use mfa_core::secret::Secret;

/// Fewest characters. Where argon2id takes a tenth of a second a try, the million PINs of six digits keep one core busy for a
/// day, those of five digits for three hours. (NIST SP 800-63B-4 §3.1.1.2 is content with six only where tries are counted;
/// whoever copies the keyring is not counted, and so a few words are better.)
pub const FEWEST: usize = 6;

/// Most characters: enough for any passphrase, and nobody makes the agent hash megabytes.
pub const MOST: usize = 128;

/// What device keys are sealed for.
const PURPOSE: &str = "io.github.pam_mfa.DeviceKey";

/// Why a text is no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Too short.
    #[error("{}", filled(
        gettext(
            "A PIN has at least {fewest} characters: whoever copies the keyring can try all shorter numbers in an hour \
             or two. A few words are better."
        ),
        &[("fewest", &FEWEST)]
    ))]
    Short,
    /// Too long.
    #[error("{}", filled(gettext("A PIN has at most {most} characters."), &[("most", &MOST)]))]
    Long,
    /// Something that cannot be typed everywhere.
    #[error("{}", Text("A PIN holds no control characters: they cannot be typed at every prompt."))]
    Control,
}

/// A text that can be a PIN.
#[derive(Debug, Clone)]
pub struct Pin(Secret);

impl Pin {
    /// Checks a text that a person chose or typed; its letters count as they are, spaces too.
    ///
    /// # Errors
    /// When it can be none.
    pub fn new(text: Secret) -> Result<Self, BadPin> {
        // Bytes that are no text were not typed by anybody.
        let typed = text.expose_str().ok_or(BadPin::Control)?;
        let length = typed.chars().count();
        if typed.chars().any(char::is_control) {
            Err(BadPin::Control)
        } else if length < FEWEST {
            Err(BadPin::Short)
        } else if length > MOST {
            Err(BadPin::Long)
        } else {
            Ok(Self(text))
        }
    }

    /// What was typed.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Puts a device key under this PIN. Takes a tenth of a second and 64 MiB: never on an async thread.
    ///
    /// # Errors
    /// When the memory cannot be had.
    pub fn seal(&self, key: &Secret, random: &[u8; RANDOM]) -> Result<Sealed, SealError> {
        Sealed::seal(key, &self.0, PURPOSE, Cost::RECOMMENDED, random)
    }

    /// The device key that was put under this PIN. Takes as long as its sealing did: never on an async thread.
    ///
    /// # Errors
    /// When it is another PIN, or the memory cannot be had.
    pub fn open(&self, sealed: &Sealed) -> Result<Secret, SealError> {
        sealed.open(&self.0, PURPOSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Result<Pin, BadPin> {
        Pin::new(Secret::from(text.to_owned()))
    }

    #[test]
    fn a_pin_has_six_characters_to_a_hundred_and_twenty_eight_and_no_control_ones() {
        let (long, longer) = ("ä".repeat(128), "ä".repeat(129));
        for good in ["123456", "pass word", "      ", "пароль", long.as_str()] {
            assert!(pin(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", BadPin::Short),
            ("12345", BadPin::Short),
            ("äöüäö", BadPin::Short),
            (longer.as_str(), BadPin::Long),
            ("12345\t", BadPin::Control),
            ("123456\n", BadPin::Control),
            ("12345\u{9b}", BadPin::Control),
        ] {
            assert_eq!(pin(bad).unwrap_err(), why, "{bad:?}");
        }
        assert_eq!(Pin::new(Secret::new(vec![0xff; 8])).unwrap_err(), BadPin::Control);
    }

    #[test]
    fn a_key_opens_with_its_pin_and_says_nothing_to_others() {
        let sealed = pin("123456").unwrap().seal(&Secret::new(vec![7; 32]), &[1; RANDOM]).unwrap();
        assert_eq!(pin("123456").unwrap().open(&sealed).unwrap().expose(), [7; 32]);
        assert_eq!(pin("123465").unwrap().open(&sealed).unwrap_err(), SealError::Closed);
        assert!(!format!("{:?}", pin("123456")).contains('1'));
    }
}
