//! One transaction per user at a time; one user never waits for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The right to read, decide and write one user's files.
pub type Held = OwnedMutexGuard<()>;

/// The locks of all users with something under way.
#[derive(Debug, Default)]
pub struct Locks {
    users: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
}

impl Locks {
    /// Waits for `user`'s turn.
    pub async fn of(&self, user: &str) -> Held {
        self.lock(user).lock_owned().await
    }

    /// The same on a thread that may block. Never called from an async task.
    #[must_use]
    pub fn blocking(&self, user: &str) -> Held {
        self.lock(user).blocking_lock_owned()
    }

    /// The same where nobody else has it just now.
    #[must_use]
    pub fn at_once(&self, user: &str) -> Option<Held> {
        self.lock(user).try_lock_owned().ok()
    }

    fn lock(&self, user: &str) -> Arc<AsyncMutex<()>> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = users.get(user).and_then(Weak::upgrade) {
            return lock;
        }
        // As many entries as users under way, give or take the dead ones of the last doubling.
        if users.len() == users.capacity() {
            users.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(AsyncMutex::new(()));
        users.insert(user.to_owned(), Arc::downgrade(&lock));
        lock
    }
}
