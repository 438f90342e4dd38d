//! A world per test, and what lives in it: accounts, a log, sshd, mfad, terminals, PAM clients.
//!
//! A test begins with [`World::new`] and starts what it needs from there. Everything waits with a
//! deadline and panics with what was seen until then: a test never hangs.

mod accounts;
mod bus;
pub mod calls;
pub mod canary;
pub mod conversation;
mod devlog;
mod fake_mfad;
pub mod faults;
pub mod form;
mod hearing;
mod home;
mod house;
mod journal;
pub mod libpam;
mod mfactl;
mod mfad;
mod mounts;
mod oathtool;
mod pam_client;
mod polkit;
mod polkit_helper;
mod program;
mod raw;
mod session;
pub mod snapshot;
mod ssh;
mod sshd;
pub mod strace;
mod terminal;
mod whole;
mod world;

pub use accounts::{PASSWORD, User};
pub use bus::{Device, SystemBus};
pub use devlog::DevLog;
pub use fake_mfad::{FakeMfad, Misbehaviour};
pub use home::{BOTH, Home, another_than, number_in, request_id};
pub use house::House;
pub use journal::Journal;
pub use mfactl::{Enrolled, Mfactl};
pub use mfad::Mfad;
pub use oathtool::{Oathtool, calm_now, now};
pub use pam_client::{Event, Gate, HOSTILE, PamCall, PamClient};
pub use polkit::Polkit;
pub use polkit_helper::PolkitHelper;
pub use program::{PATIENCE, Program, Ran, built, crash};
pub use raw::{Raw, admin, begin};
pub use session::{Notifier, Session};
pub use ssh::Ssh;
pub use sshd::Sshd;
pub use terminal::{Ended, Terminal};
pub use whole::is_whole;
pub use world::World;
