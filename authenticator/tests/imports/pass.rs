//! Proton Pass, whose files hold much besides codes.

use super::*;
use serde_json::json;

const UNREADABLE: &str = "it does not have the fields of an entry, or one of them is of another kind";

fn uri(issuer: &str, name: &str) -> String {
    format!("otpauth://totp/{issuer}:{name}?secret={KEY_TEXT}&issuer={issuer}")
}

fn login(name: &str, content: serde_json::Value) -> serde_json::Value {
    json!({ "itemId": "i", "shareId": "s", "state": 1, "pinned": false, "createTime": 1, "modifyTime": 1,
        "data": { "type": "login", "metadata": { "name": name, "note": "" }, "extraFields": [], "content": content } })
}

#[test]
fn proton_pass_is_read_vault_by_vault() {
    let mut pinned = login(
        "ACME",
        json!({ "itemEmail": "", "itemUsername": "alice", "password": "hunter2", "totpUri": uri("ACME", "alice") }),
    );
    pinned["pinned"] = json!(true);
    let mut trashed = login("Gone", json!({ "totpUri": uri("Gone", "dora") }));
    trashed["state"] = json!(2);
    let mut extra = login("Two", json!({ "itemUsername": "bob", "totpUri": "" }));
    extra["data"]["extraFields"] = json!([
        { "fieldName": "Note", "type": "text", "data": { "content": "x" } },
        { "fieldName": "backup", "type": "totp", "data": { "totpUri": KEY_TEXT } }]);
    let work = json!({ "name": "Work", "items": [pinned, login("No code", json!({ "totpUri": "" })), { "data": 7 }] });
    let note = json!({ "data": { "type": "note", "metadata": { "name": "A note" }, "content": {} } });
    let (bare, bad) =
        (json!({ "itemEmail": "carol@example.org", "totpUri": KEY_TEXT }), json!({ "totpUri": "not base32!" }));
    let home = json!({ "name": "Home", "items": [login("Bare", bare), trashed, extra, login("Bad", bad), note] });
    // By hand, since what builds JSON here sorts its members.
    let file = format!(
        "{{\"encrypted\":false,\"version\":\"1.29.0\",\"userId\":\"u\",\"vaults\":{{\"z\":{work},\"a\":{home},\"m\":{{\"items\":7}}}}}}"
    );
    let read = read_as(Format::ProtonPass, file.as_bytes(), None);
    assert_eq!(
        all_told(&read),
        [
            "ACME|alice|totp|6|30s pinned #Work",
            "Bare|carol@example.org|totp|6|30s #Home",
            "Two|backup|totp|6|30s #Home"
        ]
    );
    assert_eq!(code(&read.accounts[1], 59), CODE);
    assert_eq!(
        left_out(&read),
        [
            format!("vault 1 (Work), entry 3: {UNREADABLE}"),
            "vault 2 (Home), entry 4: its key is not base32: only the letters A to Z and the digits 2 to 7 belong in a key"
                .to_owned(),
            "vault 3: its items cannot be read".to_owned(),
        ]
    );
}

#[test]
fn proton_pass_is_read_as_a_table() {
    let file = format!(
        "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault\n\
         login,ACME,https://acme.example,,alice,hunter2,\"two\nlines\",{},1,1,Work\n\
         login,Bare,,carol@example.org,,pw,,{KEY_TEXT},1,1,Home\n\
         note,A note,,,,,text,,1,1,Home\n\
         login,Bad,,,eve,pw,,not base32!,1,1,Home\n",
        uri("ACME", "alice")
    );
    let read = read_as(Format::ProtonPass, file.as_bytes(), None);
    assert_eq!(all_told(&read), ["ACME|alice|totp|6|30s #Work", "Bare|carol@example.org|totp|6|30s #Home"]);
    assert_eq!(left_out(&read).len(), 1);
    assert!(left_out(&read)[0].starts_with("line 6: its key is not base32"), "{:?}", left_out(&read));
}

#[test]
fn a_file_of_proton_pass_that_is_cut_off_or_of_another_kind_is_refused() {
    for file in ["{\"vaults\":{\"a\":{\"items\":[", "{\"vaults\":[]}", "{\"vaults\":null}"] {
        let refused = import::read(file.as_bytes(), Some(Format::ProtonPass), None).unwrap_err();
        assert!(matches!(refused, ImportError::NotThis("Proton Pass", _)), "{refused:?}");
    }
}
