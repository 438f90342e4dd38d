//! What is sealed opens with its password and purpose, and with nothing else.

use super::*;

const PURPOSE: &str = "io.github.pam_mfa.DeviceKey";

/// Made by independent code: argon2 0~20171227 and libsodium 1.0.18 (PyNaCl), of 32 bytes of 7 under "correct horse".
const BY_OTHERS: &str = r#"{"version":1,"kdf":{"argon2id":{"memory_kib":65536,"passes":3,"lanes":4}},"cipher":"xchacha20-poly1305","salt":"MDEyMzQ1Njc4OWFiY2RlZg==","nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","sealed":"cwcEedtTx42kz91YduVlNjdj1YgGtwcTBHMuRuwB4/ouvrhjX9gh0F393113TSnj"}"#;

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn sealed() -> Sealed {
    Sealed::seal(&secret("a key"), &secret("123456"), PURPOSE, Cost::CHEAP, &[9; RANDOM]).unwrap()
}

#[test]
fn what_is_sealed_opens_with_the_same_password_and_purpose_alone() {
    let sealed = sealed();
    assert_eq!(sealed.open(&secret("123456"), PURPOSE).unwrap().expose(), b"a key");
    for (password, purpose) in [("123457", PURPOSE), ("", PURPOSE), ("123456", "backup"), ("123456 ", PURPOSE)] {
        assert_eq!(sealed.open(&secret(password), purpose).unwrap_err(), SealError::Closed);
    }
}

#[test]
fn the_text_is_read_back_and_what_independent_code_made_is_opened() {
    assert_eq!(Sealed::read(sealed().text().as_bytes(), LONGEST_KEY), Some(sealed()));
    let read = Sealed::read(BY_OTHERS.as_bytes(), LONGEST_KEY).unwrap();
    assert_eq!(read.text(), BY_OTHERS);
    assert_eq!(read.open(&secret("correct horse"), PURPOSE).unwrap().expose(), [7; 32]);
    let mut random = *b"0123456789abcdef________________________";
    (0..24).for_each(|index| random[16 + index] = index as u8);
    let made =
        Sealed::seal(&Secret::new(vec![7; 32]), &secret("correct horse"), PURPOSE, Cost::RECOMMENDED, &random).unwrap();
    assert_eq!(made.text(), BY_OTHERS);
}

#[test]
fn a_changed_byte_closes_it() {
    let sealed = sealed();
    for index in 0..sealed.sealed.len() {
        let mut changed = sealed.clone();
        changed.sealed[index] ^= 1;
        assert!(changed.open(&secret("123456"), PURPOSE).is_err());
    }
    for other in [
        Sealed { salt: [0; SALT], ..sealed.clone() },
        Sealed { nonce: [0; NONCE], ..sealed.clone() },
        Sealed { sealed: vec![1; 15], ..sealed.clone() },
        Sealed { sealed: Vec::new(), ..sealed },
    ] {
        assert_eq!(other.open(&secret("123456"), PURPOSE).unwrap_err(), SealError::Closed);
    }
}

#[test]
fn what_is_no_text_of_this_version_or_asks_for_too_much_is_not_read() {
    let good = sealed().text();
    assert!(Sealed::read(good.as_bytes(), LONGEST_KEY).is_some());
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("argon2id", "argon2i"),
        ("xchacha20", "chacha20"),
        ("{\"version\"", "{\"more\":1,\"version\""),
        ("\"memory_kib\":8", "\"memory_kib\":4294967295"),
        ("\"memory_kib\":8", "\"memory_kib\":8,\"threads\":1"),
        ("\"passes\":1", "\"passes\":17"),
        ("\"lanes\":1", "\"lanes\":0"),
        ("\"salt\":\"", "\"salt\":\"AAAA"),
        ("\"nonce\":\"", "\"nonce\":\"!"),
        ("\"sealed\":\"", "\"sealed\":\" "),
    ] {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(wrong, good);
        assert_eq!(Sealed::read(wrong.as_bytes(), LONGEST_KEY), None, "{wrong}");
    }
    let long = format!("{good}{}", " ".repeat(LONGEST_KEY));
    for wrong in ["", "{}", "null", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", &long] {
        assert_eq!(Sealed::read(wrong.as_bytes(), LONGEST_KEY), None);
    }
}

#[test]
fn debug_output_and_text_hold_nothing_of_the_secret() {
    let shown = format!("{:?} {}", sealed(), sealed().text());
    assert!(!shown.contains("a key") && !shown.contains("123456"));
}
