//! "This computer": what mfad knows of the user, asked each time the page is looked at.
//!
//! What must never happen: an answer of anybody but mfad being shown, or one that is old being taken for new.

use super::back::Back;
use super::group::Group;
use super::{parts, text};
use crate::daemon;
use crate::{accounts, requests::short_fingerprint};
use adw::prelude::*;
use gtk::glib;
use mfa_core::bus::DeviceListed;
use mfa_core::bus::Trust;
use mfa_core::clean;
use std::rc::Rc;
use std::time::Duration;

/// Longest wait for mfad, which asks nobody here.
const PATIENCE: Duration = Duration::from_secs(10);

/// What mfad says.
struct Seen {
    devices: Vec<DeviceListed>,
}

/// See the module.
pub(super) struct ComputerPage {
    page: gtk::ScrolledWindow,
    devices: Group,
    trust: Trust,
    back: Rc<Back>,
}

impl ComputerPage {
    pub(super) fn new(trust: Trust, back: Rc<Back>) -> Rc<Self> {
        let who = Group::new(text::WHO, "");
        who.fill(&[
            parts::row(text::ACCOUNT, &clean::field(&accounts::own_name())),
            parts::row(text::HOST, &clean::field(&accounts::host_name())),
        ]);
        let devices = Group::new(text::DEVICES, text::DEVICES_TEXT);
        let again = parts::icon_button("view-refresh-symbolic", text::AGAIN);
        again.set_valign(gtk::Align::Center);
        again.add_css_class("flat");
        devices.beside(&again);
        let groups = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(24).build();
        groups.append(who.widget());
        groups.append(devices.widget());
        let page = parts::scrolled(&parts::clamp(&groups));
        let own = Rc::new(Self { page, devices, trust, back });
        let weak = Rc::downgrade(&own);
        again.connect_clicked(move |_| weak.upgrade().iter().for_each(|own| own.look()));
        let weak = Rc::downgrade(&own);
        own.page.connect_map(move |_| weak.upgrade().iter().for_each(|own| own.look()));
        own
    }

    pub(super) fn widget(&self) -> &gtk::ScrolledWindow {
        &self.page
    }

    fn look(self: &Rc<Self>) {
        self.devices.fill(&[parts::row(text::LOOKING, "")]);
        let Some(asked) = self.back.run(ask(self.trust)) else { return };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let answer = asked.await.unwrap_or_else(|error| Err(error.to_string()));
            weak.upgrade().iter().for_each(|own| own.show(&answer));
        });
    }

    fn show(&self, answer: &Result<Seen, String>) {
        let rows: Vec<_> = match answer {
            Ok(seen) if seen.devices.is_empty() => vec![parts::row(text::NO_DEVICES, text::NO_DEVICES_TEXT)],
            Ok(seen) => seen.devices.iter().map(device).collect(),
            Err(why) => vec![parts::row(text::NO_ANSWER, &clean::message(why))],
        };
        self.devices.fill(&rows);
    }
}

async fn ask(trust: Trust) -> Result<Seen, String> {
    let bus = daemon::system_bus(PATIENCE).build().await.map_err(|error| error.to_string())?;
    let owner = trust.find(&bus).await.map_err(|error| error.to_string())?;
    let factors = daemon::factors(&bus, &owner).await.map_err(|error| error.to_string())?;
    let devices = factors.devices().await.map_err(|error| error.words())?;
    Ok(Seen { devices })
}

fn device(device: &DeviceListed) -> gtk::ListBoxRow {
    let created = glib::DateTime::from_unix_local(device.created.try_into().unwrap_or_default())
        .and_then(|time| time.format("%x"))
        .map(String::from)
        .unwrap_or_default();
    let text = text::device(&created, device.suspended, &short_fingerprint(&device.fingerprint));
    parts::row(&clean::field(&device.label), &text)
}
