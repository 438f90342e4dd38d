//! Keyrings that hang: a clear message in bounded time, a denial that works, and an agent that still ends. And those that do not know who calls.

use crate::desktop::Desktop;
use crate::desktop::mfad::{Mfad, NUMBER, request};
use crate::desktop::secrets::{Hangs, PROMPT, Secrets, Unknowing};
use crate::desktop::stripping::Stripping;
use crate::desktop::wait;
use authenticator::keyring::{Keyring, KeyringError, Stored};
use ed25519_dalek::SigningKey;
use mfa_core::approval::Request;
use mfa_core::device::{Device, DeviceId, DeviceKey};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use zbus::Variant;

async fn with(hangs: Hangs) -> (Desktop, Mfad, Secrets) {
    let mut desktop = Desktop::without_keyring();
    let secrets = Secrets::start(&desktop, hangs).await;
    let key = DeviceKey::new(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()).unwrap();
    let device = Device {
        id: DeviceId::new([0, 0, 0, 1]),
        label: String::new(),
        created: 0,
        suspended: false,
        key,
        upkeep: Default::default(),
    };
    let mfad = Mfad::start_with(&desktop, vec![device]).await;
    desktop.start_agent();
    (desktop, mfad, secrets)
}

async fn refused_within(hangs: Hangs, text: &str, seconds: u64) {
    let (mut desktop, mfad, _secrets) = with(hangs).await;
    let id = mfad.present(request(1)).await;
    let started = Instant::now();
    let said = desktop.refused(&["approve", &id, NUMBER], "");
    assert!(said.contains(text), "{said}");
    assert!(started.elapsed() < Duration::from_secs(seconds), "{:?}", started.elapsed());
    desktop.done(&["deny", &id], "");
    assert_eq!(mfad.denied().len(), 1);
    assert!(desktop.end_agent() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_never_answers_costs_ten_seconds_and_no_denial() {
    refused_within(Hangs::Always, "does not answer", 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_hangs_with_the_value_costs_ten_seconds_and_no_denial() {
    refused_within(Hangs::WithTheValue, "keyring", 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_nobody_answers_is_dismissed_when_the_request_is_over() {
    let (desktop, mfad, secrets) = with(Hangs::InThePrompt).await;
    let id = mfad.present(Request { expires: authenticator::now() + 6, ..request(1) }).await;
    let forger = desktop.connect("session").await;
    let forge = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let interface = "org.freedesktop.Secret.Prompt";
            let body = (false, Variant::from(0u8));
            forger.emit_signal(None::<&str>, PROMPT, interface, "Completed", &body).await.unwrap();
        }
    };
    let started = Instant::now();
    let (said, ()) = tokio::join!(async { desktop.refused(&["approve", &id, NUMBER], "") }, forge);
    assert!(said.contains("locked"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(secrets.dismissed.load(Ordering::SeqCst), 1);
    assert_eq!((mfad.state().calls, desktop.last_outcome().as_str()), (0, "expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_prompt_leaves_the_request_open() {
    let (desktop, mfad, secrets) = with(Hangs::InThePrompt).await;
    let id = mfad.present(request(1)).await;
    let dismiss = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let interface = "org.freedesktop.Secret.Prompt";
        let body = (true, Variant::from(0u8));
        secrets.connection.emit_signal(None::<&str>, PROMPT, interface, "Completed", &body).await.unwrap();
        secrets
    });
    let said = desktop.refused(&["approve", &id, NUMBER], "");
    assert!(said.contains("was not unlocked"), "{said}");
    assert_eq!(desktop.listed().len(), 1);
    dismiss.await.unwrap();
    desktop.done(&["deny", &id], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_does_not_know_its_caller_yet_is_asked_again() {
    for (searches, found) in [(0, true), (3, true), (4, false)] {
        let desktop = Desktop::without_keyring();
        let (_secrets, calls) = Unknowing::start(&desktop, searches, "").await;
        match Keyring::new(desktop.connect("session").await).is_locked().await {
            Ok(locked) => assert!(locked && found, "{searches}"),
            Err(error) => assert!(matches!(error, KeyringError::Refused(_)) && !found, "{searches}: {error}"),
        }
        let calls = calls.lock().unwrap().clone();
        let searches = calls.iter().take_while(|call| *call == "SearchItems").count();
        assert_eq!((searches, calls.len()), if found { (calls.len() - 1, searches + 1) } else { (4, 4) }, "{calls:?}");
    }
}

/// gnome-keyring dies of a session opened by somebody whom it does not know yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_opened_by_those_alone_whom_the_keyring_knows_and_closed() {
    const VALUE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let desktop = Desktop::without_keyring();
    let (_secrets, calls) = Unknowing::start(&desktop, 2, VALUE).await;
    let keyring = Keyring::new(desktop.connect("session").await);
    let stored = keyring.key(&DeviceId::new([0, 0, 0, 1]), Duration::from_secs(5)).await.unwrap();
    assert!(matches!(stored, Stored::Bare(key) if key.to_bytes() == [7; 32]), "without encryption where it knows none");
    wait("the end of the session", async || calls.lock().unwrap().last().is_some_and(|call| call == "Close")).await;
    let encrypted = "OpenSession dh-ietf1024-sha256-aes128-cbc-pkcs7";
    assert_eq!(
        *calls.lock().unwrap(),
        ["SearchItems", "SearchItems", "SearchItems", encrypted, "OpenSession plain", "GetSecrets", "Close"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_leaves_out_zeros_of_the_common_number_is_read_over_one_that_has_none() {
    const VALUE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let desktop = Desktop::without_keyring();
    let (_secrets, closed) = Stripping::start(&desktop, VALUE).await;
    let keyring = Keyring::new(desktop.connect("session").await);
    let stored = keyring.key(&DeviceId::new([0, 0, 0, 1]), Duration::from_secs(5)).await.unwrap();
    assert!(matches!(stored, Stored::Bare(key) if key.to_bytes() == [7; 32]));
    wait("the end of both sessions", async || *closed.lock().unwrap() == [0, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_keyring_loses_nobody_who_calls_for_the_first_time() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n");
    let callers = (0..8).map(|_| {
        let address = desktop.address("session");
        tokio::spawn(async move {
            for _ in 0..100 {
                let session = zbus::connection::Builder::address(address.as_str()).build().await.unwrap();
                let vault = authenticator::vault::Vault::new(session.clone());
                assert_eq!(vault.load(0).await.unwrap().accounts.len(), 1);
                session.close().await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_lies_in_another_collection_is_kept_there_and_no_code_is_shown_twice() {
    let desktop = Desktop::with_keyring().await;
    let vault = authenticator::vault::Vault::new(desktop.connect("session").await);
    let account =
        vault.add("otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0", 0).await.unwrap();
    desktop.move_accounts().await;
    // The first two of RFC 4226, appendix D.
    for expected in ["755224", "287082"] {
        let (_, code) = vault.count(&account.id).await.unwrap();
        assert_eq!(std::str::from_utf8(code.expose()), Ok(expected));
        assert_eq!(vault.load(0).await.unwrap().accounts.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_on_the_bus_does_not_tell_a_key() {
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let desktop = Desktop::with_keyring().await;
    let heard = desktop.path("heard");
    let mut monitor = desktop
        .command("dbus-monitor")
        .args(["--binary", "--address", &desktop.address("session")])
        .stdout(std::fs::File::create(&heard).unwrap())
        .spawn()
        .unwrap();
    let holds = |what: &[u8]| std::fs::read(&heard).unwrap().windows(what.len()).any(|bytes| bytes == what);
    wait("the monitor", async || {
        desktop.done(&["list"], "");
        holds(b"SearchItems")
    })
    .await;
    desktop.done(&["add"], &format!("otpauth://totp/ACME:alice?secret={KEY}\n"));
    assert_eq!(desktop.done(&["show", "acme"], "").lines().count(), 1);
    wait("the reply", async || holds(b"GetSecrets")).await;
    assert!(holds(b"xdg:schema") && !holds(KEY.as_bytes()), "what it heard is in {}", heard.display());
    // A program that asks for no encryption: so the monitor hears values.
    desktop.account_values().await;
    wait("a value in clear", async || holds(KEY.as_bytes())).await;
    monitor.kill().unwrap();
    monitor.wait().unwrap();
}
