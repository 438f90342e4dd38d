//! Locking: the codes leave the memory, and a page of its own takes the window's place.
//!
//! [`Lock`] decides, purely; `watch` hears the desktop, `page` is what stands there instead (feature `gui`).

#[cfg(feature = "gui")]
mod page;
mod state;
#[cfg(feature = "gui")]
mod watch;

#[cfg(feature = "gui")]
pub(super) use page::LockedPage;
pub use state::{Cause, Lock};
#[cfg(feature = "gui")]
pub(super) use watch::watch;
