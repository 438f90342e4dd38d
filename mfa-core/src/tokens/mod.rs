//! Files of hardware tokens, as their makers and other systems write them.
//!
//! Used by `mfactl token import`. [`read`] is a pure function from a file's bytes to a [`Report`]: what became of every
//! row, and the tokens. Each format has a file of its own. What must never happen: a row that vanishes without a
//! word, a key in a report, a key that was used before its MAC was checked, or a file that costs more than its size.

mod csv;
mod entra;
mod format;
mod gathering;
mod keys;
mod oath;
pub mod pskc;
mod table;
mod words;

pub use format::Format;
pub use gathering::is_serial;

use crate::import::{Line, Outcome};
use crate::otp::{Otp, ShortSecret};
use crate::secret::Secret;
use gathering::{Broken, Gathering, Refusal};
use pskc::Unlock;
use zeroize::Zeroizing;

/// Longest file read, in bytes: about 300 a row for [`MAX_ROWS`], of which PSKC needs the most.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Most tokens in one file.
pub const MAX_ROWS: usize = 100_000;

/// Longest serial number, in characters.
pub const MAX_SERIAL: usize = 64;

/// One token of a file.
#[derive(Debug)]
pub struct TokenEntry {
    /// The line it stands on, counted from 1; of a PSKC file that of its `KeyPackage`.
    pub line: usize,
    /// What is printed on it: 1 to [`MAX_SERIAL`] letters, digits and `-_.:/`, once in a file.
    pub serial: String,
    /// What the file calls it; empty where it gives no name.
    pub name: String,
    /// Maker and model; empty where the file gives neither.
    pub model: String,
    /// Entra's `upn`, if any: whom the file gives it to.
    pub user: Option<String>,
    /// The generator.
    pub otp: Otp,
    /// HOTP: the next counter. 0 for TOTP.
    pub counter: u64,
}

/// What became of a file.
#[derive(Debug)]
pub struct Report {
    /// How it was read; `None` where it could not be told.
    pub format: Option<Format>,
    /// One entry a row, in the order of the file. Blank rows, and comments where the format has them, are not listed.
    pub lines: Vec<Line>,
    /// The tokens. None at all where the whole file was refused, which is then the only line.
    pub entries: Vec<TokenEntry>,
}

impl Report {
    /// How many rows were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.lines.iter().filter(|line| line.outcome == Outcome::Refused).count()
    }

    fn of_nothing(format: Option<Format>, broken: &Broken) -> Self {
        let line = Line { number: broken.line, outcome: Outcome::Refused, text: broken.why.to_string() };
        Self { format, lines: vec![line], entries: Vec::new() }
    }
}

/// Reads a whole file: in this format, or in the one it seems to have. `unlock` opens a PSKC file that is encrypted.
#[must_use]
pub fn read(bytes: &[u8], format: Option<Format>, unlock: &Unlock, short: ShortSecret) -> Report {
    let text = match text(bytes) {
        Ok(text) => text,
        Err(broken) => return Report::of_nothing(format, &broken),
    };
    let Some(format) = format.or_else(|| Format::of(text)) else {
        return Report::of_nothing(None, &Broken { line: 1, why: Refusal::UnknownFormat });
    };
    let mut gathering = Gathering::default();
    let done = match format {
        Format::Csv => csv::read(text, short, &mut gathering),
        Format::Entra => entra::read(text, short, &mut gathering),
        Format::Oath => oath::read(text, short, &mut gathering),
        Format::Pskc => pskc::read(text, unlock, short, &mut gathering),
    };
    match done.and_then(|()| gathering.finish()) {
        Ok((lines, entries)) => Report { format: Some(format), lines, entries },
        Err(broken) => Report::of_nothing(Some(format), &broken),
    }
}

/// A key as a person types it: hexadecimal or base32, told as [`Format::Csv`] tells it. `None` where it is neither.
#[must_use]
pub fn key(text: &str) -> Option<Secret> {
    keys::either(text).ok().map(|(key, _)| key)
}

/// The text of a file, without its byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Broken> {
    let broken = |before: &[u8], why| Broken { line: 1 + newlines(before), why };
    if bytes.len() > MAX_BYTES {
        return Err(broken(&[], Refusal::TooLong));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(broken(bytes.get(..at).unwrap_or_default(), Refusal::Nul));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(bad) => Err(broken(bytes.get(..bad.valid_up_to()).unwrap_or_default(), Refusal::NotText)),
    }
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// `text` without the characters `out` names, in memory that is wiped.
fn without(text: &str, out: impl Fn(u8) -> bool) -> Zeroizing<Vec<u8>> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
    kept.extend(text.bytes().filter(|byte| !out(*byte)));
    kept
}

#[cfg(test)]
mod tests;
