//! Where in a TOML file something stands, and errors that say so.
//!
//! Used by everything that reads TOML written by people. An error names file, line and key, and
//! never quotes a value: the value may be a secret.

use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Range;

/// A file, line and key, as an admin would look for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Path as given, or `built-in default`.
    pub file: String,
    /// Line from 1; 0 where there is no line.
    pub line: usize,
    /// The key on that line, or a table's header; empty when the line has none.
    pub key: String,
}

impl Place {
    /// The place of the compiled-in defaults.
    #[must_use]
    pub fn built_in(key: &str) -> Self {
        Self { file: String::from("built-in default"), line: 0, key: key.to_owned() }
    }

    /// The place of `span` in the `text` of `file`.
    #[must_use]
    pub fn of(file: &str, text: &str, span: &Range<usize>) -> Self {
        let start = span.start.min(text.len());
        let before = text.as_bytes().get(..start).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let row = text.lines().nth(line - 1).unwrap_or_default();
        Self { file: file.to_owned(), line, key: key_of(row) }
    }
}

/// The key of a line, or a table's header. In a damaged file a line may be a value: nothing is taken for a key that has
/// the capital letters of base32 or no `=` behind it.
fn key_of(row: &str) -> String {
    let row = row.trim();
    let key = match row.split_once('=') {
        Some((key, _)) if !key.chars().any(|c| c.is_ascii_uppercase()) => key.trim(),
        None if row.starts_with('[') => row,
        _ => "",
    };
    key.chars().take(64).collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        Ok(())
    }
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct FileError {
    /// Where.
    pub place: Place,
    /// What is wrong there, and what would be right.
    pub why: String,
}

impl FileError {
    /// An error at `span` of `text`.
    #[must_use]
    pub fn at(file: &str, text: &str, span: &Range<usize>, why: impl Into<String>) -> Self {
        Self { place: Place::of(file, text, span), why: why.into() }
    }

    /// An error of the file as a whole.
    #[must_use]
    pub fn whole(file: &str, why: impl Into<String>) -> Self {
        Self { place: Place { file: file.to_owned(), line: 0, key: String::new() }, why: why.into() }
    }
}

/// Reads a TOML document strictly.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        FileError::at(file, text, &span, harmless(error.message()))
    })
}

/// toml's message without the values serde quotes in "invalid type: string \"…\"" and the like.
fn harmless(message: &str) -> String {
    for prefix in ["invalid type: ", "invalid value: "] {
        if let Some((_, expected)) = message.split_once(", expected ").filter(|_| message.starts_with(prefix)) {
            let expected = expected.replace("a sequence", "a list: [\"…\"]");
            return format!("{}expected {expected}", prefix.replace(": ", ", "));
        }
    }
    message.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[serde(rename = "digits")]
        _digits: u8,
    }

    #[test]
    fn a_value_that_lost_its_key_is_not_shown_as_one() {
        for text in
            ["digits = 6\nJBSWY3DPEHPK3PXP\n", "digits = 6\nJBSWY3DPEHPK3PXP====\"\n", "digits =\n\"JBSWY3DP\"\n"]
        {
            let error = read::<Form>("f.toml", text).unwrap_err();
            assert!(!error.to_string().contains("JBSWY3DP"), "{error}");
        }
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        let error = read::<Form>("f.toml", "# x\n\ndigits = \"six\"\n").unwrap_err();
        assert_eq!(error.to_string(), "f.toml:3: digits: invalid type, expected u8");
        let error = read::<Form>("f.toml", "digits = 6\nsecret = \"JBSW\"\n").unwrap_err();
        assert_eq!(error.place.line, 2);
        assert_eq!(error.place.key, "secret");
        assert!(!error.to_string().contains("JBSW"), "{error}");
        let error = read::<Form>("f.toml", "digits = 6\ndigits = 7\n").unwrap_err();
        assert_eq!(error.place.line, 2);
    }
}
