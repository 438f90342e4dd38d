//! The window that says which keys do what.

use crate::catalogue::Text;
use crate::ui::{parts, text};
use gtk::glib;
use gtk::prelude::*;

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
            ("<Alt>1...3", text::KEY_PAGES),
            ("<Control>comma", text::KEY_PREFERENCES),
            ("<Control>question", text::KEY_SHORTCUTS),
            ("<Control>w", text::KEY_CLOSE),
            ("<Control>q", text::KEY_QUIT),
        ],
    ),
];

/// Opens it over `parent`.
pub(super) fn open(parent: &impl IsA<gtk::Window>) {
    // These widgets take their children from a description alone.
    let mut xml = String::from(
        "<interface><object class=\"GtkShortcutsWindow\" id=\"window\"><property name=\"modal\">True</property><child><object class=\"GtkShortcutsSection\"><property name=\"section-name\">all</property>",
    );
    for (title, keys) in GROUPS {
        xml.push_str("<child><object class=\"GtkShortcutsGroup\">");
        xml.push_str(&property("title", &title));
        for (key, what) in keys {
            xml.push_str("<child><object class=\"GtkShortcutsShortcut\">");
            xml.push_str(&property("accelerator", key));
            xml.push_str(&property("title", what));
            xml.push_str("</object></child>");
        }
        xml.push_str("</object></child>");
    }
    xml.push_str("</object></child></object></interface>");
    let builder = gtk::Builder::new();
    if let Err(error) = builder.add_from_string(&xml) {
        tracing::warn!("no window of shortcuts: {error}");
        return;
    }
    if let Some(window) = builder.object::<gtk::ShortcutsWindow>("window") {
        window.set_transient_for(Some(parent));
        parts::name(&window, &text::SHORTCUTS_TITLE);
        parts::name_inside(window.upcast_ref(), &text::SHORTCUTS_TITLE);
        window.present();
    }
}

fn property(name: &str, value: &str) -> String {
    format!("<property name=\"{name}\">{}</property>", glib::markup_escape_text(value))
}
