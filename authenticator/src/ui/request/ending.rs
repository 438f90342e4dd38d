//! What the window says of a request that is over. Pure.

use super::text;
use crate::catalogue::Text;
use mfa_core::bus::Withdrawn;

/// How a request ended, as this window knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Approved from here.
    Approved,
    /// Denied from here.
    Denied,
    /// Denied and reported from here.
    Reported,
    /// The number typed here was wrong.
    WrongNumber,
    /// It ended somewhere else; `None`: in a way this version does not know.
    Elsewhere(Option<Withdrawn>),
}

/// A page of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// A symbolic icon of the desktop's theme.
    pub icon: &'static str,
    /// One line.
    pub title: Text,
    /// What it means and what to do next.
    pub text: Text,
}

impl Ending {
    /// From the history's word.
    #[must_use]
    pub fn elsewhere(outcome: Option<&str>) -> Self {
        Self::Elsewhere(outcome.and_then(Withdrawn::received))
    }

    /// Whether the user has just said so and needs not be told at length.
    #[must_use]
    pub fn is_own_word(self) -> bool {
        match self {
            Self::Approved | Self::Denied | Self::Reported => true,
            Self::WrongNumber | Self::Elsewhere(_) => false,
        }
    }

    /// What to show.
    #[must_use]
    pub fn said(self) -> Said {
        let (icon, (title, text)) = match self {
            Self::Approved => ("emblem-ok-symbolic", text::APPROVED),
            Self::Denied => ("action-unavailable-symbolic", text::DENIED),
            Self::Reported => ("dialog-warning-symbolic", text::REPORTED),
            Self::WrongNumber => ("dialog-warning-symbolic", text::WRONG_NUMBER),
            Self::Elsewhere(Some(Withdrawn::Approved)) => ("emblem-ok-symbolic", text::APPROVED_ELSEWHERE),
            Self::Elsewhere(Some(Withdrawn::Denied)) => ("action-unavailable-symbolic", text::DENIED_ELSEWHERE),
            Self::Elsewhere(Some(Withdrawn::WrongNumber)) => ("dialog-warning-symbolic", text::WRONG_ELSEWHERE),
            Self::Elsewhere(Some(Withdrawn::Cancelled)) => ("window-close-symbolic", text::CANCELLED),
            Self::Elsewhere(Some(Withdrawn::Expired)) => ("alarm-symbolic", text::EXPIRED),
            Self::Elsewhere(None) => ("window-close-symbolic", text::OVER),
        };
        Said { icon, title, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_told_apart_and_an_unknown_one_claims_nothing() {
        let outcomes = ["approved", "denied", "wrong-number", "cancelled", "expired"];
        let mut titles: Vec<_> = outcomes.map(|outcome| Ending::elsewhere(Some(outcome)).said().title.0).to_vec();
        titles.extend(
            [Ending::Approved, Ending::Denied, Ending::Reported, Ending::WrongNumber].map(|e| e.said().title.0),
        );
        titles.push(Ending::elsewhere(Some("won")).said().title.0);
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), 10);
        assert_eq!(Ending::elsewhere(None), Ending::elsewhere(Some("won")));
    }

    #[test]
    fn only_what_the_user_did_here_needs_no_second_look() {
        assert!(Ending::Approved.is_own_word() && Ending::Denied.is_own_word() && Ending::Reported.is_own_word());
        assert!(!Ending::WrongNumber.is_own_word() && !Ending::elsewhere(Some("approved")).is_own_word());
    }
}
