//! One request: what it says, and the user's word about it. To be put into any window.
//!
//! [`State`] decides, purely; the page (feature `gui`) shows what it says and passes on what the user does.

#[cfg(feature = "gui")]
mod detail;
mod ending;
mod guard;
mod number;
#[cfg(feature = "gui")]
mod page;
mod state;
mod text;

pub use ending::{Ending, Said};
pub use guard::HELD_BACK;
pub use number::grouped;
#[cfg(feature = "gui")]
pub use page::{RequestPage, Word};
pub use state::{Ask, Moment, State, Typed, View};
