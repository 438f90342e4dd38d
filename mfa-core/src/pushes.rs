//! How many pushes a user gets: a tired user must not be asked until they say yes (MFA fatigue).
//!
//! Kept in the state record, on the boot clock. An ignored push costs the budget but is no failed attempt; so does one whose
//! login was given up, or who knows the password could flash them all day. One that a code made unnecessary costs nothing.

use crate::now::Now;
use serde::{Deserialize, Serialize};

/// Pushes in [`WINDOW`].
pub const MOST: usize = 5;

/// Seconds.
pub const WINDOW: u64 = 600;

/// Denied or unanswered pushes in a row after which push is off for [`PAUSE`].
pub const STREAK: u8 = 3;

/// Seconds for which push is off; codes stay.
pub const PAUSE: u64 = 1800;

/// How a push ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With yes.
    Approved,
    /// With no, a wrong number, or nothing.
    Unapproved,
    /// With "it was not me".
    Reported,
    /// Whoever wanted in left, or was refused for other reasons.
    GivenUp,
    /// A code settled the login.
    Unneeded,
}

/// The pushes of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushes {
    /// `CLOCK_BOOTTIME` seconds of those in the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<u64>,
    /// Denied or unanswered in a row.
    #[serde(default)]
    streak: u8,
    /// `CLOCK_BOOTTIME` seconds before which none is sent.
    #[serde(default)]
    off_until: u64,
}

impl Pushes {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one more may be sent now.
    #[must_use]
    pub fn allowed(&self, now: Now) -> bool {
        let recent = self.sent.iter().filter(|at| now.boottime.saturating_sub(**at) < WINDOW).count();
        now.boottime >= self.off_until && recent < MOST
    }

    /// Seconds for which none is sent after a report, or after several in a row that nobody said yes to.
    #[must_use]
    pub fn off_for(&self, now: Now) -> u64 {
        self.off_until.saturating_sub(now.boottime)
    }

    /// One is about to be sent.
    pub fn send(&mut self, now: Now) {
        self.sent.retain(|at| now.boottime.saturating_sub(*at) < WINDOW);
        self.sent.push(now.boottime);
    }

    /// The last one is over.
    pub fn end(&mut self, how: Ended, now: Now) {
        match how {
            Ended::Approved => self.streak = 0,
            Ended::GivenUp => {}
            Ended::Unneeded => drop(self.sent.pop()),
            Ended::Reported => self.pause(now),
            Ended::Unapproved => {
                self.streak = self.streak.saturating_add(1);
                if self.streak >= STREAK {
                    self.pause(now);
                }
            }
        }
    }

    /// Another boot: what was off stays off for the whole time anew.
    pub fn restart(&mut self, now: Now) {
        self.sent.clear();
        if self.off_until > 0 {
            self.pause(now);
        }
    }

    fn pause(&mut self, now: Now) {
        self.streak = 0;
        self.off_until = now.boottime.saturating_add(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Boot;

    fn now(boottime: u64) -> Now {
        Now { wall: 0, boot: Boot(1), boottime }
    }

    #[test]
    fn five_in_ten_minutes_are_sent() {
        let mut pushes = Pushes::default();
        let mut sent = 0;
        for second in 0..600 {
            if pushes.allowed(now(1000 + second)) {
                pushes.send(now(1000 + second));
                pushes.end(Ended::Approved, now(1000 + second));
                sent += 1;
            }
        }
        assert_eq!(sent, MOST);
        assert!(pushes.allowed(now(1600)));
    }

    #[test]
    fn three_unanswered_in_a_row_switch_push_off_for_half_an_hour() {
        let mut pushes = Pushes::default();
        for how in [Ended::Unapproved, Ended::Unapproved, Ended::Approved, Ended::Unapproved, Ended::Unapproved] {
            assert!(pushes.allowed(now(1000)));
            pushes.send(now(1000));
            pushes.end(how, now(1000));
            pushes.sent.clear();
        }
        pushes.end(Ended::Unapproved, now(1000));
        assert!(!pushes.allowed(now(1000 + PAUSE - 1)));
        assert!(pushes.allowed(now(1000 + PAUSE)));
    }

    #[test]
    fn a_report_switches_push_off_at_once_and_a_reboot_does_not_switch_it_on() {
        let mut pushes = Pushes::default();
        pushes.end(Ended::Reported, now(1000));
        assert!(!pushes.allowed(now(1000)));
        pushes.restart(now(5));
        assert!(!pushes.allowed(now(5 + PAUSE - 1)));
        assert!(pushes.allowed(now(5 + PAUSE)));
    }

    #[test]
    fn a_push_whose_login_is_given_up_costs_one_of_the_budget_and_no_more() {
        let mut pushes = Pushes::default();
        let mut sent = 0;
        while pushes.allowed(now(1000)) {
            pushes.send(now(1000));
            pushes.end(Ended::GivenUp, now(1000));
            sent += 1;
        }
        assert_eq!(sent, MOST);
        assert!(pushes.allowed(now(1000 + WINDOW)), "push is not off");
    }

    #[test]
    fn a_push_that_a_code_made_unnecessary_costs_nothing() {
        let mut pushes = Pushes::default();
        for _ in 0..20 {
            assert!(pushes.allowed(now(1000)));
            pushes.send(now(1000));
            pushes.end(Ended::Unneeded, now(1000));
        }
    }
}
