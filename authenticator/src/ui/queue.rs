//! The list of requests that wait, as rows. Plain text, each cut where the window ends.

use crate::ui::text;
use crate::words::headline;
use adw::prelude::*;
use gtk::glib;
use gtk::subclass::prelude::*;
use mfa_core::bus::Listed;
use mfa_core::clean;

mod imp {
    use super::*;
    use gtk::CompositeTemplate;
    use std::cell::RefCell;

    #[derive(Debug, Default, CompositeTemplate)]
    #[template(file = "queue.ui")]
    pub struct QueueRow {
        #[template_child]
        pub(super) spoken: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) what: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) source: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) mark: TemplateChild<gtk::Image>,
        pub(super) request: RefCell<String>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for QueueRow {
        const NAME: &'static str = "MfaQueueRow";
        type Type = super::QueueRow;
        type ParentType = gtk::ListBoxRow;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for QueueRow {}
    impl WidgetImpl for QueueRow {}
    impl ListBoxRowImpl for QueueRow {}
}

glib::wrapper! {
    /// One request that waits.
    pub struct QueueRow(ObjectSubclass<imp::QueueRow>)
        @extends gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl QueueRow {
    fn new(request: &Listed) -> Self {
        let row: Self = glib::Object::new();
        let own = row.imp();
        let source = if request.rhost.is_empty() { &request.host } else { &request.rhost };
        own.what.set_label(&text::asked_for(&clean::field(&request.service), &clean::field(&request.user)));
        own.source.set_label(&clean::field(source));
        own.request.replace(request.id.clone());
        row
    }

    /// The name of its request.
    pub(super) fn request(&self) -> String {
        self.imp().request.borrow().clone()
    }

    fn mark(&self, request: &Listed, shown: bool) {
        let own = self.imp();
        own.mark.set_opacity(if shown { 1.0 } else { 0.0 });
        let state = if shown { text::SHOWN } else { text::TO_SHOW };
        let (what, source) = (own.what.label(), own.source.label());
        own.spoken.set_label(&format!("{} {what}, {source}, {state}", headline(request)));
    }
}

/// Makes the rows of `list` those of `waiting`; `shown` is marked. Rows that fit already stay, and keep the focus.
pub(super) fn fill(list: &gtk::ListBox, waiting: &[Listed], shown: Option<&str>) {
    let mut position = 0;
    for request in waiting {
        let row = loop {
            match list.row_at_index(position).and_downcast::<QueueRow>() {
                Some(row) if row.request() == request.id => break row,
                Some(row) => list.remove(&row),
                None => {
                    let row = QueueRow::new(request);
                    list.append(&row);
                    break row;
                }
            }
        };
        row.mark(request, shown == Some(request.id.as_str()));
        position += 1;
    }
    while let Some(row) = list.row_at_index(position) {
        list.remove(&row);
    }
}
