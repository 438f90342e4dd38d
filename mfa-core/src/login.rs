//! The login state machine: from who knocks and what is known of them to the next step of the dialogue.
//!
//! mfad calls [`Login::begin`] once and [`Login::settle`] after each judged answer. No I/O, no clock: every
//! dialogue is a table. What must never happen: `granted` without a judgement that accepted a code in
//! this login, `ignored` for a fault, or a dialogue that tells a stranger who exists.

use crate::clean;
use crate::limits::Budget;
use crate::policy::{Decision, Require};
use crate::verify::Judgement;
use crate::wire::{Context, Ending, Kind, Method, Reason, Step, Verdict};
use std::time::Duration;

/// The prompt. Clients that fill codes in look for these words; "password" must not stand in it.
pub const PROMPT: &str = "Verification code: ";

/// The prompt after an answer that was not accepted: one text, since sshd before 10.3 shows no message
/// of its own before the next prompt.
pub const PROMPT_AGAIN: &str = "That code was not accepted. Verification code: ";

/// What is known of the one who knocks, when anything is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Has factors, in a file that is theirs.
    Enrolled,
    /// Has none.
    Unenrolled,
    /// Cannot be let in whatever they answer, and why.
    Barred(Reason),
}

/// Whether the caller shows that a first factor was given.
///
/// `user_uid` is the account's uid. The PAM environment's `SSH_AUTH_INFO_0` counts for services of kind
/// sshd alone (elsewhere `pam_env user_readenv=1` could plant it); a local caller counts when its real uid is the
/// user's and not 0, with no remote host and a terminal that is not sshd's.
#[must_use]
pub fn first_factor_in_evidence(context: &Context, kind: Kind, user_uid: Option<u32>) -> bool {
    let by_ssh = kind == Kind::Sshd && !context.ssh_auth_info.is_empty();
    let by_session = user_uid.is_some_and(|uid| uid != 0 && uid == context.real_uid)
        && context.rhost.as_deref().unwrap_or("").is_empty()
        && context.tty.as_deref() != Some("ssh");
    context.first_factor_stack || by_ssh || by_session
}

/// Time a person has for the whole dialogue, by what the caller itself allows: login(1) ends after 60 s
/// (`LOGIN_TIMEOUT`), sshd after 120 s (`LoginGraceTime`).
#[must_use]
pub fn time_for(kind: Kind) -> Duration {
    Duration::from_secs(match kind {
        Kind::Sshd | Kind::Sudo | Kind::Su => 110,
        Kind::Login | Kind::Display | Kind::Other => 55,
        Kind::Locker | Kind::Polkit => 30,
    })
}

/// A login under way.
#[derive(Debug, Clone)]
pub struct Login {
    user: String,
    kind: Kind,
    echo: bool,
    tries_left: u8,
    subject: Subject,
    evidence: bool,
}

/// How a login goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Shown before the step, at most one line.
    pub info: Option<String>,
    /// The step.
    pub step: Step,
}

impl Next {
    fn step(step: Step) -> Self {
        Self { info: None, step }
    }

    fn told(info: String, step: Step) -> Self {
        Self { info: Some(clean::message(&info)), step }
    }

    /// What was decided, once it is.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.step {
            Step::Granted(verdict) | Step::Ignored(verdict) | Step::Refused { verdict, .. } => Some(verdict),
            Step::Prompt { .. } | Step::Info { .. } => None,
        }
    }
}

impl Login {
    /// The first step. `user` is the name as the module sent it.
    #[must_use]
    pub fn begin(user: &str, decision: &Decision, subject: Subject, evidence: bool) -> (Self, Next) {
        let login = Self {
            user: user.to_owned(),
            kind: decision.kind,
            echo: decision.echo,
            tries_left: decision.tries,
            subject,
            evidence,
        };
        let next = match (decision.require.value, subject) {
            (Require::Off, _) => Next::step(Step::Ignored(login.verdict(Method::None, Reason::NotRequired))),
            (Require::Optional, Subject::Unenrolled) => {
                Next::step(Step::Ignored(login.verdict(Method::None, Reason::NotEnrolled)))
            }
            // With a first factor in evidence the user is told at once; polkit's agents need a prompt first.
            (Require::Required, Subject::Unenrolled) if evidence && login.kind != Kind::Polkit => login.must_enrol(),
            (_, Subject::Barred(reason)) if evidence && login.kind != Kind::Polkit => login.barred(reason),
            _ => Next::step(login.prompt(PROMPT)),
        };
        (login, next)
    }

    /// The budget answers of this login are charged to.
    #[must_use]
    pub fn budget(&self, rhost: Option<&str>) -> Budget {
        if self.evidence { Budget::Evidence } else { Budget::source(rhost) }
    }

    /// Whether answers are to be judged. If not, [`Login::settle`] is called with `None`.
    #[must_use]
    pub fn judges(&self) -> bool {
        self.subject == Subject::Enrolled
    }

    /// Whether a refusal must not be told apart by its time: nobody has shown a first factor.
    #[must_use]
    pub fn hides(&self) -> bool {
        !self.evidence
    }

    /// The kind of application that calls.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Why this user is refused whatever they answer, if that is so.
    #[must_use]
    pub fn standing(&self) -> Option<Reason> {
        match self.subject {
            Subject::Enrolled => None,
            Subject::Unenrolled => Some(Reason::EnrolmentRequired),
            Subject::Barred(reason) => Some(reason),
        }
    }

    /// The next step after an answer and its judgement; `None` where there was nothing to judge it by.
    pub fn settle(&mut self, judged: Option<&Judgement>) -> Next {
        self.tries_left = self.tries_left.saturating_sub(1);
        match judged {
            Some(judgement) if judgement.accepted && self.judges() => {
                Next::step(Step::Granted(self.verdict(judgement.method, judgement.reason)))
            }
            Some(judgement) => self.not_accepted(judgement.method, judgement.reason, judgement.wait),
            None => match self.standing() {
                Some(reason) => self.not_accepted(Method::None, reason, 0),
                // An enrolled user's answer without a judgement is a fault.
                None => self.fail(Reason::StorageFailed),
            },
        }
    }

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

    fn not_accepted(&self, method: Method, reason: Reason, wait: u64) -> Next {
        if self.evidence {
            // Nothing another try could change: say what is the matter and stop.
            let info = match reason {
                Reason::Locked if wait == u64::MAX => {
                    Some(String::from("Too many wrong codes. Ask your administrator to unlock your second factor."))
                }
                Reason::Locked => Some(format!("Too many wrong codes. Try again in {}.", in_words(wait))),
                Reason::Disabled => Some(String::from(
                    "This factor is disabled after too many wrong codes. Use a recovery code or ask your administrator.",
                )),
                Reason::StateLost => Some(String::from(
                    "This host has lost its record of used codes. Ask your administrator to run: mfactl adopt",
                )),
                _ => None,
            };
            if let Some(info) = info {
                return Next::told(info, self.refused(Ending::Stop, method, reason));
            }
        }
        if self.tries_left > 0 {
            return Next::step(self.prompt(PROMPT_AGAIN));
        }
        // Callers that ask once per call decide themselves whether to call again.
        let ending = match self.kind {
            Kind::Locker | Kind::Display | Kind::Other => Ending::Retry,
            Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => Ending::Stop,
        };
        Next::step(self.refused(ending, method, reason))
    }

    fn must_enrol(&self) -> Next {
        let info = format!(
            "A second factor is required and {} has none. Ask your administrator to run: mfactl enroll {}",
            clean::field(&self.user),
            clean::field(&self.user)
        );
        Next::told(info, self.refused(Ending::Stop, Method::None, Reason::EnrolmentRequired))
    }

    fn barred(&self, reason: Reason) -> Next {
        let info = String::from(
            "Your second factor cannot be checked on this host. Ask your administrator to look at the log of mfad.",
        );
        Next::told(info, self.refused(Ending::Unavailable, Method::None, reason))
    }

    fn prompt(&self, text: &str) -> Step {
        Step::Prompt { text: text.to_owned(), echo: self.echo }
    }

    fn refused(&self, ending: Ending, method: Method, reason: Reason) -> Step {
        Step::Refused { ending, kind: self.kind, verdict: self.verdict(method, reason) }
    }

    fn verdict(&self, method: Method, reason: Reason) -> Verdict {
        Verdict { user: self.user.clone(), method, reason }
    }
}

/// Seconds as a person says them.
fn in_words(seconds: u64) -> String {
    match seconds {
        1 => String::from("1 second"),
        0..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests;
