//! Opening files without being led astray: what is opened is checked, not what was named.
//!
//! Called by the store for its own files and by the configuration for root's. A fifo must never block, a
//! symlink never be followed, a file that others can write never be believed.

use super::StoreError;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file or folder with the wrong owner, mode or kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct Loose {
    /// Which.
    pub path: String,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Loose {
    fn new(path: &Path, why: impl Into<String>) -> Self {
        Self { path: path.display().to_string(), why: why.into() }
    }
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// The uid this process works as.
fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A regular file of ours in `folder`, with what it was when opened, or `None` when there is none.
pub(super) fn regular(folder: &OwnedFd, path: &Path, access: Access) -> Result<Option<(File, Stat)>, StoreError> {
    let flags = match access {
        Access::Read => OFlags::RDONLY,
        Access::ReadWrite => OFlags::RDWR,
    };
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file = match rustix::fs::openat2(folder, name(path), flags, Mode::empty(), resolve) {
        Ok(fd) => File::from(fd),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(Loose::new(path, "a symbolic link").into()),
        // A fifo or socket without a peer.
        Err(Errno::NXIO) => return Err(Loose::new(path, "not a regular file").into()),
        Err(e) => return Err(super::io_error(path, e.into())),
    };
    let seen = rustix::fs::fstat(&file).map_err(|e| super::io_error(path, e.into()))?;
    check(path, &seen)?;
    Ok(Some((file, seen)))
}

/// Whether files can be opened as [`regular`] does at all: found at the start, by `path`, which is there, and not by the first login.
pub(super) fn probe(folder: &OwnedFd, path: &Path) -> Result<(), StoreError> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(folder, name(path), OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) {
        Ok(_) => Ok(()),
        Err(error) => {
            let needs = "mfad opens its files by openat2(2): Linux 5.6, and no sandbox that forbids it";
            Err(super::io_error(path, io::Error::other(format!("{error}; {needs}"))))
        }
    }
}

/// What stands there now, without opening it: a regular file of ours, or `None`.
pub(super) fn seen(folder: &OwnedFd, path: &Path) -> Result<Option<Stat>, StoreError> {
    match rustix::fs::statat(folder, name(path), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(seen) => check(path, &seen).map(|()| Some(seen)).map_err(Into::into),
        Err(Errno::NOENT) => Ok(None),
        Err(e) => Err(super::io_error(path, e.into())),
    }
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn check(path: &Path, seen: &Stat) -> Result<(), Loose> {
    let why = match FileType::from_raw_mode(seen.st_mode) {
        FileType::Symlink => "a symbolic link",
        FileType::RegularFile if seen.st_uid != own_uid() => "not owned by the user mfad runs as",
        FileType::RegularFile if seen.st_nlink != 1 => "has more than one name (hard links)",
        FileType::RegularFile if seen.st_mode & 0o077 != 0 => "open to others; mode 0600 is right",
        FileType::RegularFile => return Ok(()),
        _ => "not a regular file",
    };
    Err(Loose::new(path, why))
}

/// The lock file; its name and inode stay for ever.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0))
        .open(path)
}

/// A folder, to open files in.
pub(super) fn folder(path: &Path) -> Result<OwnedFd, StoreError> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|e| super::io_error(path, e.into()))
}

/// What stands at a path, link or not. By the system call, as [`own_uid`]: under fakeroot libc names other owners, and to
/// compare the two would refuse every folder.
fn at(path: &Path) -> Result<(FileType, Stat), Errno> {
    rustix::fs::lstat(path).map(|seen| (FileType::from_raw_mode(seen.st_mode), seen))
}

/// The state folder itself: ours, closed to others, below folders nobody else can change.
pub(super) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let (kind, seen) = at(path).map_err(|e| super::io_error(path, e.into()))?;
    if kind != FileType::Directory {
        return Err(Loose::new(path, "not a folder").into());
    }
    if seen.st_uid != own_uid() {
        return Err(Loose::new(path, "not owned by the user mfad runs as; chown it").into());
    }
    if seen.st_mode & 0o077 != 0 {
        return Err(Loose::new(path, "open to others; chmod 0700 it").into());
    }
    check_parents(path, &[0, own_uid()]).map_err(Into::into)
}

/// A folder inside the state folder.
pub(super) fn check_inner(path: &Path) -> Result<(), StoreError> {
    let (kind, seen) = at(path).map_err(|e| super::io_error(path, e.into()))?;
    if kind != FileType::Directory || seen.st_uid != own_uid() || seen.st_mode & 0o027 != 0 {
        return Err(Loose::new(path, "must be a folder of the user mfad runs as, closed to others (chmod 0700)").into());
    }
    Ok(())
}

/// Every parent folder of `path`: owned by one of `owners` and not writable by anyone else.
///
/// # Errors
/// The first that is not.
pub fn check_parents(path: &Path, owners: &[u32]) -> Result<(), Loose> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parents: Vec<PathBuf> = absolute.ancestors().skip(1).map(Path::to_owned).collect();
    parents.reverse();
    for parent in parents {
        let (kind, seen) = at(&parent).map_err(|e| Loose::new(&parent, std::io::Error::from(e).to_string()))?;
        if kind == FileType::Symlink {
            // What it points to is checked instead, with its own parents.
            let real = std::fs::canonicalize(&parent).map_err(|e| Loose::new(&parent, e.to_string()))?;
            check_parents(&real.join("x"), owners)?;
        } else if !owners.contains(&seen.st_uid) {
            return Err(Loose::new(&parent, "owned by a user who could replace what is below it"));
        } else if seen.st_mode & 0o022 != 0 {
            return Err(Loose::new(&parent, "writable by others, who could replace what is below it"));
        }
    }
    Ok(())
}
