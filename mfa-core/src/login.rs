//! The login state machine: from who knocks and what is known of them to the next step of the dialogue.
//!
//! mfad calls [`Login::begin`] once and one of the `settle`s after each judged answer. No I/O, no clock: every
//! dialogue is a table. First the user shows a factor of their own; where policy says `approved`, others say yes then.
//! What must never happen: `granted` without a judgement or signature that counted in this login and every approval policy
//! wants, `ignored` for a fault, or a dialogue that tells a stranger who exists.

mod approve;
mod enrol;
mod evidence;
mod push;
mod refuse;
mod stacked;
mod words;

pub use evidence::{first_factors, time_for};
pub(crate) use words::in_words;
pub use words::{PROMPT, PROMPT_AGAIN, will_stop};

use crate::clean;
use crate::limits::Budget;
use crate::page::Page;
use crate::policy::{Approvers, Decision, Require, is_remote};
use crate::secret::Secret;
use crate::stacked::FirstPass;
use crate::verify::Judgement;
use crate::wire::{Context, Ending, Kind, Method, Reason, Step, Verdict};

/// What is known of the one who knocks, when anything is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Has factors, in a file that is theirs.
    Enrolled,
    /// Has none, but a bypass that is not over.
    Bypassed,
    /// Has none.
    Unenrolled,
    /// Cannot be let in whatever they answer, and why.
    Barred(Reason),
}

impl Subject {
    /// The same once policy has had its say: what a raise refuses is refused, whoever it is.
    #[must_use]
    pub fn under(self, decision: &Decision) -> Self {
        if decision.refused.is_some() { Self::Barred(Reason::RefusedByPolicy) } else { self }
    }
}

/// On whose word a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Root's, and a first factor is in evidence.
    Evidence,
    /// Root's, and none is.
    Stranger,
    /// A program of the user's own: it proves nothing, and what it learns is nobody's but its own.
    OwnProgram,
}

/// A push that went out to the user's own devices.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The number to type on the device, if one is due.
    pub number: Option<Secret>,
    /// Whether the user has codes as well.
    pub codes: bool,
}

/// A request that went out to those who may approve.
#[derive(Debug, Clone)]
pub struct Approval {
    /// How many must say yes.
    pub count: u8,
    /// Of which group.
    pub group: String,
    /// The number they must type, if one is due.
    pub number: Option<Secret>,
}

/// How a push or a request for approval ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// Enough signatures counted.
    Approved,
    /// No.
    Denied,
    /// A wrong number.
    WrongNumber,
    /// Nobody answered, or not enough.
    Expired,
    /// Enough signatures, but one of them does not count any more: its device was suspended or revoked since, or a user reset.
    Void,
}

/// A login under way.
#[derive(Debug, Clone)]
pub struct Login {
    user: String,
    kind: Kind,
    echo: bool,
    tries_left: u8,
    subject: Subject,
    standing: Standing,
    methods: Vec<Method>,
    approvers: Option<Approvers>,
    /// The application cannot ask.
    mute: bool,
    first_pass: FirstPass,
    /// Of the answer that was accepted: how many of its last bytes are the code, where more stood before it.
    code_bytes: Option<u8>,
    phase: Phase,
}

#[derive(Debug, Clone)]
enum Phase {
    /// The user's own factor is to be shown.
    Own { offer: Option<Offer> },
    /// It was, by this method; others decide now.
    Approval { by: Method, number_due: bool },
}

/// How a login goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Shown before the step, at most one line.
    pub info: Option<String>,
    /// Shown after that.
    pub pages: Vec<Page>,
    /// The step.
    pub step: Step,
}

/// How a login goes on after the user's own factor was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// With this step.
    Next(Next),
    /// The factor was shown: these are to be asked, and [`Login::ask_approval`] called with what became of it.
    AskApproval(Approvers),
}

impl Next {
    fn step(step: Step) -> Self {
        Self { info: None, pages: Vec::new(), step }
    }

    fn told(info: impl AsRef<str>, step: Step) -> Self {
        Self { info: Some(clean::message(info.as_ref())), pages: Vec::new(), step }
    }

    /// What was decided, once it is.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.step {
            Step::Granted(verdict) | Step::Ignored(verdict) | Step::Refused { verdict, .. } => Some(verdict),
            Step::Prompt { .. } | Step::Info { .. } | Step::Show { .. } | Step::Wait { .. } => None,
        }
    }
}

impl Login {
    /// The first step. `user` is the name as the module sent it.
    #[must_use]
    pub fn begin(user: &str, decision: &Decision, subject: Subject, standing: Standing) -> (Self, Next) {
        // Whatever the user answers: the dialogue is the one of any other refusal.
        // On an administrator's word a bypass stands in for whatever method is asked.
        let methods = decision.methods.iter().copied().chain([Method::Bypass]).collect();
        let subject = subject.under(decision);
        let login = Self {
            user: user.to_owned(),
            kind: decision.kind,
            echo: decision.echo,
            tries_left: decision.tries,
            subject,
            standing,
            methods,
            approvers: decision.approvers.clone(),
            mute: false,
            first_pass: FirstPass::default(),
            code_bytes: None,
            phase: Phase::Own { offer: None },
        };
        // With a first factor in evidence the user is told at once; polkit's agents need a prompt first.
        let told = standing == Standing::Evidence && login.kind != Kind::Polkit;
        let next = match (decision.require.value, subject) {
            (Require::Off, _) if decision.refused.is_none() => {
                Next::step(Step::Ignored(login.verdict(Method::None, Reason::NotRequired)))
            }
            (Require::Optional, Subject::Unenrolled | Subject::Bypassed) => login.passes_for_now(decision),
            (Require::Required | Require::Approved, Subject::Unenrolled) if told => login.must_enrol(),
            (_, Subject::Barred(reason)) if told => login.barred(reason),
            _ => Next::step(login.prompt(PROMPT)),
        };
        (login, next)
    }

    /// Whether a remembered login may stand for this one: a first factor is in evidence, and the user is enrolled.
    #[must_use]
    pub fn may_be_remembered(&self) -> bool {
        self.standing == Standing::Evidence && self.is_enrolled() && self.approvers.is_none()
    }

    /// The end where a login like this is remembered.
    #[must_use]
    pub fn remembered(&self) -> Next {
        if self.may_be_remembered() {
            Next::step(Step::Granted(self.verdict(Method::None, Reason::Remembered)))
        } else {
            self.fail(Reason::Protocol)
        }
    }

    /// The methods that may answer.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Whether this answer means "I wait for the devices": an empty line while a push is out, anything while others decide.
    #[must_use]
    pub fn waits(&self, answer: Option<&Secret>) -> bool {
        match &self.phase {
            Phase::Own { offer: None } => false,
            Phase::Own { offer: Some(_) } => {
                answer.is_some_and(|text| text.expose().iter().all(u8::is_ascii_whitespace))
            }
            Phase::Approval { .. } => true,
        }
    }

    /// The caller said from the start that nothing may be asked (`sudo -n`).
    #[must_use]
    pub fn without_prompts(mut self) -> Self {
        self.mute = true;
        self
    }

    /// Whether the devices are waited for without a prompt: nothing may be asked, and nobody need see a number.
    #[must_use]
    pub fn waits_unasked(&self) -> bool {
        self.mute && !self.number_due()
    }

    /// The application could not ask. `None`: a request is out that needs no number, and is waited for.
    pub fn cannot_ask(&mut self) -> Option<Next> {
        self.mute = true;
        let waits = match self.kind {
            Kind::Locker | Kind::Display | Kind::Other => !self.number_due(),
            // sudo refuses whatever we say once a prompt has failed; the others have failed because somebody gave up.
            Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => false,
        };
        let refused = || Next::step(self.refused(Ending::Retry, Method::None, Reason::NoConversation));
        (!waits).then(refused)
    }

    /// Whether no request is out, or one whose number somebody must see.
    fn number_due(&self) -> bool {
        match &self.phase {
            Phase::Own { offer } => offer.as_ref().is_none_or(|offer| offer.number.is_some()),
            Phase::Approval { number_due, .. } => *number_due,
        }
    }

    /// How it goes on after an answer and its judgement; `None` where there was nothing to judge it by.
    pub fn settle(&mut self, judged: Option<&Judgement>) -> Settled {
        self.use_a_try();
        Settled::Next(match judged {
            Some(judgement) if judgement.accepted && self.judges() => {
                self.code_bytes = judgement.code_bytes;
                return self.own_factor_shown(judgement.method, judgement.reason);
            }
            Some(judgement) => self.not_accepted(judgement),
            None => match self.bar() {
                Some(reason) => self.refused_again(Method::None, reason),
                // An enrolled user's answer without a judgement is a fault.
                None => self.fail(Reason::StorageFailed),
            },
        })
    }

    fn own_factor_shown(&mut self, by: Method, reason: Reason) -> Settled {
        if !self.methods.contains(&by) {
            return Settled::Next(self.fail(Reason::Protocol));
        }
        match &self.approvers {
            None => Settled::Next(Next::step(self.granted(by, reason))),
            Some(approvers) => {
                self.phase = Phase::Approval { by, number_due: true };
                Settled::AskApproval(approvers.clone())
            }
        }
    }

    /// The budget answers of this login are charged to.
    #[must_use]
    pub fn budget(&self, rhost: Option<&str>) -> Budget {
        match self.standing {
            Standing::Evidence => Budget::Evidence,
            Standing::Stranger => Budget::source(rhost),
            Standing::OwnProgram => Budget::Own,
        }
    }

    /// Whether answers are to be judged. If not, [`Login::settle`] is called with `None`.
    #[must_use]
    pub fn judges(&self) -> bool {
        matches!(self.subject, Subject::Enrolled | Subject::Bypassed)
    }

    fn is_enrolled(&self) -> bool {
        self.subject == Subject::Enrolled
    }

    /// Whether a refusal must not be told apart by its time: nobody has shown a first factor.
    #[must_use]
    pub fn hides(&self) -> bool {
        self.standing != Standing::Evidence
    }

    /// The kind of application that calls.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Why this user is refused whatever they answer, if that is so.
    #[must_use]
    pub fn bar(&self) -> Option<Reason> {
        match self.subject {
            Subject::Enrolled | Subject::Bypassed => None,
            Subject::Unenrolled => Some(Reason::EnrolmentRequired),
            Subject::Barred(reason) => Some(reason),
        }
    }

    fn prompt(&self, text: &str) -> Step {
        Step::Prompt { text: text.to_owned(), echo: self.echo }
    }

    fn refused(&self, ending: Ending, method: Method, reason: Reason) -> Step {
        Step::Refused { ending, kind: self.kind, verdict: self.verdict(method, reason) }
    }

    fn granted(&self, method: Method, reason: Reason) -> Step {
        Step::Granted(Verdict { code_bytes: self.code_bytes, ..self.verdict(method, reason) })
    }

    fn verdict(&self, method: Method, reason: Reason) -> Verdict {
        Verdict { user: self.user.clone(), method, reason, code_bytes: None }
    }
}

/// Whether a push of this login asks for the number: with a remote host always, else as policy says.
#[must_use]
pub fn needs_number(context: &Context, decision: &Decision) -> bool {
    is_remote(context.rhost.as_deref(), context.tty.as_deref()) || decision.number
}

#[cfg(test)]
mod tests;
