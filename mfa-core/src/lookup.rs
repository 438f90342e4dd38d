//! Codes that are handed out on paper or by word of mouth and typed by people: how they are made, spelled and kept.
//!
//! Recovery codes and the code of a bypass are such; each has a [`Shape`] of its own, so that an answer tells which it is meant
//! for. What must never happen: a code in a file, or a comparison whose time tells how nearly right an answer was.

use crate::secret::Secret;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Bits of one symbol.
const SYMBOL_BITS: usize = 5;

/// The fewest bits of a code. NIST SP 800-63B section 3.1.2.2 lets look-up secrets of 112 bits and more be kept under a plain salted
/// hash.
const LEAST_BITS: usize = 112;

/// Bytes of a salt; NIST SP 800-63B asks for four at least.
const SALT_BYTES: usize = 16;

/// Bytes of SHA-256.
const HASH_BYTES: usize = 32;

/// Crockford's alphabet: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many symbols a kind of code has, and between how many of them a dash stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    symbols: usize,
    group: usize,
}

/// A code as the enrolment file keeps it: `salt` and `hash` in lower-case hex, the hash being SHA-256(salt ‖ the symbols in
/// upper case without dashes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCode {
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    salt: [u8; SALT_BYTES],
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    hash: [u8; HASH_BYTES],
}

/// A typed code in its one spelling.
#[derive(Debug)]
pub struct Spelled(Secret);

impl Shape {
    /// So many symbols in groups of `group`.
    #[must_use]
    pub const fn new(symbols: usize, group: usize) -> Self {
        assert!(symbols * SYMBOL_BITS >= LEAST_BITS && group > 0);
        Self { symbols, group }
    }

    /// Makes a code: what is shown once and then dropped, and what is kept. `fill` fills its buffer with random bytes
    /// (`getrandom::fill`).
    ///
    /// # Errors
    /// Those of `fill`: without randomness there is no code.
    pub fn make<E>(self, fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(Secret, StoredCode), E> {
        let mut random = Zeroizing::new(vec![0; (self.symbols * SYMBOL_BITS).div_ceil(8)]);
        fill(random.as_mut_slice())?;
        let mut salt = [0; SALT_BYTES];
        fill(&mut salt)?;
        let symbols = self.symbols(&random);
        Ok((self.in_groups(&symbols), StoredCode { salt, hash: hash(&salt, &symbols) }))
    }

    /// The code behind an answer: in either case, with spaces and dashes anywhere, `O` for `0`, and `I` or `L` for `1`. `None` when it
    /// is not of this shape.
    #[must_use]
    pub fn read(self, typed: &str) -> Option<Spelled> {
        // One allocation that fits: growing would leave unwiped copies.
        let mut plain = Vec::with_capacity(typed.len());
        plain.extend(typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(|byte| {
            match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            }
        }));
        let plain = Secret::new(plain);
        let fits = plain.len() == self.symbols && plain.expose().iter().all(|byte| ALPHABET.contains(byte));
        fits.then_some(Spelled(plain))
    }

    /// Five bits a symbol, the first bits first.
    fn symbols(self, random: &[u8]) -> Secret {
        let mut text = Vec::with_capacity(self.symbols);
        let (mut pending, mut bits) = (0_usize, 0_usize);
        for &byte in random {
            pending = pending << 8 | usize::from(byte);
            bits += 8;
            while bits >= SYMBOL_BITS && text.len() < self.symbols {
                bits -= SYMBOL_BITS;
                text.extend(ALPHABET.get(pending >> bits));
                pending &= (1 << bits) - 1;
            }
        }
        Secret::new(text)
    }

    fn in_groups(self, symbols: &Secret) -> Secret {
        let mut text = Vec::with_capacity(self.symbols + self.symbols / self.group);
        for group in symbols.expose().chunks(self.group) {
            if !text.is_empty() {
                text.push(b'-');
            }
            text.extend_from_slice(group);
        }
        Secret::new(text)
    }
}

impl StoredCode {
    /// Whether `typed` is this code, in constant time.
    #[must_use]
    pub fn is(&self, typed: &Spelled) -> Choice {
        hash(&self.salt, &typed.0).ct_eq(&self.hash)
    }
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

    const EVEN: Shape = Shape::new(24, 4);
    const ODD: Shape = Shape::new(25, 5);

    /// Bytes that differ from call to call: SHA-256 of a counter.
    fn made(shape: Shape, seed: u64) -> (String, StoredCode) {
        let mut counter = seed << 32;
        let fill = &mut |buffer: &mut [u8]| {
            counter += 1;
            let block = Sha256::digest(counter.to_be_bytes());
            buffer.copy_from_slice(&block[..buffer.len()]);
            Ok::<(), Infallible>(())
        };
        let (shown, stored) = shape.make(fill).unwrap();
        (shown.expose_str().unwrap().to_owned(), stored)
    }

    fn is(shape: Shape, stored: &StoredCode, typed: &str) -> bool {
        shape.read(typed).is_some_and(|typed| bool::from(stored.is(&typed)))
    }

    #[test]
    fn every_random_bit_reaches_the_code_but_those_left_over() {
        for (shape, bytes, used) in [(EVEN, 15, 120), (ODD, 16, 125)] {
            let flat = |random: &[u8]| shape.symbols(random).expose().to_vec();
            assert_eq!(flat(&vec![0; bytes]), vec![b'0'; shape.symbols]);
            assert_eq!(flat(&vec![0xff; bytes]), vec![b'Z'; shape.symbols]);
            let mut seen = HashSet::from([flat(&vec![0; bytes])]);
            for bit in 0..used {
                let mut random = vec![0; bytes];
                random[bit / 8] = 0x80 >> (bit % 8);
                assert!(seen.insert(flat(&random)), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_code_is_in_groups_and_read_however_it_is_typed() {
        for (shape, groups, of) in [(EVEN, 6, 4), (ODD, 5, 5)] {
            for seed in 0..20 {
                let (shown, stored) = made(shape, seed);
                let parts: Vec<&str> = shown.split('-').collect();
                assert!(parts.len() == groups && parts.iter().all(|part| part.len() == of), "{shown}");
                assert!(shown.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)));
                for typed in [
                    shown.clone(),
                    shown.to_lowercase(),
                    shown.replace('-', ""),
                    format!(" {} ", shown.replace('-', " ")),
                    shown.replace('0', "O").replace('1', "l"),
                    shown.replace('0', "o").replace('1', "I"),
                ] {
                    assert!(is(shape, &stored, &typed), "{typed}");
                }
            }
        }
    }

    #[test]
    fn a_near_miss_is_no_code() {
        let (shown, stored) = made(ODD, 3);
        for (place, symbol) in shown.char_indices().filter(|&(_, symbol)| symbol != '-') {
            let other = if symbol == '7' { "8" } else { "7" };
            let mut typed = shown.clone();
            typed.replace_range(place..=place, other);
            assert!(!is(ODD, &stored, &typed));
        }
        assert!(!is(ODD, &stored, &made(ODD, 4).0));
    }

    #[test]
    fn no_two_codes_and_no_two_salts_are_equal() {
        let (mut shown, mut salts) = (HashSet::new(), HashSet::new());
        for seed in 0..1000 {
            let (code, stored) = made(EVEN, seed);
            assert!(shown.insert(code) && salts.insert(stored.salt));
        }
    }

    #[test]
    fn an_answer_is_of_one_shape_at_most() {
        let (even, odd) = (made(EVEN, 1).0, made(ODD, 1).0);
        assert!(EVEN.read(&even).is_some() && EVEN.read(&odd).is_none());
        assert!(ODD.read(&odd).is_some() && ODD.read(&even).is_none());
        for answer in ["", "123456", "12345678", &even[..28], &odd.replace('-', "U"), &even.replace('-', "Ä")] {
            assert!(EVEN.read(answer).is_none() && ODD.read(answer).is_none(), "{answer}");
        }
    }

    #[test]
    fn a_stored_code_survives_the_file_and_a_damaged_one_does_not() {
        let (_, stored) = made(EVEN, 5);
        let file = toml::to_string(&stored).unwrap();
        assert_eq!(toml::from_str::<StoredCode>(&file).unwrap(), stored);
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
}
