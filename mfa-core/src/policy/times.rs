//! Hours of the week, as a rule names them: `Mon-Fri 08:00-18:00`, `Sat,Sun`, `22:00-06:00`.

use std::fmt;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes of a day.
pub(super) const DAY: u16 = 24 * 60;

/// A moment by the host's own clock and time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// 0 is Monday.
    pub weekday: u8,
    /// Minutes since midnight.
    pub minute: u16,
}

/// Some hours of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// As it was written.
    text: String,
    /// By weekday, 0 is Monday.
    days: [bool; 7],
    /// The first minute of a day.
    begin: u16,
    /// The first minute after; before `begin` where they go past midnight, into the day after.
    end: u16,
}

impl Hours {
    /// Reads an entry.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut hours = Self { text: text.to_owned(), days: [false; 7], begin: 0, end: DAY };
        let (mut days_seen, mut clock_seen) = (false, false);
        for word in text.split_ascii_whitespace() {
            if word.starts_with(|c: char| c.is_ascii_digit()) && !clock_seen {
                (hours.begin, hours.end) = clock(word).ok_or(WRONG)?;
                clock_seen = true;
            } else if !days_seen && !clock_seen {
                hours.days = days(word).ok_or(WRONG)?;
                days_seen = true;
            } else {
                return Err(WRONG);
            }
        }
        if !days_seen && !clock_seen {
            return Err(WRONG);
        }
        if !days_seen {
            hours.days = [true; 7];
        }
        Ok(hours)
    }

    /// Whether `at` is in these hours. Those past midnight belong to the day they began on.
    #[must_use]
    pub fn hold(&self, at: LocalTime) -> bool {
        let day = |offset: u8| self.days.get(usize::from((at.weekday + offset) % 7)).copied().unwrap_or(false);
        if self.begin < self.end {
            return day(0) && (self.begin..self.end).contains(&at.minute);
        }
        (day(0) && at.minute >= self.begin) || (day(6) && at.minute < self.end)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const WRONG: &str = "expected days and hours: \"Mon-Fri 08:00-18:00\", \"Sat,Sun\" or \"22:00-06:00\"";

fn days(word: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for part in word.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let span = (last + 7 - first) % 7;
        for offset in 0..=span {
            *days.get_mut((first + offset) % 7)? = true;
        }
    }
    Some(days)
}

fn day(name: &str) -> Option<usize> {
    DAYS.iter().position(|known| known.eq_ignore_ascii_case(name))
}

fn clock(word: &str) -> Option<(u16, u16)> {
    let (begin, end) = word.split_once('-')?;
    let (begin, end) = (minute(begin)?, minute(end)?);
    (begin < DAY && begin != end).then_some((begin, end))
}

/// Minutes since midnight of `HH:MM`, `24:00` included.
pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u16>().ok()).flatten();
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(weekday: u8, hour: u16, minute: u16) -> LocalTime {
        LocalTime { weekday, minute: hour * 60 + minute }
    }

    #[test]
    fn hours_hold_what_they_say() {
        for (text, inside, outside) in [
            ("Mon-Fri 08:00-18:00", at(0, 8, 0), at(0, 18, 0)),
            ("Mon-Fri 08:00-18:00", at(4, 17, 59), at(5, 12, 0)),
            ("Sat,Sun", at(6, 0, 0), at(0, 0, 0)),
            ("22:00-06:00", at(3, 5, 59), at(3, 6, 0)),
            ("Fri 22:00-06:00", at(5, 5, 0), at(4, 5, 0)),
            ("Sun 22:00-06:00", at(0, 1, 0), at(6, 1, 0)),
            ("Fri-Mon", at(6, 12, 0), at(1, 12, 0)),
            ("mon,WED-thu 00:00-24:00", at(2, 23, 59), at(1, 0, 0)),
        ] {
            let hours = Hours::parse(text).unwrap();
            assert!(hours.hold(inside), "{text} {inside:?}");
            assert!(!hours.hold(outside), "{text} {outside:?}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "  ",
            "noon",
            "8:00-18:00",
            "08:00",
            "08:00-25:00",
            "08:60-09:00",
            "Mo",
            "Mon-",
            "Mon Tue",
            "08:00-18:00 Mon",
            "08:00-08:00",
            "24:00-06:00",
            "Mon 08:00-10:00 12:00-14:00",
        ] {
            assert!(Hours::parse(text).is_err(), "{text}");
        }
    }
}
