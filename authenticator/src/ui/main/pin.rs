//! The PIN over the codes, in the window: asked for on the locked page, set and changed in the preferences.
//!
//! What must never happen: the PIN being tried on GTK's thread, or as fast as the machine can.

use super::MainWindow;
use crate::pin::Pin;
use crate::sealed::{RANDOM, SealError};
use crate::ui::{parts, text};
use crate::vault::{AccountsKey, NotKept, Vault};
use adw::prelude::*;
use gtk::glib;
use mfa_core::secret::Secret;
use std::rc::Rc;
use std::time::Duration;

/// What is done to the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Set,
    Change,
    Remove,
}

/// Why a PIN did nothing.
enum NotDone {
    Wrong,
    Why(String),
    /// There is one, which is not over all accounts.
    Partly(String),
}

impl From<NotKept> for NotDone {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::PartlyCovered(..) => Self::Partly(why.to_string()),
            why => Self::Why(why.to_string()),
        }
    }
}

impl From<SealError> for NotDone {
    fn from(why: SealError) -> Self {
        match why {
            SealError::Closed => Self::Wrong,
            SealError::Memory => Self::Why(text::NO_MEMORY.to_string()),
        }
    }
}

impl MainWindow {
    /// Opens the locked window by what was typed, which is empty where there is no PIN.
    pub(super) fn try_pin(self: &Rc<Self>, typed: Secret) {
        if !self.has_pin.get() {
            return self.unlock();
        }
        let begun = self.tries.borrow_mut().begin(self.started.elapsed());
        if let Err(wait) = begun {
            return self.locked.refuse(&text::wait(whole_seconds(wait)));
        }
        self.locked.set_busy(true);
        let keeper = self.keeper.clone();
        let Some(tried) =
            self.back.run(async move { opened(keeper.vault().await.map_err(NotKept::from)?, typed).await })
        else {
            return;
        };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let (Ok(answer), Some(own)) = (tried.await, weak.upgrade()) else { return };
            own.locked.set_busy(false);
            match answer {
                Ok(()) => {
                    own.tries.borrow_mut().right();
                    own.unlock();
                }
                Err(NotDone::Wrong) => own.locked.refuse(&text::WRONG_PIN),
                Err(NotDone::Why(why) | NotDone::Partly(why)) => {
                    own.tries.borrow_mut().take_back();
                    own.locked.refuse(&why);
                }
            }
        });
    }

    /// Asks for what `deed` needs, and does it.
    pub(super) fn open_pin(self: &Rc<Self>, deed: Deed) {
        let (old, new, again) = (parts::unseen(), parts::unseen(), parts::unseen());
        let (problem, busy) = (parts::problem(), parts::busy());
        let button = parts::pill(if deed == Deed::Remove { &text::REMOVE } else { &text::SAVE });
        button.add_css_class(if deed == Deed::Remove { "destructive-action" } else { "suggested-action" });
        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        page.append(&gtk::Label::builder().label(text::PIN_TEXT).wrap(true).xalign(0.0).build());
        if deed != Deed::Set {
            page.append(&parts::field(&text::OLD_PIN, &old));
        }
        if deed != Deed::Remove {
            page.append(&parts::field(&text::NEW_PIN, &new));
            page.append(&parts::field(&text::SAME_AGAIN, &again));
        }
        page.append(&problem);
        page.append(&busy);
        page.append(&button);
        let window = parts::dialog(&self.window, &text::PIN_OF_CODES, &parts::clamp(&page));
        let (weak, shown) = (Rc::downgrade(self), window.downgrade());
        let fields = [old.clone(), new.clone(), again.clone()];
        let doing = button.clone();
        let submit = Rc::new(move || {
            let (Some(own), Some(window)) = (weak.upgrade(), shown.upgrade()) else { return };
            if !doing.is_sensitive() {
                return;
            }
            let [old, new, again] = &fields;
            let typed = |field: &gtk::PasswordEntry| Secret::from(String::from(field.text()));
            let refuse = |why: &str| {
                problem.set_label(why);
                problem.set_visible(true);
            };
            let new = match (deed, Pin::new(typed(new))) {
                (Deed::Remove, _) => None,
                (_, Err(why)) => return refuse(&why.to_string()),
                (_, Ok(_)) if typed(new).expose() != typed(again).expose() => return refuse(&text::NOT_THE_SAME),
                (_, Ok(pin)) => Some(pin),
            };
            doing.set_sensitive(false);
            busy.set_visible(true);
            let (problem, doing, busy) = (problem.clone(), doing.clone(), busy.clone());
            own.do_pin(typed(old), new, deed, move |own, answer| {
                doing.set_sensitive(true);
                busy.set_visible(false);
                let why = match answer {
                    Ok(()) => {
                        own.has_pin.set(deed != Deed::Remove);
                        own.say(text::pin_done(deed == Deed::Remove));
                        return window.close();
                    }
                    Err(NotDone::Wrong) => text::WRONG_PIN.to_string(),
                    Err(NotDone::Why(why)) => why,
                    Err(NotDone::Partly(why)) => {
                        own.has_pin.set(true);
                        why
                    }
                };
                problem.set_label(&why);
                problem.set_visible(true);
            });
        });
        let pressed = submit.clone();
        button.connect_clicked(move |_| pressed());
        for entry in [&old, &new, &again] {
            let submit = submit.clone();
            entry.connect_activate(move |_| submit());
        }
        self.over(&window);
    }

    /// Where it was locked meanwhile, what was opened goes again, and the locked page asks for the PIN there is now.
    fn stay_locked(&self) {
        if let Some(cause) = self.lock.borrow().cause() {
            self.keeper.lock();
            self.locked.show(cause, self.has_pin.get());
        }
    }

    fn do_pin(
        self: &Rc<Self>,
        old: Secret,
        new: Option<Pin>,
        deed: Deed,
        then: impl FnOnce(&Rc<Self>, Result<(), NotDone>) + 'static,
    ) {
        let keeper = self.keeper.clone();
        let work = async move {
            let vault = keeper.vault().await.map_err(NotKept::from)?;
            if deed != Deed::Set {
                opened(vault, old).await?;
            }
            match new {
                Some(new) => changed(vault, new).await,
                None => Ok(vault.remove_pin().await?),
            }
        };
        let Some(done) = self.back.run(work) else { return };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            if let (Ok(answer), Some(own)) = (done.await, weak.upgrade()) {
                then(&own, answer);
                own.stay_locked();
            }
        });
    }
}

/// Opens the accounts by what was typed.
async fn opened(vault: &Vault, typed: Secret) -> Result<(), NotDone> {
    let Some(sealed) = vault.pin().await? else { return Ok(()) };
    let pin = Pin::new(typed).map_err(|_| NotDone::Wrong)?;
    let opened = computed(move || AccountsKey::opened(&sealed, &pin).map(|key| (key, sealed))).await??;
    vault.hold(Some(opened));
    Ok(())
}

async fn changed(vault: &Vault, new: Pin) -> Result<(), NotDone> {
    let (mut fresh, mut random) = ([0; 32], [0; RANDOM]);
    getrandom::fill(&mut fresh).and(getrandom::fill(&mut random)).map_err(|_| NotDone::from(NotKept::Random))?;
    let key = vault.key_or(fresh);
    let (key, sealed) = computed(move || key.under(&new, &random).map(|sealed| (key, sealed))).await??;
    Ok(vault.set_pin(key, &sealed).await?)
}

/// Runs what computes off the buses' threads.
async fn computed<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotDone> {
    tokio::task::spawn_blocking(work).await.map_err(|why| NotDone::Why(why.to_string()))
}

/// Seconds, rounded up: after that many it is over.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
