//! The menu of the main window, its keys, and what they do.

use super::{MainWindow, preferences, shortcuts};
use crate::catalogue::Text;
use crate::settings::Settings;
use crate::ui::lock::Cause;
use crate::ui::{parts, text};
use adw::prelude::*;
use gtk::{gio, glib};
use std::rc::Rc;

/// The pages, in the order of Alt+1 and so on.
const PAGES: [&str; 3] = ["codes", "requests", "computer"];

/// The button, with everything in the menu.
pub(super) fn button() -> gtk::MenuButton {
    let menu = gio::Menu::new();
    for section in [
        &[(text::LOCK, "main.lock")] as &[_],
        &[(text::IMPORT_MENU, "main.import"), (text::EXPORT_MENU, "main.export")],
        &[
            (text::PREFERENCES_MENU, "main.preferences"),
            (text::SHORTCUTS, "main.shortcuts"),
            (text::ABOUT, "main.about"),
        ],
    ] {
        let part = gio::Menu::new();
        section.iter().for_each(|(label, action): &(Text, &str)| part.append(Some(label.here()), Some(*action)));
        menu.append_section(None, &part);
    }
    let button = gtk::MenuButton::builder().icon_name("open-menu-symbolic").menu_model(&menu).primary(true).build();
    button.set_tooltip_text(Some(text::MENU.here()));
    parts::name(&button, &text::MENU);
    button.popover().iter().for_each(|menu| parts::name_menu(menu, &text::MENU));
    button
}

/// What an action does.
type Doing = Box<dyn Fn(&Rc<MainWindow>)>;

impl MainWindow {
    /// Makes the actions, which only work while the window is not locked, and gives them keys.
    pub(super) fn connect_menu(self: &Rc<Self>, application: &adw::Application) {
        let actions = gio::SimpleActionGroup::new();
        let mut keys: Vec<(String, &str)> = vec![
            ("main.add".to_owned(), "<Control>n"),
            ("main.search".to_owned(), "<Control>f"),
            ("main.lock".to_owned(), "<Control>l"),
            ("main.import".to_owned(), "<Control>o"),
            ("main.export".to_owned(), "<Control>e"),
            ("main.preferences".to_owned(), "<Control>comma"),
            ("main.shortcuts".to_owned(), "<Control>question"),
        ];
        let add = |name: &str, action: Doing| {
            let act = self.doing(move |own| {
                if own.lock.borrow().cause().is_none() {
                    action(own);
                }
            });
            actions.add_action_entries([gio::ActionEntry::builder(name)
                .activate(move |_: &gio::SimpleActionGroup, _, _| act())
                .build()]);
        };
        add("lock", Box::new(|own| own.lock(Cause::Told)));
        add("add", Box::new(|own| own.open_add()));
        add("search", Box::new(|own| own.search()));
        add("import", Box::new(|own| own.open_import()));
        add("export", Box::new(|own| own.open_export()));
        add("preferences", Box::new(|own| own.open_preferences()));
        add("shortcuts", Box::new(|own| own.over(&shortcuts::open(&own.window))));
        add("about", Box::new(|own| own.open_about()));
        for (place, (page, key)) in PAGES.iter().zip(["<Alt>1", "<Alt>2", "<Alt>3"]).enumerate() {
            let name = format!("page{place}");
            add(&name, Box::new(move |own| own.stack.set_visible_child_name(page)));
            keys.push((format!("main.{name}"), key));
        }
        self.window.insert_action_group("main", Some(&actions));
        keys.iter().for_each(|(action, key)| application.set_accels_for_action(action, &[key]));
    }

    fn open_preferences(self: &Rc<Self>) {
        let settings = self.settings.borrow().clone();
        let weak = Rc::downgrade(self);
        let over = weak.clone();
        let pin = move |deed| over.upgrade().iter().for_each(|own| own.open_pin(deed));
        let window = preferences::open(&self.window, settings, self.has_pin.get(), pin, move |settings| {
            weak.upgrade().iter().for_each(|own| own.prefer(settings));
        });
        self.over(&window);
    }

    pub(super) fn prefer(self: &Rc<Self>, settings: &Settings) {
        self.settings.replace(settings.clone());
        self.lock.borrow_mut().set_idle_after(settings.idle_after());
        self.codes.set_shows_always(!settings.hide_codes);
        let settings = settings.clone();
        let Some(saved) = self.back.compute(move || settings.save()) else { return };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            if let (Some(own), Ok(Err(error))) = (weak.upgrade(), saved.await) {
                own.say(&format!("{}: {error}", text::NOT_SAVED));
            }
        });
    }

    fn open_about(&self) {
        let about = adw::AboutWindow::builder()
            .transient_for(&self.window)
            .modal(true)
            .application_name(text::TITLE)
            .application_icon(mfa_core::bus::AUTHENTICATOR)
            .version(env!("CARGO_PKG_VERSION"))
            .comments(text::ABOUT_TEXT)
            .website(env!("CARGO_PKG_REPOSITORY"))
            .license_type(gtk::License::MitX11)
            .build();
        parts::name(&about, &text::ABOUT_TITLE);
        parts::name_inside(about.upcast_ref(), &text::ABOUT_TITLE);
        self.over(&about);
    }
}
