//! The two clocks a decision is made with, as plain values.
//!
//! mfad reads both once per decision and passes them in. Codes are judged by the wall clock, delays by
//! the boot clock: setting the wall clock back must never shorten a delay (CVE-2013-1775).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which boot of the machine a [`Now::boottime`] belongs to: the kernel's random boot id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot(pub u128);

impl Boot {
    /// Reads a boot id as `/proc/sys/kernel/random/boot_id` or systemd's `%b` writes it: 32 hex
    /// digits, with or without dashes. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
        (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok().map(Self)).flatten()
    }
}

impl Serialize for Boot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Boot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a boot id"))
    }
}

/// The beginning of 2020: a wall clock before it is wrong, for this software is younger.
pub const OLDEST: u64 = 1_577_836_800;

/// The moment of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970 by the wall clock; 0 for any time before.
    pub wall: u64,
    /// The boot that `boottime` counts from.
    pub boot: Boot,
    /// `CLOCK_BOOTTIME`, seconds.
    pub boottime: u64,
}

/// Seconds since 1970 as an RFC 3339 time in UTC, for files, logs and people.
#[must_use]
pub fn rfc3339(wall: u64) -> String {
    i64::try_from(wall)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("@{wall}"), |time| time.to_string())
}

/// Seconds since 1970 in half the room, until 2106: for what is kept in memory for everybody.
pub type ShortSeconds = std::num::NonZeroU32;

/// `wall` seconds since 1970 in half the room; 1970 itself is a second later, what is past 2106 is 2106.
#[must_use]
pub fn short(wall: u64) -> ShortSeconds {
    u32::try_from(wall).map_or(ShortSeconds::MAX, |wall| ShortSeconds::new(wall).unwrap_or(ShortSeconds::MIN))
}

/// The other way.
#[must_use]
pub fn long(short: ShortSeconds) -> u64 {
    u64::from(short.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_id_is_read_in_both_spellings() {
        let dashed = Boot::parse("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\n").unwrap();
        assert_eq!(Boot::parse("0a1b2c3d4e5f60718293a4b5c6d7e8f9"), Some(dashed));
        assert_eq!(Boot::parse("0a1b"), None);
        assert_eq!(serde_json::to_string(&dashed).unwrap(), "\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\"");
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(u64::MAX), format!("@{}", u64::MAX));
    }

    #[test]
    fn half_the_room_is_enough_from_1970_to_2106() {
        for (wall, back) in [(0, 1), (1, 1), (1_790_000_000, 1_790_000_000), (u64::MAX, u32::MAX.into())] {
            assert_eq!(long(short(wall)), back);
        }
    }
}
