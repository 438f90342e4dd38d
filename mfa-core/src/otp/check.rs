//! Whether a typed code is right, and which step or counter it belongs to.
//!
//! Pure: the time, the mark and the counter are passed in, and the caller stores what an acceptance moves before it
//! answers "yes". What must never happen: a code accepted at or below the mark, or a comparison that stops early.

use super::{Algorithm, Moving, Otp};
use crate::secret::Secret;
use std::io::Write as _;
use std::ops::Range;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Steps accepted on either side of now, RFC 6238 section 5.2.
pub const WINDOW: u64 = 1;

/// Steps accepted on either side of now for the first code of a hardware token: ten minutes of 30 s steps, which a crystal
/// loses in some years. 41 codes of a million, a few tries, and only to prove that a token is in hand.
pub const DRAWER_WINDOW: u64 = 20;

/// Counters tried from the expected one on: `s` in RFC 4226 section 7.4. The expected counter is one of them, since the
/// guessing chance of appendix E is `s` values out of 10^digits.
pub const LOOK_AHEAD: u64 = 10;

/// Spent counters that are recognised as a replay rather than called wrong. Never accepted.
pub const LOOK_BACK: u64 = 10;

/// Counters searched for the first of two successive codes, RFC 4226 section 7.4. Two codes together are
/// at least 12 digits, so that the wide search costs no strength.
pub const RESYNC_AHEAD: u64 = 100;

/// What a typed code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Right, and not used before.
    Accepted {
        /// TOTP: the new mark. HOTP: the counter it matched; the next expected one is `step + 1`.
        step: u64,
    },
    /// Right once, but at or below the mark, or from before state was lost.
    Replay {
        /// The step or counter it belongs to.
        step: u64,
    },
    /// None of this factor's codes.
    Wrong,
}

impl Otp {
    /// The code of one time step or counter, zero-padded text.
    #[must_use]
    pub fn code(&self, step: u64) -> Secret {
        Codes::of(self).at(step)
    }

    /// Checks a typed code (already [normalised](super::normalise)) at `now`, in seconds since 1970.
    ///
    /// `mark` is the last accepted step. `after` is the step at or below which nothing is accepted because state was
    /// lost. Every step of the window is computed and compared in constant time. A code that matches a
    /// step at or below either bound is a replay even if by chance it is also the code of a later step: a code works once.
    /// On a counter factor everything is wrong.
    #[must_use]
    pub fn check_totp(&self, code: &str, now: u64, mark: Option<u64>, after: Option<u64>) -> Check {
        self.check_within(WINDOW, code, now, mark, after)
    }

    /// As [`Otp::check_totp`], of a hardware token that nobody has used yet: its clock may have gone wrong in its drawer, by
    /// [`DRAWER_WINDOW`] steps either way.
    #[must_use]
    pub fn check_first_totp(&self, code: &str, now: u64, mark: Option<u64>) -> Check {
        self.check_within(DRAWER_WINDOW, code, now, mark, None)
    }

    fn check_within(&self, window: u64, code: &str, now: u64, mark: Option<u64>, after: Option<u64>) -> Check {
        let Moving::Time { period } = self.moving else { return Check::Wrong };
        let Some(current) = now.checked_div(u64::from(period)) else { return Check::Wrong };
        let window = current.saturating_sub(window)..current.saturating_add(window).saturating_add(1);
        // The first step that may be accepted; u64::MAX as a bound leaves none.
        let first = mark.max(after).map_or(0, |bound| bound.saturating_add(1));
        let start = first.clamp(window.start, window.end);
        Codes::of(self).judge(code, window.start..start, start..window.end)
    }

    /// Checks a typed code (already [normalised](super::normalise)) where `next` is the first unused counter.
    ///
    /// Tries the [`LOOK_AHEAD`] counters from `next` on, and the [`LOOK_BACK`] before it to tell a replay from a wrong
    /// code. The highest match counts, so that no lower counter's equal code stays behind. On a time factor everything is wrong.
    #[must_use]
    pub fn check_hotp(&self, code: &str, next: u64) -> Check {
        if self.moving != Moving::Counter {
            return Check::Wrong;
        }
        Codes::of(self).judge(code, next.saturating_sub(LOOK_BACK)..next, next..next.saturating_add(LOOK_AHEAD))
    }

    /// Finds two successive codes within [`RESYNC_AHEAD`] counters of `next`; the new next counter.
    /// `None` when they are not there, on a time factor, or when either is not a code.
    #[must_use]
    pub fn resync_hotp(&self, first: &str, second: &str, next: u64) -> Option<u64> {
        if self.moving != Moving::Counter {
            return None;
        }
        let codes = Codes::of(self);
        let mut found = Choice::from(0);
        let mut new_next = 0;
        let mut here = codes.at(next);
        for counter in next..next.saturating_add(RESYNC_AHEAD) {
            let Some(following) = counter.checked_add(2) else { break };
            let there = codes.at(counter.saturating_add(1));
            let both = equal(&here, first) & equal(&there, second);
            new_next.conditional_assign(&following, both);
            found |= both;
            here = there;
        }
        bool::from(found).then_some(new_next)
    }

    /// Finds two successive codes of now: the second may be `window` steps from `now` either way. Its step, or
    /// `None` when they are not there or on a counter factor. A mark plays no part: this is how one that a wrong clock raised is lowered.
    #[must_use]
    pub fn resync_totp(&self, first: &str, second: &str, now: u64, window: u64) -> Option<u64> {
        let Moving::Time { period } = self.moving else { return None };
        let current = now.checked_div(u64::from(period))?;
        let codes = Codes::of(self);
        let (mut found, mut step) = (Choice::from(0), 0);
        for last in current.saturating_sub(window).max(1)..=current.saturating_add(window) {
            let both = equal(&codes.at(last.saturating_sub(1)), first) & equal(&codes.at(last), second);
            step.conditional_assign(&last, both);
            found |= both;
        }
        bool::from(found).then_some(step)
    }

    /// The step nearest to `at` whose code is `code`, among `far` on either side. Only for a code that is known to have
    /// been right, when its step is wanted: the search stops where it finds it.
    #[cfg(feature = "authority")]
    pub(crate) fn step_near(&self, code: &str, at: u64, far: u64) -> Option<u64> {
        let codes = Codes::of(self);
        let around = (0..=far).flat_map(|by| [at.checked_add(by), at.checked_sub(by)]);
        around.flatten().find(|&step| equal(&codes.at(step), code).into())
    }
}

/// The generator behind an [`Otp`]: totp-rs with steps of one second, so that its time is our step or counter.
struct Codes {
    generator: totp_rs::Totp,
    digits: usize,
}

impl Codes {
    fn of(otp: &Otp) -> Self {
        let algorithm = match otp.algorithm {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        };
        // Not `build`: it refuses 80-bit secrets. What it would check, Otp::new has checked.
        let generator = totp_rs::Builder::new()
            .with_algorithm(algorithm)
            .with_digits(otp.digits)
            .with_step_duration(1)
            .with_secret(otp.secret.expose())
            .build_noncompliant();
        Self { generator, digits: usize::from(otp.digits) }
    }

    fn at(&self, step: u64) -> Secret {
        let mut text = Vec::with_capacity(self.digits);
        // Writing to a Vec cannot fail; if it did, a short code would equal nothing.
        let _ = write!(text, "{}", self.generator.generate(step));
        Secret::new(text)
    }

    /// Computes both ranges to the end whatever matches.
    fn judge(&self, code: &str, spent: Range<u64>, open: Range<u64>) -> Check {
        let replayed = self.highest(code, spent);
        let accepted = self.highest(code, open);
        match (replayed, accepted) {
            (Some(step), _) => Check::Replay { step },
            (None, Some(step)) => Check::Accepted { step },
            (None, None) => Check::Wrong,
        }
    }

    fn highest(&self, code: &str, steps: Range<u64>) -> Option<u64> {
        let mut found = Choice::from(0);
        let mut highest = 0;
        for step in steps {
            let same = equal(&self.at(step), code);
            highest.conditional_assign(&step, same);
            found |= same;
        }
        bool::from(found).then_some(highest)
    }
}

/// The lengths are no secret; the digits are compared in constant time.
fn equal(code: &Secret, typed: &str) -> Choice {
    code.expose().ct_eq(typed.as_bytes())
}
