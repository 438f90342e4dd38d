//! How the window comes to be opened.

use super::{APPROVE, Seat};
use crate::desktop::mfad::request;
use crate::desktop::notifications::Server;
use crate::desktop::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_hands_over_to_the_first() {
    let mut seat = Seat::new().await;
    seat.mfad.present(request(1)).await;
    let second = seat.mfad.present(request(2)).await;
    seat.open(&[], &[]).await;
    seat.reader.wait("button", APPROVE).await;
    assert!(seat.rows("shown below").await[0].contains("alice"));
    seat.desktop.done(&["window", "--request", &second[..6]], "");
    wait("the second request", async || {
        let rows = seat.rows(" for ").await;
        rows.len() == 2 && rows[1].contains("shown below") && !rows[0].contains("shown below")
    })
    .await;
    seat.desktop.done(&["window", "--requests"], "");
    // What is not there when it is asked for does not come up later, in the middle of another.
    seat.desktop.done(&["window", "--request", "0303"], "");
    seat.mfad.present(request(3)).await;
    seat.reader.wait("label", "3 requests wait").await;
    assert!(seat.rows(" for ").await[1].contains("shown below"));
    assert!(seat.mfad.denied().is_empty() && seat.mfad.state().calls == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taskbar_finds_the_desktop_file_of_the_window() {
    let mut seat = Seat::new().await;
    seat.open(&[], &[]).await;
    let class = ["search", "--onlyvisible", "--class", "^io\\.github\\.pam_mfa\\.Authenticator$"];
    wait("the window's class", async || seat.screen.xdotool(&class)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_it_says_where_else_to_go() {
    let desktop = crate::desktop::Desktop::without_keyring();
    assert!(desktop.refused(&["window"], "").contains("mfa-authenticator requests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_in_a_notification_has_the_bus_start_the_window_with_that_request() {
    let seat = Seat::activatable().await;
    let server = Server::start(&seat.desktop, true).await;
    let _saver = crate::notices::saver(&seat.desktop, false).await;
    seat.mfad.present(request(1)).await;
    let named = mfa_core::approval::Request { user: "bob".into(), approver: "bob".into(), ..request(2) };
    seat.mfad.present(named).await;
    wait("two notifications", async || server.standing().len() == 2).await;
    let bob = server.standing().into_iter().find(|shown| shown.body.contains("bob")).unwrap();
    server.give_token(bob.number, "token-1").await;
    server.press(bob.number, "open").await;
    seat.reader.wait("window", "Sign-In Requests").await;
    seat.reader.wait("list item", "Account: bob").await;
    // No notification had to name the command.
    assert_eq!(server.all().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_can_neither_be_read_by_other_programs_of_the_user_nor_dump_core() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: needs root to become another user");
        return;
    }
    let seat = Seat::new().await;
    assert!(crate::hygiene::is_closed(&seat.desktop, &["window"]).await);
}

/// What GNOME Shell calls on behalf of somebody who types into the overview.
async fn searched<R: serde::de::DeserializeOwned + zbus::Type>(
    session: &zbus::Connection,
    method: &str,
    body: &(impl serde::Serialize + zbus::DynamicType),
) -> R {
    let (name, path) = ("io.github.pam_mfa.Authenticator", "/io/github/pam_mfa/Authenticator/SearchProvider");
    let interface = Some("org.gnome.Shell.SearchProvider2");
    let reply = session.call_method(Some(name), path, interface, method, body).await.unwrap();
    reply.body().deserialize().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shells_search_finds_names_after_its_word_and_opens_one_once() {
    let seat = Seat::activatable().await;
    let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (issuer, name) in [("ACME", "alice"), ("Bank", "bob")] {
        seat.desktop.done(&["add"], &format!("otpauth://totp/{issuer}:{name}?secret={key}&issuer={issuer}\n"));
    }
    let session = seat.desktop.connect("session").await;
    let find = async |terms: &[&str]| searched::<Vec<String>>(&session, "GetInitialResultSet", &(terms,)).await;
    assert!(find(&["acme"]).await.is_empty(), "a search for something else");
    assert!(find(&["otp", "carol"]).await.is_empty());
    let old = find(&["otp", "bank"]).await;
    let found = find(&["otp", "ac"]).await;
    assert_eq!((old.len(), found.len()), (1, 1));
    let metas: Vec<std::collections::HashMap<String, zbus::OwnedVariant>> =
        searched(&session, "GetResultMetas", &(vec![&old[0], &found[0]],)).await;
    assert_eq!(metas.len(), 1, "the old one means nothing any more");
    let text = |name: &str| <&str>::try_from(&metas[0][name]).unwrap().to_owned();
    assert_eq!((text("name").as_str(), text("description").as_str()), ("ACME", "alice"));
    assert!(!format!("{metas:?}").contains(key));

    let () = searched(&session, "ActivateResult", &(&found[0], vec!["otp", "ac"], 0_u32)).await;
    wait("the account", async || !seat.rows("ACME, alice").await.is_empty()).await;
    assert!(seat.rows("Bank, bob").await.is_empty(), "it is searched for");

    seat.desktop.lock_keyring().await;
    let more = seat.desktop.connect("session").await;
    let again: Vec<String> = searched(&more, "GetInitialResultSet", &(vec!["otp", "bank"],)).await;
    assert_eq!(again.len(), 1, "the window has them still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_not_opened_by_a_search() {
    let seat = Seat::activatable().await;
    seat.desktop.done(&["add"], "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\n");
    seat.desktop.lock_keyring().await;
    let session = seat.desktop.connect("session").await;
    let found: Vec<String> = searched(&session, "GetInitialResultSet", &(vec!["otp", "acme"],)).await;
    assert!(found.is_empty());
    assert!(seat.desktop.done(&["status"], "").starts_with("Keyring: locked"));
}
