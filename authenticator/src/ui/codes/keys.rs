//! What keys do on the page of codes.

use super::{Act, CodesPage};
use adw::prelude::*;
use gtk::{gdk, glib};
use std::rc::Rc;

/// The keys of the list, and what they do to the account that has the focus.
const LIST: [(gdk::Key, gdk::ModifierType, Act); 6] = [
    (gdk::Key::r, gdk::ModifierType::CONTROL_MASK, Act::Reveal),
    (gdk::Key::c, gdk::ModifierType::CONTROL_MASK, Act::Copy),
    (gdk::Key::d, gdk::ModifierType::CONTROL_MASK, Act::Pin),
    (gdk::Key::F2, gdk::ModifierType::empty(), Act::Edit),
    (gdk::Key::Delete, gdk::ModifierType::empty(), Act::Trash),
    (gdk::Key::Menu, gdk::ModifierType::empty(), Act::Menu),
];

impl CodesPage {
    pub(super) fn connect_keys(self: &Rc<Self>) {
        let keys = gtk::ShortcutController::new();
        for (key, with, act) in LIST {
            let own = Rc::downgrade(self);
            keys.add_shortcut(gtk::Shortcut::new(
                Some(gtk::KeyvalTrigger::new(key, with)),
                Some(gtk::CallbackAction::new(move |_, _| {
                    let Some(own) = own.upgrade() else { return glib::Propagation::Proceed };
                    match own.selected() {
                        Some(entry) => {
                            own.act(&entry, act);
                            glib::Propagation::Stop
                        }
                        None => glib::Propagation::Proceed,
                    }
                })),
            ));
        }
        self.list.add_controller(keys);

        // Enter in the search copies the first that is found; Down goes on to the list.
        let own = Rc::downgrade(self);
        self.search.connect_activate(move |_| {
            if let Some(own) = own.upgrade()
                && let Some(entry) = own.first()
            {
                own.act(&entry, Act::Copy);
            }
        });
        let own = Rc::downgrade(self);
        let down = gtk::EventControllerKey::new();
        down.connect_key_pressed(move |_, key, _, _| match own.upgrade() {
            Some(own) if key == gdk::Key::Down && own.first().is_some() => {
                own.focus_list();
                glib::Propagation::Stop
            }
            _ => glib::Propagation::Proceed,
        });
        self.search.add_controller(down);
        let own = Rc::downgrade(self);
        self.search.connect_stop_search(move |search| {
            search.set_text("");
            own.upgrade().iter().for_each(|own| own.focus_list());
        });
    }
}
