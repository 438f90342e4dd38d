//! The sockets: who may speak, how long, and how many at once.

mod begin;
pub mod bus;
mod counts;
mod front;
mod led;
mod line;
mod listen;
mod log;
mod login;
mod mouth;
mod serve;
mod yielding;

pub use front::Front;
pub use listen::{ListenError, Sockets};
pub use serve::{DECIDING, Limits, WAITING, serve};
