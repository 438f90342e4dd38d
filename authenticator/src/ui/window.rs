//! The small window that a notification opens: the sign-in requests and nothing else, also while the codes are locked.
//!
//! What must never happen: closing the window being taken for an answer.

use super::agent::News;
use super::pane::RequestsPane;
use super::request::Word;
use super::text;
use adw::prelude::*;
use gtk::glib;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// How long a window waits for what it is to show: not to be seen, and the agent mostly answers in a tenth of it.
const FIRST_LOOK: Duration = Duration::from_millis(400);

/// The window of sign-in requests.
pub(super) struct RequestsWindow {
    window: adw::ApplicationWindow,
    pane: RequestsPane,
    ready: Cell<bool>,
    called: Cell<bool>,
}

impl RequestsWindow {
    /// A window that passes the user's word to `say`.
    pub(super) fn new(application: &adw::Application, say: impl Fn(Word) + 'static) -> Rc<Self> {
        let pane = RequestsPane::new(say);
        pane.set_vexpand(true);
        let header = adw::HeaderBar::builder().css_classes(["flat"]).build();
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&header);
        content.append(&pane);
        let window = adw::ApplicationWindow::builder()
            .application(application)
            .title(text::REQUESTS_WINDOW)
            .default_width(420)
            .width_request(320)
            .content(&content)
            .build();
        let weak = window.downgrade();
        pane.on_done(move || weak.upgrade().iter().for_each(GtkWindowExt::close));
        let own = Rc::new(Self { window, pane, ready: Cell::default(), called: Cell::default() });
        let weak = Rc::downgrade(&own);
        glib::timeout_add_local_once(FIRST_LOOK, move || weak.upgrade().iter().for_each(|own| own.ready()));
        own
    }

    /// What happens when it is closed.
    pub(super) fn on_close(&self, action: impl Fn() + 'static) {
        self.window.connect_destroy(move |_| action());
    }

    /// Shows the request called `id`, or beginning like this.
    pub(super) fn open(&self, id: &str) {
        self.pane.open(id);
    }

    /// Comes to the front, the first time as soon as there is something to show.
    pub(super) fn call(&self) {
        self.called.set(true);
        if self.ready.get() {
            self.window.present();
        }
    }

    /// Takes in what the agent says.
    pub(super) fn heard(&self, news: &News) {
        self.pane.heard(news);
        self.ready();
        self.fit();
    }

    fn ready(&self) {
        self.pane.set_ready();
        if !self.ready.replace(true) && self.called.get() {
            self.window.present();
        }
    }

    /// Grows where a request has come to need more room.
    fn fit(&self) {
        let window = &self.window;
        let (width, height) = (window.width(), window.height());
        // Not yet laid out, it takes the room it needs.
        if width > 0 && !window.is_maximized() && !window.is_fullscreen() {
            let (_, natural, _, _) = window.measure(gtk::Orientation::Vertical, width);
            // What the window was asked to be is more than what it has inside: there is a border, too.
            let (asked_width, asked_height) = window.default_size();
            if natural > height && asked_height > 0 {
                window.set_default_size(asked_width, asked_height + natural - height);
            }
        }
    }
}
