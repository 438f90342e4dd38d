//! Everything that waits or works long, off GTK's thread: buses, the keyring, key derivation, files.
//!
//! What must never happen: the window standing still, or its end waiting for what hangs.

use std::future::Future;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// The threads behind one window. Handles can be awaited on any loop; whoever drops one lets the work run to its end.
pub(super) struct Back(Option<Runtime>);

impl Back {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn new() -> std::io::Result<Self> {
        // One for the buses while another waits for a keyring.
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("back").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs what waits.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn(work))
    }

    /// Runs what computes, or waits for the disk.
    pub(super) fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn_blocking(work))
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        // Never waits for what still runs, such as a keyring that does not answer.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
