//! What raises a login above what its rule asks: a new network, recent failures, an odd hour, another country.
//!
//! Unlike rules, all that fit apply, after rules, requirements and the floor. What must never happen: a signal that lowers
//! anything, or one that could not be looked up being taken for "nothing unusual".

use super::matching::{Fit, Matcher, Query};
use super::{Decision, Heard, Require, Set};
use crate::place::Place;
use crate::wire::Method;
use serde::{Deserialize, Serialize};

/// One `[[raise]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// Where it begins.
    pub place: Place,
    /// Which logins it is for, as a rule says it.
    pub matcher: Matcher,
    /// What about them is unusual.
    pub unusual: Unusual,
    /// What is asked then.
    pub demand: Set<Vec<Demand>>,
}

/// Signs that somebody else may be logging in; every one that is set must be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unusual {
    /// At least so many failures behind a first factor in the last hour; 0: not looked at.
    pub failures: u8,
    /// A push or an approval was denied in the last hour.
    pub denied: bool,
    /// The address is in none of these countries (ISO 3166-1, two letters); empty: not looked at.
    pub outside: Vec<String>,
}

/// What is asked of an unusual login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// A factor from everybody.
    Required,
    /// The number, whatever policy says of logins of this host.
    Number,
    /// No login is remembered.
    Fresh,
    /// A device's yes: no code does.
    Push,
    /// Nothing lets it in.
    Refuse,
}

/// What is known of a login against its user. `None` where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals<'a> {
    /// Whether the network is new.
    pub new_source: Option<bool>,
    /// Failures behind a first factor in the last hour.
    pub failures: Option<u8>,
    /// Whether a push or an approval was denied in the last hour.
    pub denied: Option<bool>,
    /// The country of the address, two letters.
    pub country: Option<&'a str>,
}

impl Raise {
    /// Whether the state of the user has to be read for it.
    #[must_use]
    pub fn looks_at_state(&self) -> bool {
        self.matcher.new_source || self.unusual.failures > 0 || self.unusual.denied
    }

    fn fits(&self, query: &Query<'_>) -> bool {
        if super::NEVER_ASKED.contains(&query.service) && !self.matcher.service.iter().any(|name| name == query.service)
        {
            return false;
        }
        let signals = &query.circumstances.signals;
        let remote = super::is_remote(query.circumstances.rhost, query.circumstances.tty);
        self.matcher.fit(query) != Fit::No && self.unusual.is_seen(signals, remote)
    }
}

impl Unusual {
    /// What is not known counts as seen.
    fn is_seen(&self, signals: &Signals<'_>, remote: bool) -> bool {
        let abroad = || match signals.country {
            Some(country) => !self.outside.iter().any(|known| known.eq_ignore_ascii_case(country)),
            None => true,
        };
        (self.failures == 0 || signals.failures.is_none_or(|seen| seen >= self.failures))
            && (!self.denied || signals.denied.unwrap_or(true))
            && (self.outside.is_empty() || (remote && abroad()))
    }
}

/// Applies all that fit.
pub(super) fn apply(raises: &[Raise], query: &Query<'_>, decision: &mut Decision) {
    for raise in raises.iter().filter(|raise| raise.fits(query)) {
        let place = &raise.demand.place;
        for demand in &raise.demand.value {
            match demand {
                Demand::Required if decision.require.value < Require::Required => {
                    decision.require = Set { value: Require::Required, place: place.clone() };
                    decision.from = None;
                }
                Demand::Required => {}
                // What is remembered was shown before this login was unusual.
                Demand::Number => (decision.number, decision.remember) = (true, 0),
                Demand::Fresh => decision.remember = 0,
                Demand::Push => {
                    decision.methods.retain(|method| *method == Method::Push);
                    decision.remember = 0;
                }
                Demand::Refuse => decision.refused = Some(place.clone()),
            }
        }
        decision.heard.push(Heard { place: place.clone(), require: decision.require.value, deadline: None });
    }
}
