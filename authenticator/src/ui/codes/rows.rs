//! The rows of a long list: no more of them at once than are looked at, and screen readers told of them when there is time.
//!
//! A thousand accounts are searched within a frame; it is rows that take time, some twenty widgets each.

use super::CodesPage;
use super::row::CodeRow;
use adw::prelude::*;
use gtk::glib;
use std::rc::Rc;

/// How many rows screen readers are told of between two looks at what else is to be done.
const TOLD_AT_ONCE: usize = 4;

/// How many rows there are at first, and by how many they grow as the user scrolls on. GTK makes up to 200 of a long list at once, which
/// takes longer than two frames.
pub(super) const PART: u32 = 30;

impl CodesPage {
    /// More of the list, before its end is to be seen.
    pub(super) fn connect_scroll(self: &Rc<Self>) {
        let Some(scrolled) = self.list.parent().and_downcast::<gtk::ScrolledWindow>() else { return };
        let weak = Rc::downgrade(self);
        let grow = move |place: &gtk::Adjustment| {
            let Some(own) = weak.upgrade() else { return };
            let near = place.value() + 2.0 * place.page_size() >= place.upper();
            if near && own.within.n_items() < own.shown.n_items() {
                let within = own.within.clone();
                // Not while the list is being laid out.
                glib::idle_add_local_once(move || within.set_size(within.size().saturating_add(PART)));
            }
        };
        let place = scrolled.vadjustment();
        // As the user scrolls, and where the window is higher than what there is.
        place.connect_value_changed(grow.clone());
        place.connect_changed(grow);
    }

    /// Tells screen readers of the rows that changed, a few at a time where nothing else is to be done.
    pub(super) fn tell_later(self: &Rc<Self>) {
        if self.tells.replace(true) {
            return;
        }
        let weak = Rc::downgrade(self);
        glib::idle_add_local(move || {
            let Some(own) = weak.upgrade() else { return glib::ControlFlow::Break };
            let rows = own.rows.borrow();
            let misnamed = rows.iter().filter_map(glib::WeakRef::upgrade).filter(CodeRow::is_misnamed);
            let told = misnamed.take(TOLD_AT_ONCE).inspect(CodeRow::tell).count();
            if told == TOLD_AT_ONCE {
                return glib::ControlFlow::Continue;
            }
            own.tells.set(false);
            glib::ControlFlow::Break
        });
    }

    /// The row of an account, where that is within sight.
    pub(super) fn row(&self, id: &str) -> Option<CodeRow> {
        let rows = self.rows.borrow();
        let mut rows = rows.iter().filter_map(glib::WeakRef::upgrade);
        rows.find(|row| row.entry().is_some_and(|own| own.id == id))
    }
}
