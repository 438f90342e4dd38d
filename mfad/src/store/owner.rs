//! Whose file it is that cannot be read, and whether one that is not there ever was.
//!
//! The roster asks, and administration about one user's. The record of used codes is another file, with a checksum, and says which
//! uid it was enrolled by. What must never happen: a file or record that others could write being believed, or a file that was lost
//! (half a restore, a folder kept in step with another host's) making its user one who never had a factor.

use super::{Store, StoreError, io_error};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::name;
use std::path::Path;

/// The uid of a file is not known.
#[derive(Debug, thiserror::Error)]
#[error("{file}; nor does its record of used codes say whose it is: {record}")]
pub struct Ownerless {
    file: Box<StoreError>,
    record: Box<Silent>,
}

/// Why a record says nothing.
#[derive(Debug, thiserror::Error)]
enum Silent {
    #[error("there is none")]
    Missing,
    #[error("it is damaged")]
    Damaged,
    #[error(transparent)]
    Unreadable(#[from] StoreError),
}

impl Store {
    /// The uid by which `user` is enrolled: as the file says or, where it does not, the record of used codes. `None`: there is no
    /// file.
    ///
    /// # Errors
    /// When neither says so.
    pub fn owner(&self, user: &str) -> Result<Option<u32>, Ownerless> {
        self.uid_in_file(user).or_else(|file| match self.uid_in_record(user) {
            Ok(uid) => Ok(Some(uid)),
            Err(record) => Err(Ownerless { file: Box::new(file), record: Box::new(record) }),
        })
    }

    /// Of a user without a file, at `path`: none, if there never was one in use. The record is made before the first file is, and goes
    /// after it; a reset leaves both. So one that says of what was used has lost its file.
    pub(super) fn never_enrolled(&self, user: &str, path: &Path) -> Result<Option<Enrollment>, StoreError> {
        let mut record = self.state(user)?;
        // A damaged one as well: none is written but whole, or in the place of another.
        let is_lost = record.take().map_or_else(|| record.is_damaged(), |state| state.was_used());
        if is_lost { Err(StoreError::Gone { path: path.display().to_string() }) } else { Ok(None) }
    }

    /// Those whose file is gone though it was in use, of all that `has_file` does not know; and by which uid each was enrolled.
    ///
    /// # Errors
    /// When the records cannot be listed.
    pub(super) fn lost(&self, has_file: impl Fn(&str) -> bool) -> Result<Vec<(String, u32)>, StoreError> {
        let folder = self.path.join("state");
        let mut lost = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|e| io_error(&folder, e))? {
            let file = entry.map_err(|e| io_error(&folder, e))?.file_name();
            let Some(user) = file.to_str().and_then(name::user_of).filter(|user| !has_file(user)) else { continue };
            let path = self.user_path(&user)?;
            if let (Err(why @ StoreError::Gone { .. }), Ok(uid)) =
                (self.never_enrolled(&user, &path), self.uid_in_record(&user))
            {
                let shown = clean::field(&user);
                tracing::warn!(
                    "{why}. Logins of {shown} are refused: put back a copy of the file, or mfactl reset {shown}"
                );
                lost.push((user, uid));
            }
        }
        Ok(lost)
    }

    fn uid_in_record(&self, user: &str) -> Result<u32, Silent> {
        let mut record = self.state(user)?;
        match record.take() {
            Some(state) => Ok(state.uid),
            None if record.is_damaged() => Err(Silent::Damaged),
            None => Err(Silent::Missing),
        }
    }
}
