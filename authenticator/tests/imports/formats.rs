//! Each format, plain and encrypted: every account as it was, and what cannot be used named.

use super::*;
use serde_json::Value;

const ALICE: &str = "ACME|alice|totp|6|30s #work";
const BOB: &str = "Bank|bob|hotp|6|Some(7)";
const CAROL: &str = "Steam|carol|steam|5|30s";

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// That an encrypted file wants a password, says when it is wrong, and holds the same as the plain one.
fn sealed(format: Format, file: &[u8], plain: &Import) {
    let as_format = Some(format);
    let read = |password: Option<&str>| import::read(file, as_format, password.map(secret).as_ref());
    assert_eq!(read(None).unwrap_err(), ImportError::Password);
    assert_eq!(read(Some("wrong horse")).unwrap_err(), ImportError::WrongPassword);
    let opened = read(Some(PASSWORD)).unwrap();
    assert_eq!((all_told(&opened), left_out(&opened)), (all_told(plain), left_out(plain)));
    assert!(opened.accounts.iter().zip(&plain.accounts).all(|(one, other)| one.is_same(other)));
}

#[test]
fn aegis_is_read_plain_and_encrypted() {
    let plain = read_as(Format::Aegis, &files::aegis(), None);
    assert_eq!(all_told(&plain), ["ACME|alice|totp|6|30s pinned #work", BOB, CAROL]);
    assert_eq!(code(&plain.accounts[0], 59), CODE);
    assert_eq!(
        left_out(&plain),
        [
            "entry 4 (Odd, dora): codes of the kind motp are not supported",
            "entry 5 (Bad, eve): its key is not base32: only the letters A to Z and the digits 2 to 7 belong in a key",
            "entry 6: it does not have the fields of an entry, or one of them is of another kind",
        ]
    );
    let file = bytes(&files::aegis_sealed(10));
    assert_eq!(import::recognised(&file), Some(Format::Aegis));
    sealed(Format::Aegis, &file, &plain);
}

#[test]
fn twofas_is_read_plain_and_encrypted() {
    let plain = read_as(Format::Twofas, &files::twofas(), None);
    assert_eq!(all_told(&plain), [ALICE, BOB, CAROL]);
    assert_eq!(left_out(&plain), ["entry 4 (None): it has no key"]);
    assert_eq!(import::recognised(&files::twofas_sealed()), Some(Format::Twofas));
    sealed(Format::Twofas, &files::twofas_sealed(), &plain);
}

#[test]
fn proton_is_read_plain_and_encrypted() {
    let plain = read_as(Format::Proton, &files::proton_plain(), None);
    assert_eq!(all_told(&plain), ["ACME|alice|totp|6|30s", CAROL]);
    assert_eq!(left_out(&plain), ["entry 3: the parameter secret is missing"]);
    assert_eq!(import::recognised(&files::proton_sealed()), Some(Format::Proton));
    sealed(Format::Proton, &files::proton_sealed(), &plain);
}

#[test]
fn ente_is_read_plain_and_encrypted() {
    let plain = read_as(Format::Uris, files::ente_lines().as_bytes(), None);
    assert_eq!(all_told(&plain), ["ACME|alice|totp|6|30s pinned #work", BOB, CAROL]);
    assert_eq!(left_out(&plain), ["line 5: it is in the trash there"]);
    let file = bytes(&files::ente_sealed(8 << 20, 2));
    assert_eq!(import::recognised(&file), Some(Format::Ente));
    sealed(Format::Ente, &file, &plain);
}

#[test]
fn stratum_is_read_plain_encrypted_and_as_it_was_encrypted_before() {
    let plain = read_as(Format::Stratum, &files::stratum_plain(), None);
    assert_eq!(all_told(&plain), [ALICE, BOB, CAROL]);
    assert_eq!(left_out(&plain), ["entry 4 (Yandex, dora): codes of the kind Yandex are not supported"]);
    for file in [files::stratum_sealed(), files::stratum_old()] {
        assert_eq!(import::recognised(&file), Some(Format::Stratum));
        sealed(Format::Stratum, &file, &plain);
    }
}

#[test]
fn bitwarden_is_read_plain_under_a_password_and_as_a_table() {
    let plain = read_as(Format::Bitwarden, &bytes(&files::bitwarden_plain()), None);
    assert_eq!(all_told(&plain), ["ACME|alice|totp|6|30s pinned #work", "Site|bob|totp|6|30s", CAROL]);
    assert!(plain.accounts[1].code_at(59).unwrap().expose_str() == Some(CODE));
    assert_eq!(left_out(&plain).len(), 1, "items without a code are nobody's business");
    assert!(left_out(&plain)[0].starts_with("entry 6 (Bad): "), "{:?}", left_out(&plain));
    for (argon, iterations) in [(false, 5_000), (true, 2)] {
        sealed(Format::Bitwarden, &bytes(&files::bitwarden_sealed(argon, iterations)), &plain);
    }
    let table = read_as(Format::Bitwarden, &files::bitwarden_table(), None);
    assert_eq!(all_told(&table), ["ACME|alice|totp|6|30s pinned #work"]);
    assert!(left_out(&table)[0].starts_with("line 5: its key is not base32"), "{:?}", left_out(&table));
    let account =
        br#"{"encrypted":true,"passwordProtected":false,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","items":[]}"#;
    assert_eq!(read(account, Some(PASSWORD)).unwrap_err(), ImportError::AccountKey);
}

#[test]
fn freeotp_is_read_with_its_signed_keys_and_its_counter_of_one_less() {
    let read = read_as(Format::Freeotp, &files::freeotp(), None);
    assert_eq!(all_told(&read), ["ACME|alice|totp|6|30s", BOB, "Signed|carol|totp|6|30s"]);
    assert_eq!(code(&read.accounts[0], 59), CODE);
    assert!(read.accounts[2].uri().expose_str().unwrap().contains("secret=77777777777777777777777777777777&"));
    assert!(left_out(&read)[0].starts_with("entry 4 (Bad, eve): it does not have the fields"));
}

#[test]
fn andotp_is_read_plain_encrypted_and_as_it_was_encrypted_before() {
    let plain = read_as(Format::Andotp, &files::andotp_plain(), None);
    assert_eq!(all_told(&plain), [ALICE, BOB, CAROL]);
    assert_eq!(left_out(&plain), ["entry 4 (Odd, dora): codes of the kind MOTP are not supported"]);
    for file in [files::andotp_sealed(1_000), files::andotp_old()] {
        assert_eq!(import::recognised(&file), None, "nothing marks it: it must be named");
        sealed(Format::Andotp, &file, &plain);
    }
}

#[test]
fn addresses_are_read_line_by_line() {
    let text = format!(
        "\u{feff}# my codes\n\notpauth://totp/ACME:alice?secret={KEY_TEXT}&issuer=ACME\r\n  steam://{KEY_TEXT}\nhttps://example.org\n\
         OTPAUTH://TOTP/bob?SECRET={KEY_TEXT}\notpauth://totp/?secret={KEY_TEXT}\n"
    );
    let read = read_as(Format::Uris, text.as_bytes(), None);
    assert_eq!(all_told(&read), ["ACME|alice|totp|6|30s", "Steam||steam|5|30s", "|bob|totp|6|30s"]);
    assert_eq!(left_out(&read), ["line 5: not an otpauth:// URI", "line 7: it has neither a name nor an issuer"]);
}

#[test]
fn googles_export_is_read_from_all_its_parts_and_a_missing_one_is_named() {
    let alice: (&[u8], _, _, _) = (KEY, "ACME:alice", "ACME", [1, 1, 2, 0]);
    let bob: (&[u8], _, _, _) = (KEY, "bob", "Bank", [1, 1, 1, 7]);
    let eight: (&[u8], _, _, _) = (KEY, "carol", "", [2, 2, 2, 0]);
    let md5: (&[u8], _, _, _) = (KEY, "dora", "Odd", [4, 1, 2, 0]);
    let parts = [files::migration(&[alice, bob], (3, 0, 99)), files::migration(&[eight, md5], (3, 2, 99))];
    let read = read_as(Format::Uris, parts.join("\n").as_bytes(), None);
    assert_eq!(all_told(&read), ["ACME|alice|totp|6|30s", BOB, "|carol|totp|8|30s"]);
    assert_eq!(code(&read.accounts[0], 59), CODE);
    assert_eq!(
        left_out(&read),
        [
            "line 2, entry 2: codes of the kind MD5 are not supported",
            "part 2 of 3: this picture of the export is missing: scan it, too",
        ]
    );
}
