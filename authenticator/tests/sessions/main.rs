//! The authenticator on private buses, beside a fake mfad, a real keyring and a recording notification server.
//!
//! [`another`] is another user's session, [`approving`] the way it should go, [`codes_cli`] accounts on the command line, [`contract`] the shipped XML,
//! [`hygiene`] the process itself, [`keyrings`] keyrings that hang, [`notices`] the notifications, [`patchy`] keyrings of which an item cannot be read, [`pins`] keys under a
//! PIN, [`starting`] who starts the agent, [`trust`] everybody who pretends, [`turns`] programs that change accounts at once, [`window`] the window (feature `gui`),
//! [`servers`] real notification servers (with a screen, and so `gui`).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

mod another;
mod approving;
mod codes_cli;
mod codes_trouble;
mod contract;
mod desktop;
mod german_cli;
mod hygiene;
mod keyrings;
mod notices;
mod patchy;
mod pins;
#[cfg(feature = "gui")]
mod servers;
mod starting;
mod trust;
mod turns;
#[cfg(feature = "gui")]
mod window;
