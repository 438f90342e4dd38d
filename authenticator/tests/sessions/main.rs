//! The authenticator on private buses, beside a fake mfad, a real keyring and a recording notification server.
//!
//! [`approving`] is the way it should go, [`keyrings`] keyrings that hang, [`notices`] the notifications, [`pins`] keys
//! under a PIN, [`trust`] everybody who pretends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

mod approving;
mod contract;
mod desktop;
mod keyrings;
mod notices;
mod pins;
mod trust;
