//! A keyring of which an item cannot be read: nothing is taken for absent, shown wrongly, overwritten or lost by that.

use crate::desktop::patchy::{Gives, Item, Patchy};
use crate::desktop::{Desktop, wait};
use authenticator::keyring::{Keyring, Stored};
use authenticator::pin::Pin;
use authenticator::vault::{Account, AccountsKey, Vault};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;
use std::time::Duration;

const PIN: &str = "correct horse";
const KEY: [u8; 32] = [7; 32];

fn id(number: usize) -> String {
    format!("{number:032x}")
}

fn text(name: &str) -> String {
    let uri = format!("otpauth://totp/ACME:{name}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME");
    Account::from_uri(&uri).unwrap().text().expose_str().unwrap().to_owned()
}

fn account(number: usize, gives: Gives) -> Item {
    Item { kind: "io.github.pam_mfa.Account", id: id(number), gives }
}

fn whole(number: usize, name: &str) -> Item {
    account(number, Gives::Value(format!("{} {}", id(number), text(name))))
}

/// The account's text as it is kept under [`KEY`].
fn sealed(number: usize, text: &str) -> Item {
    let id = id(number);
    let payload = Payload { msg: text.as_bytes(), aad: id.as_bytes() };
    let bytes = XChaCha20Poly1305::new(&Key::from(KEY)).encrypt(&XNonce::from([1; 24]), payload).unwrap();
    let bytes = BASE64.encode(&[&[1; 24], &bytes[..]].concat());
    account(number, Gives::Value(format!("{id} sealed {bytes}")))
}

fn pin_item(gives: Gives) -> Item {
    Item { kind: "io.github.pam_mfa.AccountsPin", id: "pin".to_owned(), gives }
}

/// [`KEY`] under [`PIN`].
fn pin() -> Item {
    let pin = Pin::new(Secret::from(PIN.to_owned())).unwrap();
    pin_item(Gives::Value(AccountsKey::new(KEY).under(&pin, &[1; 40]).unwrap().text()))
}

fn name() -> DeviceId {
    DeviceId::new([0, 0, 0, 1])
}

fn device(gives: Gives) -> Item {
    Item { kind: "io.github.pam_mfa.DeviceKey", id: name().as_str().to_owned(), gives }
}

fn device_key(byte: u8) -> Item {
    device(Gives::Value(BASE64.encode(&[byte; 32])))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_locked_while_it_is_read_is_not_taken_for_none() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![pin_item(Gives::Nothing), whole(1, "alice")]).await;
    let vault = Vault::new(desktop.connect("session").await);
    let locked = "The keyring is locked and was not unlocked. Unlock it and try again.";
    assert_eq!(vault.pin().await.unwrap_err().to_string(), locked);
    let added = vault.add("otpauth://totp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 0).await;
    assert_eq!(added.unwrap_err().to_string(), locked);
    assert_eq!(vault.load(0).await.unwrap_err().to_string(), locked);
    assert_eq!(vault.change(&id(1), |account| account.pinned = true).await.unwrap_err().to_string(), locked);
    for what in ["set", "change", "remove"] {
        let said = desktop.refused(&["pin", what, "--codes"], &format!("{PIN}\n{PIN}\n"));
        assert!(said.contains(locked), "{said}");
    }
    assert!(desktop.refused(&["status"], "").contains(locked));
    assert!(keyring.state().calls.iter().all(|call| !call.starts_with("CreateItem")), "{:?}", keyring.state().calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_hides_no_other_and_is_named_and_left_alone() {
    for gives in [Gives::Garbage, Gives::Refusal, Gives::Nothing, Gives::Value("no account".to_owned())] {
        let desktop = Desktop::without_keyring();
        let keyring = Patchy::start(&desktop, vec![whole(0, "alice"), account(1, gives), whole(2, "carol")]).await;
        let output = desktop.run(&["list"], "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "ACME, alice  (totp)\nACME, carol  (totp)\n", "{said}");
        assert_eq!(
            said,
            "mfa-authenticator: 1 of the accounts in the keyring cannot be read and is left alone: \
             Codes of number 1\\u{1b}\n"
        );
        let vault = Vault::new(desktop.connect("session").await);
        vault.change(&id(1), |account| account.pinned = true).await.unwrap_err();
        vault.change(&id(2), |account| account.pinned = true).await.unwrap();
        vault.add("otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 0).await.unwrap();
        let calls = keyring.state().calls.clone();
        let written: Vec<_> = calls.iter().filter(|call| call.contains("Item") || call.contains("Delete")).collect();
        assert_eq!(written.len(), 2, "{calls:?}");
        assert!(written.iter().all(|call| !call.ends_with(&id(1))), "{calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_asks_nobody_for_what_is_locked_in_another_collection() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![whole(0, "alice"), account(1, Gives::Locked)]).await;
    desktop.run(&["status"], "");
    let file = desktop.path("codes").display().to_string();
    std::fs::write(&file, "otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
    desktop.done(&["import", &file, "--dry-run"], "");
    assert!(!keyring.state().calls.contains(&"Unlock".to_owned()));
    // What needs it asks.
    assert!(desktop.refused(&["list"], "").contains("was not unlocked"));
    assert!(keyring.state().calls.contains(&"Unlock".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_refuses_every_account_is_told_as_such() {
    let desktop = Desktop::without_keyring();
    let _keyring = Patchy::start(&desktop, vec![account(0, Gives::Refusal), account(1, Gives::Refusal)]).await;
    assert!(desktop.refused(&["list"], "").contains("The keyring refused: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_an_unread_account_may_need_is_not_taken_off() {
    let later = text("bob").replace("\"version\":1", "\"version\":2");
    let unknown = [account(1, Gives::Nothing), account(1, Gives::Garbage), sealed(1, &later)];
    for (unread, stays) in unknown.into_iter().map(|item| (item, true)).chain([
        // Nothing that the key opens: it would not miss it.
        (account(1, Gives::Value("no account".to_owned())), false),
    ]) {
        let desktop = Desktop::without_keyring();
        let keyring = Patchy::start(&desktop, vec![sealed(0, &text("alice")), unread, pin()]).await;
        if stays {
            let said = desktop.refused(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
            assert!(said.contains("Codes of number 1\\u{1b}. The PIN stays."), "{said}");
            assert!(!keyring.state().calls.iter().any(|call| call.contains("Item") || call.contains("Delete")));
        } else {
            desktop.done(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
            assert!(keyring.state().calls.contains(&"Delete 2".to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_whose_item_is_kept_stays_over_every_account() {
    for (says, gone) in [(true, true), (false, false)] {
        let desktop = Desktop::without_keyring();
        let keyring = Patchy::start(&desktop, vec![sealed(0, &text("alice")), sealed(1, &text("bob")), pin()]).await;
        keyring.state().deletes = Some(says);
        if gone {
            desktop.done(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
        } else {
            let said = desktop.refused(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
            assert!(said.contains("it keeps what was to be deleted"), "{said}");
        }
        let state = keyring.state();
        for item in state.items.iter().take(2) {
            let Gives::Value(value) = &item.gives else { panic!("it gives a value") };
            assert_eq!((value.contains(" sealed "), value.contains("ACME")), (!gone, gone), "{value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_is_put_under_a_pin_whose_item_went_without_an_answer() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![sealed(0, &text("alice")), sealed(1, &text("bob")), pin()]).await;
    keyring.state().silent = true;
    desktop.done(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
    assert_eq!(desktop.done(&["list"], ""), "ACME, alice  (totp)\nACME, bob  (totp)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_begun_before_the_lock_leaves_nothing_in_clear_below_the_pin() {
    let desktop = Desktop::without_keyring();
    let trashed = |name: &str| text(name).replace("\"trashed\":null", "\"trashed\":1");
    let items = vec![sealed(0, &trashed("alice")), sealed(1, &trashed("bob")), sealed(2, &text("carol")), pin()];
    let keyring = Patchy::start(&desktop, items).await;
    let vault = Vault::new(desktop.connect("session").await);
    let under = vault.pin().await.unwrap().unwrap();
    let open = || vault.hold(Some((AccountsKey::new(KEY), under.clone())));
    let account = |name: &str| {
        let uri = format!("otpauth://totp/ACME:{name}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME");
        Account::from_uri(&uri).unwrap()
    };
    open();
    let added = vault.add_all(vec![account("alice"), account("bob")], 1, |_| vault.hold(None)).await.unwrap();
    assert_eq!(added.kept.len(), 2);
    open();
    vault.change(&id(2), |_| vault.hold(None)).await.unwrap();
    assert_eq!(vault.load(1).await.unwrap_err().to_string(), "The codes are locked by a PIN.");
    let state = keyring.state();
    assert_eq!(state.calls.iter().filter(|call| call.starts_with("CreateItem")).count(), 3);
    for item in state.items.iter().take(3) {
        let Gives::Value(value) = &item.gives else { panic!("it gives a value") };
        assert!(value.contains(" sealed "), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_an_account_are_one_whose_counter_only_rises_and_no_copy_stays_in_clear_below_a_pin() {
    let counted = |counter: u64| {
        let uri = "otpauth://hotp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";
        let account = Account::from_uri(&format!("{uri}&counter={counter}")).unwrap();
        account.text().expose_str().unwrap().to_owned()
    };
    let copy = |text: &str| account(0, Gives::Value(format!("{} {text}", id(0))));
    let desktop = Desktop::without_keyring();
    // Called so, and another.
    let other = account(0, Gives::Value(format!("{} {}", id(5), text("bob"))));
    let gone = counted(9).replace("\"trashed\":null", "\"trashed\":1");
    let items = vec![copy(&counted(3)), copy(&counted(7)), account(0, Gives::Garbage), other, copy(&gone)];
    let keyring = Patchy::start(&desktop, items).await;
    let vault = Vault::new(desktop.connect("session").await);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut counters: Vec<_> = vault.load(now).await.unwrap().accounts.iter().map(|account| account.counter).collect();
    counters.sort_unstable();
    assert_eq!(counters, [None, Some(7)]);
    assert_eq!(vault.count(&id(0)).await.unwrap().0.counter, Some(8));
    assert_eq!(vault.count(&id(0)).await.unwrap().0.counter, Some(9));
    let key = AccountsKey::new(KEY);
    let under = key.under(&Pin::new(Secret::from(PIN.to_owned())).unwrap(), &[1; 40]).unwrap();
    vault.set_pin(key, &under).await.unwrap();
    let state = keyring.state();
    for number in [0, 1, 4] {
        let Gives::Value(value) = &state.items[number].gives else { panic!("it gives a value") };
        assert!(value.contains(" sealed "), "{number}: {value}");
    }
    assert!(matches!(&state.items[2].gives, Gives::Garbage));
    assert!(matches!(&state.items[3].gives, Gives::Value(value) if value.starts_with(&id(5))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_thrown_away_hides_nothing_and_asks_nobody() {
    let desktop = Desktop::without_keyring();
    let old = text("alice").replace("\"trashed\":null", "\"trashed\":1");
    let old = account(0, Gives::Value(format!("{} {old}", id(0))));
    let keyring = Patchy::start(&desktop, vec![old, whole(1, "bob")]).await;
    keyring.state().deletes = Some(false);
    assert_eq!(desktop.done(&["list"], ""), "ACME, bob  (totp)\n");
    assert!(keyring.state().calls.contains(&"Delete 0".to_owned()));
    assert_eq!(desktop.done(&["list", "--trash"], ""), "Nothing found.\n");
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

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_not_kept_under_a_pin_that_another_program_has_taken_off() {
    let desktop = Desktop::with_keyring().await;
    let vault = Vault::new(desktop.connect("session").await);
    let key = AccountsKey::new(KEY);
    let under = key.under(&Pin::new(Secret::from(PIN.to_owned())).unwrap(), &[1; 40]).unwrap();
    vault.set_pin(key, &under).await.unwrap();
    let add = async |name: &str| {
        vault.add(&format!("otpauth://totp/ACME:{name}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), 0).await
    };
    let kept = add("alice").await.unwrap();
    // The same key under another PIN; then none; then another key.
    let deeds = [
        ("change", format!("{PIN}\nanother horse\nanother horse\n")),
        ("remove", "another horse\n".to_owned()),
        ("set", format!("{PIN}\n{PIN}\n")),
    ];
    for (what, input) in deeds {
        desktop.done(&["pin", what, "--codes"], &input);
        let said = add("bob").await.map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("was changed or taken off meanwhile"), "{what}: {said}");
        vault.change(&kept.id, |account| account.pinned = true).await.map(|_| ()).unwrap_err();
    }
    assert_eq!(desktop.done(&["list"], &format!("{PIN}\n")).lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pin_sets_no_counter_back() {
    let desktop = Desktop::with_keyring().await;
    let vault = Vault::new(desktop.connect("session").await);
    for number in 0..30 {
        let uri = format!("otpauth://totp/ACME:user{number}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        vault.add(&uri, 0).await.unwrap();
    }
    let bank = vault.add("otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0", 0).await.unwrap();
    let key = AccountsKey::new(KEY);
    let under = key.under(&Pin::new(Secret::from(PIN.to_owned())).unwrap(), &[1; 40]).unwrap();
    let mut shown = Vec::new();
    let counted = async {
        for _ in 0..10 {
            shown.push(vault.count(&bank.id).await.unwrap().0.counter);
        }
    };
    let (set, ()) = tokio::join!(vault.set_pin(key, &under), counted);
    set.unwrap();
    shown.push(vault.count(&bank.id).await.unwrap().0.counter);
    assert_eq!(shown, (1..=11).map(Some).collect::<Vec<_>>());
}
