//! When hygiene looked last: a file of its own.

use super::{Store, StoreError, sync, unlink, unwritable};
use mfa_core::enrollment::MAX_BYTES;
use mfa_core::hygiene::{FILE, Looked};

impl Store {
    /// When it was looked last; `None`: never.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn looked(&self) -> Result<Option<Looked>, StoreError> {
        let path = self.path.join(FILE);
        match self.read(&self.root, &path, MAX_BYTES)? {
            None => Ok(None),
            Some(text) => Ok(Some(Looked::parse(&path.display().to_string(), &text)?)),
        }
    }

    /// Notes when it was looked.
    ///
    /// # Errors
    /// When that is not durable.
    pub fn save_looked(&self, looked: Looked) -> Result<(), StoreError> {
        let path = self.path.join(FILE);
        let text = looked.print().map_err(|e| unwritable(&path, &e))?;
        self.replace(&path, text.as_bytes())
    }

    /// Forgets it.
    ///
    /// # Errors
    /// When the file is not durably gone.
    pub fn forget_looked(&self) -> Result<(), StoreError> {
        let path = self.path.join(FILE);
        unlink(&path)?;
        sync(&self.root, &path)
    }
}
