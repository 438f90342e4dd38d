//! RFC 6030's encrypted examples, files made with openssl, and what may be wrong with one.

use super::*;
use crate::otp::Moving;
use crate::tokens::pskc::tests::{FIGURE_3, KEY, only, open, refused};

const FIGURE_6: &str = include_str!("../../../../tests/fixtures/tokens/rfc6030-figure6.xml");
const FIGURE_7: &str = include_str!("../../../../tests/fixtures/tokens/rfc6030-figure7.xml");
const AES_192: &str = include_str!("../../../../tests/fixtures/tokens/pskc-aes192-sha256.xml");
const AES_256: &str = include_str!("../../../../tests/fixtures/tokens/pskc-aes256-sha512.xml");
const PASSWORD: &str = include_str!("../../../../tests/fixtures/tokens/pskc-password-aes256.xml");

fn by_hex(hex: &str) -> Unlock {
    Unlock::by_hex(&Secret::from(hex.to_owned())).unwrap()
}

fn by_password(password: &str) -> Unlock {
    Unlock::Password(Secret::from(password.to_owned()))
}

fn figure_6_key() -> Unlock {
    by_hex("12345678901234567890123456789012")
}

#[test]
fn figure_6_opens_with_its_key_alone() {
    let token = only(open(FIGURE_6, &figure_6_key()));
    assert_eq!(token.otp.secret().expose(), KEY);
    assert_eq!((&*token.serial, token.otp.digits()), ("987654321", 8));

    let (line, text) = refused(FIGURE_6, &Unlock::Nothing);
    assert_eq!((line, text.contains("named Pre-shared-key")), (6, true), "{text}");
    assert!(refused(FIGURE_6, &by_password("qwerty")).1.contains("give that key"));
    assert!(refused(FIGURE_6, &by_hex("12345678901234567890123456789013")).1.contains("most likely wrong"));
    assert!(refused(FIGURE_6, &by_hex(&"0".repeat(64))).1.contains("another length"));
}

#[test]
fn figure_7_opens_with_its_password() {
    let token = only(open(FIGURE_7, &by_password("qwerty")));
    assert_eq!(token.otp.secret().expose(), KEY);
    assert_eq!(token.model, "TokenVendorAcme");
    assert!(refused(FIGURE_7, &by_password("qwertz")).1.contains("most likely wrong"));
    assert!(refused(FIGURE_7, &Unlock::Nothing).1.contains("give the password"));
    // The key the password leads to, by RFC 6030 section 6.2, is not asked for.
    assert!(refused(FIGURE_7, &by_hex("651e63cd57008476af1ff6422cd02e41")).1.contains("give the password"));
}

#[test]
fn files_of_other_programs_open_with_longer_keys_other_hashes_and_encrypted_numbers() {
    let key_192 = by_hex("000102030405060708090a0b0c0d0e0f1011121314151617");
    let key_256 = by_hex("000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F ");
    for (text, unlock) in [(AES_192, key_192), (AES_256, key_256), (PASSWORD, by_password("pässwörd"))] {
        let report = open(text, &unlock);
        assert_eq!(report.refused(), 0, "{report:?}");
        let found: Vec<_> = report
            .entries
            .iter()
            .map(|token| (&*token.serial, token.otp.moving(), token.counter, token.otp.secret().expose()))
            .collect();
        assert_eq!(
            found,
            [("A-1", Moving::Time { period: 60 }, 0, KEY), ("A-2", Moving::Counter, 258, &b"12345678901234567891"[..])]
        );
        assert_eq!(report.entries[0].model, "Acme Key 2");
    }
}

#[test]
fn a_changed_value_is_refused_before_it_is_decrypted() {
    let changed = [
        // One bit of the ciphertext, of the vector, of the MAC.
        FIGURE_6.replace("ZqIUqGv", "ZqIUqGw"),
        FIGURE_6.replace("AAECAwQF", "ABECAwQF"),
        FIGURE_6.replace("Su+NvtQf", "Su+NvtQe"),
        FIGURE_6.replace("Su+NvtQfmvfJzF6bmQiJqoLRExc=", ""),
        FIGURE_6.replace("Su+NvtQfmvfJzF6bmQiJqoLRExc=", "Su+N"),
    ];
    for text in changed {
        assert!(text != FIGURE_6);
        let (line, text) = refused(&text, &figure_6_key());
        assert_eq!(line, 20);
        assert!(text.contains("does not match") || text.contains("CipherValue"), "{text}");
    }
    let without_mac = {
        let (before, rest) = FIGURE_6.split_once("<ValueMAC>").unwrap();
        format!("{before}{}", rest.split_once("</ValueMAC>").unwrap().1)
    };
    assert!(refused(&without_mac, &figure_6_key()).1.contains("has no MAC"));
    let without_method = {
        let (before, rest) = FIGURE_6.split_once("<MACMethod").unwrap();
        format!("{before}{}", rest.split_once("</MACMethod>").unwrap().1)
    };
    assert!(refused(&without_method, &figure_6_key()).1.contains("has no MAC"));
}

#[test]
fn other_ciphers_macs_and_derivations_are_refused() {
    for (from, to, why) in [
        (
            "xmlenc#aes128-cbc\"/>\n                        <",
            "xmlenc#kw-aes128\"/>\n                        <",
            "AES in CBC",
        ),
        ("xmldsig#hmac-sha1", "xmldsig#hmac-md5", "the MAC is not HMAC"),
        ("<ds:KeyName>Pre-shared-key</ds:KeyName>", "<ds:X509Data/>", "certificate"),
        ("</EncryptionKey>", "</EncryptionKey><EncryptionKey><ds:KeyName/></EncryptionKey>", "EncryptionKey twice"),
        ("</MACMethod>", "</MACMethod><MACMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#hmac-sha1\"/>", "twice"),
    ] {
        let text = FIGURE_6.replacen(from, to, 1);
        assert!(text != FIGURE_6, "{from}");
        let (_, said) = refused(&text, &figure_6_key());
        assert!(said.contains(why), "{said}");
    }
    for (from, to) in [
        ("<IterationCount>1000<", "<IterationCount>2000001<"),
        ("<IterationCount>1000<", "<IterationCount>0<"),
        ("<IterationCount>1000<", "<IterationCount>99999999999999999999<"),
        ("<IterationCount>1000<", "<IterationCount>-1<"),
        ("<KeyLength>16<", "<KeyLength>17<"),
        ("<KeyLength>16<", "<KeyLength>4294967296<"),
        ("<KeyLength>16</KeyLength>", ""),
        ("<Specified>Ej7/PEpyEpw=<", "<Specified><"),
        ("Ej7/PEpyEpw=", &"QUJD".repeat(86)),
        ("<PRF/>", "<PRF Algorithm=\"http://www.w3.org/2000/09/xmldsig#hmac-md5\"/>"),
        ("pkcs-5v2-0#pbkdf2", "pkcs-5v2-0#pbkdf1"),
    ] {
        let text = FIGURE_7.replace(from, to);
        assert!(text != FIGURE_7, "{from}");
        let (line, said) = refused(&text, &by_password("qwerty"));
        assert_eq!((line, said.contains("derivation")), (7, true), "{from}: {said}");
    }
}

#[test]
fn an_encrypted_value_without_a_named_key_is_refused() {
    let (before, rest) = FIGURE_6.split_once("<EncryptionKey>").unwrap();
    let text = format!("{before}{}", rest.split_once("</EncryptionKey>").unwrap().1);
    assert!(refused(&text, &Unlock::Nothing).1.contains("does not say"));
    // A key that was agreed on without a name for it.
    assert_eq!(only(open(&text, &figure_6_key())).otp.secret().expose(), KEY);
}

#[test]
fn a_key_must_be_hexadecimal_and_long_enough() {
    for text in ["", "12", "1234567890123456789012345678901g", &"0".repeat(66), "12345678 90123456"] {
        assert!(Unlock::by_hex(&Secret::from(text.to_owned())).is_err(), "{text}");
    }
    assert!(!format!("{:?}", figure_6_key()).contains("12"));
}

#[test]
fn no_report_of_a_file_holds_a_key() {
    for (text, unlock) in [(FIGURE_3, Unlock::Nothing), (FIGURE_6, figure_6_key()), (FIGURE_7, by_password("qwerty"))] {
        for line in open(text, &unlock).lines {
            for secret in ["MTIz", "12345678901234567890", "qwerty", "3132"] {
                assert!(!line.text.contains(secret), "{}", line.text);
            }
        }
    }
}
