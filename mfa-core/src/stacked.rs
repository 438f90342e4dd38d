//! Answers that come with a password: `use_first_pass`, `try_first_pass` and `forward_pass` of the module line.
//!
//! The module cuts off what may be a code at the end of the stacked password, and mfad is sent that and nothing else. What
//! must never happen: a part of the password on its way to mfad that could not be part of a code.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Digits of a one-time code, as `otp::DIGITS` has them.
const DIGITS: RangeInclusive<usize> = 6..=8;

/// Groups of a recovery code, and symbols in each, as `recovery` makes them.
const RECOVERY: (usize, usize) = (6, 4);

/// The same of the code of a bypass.
const BYPASS: (usize, usize) = (5, 5);

/// What the module line makes of the stacked password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstPass {
    /// There is one, and what may be a code stands at its end: the first answer comes without a prompt being shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_hand: bool,
    /// Nobody is asked for anything else (`use_first_pass`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// What is typed at a prompt is the password with the code behind it (`forward_pass`): the prompt must say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_password: bool,
}

impl FirstPass {
    /// Whether the module line says nothing of the stacked password.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }
}

/// The end of `text` that may be a code, the rest being the password: a recovery or bypass code in its groups, a recovery code
/// without dashes, or the last digits, eight at most. How many of the digits are the code depends on the user's factors.
///
/// Without dashes a recovery code must be in capitals and have a letter: a long password in small letters would else be sent
/// whole, and cost an attempt at every login. A bypass code without them could be a recovery code behind a letter of the password.
#[must_use]
pub fn code_at_end(text: &[u8]) -> Option<&[u8]> {
    let grouped = |(groups, size): (usize, usize)| {
        last(text, groups * (size + 1) - 1).filter(|code| {
            code.chunks(size + 1).all(|group| {
                let (symbols, dash) = group.split_at_checked(size).unwrap_or((group, &[]));
                symbols.len() == size && symbols.iter().all(is_symbol) && matches!(dash, [] | [b'-'])
            })
        })
    };
    let plain = last(text, RECOVERY.0 * RECOVERY.1).filter(|code| {
        code.iter().all(|byte| is_symbol(byte) && !byte.is_ascii_lowercase()) && code.iter().any(u8::is_ascii_uppercase)
    });
    let count = text.iter().rev().take(*DIGITS.end()).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = last(text, count).filter(|digits| DIGITS.contains(&digits.len()));
    [RECOVERY, BYPASS].into_iter().find_map(grouped).or(plain).or(digits)
}

fn last(text: &[u8], count: usize) -> Option<&[u8]> {
    text.get(text.len().checked_sub(count)?..)
}

/// One that a typed recovery code may have: Crockford's, and the letters that are read as digits.
fn is_symbol(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() && !matches!(byte, b'U' | b'u')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Option<&str> {
        code_at_end(text.as_bytes()).map(|code| std::str::from_utf8(code).unwrap())
    }

    const CODE: &str = "7ZQ4-0123-ABCD-EFGH-JKMN-PQRS";

    #[test]
    fn the_last_digits_may_be_a_code() {
        for (text, code) in [
            ("123456", Some("123456")),
            ("12345678", Some("12345678")),
            ("correct horse123456", Some("123456")),
            // Two of the password, or of a code of eight.
            ("horse12345678", Some("12345678")),
            ("horse1234567890", Some("34567890")),
            ("pä123456", Some("123456")),
            ("", None),
            ("12345", None),
            ("horse12345", None),
            ("123456x", None),
            ("123456 ", None),
            ("123 456", None),
            ("horse١٢٣٤٥٦", None),
        ] {
            assert_eq!(end(text), code, "{text}");
        }
        assert_eq!(code_at_end(b"\xff\xfe123456"), Some(&b"123456"[..]));
    }

    #[test]
    fn a_recovery_code_is_found_in_its_groups_and_without_them() {
        let (small, bare) = (CODE.to_lowercase(), CODE.replace('-', ""));
        for (text, code) in [
            (CODE.to_owned(), Some(CODE)),
            (format!("horse{CODE}"), Some(CODE)),
            (format!("horse{small}"), Some(&*small)),
            (format!("horse{bare}"), Some(&*bare)),
            // Groups that are shifted are none; and no digits stand at the end.
            (CODE.replace("-ABCD", "A-BCD"), None),
            (CODE.replace('Q', "U"), None),
            (bare.to_lowercase(), None),
        ] {
            assert_eq!(end(&text), code, "{text}");
        }
    }

    #[test]
    fn a_password_alone_is_not_sent() {
        for password in [
            "correct horse battery staple",
            "correcthorsebatterystaple",
            "abcdefghjkmnpqrstvwxyzabcdefgh",
            "000000000000000000000000x",
            "CORRECT-HORSE-BATTERY-STAPLE-",
        ] {
            assert_eq!(end(password), None, "{password}");
        }
        assert_eq!(end("000000000000000000000000000000"), Some("00000000"), "digits alone are no recovery code");
    }

    #[cfg(feature = "authority")]
    #[test]
    fn every_code_mfad_makes_is_found_whole() {
        let mut next = 0_u8;
        let fill = |bytes: &mut [u8]| {
            bytes.fill_with(|| {
                next = next.wrapping_mul(31).wrapping_add(7);
                next
            });
            Ok::<_, std::convert::Infallible>(())
        };
        for code in crate::recovery::generate(fill).unwrap().shown {
            let code = code.expose_str().unwrap();
            assert_eq!(end(&format!("horse{code}")), Some(code));
            assert_eq!(end(&format!("horse{}", code.replace('-', ""))).map(str::len), Some(RECOVERY.0 * RECOVERY.1));
            assert!(crate::recovery::has_shape(code));
        }
        let bypass = "7ZQ40-123AB-CDEFG-HJKMN-PQRST";
        assert_eq!(end(&format!("horse{bypass}")), Some(bypass));
        assert!(crate::bypass::has_shape(bypass));
        let digits = crate::otp::DIGITS;
        assert_eq!((usize::from(*digits.start()), usize::from(*digits.end())), (*DIGITS.start(), *DIGITS.end()));
    }
}
