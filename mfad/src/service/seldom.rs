//! Log lines that others can cause as often as they like. Said once a minute, with how often it came to that since: nobody may fill the
//! journal through mfad, and nothing that happened may go unsaid.

use std::fmt;
use std::time::{Duration, Instant};

/// Between two lines of one kind.
const QUIET: Duration = Duration::from_secs(60);

/// How often it came to a line, for its end: nothing where it was once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Times(u64);

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => Ok(()),
            times => write!(out, " ({times} times since this was last said)"),
        }
    }
}

/// Lines of one kind.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    said: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// None said yet.
    pub(super) const fn new() -> Self {
        Self { said: None, since: 0 }
    }

    /// It came to one more. Where it is to be said now: how often since it was last said, this time included.
    pub(super) fn due(&mut self, now: Instant) -> Option<Times> {
        self.since += 1;
        if self.said.is_some_and(|said| now.duration_since(said) < QUIET) {
            return None;
        }
        self.said = Some(now);
        Some(Times(std::mem::take(&mut self.since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_a_minute_and_counted_meanwhile() {
        let (mut seldom, start) = (Seldom::new(), Instant::now());
        let due = [0, 1, 59, 60, 61, 121].map(|seconds| seldom.due(start + Duration::from_secs(seconds)));
        assert_eq!(due, [Some(Times(1)), None, None, Some(Times(3)), None, Some(Times(2))]);
        assert_eq!(format!("gone{}", Times(1)), "gone");
        assert_eq!(format!("gone{}", Times(3)), "gone (3 times since this was last said)");
    }
}
