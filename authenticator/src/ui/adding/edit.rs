//! The window that changes what an account is called. Its key and numbers stay as they are.

use crate::ui::{parts, text};
use adw::prelude::*;
use std::rc::Rc;

/// What can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Names {
    /// Who the account is with.
    pub(in crate::ui) issuer: String,
    /// Whose it is.
    pub(in crate::ui) name: String,
    /// The user's own words for it.
    pub(in crate::ui) tags: Vec<String>,
}

/// A window over `parent`; `save` hears of the new names once.
pub(in crate::ui) fn edit(
    parent: &impl IsA<gtk::Window>,
    names: &Names,
    save: impl Fn(Names) + 'static,
) -> adw::Window {
    let entry = |text: &str| gtk::Entry::builder().text(text).build();
    let (issuer, name, tags) = (entry(&names.issuer), entry(&names.name), entry(&names.tags.join(", ")));
    let button = parts::pill(&text::SAVE);
    button.add_css_class("suggested-action");
    let problem = parts::problem();
    let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
    for (title, entry) in [(&text::ISSUER, &issuer), (&text::NAME, &name), (&text::TAGS, &tags)] {
        page.append(&parts::field(title, entry));
    }
    page.append(&problem);
    page.append(&button);
    let window = parts::dialog(parent, &text::EDIT_TITLE, &parts::clamp(&page));
    let submit = {
        let (window, rows) = (window.downgrade(), (issuer.clone(), name.clone(), tags.clone()));
        Rc::new(move || {
            let words = rows.2.text();
            let tags = words.split(',').map(|tag| tag.trim().trim_start_matches('#').to_owned());
            let names = Names {
                issuer: rows.0.text().trim().to_owned(),
                name: rows.1.text().trim().to_owned(),
                tags: tags.filter(|tag| !tag.is_empty()).collect(),
            };
            if names.issuer.is_empty() && names.name.is_empty() {
                problem.set_label(&text::NO_NAME);
                problem.set_visible(true);
                return;
            }
            save(names);
            window.upgrade().iter().for_each(gtk::prelude::GtkWindowExt::close);
        })
    };
    let pressed = submit.clone();
    button.connect_clicked(move |_| pressed());
    for row in [&issuer, &name, &tags] {
        let submit = submit.clone();
        row.connect_activate(move |_| submit());
    }
    window
}
