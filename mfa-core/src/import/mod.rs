//! Factors from the files of other PAM modules.
//!
//! Used by `mfactl import`. Each reader is a pure function from a file's text to a [`Report`]: what
//! was made of every line, and the factors. What must never happen: a line that vanishes without a word, a spent code
//! that works again here, a secret or a code in a report.

pub mod google_authenticator;
pub mod oath;

use crate::otp::{Moving, Otp};

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
