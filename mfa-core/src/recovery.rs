//! Recovery codes: made once, shown once, kept as salted hashes.
//!
//! Enrolment makes them, the login machine finds a typed one among them; which of them are spent is state and not kept
//! here. What must never happen: a code in a file, or a comparison whose time tells which code was nearly right.

use crate::secret::Secret;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Codes in a set.
pub const CODES: usize = 10;

/// Random bytes in a code: 120 bits. NIST SP 800-63B section 3.1.2.2 lets look-up secrets of 112 bits and more be
/// kept under a plain salted hash.
pub const CODE_BYTES: usize = 15;

/// Symbols of a code as text, without dashes.
pub const SYMBOLS: usize = 24;

/// Symbols between two dashes.
const GROUP: usize = 4;

/// Bytes of a salt; NIST SP 800-63B asks for four at least.
const SALT_BYTES: usize = 16;

/// Bytes of SHA-256.
const HASH_BYTES: usize = 32;

/// Crockford's alphabet: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code as the enrolment file keeps it: `salt` and `hash` in lower-case hex, the hash being
/// SHA-256(salt ‖ the 24 symbols in upper case without dashes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCode {
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    salt: [u8; SALT_BYTES],
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    hash: [u8; HASH_BYTES],
}

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
        let mut random = Zeroizing::new([0; CODE_BYTES]);
        fill(random.as_mut_slice())?;
        let mut salt = [0; SALT_BYTES];
        fill(&mut salt)?;
        let symbols = symbols(&random);
        codes.stored.push(StoredCode { salt, hash: hash(&salt, &symbols) });
        codes.shown.push(in_groups(&symbols));
    }
    Ok(codes)
}

/// The index of the code that `typed` is, in either case, with spaces and dashes anywhere, `O` for `0`, and `I` or `L` for `1`.
/// Every stored code is hashed and compared to the end whatever matches.
#[must_use]
pub fn find(codes: &[StoredCode], typed: &str) -> Option<usize> {
    let symbols = normalise(typed)?;
    let mut found = Choice::from(0);
    let mut place = 0_u64;
    for (index, code) in (0_u64..).zip(codes) {
        let same = hash(&code.salt, &symbols).ct_eq(&code.hash);
        place.conditional_assign(&index, same);
        found |= same;
    }
    if bool::from(found) { usize::try_from(place).ok() } else { None }
}

/// Whether `answer` has the form of a recovery code; no one-time code has.
#[must_use]
pub fn has_shape(answer: &str) -> bool {
    normalise(answer).is_some()
}

/// The 24 symbols behind a typed code, or `None` when it is not of that form.
fn normalise(typed: &str) -> Option<Secret> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut plain = Vec::with_capacity(typed.len());
    plain.extend(typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(
        |byte| match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        },
    ));
    let plain = Secret::new(plain);
    let fits = plain.len() == SYMBOLS && plain.expose().iter().all(|byte| ALPHABET.contains(byte));
    fits.then_some(plain)
}

/// Five bits a symbol, the first bits first.
fn symbols(random: &[u8; CODE_BYTES]) -> Secret {
    let mut text = Vec::with_capacity(SYMBOLS);
    let (mut pending, mut bits) = (0_usize, 0_u32);
    for &byte in random {
        pending = pending << 8 | usize::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.extend(ALPHABET.get(pending >> bits));
            pending &= (1 << bits) - 1;
        }
    }
    Secret::new(text)
}

fn in_groups(symbols: &Secret) -> Secret {
    let mut text = Vec::with_capacity(SYMBOLS + SYMBOLS / GROUP);
    for group in symbols.expose().chunks(GROUP) {
        if !text.is_empty() {
            text.push(b'-');
        }
        text.extend_from_slice(group);
    }
    Secret::new(text)
}

fn hash(salt: &[u8; SALT_BYTES], symbols: &Secret) -> [u8; HASH_BYTES] {
    Sha256::new().chain_update(salt).chain_update(symbols.expose()).finalize().into()
}

fn to_hex<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&HEXLOWER.encode(bytes))
}

fn from_hex<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| serde::de::Error::custom(format_args!("expected {} lower-case hex digits", 2 * N)))
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn a_code_is_six_groups_of_four_symbols() {
        for code in codes(1).shown {
            let groups: Vec<&str> = text(&code).split('-').collect();
            assert_eq!(groups.len(), 6);
            assert!(groups.iter().all(|group| group.len() == 4 && group.bytes().all(|b| ALPHABET.contains(&b))));
            assert!(has_shape(text(&code)));
        }
    }

    #[test]
    fn every_random_bit_reaches_the_code() {
        let flat = |random: &[u8; CODE_BYTES]| symbols(random).expose().to_vec();
        assert_eq!(flat(&[0; CODE_BYTES]), [b'0'; SYMBOLS]);
        assert_eq!(flat(&[0xff; CODE_BYTES]), [b'Z'; SYMBOLS]);
        let mut seen = HashSet::from([flat(&[0; CODE_BYTES])]);
        for bit in 0..CODE_BYTES * 8 {
            let mut random = [0; CODE_BYTES];
            random[bit / 8] = 1 << (bit % 8);
            assert!(seen.insert(flat(&random)), "bit {bit}");
        }
        assert_eq!(CODE_BYTES * 8, SYMBOLS * 5);
    }

    #[test]
    fn no_two_codes_and_no_two_salts_are_equal() {
        let mut shown = HashSet::new();
        let mut salts = HashSet::new();
        for seed in 0..100 {
            let set = codes(seed);
            assert_eq!((set.shown.len(), set.stored.len()), (CODES, CODES));
            assert!(set.shown.iter().all(|code| shown.insert(text(code).to_owned())));
            assert!(set.stored.iter().all(|code| salts.insert(code.salt)));
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let set = codes(2);
        for (index, code) in set.shown.iter().enumerate() {
            let shown = text(code);
            for typed in [
                shown.to_owned(),
                shown.to_lowercase(),
                shown.replace('-', ""),
                format!(" {} ", shown.replace('-', " ")),
                shown.replace('0', "O").replace('1', "l"),
                shown.replace('0', "o").replace('1', "I"),
            ] {
                assert_eq!(find(&set.stored, &typed), Some(index), "{typed}");
            }
        }
    }

    #[test]
    fn a_near_miss_is_no_code() {
        let set = codes(3);
        let shown = text(&set.shown[4]);
        for (place, symbol) in shown.char_indices().filter(|&(_, symbol)| symbol != '-') {
            let other = if symbol == '7' { "8" } else { "7" };
            let mut typed = shown.to_owned();
            typed.replace_range(place..=place, other);
            assert_eq!(find(&set.stored, &typed), None);
        }
        assert_eq!(find(&set.stored, text(&codes(4).shown[4])), None);
        assert_eq!(find(&[], shown), None);
        assert_eq!(find(&set.stored[..4], shown), None);
    }

    #[test]
    fn other_answers_do_not_have_the_shape_of_a_code() {
        let shown = "0123-4567-89AB-CDEF-GHJK-MNPQ";
        assert!(has_shape(shown));
        for answer in [
            "",
            "123456",
            "12345678",
            &shown[..28],
            &format!("{shown}R"),
            &shown.replace('A', "U"),
            &shown.replace('A', "Ä"),
        ] {
            assert!(!has_shape(answer), "{answer}");
        }
    }

    #[test]
    fn a_stored_code_survives_the_file_and_a_damaged_one_does_not() {
        let stored = &codes(5).stored[0];
        let file = toml::to_string(stored).unwrap();
        assert_eq!(&toml::from_str::<StoredCode>(&file).unwrap(), stored);
        let hash = HEXLOWER.encode(&stored.hash);
        for damaged in [
            file.replace(&hash, &hash[2..]),
            file.replace(&hash, &format!("{hash}00")),
            file.replace(&hash, &hash.replace(|c: char| c.is_ascii_digit(), "x")),
            file.replace("hash", "hush"),
            format!("{file}\nx = 1"),
        ] {
            assert!(toml::from_str::<StoredCode>(&damaged).is_err(), "{damaged}");
        }
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
