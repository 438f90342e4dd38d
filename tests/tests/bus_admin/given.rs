//! Tokens and factors of a caller's own keys, all or none.

use crate::Scene;
use pam_mfa_tests::harness::{Oathtool, canary};
use serde_json::{Value, json};

/// A generator that counts, as `Admin1` takes it, and what it shows.
fn counting(number: u8) -> (Value, Oathtool) {
    let secret = data_encoding::BASE32_NOPAD.encode(&[number; 20]);
    canary::keep_quiet_about(&secret);
    let otp = json!({"method": "hotp", "secret": secret, "algorithm": "SHA1", "digits": 6, "period": 0});
    (otp, Oathtool::new(&secret))
}

fn token(serial: &str, otp: &Value) -> Value {
    json!({"serial": serial, "name": "", "model": "C100", "otp": otp, "counter": 5})
}

#[test]
fn tokens_and_factors_are_given_over_the_bus_all_or_none_and_set_right() {
    let scene = Scene::new("bus-tokens");
    let ((one, codes), (two, _), (three, other)) = (counting(1), counting(2), counting(3));
    let added = scene.does(&json!(["add_tokens", [token("N-1", &one), token("N-2", &two)], false]));
    assert_eq!(added, json!("added to the stock: 2 tokens"));
    assert_eq!(scene.stock(), ["N-1 null null", "N-2 null null"]);
    let again = scene.refused(&json!(["add_tokens", [token("N-3", &three), token("N-1", &one)], false]));
    assert!(again.contains("Error.Refused: number 2 of the list: this token is in stock already"), "{again}");
    for (key, value) in [("method", json!("push")), ("algorithm", json!("MD5")), ("period", json!(30))] {
        let mut otp = three.clone();
        otp[key] = value;
        let why = scene.refused(&json!(["add_tokens", [token("N-3", &otp)], false]));
        assert!(why.contains("Error.BadValue"), "{key}: {why}");
    }
    let mut short = three.clone();
    short["secret"] = json!(data_encoding::BASE32_NOPAD.encode(&[9; 10]));
    assert!(scene.refused(&json!(["add_tokens", [token("N-3", &short)], false])).contains("less than"));

    let _ = scene.house.mfactl.run(&["token", "assign", "N-1", "bob", "--no-confirm"], "").ok();
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null null"]);
    let said = scene.does(&json!(["resync_token", "n-1", codes.hotp(40), codes.hotp(41)]));
    assert!(said.as_str().unwrap().contains("is 42 now"), "{said}");
    assert!(!scene.opens("bob", &codes.hotp(41)) && scene.opens("bob", &codes.hotp(42)));
    let _ = scene.house.mfactl.run(&["token", "lost", "N-2"], "").ok();
    let _ = scene.does(&json!(["find_token", "N-2"]));
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null null"]);
    let _ = scene.does(&json!(["retire_token", "N-2"]));
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null retired"]);

    let factor = |user: &str, otp: &Value| json!({"user": user, "label": "old", "otp": otp, "counter": 7});
    let ghost = scene.refused(&json!(["import", [factor("alice", &three), factor("ghost", &two)], false]));
    assert!(ghost.contains("number 2 of the list: there is no account"), "{ghost}");
    let done = scene.does(&json!(["import", [factor("alice", &three)], false]));
    assert!(done.as_str().unwrap().contains("factors 1, users 1"), "{done}");
    assert_eq!(scene.status("alice")["factors"][0]["label"], "old");
    assert!(!scene.opens("alice", &other.hotp(6)) && scene.opens("alice", &other.hotp(7)));
    let _ = scene.does(&json!(["resync", "alice", "", other.hotp(60), other.hotp(61)]));
    let judged = scene.does(&json!(["verify", "alice", other.hotp(62)]));
    assert_eq!(judged, json!([true, "code-accepted", "hotp", 0]));
    assert!(!scene.opens("alice", &other.hotp(62)), "it was spent");
    let trail = scene.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("\"by_uid\":1003"), "it says who: {trail}");
}
