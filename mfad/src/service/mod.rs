//! The sockets: who may speak, how long, and how many at once.

pub mod bus;
mod counts;
mod line;
mod listen;
mod login;
mod seldom;
mod serve;

pub use listen::{ListenError, Sockets};
pub use serve::{DECIDING, Limits, WAITING, serve};
