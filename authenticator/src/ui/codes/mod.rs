//! The page of codes: a list that is searched, revealed from and copied from, by keys alone where that is wanted.
//!
//! [`Entry`] and [`Revealed`] decide, purely; the page (feature `gui`) shows. What must never happen: a code on the page or
//! in its memory after [`CodesPage::empty`].

#[cfg(feature = "gui")]
mod clip;
mod entry;
#[cfg(feature = "gui")]
mod keys;
#[cfg(feature = "gui")]
mod menu;
#[cfg(feature = "gui")]
mod page;
mod reveal;
#[cfg(feature = "gui")]
mod ring;
#[cfg(feature = "gui")]
mod row;
#[cfg(feature = "gui")]
mod rows;

#[cfg(feature = "gui")]
pub(super) use clip::{Clip, KEPT};
pub use entry::{Entry, Moves, grouped, hidden};
#[cfg(feature = "gui")]
pub(super) use page::CodesPage;
pub use reveal::{Moment, Revealed};

/// What can be done to one account.
#[cfg(feature = "gui")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Show its code, or hide it again.
    Reveal,
    /// Put its code into the clipboard.
    Copy,
    /// Ask what to do.
    Menu,
    /// Put it before the others, or back among them.
    Pin,
    /// Change its names.
    Edit,
    /// Show it as a QR code.
    Picture,
    /// Throw it away.
    Trash,
}

/// What is to be seen of one account at this moment.
#[cfg(feature = "gui")]
struct Seen {
    /// Seconds since 1970.
    now: u64,
    /// The code in groups, if it is to be seen.
    code: Option<String>,
    /// What is said of the next one, or empty.
    next: String,
}
