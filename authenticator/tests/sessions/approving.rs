//! The whole way on private buses with a real keyring: pair, present, approve, deny, and what must not work.

use crate::desktop::mfad::{CODE, Mfad, NUMBER, request};
use crate::desktop::{Desktop, wait};

/// A desktop whose keyring holds a device key that a running agent has registered.
pub(crate) async fn paired() -> (Desktop, Mfad) {
    let mut desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    desktop.done(&["pair", "--label", "desk"], CODE);
    desktop.start_agent();
    mfad.agent().await;
    (desktop, mfad)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_computer_approves_with_the_number_and_the_signature_counts() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    assert_eq!(desktop.listed().len(), 1);
    let text = desktop.done(&["requests"], "");
    for part in ["alice", "web-1", "sshd", "192.0.2.7", "01010101"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    desktop.done(&["approve", &id[..6], "482 913"], "");
    assert_eq!(mfad.approved(), [id]);
    assert_eq!((desktop.listed().len(), desktop.last_outcome().as_str()), (0, "approved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_is_told_and_ends_the_request() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    assert!(desktop.refused(&["approve", &id, "12345"], "").contains("six digits"));
    assert_eq!(mfad.state().calls, 0);
    assert!(desktop.refused(&["approve", &id, "111111"], "").contains("not the one shown"));
    assert_eq!(desktop.last_outcome(), "wrong-number");
    assert!(desktop.refused(&["approve", &id, NUMBER], "").contains("None begins"));
    assert!(mfad.approved().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_proof_leaves_no_key() {
    let desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    assert!(desktop.refused(&["pair"], "000000\n").contains("not accepted"));
    assert!(desktop.items().await.is_empty());
    assert!(desktop.refused(&["pair", "--ticket"], "\n").contains("No ticket"));
    assert!(mfad.state().devices.is_empty());
    desktop.done(&["pair", "--ticket"], CODE);
    assert_eq!(desktop.items().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_device_is_suspended_with_a_proof() {
    let (desktop, mfad) = paired().await;
    let text = desktop.done(&["devices"], "");
    assert!(text.contains("desk") && text.contains("key in this keyring"), "{text}");
    assert!(desktop.refused(&["lost", "device-"], "000000").contains("not accepted"));
    desktop.done(&["lost", "device-"], CODE);
    assert!(mfad.state().devices[0].suspended);
    assert!(desktop.done(&["devices", "--json"], "").contains("\"suspended\":true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_needs_no_key_and_a_report_is_passed_on() {
    let (desktop, mfad) = paired().await;
    let (first, second) = (mfad.present(request(1)).await, mfad.present(request(2)).await);
    desktop.done(&["deny", &first], "");
    desktop.done(&["deny", &second, "--report"], "");
    assert_eq!(mfad.denied(), [(first, false), (second, true)]);
    assert_eq!(desktop.last_outcome(), "denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_request_is_gone_and_cannot_be_approved() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    mfad.agent().await.withdraw(&id, "cancelled").await.unwrap();
    assert!(mfad.agent().await.withdraw(&id, "because").await.is_err());
    assert!(desktop.listed().is_empty());
    desktop.refused(&["approve", &id, NUMBER], "");
    assert_eq!((mfad.state().calls, desktop.last_outcome().as_str()), (0, "cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_locked_keyring_an_approval_says_so_and_a_denial_works() {
    let (desktop, mfad) = paired().await;
    desktop.lock_keyring().await;
    let id = mfad.present(request(1)).await;
    let text = desktop.refused(&["approve", &id, NUMBER], "");
    assert!(text.contains("locked") && text.contains("can still deny"), "{text}");
    desktop.done(&["deny", &id], "");
    assert_eq!((mfad.approved().len(), mfad.denied().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_still_tells_whose_keys_are_here() {
    let mut desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    desktop.done(&["pair"], CODE);
    desktop.lock_keyring().await;
    desktop.start_agent();
    mfad.agent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_requests_are_shown_and_denied_but_not_approved() {
    let mut desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    desktop.done(&["pair"], CODE);
    desktop.stop_keyring();
    assert!(desktop.refused(&["pair"], CODE).contains("no keyring"));
    desktop.start_agent();
    let id = mfad.present(request(1)).await;
    assert!(desktop.refused(&["approve", &id, NUMBER], "").contains("no keyring"));
    desktop.done(&["deny", &id], "");
    assert_eq!(mfad.denied().len(), 1);

    desktop.start_keyring().await;
    let id = mfad.present(request(2)).await;
    desktop.done(&["approve", &id, NUMBER], "");
    assert_eq!(mfad.approved(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_deleted_meanwhile_is_named() {
    let (desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    let session = desktop.connect("session").await;
    for item in desktop.items().await {
        let interface = Some("org.freedesktop.Secret.Item");
        session.call_method(Some("org.freedesktop.secrets"), item, interface, "Delete", &()).await.unwrap();
    }
    let text = desktop.refused(&["approve", &id, NUMBER], "");
    assert!(text.contains("not in the keyring any more"), "{text}");
    desktop.done(&["deny", &id], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_paired_while_the_agent_runs_is_registered_at_once() {
    let mut desktop = Desktop::with_keyring().await;
    let mfad = Mfad::start(&desktop).await;
    desktop.start_agent();
    wait("the agent's name", async || desktop.run(&["requests"], "").status.success()).await;
    desktop.done(&["pair"], CODE);
    mfad.agent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_not_there_is_named() {
    let desktop = Desktop::without_keyring();
    assert!(desktop.refused(&["requests"], "").contains("No agent runs"));
    assert!(desktop.refused(&["devices"], "").contains("mfad is not running"));
    assert_eq!(desktop.run(&["approve"], "").status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_outlives_the_agent_and_is_for_its_owner_alone() {
    let (mut desktop, mfad) = paired().await;
    let id = mfad.present(request(1)).await;
    desktop.done(&["deny", &id], "");
    desktop.end_agent();
    let file = desktop.path("home/.local/state/mfa-authenticator/history.json");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap()) & 0o777, 0o600);
    desktop.start_agent();
    wait("the agent", async || desktop.run(&["requests"], "").status.success()).await;
    assert_eq!(desktop.last_outcome(), "denied");
    assert!(desktop.done(&["history"], "").contains("web-1"));
    // A history that cannot be written stops nothing.
    desktop.end_agent();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    mfad.state().agents.clear();
    desktop.start_agent();
    let id = mfad.present(request(2)).await;
    desktop.done(&["approve", &id, NUMBER], "");
    assert_eq!((mfad.approved().len(), desktop.last_outcome().as_str()), (1, "approved"));
}
