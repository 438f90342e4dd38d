//! Windows about one account: adding it, changing its names, showing it as a QR code.

#[cfg(feature = "gui")]
mod dialog;
#[cfg(feature = "gui")]
mod edit;
#[cfg(feature = "gui")]
mod picture;
mod uri;

#[cfg(feature = "gui")]
pub(super) use dialog::{AddDialog, Source};
#[cfg(feature = "gui")]
pub(super) use edit::{Names, edit};
#[cfg(feature = "gui")]
pub(super) use picture::picture;
pub use uri::{Fields, HASHES, KINDS};
