//! The widget of one request. Thin: [`State`] decides, this shows it (`drawing`) and passes on keys and clicks (`input`).
//!
//! What must never happen: a text of the request becoming markup, a label of ours, or a reason for a button to move out of
//! sight; an action that other programs could trigger (nothing here is a GAction, which GApplication would export).

mod drawing;
mod input;

use super::detail::DetailRow;
use super::{Ask, Ending, Moment, State, View, text};
use crate::ui::notice::Notice;
use crate::ui::parts;
use crate::words::{details, headline};
use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::glib;
use mfa_core::bus::{Error, Listed};
use mfa_core::secret::Secret;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// How often the view is drawn anew: a tenth of a second is not seen, and the guard is not late by more.
const TICK: Duration = Duration::from_millis(100);

/// The user's word about one request.
#[derive(Debug)]
pub struct Word {
    /// The request's name.
    pub id: String,
    /// What was said.
    pub ask: Ask,
    /// What stood in the number entry.
    pub number: Secret,
    /// What stood in the PIN entry.
    pub pin: Secret,
}

/// What the window around the page wants to be told.
type Action<T> = RefCell<Option<Box<dyn Fn(T)>>>;

mod imp {
    use super::*;
    use gtk::CompositeTemplate;

    #[derive(Default, CompositeTemplate)]
    #[template(file = "page.ui")]
    pub struct RequestPage {
        #[template_child]
        pub(super) asking: TemplateChild<gtk::ScrolledWindow>,
        #[template_child]
        pub(super) headline: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) spinner: TemplateChild<gtk::Spinner>,
        #[template_child]
        pub(super) time: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) details: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) number_box: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) number_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) number: TemplateChild<gtk::Entry>,
        #[template_child]
        pub(super) pin_box: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) pin_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) pin: TemplateChild<gtk::PasswordEntry>,
        #[template_child]
        pub(super) problem: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) deny: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) deny_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) approve: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) approve_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) report: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) report_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) over: TemplateChild<Notice>,
        pub(super) state: RefCell<Option<State>>,
        pub(super) shown: RefCell<Option<View>>,
        /// A key that has a PIN has it for the next request, too.
        pub(super) pin_known: Cell<bool>,
        pub(super) started: Cell<Option<Instant>>,
        pub(super) tick: RefCell<Option<glib::SourceId>>,
        pub(super) window: RefCell<Option<(gtk::Window, glib::SignalHandlerId)>>,
        pub(super) on_word: Action<Word>,
        pub(super) on_end: Action<Ending>,
        pub(super) on_leave: Action<()>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RequestPage {
        const NAME: &'static str = "MfaRequestPage";
        type Type = super::RequestPage;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            Notice::ensure_type();
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for RequestPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.started.set(Some(Instant::now()));
            self.obj().label();
            self.obj().connect();
        }
    }

    impl WidgetImpl for RequestPage {
        fn map(&self) {
            self.parent_map();
            self.obj().focused();
            let page = self.obj().downgrade();
            let tick = glib::timeout_add_local(TICK, move || {
                let Some(page) = page.upgrade() else { return glib::ControlFlow::Break };
                page.draw();
                glib::ControlFlow::Continue
            });
            self.tick.replace(Some(tick));
        }

        fn unmap(&self) {
            if let Some(tick) = self.tick.take() {
                tick.remove();
            }
            self.parent_unmap();
            self.obj().focused();
        }

        fn root(&self) {
            self.parent_root();
            let Some(window) = self.obj().root().and_downcast::<gtk::Window>() else { return };
            let page = self.obj().downgrade();
            let handler = window.connect_is_active_notify(move |_| {
                if let Some(page) = page.upgrade() {
                    page.focused();
                }
            });
            self.window.replace(Some((window, handler)));
        }

        fn unroot(&self) {
            if let Some((window, handler)) = self.window.take() {
                window.disconnect(handler);
            }
            self.parent_unroot();
        }
    }

    impl BinImpl for RequestPage {}
}

glib::wrapper! {
    /// See the module.
    pub struct RequestPage(ObjectSubclass<imp::RequestPage>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl RequestPage {
    /// What happens with the user's word: it is to be passed on, and its answer brought to [`Self::answered`].
    pub fn on_word(&self, action: impl Fn(Word) + 'static) {
        self.imp().on_word.replace(Some(Box::new(action)));
    }

    /// What happens when the request is over.
    pub fn on_end(&self, action: impl Fn(Ending) + 'static) {
        self.imp().on_end.replace(Some(Box::new(action)));
    }

    /// What happens when the user has seen how it ended.
    pub fn on_leave(&self, action: impl Fn(()) + 'static) {
        self.imp().on_leave.replace(Some(Box::new(action)));
    }

    /// Shows a request, with the focus where no key does harm: in the entry that is due, or on the details.
    pub fn show_request(&self, request: Listed) {
        let own = self.imp();
        own.headline.set_label(headline(&request));
        while let Some(row) = own.details.first_child() {
            own.details.remove(&row);
        }
        details(&request).iter().for_each(|detail| own.details.append(&DetailRow::new(detail)));
        own.number.set_text("");
        own.pin.set_text("");
        own.state.replace(Some(State::new(request, own.pin_known.get(), self.has_focus_window(), self.now())));
        own.shown.replace(None);
        own.asking.set_visible(true);
        self.draw();
        self.focus_first();
        own.over.set_visible(false);
    }

    /// Shows none.
    pub fn forget(&self) {
        let own = self.imp();
        own.state.replace(None);
        own.shown.replace(None);
        own.number.set_text("");
        own.pin.set_text("");
    }

    /// The name of the request that is shown, over or not.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        self.imp().state.borrow().as_ref().map(|state| state.request().id.clone())
    }

    /// Whether an answer is under way, and another request must wait its turn.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.imp().state.borrow().as_ref().is_some_and(State::is_busy)
    }

    /// How the shown request ended.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.imp().state.borrow().as_ref().and_then(State::ending)
    }

    /// The answer to a word about the request `id`.
    pub fn answered(&self, id: &str, ask: Ask, answer: &Result<(), Error>) {
        let own = self.imp();
        let pin_due = match own.state.borrow_mut().as_mut() {
            Some(state) if state.request().id == id => {
                let due = state.answered(ask, answer);
                own.pin_known.set(state.pin_needed());
                due
            }
            _ => return,
        };
        self.draw();
        if pin_due {
            own.pin.set_text("");
            own.pin.grab_focus();
        } else if self.ending().is_none() {
            self.focus_first();
        }
    }

    /// The agent's list does not hold the shown request any more.
    pub fn settled(&self, outcome: Option<&str>) {
        if let Some(state) = self.imp().state.borrow_mut().as_mut() {
            state.settled(outcome);
        }
        self.draw();
    }

    /// What the button of an ended request says.
    pub fn name_leave(&self, label: &str) {
        if let Some(ending) = self.ending() {
            self.imp().over.say(ending.said(), &ending.said().text, label);
        }
    }

    fn label(&self) {
        let own = self.imp();
        own.number_label.set_label(&text::NUMBER);
        own.pin_label.set_label(&text::PIN);
        own.deny_label.set_label(&text::DENY);
        own.approve_label.set_label(&text::APPROVE);
        own.report_label.set_label(&text::REPORT);
        parts::name(&*own.spinner, &text::UNDER_WAY);
        parts::name(&*own.details, &text::DETAILS);
    }

    fn now(&self) -> Moment {
        let started = self.imp().started.get().unwrap_or_else(Instant::now);
        Moment { steady: started.elapsed(), wall: crate::now() }
    }
}
