//! `[floor]`: what no rule goes below, whatever it gives.
//!
//! It lowers nothing and refuses no rule: what a rule gives beyond it is cut to it, and `mfactl explain` names the line that did.
//! Only where nothing would be left of both is the policy refused. What must never happen: one file's floor taking something from
//! another's.

use super::asks::Asks;
use super::{Approvers, Policy, Require, Set, Way};
use crate::place::{FileError, Place};
use crate::wire::Method;
use serde::{Deserialize, Serialize};

/// What every login is asked at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// What is asked.
    pub require: Set<Require>,
    /// Who approves; set where `require` is `approved`, and only there.
    pub approvers: Option<Set<Approvers>>,
    /// The bounds of everything else, where it has any.
    pub bounds: Option<Bounds>,
}

/// The most that a rule may give: all of it, since a line lost is no yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Only these may answer.
    pub methods: Set<Vec<Method>>,
    /// Answers one login may give.
    pub tries: Set<u8>,
    /// Whether a push of a login of this host asks for the number.
    pub number: Set<bool>,
    /// Seconds for which a login is remembered.
    pub remember: Set<u64>,
    /// Only these may be enrolled in the login itself.
    pub enrol: Set<Vec<Way>>,
    /// Seconds a person has.
    pub deadline: Set<u64>,
}

/// A line of the floor that decided something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Where it stands.
    pub place: Place,
    /// What it says, as a file spells it.
    pub says: String,
}

impl Held {
    /// The line about who approves.
    pub(super) fn of_approvers(set: &Set<Approvers>) -> Self {
        let Approvers { group, count } = &set.value;
        Self { place: set.place.clone(), says: format!("{{ group = {group:?}, count = {count} }}") }
    }
}

impl Floor {
    /// Both, in everything the stricter.
    ///
    /// # Errors
    /// Where there is no stricter one of the two.
    pub(super) fn and(self, other: Self) -> Result<Self, FileError> {
        let require = if other.require.value > self.require.value { other.require } else { self.require };
        let approvers = match (self.approvers, other.approvers) {
            (Some(known), Some(more)) => Some(both(&known, more)?),
            (known, more) => known.or(more),
        };
        let bounds = match (self.bounds, other.bounds) {
            (Some(known), Some(more)) => Some(known.and(more)?),
            (known, more) => known.or(more),
        };
        Ok(Self { require, approvers, bounds })
    }

    /// Who must approve, where a rule says these.
    pub(super) fn approvers(&self, ruled: Option<Approvers>) -> Option<Approvers> {
        let least = self.approvers.as_ref().map(|set| set.value.clone());
        match (ruled, least) {
            // Of the same group, or the policy had been refused.
            (Some(ruled), Some(least)) if ruled.count >= least.count => Some(ruled),
            (ruled, least) => least.or(ruled),
        }
    }
}

/// The more of both.
fn both(known: &Set<Approvers>, more: Set<Approvers>) -> Result<Set<Approvers>, FileError> {
    if known.value.group != more.value.group {
        let why =
            format!("the floor has approvers of another group already ({}): \"approved\" knows one group", known.place);
        return Err(FileError { place: more.place, why });
    }
    Ok(if more.value.count > known.value.count { more } else { known.clone() })
}

impl Bounds {
    fn and(self, other: Self) -> Result<Self, FileError> {
        let common: Vec<Method> = in_common(&self.methods.value, &other.methods.value);
        if is_nobody(&common) {
            let why =
                format!("the floor leaves nothing to log in by: it has other methods already ({})", self.methods.place);
            return Err(FileError { place: other.methods.place, why });
        }
        let ways = in_common(&self.enrol.value, &other.enrol.value);
        let of = |whole: bool, known: Place, more: Place| if whole { known } else { more };
        Ok(Self {
            methods: Set {
                place: of(common.len() == self.methods.value.len(), self.methods.place, other.methods.place),
                value: common,
            },
            tries: least(self.tries, other.tries),
            number: if other.number.value { other.number } else { self.number },
            remember: least(self.remember, other.remember),
            enrol: Set {
                place: of(ways.len() == self.enrol.value.len(), self.enrol.place, other.enrol.place),
                value: ways,
            },
            deadline: least(self.deadline, other.deadline),
        })
    }

    /// Cuts what a rule gives.
    pub(super) fn hold(&self, asks: &mut Asks) {
        asks.methods.retain(|method| self.methods.value.contains(method));
        asks.tries = asks.tries.min(self.tries.value);
        asks.number |= self.number.value;
        asks.remember = asks.remember.min(self.remember.value);
        asks.enrol.retain(|way| self.enrol.value.contains(way));
        asks.time = Some(asks.time.map_or(self.deadline.value, |time| time.min(self.deadline.value)));
    }

    /// The lines that made `held` of what was `asked`.
    pub(super) fn deciding(&self, asked: &Asks, held: &Asks) -> Vec<Held> {
        let line = |decided: bool, place: &Place, says: String| decided.then(|| Held { place: place.clone(), says });
        [
            line(asked.methods != held.methods, &self.methods.place, list(&self.methods.value)),
            line(asked.tries != held.tries, &self.tries.place, self.tries.value.to_string()),
            line(asked.number != held.number, &self.number.place, self.number.value.to_string()),
            line(asked.remember != held.remember, &self.remember.place, span(self.remember.value)),
            line(asked.enrol != held.enrol, &self.enrol.place, list(&self.enrol.value)),
            line(asked.time != held.time, &self.deadline.place, span(self.deadline.value)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Checks that something is left of every rule.
///
/// # Errors
/// The first one of which nothing is.
pub(super) fn check(policy: &Policy) -> Result<(), FileError> {
    let Some(floor) = &policy.floor else { return Ok(()) };
    let methods = policy.rules.iter().filter_map(|rule| rule.methods.as_ref());
    if let Some(bounds) = &floor.bounds {
        for set in methods.chain([&policy.methods]) {
            if is_nobody(&in_common(&set.value, &bounds.methods.value)) {
                let why = format!("the floor ({}) leaves nothing of these to log in by", bounds.methods.place);
                return Err(FileError { place: set.place.clone(), why });
            }
        }
    }
    if let Some(least) = &floor.approvers {
        let approvers = policy.rules.iter().filter_map(|rule| rule.approvers.as_ref()).chain(&policy.approvers);
        if let Some(other) = approvers.into_iter().find(|set| set.value.group != least.value.group) {
            let why = format!("the floor ({}) wants the approval of {}", least.place, least.value.group);
            return Err(FileError { place: other.place.clone(), why });
        }
    }
    Ok(())
}

/// Whether nobody can log in by these for long: recovery codes are for ten logins.
fn is_nobody(methods: &[Method]) -> bool {
    methods.iter().all(|method| *method == Method::Recovery)
}

fn in_common<T: Copy + PartialEq>(these: &[T], those: &[T]) -> Vec<T> {
    these.iter().copied().filter(|one| those.contains(one)).collect()
}

fn least<T: PartialOrd>(known: Set<T>, more: Set<T>) -> Set<T> {
    if more.value < known.value { more } else { known }
}

fn list<T: ToString>(of: &[T]) -> String {
    let names: Vec<String> = of.iter().map(|one| format!("\"{}\"", one.to_string())).collect();
    format!("[{}]", names.join(", "))
}

fn span(seconds: u64) -> String {
    if seconds == 0 { String::from("\"0\"") } else { format!("\"{seconds}s\"") }
}
