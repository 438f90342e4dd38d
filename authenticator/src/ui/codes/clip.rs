//! A code in the clipboard, for half a minute.
//!
//! What must never happen: something another program has put there since being cleared, or a code being left behind by a
//! window that is locked or gone.

use adw::prelude::*;
use gtk::{gdk, glib};
use mfa_core::secret::Secret;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// As long as a code lives by default: who pastes later pastes an old one.
pub(in crate::ui) const KEPT: Duration = Duration::from_secs(30);

/// KDE's clipboard keeps what carries this out of its history, and other managers look for it, too.
const HINT: &str = "x-kde-passwordManagerHint";

/// See the module.
pub(in crate::ui) struct Clip {
    clipboard: gdk::Clipboard,
    ours: RefCell<Option<gdk::ContentProvider>>,
    clear: RefCell<Option<glib::SourceId>>,
}

impl Clip {
    pub(in crate::ui) fn new(clipboard: gdk::Clipboard) -> Rc<Self> {
        Rc::new(Self { clipboard, ours: RefCell::default(), clear: RefCell::default() })
    }

    /// Puts `code` there, until it is old.
    pub(super) fn put(self: &Rc<Self>, code: &Secret) {
        let Some(text) = code.expose_str() else { return };
        let provider = gdk::ContentProvider::new_union(&[
            gdk::ContentProvider::for_value(&text.to_value()),
            gdk::ContentProvider::for_bytes(HINT, &glib::Bytes::from_static(b"secret")),
        ]);
        if self.clipboard.set_content(Some(&provider)).is_err() {
            return;
        }
        self.ours.replace(Some(provider));
        let weak = Rc::downgrade(self);
        let clear = glib::timeout_add_local_once(KEPT, move || {
            if let Some(own) = weak.upgrade() {
                // It has run: there is nothing to take back any more.
                own.clear.take();
                own.clear();
            }
        });
        if let Some(before) = self.clear.replace(Some(clear)) {
            before.remove();
        }
    }

    /// Clears what stands there, if it is still what was put there.
    pub(in crate::ui) fn clear(&self) {
        if let Some(timer) = self.clear.take() {
            timer.remove();
        }
        let ours = self.ours.take();
        if ours.is_some() && self.clipboard.content() == ours {
            // Nothing in it is better than nothing said.
            let _ = self.clipboard.set_content(gdk::ContentProvider::NONE);
        }
    }
}
