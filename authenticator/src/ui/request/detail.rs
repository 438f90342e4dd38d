//! One line of a request's details: a name of ours, and a value as plain text.

use crate::words::Detail;
use gtk::glib;
use gtk::subclass::prelude::*;

mod imp {
    use super::*;
    use gtk::CompositeTemplate;

    #[derive(Debug, Default, CompositeTemplate)]
    #[template(file = "detail.ui")]
    pub struct DetailRow {
        #[template_child]
        pub(super) spoken: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) name: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) value: TemplateChild<gtk::Label>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for DetailRow {
        const NAME: &'static str = "MfaDetail";
        type Type = super::DetailRow;
        type ParentType = gtk::ListBoxRow;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for DetailRow {}
    impl WidgetImpl for DetailRow {}
    impl ListBoxRowImpl for DetailRow {}
}

glib::wrapper! {
    /// See the module.
    pub struct DetailRow(ObjectSubclass<imp::DetailRow>)
        @extends gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl DetailRow {
    pub(super) fn new(detail: &Detail) -> Self {
        let row: Self = glib::Object::new();
        let own = row.imp();
        own.spoken.set_label(&format!("{}: {}", detail.name, detail.value));
        own.name.set_label(detail.name);
        own.value.set_label(&detail.value);
        row
    }
}
