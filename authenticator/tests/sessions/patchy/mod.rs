//! A keyring of which an item cannot be read: nothing is taken for absent, shown wrongly, overwritten or lost by that.

mod astray;
mod copies;
mod keys;
mod pins;
mod stopped;

use crate::desktop::patchy::{Gives, Item, Patchy};
use crate::desktop::{Desktop, wait};
use authenticator::keyring::{Keyring, Stored};
use authenticator::pin::Pin;
use authenticator::vault::{Account, AccountsKey, Vault};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use mfa_core::device::DeviceId;
use mfa_core::otpauth::MAX_COUNTER;
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
    Item { kind: "io.github.pam_mfa.Account".to_owned(), id: id(number), gives }
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
    Item { kind: "io.github.pam_mfa.AccountsPin".to_owned(), id: "pin".to_owned(), gives }
}

/// [`KEY`] under [`PIN`].
fn pin() -> Item {
    let pin = Pin::new(Secret::from(PIN.to_owned())).unwrap();
    pin_item(Gives::Value(AccountsKey::new(KEY).under(&pin, &[1; 40]).unwrap().text()))
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
async fn a_keyring_that_gives_no_account_names_them_and_its_words_harm_no_terminal() {
    for gives in [Gives::Refusal, Gives::Garbage] {
        let desktop = Desktop::without_keyring();
        let keyring = Patchy::start(&desktop, vec![account(0, gives.clone()), account(1, gives)]).await;
        let uri = "otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (what, input) in [("list", ""), ("add", uri)] {
            let said = desktop.refused(&[what], input);
            assert!(said.contains("The keyring refused: ") && said.contains("decrypted"), "{said}");
            for called in ["None of your 2 accounts", "Codes of number 0\\u{1b}", "Codes of number 1\\u{1b}"] {
                assert!(said.contains(called), "{said}");
            }
            assert!(said.contains("import your backup"), "{said}");
            assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        }
        assert_eq!(keyring.state().writes(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_at_its_end_is_told_as_that_and_not_as_an_account_that_is_gone() {
    let desktop = Desktop::without_keyring();
    let uri = format!("otpauth://hotp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter={}", MAX_COUNTER - 1);
    let text = Account::from_uri(&uri).unwrap().text().expose_str().unwrap().to_owned();
    let keyring = Patchy::start(&desktop, vec![account(0, Gives::Value(format!("{} {text}", id(0))))]).await;
    desktop.done(&["show", "bob"], "");
    let last = keyring.state().value(0).to_owned();
    let said = desktop.refused(&["show", "bob"], "");
    assert!(said.contains("has come to its end") && said.contains("a new key"), "{said}");
    assert_eq!(keyring.state().value(0), last);
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
