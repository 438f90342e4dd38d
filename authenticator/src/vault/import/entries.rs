//! What a file is read into, entry by entry. What must never happen: a small file becoming a report that fills the memory.

use super::{ImportError, SetAside};
use crate::vault::{Account, MOST};
use std::fmt::Display;

/// What was read, and what was left out: [`MOST`] together.
#[derive(Debug, Default)]
pub(in crate::vault) struct Entries {
    pub(in crate::vault) accounts: Vec<Account>,
    pub(in crate::vault) set_aside: Vec<SetAside>,
}

impl Entries {
    /// Takes the next entry, or why it is left out.
    ///
    /// # Errors
    /// When there are too many.
    pub(in crate::vault) fn add(
        &mut self,
        place: impl FnOnce() -> String,
        read: Result<Account, impl Display>,
    ) -> Result<(), ImportError> {
        if self.accounts.len() + self.set_aside.len() >= MOST {
            return Err(ImportError::TooMany);
        }
        match read {
            Ok(account) => self.accounts.push(account),
            Err(why) => self.set_aside.push(SetAside { place: place(), why: why.to_string() }),
        }
        Ok(())
    }
}
