//! Log lines that others can cause as often as they like. Said once a minute, with how often it came to that since: nobody may fill the
//! journal through mfad, and nothing that happened may go unsaid.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines of one kind.
const QUIET: Duration = Duration::from_secs(60);

/// Most of whom lines of one kind are kept apart; those of all others share what is said in a minute.
const APART: usize = 64;

/// How often it came to a line, for its end: nothing where it was once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Times {
    times: u64,
    /// Not of this one alone.
    of_several: bool,
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.times, self.of_several) {
            (1, _) => Ok(()),
            (times, false) => write!(out, " ({times} times since this was last said)"),
            (times, true) => write!(out, " ({times} times, of several, since this was last said)"),
        }
    }
}

/// Lines of one kind.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    said: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// None said yet.
    pub(crate) const fn new() -> Self {
        Self { said: None, since: 0 }
    }

    /// It came to one more. Where it is to be said now: how often since it was last said, this time included.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Times> {
        self.since += 1;
        if self.said.is_some_and(|said| now.duration_since(said) < QUIET) {
            return None;
        }
        self.said = Some(now);
        Some(Times { times: std::mem::take(&mut self.since), of_several: false })
    }
}

/// Lines of one kind that are each about somebody: one whom it comes to often hides nobody else.
#[derive(Debug)]
pub(crate) struct Each {
    about: BTreeMap<String, Seldom>,
    others: Seldom,
}

impl Each {
    /// None said yet.
    pub(crate) const fn new() -> Self {
        Self { about: BTreeMap::new(), others: Seldom::new() }
    }

    /// It came to one more about `whom`.
    pub(crate) fn due(&mut self, whom: &str, now: Instant) -> Option<Times> {
        if self.about.len() >= APART && !self.about.contains_key(whom) {
            self.make_room(now);
        }
        if self.about.len() < APART || self.about.contains_key(whom) {
            return self.about.entry(whom.to_owned()).or_default().due(now);
        }
        self.others.due(now).map(|times| Times { of_several: true, ..times })
    }

    /// Whose last line is long ago goes; what was not said of them is said with the next of the others.
    fn make_room(&mut self, now: Instant) {
        let others = &mut self.others;
        self.about.retain(|_, seldom| {
            let stays = seldom.said.is_some_and(|said| now.duration_since(said) < QUIET);
            others.since += if stays { 0 } else { seldom.since };
            stays
        });
    }
}

/// It came to one more line of this kind.
pub(crate) fn due(seldom: &Mutex<Seldom>) -> Option<Times> {
    seldom.lock().unwrap_or_else(PoisonError::into_inner).due(Instant::now())
}

/// It came to one more line of this kind about `whom`.
pub(crate) fn due_about(each: &Mutex<Each>, whom: &str) -> Option<Times> {
    each.lock().unwrap_or_else(PoisonError::into_inner).due(whom, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(times: u64) -> Times {
        Times { times, of_several: false }
    }

    #[test]
    fn it_is_said_once_a_minute_and_counted_meanwhile() {
        let (mut seldom, start) = (Seldom::new(), Instant::now());
        let due = [0, 1, 59, 60, 61, 121].map(|seconds| seldom.due(start + Duration::from_secs(seconds)));
        assert_eq!(due, [Some(times(1)), None, None, Some(times(3)), None, Some(times(2))]);
        assert_eq!(format!("gone{}", times(1)), "gone");
        assert_eq!(format!("gone{}", times(3)), "gone (3 times since this was last said)");
    }

    #[test]
    fn nobody_hides_what_comes_to_another_and_a_crowd_says_how_many_there_were() {
        let (mut each, start) = (Each::new(), Instant::now());
        assert!((0..100).filter_map(|_| each.due("loud", start)).count() == 1 && each.due("quiet", start).is_some());
        // With these two there are places for 62 more; all others share one line.
        let said = (0..1000).filter_map(|n| each.due(&format!("name-{n}"), start)).count();
        assert_eq!((said, each.about.len()), (63, APART));
        // After a minute there is room again, and what was not said is not forgotten.
        let later = start + QUIET;
        assert_eq!(each.due("loud", later), Some(times(100)));
        assert_eq!(each.due("new", later), Some(times(1)));
        let crowd = (0..1000).filter_map(|n| each.due(&format!("later-{n}"), later)).last().unwrap();
        assert_eq!(crowd, Times { times: 937 + 1, of_several: true });
        assert_eq!(format!("gone{crowd}"), "gone (938 times, of several, since this was last said)");
    }

    #[test]
    fn what_was_not_said_of_one_who_made_room_is_said_with_the_next_of_the_others() {
        let (mut each, start) = (Each::new(), Instant::now());
        // All places are taken, each by one of whom more came than was said.
        for n in 0..APART {
            assert!(
                each.due(&format!("early-{n}"), start).is_some() && each.due(&format!("early-{n}"), start).is_none()
            );
        }
        let later = start + QUIET;
        // One of them is said again with its own count; the others make room for as many.
        assert_eq!(each.due("early-0", later), Some(times(2)));
        assert!((1..APART).all(|n| each.due(&format!("late-{n}"), later) == Some(times(1))));
        let rest = APART as u64 - 1;
        assert_eq!(each.due("one-more", later), Some(Times { times: rest + 1, of_several: true }));
    }
}
