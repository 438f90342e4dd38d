//! The stacked password (`PAM_AUTHTOK`): what of it is sent to mfad, and what is left for the modules behind.
//!
//! Called by the dialogue and, at its end, by the hook. Pure. What must never happen: a byte of the password on its way
//! to mfad that could not be part of a code, or another text handed on than what stood before the accepted code.

use crate::args::{Arguments, Take};
use crate::client::ClientError;
use crate::sent;
use mfa_core::secret::Secret;
use mfa_core::stacked::FirstPass;
use mfa_core::wire::Ask;

/// What the module line makes of the stacked password, and the text that mfad judges the end of.
#[derive(Debug)]
pub(crate) struct Stacked {
    take: Take,
    forward: bool,
    /// Password and code: what was stacked, then what was typed.
    text: Option<Secret>,
    /// Whether the text still waits for the first prompt.
    waiting: bool,
}

impl Stacked {
    /// `token` is the stacked password; it is looked at only where the line says so.
    pub(crate) fn new(arguments: &Arguments, token: impl FnOnce() -> Option<Secret>) -> Self {
        let Arguments { first_pass: take, forward, .. } = *arguments;
        let text = if take == Take::Never { None } else { token() };
        let waiting = text.as_ref().is_some_and(|text| sent::end(text).is_some());
        Self { take, forward, text, waiting }
    }

    /// What mfad is told of it.
    pub(crate) fn first_pass(&self) -> FirstPass {
        FirstPass { at_hand: self.waiting, alone: self.take == Take::Only, with_password: self.forward }
    }

    /// What is sent in place of asking, if anything: once the code that was stacked, and that nobody may be asked.
    pub(crate) fn unasked(&mut self) -> Option<Ask> {
        if std::mem::take(&mut self.waiting) {
            return Some(self.answer());
        }
        (self.take == Take::Only).then_some(Ask::CannotAsk)
    }

    /// Whether the password is typed before the code.
    pub(crate) fn is_typed_with_password(&self) -> bool {
        self.forward
    }

    /// What is sent of password and code that were typed. A line without a code (Enter, to wait for those who approve)
    /// leaves what was typed before it.
    pub(crate) fn typed(&mut self, text: Option<Secret>) -> Ask {
        match text.filter(|text| sent::end(text).is_some()) {
            None => Ask::AnswerAtEnd { text: None },
            text => {
                self.text = text;
                self.answer()
            }
        }
    }

    /// What is left for the modules behind, where mfad has accepted a code of `code_bytes` in [`Self::answer`].
    ///
    /// # Errors
    /// When mfad means more than it was sent.
    pub(crate) fn left(&self, code_bytes: Option<u8>) -> Result<Option<Secret>, ClientError> {
        let (Some(text), Some(code), true) = (&self.text, code_bytes, self.forward) else { return Ok(None) };
        let known = sent::end(text).filter(|sent| usize::from(code) <= sent.len());
        let password = known.and_then(|_| text.expose().get(..text.len().checked_sub(usize::from(code))?));
        let wrong = || ClientError::Wire(String::from("a code longer than what it was sent"));
        password.map(|password| Some(Secret::new(password.to_vec()))).ok_or_else(wrong)
    }

    fn answer(&self) -> Ask {
        let end = self.text.as_ref().and_then(sent::end);
        Ask::AnswerAtEnd { text: end.map(|end| Secret::new(end.to_vec())) }
    }
}

#[cfg(test)]
#[path = "stacked/tests.rs"]
mod tests;
