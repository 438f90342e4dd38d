//! The user's own accounts, in the OS keyring alone.
//!
//! [`Account`] is one, purely; [`Vault`] is where they are kept.

mod account;
mod steam;
mod store;

pub use account::{Account, Style, TRASH_KEPT};
pub use store::{Loaded, MOST, NotKept, Vault};
