//! What a rule, or the top of the files, asks in full; and the strictest of several that may be the one.
//!
//! What must never happen: a rule that might fit (a group that cannot be looked up) being weaker in anything than the result.

use super::floor::Bounds;
use super::matching::Fit;
use super::{Approvers, NEVER_ASKED, OWN_PROGRAM, Policy, Query, Require, Rule, Set, Way};
use crate::place::Place;
use crate::wire::Method;

/// Everything that is asked of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asks {
    pub(super) require: Set<Require>,
    pub(super) approvers: Option<Approvers>,
    pub(super) methods: Vec<Method>,
    pub(super) tries: u8,
    pub(super) number: bool,
    /// Seconds.
    pub(super) remember: u64,
    pub(super) enrol: Vec<Way>,
    /// Seconds.
    pub(super) time: Option<u64>,
}

impl Asks {
    /// What `rule` asks of a login of `service`, within these bounds; without one, what the top of the files does.
    pub(super) fn by(rule: Option<&Rule>, policy: &Policy, service: &str, bounds: Option<&Bounds>) -> Self {
        let require = match rule {
            Some(rule) => rule.require.clone(),
            None if NEVER_ASKED.contains(&service) => {
                Set { value: Require::Off, place: Place::built_in("services never asked") }
            }
            None => policy.require.clone(),
        };
        let approvers = rule.map_or(policy.approvers.as_ref(), |rule| rule.approvers.as_ref());
        let ruled = rule.and_then(|rule| rule.methods.as_ref());
        let mut methods = ruled.unwrap_or(&policy.methods).value.clone();
        // A rule that lost its service does not name this one.
        let names_own = |rule: &Rule| rule.methods.is_some() && rule.matcher.service.iter().any(|name| name == service);
        if service == OWN_PROGRAM && !rule.is_some_and(names_own) {
            methods.retain(|method| *method != Method::Push);
        }
        let mut asks = Self {
            approvers: approvers.filter(|_| require.value == Require::Approved).map(|set| set.value.clone()),
            methods,
            tries: rule.and_then(|rule| rule.tries.as_ref()).unwrap_or(&policy.tries).value,
            number: rule.and_then(|rule| rule.number.as_ref()).unwrap_or(&policy.number).value,
            remember: rule.and_then(|rule| rule.remember.as_ref()).unwrap_or(&policy.remember).value,
            enrol: rule.and_then(|rule| rule.enrol.as_ref()).unwrap_or(&policy.enrol).value.clone(),
            time: rule.and_then(|rule| rule.deadline.as_ref()).or(policy.deadline.as_ref()).map(|set| set.value),
            require,
        };
        if let Some(bounds) = bounds {
            bounds.hold(&mut asks);
        }
        asks
    }

    /// The same for a login that shows no first factor: tries and time are the least that anybody's would have, so that who counts
    /// prompts or waits for the end does not learn whose rule it is. A program of the user's own learns nothing that is not its own.
    pub(super) fn like_anybodys(mut self, policy: &Policy, query: &Query<'_>, bounds: Option<&Bounds>) -> Self {
        if !query.circumstances.first_factors.is_empty() || query.service == OWN_PROGRAM {
            return self;
        }
        let fits = |rule: &&Rule| rule.matcher.fit_of_anybody(query);
        let is_last = |rule: &&Rule| rule.matcher.is_of_anybody() && fits(rule) == Fit::Yes;
        let last = policy.rules.iter().position(|rule| is_last(&rule));
        let reached = policy.rules.iter().take(last.map_or(usize::MAX, |last| last.saturating_add(1)));
        let rules = reached.filter(|rule| fits(rule) != Fit::No).map(Some);
        for rule in rules.chain(last.is_none().then_some(None)) {
            let other = Self::by(rule, policy, query.service, bounds);
            self.tries = self.tries.min(other.tries);
            self.time = [self.time, other.time].into_iter().flatten().min();
        }
        self
    }

    /// The same, made as strict in everything as `other`, which may be what holds.
    pub(super) fn or_maybe(mut self, other: Self) -> Self {
        let approvals = |approvers: &Option<Approvers>| approvers.as_ref().map_or(0, |approvers| approvers.count);
        if approvals(&other.approvers) > approvals(&self.approvers) {
            self.approvers = other.approvers;
        }
        if other.require.value > self.require.value {
            self.require = other.require;
        }
        self.methods.retain(|method| other.methods.contains(method));
        self.tries = self.tries.min(other.tries);
        self.number |= other.number;
        self.remember = self.remember.min(other.remember);
        self.enrol.retain(|way| other.enrol.contains(way));
        self.time = [self.time, other.time].into_iter().flatten().min();
        self
    }
}
