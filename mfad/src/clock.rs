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

/// Random bytes from the kernel.
///
/// # Errors
/// When the kernel gives none.
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
