//! What Microsoft Entra takes for its hardware OATH tokens: `upn,serial number,secret key,time interval,manufacturer,model`.
//!
//! Keys are base32, codes have six digits and SHA-1. What must never happen: a token given to somebody by its `upn`
//! alone; it is passed on and named in the report, and who gets the token is the administrator's decision.

use super::gathering::{Broken, Found, Gathering, Refusal};
use super::keys;
use super::table::{Absent, Column, Row, Table, rows};
use super::words::{DIGITS, made_by, seconds};
use crate::clean;
use crate::import::Outcome;
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};

/// What the columns are called, in the order of the numbers below. All but the model's must be there, as Entra wants it.
pub(super) const COLUMNS: &[Column] = &[
    Column { name: "upn", forms: &["upn"], absent: Absent::Refused },
    Column { name: "serial number", forms: &["serialnumber"], absent: Absent::Refused },
    Column { name: "secret key", forms: &["secretkey"], absent: Absent::Refused },
    Column { name: "time interval", forms: &["timeinterval"], absent: Absent::Refused },
    Column { name: "manufacturer", forms: &["manufacturer"], absent: Absent::Assumed("the maker stays empty") },
    Column { name: "model", forms: &["model"], absent: Absent::Assumed("the model stays empty") },
];
const UPN: usize = 0;
const SERIAL: usize = 1;
const KEY: usize = 2;
const INTERVAL: usize = 3;
const MANUFACTURER: usize = 4;
const MODEL: usize = 5;

/// Reads the rows.
pub(super) fn read(text: &str, short: ShortSecret, gathering: &mut Gathering) -> Result<(), Broken> {
    let mut rows = rows(text);
    let first = rows.next().ok_or(Broken { line: 1, why: Refusal::Empty })?;
    let table = Table::open(first, COLUMNS, gathering)?;
    for (number, line) in rows {
        let found = table.row(line).and_then(|row| token(&row, short));
        gathering.row(number, found)?;
    }
    Ok(())
}

fn token(row: &Row<'_>, short: ShortSecret) -> Result<Found, Refusal> {
    let secret = keys::base32(row.field(KEY))?;
    let period = seconds(row.field(INTERVAL))?;
    let user = Some(row.text(UPN)).filter(|upn| !upn.is_empty());
    let notes = user.iter().map(|upn| format!("for {}", clean::field(upn))).collect();
    Ok(Found {
        serial: row.text(SERIAL),
        name: String::new(),
        model: made_by(&row.text(MANUFACTURER), &row.text(MODEL)),
        user,
        otp: Otp::new(secret, Algorithm::Sha1, DIGITS, Moving::Time { period }, short)?,
        counter: 0,
        notes,
        outcome: Outcome::Taken,
    })
}

#[cfg(test)]
mod tests;
