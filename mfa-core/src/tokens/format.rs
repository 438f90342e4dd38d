//! Which format a file has.
//!
//! Told by its content alone. What must never happen: a guess. A file that names no columns and has no type in its rows
//! is refused, since which of its fields is the key decides what is kept.

use super::{csv, entra, oath, table};
use std::fmt;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Makers' lists: `Name, Serial number, Time interval, Model, Secret key`, named in the first line.
    Csv,
    /// What Microsoft Entra takes: `upn,serial number,secret key,time interval,manufacturer,model`.
    Entra,
    /// `serial,seed,TOTP,len,step`, as LinOTP and privacyIDEA take it.
    Oath,
    /// RFC 6030.
    Pskc,
}

impl Format {
    /// The format of this text, where it can be told.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.trim_start().starts_with('<') {
            return Some(Self::Pskc);
        }
        let (_, first) = table::rows(text).find(|(_, line)| !oath::is_comment(line))?;
        if table::has_columns(first, entra::COLUMNS) {
            Some(Self::Entra)
        } else if table::has_columns(first, csv::COLUMNS) {
            Some(Self::Csv)
        } else {
            oath::looks_like(first).then_some(Self::Oath)
        }
    }
}

/// The word `--format` takes.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::Entra => "entra",
            Self::Oath => "oath",
            Self::Pskc => "pskc",
        })
    }
}
