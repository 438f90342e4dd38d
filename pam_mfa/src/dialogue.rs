//! The talk between mfad and the person: what to do with each step and each answer.
//!
//! Pure: mfad and the conversation are traits, so that every talk is a test. Called once per
//! authentication. What must never happen: an answer about another user being taken for this one's,
//! an answer that is no text reaching mfad as text, or a talk without end.

use crate::args::BadArgument;
use crate::client::ClientError;
use crate::host::NoUser;
use crate::sent;
use crate::stacked::Stacked;
use mfa_core::clean;
use mfa_core::secret::Secret;
use mfa_core::wire::{Ask, Context, Ending, Kind, Step, Verdict};

/// Most steps of one talk: five tries with a notice and a wait each are sixteen; an enrolment shows a picture of a dozen pages, and may
/// show its menu five times.
const MAX_STEPS: usize = 64;

/// mfad, as the dialogue sees it.
pub(crate) trait Authority {
    /// Sends `ask` and reads the next step.
    fn ask(&mut self, ask: &Ask) -> Result<Step, ClientError>;
    /// Reads the step that follows a notice.
    fn listen(&mut self) -> Result<Step, ClientError>;
    /// Reads the step that follows within `seconds`, while `gone` says nobody left; `None` when somebody did.
    fn wait(&mut self, seconds: u32, gone: &dyn Fn() -> bool) -> Result<Option<Step>, ClientError>;
    /// Says that the user or the application gave up. Best effort: closing the socket says it too.
    fn cancel(&mut self);
}

/// The person at the other end of the PAM conversation.
pub(crate) trait Terminal {
    /// Asks for a line; `None` is the NULL answer.
    ///
    /// # Errors
    /// When the application cannot ask, or gave up.
    fn prompt(&mut self, text: &str, echo: bool) -> Result<Option<Secret>, ConversationFailed>;
    /// Shows a line or a page, whatever `PAM_SILENT` says: mfad sends notices only when they matter, and sudo sets that flag always.
    fn tell(&mut self, text: &str);
    /// Whether the person left: hung up, or pressed a key to give up.
    fn is_gone(&self) -> bool;
    /// Whether `PAM_USER` still is `user`, byte for byte.
    fn user_is(&self, user: &str) -> bool;
    /// A line for the debug log. Never an answer or a part of one.
    fn note(&mut self, what: &str);
}

/// The application could not ask.
#[derive(Debug)]
pub(crate) struct ConversationFailed;

/// How a call of authenticate ended. The PAM code of each is in `lib.rs`, its log line in `log.rs`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// mfad: the second factor was given.
    Granted(Verdict),
    /// mfad: policy asks nothing of this login.
    Ignored(Verdict),
    /// mfad: no.
    Refused { ending: Ending, kind: Kind, verdict: Verdict },
    /// mfad's socket is missing or refuses, and the module line says `unreachable=ignore`.
    PassedBy(ClientError),
    /// No step could be had from mfad.
    Unavailable(ClientError),
    /// The verdict names another user than the one asked about.
    AnotherUser,
    /// More than [`MAX_STEPS`] steps.
    Endless,
    /// The application could not ask, or gave up.
    NoConversation,
    /// The client hung up, or a signal to give up is pending, while mfad waited for a device.
    Left,
    /// The code was right, but the password before it could not be left to the modules behind.
    NotForwarded,
    /// `PAM_USER` changed while we talked.
    UserChanged,
    /// `PAM_USER` names nobody.
    NoUser(NoUser),
    /// The module line is wrong.
    BadArguments(BadArgument),
    /// The module is wrong.
    Panicked,
}

/// Talks until mfad has decided or something fails.
pub(crate) fn hold(
    context: &Context,
    ignore_unreachable: bool,
    stacked: &mut Stacked,
    authority: &mut impl Authority,
    terminal: &mut impl Terminal,
) -> Outcome {
    match talk(context, stacked, authority, terminal) {
        Ok(outcome) => outcome,
        Err(error) if ignore_unreachable && error.is_absence() => Outcome::PassedBy(error),
        Err(error) => Outcome::Unavailable(error),
    }
}

fn talk(
    context: &Context,
    stacked: &mut Stacked,
    authority: &mut impl Authority,
    terminal: &mut impl Terminal,
) -> Result<Outcome, ClientError> {
    let mut step = authority.ask(&Ask::Begin(context.clone()))?;
    for _ in 0..MAX_STEPS {
        step = match step {
            Step::Prompt { text, echo } => match answer(context, stacked, terminal, &text, echo) {
                Ok(answer) => authority.ask(&answer)?,
                Err(end) => {
                    authority.cancel();
                    return Ok(end);
                }
            },
            Step::Info { text } => {
                terminal.note("mfad has a notice");
                terminal.tell(&clean::message(&text));
                authority.listen()?
            }
            Step::Show { page } => {
                terminal.note("mfad has something to show");
                terminal.tell(&page.text());
                authority.listen()?
            }
            Step::Wait { seconds } => {
                terminal.note("mfad waits for a device");
                match authority.wait(seconds, &|| terminal.is_gone())? {
                    Some(step) => step,
                    None => {
                        authority.cancel();
                        return Ok(Outcome::Left);
                    }
                }
            }
            Step::Granted(verdict) => return Ok(decided(context, terminal, verdict, Outcome::Granted)),
            Step::Ignored(verdict) => return Ok(decided(context, terminal, verdict, Outcome::Ignored)),
            Step::Refused { ending, kind, verdict } => {
                let refused = |verdict| Outcome::Refused { ending, kind, verdict };
                return Ok(decided(context, terminal, verdict, refused));
            }
        };
    }
    authority.cancel();
    Ok(Outcome::Endless)
}

/// What mfad is sent for its prompt; the error is the end.
fn answer(
    context: &Context,
    stacked: &mut Stacked,
    terminal: &mut impl Terminal,
    text: &str,
    echo: bool,
) -> Result<Ask, Outcome> {
    let answer = match stacked.unasked() {
        Some(unasked) => {
            terminal.note("nobody is asked: the stacked password is all there is");
            unasked
        }
        None => {
            let with_password = stacked.is_typed_with_password();
            let echo = echo && !with_password;
            terminal.note(if echo { "mfad asks, shown while typed" } else { "mfad asks, hidden while typed" });
            match terminal.prompt(&clean::message(text), echo) {
                Ok(typed) if with_password => stacked.typed(typed),
                Ok(typed) => Ask::Answer { text: sent::whole(typed) },
                Err(ConversationFailed) if terminal.is_gone() => return Err(Outcome::NoConversation),
                // Without prompts (sudo -n) there may still be a device that needs no number.
                Err(ConversationFailed) => Ask::CannotAsk,
            }
        }
    };
    terminal.note(match &answer {
        Ask::Answer { text: Some(_) } | Ask::AnswerAtEnd { text: Some(_) } => "an answer was given",
        Ask::Answer { text: None } | Ask::AnswerAtEnd { text: None } => "no usable answer was given",
        Ask::CannotAsk | Ask::Begin(_) | Ask::Cancel => "the application cannot ask",
    });
    // Before the answer is used up for somebody else.
    if terminal.user_is(&context.user) { Ok(answer) } else { Err(Outcome::UserChanged) }
}

/// The end mfad gave, if it is about the user we asked for and the application still means.
fn decided(
    context: &Context,
    terminal: &impl Terminal,
    verdict: Verdict,
    outcome: impl FnOnce(Verdict) -> Outcome,
) -> Outcome {
    if verdict.user != context.user {
        Outcome::AnotherUser
    } else if !terminal.user_is(&context.user) {
        Outcome::UserChanged
    } else {
        outcome(verdict)
    }
}

#[cfg(test)]
#[path = "dialogue/tests.rs"]
mod tests;
