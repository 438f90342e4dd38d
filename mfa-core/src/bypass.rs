//! A bypass: a code that stands in for one user's second factor, for some hours at most, on an administrator's word.
//!
//! It stands in the enrolment file beside the factors and is none of them; how often it was used is state. mfad makes it, the login
//! machine judges it (`crate::verify`). What must never happen: one that opens a door after its end, once more than was said, without
//! the consent it waits for, or where nobody remembers how often it was used.

use crate::lookup::{Shape, Spelled, StoredCode};
use crate::now::{Boot, Now};
use crate::secret::Secret;
use crate::state::State;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds of the longest bypass; a policy may say less.
pub const LONGEST: u64 = 24 * 3600;

/// Seconds of the shortest: somebody has to be told the code and to type it.
pub const SHORTEST: u64 = 60;

/// Most logins a bypass can be limited to; beyond that it is "any number".
pub const MOST_USES: u16 = 1000;

/// Most characters of a reason.
pub const REASON_CHARS: usize = 160;

/// 125 bits: five groups of five symbols. Recovery codes have groups of four, one-time codes at most eight digits.
const SHAPE: Shape = Shape::new(25, 5);

/// The name of a bypass within its user: eight random hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BypassId(String);

impl BypassId {
    /// A new name.
    #[must_use]
    pub fn new(random: [u8; 4]) -> Self {
        Self(format!("{:08x}", u32::from_be_bytes(random)))
    }

    /// A name as somebody gives it; it need not exist.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }
}

impl fmt::Display for BypassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many logins it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uses {
    /// So many.
    Times(u16),
    /// All until its end.
    AnyNumber,
}

/// Whether a second administrator has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Consent {
    /// None was asked when it was made.
    NotAsked,
    /// It opens nothing until one says yes.
    Waits,
    /// One said yes.
    Given {
        /// Login uid.
        by_uid: u32,
        /// Seconds since 1970.
        at: u64,
    },
}

/// One bypass, as the enrolment file keeps it. Every key must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bypass {
    /// Ties the count of uses in the state to it.
    pub id: BypassId,
    /// What the administrator gave as the reason.
    pub reason: String,
    /// Login uid of who made it.
    pub by_uid: u32,
    /// Seconds since 1970.
    pub made: u64,
    /// Seconds since 1970 from which it is over.
    pub until: u64,
    /// The boot it was made in,
    boot: Boot,
    /// and the `CLOCK_BOOTTIME` seconds from which it is over in it: a wall clock that is set back makes it no longer.
    until_boot: u64,
    /// How many logins it opens.
    pub uses: Uses,
    /// Whether a second administrator has a say.
    pub consent: Consent,
    /// The code's salted hash.
    code: StoredCode,
}

/// What is asked of a new bypass.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Seconds it is good for.
    pub seconds: u64,
    /// How many logins it opens.
    pub uses: Uses,
    /// Why.
    pub reason: String,
    /// Login uid of who makes it.
    pub by_uid: u32,
    /// Whether it waits for a second administrator.
    pub consent: bool,
}

/// How a bypass stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its code opens a login.
    Open,
    /// It waits for the consent of another administrator.
    Waits,
    /// It was used as often as was said.
    UsedUp,
    /// Its time is over.
    Over,
    /// The record of its uses is lost.
    Lost,
}

/// How often a bypass was used: its part of the state record. The names are short there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Which.
    #[serde(rename = "i")]
    pub id: BypassId,
    /// Logins it opened.
    #[serde(rename = "n")]
    pub times: u16,
}

/// Whether `answer` has the form of a bypass code; no one-time code and no recovery code has.
#[must_use]
pub fn has_shape(answer: &str) -> bool {
    SHAPE.read(answer).is_some()
}

/// Makes a bypass and its code, which is shown once: five groups of five with dashes, 29 bytes. `fill` fills its buffer with random
/// bytes (`getrandom::fill`).
///
/// # Errors
/// Those of `fill`.
pub fn make<E>(
    wanted: Wanted,
    now: Now,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(Secret, Bypass), E> {
    let mut id = [0; 4];
    fill(&mut id)?;
    let (shown, code) = SHAPE.make(&mut fill)?;
    let seconds = wanted.seconds.min(LONGEST);
    let bypass = Bypass {
        id: BypassId::new(id),
        reason: wanted.reason,
        by_uid: wanted.by_uid,
        made: now.wall,
        until: now.wall.saturating_add(seconds),
        boot: now.boot,
        until_boot: now.boottime.saturating_add(seconds),
        uses: wanted.uses,
        consent: if wanted.consent { Consent::Waits } else { Consent::NotAsked },
        code,
    };
    Ok((shown, bypass))
}

impl Bypass {
    /// Whether its time is over. In another boot than its own, with a clock from before it was made, it is.
    #[must_use]
    pub fn is_over(&self, now: Now) -> bool {
        let end = self.until.min(self.made.saturating_add(LONGEST));
        let by_boot_clock = if now.boot == self.boot { now.boottime >= self.until_boot } else { now.wall < self.made };
        now.wall >= end || by_boot_clock
    }

    /// Policy wants a second administrator: one that was made without waits now.
    pub fn demand_consent(&mut self) {
        if self.consent == Consent::NotAsked {
            self.consent = Consent::Waits;
        }
    }

    /// Policy has them last so many seconds at most: one that was made for longer ends then.
    pub fn shorten(&mut self, max: u64) {
        let end = self.until.min(self.made.saturating_add(max));
        self.until_boot = self.until_boot.saturating_sub(self.until.saturating_sub(end));
        self.until = end;
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self, state: &State, now: Now) -> Standing {
        if self.is_over(now) {
            return Standing::Over;
        }
        let lost = state.lost.as_ref().is_some_and(|lost| !lost.adopted);
        let Some(used) = state.bypass.as_ref().filter(|used| used.id == self.id && !lost) else {
            return Standing::Lost;
        };
        match (self.uses, self.consent) {
            (Uses::Times(times), _) if used.times >= times => Standing::UsedUp,
            (_, Consent::Waits) => Standing::Waits,
            (_, Consent::NotAsked | Consent::Given { .. }) => Standing::Open,
        }
    }

    /// Whether `typed` is its code, in constant time for answers of its shape.
    #[must_use]
    pub fn is_code(&self, typed: &str) -> bool {
        SHAPE.read(typed).is_some_and(|typed: Spelled| bool::from(self.code.is(&typed)))
    }
}

impl State {
    /// A bypass is about to be made: its uses are counted from here on.
    pub fn begin_bypass(&mut self, bypass: &Bypass) {
        self.bypass = Some(Used { id: bypass.id.clone(), times: 0 });
        self.factors.remove(&crate::enrollment::FactorId::bypass());
    }
}

#[cfg(test)]
mod tests;
