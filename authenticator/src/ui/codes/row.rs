//! One account in the list: ring, name, code, and two buttons. A widget is used for many accounts, one after the other.

use super::entry::{Entry, hidden};
use super::ring::Ring;
use super::{Act, Seen};
use crate::ui::{parts, text};
use adw::prelude::*;
use gtk::glib;
use gtk::pango::EllipsizeMode;
use gtk::subclass::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// What is done with the account of a row.
type OnRow = Rc<dyn Fn(&Rc<Entry>, Act)>;

mod imp {
    use super::*;
    use std::cell::{Cell, OnceCell};

    #[derive(Default)]
    pub struct CodeRow {
        pub(super) parts: OnceCell<Parts>,
        pub(super) entry: RefCell<Option<Rc<Entry>>>,
        /// Its code is to be seen.
        pub(super) revealed: Cell<bool>,
        /// The name for screen readers holds a code.
        pub(super) tells_code: Cell<bool>,
        pub(super) misnamed: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CodeRow {
        const NAME: &'static str = "MfaCodeRow";
        type Type = super::CodeRow;
        type ParentType = gtk::Box;
    }

    impl ObjectImpl for CodeRow {}
    impl WidgetImpl for CodeRow {}
    impl BoxImpl for CodeRow {}
}

glib::wrapper! {
    /// See the module.
    pub struct CodeRow(ObjectSubclass<imp::CodeRow>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

struct Parts {
    ring: Ring,
    title: gtk::Label,
    pin: gtk::Image,
    subtitle: gtk::Label,
    code: gtk::Label,
    next: gtk::Label,
    reveal: gtk::Button,
    more: gtk::Button,
}

impl CodeRow {
    /// A row that passes on what is done to its account.
    pub(super) fn new(act: OnRow) -> Self {
        let row: Self = glib::Object::builder().property("spacing", 12).build();
        row.add_css_class("code");
        let line = |classes: &[&str]| {
            gtk::Label::builder().xalign(0.0).ellipsize(EllipsizeMode::End).css_classes(classes).build()
        };
        let pin = gtk::Image::builder()
            .icon_name("view-pin-symbolic")
            .accessible_role(gtk::AccessibleRole::Presentation)
            .css_classes(["dim-label"])
            .build();
        let parts = Parts {
            ring: Ring::new(),
            title: line(&["heading"]),
            pin,
            subtitle: line(&["dim-label", "caption"]),
            code: gtk::Label::builder().xalign(1.0).css_classes(["digits"]).build(),
            next: gtk::Label::builder().xalign(1.0).css_classes(["dim-label", "caption", "numeric"]).build(),
            reveal: flat("view-reveal-symbolic"),
            more: flat("view-more-symbolic"),
        };
        let head = gtk::Box::builder().spacing(6).build();
        head.append(&parts.title);
        head.append(&parts.pin);
        let names = gtk::Box::builder().orientation(gtk::Orientation::Vertical).valign(gtk::Align::Center).build();
        names.set_hexpand(true);
        names.append(&head);
        names.append(&parts.subtitle);
        let codes = gtk::Box::builder().orientation(gtk::Orientation::Vertical).valign(gtk::Align::Center).build();
        codes.append(&parts.code);
        codes.append(&parts.next);
        row.append(parts.ring.widget());
        row.append(&names);
        row.append(&codes);
        row.append(&parts.reveal);
        row.append(&parts.more);
        for (button, what) in [(&parts.reveal, Act::Reveal), (&parts.more, Act::Menu)] {
            let (weak, act) = (row.downgrade(), act.clone());
            button.connect_clicked(move |_| {
                if let Some(entry) = weak.upgrade().and_then(|row| row.entry()) {
                    act(&entry, what);
                }
            });
        }
        // Set once, here.
        let _ = row.imp().parts.set(parts);
        row
    }

    /// Whose row it is now.
    pub(super) fn entry(&self) -> Option<Rc<Entry>> {
        self.imp().entry.borrow().clone()
    }

    /// Where its menu is to stand.
    pub(super) fn menu_place(&self) -> Option<gtk::Button> {
        self.imp().parts.get().map(|parts| parts.more.clone())
    }

    /// Becomes the row of `entry`.
    pub(super) fn bind(&self, entry: Rc<Entry>, seen: &Seen) {
        let Some(parts) = self.imp().parts.get() else { return };
        parts.title.set_label(entry.title());
        let subtitle = entry.subtitle();
        parts.subtitle.set_visible(!subtitle.is_empty());
        parts.subtitle.set_label(&subtitle);
        parts.pin.set_visible(entry.pinned);
        self.imp().entry.replace(Some(entry));
        parts.code.set_label("");
        self.draw(seen);
    }

    /// Nobody's row any more; nothing of a code stays in it.
    pub(super) fn unbind(&self) {
        self.imp().entry.take();
        if let Some(parts) = self.imp().parts.get() {
            parts.code.set_label("");
            parts.next.set_label("");
            // The name of a code that is to be seen holds it.
            if self.imp().tells_code.take() {
                self.parent().iter().for_each(|item| parts::name(item, &text::HIDDEN));
            }
        }
    }

    /// Whether what screen readers are told is not what is to be seen.
    pub(super) fn is_misnamed(&self) -> bool {
        self.imp().misnamed.get()
    }

    /// Brings what screen readers are told up to what is to be seen. Apart from drawing: it takes longer than all of that, and a list
    /// is bound row by row within one frame.
    pub(super) fn tell(&self) {
        self.imp().misnamed.set(false);
        let (Some(parts), Some(entry)) = (self.imp().parts.get(), self.entry()) else { return };
        let (title, name) = (entry.title(), entry.name.as_str());
        let code = parts.code.label();
        let revealed = self.imp().revealed.get();
        parts::name(&parts.more, &text::more_for(title, name));
        parts::name(&parts.reveal, &text::reveal(title, name, revealed));
        // GTK's own widget around the row is what takes the focus.
        if let Some(item) = self.parent() {
            self.imp().tells_code.set(revealed);
            parts::name(&item, &text::spoken(title, name, if revealed { code.as_str() } else { &text::HIDDEN }));
        }
    }

    /// Brings it up to what is to be seen of its code now.
    pub(super) fn draw(&self, seen: &Seen) {
        let (Some(parts), Some(entry)) = (self.imp().parts.get(), self.entry()) else { return };
        parts.ring.set(entry.left(seen.now));
        let code = seen.code.clone().unwrap_or_else(|| hidden(entry.length));
        if parts.code.label() == code && parts.next.label() == seen.next {
            return;
        }
        let revealed = seen.code.is_some();
        parts.code.set_label(&code);
        parts.next.set_label(&seen.next);
        parts.next.set_visible(!seen.next.is_empty());
        parts.reveal.set_icon_name(if revealed { "view-conceal-symbolic" } else { "view-reveal-symbolic" });
        self.imp().revealed.set(revealed);
        self.imp().misnamed.set(true);
    }
}

fn flat(icon: &str) -> gtk::Button {
    gtk::Button::builder().icon_name(icon).valign(gtk::Align::Center).css_classes(["flat", "circular"]).build()
}
