//! Keys as files of tokens write them: hexadecimal or base32.
//!
//! Both are digits and letters, and `23456723…` may be either. What must never happen: a text read in two ways at two
//! times, or an error that quotes it.

use super::gathering::Refusal;
use super::without;
use crate::base32;
use crate::secret::Secret;
use data_encoding::HEXLOWER_PERMISSIVE;

/// Hexadecimal digits of the keys that tokens have: 128, 160, 256 and 512 bits.
const HEX_LENGTHS: [usize; 4] = [32, 40, 64, 128];

/// Hexadecimal alone, either case; blanks and dashes between the digits are skipped, as [`base32::decode`] does.
pub(super) fn hexadecimal(text: &str) -> Result<Secret, Refusal> {
    let digits = without(text, is_gap);
    HEXLOWER_PERMISSIVE.decode(&digits).map(Secret::new).map_err(|_| Refusal::NotHexadecimal)
}

/// Base32 alone.
pub(super) fn base32(text: &str) -> Result<Secret, Refusal> {
    base32::decode(text).map_err(|_| Refusal::NotBase32)
}

/// Either, and which it was. Digits that are all hexadecimal, as many as a key of a token has ([`HEX_LENGTHS`]), are
/// hexadecimal, although they may be base32 too. Else what is base32 is base32, and what is not is
/// hexadecimal.
pub(super) fn either(text: &str) -> Result<(Secret, &'static str), Refusal> {
    let in_hex = without(text, is_gap).iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let all = text.bytes().filter(|byte| !is_gap(*byte)).count();
    let (hex, base) = (hexadecimal(text), base32(text));
    match (hex, base) {
        (Ok(key), Err(_)) => Ok((key, "the key is hexadecimal")),
        (Ok(key), Ok(_)) if in_hex == all && HEX_LENGTHS.contains(&all) => {
            Ok((key, "the key is read as hexadecimal, although it could be base32"))
        }
        (Ok(_), Ok(key)) => Ok((key, "the key is read as base32, although it could be hexadecimal")),
        (Err(_), Ok(key)) => Ok((key, "the key is base32")),
        (Err(_), Err(_)) => Err(Refusal::NotAKey),
    }
}

fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_by_its_digits_and_their_number() {
        let hex = "hexadecimal";
        let base = "base32";
        for (text, read_as, bytes) in [
            // Only one of the two is possible.
            ("3132333435363738393031323334353637383930", hex, 20),
            ("31323334 35363738 39303132 33343536", hex, 16),
            ("0123456789abcdef0123456789abcdef0123456789abcdef", hex, 24),
            ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", base, 20),
            ("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", base, 20),
            ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOI=", base, 19),
            // Both are: the length decides.
            ("ABCDEF23ABCDEF23ABCDEF23ABCDEF23", hex, 16),
            ("ABCDEF23ABCDEF23ABCDEF23ABCDEF23ABCDEF23", hex, 20),
            ("ABCDEF23ABCDEF23ABCDEF23", base, 15),
        ] {
            let (key, what) = either(text).unwrap();
            assert!(what.starts_with(&format!("the key is {read_as}")) || what.contains(&format!("read as {read_as}")));
            assert_eq!(key.len(), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "0123456789abcdeg", "not a key!", "ÄBCD", "313", "=ABC"] {
            assert!(either(text).is_err() || either(text).unwrap().0.is_empty(), "{text}");
        }
        assert!(hexadecimal("GEZD").is_err() && base32("0189").is_err());
    }
}
