//! A device key under a PIN: set at pairing or later, asked for at each approval, never in the way of a no.

use crate::approving::paired;
use crate::desktop::mfad::{CODE, Mfad, NUMBER, request};
use crate::desktop::notifications::Server;
use crate::desktop::{Desktop, wait};
use mfa_core::approval::Request;

const PIN: &str = "correct horse";

/// As [`paired`], with a PIN.
async fn paired_with_pin() -> (Desktop, Mfad) {
    let mut desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    let text = desktop.done(&["pair", "--pin"], &format!("{PIN}\n{PIN}\n{CODE}\n"));
    assert!(text.contains("asks for the PIN"), "{text}");
    desktop.start_agent();
    mfad.agent().await;
    (desktop, mfad)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_paired_with_a_pin_signs_with_it_alone() {
    let (desktop, mfad) = paired_with_pin().await;
    let id = mfad.present(request(1)).await;
    for (input, said) in [
        ("wrong horse\n", "The PIN is wrong"),
        ("short\n", "not the PIN"),
        ("", "has a PIN"),
        ("\n", "has a PIN"),
        ("correct horse \n", "The PIN is wrong"),
    ] {
        let text = desktop.refused(&["approve", &id, NUMBER], input);
        assert!(text.contains(said), "{input:?}: {text}");
    }
    assert_eq!((mfad.state().calls, desktop.listed().len()), (0, 1));
    desktop.done(&["approve", &id, NUMBER], &format!("{PIN}\n"));
    assert_eq!(mfad.approved(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_keyring_holds_under_a_pin_is_not_the_key() {
    let (desktop, _mfad) = paired_with_pin().await;
    let values = desktop.secret_values().await;
    assert_eq!(values.len(), 1);
    let value: serde_json::Value = serde_json::from_slice(&values[0]).unwrap();
    assert_eq!(value["kdf"]["argon2id"]["memory_kib"], 65_536);
    assert!(!String::from_utf8_lossy(&values[0]).contains(PIN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_none_or_not_repeated_costs_no_proof() {
    let desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    for (input, said) in [
        (format!("12345\n12345\n{CODE}\n"), "at least 6"),
        (format!("{PIN}\n{PIN}x\n{CODE}\n"), "not the same"),
        (format!("{}\n", "x".repeat(129)), "at most 128"),
        (String::new(), "at least 6"),
    ] {
        assert!(desktop.refused(&["pair", "--pin"], &input).contains(said), "{input}");
    }
    assert!(mfad.state().devices.is_empty() && desktop.items().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_set_changed_and_removed_and_the_key_stays_the_same() {
    let (desktop, mfad) = paired().await;
    let bare = desktop.secret_values().await;
    for what in ["change", "remove"] {
        assert!(desktop.refused(&["pin", what], "123456\n").contains("has no PIN"));
    }
    desktop.done(&["pin", "set"], &format!("{PIN}\n{PIN}\n"));
    assert!(desktop.refused(&["pin", "set"], "").contains("has a PIN already"));
    assert!(desktop.refused(&["pin", "change"], "wrong horse\nanother\nanother\n").contains("not the PIN"));
    desktop.done(&["pin", "change", "device-"], &format!("{PIN}\nanother\nanother\n"));
    let id = mfad.present(request(1)).await;
    assert!(desktop.refused(&["approve", &id, NUMBER], &format!("{PIN}\n")).contains("wrong"));
    desktop.done(&["approve", &id, NUMBER], "another\n");
    assert!(desktop.refused(&["pin", "remove"], &format!("{PIN}\n")).contains("not the PIN"));
    assert!(desktop.refused(&["pin", "remove", "nothing"], "another\n").contains("None begins"));
    desktop.done(&["pin", "remove"], "another\n");
    assert_eq!(desktop.secret_values().await, bare);
    let id = mfad.present(request(2)).await;
    desktop.done(&["approve", &id, NUMBER], "");
    assert_eq!(mfad.approved().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_or_with_a_locked_one_nothing_is_changed() {
    let desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    assert!(desktop.refused(&["pin", "set"], "").contains("holds no device key"));
    desktop.done(&["pair"], CODE);
    desktop.lock_keyring().await;
    assert!(desktop.refused(&["pin", "set"], &format!("{PIN}\n{PIN}\n")).contains("locked"));
    assert_eq!(mfad.state().devices.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_wrong_pins_the_next_waits_and_a_no_does_not() {
    let (desktop, mfad) = paired_with_pin().await;
    let id = mfad.present(request(1)).await;
    for _ in 0..5 {
        assert!(desktop.refused(&["approve", &id, NUMBER], "wrong horse\n").contains("wrong"));
    }
    let said = desktop.refused(&["approve", &id, NUMBER], &format!("{PIN}\n"));
    assert!(said.contains("Too many wrong PINs") && said.contains("can still deny"), "{said}");
    desktop.done(&["deny", &id], "");
    assert_eq!((mfad.approved().len(), mfad.denied().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_overtakes_pins_that_are_being_tried() {
    let (desktop, mfad) = paired_with_pin().await;
    let mut ids = Vec::new();
    for id in 1..=4 {
        ids.push(mfad.present(request(id)).await);
    }
    let session = desktop.connect("session").await;
    let agent = mfa_core::bus::Approvals1Proxy::new(&session).await.unwrap();
    let started = std::time::Instant::now();
    let tries = futures_util::future::join_all(ids.iter().map(|id| agent.approve(id, NUMBER, "wrong horse")));
    let deny = async {
        agent.deny(&ids[3], false).await.unwrap();
        started.elapsed()
    };
    let (tries, denied) = tokio::join!(tries, deny);
    assert!(tries.iter().all(Result::is_err));
    assert!(denied * 2 < started.elapsed(), "{denied:?} of {:?}", started.elapsed());
    assert_eq!((mfad.approved().len(), mfad.denied().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_ask_for_too_much_are_refused_before_they_are_used() {
    let (desktop, mfad) = paired_with_pin().await;
    let id = mfad.present(request(1)).await;
    let value = String::from_utf8(desktop.secret_values().await.remove(0)).unwrap();
    desktop.overwrite_secrets(&value.replace("65536", "4194304")).await;
    let started = std::time::Instant::now();
    assert!(desktop.refused(&["approve", &id, NUMBER], &format!("{PIN}\n")).contains("damaged"));
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
    desktop.overwrite_secrets(&value).await;
    desktop.done(&["approve", &id, NUMBER], &format!("{PIN}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_in_a_notification_leads_on_where_the_key_has_a_pin() {
    let (desktop, mfad) = paired_with_pin().await;
    let server = Server::start(&desktop, true).await;
    let _saver = crate::notices::saver(&desktop, false).await;
    let id = mfad.present(Request { number_due: false, rhost: None, ..request(1) }).await;
    wait("a notification", async || server.standing().len() == 1).await;
    let shown = server.standing().remove(0);
    server.press(shown.number, "approve").await;
    wait("the instructions", async || server.all().iter().any(|n| n.body.contains("mfa-authenticator approve"))).await;
    assert_eq!((mfad.state().calls, desktop.listed().len()), (0, 1));
    desktop.done(&["approve", &id], &format!("{PIN}\n"));
    assert_eq!(mfad.approved(), [id]);
}
