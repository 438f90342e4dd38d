//! Between the page of codes and the keyring: what is done to an account is kept first and shown then.
//!
//! What must never happen: a code of a counter being shown that is not saved as used, or an answer of the keyring that comes
//! after the window was locked bringing the codes back.

use super::MainWindow;
use crate::keyring::{KeyringError, PATIENCE};
use crate::session;
use crate::ui::adding::{AddDialog, Names, edit, picture};
use crate::ui::codes::{Act, Entry, KEPT, Moves};
use crate::ui::lock::Cause;
use crate::ui::search::Result as Found;
use crate::ui::text;
use crate::vault::{Account, NotKept, Vault, tags};
use adw::prelude::*;
use gtk::glib;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// The keyring's accounts, reached when they are first needed.
#[derive(Debug, Default)]
pub(super) struct Keeper(OnceCell<Vault>);

impl Keeper {
    pub(super) async fn vault(&self) -> Result<&Vault, KeyringError> {
        let connect = || async {
            // Without a session bus there is no keyring on it.
            session::connect(PATIENCE).await.map(Vault::new).map_err(|_| KeyringError::Absent)
        };
        self.0.get_or_try_init(connect).await
    }

    /// Forgets what a PIN opened.
    pub(super) fn lock(&self) {
        self.0.get().iter().for_each(|vault| vault.hold(None));
    }
}

impl MainWindow {
    pub(super) fn connect_codes(self: &Rc<Self>) {
        self.codes.set_shows_always(!self.settings.borrow().hide_codes);
        let weak = Rc::downgrade(self);
        self.codes.on_act(move |entry, act| weak.upgrade().iter().for_each(|own| own.act(entry, act)));
        // The page has a button where there are no accounts, and where there is no keyring.
        let press = self.doing(|own| if own.keyless.get() { own.load() } else { own.open_add() });
        self.codes.on_button(press);
    }

    /// Runs `work` behind the window and brings its answer to `then`, unless the window was locked meanwhile or is gone.
    pub(super) fn ask<T: Send + 'static>(
        self: &Rc<Self>,
        work: impl Future<Output = Result<T, NotKept>> + Send + 'static,
        then: impl FnOnce(&Rc<Self>, Result<T, NotKept>) + 'static,
    ) {
        let Some(asked) = self.back.run(work) else { return };
        let (weak, asked_at) = (Rc::downgrade(self), self.locks.get());
        glib::spawn_future_local(async move {
            let Ok(answer) = asked.await else { return };
            if let Some(own) = weak.upgrade().filter(|own| own.locks.get() == asked_at) {
                then(&own, answer);
            }
        });
    }

    /// Reads the accounts anew.
    pub(super) fn load(self: &Rc<Self>) {
        self.codes.say(text::LOADING, &text::LOADING.text, "");
        let keeper = self.keeper.clone();
        let work = async move {
            let vault = keeper.vault().await?;
            let has_pin = vault.pin().await?.is_some();
            Ok((vault.load(crate::now()).await?, has_pin))
        };
        self.ask(work, |own, loaded| {
            own.keyless.set(loaded.is_err());
            match loaded {
                Err(NotKept::Pin) => {
                    own.has_pin.set(true);
                    own.lock(Cause::Start);
                }
                Ok((loaded, has_pin)) => {
                    own.has_pin.set(has_pin);
                    own.accounts.replace(loaded.accounts.into_iter().map(|it| (it.id.clone(), it)).collect());
                    if !loaded.damaged.is_empty() {
                        own.say(&text::damaged(&loaded.damaged));
                    }
                    own.refill();
                    own.codes.focus();
                    own.sought.take().iter().for_each(|text| own.codes.seek(text));
                    own.remind();
                }
                Err(error) => own.codes.say(text::NO_KEYRING, &error.to_string(), &text::TRY_AGAIN),
            }
        });
    }

    /// Shows what is there.
    fn refill(&self) {
        let accounts = self.accounts.borrow();
        let entries: Vec<Entry> = accounts.values().filter(|it| it.trashed.is_none()).map(entry).collect();
        if entries.is_empty() {
            return self.codes.say(text::FIRST, &text::FIRST.text, &text::ADD_TITLE);
        }
        let keys = self.accounts.clone();
        self.codes.fill(entries, move |id, now| keys.borrow().get(id).and_then(|it| it.code_at(now)));
    }

    /// Takes in what became of an account.
    fn keep(&self, account: Account) {
        self.accounts.borrow_mut().insert(account.id.clone(), account);
        self.refill();
    }

    fn act(self: &Rc<Self>, entry: &Entry, act: Act) {
        let account = self.accounts.borrow().get(&entry.id).cloned();
        let Some(account) = account else { return };
        let counts = account.period().is_none() && !self.codes.is_revealed(entry);
        match act {
            Act::Copy | Act::Reveal if counts => self.count(entry, act == Act::Copy),
            Act::Copy => self.say(&text::copied(entry.title(), KEPT.as_secs())),
            Act::Reveal | Act::Menu => {}
            Act::Pin => self.change(&account.id, |it| it.pinned = !it.pinned, |_, _| {}),
            Act::Edit => self.open_edit(&account),
            Act::Picture => match picture(&self.window, entry.title(), &account.uri()) {
                Some(window) => self.over(&window),
                None => self.say(&text::NO_PICTURE),
            },
            Act::Trash => {
                let now = crate::now();
                self.change(&account.id, move |it| it.trashed = Some(now), |own, it| own.offer_undo(it));
            }
        }
    }

    fn count(self: &Rc<Self>, entry: &Entry, copy: bool) {
        let (keeper, id, entry) = (self.keeper.clone(), entry.id.clone(), entry.clone());
        self.ask(async move { keeper.vault().await?.count(&id).await }, move |own, counted| match counted {
            Ok((account, code)) => {
                own.accounts.borrow_mut().insert(account.id.clone(), account);
                own.codes.counted(&entry, code, copy);
                if copy {
                    own.say(&text::copied(entry.title(), KEPT.as_secs()));
                }
            }
            Err(error) => own.say(&error.to_string()),
        });
    }

    fn change(
        self: &Rc<Self>,
        id: &str,
        change: impl FnOnce(&mut Account) + Send + 'static,
        then: impl FnOnce(&Rc<Self>, &Account) + 'static,
    ) {
        let (keeper, id) = (self.keeper.clone(), id.to_owned());
        self.ask(async move { keeper.vault().await?.change(&id, change).await }, |own, changed| match changed {
            Ok((account, ())) => {
                then(own, &account);
                own.keep(account);
            }
            Err(error) => own.say(&error.to_string()),
        });
    }

    fn offer_undo(self: &Rc<Self>, account: &Account) {
        let title = glib::markup_escape_text(&text::trashed(&account.called()));
        let toast = adw::Toast::builder().title(title).button_label(text::UNDO).timeout(10).build();
        let (weak, id) = (Rc::downgrade(self), account.id.clone());
        toast.connect_button_clicked(move |_| {
            weak.upgrade().iter().for_each(|own| own.change(&id, |it| it.trashed = None, |_, _| {}));
        });
        self.toasts.add_toast(toast);
    }

    fn open_edit(self: &Rc<Self>, account: &Account) {
        let names = Names { issuer: account.issuer.clone(), name: account.name.clone(), tags: account.tags.clone() };
        let (weak, id) = (Rc::downgrade(self), account.id.clone());
        let window = edit(&self.window, &names, move |names| {
            let change = move |it: &mut Account| {
                (it.issuer, it.name, it.tags) = (names.issuer, names.name, tags(names.tags));
            };
            if let Some(own) = weak.upgrade() {
                own.change(&id, change, |_, _| {});
            }
        });
        self.over(&window);
    }

    pub(super) fn open_add(self: &Rc<Self>) {
        let dialog = AddDialog::new(&self.window);
        let (weak, shown) = (Rc::downgrade(self), Rc::downgrade(&dialog));
        dialog.on_ask(move |address| {
            let Some(own) = weak.upgrade() else { return };
            let (keeper, shown) = (own.keeper.clone(), shown.clone());
            let add = async move {
                let vault = keeper.vault().await?;
                vault.add(address.expose_str().unwrap_or_default(), crate::now()).await
            };
            own.ask(add, move |own, added| match added {
                Ok(account) => {
                    own.say(&text::added(&account.called()));
                    own.keyless.set(false);
                    own.keep(account);
                    shown.upgrade().iter().for_each(|dialog| dialog.done());
                }
                Err(error) => shown.upgrade().iter().for_each(|dialog| dialog.refuse(&error.to_string())),
            });
        });
        let (weak, shown) = (Rc::downgrade(self), Rc::downgrade(&dialog));
        dialog.on_scan(move |source| {
            if let (Some(own), Some(shown)) = (weak.upgrade(), shown.upgrade()) {
                own.scan(source, &shown);
            }
        });
        self.over(&dialog.window);
        dialog.focus();
        // It lives as long as its window.
        dialog.window.clone().connect_destroy(move |_| dialog.forget());
    }

    /// Shows the codes, searched for `text`: now, or when they are there.
    pub(in crate::ui) fn seek(&self, text: &str) {
        self.stack.set_visible_child_name("codes");
        if self.accounts.borrow().is_empty() {
            self.sought.replace(Some(text.to_owned()));
        } else {
            self.codes.seek(text);
        }
    }

    /// The accounts that all `words` fit, for the desktop's search; none while they are locked.
    pub(in crate::ui) fn found(&self, words: &[String]) -> Vec<Found> {
        found(self.accounts.borrow().values(), words)
    }

    pub(super) fn search(&self) {
        self.stack.set_visible_child_name("codes");
        self.codes.focus();
    }
}

/// Those of `accounts` that all `words` fit, in the order of the page.
pub(in crate::ui) fn found<'a>(accounts: impl Iterator<Item = &'a Account>, words: &[String]) -> Vec<Found> {
    let mut entries: Vec<Entry> = accounts.filter(|it| it.trashed.is_none()).map(entry).collect();
    let sought = words.join(" ");
    entries.retain(|entry| entry.is_meant(&sought));
    entries.sort_by(Entry::order);
    let found = |entry: Entry| Found { title: entry.title().to_owned(), text: entry.name.clone(), id: entry.id };
    entries.into_iter().map(found).collect()
}

fn entry(account: &Account) -> Entry {
    let moves = account.period().map_or(Moves::OnDemand, Moves::Every);
    Entry::new(
        account.id.clone(),
        account.issuer.clone(),
        account.name.clone(),
        account.tags.clone(),
        moves,
        account.length().into(),
    )
    .pinned(account.pinned)
}
