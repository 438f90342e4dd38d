//! How many wrong answers are evaluated, and how long the next one waits.
//!
//! Called by `crate::verify` alone, with the counters of the state record. Failures are charged
//! before an answer is evaluated; an attempt inside a delay is neither evaluated nor charged. What must
//! never happen: a delay that a clock change or a reboot shortens, or a counter that grows past its
//! budget: all budgets of a factor together stay under the 100 of NIST SP 800-63B §3.2.2.

use crate::now::Now;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The failure that starts the first delay.
pub const FREE_FAILURES: u32 = 5;

/// Seconds of the first delay; each further failure doubles it.
pub const FIRST_DELAY: u64 = 30;

/// Seconds of the longest delay.
pub const LONGEST_DELAY: u64 = 3600;

/// Failures with first-factor evidence that disable a factor until an admin or a recovery flow re-enables it.
pub const DISABLE_AT: u32 = 50;

/// Failures without evidence, over all sources, after which only attempts with evidence are evaluated.
pub const STRANGERS_AT: u32 = 30;

/// Failures of the user's own programs (the user socket) after which theirs are no longer evaluated.
pub const OWN_AT: u32 = 10;

/// Failures of `mfactl verify` after which it evaluates no more.
pub const ADMIN_AT: u32 = 9;

const _: () = assert!(DISABLE_AT + STRANGERS_AT + OWN_AT + ADMIN_AT < 100);

/// Sources remembered per user. An older one that is forgotten still counts in the strangers' total.
pub const SOURCES: usize = 8;

/// On whose account an attempt is made. Budgets are kept apart: a stranger must not lock a user out, and
/// malware in a user's session must not lock out the user's sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Budget {
    /// A first factor is in evidence.
    Evidence,
    /// None is: counted by source prefix.
    Source(String),
    /// A program of the user's own, over the user socket.
    Own,
    /// `mfactl verify`.
    Admin,
}

impl Budget {
    /// The budget of a login without evidence from this `PAM_RHOST`: addresses are cut to the network a
    /// single attacker commonly holds (IPv4 /32, IPv6 /64); anything else counts as it stands.
    #[must_use]
    pub fn source(rhost: Option<&str>) -> Self {
        let rhost = rhost.unwrap_or("");
        let prefix = match address_of(rhost) {
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            // Kept in a record of fixed size: one byte a character.
            None => {
                let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
                rhost.chars().map(|c| if plain(c) { c } else { '?' }).take(64).collect()
            }
        };
        Self::Source(prefix)
    }
}

/// The address that `PAM_RHOST` tells, without the zone of a link-local one (RFC 4007, section 11); `None` for a name.
#[must_use]
pub fn address_of(rhost: &str) -> Option<IpAddr> {
    let address = rhost.split_once('%').map_or(rhost, |(address, _)| address);
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// When failures make the next attempt wait, and when they disable a factor: the defaults, or stricter by policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// The failure that starts the first delay, [`FREE_FAILURES`] at most.
    pub free: u32,
    /// The failure from which on each delay is half an hour at least.
    pub half_an_hour_from: Option<u32>,
    /// Failures with evidence that disable a factor, [`DISABLE_AT`] at most.
    pub disable_at: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { free: FREE_FAILURES, half_an_hour_from: None, disable_at: DISABLE_AT }
    }
}

impl Lockout {
    /// Seconds to wait after that many consecutive failures.
    #[must_use]
    pub fn delay_after(self, failures: u32) -> u64 {
        let usual = delay_after(failures.saturating_add(FREE_FAILURES.saturating_sub(self.free)));
        match self.half_an_hour_from {
            Some(from) if failures >= from => usual.max(HALF_AN_HOUR),
            _ => usual,
        }
    }
}

/// Seconds. PCI DSS 4.0.1, 8.3.4.
const HALF_AN_HOUR: u64 = 1800;

/// Consecutive failures, and until when the next attempt waits. Its names are short in the record, which has a fixed size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Consecutive failures.
    #[serde(rename = "f")]
    pub failures: u32,
    /// `CLOCK_BOOTTIME` seconds before which nothing is evaluated, in the boot the record names.
    #[serde(rename = "u")]
    until: u64,
    /// Seconds of the last delay where policy made it another than usual, so that another boot restarts it whole.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    delay: Option<u64>,
}

impl Counter {
    /// Seconds this counter still makes an attempt wait; 0 when it may be evaluated.
    #[must_use]
    pub fn wait(self, now: Now) -> u64 {
        self.until.saturating_sub(now.boottime)
    }

    /// `CLOCK_BOOTTIME` seconds before which nothing is evaluated.
    #[must_use]
    pub fn until(self) -> u64 {
        self.until
    }

    /// One more failure.
    pub fn charge(&mut self, now: Now, lockout: Lockout) {
        self.failures = self.failures.saturating_add(1);
        let delay = lockout.delay_after(self.failures);
        self.delay = (delay != delay_after(self.failures)).then_some(delay);
        self.restart(now);
    }

    /// The whole delay anew: the boot clock it counted on is gone.
    pub fn restart(&mut self, now: Now) {
        self.until = match self.delay.unwrap_or_else(|| delay_after(self.failures)) {
            0 => 0,
            delay => now.boottime.saturating_add(delay),
        };
    }

    /// Whether nothing was ever charged.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.failures == 0
    }
}

/// Seconds to wait after that many consecutive failures.
fn delay_after(failures: u32) -> u64 {
    match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(doublings) => FIRST_DELAY
            .checked_shl(doublings)
            // A shift that loses bits comes out below the first delay.
            .filter(|delay| doublings < 32 && *delay <= LONGEST_DELAY)
            .unwrap_or(LONGEST_DELAY),
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
    fn delays_double_from_half_a_minute_to_an_hour() {
        let delays: Vec<u64> = [0, 4, 5, 6, 7, 11, 12, 36, 64, 99].iter().map(|n| delay_after(*n)).collect();
        assert_eq!(delays, [0, 0, 30, 60, 120, 1920, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn the_fifth_failure_starts_a_delay_on_the_boot_clock() {
        let mut counter = Counter::default();
        for _ in 0..4 {
            counter.charge(now(100), Lockout::default());
        }
        assert_eq!(counter.wait(now(100)), 0);
        counter.charge(now(100), Lockout::default());
        assert_eq!(counter.wait(now(100)), 30);
        assert_eq!(counter.wait(now(129)), 1);
        assert_eq!(counter.wait(now(130)), 0);
    }

    #[test]
    fn a_policy_makes_delays_begin_earlier_or_last_longer_and_never_less() {
        let strict = Lockout { free: 2, half_an_hour_from: Some(4), disable_at: 10 };
        let delays: Vec<u64> = (0..8).map(|n| strict.delay_after(n)).collect();
        assert_eq!(delays, [0, 0, 30, 60, 1800, 1800, 1800, 1800]);
        for failures in 0..100 {
            assert!(strict.delay_after(failures) >= Lockout::default().delay_after(failures));
        }
        let mut counter = Counter::default();
        (0..4).for_each(|_| counter.charge(now(100), strict));
        counter.restart(now(7));
        assert_eq!(counter.wait(now(7)), 1800, "another boot does not shorten it");
    }

    #[test]
    fn a_source_is_the_network_one_attacker_holds() {
        for (rhost, prefix) in [
            (Some("192.0.2.7"), "192.0.2.7"),
            (Some("::ffff:192.0.2.7"), "192.0.2.7"),
            (Some("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
            (Some("host.example"), "host.example"),
            (None, ""),
        ] {
            assert_eq!(Budget::source(rhost), Budget::Source(prefix.into()));
        }
    }
}
