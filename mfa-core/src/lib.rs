//! What `pam_mfa`, `mfad`, `mfactl` and the authenticator must agree on.
//!
//! This crate does no input or output, reads no clock and starts no task: time, randomness and
//! peers are passed in, so that every dialogue can be tested as a table.
//!
//! The default features are what the PAM module carries into sshd and sudo: [`wire`], [`page`],
//! [`secret`], [`stacked`] and [`clean`]. Everything else is behind the feature `authority`.
#![forbid(unsafe_code)]

#[cfg(feature = "authority")]
pub mod admin;
#[cfg(feature = "approval")]
pub mod approval;
#[cfg(feature = "codes")]
pub mod base32;
#[cfg(feature = "bus")]
pub mod bus;
#[cfg(feature = "authority")]
pub mod bypass;
pub mod clean;
#[cfg(feature = "approval")]
pub mod device;
#[cfg(feature = "authority")]
pub mod enrolling;
#[cfg(feature = "authority")]
pub mod enrollment;
#[cfg(feature = "authority")]
pub mod event;
#[cfg(feature = "approval")]
pub mod factor_id;
#[cfg(feature = "authority")]
pub mod grants;
#[cfg(feature = "authority")]
pub mod hygiene;
#[cfg(feature = "authority")]
pub mod import;
#[cfg(feature = "authority")]
pub mod limits;
#[cfg(feature = "authority")]
pub mod login;
#[cfg(feature = "authority")]
pub mod lookup;
#[cfg(feature = "authority")]
pub mod name;
#[cfg(feature = "authority")]
pub mod near;
#[cfg(feature = "authority")]
pub mod now;
#[cfg(feature = "codes")]
pub mod otp;
#[cfg(feature = "codes")]
pub mod otpauth;
pub mod page;
#[cfg(feature = "authority")]
pub mod place;
#[cfg(feature = "authority")]
pub mod policy;
#[cfg(feature = "authority")]
pub mod pushes;
#[cfg(feature = "authority")]
pub mod record;
#[cfg(feature = "authority")]
pub mod recovery;
pub mod secret;
pub mod stacked;
#[cfg(feature = "authority")]
pub mod state;
#[cfg(feature = "authority")]
pub mod stock;
#[cfg(feature = "authority")]
pub mod tokens;
#[cfg(feature = "authority")]
pub mod typed;
#[cfg(feature = "approval")]
pub mod upkeep;
#[cfg(feature = "authority")]
pub mod verify;
pub mod wire;
