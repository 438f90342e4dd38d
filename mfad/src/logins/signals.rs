//! What is known against a login, and what is remembered of it afterwards: networks, failures, denials, the country.
//!
//! Read without the user's lock before anything is asked; what is written afterwards is written under it. What must never
//! happen: a state that cannot be read being taken for "nothing unusual".

use super::Session;
use crate::accounts::{Account, Lookup};
use crate::authority::{Authority, InForce};
use crate::changes::change_state;
use crate::clock::random;
use mfa_core::clean;
use mfa_core::grants::place;
use mfa_core::limits::Budget;
use mfa_core::login::Standing;
use mfa_core::now::Now;
use mfa_core::policy::Signals;
use mfa_core::state::State;
use mfa_core::wire::{Context, Kind};
use std::net::IpAddr;

/// What the files and the country database say, owned: [`Signals`] borrows from it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    new_source: Option<bool>,
    failures: Option<u8>,
    denied: Option<bool>,
    country: Option<String>,
}

impl Seen {
    pub(super) fn signals(&self) -> Signals<'_> {
        Signals {
            new_source: self.new_source,
            failures: self.failures,
            denied: self.denied,
            country: self.country.as_deref(),
        }
    }

    /// Looks where policy wants to know.
    pub(super) fn of(authority: &Authority, in_force: &InForce, context: &Context, looked_up: &Lookup) -> Self {
        let address = address(context);
        let country = address.and_then(|address| in_force.countries.as_ref()?.of(address));
        let Lookup::Found(account) = looked_up else { return Self { country, ..Self::default() } };
        if !in_force.policy.looks_at_state() {
            return Self { country, ..Self::default() };
        }
        let now = authority.clock.now();
        let Some(state) = state_of(authority, account, now) else { return Self { country, ..Self::default() } };
        Self {
            // A login of this host comes from nowhere.
            new_source: Some(prefix(context).is_some_and(|prefix| !state.knows_source(&prefix))),
            failures: Some(state.failures_of_the_hour(now)),
            denied: Some(state.denied_of_the_hour(now)),
            country,
        }
    }
}

/// The state of an account as it stands; one who is not enrolled has an empty one.
fn state_of(authority: &Authority, account: &Account, now: Now) -> Option<State> {
    match authority.store.enrollment(&account.name) {
        Ok(Some(enrollment)) => {
            let stored = authority.store.state(&account.name).ok()?.take();
            Some(State::of(&enrollment, stored, now).0)
        }
        Ok(None) => Some(State::new(mfa_core::enrollment::StateId::new([0; 16]))),
        Err(_) => None,
    }
}

/// Whether a login like this is remembered.
pub(super) fn is_remembered(authority: &Authority, account: &Account, context: &Context, kind: Kind) -> bool {
    let Some(place) = place(context) else { return false };
    let now = authority.clock.now();
    state_of(authority, account, now).is_some_and(|state| state.remembers(kind, &place, now))
}

/// A login was let in: where policy wants it, its network is noted and the login remembered. The caller holds the user's lock.
pub(super) fn note_success(authority: &Authority, session: &Session) {
    let remember = session.decision.remember;
    let sources = authority.in_force().policy.looks_at_state();
    if session.standing != Standing::Evidence || (remember == 0 && !sources) {
        return;
    }
    let now = authority.clock.now();
    let noted = authority.store.enrollment(&session.user).map_err(|why| why.to_string()).and_then(|enrollment| {
        let Some(enrollment) = enrollment else { return Ok(()) };
        let id = random().map_err(|why| why.to_string())?;
        change_state(authority, &enrollment, |state| {
            if let Some(prefix) = prefix(&session.context) {
                state.note_source(&prefix);
            }
            if let Some(place) = place(&session.context).filter(|_| remember > 0) {
                state.remember(session.login.kind(), &place, remember, id, now);
            }
        })
        .map_err(|why| why.0)
    });
    if let Err(why) = noted {
        tracing::warn!("a login of {} is not remembered: {why}", clean::quoted(&session.user));
    }
}

/// The network of an address; names are the name server's word and noted nowhere.
fn prefix(context: &Context) -> Option<String> {
    let address = address(context)?;
    match Budget::source(Some(&address.to_string())) {
        Budget::Source(prefix) => Some(prefix),
        Budget::Evidence | Budget::Own | Budget::Admin => None,
    }
}

fn address(context: &Context) -> Option<IpAddr> {
    context.rhost.as_deref()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
