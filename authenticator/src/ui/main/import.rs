//! Accounts from other authenticators' files, from pictures of QR codes, and from addresses that other programs open.
//!
//! What must never happen: a file read or a key derived on GTK's thread, or a picture of the screen left behind on the disk.

use super::MainWindow;
use crate::ui::adding::{AddDialog, Source};
use crate::ui::{parts, portal, text};
use crate::vault::import::{self, Format, Import, ImportError, read_file};
use crate::vault::picture;
use adw::prelude::*;
use gtk::{gio, glib};
use mfa_core::secret::Secret;
use std::path::PathBuf;
use std::rc::Rc;

impl MainWindow {
    /// Asks for a file, and reads it.
    pub(super) fn open_import(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.choose(&text::IMPORT_TITLE, gtk::FileChooserAction::Open, None, move |path| {
            weak.upgrade().iter().for_each(|own| own.import(path.clone(), None, None));
        });
    }

    /// Lets the user choose a file; nothing happens where none is chosen.
    pub(super) fn choose(
        &self,
        title: &str,
        action: gtk::FileChooserAction,
        name: Option<&str>,
        then: impl Fn(PathBuf) + 'static,
    ) {
        let chooser = gtk::FileChooserNative::new(Some(title), Some(&self.window), action, None, None);
        name.iter().for_each(|name| chooser.set_current_name(name));
        chooser.set_modal(true);
        // It lives until it is answered, or the window locks.
        let kept = chooser.clone();
        self.chooser.replace(Some(chooser.clone()));
        chooser.connect_response(move |chooser, response| {
            if response == gtk::ResponseType::Accept
                && let Some(path) = chooser.file().and_then(|file| file.path())
            {
                then(path);
            }
            kept.hide();
        });
        chooser.show();
    }

    /// Reads `path`, asks for its password where it has one, and shows what is in it.
    fn import(self: &Rc<Self>, path: PathBuf, password: Option<Secret>, asked: Option<&Asked>) {
        let file = path.clone();
        let work = move || {
            let content = read_file(&file, import::LONGEST).map_err(|why| (why.to_string(), false))?;
            import::read(content.expose(), None, password.as_ref())
                .map_err(|why| (sentence(&why.to_string()), matches!(why, ImportError::Password)))
        };
        let Some(read) = self.back.compute(work) else { return };
        let (weak, asked, locks) = (Rc::downgrade(self), asked.cloned(), self.locks.get());
        glib::spawn_future_local(async move {
            let (Ok(read), Some(own)) = (read.await, weak.upgrade()) else { return };
            if own.locks.get() != locks {
                return;
            }
            match (read, asked) {
                (Ok(read), asked) => {
                    asked.iter().for_each(Asked::close);
                    own.review(read);
                }
                (Err((_, true)), None) => own.ask_password(path),
                (Err((why, _)), Some(asked)) => asked.refuse(&why),
                (Err((why, _)), None) => own.say(&why),
            }
        });
    }

    fn ask_password(self: &Rc<Self>, path: PathBuf) {
        let password = parts::unseen();
        let problem = parts::problem();
        let busy = gtk::Spinner::new();
        parts::name(&busy, &text::WORKING);
        let button = parts::pill(&text::OPEN);
        button.add_css_class("suggested-action");
        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        page.append(&gtk::Label::builder().label(text::FILE_PASSWORD).wrap(true).xalign(0.0).build());
        page.append(&parts::field(&text::PASSWORD, &password));
        for widget in [problem.upcast_ref::<gtk::Widget>(), busy.upcast_ref(), button.upcast_ref()] {
            page.append(widget);
        }
        let window = parts::dialog(&self.window, &text::IMPORT_TITLE, &parts::clamp(&page));
        let asked = Asked { window: window.downgrade(), problem, busy, button: button.clone() };
        let (weak, entry) = (Rc::downgrade(self), password.clone());
        let submit = Rc::new(move || {
            if let Some(own) = weak.upgrade().filter(|_| asked.begin()) {
                own.import(path.clone(), Some(Secret::from(String::from(entry.text()))), Some(&asked));
            }
        });
        let pressed = submit.clone();
        button.connect_clicked(move |_| pressed());
        password.connect_activate(move |_| submit());
        self.over(&window);
        password.grab_focus();
    }

    /// Takes a QR code from where the user says, for the dialog that adds accounts.
    pub(super) fn scan(self: &Rc<Self>, source: Source, dialog: &Rc<AddDialog>) {
        let (weak, dialog, locks) = (Rc::downgrade(self), dialog.clone(), self.locks.get());
        let scanned = move |bytes: Result<Vec<u8>, String>| {
            // A portal may have taken its time.
            let Some(own) = weak.upgrade().filter(|own| own.locks.get() == locks) else { return };
            match bytes {
                Ok(bytes) => own.scanned(bytes, &dialog),
                Err(why) => dialog.refuse(&why),
            }
        };
        match source {
            Source::File => {
                let scanned = Rc::new(scanned);
                let back = self.back.clone();
                self.choose(&text::PICTURE_TITLE, gtk::FileChooserAction::Open, None, move |path| {
                    let Some(read) = back.compute(move || read_file(&path, picture::LONGEST)) else { return };
                    let scanned = scanned.clone();
                    glib::spawn_future_local(async move {
                        let Ok(read) = read.await else { return };
                        scanned(
                            read.map(|content| content.expose().to_vec()).map_err(|why| sentence(&why.to_string())),
                        );
                    });
                });
            }
            Source::Clipboard => {
                let clipboard = gtk::prelude::WidgetExt::display(&self.window).clipboard();
                glib::spawn_future_local(async move {
                    scanned(match clipboard.read_texture_future().await {
                        Ok(Some(texture)) => Ok(texture.save_to_png_bytes().to_vec()),
                        Ok(None) | Err(_) => Err(text::NO_PICTURE_COPIED.to_string()),
                    });
                });
            }
            Source::Screen => {
                let bus = self.window.application().and_then(|application| application.dbus_connection());
                let back = self.back.clone();
                glib::spawn_future_local(async move {
                    let shot = match bus {
                        Some(bus) => portal::screenshot(&bus).await,
                        None => Err(portal::NoPicture::NoPortal),
                    };
                    let read = match shot {
                        Ok(path) => {
                            let Some(read) = back.compute(move || portal::read(&path)) else { return };
                            let Ok(read) = read.await else { return };
                            read
                        }
                        Err(why) => Err(why),
                    };
                    scanned(read.map_err(|why| why.to_string()));
                });
            }
        }
    }

    fn scanned(self: &Rc<Self>, bytes: Vec<u8>, dialog: &Rc<AddDialog>) {
        let work = move || {
            let bytes = Secret::new(bytes);
            let found = picture::addresses(bytes.expose()).map_err(|why| why.to_string())?;
            read_all(&found).map_err(|why| sentence(&why.to_string()))
        };
        let Some(read) = self.back.compute(work) else { return };
        let (weak, dialog, locks) = (Rc::downgrade(self), dialog.clone(), self.locks.get());
        glib::spawn_future_local(async move {
            let (Ok(read), Some(own)) = (read.await, weak.upgrade()) else { return };
            match read {
                Ok(read) if own.locks.get() == locks => {
                    dialog.done();
                    own.review(read);
                }
                Ok(_) => {}
                Err(why) => dialog.refuse(&why),
            }
        });
    }

    /// Addresses that another program opens: shown before anything is added.
    pub(in crate::ui) fn open_addresses(self: &Rc<Self>, files: &[gio::File]) {
        if self.lock.borrow().cause().is_some() {
            return self.locked.refuse(&text::UNLOCK_FIRST);
        }
        let found: Vec<Secret> = files.iter().map(|file| Secret::from(String::from(file.uri()))).collect();
        match read_all(&found) {
            Ok(read) => self.review(read),
            Err(why) => self.say(&sentence(&why.to_string())),
        }
    }
}

/// Reads addresses as a list of them.
fn read_all(found: &[Secret]) -> Result<Import, ImportError> {
    let mut list = Vec::with_capacity(found.iter().map(|uri| uri.len() + 1).sum());
    for uri in found {
        list.extend_from_slice(uri.expose());
        list.push(b'\n');
    }
    import::read(Secret::new(list).expose(), Some(Format::Uris), None)
}

/// What a library says, as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let whole: String = first.into_iter().flatten().chain(letters).collect();
    if whole.ends_with('.') { whole } else { whole + "." }
}

/// The window that asks for a file's password.
#[derive(Clone)]
struct Asked {
    window: glib::WeakRef<adw::Window>,
    problem: gtk::Label,
    busy: gtk::Spinner,
    button: gtk::Button,
}

impl Asked {
    /// Whether a try begins: one at a time.
    fn begin(&self) -> bool {
        let free = self.button.is_sensitive();
        self.button.set_sensitive(false);
        self.busy.set_spinning(true);
        self.problem.set_visible(false);
        free
    }

    fn refuse(&self, why: &str) {
        self.button.set_sensitive(true);
        self.busy.set_spinning(false);
        self.problem.set_label(why);
        self.problem.set_visible(true);
    }

    fn close(&self) {
        self.window.upgrade().iter().for_each(gtk::prelude::GtkWindowExt::close);
    }
}
