//! The real mfactl against the real mfad, command by command. Needs root, a Debian's usual accounts, oathtool,
//! google-authenticator and zbarimg.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which clippy.toml does not see as such"
)]

mod doctor;
mod doctor_host;
mod doctor_sshd;
mod drafts;
mod enrolling;
mod failing;
mod house;
mod importing;
mod managing;
mod offline;
mod texts;
mod trail;
