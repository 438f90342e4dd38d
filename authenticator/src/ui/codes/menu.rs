//! The menu of one account.

use super::entry::Entry;
use super::{Act, CodesPage};
use crate::catalogue::Text;
use crate::ui::text;
use adw::prelude::*;
use gtk::{gio, glib};
use std::rc::Rc;

/// The menu of one account: action, text, what it does.
const MENU: [(&str, Text, Act); 4] = [
    ("pin", text::PIN_OR_NOT, Act::Pin),
    ("edit", text::EDIT, Act::Edit),
    ("picture", text::PICTURE, Act::Picture),
    ("trash", text::TRASH, Act::Trash),
];

pub(super) fn menu_model() -> gio::Menu {
    let menu = gio::Menu::new();
    for (name, label, _) in MENU {
        menu.append(Some(label.here()), Some(&format!("code.{name}")));
    }
    menu
}

impl CodesPage {
    pub(super) fn connect_menu(self: &Rc<Self>) {
        let actions = gio::SimpleActionGroup::new();
        for (name, act) in MENU.map(|(name, _, act)| (name, act)) {
            let weak = Rc::downgrade(self);
            let entry = gio::ActionEntry::builder(name).activate(move |_: &gio::SimpleActionGroup, _, _| {
                let Some(own) = weak.upgrade() else { return };
                let entry = own.menu_for.borrow().clone();
                entry.iter().for_each(|entry| own.act(entry, act));
            });
            actions.add_action_entries([entry.build()]);
        }
        self.page.insert_action_group("code", Some(&actions));
        self.menu.connect_closed(|menu| {
            // Its action is still to come.
            let menu = menu.downgrade();
            glib::idle_add_local_once(move || {
                if let Some(menu) = menu.upgrade().filter(|menu| !menu.is_visible() && menu.parent().is_some()) {
                    menu.unparent();
                }
            });
        });
    }

    pub(super) fn open_menu(&self, entry: &Rc<Entry>) {
        let Some(place) = self.row(&entry.id).and_then(|row| row.menu_place()) else { return };
        if self.menu.parent().is_some() {
            self.menu.unparent();
        }
        self.menu_for.replace(Some(entry.clone()));
        self.menu.set_parent(&place);
        self.menu.popup();
    }
}
