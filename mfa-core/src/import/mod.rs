//! Factors from the files of other PAM modules.
//!
//! Used by `mfactl import`. Each reader is a pure function from a file's text to a [`Report`]: what
//! was made of every line, and the factors. What must never happen: a line that vanishes without a word, a spent code
//! that works again here, a secret or a code in a report.

pub mod google_authenticator;
pub mod oath;

use crate::otp::{Moving, Otp};

/// What is said of pam_u2f's files.
pub const FIDO_KEYS: &str = "a file of pam_u2f: its FIDO keys answer challenges and have no codes, so they cannot be taken over. Let \
     pam_u2f go on asking for them where they are in use, or enrol another factor: mfactl enroll";

/// Whether this is a file of pam_u2f (`u2f_keys`): `user:handle,key,type,options[:…]`, or the older `user:handle,key`.
#[must_use]
pub fn is_of_u2f(text: &str) -> bool {
    let is_key = |credential: &str| {
        let mut fields = credential.split(',').map(str::trim);
        let (Some(handle), Some(key)) = (fields.next(), fields.next()) else { return false };
        let kind = fields.next();
        let encoded = |text: &str| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'*'))
        };
        // A P-256 or Ed25519 public key is 32 bytes at least: 43 letters of base64.
        encoded(handle)
            && encoded(key)
            && key.len() >= 43
            && kind.is_none_or(|kind| matches!(kind, "es256" | "rs256" | "eddsa"))
    };
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let credentials = first.and_then(|line| line.split_once(':')).map(|(_, credentials)| credentials);
    credentials.is_some_and(|credentials| credentials.split(':').all(is_key))
}

/// What became of a file. Blank lines and comments are not listed; every other line is, in order.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry a line.
    pub lines: Vec<Line>,
    /// The factors, in the order of the file.
    pub factors: Vec<Imported>,
}

/// What became of one line.
#[derive(Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// What was taken, changed, left out or refused, and why. Cleaned; never holds a secret or a code.
    pub text: String,
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It means here what it meant there.
    Taken,
    /// It means something else here; the text says what.
    Changed,
    /// Nothing here corresponds to it, and nothing is wrong with it: scratch codes, counts of past logins.
    LeftOut,
    /// It cannot be used. An import with such a line writes nothing, unless told to skip them.
    Refused,
}

/// A factor found in a file.
#[derive(Debug)]
pub struct Imported {
    /// The line its secret stands on.
    pub line: usize,
    /// The user the file names; `None` where the file is one user's.
    pub user: Option<String>,
    /// A name to tell it from the user's other factors; made here, not taken from the file.
    pub label: String,
    /// The generator.
    pub otp: Otp,
    /// TOTP: the last step the file says was accepted. Steps at or below it must stay refused.
    pub mark: Option<u64>,
    /// TOTP: the file does not say which steps were accepted: all up to now, and the window, must stay refused.
    pub any_used: bool,
    /// HOTP: the next counter. `None` for TOTP.
    pub counter: Option<u64>,
}

impl Report {
    /// How many lines were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.lines.iter().filter(|line| line.outcome == Outcome::Refused).count()
    }

    fn line(&mut self, number: usize, outcome: Outcome, text: impl Into<String>) {
        self.lines.push(Line { number, outcome, text: text.into() });
    }
}

/// A factor in a few words: `TOTP, 6 digits every 30 s`.
pub(crate) fn summary(otp: &Otp) -> String {
    let mut text = match otp.moving() {
        Moving::Time { period } => format!("TOTP, {} digits every {period} s", otp.digits()),
        Moving::Counter => format!("HOTP, {} digits", otp.digits()),
    };
    if otp.is_short() {
        text.push_str(&format!(", a secret of only {} bits: replace it soon", otp.secret().len() * 8));
    }
    text
}

/// A number of digits alone: `parse` would take a plus sign too.
pub(crate) fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_pam_u2f_is_recognised_and_others_are_not() {
        let key = "K".repeat(88);
        for (text, is) in [
            (format!("anna:handle+/=,{key},es256,+presence\n"), true),
            (format!("# keys\n\nanna:handle,{key},es256,+presence:other,{key},eddsa,+presence+pin\n"), true),
            (format!("anna:handle,04{}\n", "ab".repeat(64)), true),
            (String::from("JBSWY3DPEHPK3PXP\n\" TOTP_AUTH\n"), false),
            (String::from("HOTP/T30/6\tanna\t-\t3132333435363738393031323334353637383930\n"), false),
            (String::from("anna:x:1000:1000:Anna,,,:/home/anna:/bin/sh\n"), false),
            (String::new(), false),
        ] {
            assert_eq!(is_of_u2f(&text), is, "{text}");
        }
    }
}
