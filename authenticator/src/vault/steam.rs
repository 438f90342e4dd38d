//! Steam's codes: the truncated HMAC of RFC 4226 section 5.3, written in five letters of a kind of their own.

use hmac::{Hmac, KeyInit, Mac};
use mfa_core::secret::Secret;
use sha1::Sha1;

/// Its letters: none that can be taken for another.
const LETTERS: &[u8; 26] = b"23456789BCDFGHJKMNPQRTVWXY";

const STEAM: &str = "otpauth://steam/";
const TOTP: &str = "otpauth://totp/";

/// The same address as one of a TOTP key, if it is one of Steam's: `otpauth://steam/` or `steam://KEY`.
pub(super) fn as_totp(uri: &str) -> Option<Secret> {
    let uri = uri.trim();
    if let Some(rest) = without(uri, STEAM) {
        return Some(Secret::from(format!("{TOTP}{rest}")));
    }
    without(uri, "steam://")
        .map(|key| Secret::from(format!("{TOTP}Steam:?secret={}&issuer=Steam", key.trim_matches('/'))))
}

/// A TOTP address as one of Steam's.
pub(super) fn from_totp(uri: &Secret) -> Secret {
    let text = uri.expose_str().unwrap_or_default();
    Secret::from(format!("{STEAM}{}", without(text, TOTP).unwrap_or_default()))
}

fn without<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The code of one step of 30 seconds.
pub(super) fn code(key: &Secret, step: u64) -> Secret {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.expose()) else { return Secret::new(Vec::new()) };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = hash.last().map_or(0, |last| usize::from(last & 0xf));
    let four = hash.get(offset..offset + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).unwrap_or_default();
    let mut rest = usize::try_from(u32::from_be_bytes(four) & 0x7fff_ffff).unwrap_or_default();
    let mut letters = Vec::with_capacity(5);
    for _ in 0..5 {
        letters.extend(LETTERS.get(rest % LETTERS.len()));
        rest /= LETTERS.len();
    }
    Secret::new(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_truncated_hash_in_steams_letters() {
        // RFC 4226 appendix D, counter 0: the truncated value is 1284755224.
        let mut rest: usize = 1_284_755_224;
        let mut expected = String::new();
        for _ in 0..5 {
            expected.push(char::from(LETTERS[rest % 26]));
            rest /= 26;
        }
        let key = Secret::from("12345678901234567890".to_owned());
        assert_eq!(code(&key, 0).expose_str(), Some(expected.as_str()));
    }

    #[test]
    fn only_steams_own_addresses_are_steams() {
        let text = |uri: &str| as_totp(uri).map(|uri| uri.expose_str().unwrap().to_owned());
        assert_eq!(text("OTPAUTH://Steam/a?secret=b").as_deref(), Some("otpauth://totp/a?secret=b"));
        assert_eq!(text("steam://ABC").as_deref(), Some("otpauth://totp/Steam:?secret=ABC&issuer=Steam"));
        assert_eq!(text("otpauth://totp/steam?secret=b"), None);
        assert_eq!(text("é"), None);
    }
}
