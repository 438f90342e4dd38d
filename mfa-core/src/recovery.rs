//! Recovery codes: a set of ten, made once, shown once, kept as salted hashes.
//!
//! Enrolment makes them, the login machine finds a typed one among them; which of them are spent is state and not kept
//! here.

use crate::lookup::{Shape, StoredCode};
use crate::secret::Secret;
use subtle::{Choice, ConditionallySelectable};

/// Codes in a set.
pub const CODES: usize = 10;

/// 120 bits: six groups of four symbols.
const SHAPE: Shape = Shape::new(24, 4);

/// A new set of [`CODES`] codes.
#[derive(Debug)]
pub struct NewCodes {
    /// To show once and then drop: six groups of four with dashes, 29 bytes each.
    pub shown: Vec<Secret>,
    /// To keep, in the same order.
    pub stored: Vec<StoredCode>,
}

/// Makes a set; `fill` fills its buffer with random bytes (`getrandom::fill`).
///
/// # Errors
/// Those of `fill`: without randomness there are no codes.
pub fn generate<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<NewCodes, E> {
    let mut codes = NewCodes { shown: Vec::with_capacity(CODES), stored: Vec::with_capacity(CODES) };
    for _ in 0..CODES {
        let (shown, stored) = SHAPE.make(&mut fill)?;
        codes.shown.push(shown);
        codes.stored.push(stored);
    }
    Ok(codes)
}

/// The index of the code that `typed` is. Every stored code is hashed and compared to the end whatever matches.
#[must_use]
pub fn find(codes: &[StoredCode], typed: &str) -> Option<usize> {
    let typed = SHAPE.read(typed)?;
    let mut found = Choice::from(0);
    let mut place = 0_u64;
    for (index, code) in (0_u64..).zip(codes) {
        let same = code.is(&typed);
        place.conditional_assign(&index, same);
        found |= same;
    }
    if bool::from(found) { usize::try_from(place).ok() } else { None }
}

/// Whether `answer` has the form of a recovery code; no one-time code has.
#[must_use]
pub fn has_shape(answer: &str) -> bool {
    SHAPE.read(answer).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::collections::HashSet;
    use std::convert::Infallible;

    /// Bytes that differ from call to call: SHA-256 of a counter.
    fn codes(seed: u64) -> NewCodes {
        let mut counter = seed << 32;
        generate(|buffer: &mut [u8]| {
            counter += 1;
            let block = Sha256::digest(counter.to_be_bytes());
            buffer.copy_from_slice(&block[..buffer.len()]);
            Ok::<(), Infallible>(())
        })
        .unwrap()
    }

    fn text(code: &Secret) -> &str {
        code.expose_str().unwrap()
    }

    #[test]
    fn a_set_is_ten_codes_of_which_each_is_found_at_its_place() {
        let set = codes(2);
        assert_eq!((set.shown.len(), set.stored.len()), (CODES, CODES));
        let mut seen = HashSet::new();
        for (index, code) in set.shown.iter().enumerate() {
            assert!(has_shape(text(code)) && seen.insert(text(code)));
            assert_eq!(find(&set.stored, text(code)), Some(index));
            assert_eq!(find(&set.stored, &text(code).to_lowercase().replace('-', " ")), Some(index));
        }
    }

    #[test]
    fn a_code_of_another_set_is_none_of_this() {
        let set = codes(3);
        assert_eq!(find(&set.stored, text(&codes(4).shown[4])), None);
        assert_eq!(find(&[], text(&set.shown[4])), None);
        assert_eq!(find(&set.stored[..4], text(&set.shown[4])), None);
        assert_eq!(find(&set.stored, "123456"), None);
    }

    #[test]
    fn without_randomness_there_are_no_codes() {
        let mut left = 15;
        let outcome = generate(|_: &mut [u8]| {
            left -= 1;
            if left == 0 { Err("empty") } else { Ok(()) }
        });
        assert_eq!(outcome.err(), Some("empty"));
    }
}
