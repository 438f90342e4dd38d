//! The push to the user's own devices, beside the prompt for a code.
//!
//! What must never happen: a push for one who has shown no first factor, or one that opens what none was offered for.

use super::words::{self, PROMPT};
use super::{Login, Next, Offer, Phase, Pushed, Settled, Standing};
use crate::wire::{Ending, Method, Reason};

impl Login {
    /// Whether a push may be sent before the first prompt: for one who is enrolled, with a first factor in evidence, or where
    /// policy allows it to the user's own programs.
    #[must_use]
    pub fn may_push(&self) -> bool {
        let allowed = self.standing != Standing::Stranger && self.methods.contains(&Method::Push);
        allowed && self.is_enrolled() && self.leaves_room_for_a_push()
    }

    /// The first prompt, now that a push went out.
    pub fn offer(&mut self, offer: Offer) -> Next {
        let text = words::offered(&offer, self.names_push_first());
        self.phase = Phase::Own { offer: Some(offer) };
        Next::step(self.prompt(&text))
    }

    /// Whether policy names devices before codes, and so the prompt.
    pub(super) fn names_push_first(&self) -> bool {
        self.methods.first() == Some(&Method::Push)
    }

    /// How it goes on after the user's own push ended.
    pub fn settle_push(&mut self, pushed: Pushed) -> Settled {
        let offer = match &mut self.phase {
            Phase::Own { offer } => offer.take(),
            Phase::Approval { .. } => None,
        };
        let codes = offer.as_ref().is_some_and(|offer| offer.codes);
        Settled::Next(match pushed {
            Pushed::Approved if offer.is_some() && self.may_push() => {
                return self.own_factor_shown(Method::Push, Reason::Approved);
            }
            Pushed::Approved => self.fail(Reason::Protocol),
            Pushed::Denied => Next::step(self.refused(Ending::Stop, Method::Push, Reason::PushDenied)),
            Pushed::WrongNumber => {
                Next::told(words::NUMBER_DID_NOT_MATCH, self.refused(Ending::Stop, Method::Push, Reason::WrongNumber))
            }
            Pushed::Expired => self.unapproved(codes, words::NOBODY_APPROVED, Reason::PushExpired),
            Pushed::Void => self.unapproved(codes, words::APPROVAL_VOID, Reason::ApprovalVoid),
        })
    }

    /// The prompt for a code, where the user has any and can be asked, and the end otherwise.
    fn unapproved(&self, codes: bool, text: &str, reason: Reason) -> Next {
        if codes && !self.mute {
            Next::told(text, self.prompt(PROMPT))
        } else {
            Next::told(text, self.refused(Ending::Stop, Method::Push, reason))
        }
    }
}
