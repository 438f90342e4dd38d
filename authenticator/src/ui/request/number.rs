//! Reading what stands in the number entry. Pure.

use super::text;
use mfa_core::approval::{NUMBER_DIGITS, typed};

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Nothing yet, or not all digits.
    Unfinished,
    /// Six digits, with spaces or dashes anywhere.
    Complete,
    /// Something that will never be the number, and why.
    Wrong(&'static str),
}

impl Number {
    /// Reads the entry's text.
    #[must_use]
    pub(super) fn read(text: &str) -> Self {
        if typed(text).is_some() {
            return Self::Complete;
        }
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if text.chars().any(|c| !c.is_ascii_digit() && c != ' ' && c != '-') {
            Self::Wrong(text::DIGITS_ONLY.here())
        } else if digits > NUMBER_DIGITS {
            Self::Wrong(text::SIX_DIGITS.here())
        } else {
            Self::Unfinished
        }
    }
}

/// The digits in two groups, as the terminal shows them (`482 913`), where they have grown into a second one; `None` where
/// the text stays as it is. Whoever groups them otherwise is left alone.
#[must_use]
pub fn grouped(text: &str) -> Option<String> {
    let (first, rest) = text.split_at_checked(NUMBER_DIGITS / 2)?;
    (!rest.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{first} {rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_complete_however_they_are_grouped() {
        for text in ["482913", "482 913", "482-913", " 48 29 13 ", "4-8-2-9-1-3"] {
            assert_eq!(Number::read(text), Number::Complete, "{text}");
        }
        for text in ["", " ", "-", "4", "482 91"] {
            assert_eq!(Number::read(text), Number::Unfinished, "{text}");
        }
        for text in ["4829131", "482 913 1", "48291x", "x", "482.913", "４８２９１３", "482913\u{202e}", "482\u{a0}913"]
        {
            assert!(matches!(Number::read(text), Number::Wrong(_)), "{text}");
        }
    }

    #[test]
    fn digits_are_put_into_two_groups_and_other_text_is_left_alone() {
        for (text, shown) in [("4829", "482 9"), ("482913", "482 913"), ("4829131", "482 9131")] {
            assert_eq!(grouped(text).as_deref(), Some(shown));
            assert_eq!(Number::read(shown), Number::read(text));
            assert_eq!(grouped(shown), None);
        }
        for text in ["", "482", "482 ", "48-2913", "48x913", "äöü", "ääää", "４８２９１３"] {
            assert_eq!(grouped(text), None, "{text}");
        }
    }
}
