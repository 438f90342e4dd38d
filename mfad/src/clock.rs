//! The edge where mfad reads clocks and randomness; everything inside takes them as values.
//!
//! Wall time comes from [`SystemTime`] alone, so that one clock decides about codes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mfa_core::now::{Boot, Now};
use mfa_core::policy::LocalTime;
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    boot: Boot,
}

impl Clock {
    /// `boot_id` is systemd's `%b` where the unit passes it (`ProcSubset=pid` hides the file), else the kernel's.
    ///
    /// # Errors
    /// When there is no boot id: delays could not be told from those of another boot.
    pub fn new(boot_id: Option<&str>) -> Result<Self, String> {
        const FILE: &str = "/proc/sys/kernel/random/boot_id";
        let text = match boot_id {
            Some(text) => text.to_owned(),
            None => std::fs::read_to_string(FILE).map_err(|e| format!("{FILE}: {e}; pass --boot-id"))?,
        };
        Boot::parse(&text).map(|boot| Self { boot }).ok_or_else(|| String::from("the boot id is not 32 hex digits"))
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Now {
        let boottime = clock_gettime(ClockId::Boottime).tv_sec;
        Now { wall: wall(), boot: self.boot, boottime: u64::try_from(boottime).unwrap_or(0) }
    }
}

/// Seconds since 1970; 0 for any time before.
#[must_use]
pub fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// The host's time zone, or UTC where it has none that can be read.
#[must_use]
pub fn zone() -> TimeZone {
    host_zone().unwrap_or(TimeZone::UTC)
}

/// The host's time zone: `/etc/localtime`, UTC where there is none.
///
/// # Errors
/// When it is there and is not a time zone.
pub fn host_zone() -> Result<TimeZone, String> {
    const FILE: &str = "/etc/localtime";
    match std::fs::read(FILE) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(TimeZone::UTC),
        Err(e) => Err(format!("{FILE}: {e}")),
        Ok(bytes) => TimeZone::tzif(FILE, &bytes).map_err(|_| format!("{FILE} is not a time zone")),
    }
}

/// The hour of the week in `zone`.
#[must_use]
pub fn local(wall: u64, zone: &TimeZone) -> LocalTime {
    let stamp = i64::try_from(wall).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
    let there = zone.to_datetime(stamp);
    let weekday = u8::try_from(there.weekday().to_monday_zero_offset()).unwrap_or(0);
    let minute = u16::try_from(i32::from(there.hour()) * 60 + i32::from(there.minute())).unwrap_or(0);
    LocalTime { weekday, minute }
}

/// Seconds since 1970 as a clock on the wall in `zone` shows them: with the zone's offset of that moment.
#[must_use]
pub fn local_seconds(wall: u64, zone: &TimeZone) -> u64 {
    let stamp = i64::try_from(wall).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
    wall.saturating_add_signed(i64::from(zone.to_offset(stamp).seconds()))
}

/// The moment at which a clock on the wall in `zone` shows this: the earlier where it shows it twice, the first after where it
/// never does.
#[must_use]
pub fn from_local_seconds(local: u64, zone: &TimeZone) -> u64 {
    let shown = i64::try_from(local).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
    let moment = zone.to_ambiguous_timestamp(TimeZone::UTC.to_datetime(shown)).compatible();
    moment.ok().and_then(|stamp| u64::try_from(stamp.as_second()).ok()).unwrap_or(local)
}

/// Random bytes from the kernel.
///
/// # Errors
/// When the kernel gives none.
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_on_the_wall_are_read_and_set() {
        // 2026-03-29 01:00 UTC and 2026-10-25 01:00 UTC: summer time begins and ends.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (wall, local) in [
            (1_774_745_999, 1_774_749_599),
            (1_774_746_000, 1_774_753_200),
            (1_792_889_999, 1_792_897_199),
            (1_792_890_000, 1_792_893_600),
        ] {
            assert_eq!(local_seconds(wall, &zone), local);
        }
        assert_eq!(from_local_seconds(1_774_749_599, &zone), 1_774_745_999);
        assert_eq!(from_local_seconds(1_774_753_200, &zone), 1_774_746_000);
        assert_eq!(from_local_seconds(1_792_893_600, &zone), 1_792_886_400, "the first of two");
        // Half past two never is on that day.
        assert_eq!(from_local_seconds(1_774_749_600 + 1800, &zone), 1_774_747_800);
    }
}
