//! What stands between the user's word and its effect: keyrings, PINs, agents that are gone, other requests.

use super::{APPROVE, DENY, Seat};
use crate::desktop::mfad::{CODE, request};
use crate::desktop::wait;
use mfa_core::approval::Request;

const PIN: &str = "correct horse";

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_told_in_place_and_the_answer_can_be_tried_again() {
    let mut seat = Seat::new().await;
    seat.desktop.lock_keyring().await;
    let (first, second) = (seat.mfad.present(request(1)).await, seat.mfad.present(request(2)).await);
    seat.open(&["--request", &first], &[]).await;
    seat.reader.wait("button", APPROVE).await;
    seat.screen.text("482 913");
    seat.reader.press(APPROVE).await;
    seat.reader.wait("alert", "The keyring is locked").await;
    assert!(seat.reader.is_sensitive(DENY).await);
    assert_eq!(seat.mfad.state().calls, 0);
    seat.desktop.stop_keyring();
    seat.desktop.start_keyring().await;
    seat.reader.press(APPROVE).await;
    wait("the approval", async || seat.mfad.approved() == [first.clone()]).await;

    seat.desktop.lock_keyring().await;
    seat.go_on("Next Request").await;
    seat.reader.press(DENY).await;
    seat.reader.wait("label", "Denied").await;
    assert_eq!(seat.mfad.denied(), [(second, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_asked_for_and_known_to_be_needed_for_the_next_request() {
    let mut seat = Seat::with(&["pair", "--pin"], &format!("{PIN}\n{PIN}\n{CODE}\n"), "900x700").await;
    let first = seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("button", APPROVE).await;
    assert!(!seat.reader.says("PIN").await);
    seat.screen.text("482913");
    seat.reader.press(APPROVE).await;
    seat.focus_is_on("PIN of your key").await;
    assert!(!seat.reader.is_sensitive(APPROVE).await);
    seat.screen.text("wrong horse");
    seat.reader.press(APPROVE).await;
    seat.reader.wait("alert", "The PIN is wrong").await;
    seat.focus_is_on("PIN of your key").await;
    assert!(!seat.reader.is_sensitive(APPROVE).await, "the wrong one is gone");
    assert_eq!(seat.mfad.state().calls, 0);
    seat.screen.text(PIN);
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    seat.screen.keys(&["Return"]);
    seat.focus_is_on(APPROVE).await;
    seat.screen.keys(&["space"]);
    wait("the approval", async || seat.mfad.approved() == [first.clone()]).await;

    let second = seat.mfad.present(request(2)).await;
    seat.go_on("Next Request").await;
    seat.focus_is_on("Number from").await;
    seat.screen.text("482913");
    seat.screen.keys(&["Return"]);
    seat.focus_is_on("PIN of your key").await;
    seat.screen.text(PIN);
    seat.reader.press(APPROVE).await;
    wait("the approval", async || seat.mfad.approved() == [first.clone(), second.clone()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_the_window_says_so_and_finds_it_when_it_comes() {
    let mut seat = Seat::new().await;
    seat.desktop.end_agent();
    seat.open(&[], &[]).await;
    seat.reader.wait("label", "The agent does not answer").await;
    assert!(seat.reader.says("systemctl --user start mfa-authenticator").await);
    seat.mfad.state().agents.clear();
    seat.desktop.start_agent();
    seat.reader.wait("label", "No requests").await;
    let id = seat.mfad.present(request(1)).await;
    seat.reader.wait("label", "Is this you signing in?").await;

    // An agent that goes while a request is shown takes no answer, and says so.
    seat.desktop.end_agent();
    wait("the guard", async || seat.reader.is_sensitive(super::REPORT).await).await;
    seat.screen.text("482913");
    seat.reader.press(APPROVE).await;
    seat.reader.wait("alert", "No agent runs in this session").await;
    assert!(seat.mfad.approved().is_empty() && id.len() == 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_requests_wait_in_a_list_and_none_takes_the_place_of_another() {
    let mut seat = Seat::new().await;
    let first = seat.mfad.present(request(1)).await;
    let named = |id, name: &str| Request { user: name.into(), approver: name.into(), ..request(id) };
    seat.open(&[], &[]).await;
    seat.reader.wait("list item", "Account: alice").await;
    seat.screen.text("482");
    let second = seat.mfad.present(named(2, "bob")).await;
    seat.mfad.present(named(3, "carol")).await;
    seat.reader.wait("label", "3 requests wait").await;
    let listed: Vec<String> = seat.rows(" for ").await;
    assert_eq!(listed.len(), 3);
    for (row, name) in listed.iter().zip(["alice", "bob", "carol"]) {
        assert!(row.contains(&format!("sshd for {name}")), "{listed:?}");
    }
    seat.screen.text("913");
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    assert!(seat.reader.find("list item", "Account: alice").await.is_some());

    // The second by keyboard: back through the details into the list.
    let mut steps = 0;
    while !seat.reader.focus().await.is_some_and(|node| node.name.contains("for bob")) {
        seat.screen.keys(&["shift+Tab"]);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        steps += 1;
        assert!(steps < 20);
    }
    seat.screen.keys(&["Return"]);
    seat.reader.wait("list item", "Account: bob").await;
    assert!(!seat.reader.is_sensitive(APPROVE).await, "what was typed for another request is gone");
    wait("the guard", async || seat.reader.is_sensitive(super::REPORT).await).await;
    seat.screen.keys(&["Escape"]);
    wait("the denial", async || seat.mfad.denied() == [(second.clone(), false)]).await;
    seat.go_on("Next Request").await;
    seat.reader.wait("list item", "Account: alice").await;
    seat.screen.text("482913");
    seat.reader.press(APPROVE).await;
    wait("the approval", async || seat.mfad.approved() == [first.clone()]).await;
}
