//! Keys and clicks become the user's word, if the state says that they count.

use super::{RequestPage, Word};
use crate::ui::request::{Ask, Typed, grouped};
use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::{gdk, glib};
use mfa_core::approval::typed;
use mfa_core::secret::Secret;

impl RequestPage {
    pub(super) fn connect(&self) {
        let own = self.imp();
        let approve = self.doing(|page| page.say(Ask::Approve, false));
        own.approve.connect_clicked(move |_| approve());
        let deny = self.doing(|page| page.say(Ask::Deny, false));
        own.deny.connect_clicked(move |_| deny());
        let report = self.doing(|page| page.say(Ask::Report, false));
        own.report.connect_clicked(move |_| report());
        let leave = self.doing(Self::leave);
        own.over.on_button(leave);

        // Enter goes on to what is due next, and never says yes: six digits and Enter may have been meant for the terminal.
        let go_on = self.doing(Self::go_on);
        own.number.connect_activate(move |_| go_on());
        let go_on = self.doing(Self::go_on);
        own.pin.connect_activate(move |_| go_on());

        let draw = self.doing(Self::draw);
        own.number.connect_changed(move |entry| {
            // The cursor gets to its new place after this.
            let entry = entry.downgrade();
            glib::idle_add_local_once(move || entry.upgrade().iter().for_each(regroup));
            draw();
        });
        let draw = self.doing(Self::draw);
        own.pin.connect_changed(move |_| draw());

        let weak = self.downgrade();
        // Of a page that is not to be seen, Escape is not meant.
        let escape = move || {
            let Some(page) = weak.upgrade().filter(|page| page.is_mapped()) else {
                return glib::Propagation::Proceed;
            };
            match page.ending() {
                Some(_) => page.leave(),
                None => page.say(Ask::Deny, true),
            }
            glib::Propagation::Stop
        };
        let keys = gtk::ShortcutController::new();
        keys.set_scope(gtk::ShortcutScope::Global);
        keys.add_shortcut(gtk::Shortcut::new(
            Some(gtk::KeyvalTrigger::new(gdk::Key::Escape, gdk::ModifierType::empty())),
            Some(gtk::CallbackAction::new(move |_, _| escape())),
        ));
        self.add_controller(keys);
    }

    /// `action` on this page, for as long as there is one.
    fn doing(&self, action: impl Fn(&Self) + 'static) -> impl Fn() + 'static {
        let page = self.downgrade();
        move || page.upgrade().iter().for_each(&action)
    }

    fn say(&self, ask: Ask, by_escape: bool) {
        let own = self.imp();
        let (number, pin) = (own.number.text(), own.pin.text());
        let entries = Typed { number: &number, pin: pin.chars().count() };
        let word = own.state.borrow_mut().as_mut().and_then(|state| {
            let ask = state.ask(ask, by_escape, entries, self.now())?;
            // The toolkit's own copies of what was typed cannot be wiped; these can.
            let secret = |text: &str, due: bool| Secret::new(if due { text.into() } else { Vec::new() });
            let number = secret(&number, state.request().number_due);
            let pin = secret(&pin, state.pin_needed());
            Some(Word { id: state.request().id.clone(), ask, number, pin })
        });
        self.draw();
        if let (Some(word), Some(action)) = (word, own.on_word.borrow().as_ref()) {
            action(word);
        }
    }

    fn leave(&self) {
        if let Some(action) = self.imp().on_leave.borrow().as_ref() {
            action(());
        }
    }

    /// From a complete number to the PIN that is due, and from there to Approve.
    fn go_on(&self) {
        let own = self.imp();
        if own.approve.is_sensitive() {
            own.approve.grab_focus();
        } else if own.pin_box.get_visible() && typed(&own.number.text()).is_some() {
            own.pin.grab_focus();
        }
    }
}

/// Shows the digits in two groups, unless somebody corrects in the middle: nothing moves under the cursor.
fn regroup(entry: &gtk::Entry) {
    let text = entry.text();
    let at_end = usize::try_from(entry.position()).is_ok_and(|position| position == text.chars().count());
    if let Some(grouped) = grouped(&text).filter(|_| at_end) {
        entry.set_text(&grouped);
        entry.set_position(-1);
    }
}
