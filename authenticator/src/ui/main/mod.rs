//! The main window: codes, sign-in requests, this computer; or, while it is locked, the locked page and nothing else.
//!
//! Its actions stand in a group of their own, which GApplication does not export. What must never happen: anything of the
//! pages being left in the tree of widgets while the window is locked.

mod codes;
mod export;
mod history;
mod import;
mod menu;
mod pin;
mod preferences;
mod review;
mod shortcuts;

use super::agent::News;
use super::back::Back;
use super::codes::{Clip, CodesPage};
use super::computer::ComputerPage;
use super::lock::{self, Cause, Lock, LockedPage};
use super::pane::RequestsPane;
use super::request::Word;
use super::{REQUESTS, parts, text};
use crate::pin::Tries;
use crate::settings::Settings;
use crate::vault::Account;
use adw::prelude::*;
use codes::Keeper;
pub(super) use codes::found;
use gtk::glib;
use history::History;
use mfa_core::bus::Trust;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the lock looks at the time.
const TICK: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct MainWindow {
    window: adw::ApplicationWindow,
    /// What the window holds unless it is locked.
    open: gtk::Box,
    stack: adw::ViewStack,
    codes: Rc<CodesPage>,
    /// The accounts with their keys, while it is not locked.
    accounts: Rc<RefCell<HashMap<String, Account>>>,
    keeper: Arc<Keeper>,
    pane: RequestsPane,
    history: History,
    locked: Rc<LockedPage>,
    lock: RefCell<Lock>,
    settings: RefCell<Settings>,
    toasts: adw::ToastOverlay,
    /// The windows over it, which close when it locks.
    over: RefCell<Vec<glib::WeakRef<gtk::Window>>>,
    /// How often it was locked: what was asked before that is not answered after it.
    locks: Cell<u64>,
    /// The dialog of files that is open.
    chooser: RefCell<Option<gtk::FileChooserNative>>,
    /// What is to be searched for as soon as the accounts are there.
    sought: RefCell<Option<String>>,
    /// The user was told that there is no backup.
    reminded: Cell<bool>,
    /// The accounts are under a PIN.
    has_pin: Cell<bool>,
    tries: RefCell<Tries>,
    /// The keyring did not give out the accounts.
    keyless: Cell<bool>,
    started: Instant,
    waiting: Cell<usize>,
    _computer: Rc<ComputerPage>,
    back: Rc<Back>,
}

impl MainWindow {
    /// A window that passes the user's word about requests to `say`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn new(
        application: &adw::Application,
        trust: Trust,
        say: impl Fn(Word) + 'static,
    ) -> std::io::Result<Rc<Self>> {
        let back = Rc::new(Back::new()?);
        let pane = RequestsPane::new(say);
        pane.set_ready();
        let history = History::new();
        let computer = ComputerPage::new(trust, back.clone());
        let requests = gtk::Box::new(gtk::Orientation::Vertical, 0);
        requests.append(&pane);
        requests.append(history.widget());
        let stack = adw::ViewStack::new();
        let clipboard = gtk::prelude::WidgetExt::display(&stack).clipboard();
        let codes = CodesPage::new(Clip::new(clipboard));
        stack.add_titled(codes.widget(), Some("codes"), &text::CODES).set_icon_name(Some("dialog-password-symbolic"));
        let requests = parts::scrolled(&requests);
        stack.add_titled(&requests, Some("requests"), &text::REQUESTS).set_icon_name(Some("security-high-symbolic"));
        stack.add_titled(computer.widget(), Some("computer"), &text::COMPUTER).set_icon_name(Some("computer-symbolic"));
        let locked = LockedPage::new();
        let toasts = parts::toasts(&stack);
        let open = open_page(&stack, &toasts);
        let window = adw::ApplicationWindow::builder()
            .application(application)
            .title(text::TITLE)
            .default_width(720)
            .default_height(640)
            .width_request(320)
            .height_request(360)
            .content(&open)
            .build();
        let started = Instant::now();
        let settings = Settings::load();
        let lock = RefCell::new(Lock::new(false, settings.idle_after(), started.elapsed()));
        let own = Rc::new(Self {
            window,
            open,
            stack,
            codes,
            accounts: Rc::default(),
            keeper: Arc::default(),
            pane,
            history,
            locked,
            lock,
            settings: RefCell::new(settings),
            toasts,
            over: RefCell::default(),
            locks: Cell::default(),
            chooser: RefCell::default(),
            sought: RefCell::default(),
            reminded: Cell::default(),
            has_pin: Cell::default(),
            tries: RefCell::default(),
            keyless: Cell::default(),
            started,
            waiting: Cell::default(),
            _computer: computer,
            back,
        });
        own.connect(application);
        own.connect_codes();
        own.load();
        Ok(own)
    }

    fn connect(self: &Rc<Self>, application: &adw::Application) {
        self.connect_menu(application);
        let weak = Rc::downgrade(self);
        self.locked.on_unlock(move |typed| weak.upgrade().iter().for_each(|own| own.try_pin(typed.clone())));
        let application = application.clone();
        self.locked.on_requests(move || application.activate_action(REQUESTS, None));

        let weak = Rc::downgrade(self);
        glib::timeout_add_local(TICK, move || {
            let Some(own) = weak.upgrade() else { return glib::ControlFlow::Break };
            let now = own.started.elapsed();
            if own.lock.borrow_mut().tick(now) {
                own.close_down();
            }
            glib::ControlFlow::Continue
        });
        self.watch_use();
        let (told, mut causes) = tokio::sync::mpsc::unbounded_channel();
        drop(self.back.run(lock::watch(told)));
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            while let Some(cause) = causes.recv().await {
                let Some(own) = weak.upgrade() else { return };
                own.lock(cause);
            }
        });
    }

    /// Everything the user does in the window keeps it from locking by itself.
    fn watch_use(self: &Rc<Self>) {
        let keys = gtk::EventControllerKey::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Capture);
        let used = self.doing(Self::used);
        keys.connect_key_pressed(move |_, _, _, _| {
            used();
            glib::Propagation::Proceed
        });
        let pointer = gtk::EventControllerMotion::new();
        pointer.set_propagation_phase(gtk::PropagationPhase::Capture);
        let used = self.doing(Self::used);
        pointer.connect_motion(move |_, _, _| used());
        self.window.add_controller(keys);
        self.window.add_controller(pointer);
    }

    /// `action` on this window, for as long as there is one.
    fn doing(self: &Rc<Self>, action: impl Fn(&Rc<Self>) + 'static) -> impl Fn() + 'static {
        let weak = Rc::downgrade(self);
        move || weak.upgrade().iter().for_each(&action)
    }

    /// Shows a window over this one, for as long as it is not locked.
    fn over(&self, window: &impl IsA<gtk::Window>) {
        let window = window.upcast_ref::<gtk::Window>();
        self.over.borrow_mut().retain(|old| old.upgrade().is_some());
        self.over.borrow_mut().push(window.downgrade());
        window.present();
    }

    /// Says something that needs no answer.
    fn say(&self, text: &str) {
        // Its title is markup; what is said may be anybody's text.
        self.toasts.add_toast(adw::Toast::new(&glib::markup_escape_text(text)));
    }

    fn used(self: &Rc<Self>) {
        self.lock.borrow_mut().used(self.started.elapsed());
    }

    fn lock(self: &Rc<Self>, cause: Cause) {
        if self.lock.borrow_mut().lock(cause) {
            self.close_down();
        }
    }

    /// Everything goes, and the locked page comes.
    fn close_down(&self) {
        let Some(cause) = self.lock.borrow().cause() else { return };
        self.over.take().iter().filter_map(glib::WeakRef::upgrade).for_each(|window| window.close());
        self.chooser.take().iter().for_each(gtk::prelude::NativeDialogExt::destroy);
        self.locks.set(self.locks.get() + 1);
        self.accounts.borrow_mut().clear();
        self.codes.empty();
        self.keeper.lock();
        self.window.set_content(Some(self.locked.widget()));
        self.locked.set_waiting(self.waiting.get());
        self.locked.show(cause, self.has_pin.get());
    }

    fn unlock(self: &Rc<Self>) {
        self.lock.borrow_mut().unlock(self.started.elapsed());
        self.window.set_content(Some(&self.open));
        self.load();
        self.stack.child_focus(gtk::DirectionType::TabForward);
    }

    /// What happens when it is closed.
    pub(super) fn on_close(&self, action: impl Fn() + 'static) {
        self.window.connect_destroy(move |_| action());
    }

    /// Comes to the front.
    pub(super) fn present(&self) {
        self.window.present();
    }

    /// Takes in what the agent says.
    pub(super) fn heard(&self, news: &News) {
        self.pane.heard(news);
        if let News::Listed(waiting, over) = news {
            self.history.fill(over);
            self.waiting.set(waiting.len());
            self.locked.set_waiting(waiting.len());
            if let Some(page) = self.stack.child_by_name("requests").map(|child| self.stack.page(&child)) {
                page.set_badge_number(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
                page.set_needs_attention(!waiting.is_empty());
            }
        }
    }
}

/// Header, pages, and the switcher that is above them where there is room for it and below them where there is not.
fn open_page(stack: &adw::ViewStack, toasts: &adw::ToastOverlay) -> gtk::Box {
    let title = adw::ViewSwitcherTitle::builder().stack(stack).title(text::TITLE).build();
    let header = adw::HeaderBar::builder().centering_policy(adw::CenteringPolicy::Loose).title_widget(&title).build();
    let add = parts::icon_button("list-add-symbolic", &text::ADD_TITLE);
    add.set_action_name(Some("main.add"));
    header.pack_start(&add);
    header.pack_end(&menu::button());
    let bar = adw::ViewSwitcherBar::builder().stack(stack).build();
    title.bind_property("title-visible", &bar, "reveal").sync_create().build();
    let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
    page.append(&header);
    page.append(toasts);
    page.append(&bar);
    page
}
