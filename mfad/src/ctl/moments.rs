//! Times as administrators type them: `30m`, `7d`, a day, a moment.

use crate::clock;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What a span is made of: its letter and its seconds.
const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];

/// Seconds since 1970 of a moment that is over: `2h` is two hours ago.
pub(super) fn past(text: &str) -> Result<u64, String> {
    of(text, |span| clock::wall().saturating_sub(span), &clock::zone())
        .ok_or_else(|| String::from("expected 30m, 2h, 7d, 2026-11-23, 2026-11-23T18:00 or a time as in RFC 3339"))
}

/// Seconds since 1970 of a moment to come: `3d` is in three days, `0` is now.
pub(super) fn to_come(text: &str) -> Result<u64, String> {
    let now = clock::wall();
    if text == "0" {
        return Ok(now);
    }
    let moment = of(text, |span| now.saturating_add(span), &clock::zone())
        .ok_or_else(|| String::from("expected 0, 2h, 3d, 2026-11-29, 2026-11-29T12:00 or a time as in RFC 3339"))?;
    if moment < now { Err(String::from("that is over; 0 means now")) } else { Ok(moment) }
}

/// Seconds since 1970 of any moment: `2h` is in two hours.
pub(super) fn moment(text: &str) -> Result<u64, String> {
    of(text, |span| clock::wall().saturating_add(span), &clock::zone())
        .ok_or_else(|| String::from("expected 2h, 2026-11-29, 2026-11-29T22:30 or a time as in RFC 3339"))
}

/// Seconds of a span: `90m`, `8h`, `90d`.
pub(super) fn span(text: &str) -> Result<u64, String> {
    span_of(text).ok_or_else(|| String::from("expected a number and s, m, h, d or w: 90m, 8h, 90d"))
}

fn span_of(text: &str) -> Option<u64> {
    let (number, size) = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(*unit)?, *size)))?;
    number.parse::<u64>().ok()?.checked_mul(size)
}

fn of(text: &str, by: impl FnOnce(u64) -> u64, zone: &TimeZone) -> Option<u64> {
    if let Some(span) = span_of(text) {
        return Some(by(span));
    }
    let stamp = if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        stamp
    } else if let Ok(date) = Date::strptime("%Y-%m-%d", text) {
        zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).earlier().ok()?
    } else {
        let forms = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
        let time = forms.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
        zone.to_ambiguous_timestamp(time).earlier().ok()?
    };
    u64::try_from(stamp.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_dates_and_times_are_understood() {
        let zone = TimeZone::posix("CET-1").unwrap();
        for (text, wanted) in [
            ("90s", Some(9910)),
            ("2h", Some(2800)),
            ("1w", Some(0)),
            ("1970-01-02", Some(82_800)),
            ("1970-01-01T02:00", Some(3600)),
            ("1970-01-01 02:00:05", Some(3605)),
            ("1970-01-01T02:00:00Z", Some(7200)),
            ("1970-01-01T02:00:00+02:00", Some(0)),
            ("yesterday", None),
            ("", None),
            ("h", None),
            ("-2h", None),
            ("1969-01-01", None),
        ] {
            assert_eq!(of(text, |span| 10_000u64.saturating_sub(span), &zone), wanted, "{text}");
        }
        assert!(to_come("0").is_ok() && to_come("3d").unwrap() > clock::wall() && to_come("2000-01-01").is_err());
        assert_eq!((span("8h"), span("8").is_err()), (Ok(28_800), true));
    }
}
