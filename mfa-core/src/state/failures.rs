//! What failures cost: who waits, what is charged before an answer is looked at, and what is forgotten after a good one.
//!
//! Called by whoever checks an answer, inside the user's transaction, before it is looked at. What must never happen: a stranger's
//! failure that keeps out one who shows a first factor.

use super::{FAILURES_KEPT, State};
use crate::enrollment::FactorId;
use crate::limits::{ADMIN_AT, Budget, Counter, Lockout, OWN_AT, SOURCES, STRANGERS_AT};
use crate::now::Now;
use crate::pushes::Pushes;
use serde::{Deserialize, Serialize};

/// What came from one network without evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    #[serde(rename = "p")]
    prefix: String,
    #[serde(rename = "c")]
    pub(super) counter: Counter,
}

impl State {
    /// Seconds an attempt on `id` by `budget` must wait; `u64::MAX` when the budget is used up.
    pub fn wait(&mut self, id: &FactorId, budget: &Budget, now: Now) -> u64 {
        let spent_up = match budget {
            Budget::Evidence => false,
            Budget::Source(_) => self.strangers >= STRANGERS_AT,
            Budget::Own => self.factor(id).own.failures >= OWN_AT,
            Budget::Admin => self.factor(id).admin.failures >= ADMIN_AT,
        };
        if spent_up { u64::MAX } else { self.counter(id, budget).wait(now) }
    }

    /// Charges one failure of an attempt on `ids`, before it is evaluated.
    pub fn charge(&mut self, ids: &[&FactorId], budget: &Budget, now: Now, lockout: Lockout) {
        if let Budget::Source(_) = budget {
            // A source's counter is the user's, whatever factors the answer could have been meant for.
            self.strangers = self.strangers.saturating_add(1);
            if let Some(first) = ids.first() {
                self.counter(first, budget).charge(now, lockout);
            }
            return;
        }
        for id in ids {
            self.counter(id, budget).charge(now, lockout);
        }
        if *budget == Budget::Evidence {
            if self.failed.len() >= FAILURES_KEPT {
                self.failed.remove(0);
            }
            self.failed.push(now.boottime);
        }
    }

    /// A success with `id`: its own failures are forgotten, with evidence everybody's. Those of a source are taken off the
    /// strangers' total too: where no login shows evidence, a user's own typing errors must not add up for ever.
    pub fn clear(&mut self, id: &FactorId, budget: &Budget) {
        let forgotten = std::mem::take(self.counter(id, budget)).failures;
        if let Budget::Source(_) = budget {
            self.strangers = self.strangers.saturating_sub(forgotten);
        }
        if *budget == Budget::Evidence {
            let factor = self.factor(id);
            factor.own = Counter::default();
            factor.admin = Counter::default();
            self.strangers = 0;
            self.sources.clear();
        }
    }

    /// Forgets all failures and disablings: `mfactl unlock`.
    pub fn unlock(&mut self) {
        for factor in self.factors.values_mut() {
            factor.disabled = false;
            factor.evidence = Counter::default();
            factor.own = Counter::default();
            factor.admin = Counter::default();
        }
        self.strangers = 0;
        self.sources.clear();
        self.pushes = Pushes::default();
        self.approvals = Pushes::default();
        // A rule that raises by these would go on refusing whom the administrator has just let back in.
        self.failed.clear();
        self.denied = None;
    }

    fn counter(&mut self, id: &FactorId, budget: &Budget) -> &mut Counter {
        match budget {
            Budget::Evidence => &mut self.factor(id).evidence,
            Budget::Own => &mut self.factor(id).own,
            Budget::Admin => &mut self.factor(id).admin,
            Budget::Source(prefix) => self.source(prefix),
        }
    }

    fn source(&mut self, prefix: &str) -> &mut Counter {
        let found = self.sources.iter().position(|known| known.prefix == prefix);
        let source = match found {
            Some(index) => self.sources.remove(index),
            None => {
                if self.sources.len() >= SOURCES {
                    self.sources.remove(0);
                }
                Source { prefix: prefix.to_owned(), counter: Counter::default() }
            }
        };
        // The latest stands last: the first is the one to forget.
        self.sources.push(source);
        let last = self.sources.len() - 1;
        // `last` is the index of the element pushed above.
        #[expect(clippy::indexing_slicing)]
        &mut self.sources[last].counter
    }
}
