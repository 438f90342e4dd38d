//! The preferences, each of which holds from the moment it is changed.

use crate::settings::{MOST_IDLE_MINUTES, Settings};
use crate::ui::{group::Group, parts, text};
use adw::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// A window of them over `parent`; `changed` hears of each change.
pub(super) fn open(
    parent: &impl IsA<gtk::Window>,
    settings: Settings,
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
        parts::control(text::IDLE, text::IDLE_TEXT, &idle),
        parts::control(text::HIDE_CODES, text::HIDE_CODES_TEXT, &hide),
    ];
    let group = Group::new(text::LOCKING, "");
    group.fill(&rows);
    parts::dialog(parent, text::PREFERENCES, &parts::clamp(group.widget()))
}
