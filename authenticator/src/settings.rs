//! What the user prefers: `$XDG_CONFIG_HOME/mfa-authenticator/settings.json`, 0600. No secret is in it.
//!
//! Read and written by the window and by `export`. What must never happen: a damaged file making anything less strict than the defaults, or a
//! unit being mistaken: the one of the idle time is in its name.

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest file that is read, in bytes: there are a few numbers in it.
const LONGEST: u64 = 4096;

/// Minutes after which the codes lock by default: as long as GNOME waits before it blanks the screen.
const IDLE_MINUTES: u32 = 5;

/// The longest idle time that can be set, in minutes: a working day.
pub const MOST_IDLE_MINUTES: u32 = 480;

/// Seconds after which a backup counts as old: 90 days.
const BACKUP_AFTER: u64 = 90 * 86_400;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Minutes without a key or a click in the window after which the codes lock; 0: never.
    pub idle_minutes: u32,
    /// Codes are hidden until they are asked for.
    pub hide_codes: bool,
    /// When the accounts were last exported under a password, in seconds since 1970.
    pub last_backup: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { idle_minutes: IDLE_MINUTES, hide_codes: true, last_backup: None }
    }
}

impl Settings {
    /// After how long the codes lock by themselves.
    #[must_use]
    pub fn idle_after(&self) -> Option<Duration> {
        let minutes = self.idle_minutes.min(MOST_IDLE_MINUTES);
        (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Whether the user is to be reminded of a backup of `accounts` accounts: there is none, or it is old.
    #[must_use]
    pub fn wants_backup(&self, accounts: usize, now: u64) -> bool {
        accounts > 0 && self.last_backup.is_none_or(|then| now.saturating_sub(then) >= BACKUP_AFTER)
    }

    /// What is kept; the defaults where nothing is, or nothing that is understood.
    #[must_use]
    pub fn load() -> Self {
        path().map(|path| Self::load_from(&path)).unwrap_or_default()
    }

    fn load_from(path: &Path) -> Self {
        let read = || -> io::Result<Vec<u8>> {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let mut text = Vec::new();
            File::from(rustix::fs::open(path, flags, Mode::empty())?).take(LONGEST).read_to_end(&mut text)?;
            Ok(text)
        };
        match read() {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!("the preferences could not be understood, and the defaults hold: {error}");
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    /// Keeps them, with the later date of a backup: the window and the command line each know of their own.
    ///
    /// # Errors
    /// When the file cannot be written; then the old one stands.
    pub fn save(&self) -> io::Result<()> {
        self.save_to(&path().ok_or(io::ErrorKind::NotFound)?)
    }

    fn save_to(&self, path: &Path) -> io::Result<()> {
        let kept = Self { last_backup: self.last_backup.max(Self::load_from(path).last_backup), ..self.clone() };
        let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut new = tempfile::Builder::new().prefix(".settings-").tempfile_in(folder)?;
        new.write_all(&serde_json::to_vec(&kept)?)?;
        new.as_file().sync_all()?;
        new.persist(path)?;
        File::open(folder)?.sync_all()
    }
}

/// Where the XDG base directory specification has it; `None` when there is no home.
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("mfa-authenticator/settings.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_minutes_and_zero_is_never() {
        let after = |idle_minutes| Settings { idle_minutes, ..Settings::default() }.idle_after();
        assert_eq!(after(0), None);
        assert_eq!(after(1), Some(Duration::from_secs(60)));
        assert_eq!(after(u32::MAX), Some(Duration::from_secs(480 * 60)));
        assert_eq!(Settings::default().idle_after(), Some(Duration::from_secs(300)));
    }

    #[test]
    fn a_backup_is_wanted_where_there_is_none_or_an_old_one() {
        let made = |last_backup| Settings { last_backup, ..Settings::default() };
        assert!(made(None).wants_backup(1, 0) && !made(None).wants_backup(0, 0));
        assert!(!made(Some(100)).wants_backup(9, 100 + BACKUP_AFTER - 1));
        assert!(made(Some(100)).wants_backup(9, 100 + BACKUP_AFTER));
        assert!(!made(Some(100)).wants_backup(9, 0), "a clock that was set back");
    }

    #[test]
    fn preferences_that_knew_of_no_backup_do_not_forget_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/settings.json");
        let made = |last_backup, hide_codes| Settings { last_backup, hide_codes, ..Settings::default() };
        for (saved, kept) in [(None, None), (Some(5), Some(5)), (None, Some(5)), (Some(4), Some(5)), (Some(6), Some(6))]
        {
            made(saved, false).save_to(&path).unwrap();
            assert_eq!(Settings::load_from(&path), made(kept, false));
        }
        assert_eq!(Settings::load_from(&folder.path().join("none")), Settings::default());
    }

    #[test]
    fn what_is_missing_is_the_default_and_what_is_unknown_is_refused() {
        let read = |text: &str| serde_json::from_str::<Settings>(text);
        assert_eq!(read("{}").unwrap(), Settings::default());
        assert!(!read(r#"{"hide_codes":false}"#).unwrap().hide_codes);
        for wrong in [r#"{"idle_seconds":5}"#, r#"{"idle_minutes":-1}"#, r#"{"hide_codes":"no"}"#, "", "[]x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
