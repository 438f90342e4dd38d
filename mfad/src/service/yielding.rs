//! Programs' connections that may give way, oldest first: those that have said nothing yet, and dialogues that nobody's factors decide.
//!
//! Called where the user socket is accepted from. newuidmap(1) gives a user thousands of uids, whose connections are counted apart: when
//! they have all places, the oldest of these makes room. What must never happen: a user's own login being ended by another's program.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::AbortHandle;

/// Entries up to which none is looked for that is over.
const FEW: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Yielding(Mutex<VecDeque<Connection>>);

#[derive(Debug)]
struct Connection {
    task: AbortHandle,
    stays: Stays,
}

/// Whether a connection stays whoever comes. At first none does.
#[derive(Debug, Clone, Default)]
pub(super) struct Stays(Arc<AtomicBool>);

impl Stays {
    pub(super) fn set(&self, stays: bool) {
        self.0.store(stays, Ordering::Relaxed);
    }
}

impl Yielding {
    /// A new connection, led by `task`.
    pub(super) fn add(&self, task: AbortHandle, stays: Stays) {
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if connections.len() >= FEW {
            connections.retain(|one| !one.task.is_finished());
        }
        connections.push_back(Connection { task, stays });
    }

    /// Ends the oldest that does not stay, if there is any.
    pub(super) fn end_oldest(&self) -> bool {
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let yields = |one: &Connection| !one.stays.0.load(Ordering::Relaxed) && !one.task.is_finished();
        let oldest = connections.iter().position(yields).and_then(|place| connections.remove(place));
        oldest.inspect(|one| one.task.abort()).is_some()
    }
}
