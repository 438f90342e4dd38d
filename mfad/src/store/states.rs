//! A user's state record on disk, in two slots written in turn.

use super::open::{self, Access};
use super::{Store, StoreError, io_error, unwritable};
use mfa_core::record;
use mfa_core::state::State;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The record of one user, as it was when opened. Held only inside that user's transaction.
#[derive(Debug)]
pub struct StateFile<'a> {
    store: &'a Store,
    user: String,
    path: PathBuf,
    file: Option<File>,
    sequence: u64,
    stored: Option<State>,
    damaged: bool,
}

impl<'a> StateFile<'a> {
    pub(super) fn open(store: &'a Store, user: &str, path: PathBuf) -> Result<Self, StoreError> {
        let mut opened =
            Self { store, user: user.to_owned(), path, file: None, sequence: 0, stored: None, damaged: false };
        let Some((file, _)) = open::regular(&store.states, &opened.path, Access::ReadWrite)? else { return Ok(opened) };
        let mut bytes = [0; record::FILE];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(io_error(&opened.path, e)),
            }
        }
        match record::read(bytes.get(..filled).unwrap_or_default()) {
            Ok(newest) => {
                (opened.sequence, opened.stored) = (newest.sequence, Some(newest.state));
                // A file of another size is rewritten whole.
                opened.file = (filled == record::FILE).then_some(file);
            }
            Err(_) => opened.damaged = true,
        }
        Ok(opened)
    }

    /// What was stored; `None` when there is no record or it is damaged.
    pub fn take(&mut self) -> Option<State> {
        self.stored.take()
    }

    /// Whether a file was there of which nothing could be read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Makes `state` durable: when this returns, a power cut does not lose it.
    ///
    /// # Errors
    /// When that is not certain. The caller then answers nothing but "unavailable".
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            let bytes = record::first(state).map_err(|e| unwritable(&self.path, &e))?;
            self.store.replace(&self.path, &bytes)?;
            self.store.roster.wrote_state(&self.user, state);
            return Ok(());
        };
        let (offset, bytes) = record::next(self.sequence, state).map_err(|e| unwritable(&self.path, &e))?;
        file.write_all_at(&bytes, offset).and_then(|()| file.sync_data()).map_err(|e| io_error(&self.path, e))?;
        self.sequence = self.sequence.wrapping_add(1);
        self.store.roster.wrote_state(&self.user, state);
        Ok(())
    }
}
