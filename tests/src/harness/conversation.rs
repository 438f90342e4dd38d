//! What passes between a PAM module and the test's application.
//!
//! The safe half of `libpam`; the `pam_client` program fills it in.

use std::ffi::{CString, c_int};

/// The string items of `pam_set_item(3)`, with their numbers (`_pam_types.h`).
pub const ITEMS: [(&str, c_int); 4] = [("user", 2), ("tty", 3), ("rhost", 4), ("ruser", 8)];

/// What the application says to a module's messages.
pub enum Reply {
    /// One answer each; `None` is a NULL string.
    Answers(Vec<Option<Vec<u8>>>),
    /// The same, after `PAM_USER` was changed to this.
    AsAnother(CString, Vec<Option<Vec<u8>>>),
    /// The same, after this function of PAM (without `pam_`) was called on the handle whose module is asking.
    AfterCalling(&'static str, Vec<Option<Vec<u8>>>),
    /// Success, but no array of answers.
    NoArray,
    /// This PAM code instead of answers.
    Fails(c_int),
}

/// Gets the style and text of each message.
pub type Talk = Box<dyn FnMut(&[(c_int, CString)]) -> Reply>;
