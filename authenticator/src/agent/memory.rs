//! Keeping the history on disk, beside everything else: a slow disk holds up no answer, a full one only the history.

use super::Agent;
use crate::history::History;
use mfa_core::bus::Decided;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The history's file and whether it lacks something.
#[derive(Debug)]
pub(super) struct Memory {
    /// Held while the file is worked on.
    history: Option<Arc<Mutex<History>>>,
    /// How many decisions were made, and how many of them are surely on disk.
    made: AtomicU64,
    saved: AtomicU64,
    decided: Notify,
}

impl Memory {
    pub(super) fn of_this_user() -> Self {
        let history = History::of_this_user().map(|history| Arc::new(Mutex::new(history)));
        Self { history, made: AtomicU64::new(0), saved: AtomicU64::new(0), decided: Notify::new() }
    }

    /// What was kept; nothing, with a word in the log, where it cannot be read.
    pub(super) async fn load(&self) -> Vec<Decided> {
        self.on_disk("read", |history| history.load()).await.unwrap_or_default()
    }

    /// Something was decided.
    pub(super) fn decided(&self) {
        self.made.fetch_add(1, Ordering::AcqRel);
        self.decided.notify_one();
    }

    /// Keeps what is not kept yet.
    pub(super) async fn save(&self, agent: &Agent) {
        let made = self.made.load(Ordering::Acquire);
        if self.saved.load(Ordering::Acquire) < made {
            let decisions = agent.requests().history();
            if self.on_disk("written", move |history| history.save(decisions)).await.is_some() {
                self.saved.fetch_max(made, Ordering::AcqRel);
            }
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        what: &str,
        job: impl FnOnce(&History) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let history = self.history.clone()?;
        match tokio::task::spawn_blocking(move || job(&history.lock().unwrap_or_else(PoisonError::into_inner))).await {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::warn!("the history cannot be {what}: {error}");
                None
            }
            Err(_) => None,
        }
    }
}

/// Saves after each decision, for as long as the agent runs.
pub(super) async fn keep(agent: &Agent) {
    loop {
        agent.memory.decided.notified().await;
        agent.memory.save(agent).await;
    }
}
