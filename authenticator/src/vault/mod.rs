//! The user's own accounts, in the OS keyring alone.
//!
//! [`Account`] is one, purely; [`Vault`] is where they are kept.

mod account;
pub mod backup;
mod cover;
pub mod export;
mod fate;
pub mod import;
mod kept;
pub mod picture;
mod pin;
mod steam;
mod store;
mod turn;

pub use account::{Account, Style, TRASH_KEPT, tags};
pub use fate::Fate;
pub use kept::{Added, Loaded, NotKept, named};
pub use pin::AccountsKey;
pub use store::{MOST, Vault};
