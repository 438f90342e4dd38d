//! Device keys of which the keyring has several items, or damaged ones.

use super::*;

fn name() -> DeviceId {
    DeviceId::new([0, 0, 0, 1])
}

fn device(gives: Gives) -> Item {
    Item { kind: "io.github.pam_mfa.DeviceKey".to_owned(), id: name().as_str().to_owned(), gives }
}

fn device_key(byte: u8) -> Item {
    device(Gives::Value(BASE64.encode(&[byte; 32])))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_device_key_is_found_beside_a_damaged_one_and_of_different_ones_none_is_taken() {
    let damaged = || device(Gives::Value("no key".to_owned()));
    for (items, found) in [
        (vec![damaged(), device_key(7)], Ok(7)),
        (vec![device_key(7), damaged()], Ok(7)),
        (vec![device(Gives::Garbage), device_key(7)], Ok(7)),
        (vec![device(Gives::Refusal), device_key(7), device(Gives::Nothing)], Ok(7)),
        (vec![device_key(7), device_key(7)], Ok(7)),
        (vec![device_key(7), damaged(), device_key(8)], Err("The keyring holds different keys of device-")),
        (vec![damaged(), damaged()], Err("is damaged")),
        (vec![device(Gives::Nothing)], Err("The keyring is locked")),
    ] {
        let desktop = Desktop::without_keyring();
        let _keyring = Patchy::start(&desktop, items).await;
        let keyring = Keyring::new(desktop.connect("session").await);
        match (keyring.key(&name(), Duration::from_secs(5)).await, found) {
            (Ok(Stored::Bare(key)), Ok(byte)) => assert_eq!(key.to_bytes(), [byte; 32]),
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (got, expected) => panic!("{got:?} and not {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_of_a_device_key_stays_without_the_pin_it_was_given() {
    let desktop = Desktop::without_keyring();
    let items = vec![device(Gives::Value("no key".to_owned())), device_key(7), device_key(7)];
    let keyring = Patchy::start(&desktop, items).await;
    let held = Keyring::new(desktop.connect("session").await);
    held.replace(&name(), &Secret::from("under a PIN".to_owned())).await.unwrap();
    let mut calls = keyring.state().calls.clone();
    calls.retain(|call| call.starts_with("SetSecret"));
    calls.sort();
    assert_eq!(calls, ["SetSecret 1", "SetSecret 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_waiting_leaves_no_session_open() {
    for (gives, opening) in [(Gives::Silence, 0), (Gives::Nothing, 400)] {
        let desktop = Desktop::without_keyring();
        let keyring = Patchy::start(&desktop, vec![device(gives)]).await;
        keyring.state().opening = opening;
        let session = desktop.connect("session").await;
        let held = Keyring::new(session.clone());
        let device = name();
        let asked = held.key(&device, Duration::from_secs(5));
        assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err());
        wait("the end of the session", async || keyring.state().calls == ["OpenSession", "Close"]).await;
    }
}
