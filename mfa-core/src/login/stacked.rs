//! A login whose module line makes something of the stacked password: who is asked, in which words, and what counts as a try.
//!
//! What must never happen: a code offered to a device's owner who was not asked, or a prompt that shows a password.

use super::{Login, Next, words};
use crate::stacked::FirstPass;
use crate::wire::Step;

impl Login {
    /// The login and its first step, `next`, under these arguments of the module line.
    #[must_use]
    pub fn with_first_pass(mut self, first_pass: FirstPass, next: Next) -> (Self, Next) {
        self.first_pass = first_pass;
        let step = match next.step {
            Step::Prompt { .. } => self.ask(words::PROMPT),
            other => other,
        };
        (self, Next { step, ..next })
    }

    /// Whether a push has a place here: not beside a code that is at hand, nor where a prompt has other words to say.
    pub(super) fn leaves_room_for_a_push(&self) -> bool {
        !self.first_pass.at_hand && !self.first_pass.with_password
    }

    /// Takes one of the tries. What was at hand was nobody's: it may have been a password alone.
    pub(super) fn use_a_try(&mut self) {
        let was_at_hand = std::mem::take(&mut self.first_pass.at_hand);
        if self.first_pass.alone || (self.first_pass.with_password && !was_at_hand) {
            self.tries_left = 0;
        } else if !was_at_hand {
            self.tries_left = self.tries_left.saturating_sub(1);
        }
    }

    /// Whether the application is told of the first refusal and calls again if it likes: programs with one hidden prompt give
    /// the same answer to every other, each of which would be charged.
    pub(super) fn is_asked_once(&self) -> bool {
        self.first_pass.alone || self.first_pass.with_password
    }

    /// The prompt, `text` being [`words::PROMPT`] or [`words::PROMPT_AGAIN`]: in other words, and hidden, where the password
    /// is to be typed too.
    pub(super) fn ask(&self, text: &'static str) -> Step {
        if !self.first_pass.with_password {
            return self.prompt(text);
        }
        let text = if text == words::PROMPT { words::PROMPT_WITH_PASSWORD } else { words::PROMPT_WITH_PASSWORD_AGAIN };
        Step::Prompt { text: text.to_owned(), echo: false }
    }
}

#[cfg(test)]
mod tests;
