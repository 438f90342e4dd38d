//! The authority: everything `mfad` and `mfactl` do. Both binaries are a few lines over this library.
#![forbid(unsafe_code)]

pub mod ctl;
