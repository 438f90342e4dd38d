//! The sign-in requests, for any window: the list of what waits, and one request.
//!
//! What must never happen: a request that arrives taking the place of the one the user is about to answer, or leaving the
//! pane being taken for an answer.

use super::agent::News;
use super::notice::Notice;
use super::queue::{self, QueueRow};
use super::request::{Ending, RequestPage, Word};
use super::{parts, text};
use crate::cli::ids;
use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::glib;
use mfa_core::bus::{Decided, Listed};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How long what the user has just said stays on the screen before the pane leaves it by itself.
const LINGER: Duration = Duration::from_secs(3);

mod imp {
    use super::*;
    use gtk::CompositeTemplate;

    #[derive(Default, CompositeTemplate)]
    #[template(file = "pane.ui")]
    pub struct RequestsPane {
        #[template_child]
        pub(super) none: TemplateChild<Notice>,
        #[template_child]
        pub(super) some: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) queue_box: TemplateChild<adw::Clamp>,
        #[template_child]
        pub(super) count: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) queue: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) page: TemplateChild<RequestPage>,
        pub(super) waiting: RefCell<Vec<Listed>>,
        pub(super) over: RefCell<Vec<Decided>>,
        /// What is to be shown as soon as the list is known.
        pub(super) wanted: RefCell<Option<String>>,
        /// The agent has said something, or was waited for long enough.
        pub(super) ready: Cell<bool>,
        pub(super) on_done: RefCell<Option<Box<dyn Fn()>>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RequestsPane {
        const NAME: &'static str = "MfaRequestsPane";
        type Type = super::RequestsPane;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            Notice::ensure_type();
            RequestPage::ensure_type();
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for RequestsPane {}
    impl WidgetImpl for RequestsPane {}
    impl BinImpl for RequestsPane {}
}

glib::wrapper! {
    /// See the module.
    pub struct RequestsPane(ObjectSubclass<imp::RequestsPane>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl RequestsPane {
    /// A pane that passes the user's word to `say`.
    #[must_use]
    pub(super) fn new(say: impl Fn(Word) + 'static) -> Self {
        let pane: Self = glib::Object::new();
        let own = pane.imp();
        parts::name(&*own.queue, &text::QUEUE);
        own.none.say(text::LOOKING_FOR_REQUESTS, "", "");
        own.page.on_word(say);
        let weak = pane.downgrade();
        own.page.on_end(move |ending| {
            if let Some(pane) = weak.upgrade() {
                pane.ended(ending);
            }
        });
        let weak = pane.downgrade();
        own.page.on_leave(move |()| {
            if let Some(pane) = weak.upgrade() {
                pane.go_on();
            }
        });
        let weak = pane.downgrade();
        own.queue.connect_row_activated(move |_, row| {
            if let (Some(pane), Some(row)) = (weak.upgrade(), row.downcast_ref::<QueueRow>()) {
                pane.chosen(&row.request());
            }
        });
        pane
    }

    /// What happens when the user has seen the last request, and nothing waits.
    pub(super) fn on_done(&self, action: impl Fn() + 'static) {
        self.imp().on_done.replace(Some(Box::new(action)));
    }

    /// From now on what is not listed is not waited for.
    pub(super) fn set_ready(&self) {
        self.imp().ready.set(true);
    }

    /// Shows the request called `id`, or beginning like this, now or as soon as the list is known.
    pub(super) fn open(&self, id: &str) {
        self.imp().wanted.replace(Some(id.to_owned()));
        self.arrange();
    }

    /// Takes in what the agent says.
    pub(super) fn heard(&self, news: &News) {
        let own = self.imp();
        match news {
            News::Listed(waiting, over) => {
                own.waiting.replace(waiting.clone());
                own.over.replace(over.clone());
                own.none.say(text::NO_REQUESTS, &text::NO_REQUESTS.text, "");
            }
            News::NoAgent(why) => {
                // It may come back with what waits; what has run out meanwhile does not.
                let now = crate::now();
                own.waiting.borrow_mut().retain(|request| request.expires > now);
                own.none.say(text::NO_AGENT, why, "");
            }
            News::Answered(id, ask, answer) => own.page.answered(id, *ask, answer),
        }
        self.arrange();
    }

    /// Brings page and list up to what waits now.
    fn arrange(&self) {
        let own = self.imp();
        let waits = |id: &str| own.waiting.borrow().iter().any(|request| request.id == id);
        if let Some(shown) = own.page.shown()
            && !waits(&shown)
        {
            own.page.settled(self.outcome(&shown).as_deref());
        }
        if own.page.is_busy() {
            self.list();
            return;
        }
        let wanted = own.wanted.borrow().clone().and_then(|wanted| {
            let waiting = own.waiting.borrow();
            ids::completed(&wanted, waiting.iter().map(|request| request.id.as_str())).ok().map(str::to_owned)
        });
        // What is not there by now is over: it must not come up later, in the middle of another.
        if wanted.is_some() || own.ready.get() {
            own.wanted.take();
        }
        // A request that is shown stays, also when it is over: the user has not seen yet how.
        let next = match (wanted, own.page.shown()) {
            (Some(wanted), shown) => Some(wanted).filter(|wanted| shown.as_ref() != Some(wanted)),
            (None, None) => own.waiting.borrow().first().map(|request| request.id.clone()),
            (None, Some(_)) => None,
        };
        if let Some(next) = next {
            self.show_request(&next);
        }
        self.list();
    }

    fn show_request(&self, id: &str) {
        let own = self.imp();
        let request = own.waiting.borrow().iter().find(|request| request.id == id).cloned();
        if let Some(request) = request {
            own.none.set_visible(false);
            own.some.set_visible(true);
            own.page.show_request(request);
        }
    }

    /// How a request ended, by the history.
    fn outcome(&self, id: &str) -> Option<String> {
        let over = self.imp().over.borrow();
        over.iter().find(|decided| decided.request.id == id).map(|decided| decided.outcome.clone())
    }

    fn list(&self) {
        let own = self.imp();
        let waiting = own.waiting.borrow();
        let shown = own.page.shown();
        queue::fill(&own.queue, &waiting, shown.as_deref());
        own.queue.set_sensitive(!own.page.is_busy());
        own.count.set_label(&text::requests_wait(waiting.len()));
        own.queue_box.set_visible(waiting.len() > 1);
        own.page.name_leave(if self.others(&waiting) { &text::NEXT_REQUEST } else { &text::CLOSE });
    }

    /// Whether something waits beside what is shown.
    fn others(&self, waiting: &[Listed]) -> bool {
        let shown = self.imp().page.shown();
        waiting.iter().any(|request| shown.as_deref() != Some(request.id.as_str()))
    }

    fn chosen(&self, id: &str) {
        let page = &self.imp().page;
        if !page.is_busy() && page.shown().as_deref() != Some(id) {
            self.show_request(id);
            self.list();
        }
    }

    /// The shown request is over; the user's own word needs no second look.
    fn ended(&self, ending: Ending) {
        let own = self.imp();
        let others = self.others(&own.waiting.borrow());
        own.page.name_leave(if others { &text::NEXT_REQUEST } else { &text::CLOSE });
        if !ending.is_own_word() || others {
            return;
        }
        let weak = self.downgrade();
        let ended = own.page.shown();
        glib::timeout_add_local_once(LINGER, move || {
            if let Some(pane) = weak.upgrade()
                && pane.imp().page.shown() == ended
                && !pane.others(&pane.imp().waiting.borrow())
            {
                pane.done();
            }
        });
    }

    /// The user has seen how it ended: the oldest of what waits, or nothing more.
    fn go_on(&self) {
        let next = self.imp().waiting.borrow().first().map(|request| request.id.clone());
        match next {
            Some(next) => {
                self.show_request(&next);
                self.list();
            }
            None => self.done(),
        }
    }

    fn done(&self) {
        let own = self.imp();
        own.page.forget();
        own.some.set_visible(false);
        own.none.set_visible(true);
        if let Some(action) = own.on_done.borrow().as_ref() {
            action();
        }
    }
}
