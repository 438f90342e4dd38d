//! Which uid is enrolled under which name.
//!
//! "Not enrolled" must never be the result of a uid that is enrolled under another name (an alias, a
//! renamed account). The index is read from the enrolment files at start and kept as mfad writes them; a
//! login that needs it before it is complete waits, and is refused rather than answered from half of it.

use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a login waits for the index at start.
const PATIENCE: Duration = Duration::from_secs(3);

/// The index.
#[derive(Debug, Default)]
pub struct Uids {
    inner: Mutex<Inner>,
    complete: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    names: HashMap<u32, Box<str>>,
    complete: bool,
}

impl Uids {
    /// Reads all enrolment files; run once, on a thread of its own. A file that cannot be read is named
    /// in the log and left out: its own user is refused anyway.
    pub fn fill(&self, store: &Store) -> Result<usize, StoreError> {
        let users = store.users()?;
        let mut found = Vec::with_capacity(users.len());
        for user in users {
            match store.account(&user) {
                Ok(Some((name, uid))) => found.push((uid, name.into_boxed_str())),
                Ok(None) => {}
                Err(why) => tracing::warn!("{why}"),
            }
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for (uid, name) in found {
            // What was written since is newer than what was read.
            inner.names.entry(uid).or_insert(name);
        }
        inner.complete = true;
        self.complete.notify_all();
        Ok(inner.names.len())
    }

    /// The name `uid` is enrolled under; `Err` while that is not known.
    pub fn name_of(&self, uid: u32) -> Result<Option<String>, StillReading> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (inner, _) = self
            .complete
            .wait_timeout_while(inner, PATIENCE, |inner| !inner.complete)
            .unwrap_or_else(PoisonError::into_inner);
        if !inner.complete {
            return Err(StillReading);
        }
        Ok(inner.names.get(&uid).map(|name| name.to_string()))
    }

    /// A file was written.
    pub fn insert(&self, uid: u32, name: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.names.insert(uid, name.into());
    }

    /// A file was removed.
    pub fn remove(&self, uid: u32, name: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.names.get(&uid).is_some_and(|known| **known == *name) {
            inner.names.remove(&uid);
        }
    }
}

/// The enrolment files are still being read.
#[derive(Debug, thiserror::Error)]
#[error("mfad has just started and is still reading its enrolment files")]
pub struct StillReading;
