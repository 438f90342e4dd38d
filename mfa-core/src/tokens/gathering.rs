//! What was read so far: the report, and what no file may hold twice.
//!
//! Called by the reader of each format, once a row. What must never happen: a token taken whose serial number or key
//! stands in another row, or more rows than the limit.

use super::{MAX_ROWS, MAX_SERIAL, TokenEntry};
use crate::clean;
use crate::import::{Line, Outcome, summary};
use crate::otp::{Moving, Otp, OtpError};
use crate::otpauth::MAX_COUNTER;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use thiserror::Error;

/// Longest name and model of a token, in characters: what is shown of a field.
const MAX_TEXT: usize = clean::FIELD_CHARS;

/// Longest user, in characters: what Entra allows its user principal names.
const MAX_USER: usize = 113;

/// Why a row, or a whole file, is refused. None quotes a field, since a shifted row has its key anywhere.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    // A whole file.
    #[error("the file is longer than 32 MiB: split it")]
    TooLong,
    #[error("the file has more than 100,000 tokens: split it")]
    TooMany,
    #[error("the file is not UTF-8 text: save it as UTF-8")]
    NotText,
    #[error("there is a NUL in the file: save it as UTF-8 text")]
    Nul,
    #[error(
        "the format cannot be told: a CSV file names its columns in the first line, Serial number and Secret key at least; or say which it is"
    )]
    UnknownFormat,
    #[error("there is no token in the file")]
    Empty,
    #[error("the first line must name the columns, and these are missing: {0}")]
    ColumnsMissing(String),
    #[error("the column {0} is named twice")]
    ColumnTwice(&'static str),
    // A row of any format.
    #[error("it has no serial number")]
    NoSerial,
    #[error("the serial number has other characters than letters, digits and -_.:/, or more than 64")]
    Serial,
    #[error("the {0} is too long, or has control characters in it")]
    Text(&'static str),
    #[error("the same serial number stands in line {0}")]
    SerialTwice(usize),
    #[error("the same key stands in line {0}: the codes of one token would be those of the other")]
    KeyTwice(usize),
    #[error(transparent)]
    Otp(#[from] OtpError),
    #[error("the counter is not a number that can be used")]
    Counter,
    #[error("the number of digits is not 6, 7 or 8")]
    Digits,
    // A row of fields.
    #[error("the row is longer than 4096 bytes")]
    RowTooLong,
    #[error("the row has {found} fields, and {wanted} columns are named")]
    Fields { found: usize, wanted: usize },
    #[error("a quote is not closed on its line")]
    OpenQuote,
    #[error("a quote stands within a field, or something behind a closing quote")]
    StrayQuote,
    #[error("the key is not hexadecimal")]
    NotHexadecimal,
    #[error("the key is not base32")]
    NotBase32,
    #[error("the key is neither hexadecimal nor base32")]
    NotAKey,
    #[error("the time interval is not a number of seconds")]
    Interval,
    #[error(
        "a time interval of 0 seconds: if the token counts presses of its button, say HOTP in a column Type, or event as its interval"
    )]
    IntervalZero,
    #[error("a token of type HOTP counts presses of its button and has no time interval: leave it empty, or write 0")]
    IntervalOfCounter,
    #[error("the type is neither TOTP nor HOTP")]
    Kind,
    #[error("a row has three to five fields: serial, seed, type, digits, and step or counter")]
    OathFields,
    #[error(transparent)]
    Pskc(#[from] super::pskc::PskcRefusal),
}

/// Why a whole file is refused, and where.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) why: Refusal,
}

/// A token as it stands in a row, before it was compared with the others.
pub(super) struct Found {
    pub(super) serial: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) user: Option<String>,
    pub(super) otp: Otp,
    pub(super) counter: u64,
    /// What else there is to say, each cleaned.
    pub(super) notes: Vec<String>,
    /// Whether any of that changes what the token means.
    pub(super) outcome: Outcome,
}

/// The report in the making.
#[derive(Default)]
pub(super) struct Gathering {
    lines: Vec<Line>,
    entries: Vec<TokenEntry>,
    rows: usize,
    serials: HashMap<String, usize>,
    keys: HashMap<[u8; 32], usize>,
}

impl Gathering {
    /// A row that is no token.
    pub(super) fn say(&mut self, number: usize, outcome: Outcome, text: String) {
        self.lines.push(Line { number, outcome, text });
    }

    /// A row that is a token, or should be.
    ///
    /// # Errors
    /// When it is one too many.
    pub(super) fn row(&mut self, line: usize, found: Result<Found, Refusal>) -> Result<(), Broken> {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(Broken { line, why: Refusal::TooMany });
        }
        match found.and_then(|found| self.checked(line, found)) {
            Ok((entry, outcome, text)) => {
                self.say(line, outcome, text);
                self.entries.push(entry);
            }
            Err(why) => self.say(line, Outcome::Refused, why.to_string()),
        }
        Ok(())
    }

    /// All rows were read.
    ///
    /// # Errors
    /// When there were none.
    pub(super) fn finish(self) -> Result<(Vec<Line>, Vec<TokenEntry>), Broken> {
        if self.rows == 0 { Err(Broken { line: 1, why: Refusal::Empty }) } else { Ok((self.lines, self.entries)) }
    }

    fn checked(&mut self, line: usize, found: Found) -> Result<(TokenEntry, Outcome, String), Refusal> {
        let Found { serial, name, model, user, otp, counter, notes, outcome } = found;
        if serial.is_empty() {
            return Err(Refusal::NoSerial);
        }
        if !is_serial(&serial) {
            return Err(Refusal::Serial);
        }
        for (what, text, most) in
            [("name", &*name, MAX_TEXT), ("model", &model, MAX_TEXT), ("user", user.as_deref().unwrap_or(""), MAX_USER)]
        {
            // What cleaning would change has something in it that steers a terminal.
            if text.chars().count() > most || clean::message(text) != text {
                return Err(Refusal::Text(what));
            }
        }
        let counts = otp.moving() == Moving::Counter;
        if counter > MAX_COUNTER || (!counts && counter > 0) {
            return Err(Refusal::Counter);
        }
        once(&mut self.serials, serial.clone(), line).map_err(Refusal::SerialTwice)?;
        // A hash, so that the map holds no key.
        let key = Sha256::digest(otp.secret().expose()).into();
        once(&mut self.keys, key, line).map_err(Refusal::KeyTwice)?;
        let mut text = format!("{}, serial number {serial}", summary(&otp));
        if counts {
            text.push_str(&format!("; the next counter is {counter}"));
        }
        for note in notes {
            text.push_str(&format!("; {note}"));
        }
        Ok((TokenEntry { line, serial, name, model, user, otp, counter }, outcome, text))
    }
}

/// Whether `text` can be a serial number: 1 to [`MAX_SERIAL`] letters, digits and `-_.:/`. It is typed, compared and shown.
#[must_use]
pub fn is_serial(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/');
    (1..=MAX_SERIAL).contains(&text.len()) && text.bytes().all(is_plain)
}

/// The error is the line where it stands already.
fn once<K: std::hash::Hash + Eq>(seen: &mut HashMap<K, usize>, what: K, line: usize) -> Result<(), usize> {
    match seen.entry(what) {
        Entry::Occupied(first) => Err(*first.get()),
        Entry::Vacant(place) => {
            place.insert(line);
            Ok(())
        }
    }
}
