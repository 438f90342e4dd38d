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
use mfa_core::limits::address_of;
use mfa_core::login::Standing;
use mfa_core::now::Now;
use mfa_core::policy::{Decision, Signals, is_remote};
use mfa_core::state::State;
use mfa_core::wire::{Context, Method};
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
            new_source: new_source(context, |prefix| state.knows_source(prefix)),
            failures: state.failures_of_the_hour(now),
            denied: state.denied_of_the_hour(now),
            country,
        }
    }
}

/// Whether a login comes from a network it never came from. One of this host comes from nowhere; where one comes from whose address
/// is not told is not known.
fn new_source(context: &Context, knows: impl Fn(&str) -> bool) -> Option<bool> {
    match prefix(context) {
        Some(prefix) => Some(!knows(&prefix)),
        None if is_remote(context.rhost.as_deref(), context.tty.as_deref()) => None,
        None => Some(false),
    }
}

/// The state of an account as it stands; one who is not enrolled has an empty one.
fn state_of(authority: &Authority, account: &Account, now: Now) -> Option<State> {
    match authority.store.enrollment(&account.name) {
        Ok(Some(enrollment)) => {
            let stored = authority.store.state(&account.name).ok()?.take();
            Some(State::of(&enrollment, stored, now).0)
        }
        Ok(None) => Some(State::new(mfa_core::enrollment::StateId::new([0; 16]), account.uid)),
        Err(_) => None,
    }
}

/// Whether a login like this is remembered, by what the decision asks.
pub(super) fn is_remembered(authority: &Authority, account: &Account, context: &Context, asked: &Decision) -> bool {
    let Some(place) = place(context) else { return false };
    let now = authority.clock.now();
    state_of(authority, account, now).is_some_and(|state| state.remembers(asked.kind, &place, asked, now))
}

/// A login was let in by `method`: where policy wants it, its network is noted and the login remembered. The caller holds the user's lock.
pub(super) fn note_success(authority: &Authority, session: &Session, method: Method) {
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
                let shown = (method, session.decision.number);
                state.remember(session.login.kind(), &place, shown, remember, id, now);
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
    address_of(context.rhost.as_deref()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_told_is_not_taken_for_a_known_one() {
        let of = |rhost: Option<&str>, tty: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let context = Context { rhost: own(rhost), tty: own(tty), ..Context::default() };
            new_source(&context, |prefix| prefix == "192.0.2.7" || prefix == "fe80:0:0:0::/64")
        };
        assert_eq!(of(Some("192.0.2.7"), Some("ssh")), Some(false));
        assert_eq!(of(Some("fe80::1%eth0"), Some("ssh")), Some(false));
        assert_eq!(of(Some("203.0.113.9"), Some("ssh")), Some(true));
        assert_eq!(of(Some("host.attacker.example"), Some("ssh")), None);
        assert_eq!(of(None, Some("ssh")), None);
        assert_eq!(of(None, Some("pts/3")), Some(false));
    }
}
