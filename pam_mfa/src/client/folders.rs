//! Whether only root can have put the socket where it is: this is how the module knows mfad.
//!
//! Called before each connection. (Under socket activation `SO_PEERCRED` would name whoever called `listen`, not who
//! answers.) What must never happen: belief in a socket below a folder that somebody other than root can change.

use super::{ClientError, unreachable_or_failed};
use rustix::fs::{FileType, lstat};
use std::path::Path;

/// Whose the folders above the socket must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust<'a> {
    /// The highest folder that is looked at.
    pub(super) top: &'a str,
    /// The one user to whom they may belong.
    pub(super) owner: u32,
}

/// All of them, and root: anything else is for tests, which packagers run as somebody else.
pub(super) const ROOTS: Trust<'static> = Trust { top: "/", owner: 0 };

/// Refuses the socket unless every folder above it is a plain folder of root's that nobody else can change. From the
/// top: what lies below a checked folder cannot be exchanged any more.
pub(super) fn check(socket: &Path, trust: Trust<'_>) -> Result<(), ClientError> {
    let above = socket.ancestors().skip(1);
    let mut folders: Vec<&Path> = above.take_while(|folder| folder.starts_with(trust.top)).collect();
    folders.reverse();
    for folder in folders {
        let loose = |why| Err(ClientError::Loose { folder: folder.to_path_buf(), why });
        let found = lstat(folder).map_err(|why| unreachable_or_failed(socket, why, "look at the run folder"))?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => {}
            FileType::Symlink => return loose("is a symbolic link: name the folder it leads to"),
            _ => return loose("is not a folder"),
        }
        if found.st_uid != trust.owner {
            return loose("does not belong to root: whoever owns it could answer for mfad");
        }
        if found.st_mode & 0o022 != 0 {
            return loose("is writable by others than root, who could answer for mfad");
        }
    }
    Ok(())
}
