//! How many of something each uid has under way: connections, logins, calls; or each connection to the bus.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// A program's place is free again this long after its connection ended: with its places, what one uid can write into
/// the trail and ask of the disk in a second.
const LINGER: Duration = Duration::from_millis(500);

/// How many of each uid, or of whatever else is counted by.
pub(super) type Counts<Of = u32> = Mutex<HashMap<Of, usize>>;

/// One of those. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place<Of: Eq + Hash = u32> {
    counts: Arc<Counts<Of>>,
    of: Of,
}

impl<Of: Eq + Hash + Clone> Place<Of> {
    /// A place, where there are fewer than `most` already.
    pub(super) fn take(counts: &Arc<Counts<Of>>, of: Of, most: usize) -> Option<Self> {
        let mut held_by = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held_by.entry(of.clone()).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        Some(Self { counts: Arc::clone(counts), of })
    }
}

impl<Of: Eq + Hash> Drop for Place<Of> {
    fn drop(&mut self) {
        let mut held_by = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held_by.get_mut(&self.of) {
            *held -= 1;
            if *held == 0 {
                held_by.remove(&self.of);
            }
        }
    }
}

/// A place that is free again only [`LINGER`] after its connection ended, however that was.
#[derive(Debug)]
pub(super) struct Lingering(Option<Place>);

impl Lingering {
    pub(super) fn of(place: Place) -> Self {
        Self(Some(place))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let (Some(place), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                tokio::time::sleep(LINGER).await;
                drop(place);
            });
        }
    }
}
