//! Keyrings that hang: a clear message in bounded time, a denial that works, and an agent that still ends. And one that has its collection late.

use crate::desktop::Desktop;
use crate::desktop::mfad::{Mfad, NUMBER, request};
use crate::desktop::secrets::{Beginning, Hangs, PROMPT, Secrets};
use authenticator::keyring::{Keyring, KeyringError};
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
async fn a_keyring_that_has_its_collection_a_moment_later_is_no_keyring_without_one() {
    for (without, found) in [(0, true), (3, true), (4, false)] {
        let desktop = Desktop::without_keyring();
        let _secrets = Beginning::start(&desktop, without).await;
        match Keyring::new(desktop.connect("session").await).is_locked().await {
            Ok(locked) => assert!(locked && found, "{without}"),
            Err(error) => assert!(matches!(error, KeyringError::NoCollection) && !found, "{without}: {error}"),
        }
    }
}
