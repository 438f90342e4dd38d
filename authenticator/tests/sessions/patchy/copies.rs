//! Several items of the PIN over the accounts, as a tool that copies keyrings may leave them: one where they are the same, and no choice
//! where they are not.

use super::*;

const SEVERAL: &str = "The keyring holds different items called \"PIN over codes\"";

/// `key` under a PIN.
fn under(key: [u8; 32], pin: &str) -> Item {
    let pin = Pin::new(Secret::from(pin.to_owned())).unwrap();
    pin_item(Gives::Value(AccountsKey::new(key).under(&pin, &[2; 40]).unwrap().text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_the_pin_are_one_and_none_keeps_the_old_one() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![sealed(0, &text("alice")), pin(), pin()]).await;
    assert_eq!(desktop.done(&["list"], &format!("{PIN}\n")), "ACME, alice  (totp)\n");
    desktop.done(&["pin", "change", "--codes"], &format!("{PIN}\nanother horse\nanother horse\n"));
    let state = keyring.state();
    assert_eq!(state.value(1), state.value(2));
    drop(state);
    assert_eq!(desktop.done(&["list"], "another horse\n"), "ACME, alice  (totp)\n");
    desktop.done(&["pin", "remove", "--codes"], "another horse\n");
    assert!(
        matches!(&keyring.state().items[1..], [one, two] if matches!((&one.gives, &two.gives), (Gives::Gone, Gives::Gone)))
    );
    assert_eq!(desktop.done(&["list"], ""), "ACME, alice  (totp)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_pins_none_is_taken_and_nothing_is_written_over_what_may_open_an_account() {
    for other in [
        under(KEY, "another horse"),
        under([8; 32], PIN),
        pin_item(Gives::Value("no PIN".to_owned())),
        pin_item(Gives::Refusal),
        pin_item(Gives::Garbage),
    ] {
        for turned in [false, true] {
            let desktop = Desktop::without_keyring();
            let mut items = vec![pin(), other.clone(), sealed(2, &text("alice")), whole(3, "bob")];
            if turned {
                items.swap(0, 1);
            }
            let keyring = Patchy::start(&desktop, items).await;
            let file = desktop.path("codes").display().to_string();
            std::fs::write(&file, "otpauth://totp/Bank:carol?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
            for what in [
                &["list"][..],
                &["import", &file],
                &["remove", "bob"],
                &["pin", "set", "--codes"],
                &["pin", "change", "--codes"],
                &["pin", "remove", "--codes"],
            ] {
                let said = desktop.refused(what, &format!("{PIN}\n{PIN}\n{PIN}\n"));
                assert!(said.contains(SEVERAL) && said.contains("remove all but one"), "{what:?}: {said}");
            }
            // Nor by one who has opened them before.
            let vault = Vault::new(desktop.connect("session").await);
            let key = AccountsKey::new(KEY);
            let opened = key.under(&Pin::new(Secret::from(PIN.to_owned())).unwrap(), &[1; 40]).unwrap();
            vault.hold(Some((key.clone(), opened.clone())));
            let said = vault.set_pin(key, &opened).await.unwrap_err().to_string();
            assert!(said.contains(SEVERAL), "{said}");
            assert!(vault.remove_pin().await.unwrap_err().to_string().contains(SEVERAL));
            assert_eq!(keyring.state().writes(), [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_beside_one_in_a_locked_keyring_is_not_taken_for_the_only_one() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![pin(), pin_item(Gives::Locked), sealed(2, &text("alice"))]).await;
    for what in ["change", "remove"] {
        let said = desktop.refused(&["pin", what, "--codes"], &format!("{PIN}\n{PIN}\n{PIN}\n"));
        assert!(said.contains("was not unlocked"), "{said}");
    }
    assert_eq!(keyring.state().writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_pin_says_what_is_left_to_do() {
    let desktop = Desktop::without_keyring();
    let keyring = Patchy::start(&desktop, vec![pin_item(Gives::Value("no PIN".to_owned())), whole(1, "alice")]).await;
    for what in [&["list"][..], &["pin", "set", "--codes"], &["pin", "remove", "--codes"]] {
        let said = desktop.refused(what, &format!("{PIN}\n{PIN}\n"));
        assert!(said.contains("is damaged, or of a later version") && said.contains("import your backup"), "{said}");
    }
    assert_eq!(keyring.state().writes(), [""; 0]);
}
