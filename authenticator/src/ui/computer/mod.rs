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
use mfa_core::bus::{DeviceListed, FactorListed, OwnFactors, Trust};
use mfa_core::clean;
use std::rc::Rc;
use std::time::Duration;

/// Longest wait for mfad, which asks nobody here.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct ComputerPage {
    page: gtk::ScrolledWindow,
    factors: Group,
    devices: Group,
    trust: Trust,
    back: Rc<Back>,
}

impl ComputerPage {
    pub(super) fn new(trust: Trust, back: Rc<Back>) -> Rc<Self> {
        let who = Group::new(&text::WHO, "");
        who.fill(&[
            parts::row(&text::ACCOUNT, &clean::field(&accounts::own_name())),
            parts::row(&text::HOST, &clean::field(&accounts::host_name())),
        ]);
        let factors = Group::new(&text::FACTORS, &text::FACTORS_TEXT);
        let devices = Group::new(&text::DEVICES, &text::DEVICES_TEXT);
        let again = parts::icon_button("view-refresh-symbolic", &text::AGAIN);
        again.set_valign(gtk::Align::Center);
        again.add_css_class("flat");
        factors.beside(&again);
        let groups = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(24).build();
        groups.append(who.widget());
        groups.append(factors.widget());
        groups.append(devices.widget());
        let page = parts::scrolled(&parts::clamp(&groups));
        let own = Rc::new(Self { page, factors, devices, trust, back });
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
        self.factors.fill(&[parts::row(&text::LOOKING, "")]);
        self.devices.widget().set_visible(false);
        let Some(asked) = self.back.run(ask(self.trust)) else { return };
        let weak = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let answer = asked.await.unwrap_or_else(|error| Err(error.to_string()));
            weak.upgrade().iter().for_each(|own| own.show(&answer));
        });
    }

    fn show(&self, answer: &Result<OwnFactors, String>) {
        let seen = match answer {
            Ok(seen) => seen,
            Err(why) => return self.factors.fill(&[parts::row(&text::NO_ANSWER, &clean::message(why))]),
        };
        let (title, words) = text::state(seen.enrolled, &seen.required, &day(seen.deadline));
        let mut rows = vec![parts::row(title, &words)];
        rows.extend(seen.factors.iter().map(factor));
        if seen.enrolled {
            let (left, words) = text::recovery_codes(seen.recovery_left);
            rows.push(parts::row(&left, words));
        }
        rows.extend(seen.problems.iter().map(|problem| parts::row(&text::PROBLEM, &clean::message(problem))));
        self.factors.fill(&rows);
        let devices: Vec<_> = match seen.devices.as_slice() {
            [] => vec![parts::row(&text::NO_DEVICES, &text::NO_DEVICES_TEXT)],
            devices => devices.iter().map(device).collect(),
        };
        self.devices.fill(&devices);
        self.devices.widget().set_visible(true);
    }
}

async fn ask(trust: Trust) -> Result<OwnFactors, String> {
    let bus = daemon::system_bus(PATIENCE).build().await.map_err(|error| error.to_string())?;
    let owner = trust.find(&bus).await.map_err(|why| daemon::unreached(&why))?;
    let factors = daemon::factors(&bus, &owner).await.map_err(|error| error.to_string())?;
    factors.list().await.map_err(|error| error.words())
}

fn factor(factor: &FactorListed) -> gtk::ListBoxRow {
    let name = match factor.token.as_str() {
        "" => clean::field(&factor.label),
        serial => text::token(&clean::field(serial)),
    };
    parts::row(&name, &text::factor(&factor.method, &factor.state, &day(factor.created), &day(factor.last_used)))
}

fn device(device: &DeviceListed) -> gtk::ListBoxRow {
    let text = text::device(&day(device.created), device.suspended, &short_fingerprint(&device.fingerprint));
    parts::row(&clean::field(&device.label), &text)
}

/// The day of seconds since 1970, as the user's language writes it; empty for 0.
fn day(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let time = seconds.and_then(|seconds| glib::DateTime::from_unix_local(seconds).ok());
    time.and_then(|time| time.format("%x").ok()).map(String::from).unwrap_or_default()
}
