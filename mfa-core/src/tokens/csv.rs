//! Makers' lists: a row a token, the columns named in the first row, in any order.
//!
//! `Name, Serial number, Time interval, Model, Secret key`. Four more columns are understood where they are: `Type`,
//! `Digits`, `Algorithm` and `Counter`; without them codes are those of nearly all tokens sold. What must never happen: a
//! token that counts being taken for one that keeps time.

use super::gathering::{Broken, Found, Gathering, Refusal};
use super::keys;
use super::table::{Absent, Column, Row, Table, rows};
use super::words::{Kind, PERIOD, digits, kind, seconds};
use crate::import::{Outcome, number};
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};

/// What the columns are called, in the order of the numbers below.
pub(super) const COLUMNS: &[Column] = &[
    Column { name: "Serial number", forms: &["serialnumber", "serial", "serialno"], absent: Absent::Refused },
    Column { name: "Secret key", forms: &["secretkey", "secret"], absent: Absent::Refused },
    Column {
        name: "Time interval",
        forms: &["timeinterval", "timeintervals", "timeintervalseconds", "interval"],
        absent: Absent::Assumed("30 s are assumed"),
    },
    Column { name: "Name", forms: &["name"], absent: Absent::Assumed("the tokens have no names") },
    Column { name: "Model", forms: &["model"], absent: Absent::Assumed("the model stays empty") },
    Column { name: "Type", forms: &["type", "tokentype"], absent: Absent::Fine },
    Column { name: "Digits", forms: &["digits"], absent: Absent::Fine },
    Column { name: "Algorithm", forms: &["algorithm", "hash"], absent: Absent::Fine },
    Column { name: "Counter", forms: &["counter"], absent: Absent::Fine },
];
const SERIAL: usize = 0;
const KEY: usize = 1;
const INTERVAL: usize = 2;
const NAME: usize = 3;
const MODEL: usize = 4;
const TYPE: usize = 5;
const DIGITS: usize = 6;
const ALGORITHM: usize = 7;
const COUNTER: usize = 8;

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
    let mut notes = Vec::new();
    let (secret, how) = keys::either(row.field(KEY))?;
    notes.push(String::from(how));
    let moving = match (kind(row.field(TYPE))?, interval(row.field(INTERVAL))?) {
        (None | Some(Kind::Time), Interval::None) => {
            notes.push(format!("no time interval is given, {PERIOD} s are assumed"));
            Moving::Time { period: PERIOD }
        }
        (None | Some(Kind::Time), Interval::Seconds(0)) => return Err(Refusal::IntervalZero),
        (None | Some(Kind::Time), Interval::Seconds(period)) => Moving::Time { period },
        (Some(Kind::Time), Interval::Event) => return Err(Refusal::Interval),
        (None | Some(Kind::Counter), Interval::Event)
        | (Some(Kind::Counter), Interval::None | Interval::Seconds(0)) => Moving::Counter,
        (Some(Kind::Counter), Interval::Seconds(_)) => return Err(Refusal::IntervalOfCounter),
    };
    let algorithm = match row.field(ALGORITHM) {
        "" => Algorithm::Sha1,
        name => name.parse()?,
    };
    let counter = match row.field(COUNTER) {
        "" => 0,
        text => number(text).ok_or(Refusal::Counter)?,
    };
    Ok(Found {
        serial: row.text(SERIAL),
        name: row.text(NAME),
        model: row.text(MODEL),
        user: None,
        otp: Otp::new(secret, algorithm, digits(row.field(DIGITS))?, moving, short)?,
        counter,
        notes,
        outcome: Outcome::Taken,
    })
}

/// What a column `Time interval` may say.
enum Interval {
    None,
    Seconds(u32),
    Event,
}

fn interval(text: &str) -> Result<Interval, Refusal> {
    if text.is_empty() {
        Ok(Interval::None)
    } else if text.eq_ignore_ascii_case("event") || text.eq_ignore_ascii_case("HOTP") {
        Ok(Interval::Event)
    } else {
        seconds(text).map(Interval::Seconds)
    }
}

#[cfg(test)]
mod tests;
