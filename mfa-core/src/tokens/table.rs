//! Rows of fields parted by commas or semicolons, with the names of the columns in the first row: RFC 4180, but no field
//! goes over lines.
//!
//! Not the `csv` crate: it keeps copies of the fields that nobody wipes, and a quote that is not closed swallows the rows
//! behind it, where here it is one row's error. Fields are slices of the file. What must never happen: a field taken
//! for another one's, or a row of the wrong length being taken.

use super::gathering::{Broken, Gathering, Refusal};
use crate::clean;
use crate::import::Outcome;

/// Longest row, in bytes: far more than any token's.
const MAX_ROW: usize = 4096;

/// Most names of columns a report lists that are not used.
const MAX_LISTED: usize = 8;

/// A column a format knows.
pub(super) struct Column {
    /// As messages name it.
    pub(super) name: &'static str,
    /// Its names in files: letters and digits in lower case, as [`Column::is_named`] compares them.
    pub(super) forms: &'static [&'static str],
    /// What it means when there is none.
    pub(super) absent: Absent,
}

impl Column {
    /// Whether this is a name of the column, whatever its case, blanks and punctuation. Compared without a copy: a file
    /// without names has a key in its first row.
    fn is_named(&self, name: &str) -> bool {
        let letters = || name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        self.forms.iter().any(|form| letters().eq(form.chars()))
    }
}

/// What a missing column means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// The file cannot be used.
    Refused,
    /// Something is assumed; the report says what.
    Assumed(&'static str),
    /// Nothing.
    Fine,
}

/// The rows that are not blank, with their numbers. Spreadsheets write blank rows as separators alone.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let blank = |line: &str| line.chars().all(|c| c.is_whitespace() || matches!(c, ',' | ';'));
    (1..).zip(text.lines()).filter(move |(_, line)| !blank(line))
}

/// Whether this row names every column that must be there.
pub(super) fn has_columns(line: &str, columns: &[Column]) -> bool {
    let names = fields(line, separator(line)).unwrap_or_default();
    let named = |column: &Column| names.iter().any(|name| column.is_named(name));
    columns.iter().filter(|column| column.absent == Absent::Refused).all(named)
}

/// A table whose first row was read.
pub(super) struct Table {
    separator: char,
    /// For each column of the format, where it stands in a row.
    places: Vec<Option<usize>>,
    width: usize,
}

/// A row of a [`Table`].
pub(super) struct Row<'t> {
    places: &'t [Option<usize>],
    fields: Vec<&'t str>,
}

impl Table {
    /// Reads the names of the columns and says in the report which are not used and which are missing.
    pub(super) fn open(line: (usize, &str), columns: &[Column], gathering: &mut Gathering) -> Result<Self, Broken> {
        let (number, line) = line;
        let broken = |why| Broken { line: number, why };
        let separator = separator(line);
        let names = fields(line, separator).map_err(broken)?;
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let mut found = (0..).zip(&names).filter(|(_, name)| column.is_named(name)).map(|(at, _)| at);
            places.push(found.next());
            if found.next().is_some() {
                return Err(broken(Refusal::ColumnTwice(column.name)));
            }
        }
        let missing = || columns.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(column, _)| column);
        let needed: Vec<_> =
            missing().filter(|column| column.absent == Absent::Refused).map(|column| column.name).collect();
        if !needed.is_empty() {
            return Err(broken(Refusal::ColumnsMissing(needed.join(", "))));
        }
        let unused: Vec<_> =
            (0..).zip(&names).filter(|(at, _)| !places.contains(&Some(*at))).map(|(_, name)| *name).collect();
        let mut said = vec![String::from("the names of the columns")];
        said.extend(missing().filter_map(|column| match column.absent {
            Absent::Assumed(what) => Some(format!("there is no {}: {what}", column.name)),
            Absent::Refused | Absent::Fine => None,
        }));
        if !unused.is_empty() {
            let listed: Vec<_> = unused.iter().take(MAX_LISTED).map(|name| clean::field(name)).collect();
            let more = if unused.len() > MAX_LISTED { ", …" } else { "" };
            said.push(format!("not used: {}{more}", listed.join(", ")));
        }
        let outcome = if unused.is_empty() { Outcome::Taken } else { Outcome::LeftOut };
        gathering.say(number, outcome, said.join("; "));
        Ok(Self { separator, places, width: names.len() })
    }

    /// The fields of a row.
    pub(super) fn row<'t>(&'t self, line: &'t str) -> Result<Row<'t>, Refusal> {
        let fields = fields(line, self.separator)?;
        if fields.len() != self.width {
            return Err(Refusal::Fields { found: fields.len(), wanted: self.width });
        }
        Ok(Row { places: &self.places, fields })
    }
}

impl Row<'_> {
    /// The field of one of the format's columns, by its place in the format's list; empty where the file has no such column.
    pub(super) fn field(&self, column: usize) -> &str {
        self.places.get(column).copied().flatten().and_then(|place| self.fields.get(place)).copied().unwrap_or_default()
    }

    /// A field that is text, with its doubled quotes made one.
    pub(super) fn text(&self, column: usize) -> String {
        self.field(column).replace("\"\"", "\"")
    }
}

/// What parts the fields of this row: a comma, unless there are more semicolons.
pub(super) fn separator(line: &str) -> char {
    let count = |separator| line.matches(separator).count();
    if count(';') > count(',') { ';' } else { ',' }
}

/// The fields of a row, without the blanks and quotes around them.
pub(super) fn fields(line: &str, separator: char) -> Result<Vec<&str>, Refusal> {
    if line.len() > MAX_ROW {
        return Err(Refusal::RowTooLong);
    }
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let field;
        (field, rest) = match text.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_field(quoted, separator)?,
            None => match text.split_once(separator) {
                Some((field, _)) if field.contains('"') => return Err(Refusal::StrayQuote),
                None if text.contains('"') => return Err(Refusal::StrayQuote),
                Some((field, rest)) => (field.trim(), Some(rest)),
                None => (text.trim(), None),
            },
        };
        fields.push(field);
    }
    Ok(fields)
}

/// What stands before the closing quote, and what behind the separator after it.
fn quoted_field(text: &str, separator: char) -> Result<(&str, Option<&str>), Refusal> {
    let mut quotes = text.match_indices('"').map(|(at, _)| at).peekable();
    let end = loop {
        let at = quotes.next().ok_or(Refusal::OpenQuote)?;
        // Two quotes are one of the text.
        if quotes.next_if_eq(&(at + 1)).is_none() {
            break at;
        }
    };
    let (field, behind) = (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default().trim_start());
    match behind.strip_prefix(separator) {
        Some(rest) => Ok((field, Some(rest))),
        None if behind.is_empty() => Ok((field, None)),
        None => Err(Refusal::StrayQuote),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_parted_trimmed_and_unquoted() {
        for (line, found) in [
            ("a,b,c", &["a", "b", "c"][..]),
            (" a ; b;", &["a", "b", ""]),
            ("", &[""]),
            (",", &["", ""]),
            ("\"a,b\", c ,\"\"", &["a,b", "c", ""]),
            (" \"a \"\"x\"\" b\" ,c", &["a \"\"x\"\" b", "c"]),
            ("a;b,c;d", &["a", "b,c", "d"]),
        ] {
            assert_eq!(fields(line, separator(line)).unwrap(), found, "{line}");
        }
    }

    #[test]
    fn a_quote_out_of_place_is_refused() {
        for line in ["\"a,b", "a,\"b\"\"", "\"a\"b,c", "a\"b,c", "\"", "=\"0012\",b"] {
            assert!(fields(line, ',').is_err(), "{line}");
        }
        assert!(fields(&"x".repeat(MAX_ROW + 1), ',').is_err());
    }

    #[test]
    fn names_of_columns_are_compared_by_their_letters() {
        let column = Column { name: "", forms: &["serialnumber", "seriennummer"], absent: Absent::Fine };
        for name in ["Serial number", " serial_NUMBER ", "Serial-Number:", "SERIENNUMMER"] {
            assert!(column.is_named(name), "{name}");
        }
        for name in ["", "serial", "serialnumbers", "serialnumber2"] {
            assert!(!column.is_named(name), "{name}");
        }
    }
}
