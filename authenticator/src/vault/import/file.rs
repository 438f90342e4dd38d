//! Opening what is to be read: a regular file of reasonable size, and no link to somewhere else.

use crate::catalogue::{Text, filled, gettext};
use mfa_core::secret::Secret;
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest file that is read, in bytes. Exports with icons in them have a few hundred KiB.
pub const LONGEST: u64 = 16 << 20;

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A symbolic link.
    #[error("{}", Text("it is a symbolic link; name the file itself"))]
    Link,
    /// A folder, a device, a pipe.
    #[error("{}", Text("it is not a regular file"))]
    NotAFile,
    /// Longer than the limit, which is given in MiB.
    #[error("{}", filled(gettext("it has more than {most} MiB"), &[("most", .0)]))]
    TooLong(u64),
    /// What the system says.
    #[error("{0}")]
    System(Errno),
}

/// The content of a regular file of at most `longest` bytes, which links do not lead to.
///
/// # Errors
/// When it is anything else, or cannot be read.
pub fn read_file(path: &Path, longest: u64) -> Result<Secret, FileError> {
    // NONBLOCK: opening a pipe that nobody writes to would wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|why| match why {
        Errno::LOOP => FileError::Link,
        why => FileError::System(why),
    })?;
    let about = fstat(&file).map_err(FileError::System)?;
    if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
        return Err(FileError::NotAFile);
    }
    let length = u64::try_from(about.st_size).unwrap_or(u64::MAX);
    if length > longest {
        return Err(FileError::TooLong(longest >> 20));
    }
    // One allocation that fits: growing would leave unwiped copies.
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    let read = File::from(file).take(longest + 1).read_to_end(&mut content);
    let content = Secret::new(content);
    read.map_err(|why| FileError::System(Errno::from_io_error(&why).unwrap_or(Errno::IO)))?;
    if content.len() as u64 > longest { Err(FileError::TooLong(longest >> 20)) } else { Ok(content) }
}
