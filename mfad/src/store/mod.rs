//! The state folder: the only code that touches its files.
//!
//! Called by logins and administration, inside a user's transaction. Files are replaced atomically or
//! overwritten by checksummed records and flushed. What must never happen: a symlink, fifo or file of another
//! owner being followed, a failed read being taken for "there is none", a half-written file.

mod looked;
mod open;
mod owner;
mod parsed;
mod roster;
mod states;

pub use open::{Loose, check_parents};
pub use owner::Ownerless;
pub use roster::{Entry, Roster, StillReading};
pub use states::StateFile;

use mfa_core::enrollment::{Enrollment, MAX_BYTES, uid_of};
use mfa_core::name;
use mfa_core::place::FileError;
use mfa_core::policy::{REQUIREMENTS_FILE, Requirements};
use mfa_core::stock::{self, Stock};
use parsed::{Parsed, Seen};
use rustix::fs::Stat;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Why a file of the state folder cannot be used. The texts hold no values.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What it said.
        source: io::Error,
    },
    /// Not the kind of file, owner or mode it must be.
    #[error(transparent)]
    Loose(#[from] Loose),
    /// Its text is damaged.
    #[error(transparent)]
    Text(#[from] FileError),
    /// A name no file can have.
    #[error("a user name that no account can have")]
    Name,
    /// Another process holds the folder.
    #[error("{0}: another mfad or mfactl --offline is using this folder")]
    Busy(String),
    /// An enrolment whose record of used codes has outlived it.
    #[error("{path}: it is gone, though its record of used codes says that it was in use")]
    Gone {
        /// Where it stood.
        path: String,
    },
    /// A value that cannot be written.
    #[error("{path}: {why}")]
    Unwritable {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
}

/// The open state folder, locked for as long as this lives.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    users: OwnedFd,
    states: OwnedFd,
    root: OwnedFd,
    roster: Roster,
    parsed: Parsed,
    stock_lock: Mutex<()>,
    _lock: File,
}

impl Store {
    /// Opens and locks a state folder that belongs to this process's user, and makes the folders in it.
    ///
    /// # Errors
    /// When it is missing, loose, or in use.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        open::check_folder(path)?;
        Self::open_checked(path)
    }

    /// The same of a folder that was looked at, and those above it.
    fn open_checked(path: &Path) -> Result<Self, StoreError> {
        let lock_path = path.join("lock");
        let lock = open::lock_file(&lock_path).map_err(|e| io_error(&lock_path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(path.display().to_string())),
            Err(TryLockError::Error(e)) => return Err(io_error(&lock_path, e)),
        }
        for (name, mode) in [("users", 0o700), ("state", 0o700), ("audit", 0o750)] {
            let folder = path.join(name);
            match std::fs::DirBuilder::new().mode(mode).create(&folder) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(io_error(&folder, e)),
                _ => {}
            }
            open::check_inner(&folder)?;
        }
        let store = Self {
            path: path.to_owned(),
            users: open::folder(&path.join("users"))?,
            states: open::folder(&path.join("state"))?,
            root: open::folder(path)?,
            roster: Roster::default(),
            parsed: Parsed::default(),
            stock_lock: Mutex::default(),
            _lock: lock,
        };
        open::probe(&store.root, &lock_path)?;
        store.sweep();
        Ok(store)
    }

    /// The folder of the audit trail.
    #[must_use]
    pub fn audit_folder(&self) -> PathBuf {
        self.path.join("audit")
    }

    /// The enrolment of `user` (canonical name), or `None` when there is no file.
    ///
    /// # Errors
    /// On anything else: an unreadable or damaged file is never "not enrolled", nor is one that went by other hands than mfad's.
    pub fn enrollment(&self, user: &str) -> Result<Option<Enrollment>, StoreError> {
        let path = self.user_path(user)?;
        if self.parsed.has(user) {
            let Some(seen) = open::seen(&self.users, &path)? else { return self.never_enrolled(user, &path) };
            if let Some(known) = self.parsed.known(user, Seen::of(&seen)) {
                return Ok(Some(known));
            }
        }
        let Some((file, opened)) = open::regular(&self.users, &path, open::Access::Read)? else {
            return self.never_enrolled(user, &path);
        };
        // As it is before it is read: what changes meanwhile shows the next time.
        let seen = Seen::of(&opened);
        let text = whole(&file, &opened, &path, MAX_BYTES)?;
        let enrollment = Enrollment::parse(&path.display().to_string(), &text)?;
        self.parsed.keep(user, seen, &enrollment, SystemTime::now());
        Ok(Some(enrollment))
    }

    /// The same of everybody, one after the other: not worth keeping.
    fn enrollment_once(&self, user: &str) -> Result<Option<Enrollment>, StoreError> {
        let path = self.user_path(user)?;
        let Some(text) = self.read(&self.users, &path, MAX_BYTES)? else { return Ok(None) };
        Ok(Some(Enrollment::parse(&path.display().to_string(), &text)?))
    }

    /// Replaces the enrolment file.
    ///
    /// # Errors
    /// When it is not durable; the old file then stands.
    pub fn save_enrollment(&self, enrollment: &Enrollment) -> Result<(), StoreError> {
        let path = self.user_path(&enrollment.name)?;
        let text = enrollment.print().map_err(|e| unwritable(&path, &e))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(unwritable(&path, &format_args!("larger than the {MAX_BYTES} bytes that would be read again")));
        }
        self.parsed.forget(&enrollment.name);
        self.replace(&path, text.as_bytes())?;
        self.roster.wrote_enrollment(enrollment);
        Ok(())
    }

    /// Removes a user's files: the enrolment first, so that no factor is left whose codes nobody remembers.
    ///
    /// # Errors
    /// When the enrolment is not durably gone.
    pub fn remove(&self, user: &str) -> Result<(), StoreError> {
        let path = self.user_path(user)?;
        self.parsed.forget(user);
        unlink(&path)?;
        self.roster.removed(user);
        sync(&self.users, &path)?;
        let state = self.state_path(user)?;
        unlink(&state)?;
        sync(&self.states, &state)
    }

    /// The state record of `user`.
    ///
    /// # Errors
    /// When it cannot be read; a missing or damaged one is no error but says so.
    pub fn state(&self, user: &str) -> Result<StateFile<'_>, StoreError> {
        StateFile::open(self, user, self.state_path(user)?)
    }

    /// The requirements of groups and everybody.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn requirements(&self) -> Result<Requirements, StoreError> {
        let path = self.path.join(REQUIREMENTS_FILE);
        match self.read(&self.root, &path, MAX_BYTES)? {
            None => Ok(Requirements::default()),
            Some(text) => Ok(Requirements::parse(&path.display().to_string(), &text)?),
        }
    }

    /// Replaces the requirements.
    ///
    /// # Errors
    /// When they are not durable.
    pub fn save_requirements(&self, requirements: &Requirements) -> Result<(), StoreError> {
        let path = self.path.join(REQUIREMENTS_FILE);
        let text = requirements.print().map_err(|e| unwritable(&path, &e))?;
        self.replace(&path, text.as_bytes())
    }

    /// The stock of hardware tokens; empty where there is no file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn stock(&self) -> Result<Stock, StoreError> {
        let path = self.path.join(stock::FILE);
        match self.read(&self.root, &path, stock::MAX_BYTES)? {
            None => Ok(Stock::default()),
            Some(text) => Ok(Stock::parse(&path.display().to_string(), &text)?),
        }
    }

    /// Changes the stock and makes it durable. Where a user's lock is held as well, it was taken before.
    ///
    /// # Errors
    /// What `change` says, or when the file cannot be read or written; nothing is changed then.
    pub fn change_stock<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Stock) -> Result<T, E>,
    ) -> Result<T, E> {
        let _held = self.stock_lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stock = self.stock()?;
        let said = change(&mut stock)?;
        let path = self.path.join(stock::FILE);
        let text = stock.print().map_err(|e| unwritable(&path, &e))?;
        if text.len() as u64 > stock::MAX_BYTES {
            return Err(unwritable(&path, &"there are too many tokens; retired ones can be forgotten").into());
        }
        self.replace(&path, text.as_bytes())?;
        Ok(said)
    }

    /// The names of all users with a file, unordered.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn users(&self) -> Result<Vec<String>, StoreError> {
        let mut users = Vec::new();
        self.each_user(|user| users.push(user))?;
        Ok(users)
    }

    fn each_user(&self, mut take: impl FnMut(String)) -> Result<(), StoreError> {
        let folder = self.path.join("users");
        for entry in std::fs::read_dir(&folder).map_err(|e| io_error(&folder, e))? {
            let file = entry.map_err(|e| io_error(&folder, e))?.file_name();
            if let Some(user) = file.to_str().and_then(|f| f.strip_suffix(".toml")).and_then(name::user_of) {
                take(user);
            }
        }
        Ok(())
    }

    /// The uid that `user`'s file names, read without its secrets where they stand apart.
    fn uid_in_file(&self, user: &str) -> Result<Option<u32>, StoreError> {
        let path = self.user_path(user)?;
        let Some(text) = self.read(&self.users, &path, MAX_BYTES)? else { return Ok(None) };
        match uid_of(&text) {
            Some(uid) => Ok(Some(uid)),
            None => Ok(Some(Enrollment::parse(&path.display().to_string(), &text)?.uid)),
        }
    }

    fn user_path(&self, user: &str) -> Result<PathBuf, StoreError> {
        let file = name::file_name(user).ok_or(StoreError::Name)?;
        Ok(self.path.join("users").join(format!("{file}.toml")))
    }

    fn state_path(&self, user: &str) -> Result<PathBuf, StoreError> {
        Ok(self.path.join("state").join(name::file_name(user).ok_or(StoreError::Name)?))
    }

    fn read(&self, folder: &OwnedFd, path: &Path, most: u64) -> Result<Option<Zeroizing<String>>, StoreError> {
        let Some((file, opened)) = open::regular(folder, path, open::Access::Read)? else { return Ok(None) };
        whole(&file, &opened, path, most).map(Some)
    }

    /// Writes a new file beside the old one, flushes it, puts it in its place and flushes the folder.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or(&self.path);
        let mut new = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(|e| io_error(path, e))?;
        new.write_all(bytes).and_then(|()| new.as_file().sync_all()).map_err(|e| io_error(path, e))?;
        let folder = open::folder(folder)?;
        new.persist(path).map_err(|e| io_error(path, e.error))?;
        sync(&folder, path)
    }

    /// Removes what a killed process left behind before its rename.
    fn sweep(&self) {
        for folder in [self.path.join("users"), self.path.join("state"), self.path.clone()] {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
                    // A leftover that stays costs nothing but its space.
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
    }
}

/// How unfinished files are named; no user's file name begins with a dot.
const TEMPORARY: &str = ".new-";

/// The text of a file that was opened and checked.
fn whole(file: &File, opened: &Stat, path: &Path, most: u64) -> Result<Zeroizing<String>, StoreError> {
    let length = u64::try_from(opened.st_size).unwrap_or(u64::MAX);
    if length > most {
        return Err(FileError::whole(&path.display().to_string(), format!("larger than {most} bytes")).into());
    }
    // One allocation that fits: growing would leave unwiped copies.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(length).unwrap_or(0)));
    // What somebody appends meanwhile is not waited for; files are replaced whole.
    file.take(length).read_to_string(&mut text).map_err(|e| io_error(path, e))?;
    Ok(text)
}

fn unlink(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path, e)),
        _ => Ok(()),
    }
}

fn sync(folder: &OwnedFd, path: &Path) -> Result<(), StoreError> {
    rustix::fs::fsync(folder).map_err(|e| io_error(path, e.into()))
}

fn io_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { path: path.display().to_string(), source }
}

fn unwritable(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unwritable { path: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests;
