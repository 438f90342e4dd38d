//! What changes at a login: marks, counters, failures, spent recovery codes.
//!
//! One record per user, read and written by mfad inside that user's transaction. The mark of an
//! accepted code is durable here before the answer is "yes". What must never happen: a record that is
//! missing, another enrolment's or of a later file than there is being taken for a fresh one (a spent code would live again).

mod failures;

use crate::bypass::Used;
use crate::enrollment::{Enrollment, Factor, FactorId, Recovery, StateId};
use crate::grants::Grant;
use crate::limits::{Counter, SOURCES};
use crate::now::{Boot, Now, OLDEST};
use crate::pushes::Pushes;
use failures::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The record of one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The enrolment it belongs to.
    pub state_id: StateId,
    /// The uid that one is of: where its file cannot be read, nothing else says so.
    pub uid: u32,
    /// Set when the record had to be made anew for an enrolment that had one, or the file is older than the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// The boot that the delays below count in.
    boot: Boot,
    /// Per factor; a factor without an entry was never used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<FactorId, FactorState>,
    /// Indexes of spent recovery codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<u8>,
    /// Of which set they are: when it was made. Where it is not said, they count against whichever set stands.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub spent_of: Option<u64>,
    /// How often the bypass was used.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub bypass: Option<Used>,
    /// Failures without evidence over all sources since the last success with evidence, less those of sources that succeeded since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strangers: u32,
    /// The same by source, the latest last; at most [`SOURCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<Source>,
    /// The pushes of the last minutes.
    #[serde(default, skip_serializing_if = "Pushes::is_clear")]
    pub pushes: Pushes,
    /// The same of requests to those who approve logins of this user.
    #[serde(default, skip_serializing_if = "Pushes::is_clear")]
    pub approvals: Pushes,
    /// `CLOCK_BOOTTIME` seconds of the last failures behind a first factor; at most [`FAILURES_KEPT`], the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed: Vec<u64>,
    /// `CLOCK_BOOTTIME` seconds of the last denied push or approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    denied: Option<u64>,
    /// Networks from which the user logged in with a second factor; at most [`SOURCES`], the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<String>,
    /// Logins that are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// Seconds since 1970 of the last accepted code of any kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<u64>,
}

/// Failures remembered with their time.
pub const FAILURES_KEPT: usize = 8;

/// Seconds.
const HOUR: u64 = 3600;

/// That the record was missing, and what that forbids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// Seconds since 1970 when it was noticed: TOTP codes of then or earlier stay refused.
    pub noticed: u64,
    /// An admin said `adopt`: HOTP and recovery codes are evaluated again.
    pub adopted: bool,
}

/// What a factor remembers. The names are short in the record, which has a fixed size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorState {
    /// TOTP: the highest step accepted.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u64>,
    /// HOTP: the next counter; the enrolment's own until one is accepted.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// TOTP of a hardware token: steps its clock is ahead of ours.
    #[serde(rename = "s", default, skip_serializing_if = "is_level")]
    pub drift: i64,
    /// Seconds since 1970.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<u64>,
    /// Disabled after too many failures.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Failures with evidence.
    #[serde(rename = "e", default, skip_serializing_if = "Counter::is_clear")]
    pub evidence: Counter,
    /// Failures of the user's own programs.
    #[serde(rename = "o", default, skip_serializing_if = "Counter::is_clear")]
    pub own: Counter,
    /// Failures of `mfactl verify`.
    #[serde(rename = "a", default, skip_serializing_if = "Counter::is_clear")]
    pub admin: Counter,
}

impl FactorState {
    /// It was used at `wall`.
    pub fn note_use(&mut self, wall: u64) {
        self.last_used = latest(self.last_used, wall);
    }
}

/// When something was used that was used before and is used at `wall`. A host without a clock of its own begins each boot in 1970: what was
/// used later than that stays so, or hygiene would take it for unused when the clock is set. A clock that was ahead is put right.
fn latest(before: Option<u64>, wall: u64) -> Option<u64> {
    if wall < OLDEST { before.max(Some(wall)) } else { Some(wall) }
}

fn is_level(drift: &i64) -> bool {
    *drift == 0
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl State {
    /// The record of a new enrolment.
    #[must_use]
    pub fn new(state_id: StateId, uid: u32) -> Self {
        Self {
            state_id,
            uid,
            lost: None,
            boot: Boot(0),
            factors: BTreeMap::new(),
            spent: Vec::new(),
            spent_of: None,
            bypass: None,
            strangers: 0,
            sources: Vec::new(),
            pushes: Pushes::default(),
            approvals: Pushes::default(),
            failed: Vec::new(),
            denied: None,
            known: Vec::new(),
            grants: Vec::new(),
            last_success: None,
        }
    }

    /// The record to decide with: the stored one if it is this enrolment's, otherwise one that says the state was lost now; so does
    /// one whose recovery codes were made after those in the file, which was put back. The second value is whether that was
    /// noticed just now.
    #[must_use]
    pub fn of(enrollment: &Enrollment, stored: Option<Self>, now: Now) -> (Self, bool) {
        let lost = Lost { noticed: now.wall, adopted: false };
        let (mut state, noticed) = match stored {
            Some(mut state) if state.state_id == enrollment.state_id => {
                let set = enrollment.recovery.as_ref();
                let noticed = state.is_of_later_codes(set) && state.lost.as_ref().is_none_or(|lost| lost.adopted);
                if noticed {
                    state.lost = Some(lost);
                }
                (state, noticed)
            }
            _ => {
                let mut state = Self::new(enrollment.state_id.clone(), enrollment.uid);
                state.lost = Some(lost);
                (state, true)
            }
        };
        state.enter(now);
        // An administrator may have given the file to another uid.
        state.uid = enrollment.uid;
        // The record has room for the factors there are.
        let bypass = enrollment.bypass.as_ref().map(|bypass| &bypass.id);
        state.bypass = state.bypass.filter(|used| bypass == Some(&used.id));
        state.factors.retain(|id, _| {
            *id == FactorId::recovery()
                || *id == FactorId::push()
                || (*id == FactorId::bypass() && bypass.is_some())
                || enrollment.factor(id).is_some()
        });
        (state, noticed)
    }

    /// Makes the delays count in this boot. After a reboot each starts anew. Called before anything else.
    pub fn enter(&mut self, now: Now) {
        if self.boot == now.boot {
            return;
        }
        self.boot = now.boot;
        let factors = self.factors.values_mut().flat_map(|f| [&mut f.evidence, &mut f.own, &mut f.admin]);
        for counter in factors.chain(self.sources.iter_mut().map(|source| &mut source.counter)) {
            counter.restart(now);
        }
        self.pushes.restart(now);
        self.approvals.restart(now);
        self.failed.clear();
        self.denied = None;
        // Remembered logins die with the boot.
        self.grants.clear();
    }

    /// The codes of `set` that are spent. Marks of a set that was there before say nothing of it, so that a new set comes into use
    /// by one write, of the file that holds it.
    #[must_use]
    pub fn spent_in(&self, set: &Recovery) -> &[u8] {
        if self.spent_of.is_none_or(|made| made == set.created) { &self.spent } else { &[] }
    }

    /// Whether marks are of a set that was made after this one: which codes of this one are spent is not known any more.
    fn is_of_later_codes(&self, set: Option<&Recovery>) -> bool {
        set.is_some_and(|set| self.spent_of.is_some_and(|made| made > set.created))
    }

    /// An administrator takes a lost state for what there is to know, and the recovery codes of the file, `set`, for those that hold.
    pub fn adopt(&mut self, set: Option<&Recovery>) {
        if self.is_of_later_codes(set) {
            self.forget_spent();
        }
        if let Some(lost) = &mut self.lost {
            lost.adopted = true;
        }
    }

    /// How many codes of the file's set are left.
    #[must_use]
    pub fn recovery_left(&self, set: Option<&Recovery>) -> usize {
        set.map_or(0, |set| set.codes.len().saturating_sub(self.spent_in(set).len()))
    }

    /// Marks a code of `set` as spent.
    pub fn spend(&mut self, set: &Recovery, index: u8) {
        if self.spent_in(set).is_empty() {
            self.spent.clear();
        }
        self.spent_of = Some(set.created);
        self.spent.push(index);
    }

    /// The next set begins with nothing spent.
    pub fn forget_spent(&mut self) {
        (self.spent, self.spent_of) = (Vec::new(), None);
    }

    /// A code or an approval was accepted at `wall`.
    pub fn note_success(&mut self, wall: u64) {
        self.last_success = latest(self.last_success, wall);
    }

    /// Whether anything was ever used or proved.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.last_success.is_some() || self.factors.values().any(|factor| factor.last_used.is_some())
    }

    /// What `id` remembers.
    pub fn factor(&mut self, id: &FactorId) -> &mut FactorState {
        self.factors.entry(id.clone()).or_default()
    }

    /// The next HOTP counter of `factor`.
    #[must_use]
    pub fn next_counter(&self, factor: &Factor) -> u64 {
        self.factors.get(&factor.id).and_then(|known| known.next).unwrap_or(factor.counter)
    }

    /// Whether this record would know of what happened in the last hour: one that was lost is silent about what was before.
    fn knows_the_hour(&self, now: Now) -> bool {
        self.lost.as_ref().is_none_or(|lost| lost.adopted || now.wall.saturating_sub(lost.noticed) >= HOUR)
    }

    /// Failures behind a first factor in the last hour; `None` where that is not known.
    #[must_use]
    pub fn failures_of_the_hour(&self, now: Now) -> Option<u8> {
        let recent = self.failed.iter().filter(|at| now.boottime.saturating_sub(**at) < HOUR).count();
        self.knows_the_hour(now).then(|| u8::try_from(recent).unwrap_or(u8::MAX))
    }

    /// Whether a push or an approval was denied in the last hour; `None` where that is not known.
    #[must_use]
    pub fn denied_of_the_hour(&self, now: Now) -> Option<bool> {
        self.knows_the_hour(now).then(|| self.denied.is_some_and(|at| now.boottime.saturating_sub(at) < HOUR))
    }

    /// A push or an approval was denied.
    pub fn note_denial(&mut self, now: Now) {
        self.denied = Some(now.boottime);
    }

    /// Whether the user logged in from this network before.
    #[must_use]
    pub fn knows_source(&self, prefix: &str) -> bool {
        self.known.iter().any(|known| known == prefix)
    }

    /// The user logged in from this network.
    pub fn note_source(&mut self, prefix: &str) {
        self.known.retain(|known| known != prefix);
        if self.known.len() >= SOURCES {
            self.known.remove(0);
        }
        self.known.push(prefix.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_the_uid_that_the_file_named_last() {
        let now = Now { wall: 1000, boot: Boot(1), boottime: 5 };
        let mut enrollment = Enrollment::new("alice", 1001, StateId::new([1; 16]));
        let (state, _) = State::of(&enrollment, None, now);
        assert_eq!(state.uid, 1001);
        enrollment.uid = 1501;
        let (state, noticed) = State::of(&enrollment, Some(state), now);
        assert_eq!((state.uid, noticed), (1501, false));
    }
}
