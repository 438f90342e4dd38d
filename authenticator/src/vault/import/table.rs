//! CSV of password managers (RFC 4180, with notes that go over lines), found by the names of its columns.
//!
//! The reader keeps copies of the rows that nobody wipes: they hold passwords as well, and the file itself does, too.

use super::entry::tags;
use super::password::account;
use super::{Entries, ImportError};
use crate::catalogue::{filled, gettext};
use mfa_core::secret::Secret;

/// What the columns are called.
pub(super) struct Columns {
    /// Addresses or keys; rows without one are none of our business.
    pub(super) totp: &'static str,
    /// What the login is called.
    pub(super) issuer: &'static str,
    /// Whose it is, by the first of these that says something.
    pub(super) names: &'static [&'static str],
    /// Becomes a tag.
    pub(super) tag: &'static str,
    /// Is `1` for what stands before the others.
    pub(super) pinned: Option<&'static str>,
}

/// Whether the first line has all these columns.
pub(super) fn has(text: &str, columns: &[&str]) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let names: Vec<&str> = first.split(',').map(|name| name.trim().trim_matches('"')).collect();
    columns.iter().all(|column| names.contains(column))
}

pub(super) fn read(text: &str, maker: &'static str, columns: &Columns) -> Result<Entries, ImportError> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers =
        rows.headers().map_err(|_| ImportError::NotThis(maker, gettext("its first line cannot be read").into()))?;
    let column = |name: &str| headers.iter().position(|own| own.trim() == name);
    let (issuer, tag, pinned) = (column(columns.issuer), column(columns.tag), columns.pinned.and_then(column));
    let names: Vec<usize> = columns.names.iter().copied().filter_map(column).collect();
    let totp = column(columns.totp).ok_or_else(|| {
        ImportError::NotThis(maker, filled(gettext("the column {name} is missing"), &[("name", &columns.totp)]))
    })?;
    let mut entries = Entries::default();
    for row in rows.records() {
        let Ok(row) = row else {
            entries.add(|| gettext("a row").into(), Err(gettext("it cannot be read")))?;
            continue;
        };
        let place = || {
            row.position().map_or_else(
                || gettext("a row").to_owned(),
                |at| filled(gettext("line {number}"), &[("number", &at.line())]),
            )
        };
        let field = |at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default().trim();
        let key = field(Some(totp));
        if key.is_empty() {
            continue;
        }
        let name = names.iter().map(|at| field(Some(*at))).find(|name| !name.is_empty()).unwrap_or_default();
        let read = account(&Secret::from(key.to_owned()), field(issuer), name).map(|mut account| {
            account.pinned = field(pinned) == "1";
            account.tags = tags([field(tag).to_owned()]);
            account
        });
        entries.add(place, read)?;
    }
    Ok(entries)
}
