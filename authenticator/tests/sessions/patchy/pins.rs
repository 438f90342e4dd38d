//! The PIN over the accounts, where the keyring locks, refuses or loses an item meanwhile.

use super::*;

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
