//! The application: one per session, started by hand or by the bus.
//!
//! It owns the application id, so that a notification can have it open a request, and exports the actions for that and no
//! others: nothing that answers a request, and nothing that shows a code, is an action.

use super::agent::{self, News};
use super::back::Back;
use super::bus;
use super::main::{self, MainWindow};
use super::request::Word;
use super::search::{self, Provider};
use super::window::RequestsWindow;
use super::{OPEN_REQUEST, REQUESTS};
use crate::catalogue::{Text, filled, gettext};
use crate::keyring::{Asks, Keyring, PATIENCE};
use crate::privacy;
use crate::session::{self, NoSession};
use crate::vault::{Account, Vault};
use adw::prelude::*;
use gtk::{gdk, gio, glib};
use mfa_core::bus::AUTHENTICATOR;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::mpsc::UnboundedSender;

/// Milliseconds that it stays without a window where the bus has started it: the shell searches in several calls.
const LINGERS: u32 = 60_000;

/// Why no window opens.
#[derive(Debug, thiserror::Error)]
pub enum NoWindow {
    /// No display.
    #[error("{}", Text("there is no display. In a terminal: mfa-authenticator requests"))]
    NoDisplay,
    /// The system gives no thread.
    #[error("{}", filled(gettext("cannot start: {why}"), &[("why", .0)]))]
    System(#[from] std::io::Error),
    /// The session bus refuses.
    #[error("{}", filled(gettext("the session bus does not answer: {why}"), &[("why", .0)]))]
    Bus(#[from] glib::Error),
    /// It is another user's.
    #[error(transparent)]
    Another(#[from] NoSession),
}

/// What the application is started for.
#[derive(Debug, Clone, Copy)]
pub enum Show<'a> {
    /// The main window.
    Everything,
    /// The sign-in requests that wait.
    Requests,
    /// The request called so, or beginning like this.
    Request(&'a str),
    /// Whatever the bus says, which has started it.
    Told,
}

/// Shows what it is started for, in the one that runs already where there is one.
///
/// # Errors
/// When there is nothing to show a window on.
pub fn run(show: Show<'_>, trust: mfa_core::bus::Trust) -> Result<(), NoWindow> {
    // X11 desktops find the desktop file, and with it name and icon, by the window's class, which GTK takes from here.
    glib::set_prgname(Some(AUTHENTICATOR));
    // The one connection that GTK, libadwaita and the application take as well, held so that it stays the same.
    let early = bus::own()?;
    // GTK itself would end the program.
    gtk::init().map_err(|_| NoWindow::NoDisplay)?;
    let flags = match show {
        Show::Told => gio::ApplicationFlags::IS_SERVICE | gio::ApplicationFlags::HANDLES_OPEN,
        Show::Everything | Show::Requests | Show::Request(_) => gio::ApplicationFlags::HANDLES_OPEN,
    };
    let application = adw::Application::builder().application_id(AUTHENTICATOR).flags(flags).build();
    if matches!(show, Show::Told) {
        application.set_inactivity_timeout(LINGERS);
    }
    application.connect_startup(dress);
    let shell = Rc::new(Shell {
        application: application.clone(),
        trust,
        words: RefCell::default(),
        said: RefCell::default(),
        latest: RefCell::default(),
        requests: RefCell::default(),
        main: RefCell::default(),
        // What GApplication does on every start is only meant where nothing else is asked for.
        skips_activation: Cell::new(matches!(show, Show::Requests | Show::Request(_))),
    });
    shell.offer();
    // Without a session bus there is no shell on it either.
    let _bus = search::export(&shell).inspect_err(|error| {
        tracing::warn!("the desktop's search does not find accounts: {error}");
    });
    application.register(gio::Cancellable::NONE)?;
    // It may have come up only now.
    let _held = early.or(bus::own()?);
    // Not before: the start has made libadwaita ask the portal for dark style and contrast, and on this connection it is known from now on.
    privacy::close();
    match show {
        Show::Request(id) => application.activate_action(OPEN_REQUEST, Some(&id.to_variant())),
        Show::Requests => application.activate_action(REQUESTS, None),
        Show::Everything if application.is_remote() => application.activate(),
        Show::Everything | Show::Told => {}
    }
    if application.is_remote() {
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
    /// Whom to take for mfad.
    trust: mfa_core::bus::Trust,
    /// To the agent's thread, since there is a window.
    words: RefCell<Option<UnboundedSender<Word>>>,
    /// One for each word that is not answered: a denial is not lost because the window is closed right after it.
    said: RefCell<Vec<gio::ApplicationHoldGuard>>,
    /// What the agent said last of its list, for a window that opens later.
    latest: RefCell<Option<News>>,
    requests: RefCell<Option<Rc<RequestsWindow>>>,
    main: RefCell<Option<Rc<MainWindow>>>,
    skips_activation: Cell<bool>,
}

impl Shell {
    fn offer(self: &Rc<Self>) {
        let open = gio::ActionEntry::builder(OPEN_REQUEST).parameter_type(Some(glib::VariantTy::STRING)).activate({
            let shell = self.clone();
            move |_: &adw::Application, _, id: Option<&glib::Variant>| {
                if let Some(window) = shell.requests() {
                    id.and_then(|id| id.str()).iter().for_each(|id| window.open(id));
                    window.call();
                }
            }
        });
        let requests = gio::ActionEntry::builder(REQUESTS).activate({
            let shell = self.clone();
            move |_: &adw::Application, _, _| shell.requests().iter().for_each(|window| window.call())
        });
        let quit = gio::ActionEntry::builder("quit").activate(|application: &adw::Application, _, _| {
            application.windows().iter().for_each(gtk::prelude::GtkWindowExt::close);
        });
        self.application.add_action_entries([open.build(), requests.build(), quit.build()]);
        self.application.set_accels_for_action("app.quit", &["<Control>q"]);
        self.application.set_accels_for_action("window.close", &["<Control>w"]);
        self.connect_open();
        let shell = self.clone();
        self.application.connect_activate(move |_| {
            if !shell.skips_activation.replace(false) {
                shell.main().iter().for_each(|window| window.present());
            }
        });
    }

    /// What other programs open: addresses of accounts (`x-scheme-handler/otpauth`), which come over the bus and never among arguments.
    fn connect_open(self: &Rc<Self>) {
        let shell = self.clone();
        self.application.connect_open(move |_, files, _| {
            if let Some(window) = shell.main() {
                window.present();
                window.open_addresses(files);
            }
        });
    }

    /// The main window, made when there is none.
    fn main(self: &Rc<Self>) -> Option<Rc<MainWindow>> {
        if let Some(window) = self.main.borrow().as_ref() {
            return Some(window.clone());
        }
        self.listen()?;
        let window = match MainWindow::new(&self.application, self.trust, self.voice()) {
            Ok(window) => window,
            Err(error) => {
                eprintln!("mfa-authenticator: {}", NoWindow::from(error));
                return None;
            }
        };
        let shell = Rc::downgrade(self);
        window.on_close(move || {
            shell.upgrade().iter().for_each(|shell| drop(shell.main.take()));
        });
        self.latest.borrow().iter().for_each(|news| window.heard(news));
        self.main.replace(Some(window.clone()));
        Some(window)
    }

    /// The small window, made when there is none.
    fn requests(self: &Rc<Self>) -> Option<Rc<RequestsWindow>> {
        if let Some(window) = self.requests.borrow().as_ref() {
            return Some(window.clone());
        }
        self.listen()?;
        let window = RequestsWindow::new(&self.application, self.voice());
        let shell = Rc::downgrade(self);
        window.on_close(move || {
            shell.upgrade().iter().for_each(|shell| drop(shell.requests.take()));
        });
        self.requests.replace(Some(window.clone()));
        self.latest.borrow().iter().for_each(|news| window.heard(news));
        Some(window)
    }

    /// Passes the user's word on to the agent.
    fn voice(self: &Rc<Self>) -> impl Fn(Word) + 'static {
        let shell = self.clone();
        move |word| {
            if let Some(words) = shell.words.borrow().as_ref()
                && words.send(word).is_ok()
            {
                shell.said.borrow_mut().push(shell.application.hold());
            }
        }
    }

    /// Starts to listen to the agent, once.
    fn listen(self: &Rc<Self>) -> Option<()> {
        if self.words.borrow().is_some() {
            return Some(());
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
        glib::spawn_future_local(async move {
            while let Some(news) = heard.recv().await {
                shell.tell(news);
            }
        });
        Some(())
    }

    fn tell(&self, news: News) {
        // A window may close by what it hears, and be dropped here.
        let (requests, main) = (self.requests.borrow().clone(), self.main.borrow().clone());
        requests.iter().for_each(|window| window.heard(&news));
        main.iter().for_each(|window| window.heard(&news));
        if matches!(news, News::Answered(..)) {
            self.said.borrow_mut().pop();
        } else {
            self.latest.replace(Some(news));
        }
    }
}

impl Provider for Shell {
    fn look_up(self: &Rc<Self>, words: Vec<String>, then: Box<dyn FnOnce(Vec<search::Result>)>) {
        if let Some(window) = self.main.borrow().as_ref() {
            return then(window.found(&words));
        }
        let back = match Back::new() {
            Ok(back) => back,
            Err(error) => {
                tracing::warn!("cannot look for accounts: {error}");
                return then(Vec::new());
            }
        };
        let Some(asked) = back.run(unlocked_accounts()) else { return then(Vec::new()) };
        let held = self.application.hold();
        glib::spawn_future_local(async move {
            let accounts = asked.await.ok().flatten().unwrap_or_default();
            then(main::found(accounts.iter(), &words));
            drop((held, back));
        });
    }

    fn open(self: &Rc<Self>, text: &str) {
        if let Some(window) = self.main() {
            window.present();
            window.seek(text);
        }
    }
}

/// The accounts of a keyring that is open; nobody is asked to open it.
async fn unlocked_accounts() -> Option<Vec<Account>> {
    let session = session::connect(PATIENCE).await.ok()?;
    let locked = Keyring::new(session.clone()).is_locked().await.ok()?;
    if locked {
        return None;
    }
    Vault::asking(session, Asks::Nobody).load(crate::now()).await.ok().map(|loaded| loaded.accounts)
}

fn dress(_application: &adw::Application) {
    let Some(display) = gdk::Display::default() else { return };
    let provider = gtk::CssProvider::new();
    provider.load_from_data(include_str!("style.css"));
    gtk::style_context_add_provider_for_display(&display, &provider, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
}
