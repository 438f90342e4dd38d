//! The application: one per session, started by hand or by the bus.
//!
//! It owns the application id, so that a notification can have it open a request, and exports the actions for that and no
//! others: nothing that answers a request is an action.

use super::OPEN_REQUEST;
use super::agent::{self, News};
use super::request::Word;
use super::window::RequestsWindow;
use adw::prelude::*;
use gtk::{gdk, gio, glib};
use mfa_core::bus::AUTHENTICATOR;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::mpsc::UnboundedSender;

/// Why no window opens.
#[derive(Debug, thiserror::Error)]
pub enum NoWindow {
    /// No display.
    #[error("there is no display. In a terminal: mfa-authenticator requests")]
    NoDisplay,
    /// The system gives no thread.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
    /// The session bus refuses.
    #[error("the session bus does not answer: {0}")]
    Bus(#[from] glib::Error),
}

/// Shows what waits, or the request called `request`; `service`: the bus started it and says what to show.
///
/// # Errors
/// When there is nothing to show a window on.
pub fn run(request: Option<&str>, service: bool) -> Result<(), NoWindow> {
    // GTK itself would end the program.
    gtk::init().map_err(|_| NoWindow::NoDisplay)?;
    let flags = if service { gio::ApplicationFlags::IS_SERVICE } else { gio::ApplicationFlags::empty() };
    let application = adw::Application::builder().application_id(AUTHENTICATOR).flags(flags).build();
    application.connect_startup(dress);
    let shell =
        Rc::new(Shell { application: application.clone(), words: RefCell::default(), said: RefCell::default() });
    shell.clone().offer();
    application.register(gio::Cancellable::NONE)?;
    if let Some(id) = request {
        application.activate_action(OPEN_REQUEST, Some(&id.to_variant()));
    }
    if application.is_remote() {
        if request.is_none() {
            application.activate();
        }
        // It is shown by the one that runs; this one only has to be heard.
        if let Some(bus) = application.dbus_connection() {
            bus.flush_sync(gio::Cancellable::NONE)?;
        }
        return Ok(());
    }
    application.run_with_args::<&str>(&[]);
    Ok(())
}

struct Shell {
    application: adw::Application,
    /// To the agent's thread, since there is a window.
    words: RefCell<Option<UnboundedSender<Word>>>,
    /// One for each word that is not answered: a denial is not lost because the window is closed right after it.
    said: RefCell<Vec<gio::ApplicationHoldGuard>>,
}

impl Shell {
    fn offer(self: Rc<Self>) {
        let open = gio::ActionEntry::builder(OPEN_REQUEST).parameter_type(Some(glib::VariantTy::STRING)).activate({
            let shell = self.clone();
            move |_: &adw::Application, _, id: Option<&glib::Variant>| {
                let window = shell.window();
                if let (Some(window), Some(id)) = (&window, id.and_then(|id| id.str())) {
                    window.open(id);
                }
                window.iter().for_each(RequestsWindow::call);
            }
        });
        let requests = gio::ActionEntry::builder("requests")
            .activate(|application: &adw::Application, _, _| application.activate());
        let quit = gio::ActionEntry::builder("quit").activate(|application: &adw::Application, _, _| {
            application.windows().iter().for_each(gtk::prelude::GtkWindowExt::close);
        });
        self.application.add_action_entries([open.build(), requests.build(), quit.build()]);
        self.application.set_accels_for_action("app.quit", &["<Control>q"]);
        self.application.set_accels_for_action("window.close", &["<Control>w"]);
        let application = self.application.clone();
        application.connect_activate(move |_| self.window().iter().for_each(RequestsWindow::call));
    }

    /// The window, made when there is none.
    fn window(self: &Rc<Self>) -> Option<RequestsWindow> {
        if let Some(window) = self.application.windows().into_iter().find_map(|window| window.downcast().ok()) {
            return Some(window);
        }
        let (words, mut heard) = match agent::connect() {
            Ok(connected) => connected,
            Err(error) => {
                eprintln!("mfa-authenticator: {}", NoWindow::from(error));
                return None;
            }
        };
        self.words.replace(Some(words));
        let shell = self.clone();
        let window = RequestsWindow::new(&self.application, move |word| {
            if let Some(words) = shell.words.borrow().as_ref()
                && words.send(word).is_ok()
            {
                shell.said.borrow_mut().push(shell.application.hold());
            }
        });
        let (weak, shell) = (window.downgrade(), self.clone());
        glib::spawn_future_local(async move {
            while let Some(news) = heard.recv().await {
                if matches!(news, News::Answered(..)) {
                    shell.said.borrow_mut().pop();
                }
                match weak.upgrade() {
                    Some(window) => window.heard(news),
                    None if shell.said.borrow().is_empty() => break,
                    None => {}
                }
            }
        });
        Some(window)
    }
}

fn dress(_application: &adw::Application) {
    let Some(display) = gdk::Display::default() else { return };
    let provider = gtk::CssProvider::new();
    provider.load_from_data(include_str!("style.css"));
    gtk::style_context_add_provider_for_display(&display, &provider, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
}
