//! Accounts into a file, and the reminder to do so.

use super::MainWindow;
use crate::catalogue::Text;
use crate::settings::Settings;
use crate::ui::{parts, text};
use crate::vault::Account;
use crate::vault::export::{self, Format};
use adw::prelude::*;
use gtk::glib;
use mfa_core::secret::Secret;
use std::path::PathBuf;
use std::rc::Rc;

/// Fewest characters of a password.
const FEWEST: usize = 8;

/// What can be written, in the order of the choice.
const FORMATS: [Format; 3] = [Format::Backup, Format::Aegis, Format::Uris];

/// The name that is proposed for each.
const NAMES: [&str; 3] = ["codes.backup", "aegis.json", "codes.txt"];

impl MainWindow {
    /// Asks what is to be written, under which password, and where to.
    pub(super) fn open_export(self: &Rc<Self>) {
        let (choice, buttons) = parts::choice(&text::EXPORTS.map(Text::here));
        let (password, again) = (parts::unseen(), parts::unseen());
        let (first, second) = (parts::field(&text::PASSWORD, &password), parts::field(&text::SAME_AGAIN, &again));
        let warning = gtk::Label::builder().label(text::NOT_ENCRYPTED).wrap(true).xalign(0.0).visible(false).build();
        warning.add_css_class("warning");
        let problem = parts::problem();
        let busy = gtk::Spinner::new();
        parts::name(&busy, &text::WORKING);
        let button = parts::pill(&text::CHOOSE_FILE);
        button.add_css_class("suggested-action");
        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        choice.set_orientation(gtk::Orientation::Vertical);
        for widget in
            [choice.upcast_ref::<gtk::Widget>(), first.upcast_ref(), second.upcast_ref(), warning.upcast_ref()]
        {
            page.append(widget);
        }
        for widget in [problem.upcast_ref::<gtk::Widget>(), busy.upcast_ref(), button.upcast_ref()] {
            page.append(widget);
        }
        let window = parts::dialog(&self.window, &text::EXPORT_TITLE, &parts::clamp(&page));
        let chosen = Rc::new(move || {
            let place = buttons.iter().position(gtk::prelude::CheckButtonExt::is_active).unwrap_or_default();
            (FORMATS.get(place).copied().unwrap_or(Format::Backup), NAMES.get(place).copied().unwrap_or_default())
        });
        {
            let (chosen, buttons) = (chosen.clone(), page.clone());
            let fields = [first, second];
            for_each_choice(&choice, move || {
                let encrypted = chosen().0.is_encrypted();
                fields.iter().for_each(|field| field.set_visible(encrypted));
                warning.set_visible(!encrypted);
                buttons.queue_resize();
            });
        }
        let (weak, shown) = (Rc::downgrade(self), window.downgrade());
        let (entry, other) = (password.clone(), again.clone());
        let submit = Rc::new(move |button: &gtk::Button| {
            let Some(own) = weak.upgrade() else { return };
            let refuse = |why: &str| {
                problem.set_label(why);
                problem.set_visible(true);
            };
            let (format, name) = chosen();
            let typed = Secret::from(String::from(entry.text()));
            if format.is_encrypted() {
                if entry.text().chars().count() < FEWEST {
                    return refuse(&text::too_short(FEWEST));
                }
                if typed.expose() != other.text().as_bytes() {
                    return refuse(&text::NOT_THE_SAME);
                }
            }
            problem.set_visible(false);
            let (weak, shown, problem, busy, button) =
                (Rc::downgrade(&own), shown.clone(), problem.clone(), busy.clone(), button.clone());
            own.choose(&text::EXPORT_TITLE, gtk::FileChooserAction::Save, Some(name), move |path| {
                let Some(own) = weak.upgrade() else { return };
                button.set_sensitive(false);
                busy.set_spinning(true);
                let (shown, problem, busy, button) = (shown.clone(), problem.clone(), busy.clone(), button.clone());
                own.export(path, format, typed.clone(), move |own, done| {
                    busy.set_spinning(false);
                    button.set_sensitive(true);
                    match done {
                        Ok(count) => {
                            own.say(&text::exported(count));
                            shown.upgrade().iter().for_each(gtk::prelude::GtkWindowExt::close);
                        }
                        Err(why) => {
                            problem.set_label(&why);
                            problem.set_visible(true);
                        }
                    }
                });
            });
        });
        button.connect_clicked(move |button| submit(button));
        self.over(&window);
    }

    fn export(
        self: &Rc<Self>,
        path: PathBuf,
        format: Format,
        password: Secret,
        then: impl FnOnce(&Rc<Self>, Result<usize, String>) + 'static,
    ) {
        let accounts: Vec<Account> = self.accounts.borrow().values().cloned().collect();
        let count = accounts.iter().filter(|account| format == Format::Backup || account.trashed.is_none()).count();
        let work = move || {
            let mut fill = |bytes: &mut [u8]| getrandom::fill(bytes).is_ok();
            let content = export::written(&accounts, format, &password, &mut fill).map_err(|why| why.to_string())?;
            // The chooser has asked whether what is there may be replaced.
            export::write_file(&path, &content, true).map_err(|why| text::not_written(&why.to_string()))
        };
        let Some(written) = self.back.compute(work) else { return };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let (Ok(written), Some(own)) = (written.await, weak.upgrade()) else { return };
            if written.is_ok() && format.is_encrypted() {
                let settings = Settings { last_backup: Some(crate::now()), ..own.settings.borrow().clone() };
                own.prefer(&settings);
            }
            then(&own, written.map(|()| count));
        });
    }

    /// Says once that there is no backup, or an old one.
    pub(super) fn remind(self: &Rc<Self>) {
        let accounts = self.accounts.borrow().values().filter(|account| account.trashed.is_none()).count();
        if self.reminded.get() || !self.settings.borrow().wants_backup(accounts, crate::now()) {
            return;
        }
        self.reminded.set(true);
        // In the page of codes alone: it must never lie over a request.
        let weak = Rc::downgrade(self);
        let bar = parts::bar(&text::OLD_BACKUP, &text::BACK_UP, move || {
            weak.upgrade().iter().for_each(|own| own.open_export());
        });
        self.codes.widget().append(&bar);
    }
}

fn for_each_choice(choice: &gtk::Box, changed: impl Fn() + 'static) {
    let changed = Rc::new(changed);
    let mut child = choice.first_child();
    while let Some(widget) = child {
        if let Some(button) = widget.downcast_ref::<gtk::CheckButton>() {
            let changed = changed.clone();
            button.connect_active_notify(move |_| changed());
        }
        child = widget.next_sibling();
    }
}
