//! The last decisions, below the requests that wait.

use crate::ui::group::Group;
use crate::ui::request::Ending;
use crate::ui::{parts, text};
use crate::words::headline;
use adw::prelude::*;
use gtk::glib;
use mfa_core::bus::Decided;
use mfa_core::clean;
use std::cell::RefCell;

/// Most that are listed: a page to look over, not an audit trail, which mfad keeps.
const MOST: usize = 20;

/// See the module.
pub(super) struct History {
    page: adw::Clamp,
    group: Group,
    shown: RefCell<Vec<Decided>>,
}

impl History {
    pub(super) fn new() -> Self {
        let group = Group::new(&text::HISTORY, "");
        let page = parts::clamp(group.widget());
        page.set_visible(false);
        Self { page, group, shown: RefCell::default() }
    }

    pub(super) fn widget(&self) -> &adw::Clamp {
        &self.page
    }

    /// Shows `over`, newest first.
    pub(super) fn fill(&self, over: &[Decided]) {
        let over = over.get(..MOST).unwrap_or(over);
        if *self.shown.borrow() == over {
            return;
        }
        self.shown.replace(over.to_vec());
        let rows: Vec<gtk::ListBoxRow> = over.iter().map(row).collect();
        self.group.fill(&rows);
        self.page.set_visible(!rows.is_empty());
    }
}

fn row(decided: &Decided) -> gtk::ListBoxRow {
    let request = &decided.request;
    let said = Ending::elsewhere(Some(&decided.outcome)).said();
    let source = if request.rhost.is_empty() { &request.host } else { &request.rhost };
    let when = glib::DateTime::from_unix_local(decided.at.try_into().unwrap_or_default())
        .and_then(|time| time.format("%x %R"))
        .map(String::from)
        .unwrap_or_default();
    let what = text::decided(&clean::field(&request.service), &clean::field(&request.user), &clean::field(source));
    let icon = gtk::Image::builder().icon_name(said.icon).accessible_role(gtk::AccessibleRole::Presentation).build();
    let how = format!("{} · {when}", text::outcome(&decided.outcome));
    let row = parts::row_with(&what, &how, Some(&icon), gtk::Widget::NONE);
    row.set_tooltip_text(Some(headline(request)));
    row
}
