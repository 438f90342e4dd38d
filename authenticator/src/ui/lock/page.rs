//! The page of a locked window. It takes the place of everything else, which is emptied before.

use super::Cause;
use crate::ui::{parts, text};
use adw::prelude::*;
use mfa_core::secret::Secret;
use std::rc::Rc;

/// See the module.
pub(in crate::ui) struct LockedPage {
    page: gtk::Box,
    why: gtk::Label,
    pin: gtk::PasswordEntry,
    problem: gtk::Label,
    busy: gtk::Spinner,
    unlock: gtk::Button,
    requests: gtk::Button,
}

impl LockedPage {
    pub(in crate::ui) fn new() -> Rc<Self> {
        let title = gtk::Label::builder().label(text::LOCKED).css_classes(["title-1"]).build();
        let why = gtk::Label::builder().wrap(true).justify(gtk::Justification::Center).build();
        let icon = gtk::Image::builder()
            .icon_name("system-lock-screen-symbolic")
            .pixel_size(96)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .css_classes(["dim-label"])
            .build();
        let pin = parts::unseen();
        pin.set_halign(gtk::Align::Center);
        pin.set_width_chars(24);
        parts::name(&pin, &text::PIN);
        let (problem, busy) = (parts::problem(), parts::busy());
        let unlock = parts::pill(&text::UNLOCK);
        unlock.add_css_class("suggested-action");
        let requests =
            gtk::Button::builder().label(text::SEE_REQUESTS).halign(gtk::Align::Center).visible(false).build();
        let middle = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        middle.set_valign(gtk::Align::Center);
        for widget in [icon.upcast_ref::<gtk::Widget>(), title.upcast_ref(), why.upcast_ref(), pin.upcast_ref()] {
            middle.append(widget);
        }
        for widget in
            [problem.upcast_ref::<gtk::Widget>(), busy.upcast_ref(), unlock.upcast_ref(), requests.upcast_ref()]
        {
            middle.append(widget);
        }
        let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
        page.append(&adw::HeaderBar::builder().css_classes(["flat"]).build());
        page.append(&parts::scrolled(&parts::clamp(&middle)));
        Rc::new(Self { page, why, pin, problem, busy, unlock, requests })
    }

    pub(in crate::ui) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    /// What happens with the PIN that was typed, which is empty where none is asked for.
    pub(in crate::ui) fn on_unlock(self: &Rc<Self>, action: impl Fn(Secret) + 'static) {
        let action = Rc::new(action);
        let page = Rc::downgrade(self);
        let unlock = move || {
            if let Some(page) = page.upgrade().filter(|page| page.unlock.is_sensitive()) {
                let typed = Secret::from(String::from(page.pin.text()));
                page.pin.set_text("");
                action(typed);
            }
        };
        let pressed = unlock.clone();
        self.unlock.connect_clicked(move |_| pressed());
        self.pin.connect_activate(move |_| unlock());
    }

    /// What happens when the user wants to see the sign-in requests.
    pub(in crate::ui) fn on_requests(&self, action: impl Fn() + 'static) {
        self.requests.connect_clicked(move |_| action());
    }

    /// Says why it is locked, and asks for a PIN where there is one.
    pub(in crate::ui) fn show(&self, cause: Cause, pin: bool) {
        let why = text::locked_by(cause);
        self.why.set_label(&if pin { why.to_owned() } else { format!("{why}\n{}", text::NO_PIN) });
        self.pin.set_visible(pin);
        self.pin.set_text("");
        self.problem.set_visible(false);
        self.set_busy(false);
        self.focus();
    }

    /// The focus where the next key belongs.
    pub(in crate::ui) fn focus(&self) {
        if self.pin.get_visible() {
            self.pin.grab_focus();
        } else {
            self.unlock.grab_focus();
        }
    }

    /// It stays locked, and why.
    pub(in crate::ui) fn refuse(&self, why: &str) {
        self.problem.set_label(why);
        self.problem.set_visible(true);
        self.focus();
    }

    /// It is being tried, which takes a moment: a key is derived from it.
    pub(in crate::ui) fn set_busy(&self, busy: bool) {
        self.busy.set_visible(busy);
        self.unlock.set_sensitive(!busy);
        self.pin.set_sensitive(!busy);
    }

    /// How many sign-in requests wait: they need no unlocked codes.
    pub(in crate::ui) fn set_waiting(&self, waiting: usize) {
        self.requests.set_visible(waiting > 0);
    }
}
