//! How a login ends without being granted, and what the person is told of it.
//!
//! What must never happen: a stranger who learns from words, steps or endings who exists and who is enrolled.

use super::words::{self, PROMPT_AGAIN};
use super::{Login, Next, Phase, Standing};
use crate::verify::Judgement;
use crate::wire::{Ending, Kind, Method, Reason};

impl Login {
    /// The end when something broke on our side, or the login was given up.
    #[must_use]
    pub fn fail(&self, reason: Reason) -> Next {
        Next::step(self.refused(Ending::Unavailable, Method::None, reason))
    }

    /// The end when the person took longer than [`time_for`].
    #[must_use]
    pub fn timeout(&self) -> Next {
        Next::step(self.refused(Ending::Stop, Method::None, Reason::Timeout))
    }

    pub(super) fn not_accepted(&self, judgement: &Judgement) -> Next {
        if self.standing == Standing::Evidence
            // Nothing another try could change: say what is the matter and stop.
            && let Some(info) = words::useless(judgement)
        {
            return Next::told(info, self.refused(Ending::Stop, judgement.method, judgement.reason));
        }
        self.refused_again(judgement.method, judgement.reason)
    }

    /// The prompt once more, or the end of the tries.
    pub(super) fn refused_again(&self, method: Method, reason: Reason) -> Next {
        if self.tries_left > 0 {
            let Phase::Own { offer: Some(offer) } = &self.phase else { return Next::step(self.ask(PROMPT_AGAIN)) };
            let text = format!("{}{}", words::NOT_ACCEPTED, words::offered(offer, self.names_push_first()));
            return Next::step(self.prompt(&text));
        }
        // Callers that ask once per call decide themselves whether to call again.
        let ending = match self.kind {
            _ if self.is_asked_once() => Ending::Retry,
            Kind::Locker | Kind::Display | Kind::Other => Ending::Retry,
            Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => Ending::Stop,
        };
        Next::step(self.refused(ending, method, reason))
    }

    pub(super) fn must_enrol(&self) -> Next {
        let refused = self.refused(Ending::Stop, Method::None, Reason::EnrolmentRequired);
        Next::told(words::must_enrol(&self.user), refused)
    }

    pub(super) fn barred(&self, reason: Reason) -> Next {
        let (info, ending) = match reason {
            Reason::NoAllowedMethod => (words::NO_ALLOWED_METHOD, Ending::Stop),
            Reason::RefusedByPolicy => (words::REFUSED_BY_POLICY, Ending::Stop),
            Reason::Suspended => (words::SUSPENDED, Ending::Stop),
            _ => (words::BARRED, Ending::Unavailable),
        };
        Next::told(info, self.refused(ending, Method::None, reason))
    }
}
