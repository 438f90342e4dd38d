//! `serial,seed,TOTP,len,step` and `serial,seed,HOTP,len,counter`, a row a token, as LinOTP and privacyIDEA take it.
//!
//! Seeds are hexadecimal and codes SHA-1. A first row of names and comments (`#`) may be there. What must never happen: a
//! row without a type being taken for one of either.

use super::gathering::{Broken, Found, Gathering, Refusal};
use super::keys;
use super::table::{fields, rows, separator};
use super::words::{Kind, PERIOD, digits, kind, seconds};
use crate::import::{Outcome, number};
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};

/// Reads the rows.
pub(super) fn read(text: &str, short: ShortSecret, gathering: &mut Gathering) -> Result<(), Broken> {
    let mut first = true;
    for (number, line) in rows(text).filter(|(_, line)| !is_comment(line)) {
        let read = fields(line, separator(line));
        if std::mem::take(&mut first) && read.as_deref().is_ok_and(are_names) {
            gathering.say(number, Outcome::Taken, String::from("the names of the columns"));
            continue;
        }
        gathering.row(number, read.and_then(|fields| token(&fields, short)))?;
    }
    Ok(())
}

/// Whether a row is there for people alone.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Whether a first row is one of this format: names, or a type in its place.
pub(super) fn looks_like(line: &str) -> bool {
    let fields = fields(line, separator(line)).unwrap_or_default();
    are_names(&fields) || fields.get(2).is_some_and(|field| matches!(kind(field), Ok(Some(_))))
}

fn are_names(fields: &[&str]) -> bool {
    let is = |at: usize, name: &str| fields.get(at).is_some_and(|field| field.eq_ignore_ascii_case(name));
    is(0, "serial") && is(1, "seed")
}

fn token(fields: &[&str], short: ShortSecret) -> Result<Found, Refusal> {
    let mut fields = fields.iter().copied();
    let (Some(serial), Some(seed), Some(kind_field)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(Refusal::OathFields);
    };
    let (length, last) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    if fields.next().is_some() {
        return Err(Refusal::OathFields);
    }
    let mut notes = Vec::new();
    let (moving, counter) = match (kind(kind_field)?.ok_or(Refusal::Kind)?, last) {
        (Kind::Time, "") => {
            notes.push(format!("no step is given, {PERIOD} s are assumed"));
            (Moving::Time { period: PERIOD }, 0)
        }
        (Kind::Time, step) => (Moving::Time { period: seconds(step)? }, 0),
        (Kind::Counter, "") => (Moving::Counter, 0),
        (Kind::Counter, counter) => (Moving::Counter, number(counter).ok_or(Refusal::Counter)?),
    };
    let otp = Otp::new(keys::hexadecimal(seed)?, Algorithm::Sha1, digits(length)?, moving, short)?;
    let (name, model, outcome) = (String::new(), String::new(), Outcome::Taken);
    Ok(Found { serial: serial.to_owned(), name, model, user: None, otp, counter, notes, outcome })
}

#[cfg(test)]
mod tests;
