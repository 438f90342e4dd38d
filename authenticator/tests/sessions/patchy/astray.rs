//! Accounts in items that are found by another's id, as a tool leaves them that copies values and not attributes: nothing is done to
//! another account than the one that is shown.

use super::*;

/// An item that is found by one id, with an account of another in it.
fn astray(found_by: usize, number: usize, text: &str) -> Item {
    account(found_by, Gives::Value(format!("{} {text}", id(number))))
}

fn counting(name: &str, counter: u64) -> String {
    let uri =
        format!("otpauth://hotp/ACME:{name}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME&counter={counter}");
    Account::from_uri(&uri).unwrap().text().expose_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_an_account_is_done_to_no_other_that_is_found_by_its_id() {
    let desktop = Desktop::without_keyring();
    let items = vec![astray(1, 2, &text("bob")), astray(2, 3, &text("carol"))];
    let keyring = Patchy::start(&desktop, items).await;
    let carol = keyring.state().value(1).to_owned();
    assert!(desktop.done(&["show", "bob"], "").contains("ACME, bob"));
    assert!(desktop.done(&["remove", "bob"], "").starts_with("ACME, bob is in the trash"));
    assert_eq!(desktop.done(&["list"], ""), "ACME, carol  (totp)\n");
    assert_eq!(desktop.done(&["restore", "bob"], ""), "ACME, bob is back.\n");
    let vault = Vault::new(desktop.connect("session").await);
    let (changed, ()) = vault.change(&id(2), |account| account.name = "robert".to_owned()).await.unwrap();
    assert_eq!((changed.id, changed.name), (id(2), "robert".to_owned()));
    assert_eq!(keyring.state().value(1), carol);
    assert_eq!(desktop.done(&["list"], ""), "ACME, carol  (totp)\nACME, robert  (totp)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_found_by_anothers_id_goes_on_and_the_others_stands_still() {
    for items in [
        vec![astray(1, 2, &counting("bob", 3)), astray(2, 3, &counting("carol", 7))],
        // Two that are found by one id: the keyring says nothing of which it takes.
        vec![astray(2, 3, &counting("carol", 7)), astray(2, 2, &counting("bob", 3))],
    ] {
        let desktop = Desktop::without_keyring();
        let _keyring = Patchy::start(&desktop, items).await;
        let vault = Vault::new(desktop.connect("session").await);
        for counter in [4, 5] {
            let (account, _) = vault.count(&id(2)).await.unwrap();
            assert_eq!((account.name.as_str(), account.counter), ("bob", Some(counter)));
        }
        let accounts = vault.load(0).await.unwrap().accounts;
        let mut counters: Vec<_> = accounts.iter().map(|it| (it.name.as_str(), it.counter)).collect();
        counters.sort_unstable();
        assert_eq!(counters, [("bob", Some(5)), ("carol", Some(7))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_account_in_the_trash_is_the_end_of_no_other() {
    let desktop = Desktop::without_keyring();
    let old = text("bob").replace("\"trashed\":null", "\"trashed\":1");
    let keyring = Patchy::start(&desktop, vec![astray(1, 2, &old), astray(2, 3, &text("carol"))]).await;
    for _ in 0..2 {
        assert_eq!(desktop.done(&["list"], ""), "ACME, carol  (totp)\n");
    }
    assert_eq!(keyring.state().writes(), ["Delete 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_leaves_nothing_in_clear_that_is_found_by_anothers_id_and_takes_it_off_again() {
    let desktop = Desktop::without_keyring();
    let items = vec![astray(1, 2, &text("bob")), astray(2, 3, &text("carol")), astray(9, 2, &text("bob"))];
    let keyring = Patchy::start(&desktop, items).await;
    let (bob, carol) = ("ACME, bob  (totp)\n", "ACME, carol  (totp)\n");
    desktop.done(&["pin", "set", "--codes"], &format!("{PIN}\n{PIN}\n"));
    for number in 0..3 {
        assert!(keyring.state().value(number).contains(" sealed "), "{number}");
        let label = format!("Label {number} Codes of an account, under a PIN");
        assert!(keyring.state().calls.contains(&label), "{:?}", keyring.state().calls);
    }
    assert_eq!(desktop.done(&["list"], &format!("{PIN}\n")), format!("{bob}{carol}"));
    desktop.done(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
    assert_eq!(desktop.done(&["list"], ""), format!("{bob}{carol}"));
    assert!((0..3).all(|number| keyring.state().value(number).contains("ACME")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_comes_back_takes_the_place_of_no_other_that_is_found_by_its_id() {
    let desktop = Desktop::without_keyring();
    let trashed = text("bob").replace("\"trashed\":null", "\"trashed\":1");
    let keyring = Patchy::start(&desktop, vec![astray(1, 2, &trashed), astray(2, 3, &text("carol"))]).await;
    let vault = Vault::new(desktop.connect("session").await);
    let uri = "otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";
    vault.add(uri, 1).await.unwrap();
    assert!(keyring.state().value(1).contains("carol"));
    assert_eq!(desktop.done(&["list"], ""), "ACME, bob  (totp)\nACME, carol  (totp)\n");
}
