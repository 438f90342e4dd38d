//! The user's side of push approvals: the agent that shows requests and signs decisions, its window (feature `gui`) and its
//! command line.
//!
//! The device keys live in the OS keyring; mfad is met on the system bus, the user's own programs on the session bus.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod agent;
pub mod catalogue;
pub mod cli;
pub mod daemon;
pub mod history;
pub mod keyring;
pub mod pin;
pub mod privacy;
pub mod requests;
pub mod sealed;
pub mod session;
pub mod settings;
pub mod ui;
mod unusable;
pub mod vault;
pub mod words;

/// Seconds since 1970 by this computer's clock.
#[must_use]
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
