//! The `users.oath` file of `pam_oath`: one token a line, a user may have several.
//!
//! `TYPE USER PIN KEY [COUNTER [LAST-CODE [TIME-OF-IT]]]`, fields parted by blanks. After a login the counter is the one
//! that was *used*, not the next (seen in the files pam_oath 2.6.7 writes), and the time is the local time of the host.

use super::{Imported, Outcome, Report, number, summary};
use crate::clean;
use crate::otp::{Algorithm, Moving, Otp, OtpError, PERIOD, ShortSecret, WINDOW};
use crate::otpauth::MAX_COUNTER;
use crate::secret::Secret;
use data_encoding::HEXLOWER_PERMISSIVE;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use thiserror::Error;

/// How liboath writes times: `TIME_FORMAT_STRING` of its `usersfile.c`, the L being a letter.
const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%SL";

/// Steps around the time stamp searched for the last code: `window=` of pam_oath, of which its README calls 50 the
/// upper end of what is usual.
const SEARCH: u64 = 50;

/// Reads a whole file. `zone` is the time zone of the host that wrote it.
#[must_use]
pub fn parse(text: &str, zone: &TimeZone, short: ShortSecret) -> Report {
    let mut report = Report::default();
    let mut keys = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let fields: Vec<&str> = line.split([' ', '\t', '\r']).filter(|field| !field.is_empty()).collect();
        if fields.first().is_none_or(|field| field.starts_with('#')) {
            continue;
        }
        match token(number, &fields, zone, short).and_then(|token| only_once(&mut keys, token)) {
            Ok((factor, outcome, what)) => {
                report.line(number, outcome, what);
                report.factors.push(factor);
            }
            Err(why) => report.line(number, Outcome::Refused, why.to_string()),
        }
    }
    report
}

type Token = (Imported, Outcome, String);

/// Why a line is refused. None quotes a field, since a shifted line has its key anywhere.
#[derive(Debug, Error)]
enum Refusal {
    #[error(
        "the type is not supported: HOTP, HOTP/E/DIGITS and HOTP/T<seconds>/DIGITS are, with 6 to 8 digits and 15 to 120 seconds"
    )]
    Kind,
    #[error("the line ends before its key: type, user, PIN and key are the least")]
    Short,
    #[error("the line has more than seven fields")]
    Long,
    #[error(
        "a PIN is not kept here: write - in its place if the first factor of the PAM stack is enough, or leave the line out"
    )]
    Pin,
    #[error("the key is not hexadecimal")]
    Key,
    #[error(transparent)]
    Otp(#[from] OtpError),
    #[error("the counter is not a number that can be used")]
    Counter,
    #[error("the last code is not a code")]
    LastCode,
    #[error("the time of the last code is not a time like 2009-12-07T23:23:49L")]
    Time,
    #[error("the same user and key stand in line {0}: a code would work twice")]
    Twice(usize),
}

fn token(line: usize, fields: &[&str], zone: &TimeZone, short: ShortSecret) -> Result<Token, Refusal> {
    let mut fields = fields.iter().copied();
    let (moving, digits) = kind(fields.next().ok_or(Refusal::Short)?).ok_or(Refusal::Kind)?;
    let user = fields.next().ok_or(Refusal::Short)?;
    let pin = fields.next().ok_or(Refusal::Short)?;
    let key = fields.next().ok_or(Refusal::Short)?;
    let (counter, last_code, time) = (fields.next(), fields.next(), fields.next());
    if fields.next().is_some() {
        return Err(Refusal::Long);
    }
    // `-` is no PIN, `+` one that somebody else checks.
    if pin != "-" && pin != "+" {
        return Err(Refusal::Pin);
    }
    let secret = Secret::new(HEXLOWER_PERMISSIVE.decode(key.as_bytes()).map_err(|_| Refusal::Key)?);
    let otp = Otp::new(secret, Algorithm::Sha1, digits, moving, short)?;
    let counter = counter.map_or(Some(0), number).ok_or(Refusal::Counter)?;
    if last_code.is_some_and(|code| number(code).is_none() || code.len() != usize::from(digits)) {
        return Err(Refusal::LastCode);
    }
    let time = time.map(|text| local_time(text).ok_or(Refusal::Time)).transpose()?;

    let mut what = format!("{} for {}", summary(&otp), clean::field(user));
    let mut outcome = Outcome::Taken;
    let (mut mark, mut next, mut any_used) = (None, None, false);
    match (moving, last_code, time) {
        (Moving::Counter, last, _) => {
            let first_unused = counter.checked_add(u64::from(last.is_some())).filter(|&unused| unused <= MAX_COUNTER);
            let first_unused = first_unused.ok_or(Refusal::Counter)?;
            what.push_str(&format!("; the next counter is {first_unused}"));
            next = Some(first_unused);
        }
        (Moving::Time { .. }, None, _) => {}
        (Moving::Time { .. }, Some(_), None) => {
            outcome = Outcome::Changed;
            any_used = true;
            what.push_str("; its last code has no time and cannot be told from later ones");
        }
        (Moving::Time { period }, Some(code), Some(time)) => {
            let seconds = zone.to_ambiguous_timestamp(time).later().map_err(|_| Refusal::Time)?.as_second();
            let at = u64::try_from(seconds).map_err(|_| Refusal::Time)? / u64::from(period);
            let found = otp.step_near(code, at, SEARCH);
            mark = Some(found.unwrap_or(at.saturating_add(WINDOW)));
            what.push_str(&format!("; codes up to the one of {time} stay spent"));
            if found.is_none() {
                outcome = Outcome::Changed;
                what.push_str(", although the last code is none of this key's around that time (another time zone?)");
            }
        }
    }
    let label = format!("users.oath:{line}");
    Ok((Imported { line, user: Some(user.to_owned()), label, otp, mark, any_used, counter: next }, outcome, what))
}

/// What moves the token on, and its digits.
fn kind(text: &str) -> Option<(Moving, u8)> {
    let mut parts = text.split('/');
    if parts.next() != Some("HOTP") {
        return None;
    }
    let moving = match parts.next() {
        None | Some("E") => Moving::Counter,
        Some(step) => {
            let period = step.strip_prefix('T').and_then(number).and_then(|seconds| u32::try_from(seconds).ok())?;
            PERIOD.contains(&period).then_some(Moving::Time { period })?
        }
    };
    let digits = match parts.next() {
        None | Some("6") => 6,
        Some("7") => 7,
        Some("8") => 8,
        Some(_) => return None,
    };
    parts.next().is_none().then_some((moving, digits))
}

fn local_time(text: &str) -> Option<DateTime> {
    DateTime::strptime(TIME_FORMAT, text).ok()
}

fn only_once(keys: &mut HashMap<(String, [u8; 32]), usize>, token: Token) -> Result<Token, Refusal> {
    let (factor, ..) = &token;
    // A hash, so that the map holds no key.
    let key = Sha256::digest(factor.otp.secret().expose()).into();
    match keys.entry((factor.user.clone().unwrap_or_default(), key)) {
        Entry::Occupied(first) => Err(Refusal::Twice(*first.get())),
        Entry::Vacant(place) => {
            place.insert(factor.line);
            Ok(token)
        }
    }
}

#[cfg(test)]
mod tests;
