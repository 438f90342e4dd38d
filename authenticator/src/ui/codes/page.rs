//! The widgets of the page: search, list, and what stands there when there is nothing to list.

use super::entry::{Entry, grouped};
use super::menu::menu_model;
use super::reveal::{Moment, Revealed};
use super::row::CodeRow;
use super::rows::PART;
use super::{Act, Clip, Seen};
use crate::ui::notice::Notice;
use crate::ui::request::Said;
use crate::ui::{parts, text};
use adw::prelude::*;
use gtk::{gio, glib};
use mfa_core::secret::Secret;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How often codes and rings are drawn anew.
const TICK: Duration = Duration::from_millis(500);

/// Gives the code of an account that moves with time, at a time in seconds since 1970.
type Source = Box<dyn Fn(&str, u64) -> Option<Secret>>;

/// What happens with an account beyond the page.
type OnAct = Rc<dyn Fn(&Entry, Act)>;

/// See the module.
pub(in crate::ui) struct CodesPage {
    pub(super) page: gtk::Box,
    pub(super) search: gtk::SearchEntry,
    pub(super) list: gtk::ListView,
    pub(super) stack: gtk::Stack,
    pub(super) notice: Notice,
    pub(super) store: gio::ListStore,
    pub(super) shown: gtk::FilterListModel,
    /// Its first part, of which there are rows.
    pub(super) within: gtk::SliceListModel,
    pub(super) selection: gtk::SingleSelection,
    pub(super) sought: Rc<RefCell<String>>,
    pub(super) filter: gtk::CustomFilter,
    pub(super) rows: RefCell<Vec<glib::WeakRef<CodeRow>>>,
    pub(super) revealed: RefCell<Revealed>,
    /// The codes that count and are to be seen.
    pub(super) counted: RefCell<HashMap<String, Secret>>,
    pub(super) source: RefCell<Option<Source>>,
    pub(super) on_act: RefCell<Option<OnAct>>,
    pub(super) shows_always: Cell<bool>,
    /// Screen readers are being told.
    pub(super) tells: Cell<bool>,
    pub(super) started: Instant,
    pub(super) clip: Rc<Clip>,
    pub(super) menu: gtk::PopoverMenu,
    pub(super) menu_for: RefCell<Option<Rc<Entry>>>,
}

impl CodesPage {
    pub(in crate::ui) fn new(clip: Rc<Clip>) -> Rc<Self> {
        let store = gio::ListStore::new::<glib::BoxedAnyObject>();
        let sought = Rc::new(RefCell::new(String::new()));
        let looked_for = sought.clone();
        let filter = gtk::CustomFilter::new(move |item| {
            entry_of(item).is_some_and(|entry| entry.is_meant(&looked_for.borrow()))
        });
        let shown = gtk::FilterListModel::new(Some(store.clone()), Some(filter.clone()));
        let within = gtk::SliceListModel::new(Some(shown.clone()), 0, PART);
        let selection = gtk::SingleSelection::builder().model(&within).autoselect(false).can_unselect(true).build();
        let list =
            gtk::ListView::builder().model(&selection).single_click_activate(true).css_classes(["codes"]).build();
        parts::name(&list, &text::ACCOUNTS);
        let search = gtk::SearchEntry::builder().placeholder_text(text::SEARCH).hexpand(true).build();
        parts::name(&search, &text::SEARCH);
        let notice: Notice = glib::Object::new();
        let stack = gtk::Stack::new();
        stack.add_named(&notice, Some("notice"));
        // As wide as what searches it.
        let scrolled = adw::Clamp::builder().maximum_size(560).child(&parts::scrolled(&list)).build();
        stack.add_named(&scrolled, Some("list"));
        let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let bar = adw::Clamp::builder()
            .maximum_size(560)
            .margin_start(12)
            .margin_end(12)
            .margin_top(6)
            .margin_bottom(6)
            .build();
        bar.set_child(Some(&search));
        page.append(&bar);
        stack.set_vexpand(true);
        page.append(&stack);
        let menu = gtk::PopoverMenu::from_model(Some(&menu_model()));
        parts::name_menu(menu.upcast_ref(), &text::MENU);
        let own = Rc::new(Self {
            page,
            search,
            list,
            stack,
            notice,
            store,
            shown,
            within,
            selection,
            sought,
            filter,
            rows: RefCell::default(),
            revealed: RefCell::default(),
            counted: RefCell::default(),
            source: RefCell::default(),
            on_act: RefCell::default(),
            shows_always: Cell::default(),
            tells: Cell::default(),
            started: Instant::now(),
            clip,
            menu,
            menu_for: RefCell::default(),
        });
        own.connect();
        own.connect_keys();
        own
    }

    pub(in crate::ui) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    /// What happens beyond this page: counting, pinning, changing, pictures, the trash.
    pub(in crate::ui) fn on_act(&self, action: impl Fn(&Entry, Act) + 'static) {
        self.on_act.replace(Some(Rc::new(action)));
    }

    /// What the button of a notice does.
    pub(in crate::ui) fn on_button(&self, action: impl Fn() + 'static) {
        self.notice.on_button(action);
    }

    /// Whether codes are to be seen without asking.
    pub(in crate::ui) fn set_shows_always(self: &Rc<Self>, always: bool) {
        self.shows_always.set(always);
        self.draw();
    }

    /// Shows `entries`, whose codes come from `source`.
    pub(in crate::ui) fn fill(&self, mut entries: Vec<Entry>, source: impl Fn(&str, u64) -> Option<Secret> + 'static) {
        entries.sort_by(Entry::order);
        let kept = self.selected().map(|entry| entry.id.clone());
        // Also where a dialog lies over the list and the focus is to come back.
        let had_focus = self.list.focus_child().is_some();
        self.source.replace(Some(Box::new(source)));
        let items: Vec<glib::BoxedAnyObject> =
            entries.into_iter().map(|entry| glib::BoxedAnyObject::new(Rc::new(entry))).collect();
        self.store.splice(0, self.store.n_items(), &items);
        if let Some(kept) = kept {
            let places = 0..self.shown.n_items();
            let place = places.into_iter().find(|&place| self.at(place).is_some_and(|entry| entry.id == kept));
            // As far as that one.
            self.within.set_size(place.map_or(PART, |place| (place / PART + 1) * PART));
            self.selection.set_selected(place.unwrap_or(gtk::INVALID_LIST_POSITION));
            if had_focus && place.is_some() {
                self.focus_on(&kept);
            }
        }
        self.arrange();
    }

    /// Says something instead of the list, with a button where `button` is not empty.
    pub(in crate::ui) fn say(&self, said: Said, text: &str, button: &str) {
        self.empty();
        self.notice.say(said, text, button);
        self.stack.set_visible_child_name("notice");
    }

    /// Forgets everything: accounts, codes, what was searched for, what is in the clipboard.
    pub(in crate::ui) fn empty(&self) {
        self.menu.popdown();
        self.menu_for.take();
        self.source.take();
        self.counted.borrow_mut().clear();
        self.revealed.borrow_mut().hide_all();
        self.store.remove_all();
        self.search.set_text("");
        self.clip.clear();
    }

    /// A code that counts has been drawn and saved: it is to be seen, and copied where that was asked.
    pub(in crate::ui) fn counted(self: &Rc<Self>, entry: &Entry, code: Secret, copy: bool) {
        if copy {
            self.clip.put(&code);
        }
        self.counted.borrow_mut().insert(entry.id.clone(), code);
        self.revealed.borrow_mut().reveal(entry, self.now());
        self.draw();
    }

    /// The focus where the next key belongs: what is typed takes the place of what was searched for.
    pub(in crate::ui) fn focus(&self) {
        self.search.grab_focus();
        self.search.select_region(0, -1);
    }

    /// Searches for `text`.
    pub(in crate::ui) fn seek(&self, text: &str) {
        self.search.set_text(text);
        self.search.grab_focus();
        self.search.set_position(-1);
    }

    fn connect(self: &Rc<Self>) {
        let factory = gtk::SignalListItemFactory::new();
        let weak = Rc::downgrade(self);
        factory.connect_setup(move |_, item| {
            let (Some(own), Some(item)) = (weak.upgrade(), item.downcast_ref::<gtk::ListItem>()) else { return };
            let weak = Rc::downgrade(&own);
            let row = CodeRow::new(Rc::new(move |entry, act| {
                weak.upgrade().iter().for_each(|own| own.act(entry, act));
            }));
            own.rows.borrow_mut().push(row.downgrade());
            item.set_child(Some(&row));
        });
        let weak = Rc::downgrade(self);
        factory.connect_bind(move |_, item| {
            let (Some(own), Some(item)) = (weak.upgrade(), item.downcast_ref::<gtk::ListItem>()) else { return };
            let entry = item.item().and_then(|item| entry_of(&item));
            if let (Some(row), Some(entry)) = (item.child().and_downcast::<CodeRow>(), entry) {
                row.bind(entry.clone(), &own.seen(&entry));
                own.tell_later();
            }
        });
        factory.connect_unbind(|_, item| {
            let row = item.downcast_ref::<gtk::ListItem>().and_then(gtk::ListItem::child).and_downcast::<CodeRow>();
            row.iter().for_each(CodeRow::unbind);
        });
        let weak = Rc::downgrade(self);
        factory.connect_teardown(move |_, _| {
            weak.upgrade().iter().for_each(|own| own.rows.borrow_mut().retain(|row| row.upgrade().is_some()));
        });
        self.list.set_factory(Some(&factory));

        let weak = Rc::downgrade(self);
        self.list.connect_activate(move |_, place| {
            if let Some(own) = weak.upgrade()
                && let Some(entry) = own.at(place)
            {
                own.act(&entry, Act::Copy);
            }
        });
        let weak = Rc::downgrade(self);
        self.search.connect_changed(move |search| {
            if let Some(own) = weak.upgrade() {
                own.sought.replace(search.text().to_lowercase());
                own.within.set_size(PART);
                own.filter.changed(gtk::FilterChange::Different);
                own.selection.set_selected(gtk::INVALID_LIST_POSITION);
                own.arrange();
            }
        });
        self.connect_menu();
        self.connect_scroll();
        let weak = Rc::downgrade(self);
        glib::timeout_add_local(TICK, move || match weak.upgrade() {
            Some(own) => {
                own.draw();
                glib::ControlFlow::Continue
            }
            None => glib::ControlFlow::Break,
        });
    }

    /// Does something to an account, here or beyond this page.
    pub(super) fn act(self: &Rc<Self>, entry: &Rc<Entry>, act: Act) {
        let now = self.now();
        match (act, entry.left(now.wall).is_some()) {
            (Act::Menu, _) => return self.open_menu(entry),
            (Act::Reveal, _) if self.is_revealed(entry) => {
                self.revealed.borrow_mut().hide(&entry.id);
                return self.draw();
            }
            (Act::Reveal, true) => self.revealed.borrow_mut().reveal(entry, now),
            (Act::Copy, true) => {
                if let Some(code) = self.code(entry, now.wall) {
                    self.clip.put(&code);
                }
            }
            (Act::Copy, false) if self.is_revealed(entry) => {
                self.counted.borrow().get(&entry.id).iter().for_each(|code| self.clip.put(code));
            }
            _ => {}
        }
        self.draw();
        let action = self.on_act.borrow().clone();
        action.iter().for_each(|action| action(entry, act));
    }

    /// Whether the code of `entry` is to be seen because somebody asked for it.
    pub(in crate::ui) fn is_revealed(&self, entry: &Entry) -> bool {
        self.revealed.borrow_mut().is_revealed(entry, self.now())
    }

    fn code(&self, entry: &Entry, now: u64) -> Option<Secret> {
        self.source.borrow().as_ref().and_then(|source| source(&entry.id, now))
    }

    fn seen(&self, entry: &Entry) -> Seen {
        let now = self.now();
        let hidden = Seen { now: now.wall, code: None, next: String::new() };
        let shown = |code: &Secret| code.expose_str().map(grouped);
        let revealed = self.is_revealed(entry);
        match entry.left(now.wall) {
            Some((left, _)) if revealed || self.shows_always.get() => {
                let code = self.code(entry, now.wall).as_ref().and_then(shown);
                let next = self.code(entry, now.wall + u64::from(left)).as_ref().and_then(shown);
                Seen { code, next: next.map(|next| text::next(&next)).unwrap_or_default(), ..hidden }
            }
            Some(_) => hidden,
            None if revealed => Seen { code: self.counted.borrow().get(&entry.id).and_then(shown), ..hidden },
            None => {
                self.counted.borrow_mut().remove(&entry.id);
                hidden
            }
        }
    }

    fn draw(self: &Rc<Self>) {
        if !self.page.is_mapped() {
            return;
        }
        for row in self.rows.borrow().iter().filter_map(glib::WeakRef::upgrade) {
            if let Some(entry) = row.entry() {
                row.draw(&self.seen(&entry));
            }
        }
        self.tell_later();
    }

    /// The list, or why there is none.
    fn arrange(&self) {
        if self.store.n_items() > 0 && self.shown.n_items() == 0 {
            self.notice.say(text::NOTHING_FOUND, &text::NOTHING_FOUND.text, "");
            self.stack.set_visible_child_name("notice");
        } else if self.shown.n_items() > 0 {
            self.stack.set_visible_child_name("list");
        }
    }

    pub(super) fn at(&self, place: u32) -> Option<Rc<Entry>> {
        self.shown.item(place).and_then(|item| entry_of(&item))
    }

    pub(super) fn first(&self) -> Option<Rc<Entry>> {
        self.at(0)
    }

    pub(super) fn selected(&self) -> Option<Rc<Entry>> {
        self.at(self.selection.selected())
    }

    pub(super) fn focus_list(&self) {
        if self.selected().is_none() {
            self.selection.set_selected(0);
        }
        self.list.grab_focus();
    }

    /// The focus on the line of an account, where that is within sight.
    fn focus_on(&self, id: &str) {
        if let Some(line) = self.row(id).and_then(|row| row.parent()) {
            line.grab_focus();
        }
    }

    fn now(&self) -> Moment {
        Moment { wall: crate::now(), steady: self.started.elapsed() }
    }
}

fn entry_of(item: &glib::Object) -> Option<Rc<Entry>> {
    let item = item.downcast_ref::<glib::BoxedAnyObject>()?;
    item.try_borrow::<Rc<Entry>>().ok().map(|entry| Rc::clone(&entry))
}
