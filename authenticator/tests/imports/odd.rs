//! Files that are a little wrong, as makers write them: nothing in them hides what is right, or vanishes without a word.

use super::*;
use serde_json::json;

#[test]
fn a_group_that_cannot_be_read_costs_a_tag_and_no_account() {
    let wrong = [json!(null), json!(7), json!({ "a": 1 }), json!([{ "uuid": "g", "name": null }, 7])];
    for groups in wrong {
        let files = [
            json!({ "version": 1, "header": { "slots": null, "params": null },
                "db": { "version": 3, "groups": groups, "entries": [
                    { "type": "totp", "name": "alice", "issuer": "ACME", "favorite": null, "groups": null, "info": { "secret": KEY_TEXT } }] } }),
            json!({ "schemaVersion": 4, "groups": groups, "services": [
                { "name": "ACME", "secret": KEY_TEXT, "groupId": "g", "otp": { "account": "alice" } }] }),
            json!({ "Categories": groups, "AuthenticatorCategories": groups, "Authenticators": [
                { "Type": 2, "Issuer": "ACME", "Username": "alice", "Secret": KEY_TEXT }] }),
            json!({ "folders": groups, "items": [
                { "name": "ACME", "folderId": "g", "favorite": null, "login": { "username": "alice", "totp": KEY_TEXT } }] }),
            json!([{ "type": "TOTP", "issuer": "ACME", "label": "alice", "secret": KEY_TEXT, "tags": null }]),
        ];
        for file in files {
            let read = read(file.to_string().as_bytes(), None).unwrap();
            assert_eq!(all_told(&read), ["ACME|alice|totp|6|30s"], "{file}");
        }
    }
}

#[test]
fn a_group_beside_a_wrong_one_is_still_a_tag() {
    let file = json!({ "groups": [7, { "id": "g", "name": "work" }], "services": [
        { "name": "ACME", "secret": KEY_TEXT, "groupId": "g", "otp": { "account": "alice" } }] });
    assert_eq!(all_told(&read(file.to_string().as_bytes(), None).unwrap()), ["ACME|alice|totp|6|30s #work"]);
}

#[test]
fn an_item_of_bitwarden_that_cannot_be_read_is_named_by_its_place_in_the_file() {
    let file = json!({ "items": [
        { "name": "No code" }, { "name": 7, "login": { "totp": KEY_TEXT } }, { "name": "ACME", "login": { "totp": KEY_TEXT } }] });
    let read = read(file.to_string().as_bytes(), None).unwrap();
    assert_eq!(all_told(&read), ["ACME||totp|6|30s"]);
    assert_eq!(
        left_out(&read),
        ["entry 2: it does not have the fields of an entry, or one of them is of another kind"]
    );
}

#[test]
fn a_counter_of_freeotp_that_never_counted_is_zero() {
    let token = |counter: i64| json!({ "type": "HOTP", "label": "bob", "counter": counter, "secret": vec![1; 20] });
    let file = json!({ "tokenOrder": [], "tokens": [token(-1), token(i64::MAX), token(-2)] });
    let read = read(file.to_string().as_bytes(), None).unwrap();
    assert_eq!(all_told(&read)[0], "|bob|hotp|6|Some(0)");
    assert_eq!(left_out(&read), ["entry 3 (bob): its counter is not one that can be kept"]);
}

#[test]
fn a_long_name_is_kept_whole_and_an_endless_one_is_cut() {
    let name = format!("{}@example.org", "n".repeat(240));
    let lines = format!("otpauth://totp/{name}?secret={KEY_TEXT}\notpauth://totp/{name}{name}?secret={KEY_TEXT}\n");
    let read = read(lines.as_bytes(), None).unwrap();
    assert_eq!(read.accounts[0].name, name);
    assert_eq!(read.accounts[1].name.chars().count(), 257, "256 and an ellipsis");
}

#[test]
fn a_long_note_of_entes_hides_no_account() {
    let note = format!("%7B%22note%22%3A%22{}%22%2C%22pinned%22%3Atrue%7D", "n".repeat(10_000));
    for line in [
        format!("otpauth://totp/ACME:alice?secret={KEY_TEXT}&codeDisplay={note}&issuer=ACME"),
        format!("otpauth://totp/ACME:alice?codeDisplay={note}&secret={KEY_TEXT}&issuer=ACME"),
    ] {
        assert_eq!(all_told(&read(line.as_bytes(), None).unwrap()), ["ACME|alice|totp|6|30s pinned"]);
    }
}

#[test]
fn what_other_programs_have_to_open_first_is_named() {
    for (bytes, word) in [(&b"PK\x03\x04rest"[..], "unpack it"), (b"-----BEGIN PGP MESSAGE-----\n", "gpg --decrypt")] {
        assert!(read(bytes, None).unwrap_err().to_string().contains(word));
    }
}
