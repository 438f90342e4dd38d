//! A list of lines below a heading, as preferences have them, whose list has a name for screen readers.

use super::parts;
use adw::prelude::*;

/// See the module.
pub(super) struct Group {
    page: gtk::Box,
    head: gtk::Box,
    list: gtk::ListBox,
}

impl Group {
    /// A group called `title`; `text` below it may be empty.
    pub(super) fn new(title: &str, text: &str) -> Self {
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
        parts::name(&list, title);
        let words = gtk::Box::builder().orientation(gtk::Orientation::Vertical).hexpand(true).build();
        let label = |text: &str, class: &str| {
            gtk::Label::builder()
                .label(text)
                .xalign(0.0)
                .wrap(true)
                .visible(!text.is_empty())
                .css_classes([class])
                .build()
        };
        words.append(&label(title, "heading"));
        words.append(&label(text, "dim-label"));
        let head = gtk::Box::builder().spacing(6).build();
        head.append(&words);
        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        page.append(&head);
        page.append(&list);
        Self { page, head, list }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    /// Something beside the heading.
    pub(super) fn beside(&self, widget: &impl IsA<gtk::Widget>) {
        self.head.append(widget);
    }

    /// Puts `rows` into the place of those that are there.
    pub(super) fn fill<W: IsA<gtk::Widget>>(&self, rows: &[W]) {
        while let Some(row) = self.list.first_child() {
            self.list.remove(&row);
        }
        rows.iter().for_each(|row| self.list.append(row));
    }
}
