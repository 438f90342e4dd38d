//! A request on the screen, and the user's word about it.

use super::{APPROVE, DENY, REPORT, Seat};
use crate::desktop::mfad::{NUMBER, request};
use crate::desktop::wait;
use mfa_core::approval::Request;
use std::time::{Duration, Instant};

/// A sudo whose policy asks for no number.
fn local(id: u8) -> Request {
    Request { number_due: false, rhost: None, service: "sudo".into(), ..request(id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_approves_by_keyboard_alone_and_enter_does_not() {
    let mut seat = Seat::new().await;
    let id = seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("label", "Is this you signing in?").await;
    for detail in ["Account: alice", "Host: web-1", "Service: sshd", "From: 192.0.2.7", "Terminal: ssh"] {
        seat.reader.wait("list item", detail).await;
    }
    seat.screen.text("48291");
    seat.screen.keys(&["Return"]);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!seat.reader.is_sensitive(APPROVE).await);
    assert!(seat.reader.is_sensitive(DENY).await);
    seat.screen.text("3");
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    seat.screen.keys(&["Return"]);
    seat.focus_is_on(APPROVE).await;
    assert_eq!(seat.mfad.state().calls, 0, "Enter in the entry goes on and no further");
    seat.screen.keys(&["space"]);
    seat.reader.wait("label", "Approved").await;
    assert_eq!(seat.mfad.approved(), [id]);
    seat.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_waits_for_700_ms_of_focus_whoever_presses_it() {
    const HELD_BACK: Duration = Duration::from_millis(700);
    let mut seat = Seat::new().await;
    let id = seat.mfad.present(local(1)).await;
    seat.open(&[], &[]).await;
    let button = seat.reader.wait("button", APPROVE).await;
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    assert_eq!(seat.mfad.state().calls, 0);

    // Without the focus it never counts; when the focus comes back, a click that was meant for another window comes with it.
    assert!(seat.screen.xdotool(&["getactivewindow", "windowminimize"]));
    wait("Approve to be held back", async || !seat.reader.is_sensitive(APPROVE).await).await;
    tokio::time::sleep(HELD_BACK + Duration::from_millis(200)).await;
    seat.reader.act(&button).await;
    assert!(!seat.reader.is_sensitive(APPROVE).await);
    let back = Instant::now();
    assert!(seat.screen.xdotool(&["search", "--name", "Sign-In Requests", "windowactivate"]));
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    assert!(back.elapsed() >= HELD_BACK, "{:?}", back.elapsed());
    assert_eq!(seat.mfad.state().calls, 0);
    seat.reader.act(&button).await;
    wait("the approval", async || seat.mfad.approved() == [id.clone()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_meant_for_another_window_do_nothing() {
    let mut seat = Seat::new().await;
    seat.mfad.present(local(1)).await;
    seat.open(&[], &[]).await;
    seat.focus_is_on("Account: alice").await;
    seat.screen.keys(&["Return", "space", "Return"]);
    tokio::time::sleep(Duration::from_millis(900)).await;
    seat.screen.keys(&["Return", "space", "Return"]);
    assert!(seat.mfad.denied().is_empty() && seat.mfad.state().calls == 0);

    // An Escape that arrives with the focus; on a machine too slow to bring it in time it may well be meant.
    assert!(seat.screen.xdotool(&["getactivewindow", "windowminimize"]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let back = Instant::now();
    assert!(seat.screen.xdotool(&["search", "--name", "Sign-In Requests", "windowactivate", "--sync"]));
    seat.screen.keys(&["Escape"]);
    if back.elapsed() > Duration::from_millis(600) {
        return;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(seat.mfad.denied().is_empty() && seat.mfad.state().calls == 0);
    assert_eq!(seat.desktop.listed().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_denies_and_the_window_leaves_by_itself() {
    let mut seat = Seat::new().await;
    let id = seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    wait("the guard", async || seat.reader.is_sensitive(REPORT).await).await;
    seat.screen.keys(&["Escape"]);
    seat.reader.wait("label", "Denied").await;
    assert_eq!(seat.mfad.denied(), [(id, false)]);
    seat.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_is_no_answer() {
    let mut seat = Seat::new().await;
    seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("button", APPROVE).await;
    seat.screen.keys(&["ctrl+w"]);
    seat.ended().await;
    assert_eq!(seat.desktop.listed().len(), 1);
    assert!(seat.mfad.denied().is_empty() && seat.mfad.state().calls == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_me_is_reported() {
    let mut seat = Seat::new().await;
    let id = seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    seat.reader.press(REPORT).await;
    seat.reader.wait("label", "Denied and reported").await;
    assert_eq!(seat.mfad.denied(), [(id, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_ends_the_request_and_says_what_to_do() {
    let mut seat = Seat::new().await;
    seat.mfad.present(request(1)).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("button", APPROVE).await;
    seat.screen.text("48291x");
    seat.reader.wait("alert", "The number has digits only.").await;
    seat.screen.keys(&["BackSpace"]);
    seat.screen.text("4");
    seat.reader.press(APPROVE).await;
    seat.reader.wait("label", "That was not the number").await;
    assert!(seat.reader.says("Start again for a new number").await);
    assert!(seat.mfad.approved().is_empty() && seat.mfad.state().calls == 1);
    // It stays until it was seen; Escape now only closes.
    seat.focus_is_on("That was not the number. Nothing was approved").await;
    seat.screen.keys(&["Escape"]);
    seat.ended().await;
    assert!(seat.mfad.denied().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_elsewhere_is_told_and_lets_the_window_go() {
    let mut seat = Seat::new().await;
    let expires = authenticator::now() + 4;
    seat.mfad.present(Request { expires, ..request(1) }).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("label", "Nobody answered in time").await;
    assert!(!seat.reader.says("Approve").await);

    // The page stays until it was seen; what comes next waits beside it.
    let second = seat.mfad.present(request(2)).await;
    seat.go_on("Next Request").await;
    seat.reader.wait("button", APPROVE).await;
    seat.mfad.agent().await.withdraw(&second, "cancelled").await.unwrap();
    seat.reader.wait("label", "No longer needed").await;

    let third = seat.mfad.present(request(3)).await;
    seat.go_on("Next Request").await;
    seat.reader.wait("button", APPROVE).await;
    seat.desktop.done(&["approve", &third, NUMBER], "");
    seat.reader.wait("label", "Approved elsewhere").await;
    seat.go_on("Close").await;
    seat.ended().await;
}
