//! The window that adds an account: from its address, or field by field.

use super::uri::{Fields, HASHES, KINDS};
use crate::catalogue::Text;
use crate::ui::{parts, text};
use adw::prelude::*;
use mfa_core::secret::Secret;
use std::cell::RefCell;
use std::rc::Rc;

/// What happens with an address.
type Ask = Rc<dyn Fn(Secret)>;

/// Where a picture of a QR code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Source {
    File,
    Clipboard,
    Screen,
}

/// What happens with a picture.
type Scan = Rc<dyn Fn(Source)>;

/// See the module.
pub(in crate::ui) struct AddDialog {
    pub(in crate::ui) window: adw::Window,
    address: gtk::PasswordEntry,
    issuer: gtk::Entry,
    name: gtk::Entry,
    key: gtk::PasswordEntry,
    kind: Vec<gtk::CheckButton>,
    hash: Vec<gtk::CheckButton>,
    digits: gtk::SpinButton,
    period: gtk::SpinButton,
    counter: gtk::SpinButton,
    problem: gtk::Label,
    add: gtk::Button,
    busy: gtk::Spinner,
    sources: Vec<(gtk::Button, Source)>,
    on_ask: RefCell<Option<Ask>>,
    on_scan: RefCell<Option<Scan>>,
}

impl AddDialog {
    pub(in crate::ui) fn new(parent: &impl IsA<gtk::Window>) -> Rc<Self> {
        let (address, key) = (parts::unseen(), parts::unseen());
        let (issuer, name) = (gtk::Entry::new(), gtk::Entry::new());
        let (kinds, kind) = parts::choice(&text::KINDS.map(Text::here));
        let (hashes, hash) = parts::choice(&HASHES);
        let number = |from: f64, to: f64, value: f64| {
            let spin = gtk::SpinButton::with_range(from, to, 1.0);
            spin.set_value(value);
            spin
        };
        let (digits, period, counter) = (number(6.0, 8.0, 6.0), number(15.0, 120.0, 30.0), number(0.0, 1e15, 0.0));
        let problem = parts::problem();
        let add = parts::pill(&text::ADD);
        add.add_css_class("suggested-action");
        let busy = gtk::Spinner::new();
        parts::name(&busy, &text::WORKING);

        let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(9).build();
        let heading = |text: &str| gtk::Label::builder().label(text).xalign(0.0).css_classes(["heading"]).build();
        page.append(&heading(&text::SCANNED));
        let scans = gtk::Box::builder().spacing(6).homogeneous(true).build();
        let source = |(label, name, source): (Text, Text, Source)| {
            let button = gtk::Button::with_label(&label);
            parts::name(&button, &name);
            scans.append(&button);
            (button, source)
        };
        let sources = [
            (text::FILE, text::FROM_FILE, Source::File),
            (text::CLIPBOARD, text::FROM_CLIPBOARD, Source::Clipboard),
            (text::SCREEN, text::FROM_SCREEN, Source::Screen),
        ];
        let sources = sources.map(source).into();
        page.append(&scans);
        page.append(&heading(&text::PASTED));
        page.append(&parts::field(&text::ADDRESS, &address));
        page.append(&heading(&text::BY_HAND));
        page.append(
            &gtk::Label::builder().label(text::BY_HAND_TEXT).xalign(0.0).wrap(true).css_classes(["dim-label"]).build(),
        );
        page.append(&parts::field(&text::ISSUER, &issuer));
        page.append(&parts::field(&text::NAME, &name));
        page.append(&parts::field(&text::KEY, &key));
        let more = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).margin_top(6).build();
        for (title, control) in [
            (&text::KIND, kinds.upcast_ref::<gtk::Widget>()),
            (&text::HASH, hashes.upcast_ref()),
            (&text::DIGITS, digits.upcast_ref()),
            (&text::PERIOD, period.upcast_ref()),
            (&text::COUNTER, counter.upcast_ref()),
        ] {
            more.append(&parts::field(title, control));
        }
        let details = gtk::Expander::builder().label(text::DETAILS).child(&more).build();
        parts::name(&details, &text::DETAILS_TEXT);
        page.append(&details);
        page.append(&problem);
        page.append(&busy);
        page.append(&add);

        let window = parts::dialog(parent, &text::ADD_TITLE, &parts::scrolled(&parts::clamp(&page)));
        window.set_default_height(620);
        let own = Rc::new(Self {
            window,
            address,
            issuer,
            name,
            key,
            kind,
            hash,
            digits,
            period,
            counter,
            problem,
            add,
            busy,
            sources,
            on_ask: RefCell::default(),
            on_scan: RefCell::default(),
        });
        own.connect();
        own
    }

    fn connect(self: &Rc<Self>) {
        let submit = {
            let weak = Rc::downgrade(self);
            move || weak.upgrade().iter().for_each(|own| own.submit())
        };
        let pressed = submit.clone();
        self.add.connect_clicked(move |_| pressed());
        for (button, source) in &self.sources {
            let (weak, source) = (Rc::downgrade(self), *source);
            button.connect_clicked(move |_| weak.upgrade().iter().for_each(|own| own.scan(source)));
        }
        for entry in [&self.issuer, &self.name] {
            let submit = submit.clone();
            entry.connect_activate(move |_| submit());
        }
        for entry in [&self.address, &self.key] {
            let submit = submit.clone();
            entry.connect_activate(move |_| submit());
        }
    }

    /// What happens with the address of the account that is to be added.
    pub(in crate::ui) fn on_ask(&self, action: impl Fn(Secret) + 'static) {
        self.on_ask.replace(Some(Rc::new(action)));
    }

    /// Adds what stands in the fields: the address where there is one.
    fn submit(&self) {
        let address = self.address.text();
        if !address.trim().is_empty() {
            return self.ask(Secret::from(address.trim().to_owned()));
        }
        let fields = Fields {
            issuer: self.issuer.text().into(),
            name: self.name.text().into(),
            key: Secret::from(String::from(self.key.text())),
            kind: chosen(&KINDS, &self.kind),
            hash: chosen(&HASHES, &self.hash),
            digits: u32::try_from(self.digits.value_as_int()).unwrap_or_default(),
            period: u32::try_from(self.period.value_as_int()).unwrap_or_default(),
            // Whole numbers from 0 to 1e15.
            counter: format!("{:.0}", self.counter.value()).parse().unwrap_or_default(),
        };
        if fields.issuer.trim().is_empty() && fields.name.trim().is_empty() {
            return self.refuse(&text::NO_NAME);
        }
        self.ask(fields.uri());
    }

    fn ask(&self, address: Secret) {
        self.problem.set_visible(false);
        self.busy.set_spinning(true);
        self.add.set_sensitive(false);
        let action = self.on_ask.borrow().clone();
        if let Some(action) = action {
            action(address);
        }
    }

    /// What happens with a picture of a QR code.
    pub(in crate::ui) fn on_scan(&self, action: impl Fn(Source) + 'static) {
        self.on_scan.replace(Some(Rc::new(action)));
    }

    fn scan(&self, source: Source) {
        self.problem.set_visible(false);
        let action = self.on_scan.borrow().clone();
        action.iter().for_each(|action| action(source));
    }

    /// It was not added, and why.
    pub(in crate::ui) fn refuse(&self, why: &str) {
        self.busy.set_spinning(false);
        self.add.set_sensitive(true);
        self.problem.set_label(why);
        self.problem.set_visible(!why.is_empty());
    }

    /// The focus where an address is pasted.
    pub(in crate::ui) fn focus(&self) {
        self.address.grab_focus();
    }

    /// Its window is gone, and so is what it was for.
    pub(in crate::ui) fn forget(&self) {
        self.on_ask.take();
        self.on_scan.take();
    }

    /// It was added.
    pub(in crate::ui) fn done(&self) {
        self.window.close();
    }
}

fn chosen(from: &[&'static str], buttons: &[gtk::CheckButton]) -> &'static str {
    let place = buttons.iter().position(gtk::prelude::CheckButtonExt::is_active).unwrap_or_default();
    from.get(place).copied().unwrap_or_default()
}
