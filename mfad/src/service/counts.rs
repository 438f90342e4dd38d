//! How many of something each uid has under way: connections, logins, calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many of each uid.
pub(super) type Counts = Mutex<HashMap<u32, usize>>;

/// One of a uid's. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    counts: Arc<Counts>,
    uid: u32,
}

impl Place {
    /// A place of `uid`, where it has fewer than `most`.
    pub(super) fn take(counts: &Arc<Counts>, uid: u32, most: usize) -> Option<Self> {
        let mut by_uid = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = by_uid.entry(uid).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        Some(Self { counts: Arc::clone(counts), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_uid = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = by_uid.get_mut(&self.uid) {
            *held -= 1;
            if *held == 0 {
                by_uid.remove(&self.uid);
            }
        }
    }
}
