//! What policy says of bypasses and of hygiene: `[bypass]` and `[hygiene]`.
//!
//! Each section says all of its keys, so that a line that is lost is refused and never a looser default. What must never happen: a
//! bypass longer than a day, or a factor that stops without a notice before.

use super::Set;
use crate::bypass::LONGEST;
use crate::place::Place;

/// How far an administrator may stand in for a user's second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BypassRules {
    /// Seconds a bypass may last, [`LONGEST`] at most.
    pub max: Set<u64>,
    /// Whether another administrator has to consent.
    pub consent: Set<bool>,
}

impl BypassRules {
    /// Without a section: a day, and one administrator is enough.
    pub(super) fn built_in() -> Self {
        Self {
            max: Set { value: LONGEST, place: Place::built_in("bypass.max") },
            consent: Set { value: false, place: Place::built_in("bypass.consent") },
        }
    }
}

/// What becomes of factors nobody uses or renews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HygieneRules {
    /// Minutes since midnight, by the host's clock, at which mfad looks once a day.
    pub at: Set<u16>,
    /// Seconds without use after which a factor is suspended; 0: never.
    pub suspend_unused: Set<u64>,
    /// Seconds after which a factor is to be renewed, and is announced to stop; 0: never.
    pub renew_after: Set<u64>,
    /// Seconds from that announcement to the end; `None` where nothing has to be renewed.
    pub overlap: Option<Set<u64>>,
    /// Seconds after which an enrolment nobody confirmed goes; 0: never.
    pub drop_pending: Set<u64>,
}

/// Minutes as `03:30`.
#[must_use]
pub fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
