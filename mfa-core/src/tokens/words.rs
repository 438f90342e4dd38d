//! What a field of a row may say, where formats agree: the type, the digits, the seconds; and what is meant where it is empty.
//!
//! What must never happen: a word that is not known being taken for the default.

use super::gathering::Refusal;
use crate::import::number;

/// Digits of a code where a file does not say: what nearly all tokens show, and all that Entra knows.
pub(super) const DIGITS: u8 = 6;

/// Seconds of a step where a file does not say, the default of RFC 6238 section 4.1.
pub(super) const PERIOD: u32 = 30;

/// What moves a token on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Time,
    Counter,
}

/// A type; `None` where the field is empty.
pub(super) fn kind(text: &str) -> Result<Option<Kind>, Refusal> {
    let is = |names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
    match text {
        "" => Ok(None),
        _ if is(&["TOTP", "time", "time-based"]) => Ok(Some(Kind::Time)),
        _ if is(&["HOTP", "event", "event-based", "counter"]) => Ok(Some(Kind::Counter)),
        _ => Err(Refusal::Kind),
    }
}

/// The digits of a code.
pub(super) fn digits(text: &str) -> Result<u8, Refusal> {
    match text {
        "" => Ok(DIGITS),
        "6" => Ok(6),
        "7" => Ok(7),
        "8" => Ok(8),
        _ => Err(Refusal::Digits),
    }
}

/// A number of seconds.
pub(super) fn seconds(text: &str) -> Result<u32, Refusal> {
    number(text).and_then(|seconds| u32::try_from(seconds).ok()).ok_or(Refusal::Interval)
}

/// Maker and model in one text.
pub(super) fn made_by(manufacturer: &str, model: &str) -> String {
    [manufacturer, model].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
