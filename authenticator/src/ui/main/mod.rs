//! The main window: codes, sign-in requests, this computer; or, while it is locked, the locked page and nothing else.
//!
//! Its actions stand in a group of their own, which GApplication does not export. What must never happen: anything of the
//! pages being left in the tree of widgets while the window is locked.

mod history;

use super::agent::News;
use super::back::Back;
use super::computer::ComputerPage;
use super::lock::{self, Cause, Lock, LockedPage};
use super::pane::RequestsPane;
use super::request::Word;
use super::{REQUESTS, parts, text};
use adw::prelude::*;
use gtk::{gio, glib};
use history::History;
use mfa_core::bus::Trust;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How often the lock looks at the time.
const TICK: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct MainWindow {
    window: adw::ApplicationWindow,
    /// What the window holds unless it is locked.
    open: gtk::Box,
    stack: adw::ViewStack,
    pane: RequestsPane,
    history: History,
    locked: Rc<LockedPage>,
    lock: RefCell<Lock>,
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
        let requests = parts::scrolled(&requests);
        stack.add_titled(&requests, Some("requests"), text::REQUESTS).set_icon_name(Some("security-high-symbolic"));
        stack.add_titled(computer.widget(), Some("computer"), text::COMPUTER).set_icon_name(Some("computer-symbolic"));
        let locked = LockedPage::new();
        let open = open_page(&stack);
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
        let lock = RefCell::new(Lock::new(false, Some(Duration::from_secs(300)), started.elapsed()));
        let own = Rc::new(Self {
            window,
            open,
            stack,
            pane,
            history,
            locked,
            lock,
            started,
            waiting: Cell::default(),
            _computer: computer,
            back,
        });
        own.connect(application);
        Ok(own)
    }

    fn connect(self: &Rc<Self>, application: &adw::Application) {
        let actions = gio::SimpleActionGroup::new();
        let lock = self.doing(|own| own.lock(Cause::Told));
        let entry = gio::ActionEntry::builder("lock").activate(move |_: &gio::SimpleActionGroup, _, _| lock());
        actions.add_action_entries([entry.build()]);
        self.window.insert_action_group("main", Some(&actions));
        application.set_accels_for_action("main.lock", &["<Control>l"]);

        let weak = Rc::downgrade(self);
        self.locked.on_unlock(move |_pin| weak.upgrade().iter().for_each(|own| own.unlock()));
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
        self.window.set_content(Some(self.locked.widget()));
        self.locked.set_waiting(self.waiting.get());
        self.locked.show(cause, false);
    }

    fn unlock(&self) {
        self.lock.borrow_mut().unlock(self.started.elapsed());
        self.window.set_content(Some(&self.open));
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
fn open_page(stack: &adw::ViewStack) -> gtk::Box {
    let title = adw::ViewSwitcherTitle::builder().stack(stack).title(text::TITLE).build();
    let header = adw::HeaderBar::builder().centering_policy(adw::CenteringPolicy::Strict).title_widget(&title).build();
    let menu = gio::Menu::new();
    menu.append(Some(text::LOCK), Some("main.lock"));
    let button = gtk::MenuButton::builder().icon_name("open-menu-symbolic").menu_model(&menu).primary(true).build();
    button.set_tooltip_text(Some(text::MENU));
    parts::name(&button, text::MENU);
    header.pack_end(&button);
    let bar = adw::ViewSwitcherBar::builder().stack(stack).build();
    title.bind_property("title-visible", &bar, "reveal").sync_create().build();
    let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
    page.append(&header);
    stack.set_vexpand(true);
    page.append(stack);
    page.append(&bar);
    page
}
