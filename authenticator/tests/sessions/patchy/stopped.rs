//! A keyring that stops taking values while a PIN is put over the accounts or taken off: it is said how far that went, and doing it
//! again finishes it.

use super::*;

fn three() -> Vec<Item> {
    vec![whole(0, "alice"), whole(1, "bob"), whole(2, "carol")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_stops_half_way_says_how_far_it_went_and_goes_on_where_it_stopped() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, three()).await;
    // The PIN, and one account.
    keyring.state().takes = Some(2);
    let said = desktop.refused(&["pin", "set", "--codes"], &format!("{PIN}\n{PIN}\n"));
    assert!(said.contains("The PIN is over 1 of 3 accounts, then the keyring took no more: "), "{said}");
    assert!(said.contains("the disk is full") && said.contains("Change the PIN to put it over all of them"), "{said}");
    let all = "ACME, alice  (totp)\nACME, bob  (totp)\nACME, carol  (totp)\n";
    assert_eq!(desktop.done(&["list"], &format!("{PIN}\n")), all);

    keyring.state().takes = Some(2);
    let said = desktop.refused(&["pin", "change", "--codes"], &format!("{PIN}\n{PIN}\n{PIN}\n"));
    assert!(said.contains("The PIN is over 2 of 3 accounts"), "{said}");
    keyring.state().takes = None;
    desktop.done(&["pin", "change", "--codes"], &format!("{PIN}\n{PIN}\n{PIN}\n"));
    assert!((0..3).all(|number| keyring.state().value(number).contains(" sealed ")));
    assert_eq!(desktop.done(&["list"], &format!("{PIN}\n")), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_vault_finishes_a_pin_that_stopped_half_way() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, three()).await;
    let vault = Vault::new(desktop.connect("session").await);
    let pin = Pin::new(Secret::from(PIN.to_owned())).unwrap();
    let set = async |random: u8| {
        let key = vault.key_or([random; 32]);
        let sealed = key.under(&pin, &[random; 40]).unwrap();
        vault.set_pin(key, &sealed).await
    };
    keyring.state().takes = Some(3);
    let said = set(1).await.unwrap_err().to_string();
    assert!(said.contains("The PIN is over 2 of 3 accounts"), "{said}");
    keyring.state().takes = None;
    set(2).await.unwrap();
    assert!((0..3).all(|number| keyring.state().value(number).contains(" sealed ")));
    assert_eq!(vault.load(0).await.unwrap().accounts.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_pin_costs_one_item_and_not_all() {
    let desktop = Desktop::without_keyring();
    let items = vec![sealed(0, &text("alice")), sealed(1, &text("bob")), pin()];
    let keyring = Patchy::start(&desktop, items).await;
    desktop.done(&["pin", "change", "--codes"], &format!("{PIN}\nanother horse\nanother horse\n"));
    assert_eq!(keyring.state().writes(), ["CreateItem io.github.pam_mfa.AccountsPin pin"]);
    assert_eq!(desktop.done(&["list"], "another horse\n").lines().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_taken_off_half_way_stays_and_is_said_to() {
    let desktop = Desktop::without_keyring();
    let items = vec![sealed(0, &text("alice")), sealed(1, &text("bob")), sealed(2, &text("carol")), pin()];
    let keyring = Patchy::start(&desktop, items).await;
    // One in clear; then nothing, so that it cannot be encrypted again.
    keyring.state().takes = Some(1);
    let said = desktop.refused(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
    assert!(said.contains("The PIN is over 2 of 3 accounts, then the keyring took no more: "), "{said}");
    let names = |call: &&String| call.starts_with("Label ") && call.contains("ACME");
    assert_eq!(keyring.state().calls.iter().filter(names).count(), 1, "a label names what is encrypted");
    keyring.state().takes = None;
    desktop.done(&["pin", "remove", "--codes"], &format!("{PIN}\n"));
    assert_eq!(desktop.done(&["list"], "").lines().count(), 3);
}
