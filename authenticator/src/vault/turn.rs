//! One change of the accounts at a time: within this program, and among the user's others.
//!
//! Taken by the vault before it reads what it is going to write. What must never happen: window and command line both reading a
//! counter and both showing its code, or a program that was stopped keeping all others from theirs for ever.

use super::NotKept;
use rustix::fs::{Mode, OFlags};
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

/// In the folder of the user's session (XDG Base Directory Specification), which ends with it. Nothing is in the file.
const FILE: &str = "io.github.pam_mfa.Authenticator.lock";

/// How long another program may take. A big import takes longer; whoever changes something meanwhile is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Who is next.
#[derive(Debug, Default)]
pub(super) struct Turn(Mutex<()>);

/// It is one's turn until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    _within: MutexGuard<'a, ()>,
    _among: Option<File>,
}

impl Turn {
    /// Waits for one's turn.
    ///
    /// # Errors
    /// When another program has it for too long.
    pub(super) async fn take(&self) -> Result<Held<'_>, NotKept> {
        let within = self.0.lock().await;
        Ok(Held { _within: within, _among: among().await? })
    }
}

/// The lock among programs. Without the session's folder, or where it takes no locks, there is none: codes are had all the same.
async fn among() -> Result<Option<File>, NotKept> {
    let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR") else { return Ok(None) };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::open(PathBuf::from(folder).join(FILE), flags, Mode::RUSR | Mode::WUSR) else {
        return Ok(None);
    };
    let (file, end) = (File::from(file), Instant::now() + PATIENCE);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(PAUSE).await,
            Err(TryLockError::WouldBlock) => return Err(NotKept::Busy),
        }
    }
}
