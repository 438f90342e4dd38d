//! Base32 (RFC 4648 section 6) of secrets: read as people and programs write it, written in one form.
//!
//! Used by `otpauth`, `import`, the enrolment file and wherever a person types or reads a key. What must
//! never happen: an error that quotes the text, or a copy of it that is not wiped.

use crate::secret::Secret;
use data_encoding::BASE32_NOPAD;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a text is not base32. It never says which character it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not base32: only the letters A to Z and the digits 2 to 7 belong in a key")]
pub struct NotBase32;

/// The bytes of `text`: either case, ASCII white space and dashes anywhere, padding at the end or none.
/// Left-over bits are dropped, whatever the length, as Google's decoder does (data-encoding would refuse them).
///
/// # Errors
/// When any other character is in it.
pub fn decode(text: &str) -> Result<Secret, NotBase32> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8 + 1);
    let symbols = text.trim_end_matches(|c: char| c == '=' || c.is_ascii_whitespace());
    let (mut pending, mut bits) = (0_u32, 0_u32);
    for symbol in symbols.bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a',
            b'2'..=b'7' => symbol - b'2' + 26,
            b'-' | b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => {
                drop(Secret::new(bytes));
                return Err(NotBase32);
            }
        };
        pending = pending << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.extend((pending >> bits).to_be_bytes().last());
            pending &= (1 << bits) - 1;
        }
    }
    Ok(Secret::new(bytes))
}

/// `secret` in upper case without padding, the form every app reads.
#[must_use]
pub fn encode(secret: &Secret) -> Secret {
    Secret::from(BASE32_NOPAD.encode(secret.expose()))
}

/// `secret` in base32 for a person to copy: groups of four with a space between.
#[must_use]
pub fn in_groups_of_four(secret: &Secret) -> Secret {
    let text = encode(secret);
    let mut grouped = Vec::with_capacity(text.len() + text.len() / 4);
    for group in text.expose().chunks(4) {
        if !grouped.is_empty() {
            grouped.push(b' ');
        }
        grouped.extend_from_slice(group);
    }
    Secret::new(grouped)
}

/// The letters of a key in groups of four, as apps show it and people read it out.
#[must_use]
pub fn in_fours(letters: &str) -> Zeroizing<String> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut shown = Zeroizing::new(String::with_capacity(2 * letters.len()));
    for (index, letter) in letters.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            shown.push(' ');
        }
        shown.push(letter);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        decode(text).unwrap().expose().to_vec()
    }

    #[test]
    fn a_key_is_shown_in_groups_of_four() {
        assert_eq!(*in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(*in_fours("ABCD"), "ABCD");
    }

    #[test]
    fn the_examples_of_rfc_4648_hold() {
        for (plain, base32) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(decoded(base32), plain.as_bytes());
            assert_eq!(decoded(base32.trim_end_matches('=')), plain.as_bytes());
            let encoded = encode(&Secret::from(plain.to_owned()));
            assert_eq!(encoded.expose_str().unwrap(), base32.trim_end_matches('='));
        }
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        for text in ["JBSW Y3DP EHPK 3PXP", "jbswy3dpehpk3pxp", "jbsw-y3dp-ehpk-3pxp", " JBSWY3DPEHPK3PXP==== \n"] {
            assert_eq!(decoded(text), b"Hello!\xde\xad\xbe\xef");
        }
    }

    #[test]
    fn what_is_not_base32_is_refused() {
        for text in ["JBSW1", "JBSW0", "JBSW8", "JB=SW", "JBSW!", "ÄBSW", "JBSW\0", "JBSW+", "ＡＢ"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_length_survives_the_way_there_and_back() {
        for length in 0..=128_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(151) ^ length).collect();
            let secret = Secret::new(bytes.clone());
            assert_eq!(decode(encode(&secret).expose_str().unwrap()).unwrap().expose(), bytes);
            let grouped = in_groups_of_four(&secret);
            assert_eq!(decode(grouped.expose_str().unwrap()).unwrap().expose(), bytes);
            assert!(grouped.expose_str().unwrap().split(' ').all(|group| group.len() <= 4));
        }
    }
}
