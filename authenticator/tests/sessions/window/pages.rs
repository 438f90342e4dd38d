//! The pages of the main window, and the locked one that takes their place.

use super::{APPROVE, Seat};
use crate::desktop::mfad::request;
use crate::desktop::wait;

#[tokio::test(flavor = "multi_thread")]
async fn every_control_of_every_page_has_a_name() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    for page in ["Codes", "Requests", "This Computer"] {
        seat.show(page).await;
        seat.nothing_is_nameless().await;
    }
    seat.reader.wait("list item", "Account").await;
    seat.screen.keys(&["ctrl+l"]);
    seat.reader.wait("label", "Locked").await;
    seat.nothing_is_nameless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_approved_in_the_main_window_and_goes_into_the_list_below() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.show("Requests").await;
    let id = seat.mfad.present(request(1)).await;
    seat.reader.wait("button", APPROVE).await;
    seat.focus_is_on("Number from").await;
    seat.screen.text("482913");
    seat.reader.press(APPROVE).await;
    wait("the approval", async || seat.mfad.approved() == [id.clone()]).await;
    seat.reader.wait("list item", "sshd for alice from 192.0.2.7: Approved").await;
    // The page makes room again, and the window stays.
    seat.reader.wait("label", "No requests").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_a_page_that_is_not_to_be_seen_is_not_denied_by_escape() {
    let mut seat = Seat::new().await;
    let id = seat.mfad.present(request(1)).await;
    seat.open_main(&[]).await;
    seat.show("This Computer").await;
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    seat.screen.keys(&["Escape"]);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(seat.mfad.denied().is_empty());
    seat.show("Requests").await;
    wait("the guard", async || seat.reader.is_sensitive(super::REPORT).await).await;
    seat.screen.keys(&["Escape"]);
    wait("the denial", async || seat.mfad.denied() == [(id.clone(), false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_locked_page_takes_the_place_of_everything_and_requests_can_still_be_answered() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.show("This Computer").await;
    seat.reader.wait("list item", "Account").await;
    let saver = crate::notices::saver(&seat.desktop, false).await;
    let active = ("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged");
    // The window may not listen yet.
    wait("the locked page", async || {
        saver.emit_signal(None::<&str>, active.0, active.1, active.2, &true).await.unwrap();
        seat.reader.find("label", "Locked").await.is_some()
    })
    .await;
    assert!(seat.reader.says("The screen was locked.").await);
    assert!(!seat.reader.says("Account").await && !seat.reader.says("This Computer").await);

    seat.mfad.present(request(1)).await;
    seat.reader.press("Sign-In Requests").await;
    seat.reader.wait("button", APPROVE).await;
    seat.screen.keys(&["ctrl+w"]);
    wait("one window", async || seat.reader.find("button", APPROVE).await.is_none()).await;
    seat.focus_is_on("Unlock").await;
    seat.screen.keys(&["Return"]);
    seat.reader.wait("list item", "Account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_computer_says_what_protects_the_user_and_when_mfad_is_silent() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.show("This Computer").await;
    for line in ["A second factor is set up", "phone", "2 recovery codes left"] {
        seat.reader.wait("list item", line).await;
    }
    assert!(seat.reader.says("Codes by time. Never used").await && seat.reader.says("mfactl me recovery-codes").await);
    seat.nothing_is_nameless().await;
    seat.mfad.state().deadline = 1_900_000_000;
    seat.reader.press("Look Again").await;
    // The day, as this locale and its clock have it.
    seat.reader.wait("list item", "No second factor: One is required from 03/1").await;
    assert!(!seat.reader.says("phone").await);
    seat.mfad.connection.release_name(mfa_core::bus::DAEMON).await.unwrap();
    seat.reader.press("Look Again").await;
    seat.reader.wait("list item", "mfad does not answer").await;
}
