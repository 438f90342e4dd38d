//! A page that says one thing, with a button where there is something to do.

use super::request::Said;
use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::glib;

mod imp {
    use super::*;
    use gtk::CompositeTemplate;

    #[derive(Debug, Default, CompositeTemplate)]
    #[template(file = "notice.ui")]
    pub struct Notice {
        #[template_child]
        pub(super) icon: TemplateChild<gtk::Image>,
        #[template_child]
        pub(super) title: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) text: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) spoken: TemplateChild<gtk::Label>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Notice {
        const NAME: &'static str = "MfaNotice";
        type Type = super::Notice;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for Notice {}
    impl WidgetImpl for Notice {}
    impl BinImpl for Notice {}
}

glib::wrapper! {
    /// See the module.
    pub struct Notice(ObjectSubclass<imp::Notice>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Notice {
    /// Says `said`, with a button called `button`, or none where it is empty.
    pub(super) fn say(&self, said: Said, text: &str, button: &str) {
        let own = self.imp();
        own.icon.set_icon_name(Some(said.icon));
        own.title.set_label(&said.title);
        own.text.set_label(text);
        own.label.set_label(button);
        own.spoken.set_label(&format!("{}. {text} {button}", said.title));
        own.button.set_visible(!button.is_empty());
    }

    /// What the button does.
    pub(super) fn on_button(&self, action: impl Fn() + 'static) {
        self.imp().button.connect_clicked(move |_| action());
    }

    /// Puts the focus where a key does no harm: on the button.
    pub(super) fn focus(&self) {
        self.imp().button.grab_focus();
    }
}
