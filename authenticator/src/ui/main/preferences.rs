//! The preferences, each of which holds from the moment it is changed.

use super::pin::Deed;
use crate::settings::{MOST_IDLE_MINUTES, Settings};
use crate::ui::{group::Group, parts, text};
use adw::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// A window of them over `parent`; `changed` hears of each change.
pub(super) fn open(
    parent: &impl IsA<gtk::Window>,
    settings: Settings,
    has_pin: bool,
    pin: impl Fn(Deed) + 'static,
    changed: impl Fn(&Settings) + 'static,
) -> adw::Window {
    let settings = Rc::new(RefCell::new(settings));
    let changed = Rc::new(changed);
    let idle = gtk::SpinButton::with_range(0.0, f64::from(MOST_IDLE_MINUTES), 1.0);
    idle.set_value(f64::from(settings.borrow().idle_minutes));
    idle.set_valign(gtk::Align::Center);
    let hide = gtk::Switch::builder().active(settings.borrow().hide_codes).valign(gtk::Align::Center).build();
    let (kept, tell) = (settings.clone(), changed.clone());
    idle.connect_value_changed(move |idle| {
        kept.borrow_mut().idle_minutes = u32::try_from(idle.value_as_int()).unwrap_or_default();
        tell(&kept.borrow());
    });
    hide.connect_active_notify(move |hide| {
        settings.borrow_mut().hide_codes = hide.is_active();
        changed(&settings.borrow());
    });
    let rows = [
        parts::control(&text::IDLE, &text::IDLE_TEXT, &idle),
        parts::control(&text::HIDE_CODES, &text::HIDE_CODES_TEXT, &hide),
    ];
    let group = Group::new(&text::LOCKING, "");
    group.fill(&rows);
    let deeds: &[(Deed, &str)] = if has_pin {
        &[(Deed::Change, &text::CHANGE_PIN), (Deed::Remove, &text::REMOVE_PIN)]
    } else {
        &[(Deed::Set, &text::SET_PIN)]
    };
    let buttons = gtk::Box::builder().spacing(6).valign(gtk::Align::Center).build();
    let over = Group::new(&text::PIN_OF_CODES, &text::PIN_TEXT);
    over.fill(&[parts::control(if has_pin { &text::HAS_PIN } else { &text::HAS_NO_PIN }, "", &buttons)]);
    let both = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(24).build();
    both.append(group.widget());
    both.append(over.widget());
    let window = parts::dialog(parent, &text::PREFERENCES, &parts::clamp(&both));
    let pin = Rc::new(pin);
    for &(deed, label) in deeds {
        let button = gtk::Button::with_label(label);
        let (pin, window) = (pin.clone(), window.downgrade());
        button.connect_clicked(move |_| {
            window.upgrade().iter().for_each(gtk::prelude::GtkWindowExt::close);
            pin(deed);
        });
        buttons.append(&button);
    }
    window
}
