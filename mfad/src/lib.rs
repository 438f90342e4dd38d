//! The authority: everything `mfad` and `mfactl` do. Both binaries are a few lines over this library.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod authority;
pub mod bypasses;
pub mod changes;
pub mod clock;
pub mod config;
pub mod countries;
pub mod ctl;
pub mod daemon;
pub mod devices;
pub mod hygiene;
pub mod locks;
pub mod logins;
pub mod offers;
pub mod own;
pub mod picture;
pub mod pushes;
mod seldom;
pub mod service;
pub mod store;
pub mod tickets;
