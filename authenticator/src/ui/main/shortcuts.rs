//! The window that says which keys do what: a list like every other here, which fits a narrow screen and has names for screen readers.

use crate::catalogue::Text;
use crate::ui::group::Group;
use crate::ui::{parts, text};
use adw::prelude::*;

/// Every key of the window: in groups, each key in GTK's words with what it does.
const GROUPS: [(Text, &[(&str, Text)]); 2] = [
    (
        text::CODES,
        &[
            ("<Control>f", text::KEY_SEARCH),
            ("Return", text::KEY_COPY),
            ("<Control>r", text::KEY_REVEAL),
            ("<Control>d", text::KEY_PIN),
            ("F2", text::KEY_EDIT),
            ("Delete", text::KEY_TRASH),
            ("Menu", text::KEY_MENU),
        ],
    ),
    (
        text::TITLE,
        &[
            ("<Control>n", text::KEY_ADD),
            ("<Control>o", text::KEY_IMPORT),
            ("<Control>e", text::KEY_EXPORT),
            ("<Control>l", text::KEY_LOCK),
            ("<Alt>1", text::CODES),
            ("<Alt>2", text::REQUESTS),
            ("<Alt>3", text::COMPUTER),
            ("<Control>comma", text::KEY_PREFERENCES),
            ("<Control>question", text::KEY_SHORTCUTS),
            ("<Control>w", text::KEY_CLOSE),
            ("<Control>q", text::KEY_QUIT),
        ],
    ),
];

/// A window of them over `parent`.
pub(super) fn open(parent: &impl IsA<gtk::Window>) -> adw::Window {
    let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(24).build();
    for (title, keys) in GROUPS {
        let group = Group::new(&title, "");
        group.fill(&keys.iter().map(|(key, what)| row(key, what)).collect::<Vec<_>>());
        page.append(group.widget());
    }
    let window = parts::dialog(parent, &text::SHORTCUTS_TITLE, &parts::scrolled(&parts::clamp(&page)));
    window.set_default_height(560);
    window
}

fn row(key: &str, what: &str) -> gtk::ListBoxRow {
    let spoken =
        gtk::accelerator_parse(key).map_or_else(|| key.into(), |(key, with)| gtk::accelerator_get_label(key, with));
    let label = gtk::Label::builder().label(spoken.as_str()).css_classes(["dim-label"]).build();
    let row = parts::row_with(what, "", gtk::Widget::NONE, Some(&label));
    parts::name(&row, &format!("{what}: {spoken}"));
    row
}
