//! How long the next PIN waits after wrong ones.
//!
//! Kept in the agent's memory: it slows whoever sits at the keyboard or talks to the agent. Who reads the unlocked
//! keyring needs no agent to try PINs; what slows that one is argon2id.

use std::time::Duration;

/// The wrong PIN in a row after which the next one waits.
const FREE: u32 = 5;

/// The first wait; each further wrong PIN doubles it.
const FIRST: Duration = Duration::from_secs(30);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(600);

/// Wrong PINs in a row. Times are measured from any fixed moment, by a clock that nobody sets.
#[derive(Debug, Default)]
pub struct Tries {
    wrong: u32,
    until: Duration,
}

impl Tries {
    /// Counts one try at `now`, before it is made.
    ///
    /// # Errors
    /// How long it has to wait; then it is neither made nor counted.
    pub fn begin(&mut self, now: Duration) -> Result<(), Duration> {
        match self.until.checked_sub(now) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.wrong = self.wrong.saturating_add(1);
                self.until = now.saturating_add(wait_after(self.wrong));
                Ok(())
            }
        }
    }

    /// The PIN was right.
    pub fn right(&mut self) {
        *self = Self::default();
    }

    /// The PIN could not be tried after all.
    pub fn take_back(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
        // A try is begun only when the wait before it is over.
        self.until = Duration::ZERO;
    }
}

fn wait_after(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        // Ten doublings pass the longest wait by far.
        Some(doublings) => FIRST.saturating_mul(1 << doublings.min(10)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_from_half_a_minute_to_ten() {
        let waits: Vec<u64> = [0, 1, 4, 5, 6, 7, 8, 9, 10, 99, u32::MAX].map(|n| wait_after(n).as_secs()).to_vec();
        assert_eq!(waits, [0, 0, 0, 30, 60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn the_sixth_in_a_row_waits_and_one_that_waits_is_not_counted() {
        let mut tries = Tries::default();
        for _ in 0..5 {
            assert_eq!(tries.begin(seconds(100)), Ok(()));
        }
        for _ in 0..9 {
            assert_eq!(tries.begin(seconds(101)), Err(seconds(29)));
        }
        assert_eq!(tries.begin(seconds(130)), Ok(()));
        assert_eq!(tries.begin(seconds(130)), Err(seconds(60)));
    }

    #[test]
    fn a_right_one_clears_and_one_that_was_not_tried_leaves_it_as_it_was() {
        let mut tries = Tries::default();
        for _ in 0..4 {
            tries.begin(seconds(1)).unwrap();
        }
        tries.begin(seconds(1)).unwrap();
        tries.take_back();
        tries.begin(seconds(1)).unwrap();
        assert!(tries.begin(seconds(2)).is_err());
        tries.begin(seconds(40)).unwrap();
        tries.right();
        for _ in 0..5 {
            assert_eq!(tries.begin(seconds(41)), Ok(()));
        }
    }
}
