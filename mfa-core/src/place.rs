//! Where in a TOML file something stands, and errors that say so.
//!
//! Used by everything that reads TOML written by people. An error names file, line and key, and
//! never quotes a value: the value may be a secret.

use crate::near;
use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Range;

/// What a list looks like.
const LIST: &str = "a list: [\"…\"]";

/// What a table looks like.
pub(crate) const TABLE: &str = "a table: { … }";

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
        let (mut place, why) = (Place::of(file, text, &span), harmless(error.message()));
        if let Some(why) = brackets(&place.key, &why) {
            return FileError { place, why };
        }
        let Some(key) = key_before(text, span.start) else { return FileError { place, why } };
        let why = why.replace(LIST, &format!("a list: {key} = [\"…\"]"));
        // Where a table stands in one line, the row's key is the table's.
        if place.key.rsplit('.').next() != Some(key) {
            place.key = format!("{}.{key}", place.key);
        }
        FileError { place, why }
    })
}

/// The header of one table where there may be several, or of one of several where there is one.
fn brackets(header: &str, why: &str) -> Option<String> {
    if let Some(name) = header.strip_prefix("[[").and_then(|name| name.strip_suffix("]]")) {
        return why.ends_with(TABLE).then(|| format!("write [{name}]: there is only one"));
    }
    let name = header.strip_prefix('[')?.strip_suffix(']').filter(|_| why.ends_with(LIST))?;
    Some(match name.split_once('.') {
        Some((first, _)) => format!("expected a list, or [[{first}]] before it: there may be several"),
        None => format!("write [[{name}]]: there may be several"),
    })
}

/// The key whose value begins at `start`, as it stands before it. Nothing where that could be part of a value.
fn key_before(text: &str, start: usize) -> Option<&str> {
    let row = text.get(..start)?.rsplit('\n').next()?;
    let (before, between) = row.rsplit_once('=')?;
    let is_quote = |c: &char| matches!(c, '"' | '\'');
    if !between.chars().all(|c| c == '[' || c.is_whitespace()) || before.chars().filter(is_quote).count() % 2 == 1 {
        return None;
    }
    let key = before.trim_end().rsplit(|c: char| !c.is_ascii_lowercase() && c != '_').next()?;
    (1..=64).contains(&key.len()).then_some(key)
}

/// What is wrong in an administrator's words, without the values that serde quotes: "invalid type: string \"…\"" and the like.
fn harmless(message: &str) -> String {
    let plain = |list: &str| list.replace('`', "").replace(" or ", ", ");
    let (what, expected) = match message.split_once(", expected ") {
        Some((what, expected)) => (what, expected.strip_prefix("one of ").unwrap_or(expected)),
        None => (message, ""),
    };
    if what.starts_with("invalid type: ") || what.starts_with("invalid value: ") || what.starts_with("wanted ") {
        return format!("expected {}", kind(expected));
    }
    let listed = plain(expected);
    let meant = |word: &str| near::meant(&word.replace('`', ""), listed.split(", "));
    if let Some(word) = what.strip_prefix("unknown variant ") {
        return format!("expected one of {listed}{}", meant(word));
    }
    if let Some(key) = what.strip_prefix("unknown field ") {
        // A damaged line may be a value, which has the capitals of base32.
        let shown = if key.chars().any(|c| c.is_ascii_uppercase()) { "of that name" } else { key };
        return format!("there is no key {} here; known are {listed}{}", shown.replace('`', ""), meant(key));
    }
    if let Some(key) = what.strip_prefix("missing field ") {
        return format!("the key {} is missing", key.replace('`', ""));
    }
    if what == "string values must be quoted" {
        return String::from("expected a number, true or false, or a word in quotes: \"…\"");
    }
    message.replace('\n', " ")
}

/// A type of Rust's or serde's, as it is written in a file.
fn kind(expected: &str) -> String {
    String::from(match expected {
        "a sequence" => LIST,
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "" => "a word in quotes: \"…\"",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => "a whole number",
        "a map" => "one table for each: [….NAME]",
        other if other.starts_with("struct ") || other.starts_with("enum ") => TABLE,
        other => other,
    })
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
        assert_eq!(error.to_string(), "f.toml:3: digits: expected a whole number");
        let error = read::<Form>("f.toml", "digits = 6\nsecret = \"JBSW\"\n").unwrap_err();
        assert_eq!(error.place.line, 2);
        assert_eq!(error.place.key, "secret");
        assert!(!error.to_string().contains("JBSW"), "{error}");
        let error = read::<Form>("f.toml", "digits = 6\nJBSW = 3\n").unwrap_err();
        assert!(!error.to_string().contains("JBSW"), "{error}");
        let error = read::<Form>("f.toml", "digits = 6\ndigits = 7\n").unwrap_err();
        assert_eq!(error.place.line, 2);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_file() {
        for (told, said) in [
            ("invalid type: integer `3`, expected a string", "expected a word in quotes: \"…\""),
            ("invalid type: string \"JBSW\", expected struct MatchForm", "expected a table: { … }"),
            ("invalid type: string \"JBSW\", expected a boolean", "expected true or false"),
            ("wanted string or table", "expected a word in quotes: \"…\""),
            ("unknown variant `JBSW`, expected one of `off`, `optional`", "expected one of off, optional"),
            ("unknown variant `JBSW`, expected `a` or `b`", "expected one of a, b"),
            (
                "unknown field `servce`, expected `service` or `user`",
                "there is no key servce here; known are service, user; did you mean service?",
            ),
            ("missing field `require`", "the key require is missing"),
            ("duplicate key", "duplicate key"),
            (
                "string values must be quoted, expected literal string",
                "expected a number, true or false, or a word in quotes: \"…\"",
            ),
        ] {
            assert_eq!(harmless(told), said);
        }
    }
}
