//! Whether only root can have put the socket where it is: this is how the module knows mfad.
//!
//! Called before each connection. (Under socket activation `SO_PEERCRED` would name whoever called `listen`, not who
//! answers.) What must never happen: belief in a socket below a folder that somebody other than root can change.

use super::{ClientError, unreachable_or_failed};
use rustix::io::Errno;
use std::fs::symlink_metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Refuses the socket unless every folder above it is a plain folder of root's that nobody else can change. From the
/// top: what lies below a checked folder cannot be exchanged any more.
pub(super) fn check(socket: &Path) -> Result<(), ClientError> {
    let mut folders: Vec<&Path> = socket.ancestors().skip(1).collect();
    folders.reverse();
    for folder in folders {
        let loose = |why| Err(ClientError::Loose { folder: folder.to_path_buf(), why });
        let found = match symlink_metadata(folder) {
            Ok(found) => found,
            Err(error) => {
                return Err(unreachable_or_failed(socket, Errno::from_io_error(&error), "look at the run folder"));
            }
        };
        if found.is_symlink() {
            return loose("is a symbolic link: name the folder it leads to");
        }
        if !found.is_dir() {
            return loose("is not a folder");
        }
        if found.uid() != 0 {
            return loose("does not belong to root: whoever owns it could answer for mfad");
        }
        if found.mode() & 0o022 != 0 {
            return loose("is writable by others than root, who could answer for mfad");
        }
    }
    Ok(())
}
