//! What a shown request allows at this moment, and what the user's word becomes. Pure: times and answers come in, a
//! [`View`] and [`Ask`]s go out; the widgets only show and pass on.
//!
//! What must never happen: an approval that the guard, the number or the PIN does not allow yet, whatever a widget
//! believes; a denial that has to wait for anything.

use super::ending::Ending;
use super::guard::Guard;
use super::number::Number;
use super::text;
use crate::pin::FEWEST;
use crate::requests::{ADD_DEVICE, ADD_FACTOR, DISABLE, LOGIN, REMOVE_FACTOR, RENEW_RECOVERY, SUSPEND_DEVICE};
use mfa_core::bus::{Error, Listed, Withdrawn};
use std::time::Duration;

/// Seconds before the end from which on the time is shown as short.
const SHORT: u64 = 10;

/// When something is asked of the state.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// From any fixed moment, by a clock that nobody sets.
    pub steady: Duration,
    /// Seconds since 1970.
    pub wall: u64,
}

/// What the user says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Yes, with what stands in the entries.
    Approve,
    /// No.
    Deny,
    /// No, and it was not me.
    Report,
}

/// What comes of an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Asking,
    Waiting(Ask),
    Over(Ending),
}

/// What stands in the entries: the text of the number, and how many characters the PIN has.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The number entry's text.
    pub number: &'a str,
    /// Characters in the PIN entry.
    pub pin: usize,
}

/// One request on the screen.
#[derive(Debug)]
pub struct State {
    request: Listed,
    phase: Phase,
    guard: Guard,
    pin_needed: bool,
    failed: Option<String>,
}

/// What is to be seen and touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// How old it is and how long it waits.
    pub time: String,
    /// The time is running out.
    pub short: bool,
    /// The number entry is there.
    pub number: bool,
    /// The PIN entry is there.
    pub pin: bool,
    /// The entries can be changed.
    pub entries: bool,
    /// Approve is sensitive.
    pub approve: bool,
    /// Deny is sensitive.
    pub deny: bool,
    /// Report is sensitive.
    pub report: bool,
    /// An answer is under way.
    pub busy: bool,
    /// What is wrong, or empty.
    pub problem: String,
    /// It is over.
    pub over: Option<Ending>,
}

impl State {
    /// A request appears; `pin`: its key is known to have a PIN.
    #[must_use]
    pub fn new(request: Listed, pin: bool, focused: bool, now: Moment) -> Self {
        let mut guard = Guard::default();
        guard.shown(focused, now.steady);
        Self { request, phase: Phase::Asking, guard, pin_needed: pin, failed: None }
    }

    /// The request itself.
    #[must_use]
    pub fn request(&self) -> &Listed {
        &self.request
    }

    /// Whether the key is known to have a PIN.
    #[must_use]
    pub fn pin_needed(&self) -> bool {
        self.pin_needed
    }

    /// Whether an answer is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_))
    }

    /// How it ended.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match self.phase {
            Phase::Over(ending) => Some(ending),
            Phase::Asking | Phase::Waiting(_) => None,
        }
    }

    /// Its window gained or lost the focus.
    pub fn focus(&mut self, focused: bool, now: Moment) {
        self.guard.focus(focused, now.steady);
    }

    /// What is to be seen and touched now.
    #[must_use]
    pub fn view(&self, typed: Typed<'_>, now: Moment) -> View {
        let left = self.request.expires.saturating_sub(now.wall);
        let asking = self.phase == Phase::Asking;
        let number = Number::read(typed.number);
        let complete = (!self.request.number_due || number == Number::Complete)
            && (!self.pin_needed || typed.pin >= FEWEST)
            && self.never().is_none();
        let problem = match (self.never(), &self.failed, number) {
            (Some(why), _, _) => why.to_owned(),
            (None, _, Number::Wrong(why)) if self.request.number_due => why.to_owned(),
            (None, Some(why), _) => why.clone(),
            (None, None, _) => String::new(),
        };
        View {
            time: time(&self.request, now.wall),
            short: left <= SHORT,
            number: self.request.number_due && self.never().is_none(),
            pin: self.pin_needed && self.never().is_none(),
            entries: asking,
            approve: asking && complete && left > 0 && self.guard.is_over(now.steady),
            deny: matches!(self.phase, Phase::Asking | Phase::Waiting(Ask::Approve)),
            report: matches!(self.phase, Phase::Asking | Phase::Waiting(Ask::Approve))
                && self.guard.is_over(now.steady),
            busy: self.is_busy(),
            problem,
            over: self.ending(),
        }
    }

    /// The user's word, if it counts at this moment. Escape is held back as Approve is: it may have been meant for the
    /// window before.
    pub fn ask(&mut self, ask: Ask, by_escape: bool, typed: Typed<'_>, now: Moment) -> Option<Ask> {
        let view = self.view(typed, now);
        let counts = match ask {
            Ask::Approve => view.approve,
            Ask::Deny => view.deny && (!by_escape || self.guard.is_over(now.steady)),
            Ask::Report => view.report,
        };
        if !counts {
            return None;
        }
        self.phase = Phase::Waiting(ask);
        self.failed = None;
        Some(ask)
    }

    /// What the agent said to `ask`; whether the PIN entry is to be filled in now, from its beginning.
    pub fn answered(&mut self, ask: Ask, answer: &Result<(), Error>) -> bool {
        // A denial overtakes an approval that is under way: only the answer to the last word counts, or a yes that was faster.
        let was_faster = ask == Ask::Approve && answer.is_ok() && self.is_busy();
        if self.phase != Phase::Waiting(ask) && !was_faster {
            return false;
        }
        self.phase = match answer {
            Ok(()) => Phase::Over(match ask {
                Ask::Approve => Ending::Approved,
                Ask::Deny => Ending::Denied,
                Ask::Report => Ending::Reported,
            }),
            Err(Error::WrongNumber(_)) => Phase::Over(Ending::WrongNumber),
            // The list says how it ended; until then it is not known.
            Err(Error::NoSuchRequest(_)) => Phase::Over(Ending::Elsewhere(None)),
            Err(Error::PinNeeded(_)) => {
                self.pin_needed = true;
                Phase::Asking
            }
            Err(error) => {
                self.failed = Some(error.words());
                Phase::Asking
            }
        };
        matches!(answer, Err(Error::PinNeeded(_) | Error::WrongPin(_)))
    }

    /// The agent's list does not hold it any more; `outcome` is the history's word.
    pub fn settled(&mut self, outcome: Option<&str>) {
        let ending = Ending::elsewhere(outcome);
        match (&self.phase, ending) {
            // The answer to the user's own word is on its way, and says it better.
            (Phase::Waiting(Ask::Approve), Ending::Elsewhere(Some(Withdrawn::Approved | Withdrawn::WrongNumber)))
            | (Phase::Waiting(Ask::Deny | Ask::Report), Ending::Elsewhere(Some(Withdrawn::Denied))) => {}
            (Phase::Over(ending), _) if *ending != Ending::Elsewhere(None) => {}
            _ => self.phase = Phase::Over(ending),
        }
    }

    /// Why this request can never be approved from here.
    fn never(&self) -> Option<&'static str> {
        match self.request.purpose.as_str() {
            LOGIN if !self.request.number_due && !self.request.rhost.is_empty() => Some(text::ABROAD.here()),
            LOGIN | ADD_DEVICE | SUSPEND_DEVICE | ADD_FACTOR | REMOVE_FACTOR | RENEW_RECOVERY | DISABLE => None,
            _ => Some(text::UNKNOWN.here()),
        }
    }
}

/// `Asked 5 s ago, 40 s left`.
fn time(request: &Listed, now: u64) -> String {
    text::time(now.saturating_sub(request.issued), request.expires.saturating_sub(now))
}

#[cfg(test)]
mod tests;
