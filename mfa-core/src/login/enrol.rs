//! A login in which a first factor is set up: whether it may be, and how its turns become steps.
//!
//! What must never happen: a first factor set up on the word of a uid, or where nobody can read what is shown.

use super::{Login, Next, Settled, Standing, Subject, words};
use crate::clean;
use crate::enrolling::Turn;
use crate::policy::{Decision, Require, Way};
use crate::wire::{Ending, Kind, Method, Reason, Step};

impl Login {
    /// The ways by which this user may set up a first factor in this login; empty: none.
    #[must_use]
    pub fn enrols_by(&self, decision: &Decision, first_factors: &[String]) -> Vec<Way> {
        let wanted = match decision.require.value {
            Require::Off => false,
            Require::Optional => decision.from.is_some(),
            Require::Required | Require::Approved => true,
        };
        // A session alone says only that the caller's uid is the user's: any program of theirs has that.
        let shown = first_factors.iter().any(|factor| factor != super::evidence::SESSION);
        let reads = matches!(self.kind, Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login);
        let may = wanted
            && shown
            && reads
            && !self.mute
            && self.first_pass.is_unused()
            && decision.refused.is_none()
            && self.standing == Standing::Evidence
            && self.subject == Subject::Unenrolled;
        let opens = |way: &&Way| match way {
            Way::App => self.methods.contains(&Method::Totp),
            Way::Token => self.methods.contains(&Method::Totp) && self.methods.contains(&Method::Hotp),
            Way::Desktop => self.methods.contains(&Method::Push),
        };
        if may { decision.enrol.iter().filter(opens).copied().collect() } else { Vec::new() }
    }

    /// The step of a turn that needs nothing from mfad.
    #[must_use]
    pub fn turn(&self, turn: Turn, decision: &Decision) -> Next {
        match turn {
            Turn::Ask { pages, text, echo } => {
                let step = Step::Prompt { text: clean::message(&text), echo: echo || self.echo };
                Next { info: None, pages, step }
            }
            Turn::Later => self.passes_for_now(decision),
            Turn::Over if decision.require.value == Require::Optional => self.passes_for_now(decision),
            Turn::Over => self.not_set_up(),
            Turn::LookFor { .. } | Turn::TryNumber { .. } | Turn::Keep(_) => self.fail(Reason::Protocol),
        }
    }

    /// The end where the application cannot ask what an enrolment asks.
    #[must_use]
    pub fn cannot_enrol(&self, decision: &Decision) -> Next {
        match decision.require.value {
            Require::Optional => self.passes_for_now(decision),
            _ => Next::step(self.refused(Ending::Retry, Method::None, Reason::NoConversation)),
        }
    }

    /// How it goes on now that what was set up with this method is kept.
    pub fn set_up(&mut self, method: Method) -> Settled {
        self.subject = Subject::Enrolled;
        self.own_factor_shown(method, Reason::Enrolled)
    }

    fn not_set_up(&self) -> Next {
        let refused = self.refused(Ending::Stop, Method::None, Reason::EnrolmentFailed);
        Next::told(words::NOT_SET_UP, refused)
    }

    /// The user may pass without a factor until the deadline, and is told of it.
    pub(super) fn passes_for_now(&self, decision: &Decision) -> Next {
        let passes = Step::Ignored(self.verdict(Method::None, Reason::NotEnrolled));
        // polkit's agents need a prompt first.
        let told = self.standing == Standing::Evidence && self.kind != Kind::Polkit;
        match decision.from.filter(|_| told) {
            Some(deadline) => Next::told(words::will_be_required(deadline), passes),
            None => Next::step(passes),
        }
    }
}
