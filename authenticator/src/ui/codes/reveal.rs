//! Which codes are to be seen, and until when. Pure.
//!
//! What must never happen: a code staying on the screen after it has rotated, or a secret living here.

use super::entry::{Entry, Moves};
use std::collections::HashMap;
use std::time::Duration;

/// How long a code that counts stays to be seen: it never rotates by itself. As long as the clipboard keeps one.
const COUNTED: Duration = Duration::from_secs(30);

/// Until when one is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// While this step of time lasts.
    Step(u64),
    /// Till then, by a clock that nobody sets.
    Then(Duration),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Revealed(HashMap<String, Until>);

/// When something is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Seconds since 1970.
    pub wall: u64,
    /// From any fixed moment, by a clock that nobody sets.
    pub steady: Duration,
}

impl Revealed {
    /// Reveals the code of `entry` until it rotates.
    pub fn reveal(&mut self, entry: &Entry, now: Moment) {
        let until = match entry.moves {
            Moves::Every(_) => Until::Step(entry.step(now.wall)),
            Moves::OnDemand => Until::Then(now.steady.saturating_add(COUNTED)),
        };
        self.0.insert(entry.id.clone(), until);
    }

    /// Hides it.
    pub fn hide(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Hides all of them.
    pub fn hide_all(&mut self) {
        self.0.clear();
    }

    /// Whether the code of `entry` is to be seen; one that has rotated is not, also where the clock goes back again.
    pub fn is_revealed(&mut self, entry: &Entry, now: Moment) -> bool {
        let stands = match self.0.get(&entry.id) {
            Some(Until::Step(step)) => *step == entry.step(now.wall),
            Some(Until::Then(then)) => now.steady < *then,
            None => return false,
        };
        if !stands {
            self.hide(&entry.id);
        }
        stands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment { wall: seconds, steady: Duration::from_secs(seconds) }
    }

    fn entry(moves: Moves) -> Entry {
        Entry::new("x".into(), "a".into(), "b".into(), vec![], moves, 6)
    }

    #[test]
    fn a_code_is_seen_until_it_rotates() {
        let (mut revealed, it) = (Revealed::default(), entry(Moves::Every(30)));
        assert!(!revealed.is_revealed(&it, at(40)));
        revealed.reveal(&it, at(40));
        assert!(revealed.is_revealed(&it, at(59)));
        assert!(!revealed.is_revealed(&it, at(60)));
        assert!(!revealed.is_revealed(&it, at(41)), "a clock that goes back shows nothing again");
    }

    #[test]
    fn a_code_that_counts_is_seen_for_half_a_minute_whatever_the_wall_clock_says() {
        let (mut revealed, it) = (Revealed::default(), entry(Moves::OnDemand));
        revealed.reveal(&it, at(100));
        assert!(revealed.is_revealed(&it, Moment { wall: 0, ..at(129) }));
        assert!(!revealed.is_revealed(&it, at(130)));
    }

    #[test]
    fn hiding_hides_one_or_all() {
        let (mut revealed, it) = (Revealed::default(), entry(Moves::Every(30)));
        revealed.reveal(&it, at(1));
        revealed.hide("x");
        assert!(!revealed.is_revealed(&it, at(1)));
        revealed.reveal(&it, at(1));
        revealed.hide_all();
        assert!(!revealed.is_revealed(&it, at(1)));
    }
}
