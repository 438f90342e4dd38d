//! What the window looks like, to people and to screen readers. With `MFA_SCREENSHOTS=FOLDER` it leaves pictures there.

use super::{APPROVE, DENY, REPORT, Seat};
use crate::desktop::mfad::{CODE, request};
use mfa_core::approval::Request;
use std::time::Duration;

/// A sudo with everything in it.
fn sudo(id: u8) -> Request {
    Request {
        service: "sudo".into(),
        ruser: Some("anna".into()),
        user: "anna".into(),
        approver: "anna".into(),
        rhost: None,
        tty: Some("/dev/pts/3".into()),
        command: Some("/usr/bin/systemctl restart nginx.service".into()),
        ..request(id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_a_name_on_every_page() {
    let mut seat = Seat::with(&["pair", "--pin"], &format!("123456\n123456\n{CODE}\n"), "900x700").await;
    seat.open(&[], &[]).await;
    seat.reader.wait("label", "No requests").await;
    seat.nothing_is_nameless().await;
    seat.mfad.present(sudo(1)).await;
    seat.mfad.present(request(2)).await;
    seat.reader.wait("label", "2 requests wait").await;
    seat.nothing_is_nameless().await;
    seat.reader.wait("button", APPROVE).await;
    seat.screen.text("482913");
    seat.reader.press(APPROVE).await;
    seat.reader.wait("label", "PIN of your key").await;
    seat.nothing_is_nameless().await;
    seat.reader.press(DENY).await;
    seat.reader.wait("label", "Denied").await;
    seat.nothing_is_nameless().await;
    for name in [DENY, APPROVE] {
        assert!(!seat.reader.says(&format!("_{name}")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_shown_as_they_are_and_move_no_button() {
    let mut seat = Seat::with(&["pair"], CODE, "400x720").await;
    let hostile = "<b>b</b><a href='x'>y</a>_n &amp; \u{202e}\u{1b}[1m\nالعربية".to_owned() + &"W".repeat(150);
    let all = || Some(hostile.clone());
    seat.mfad
        .present(Request {
            user: hostile.clone(),
            approver: hostile.clone(),
            host: hostile.clone(),
            service: hostile.clone(),
            ruser: all(),
            rhost: all(),
            tty: all(),
            command: Some(hostile.clone() + &"\u{200f}x ".repeat(40)),
            ..request(1)
        })
        .await;
    seat.open(&[], &[]).await;
    seat.reader.wait("label", "Is this you signing in?").await;
    for name in ["Account", "Host", "Service", "From", "Asked by", "Terminal", "Command"] {
        let row = seat.reader.wait("list item", &format!("{name}: <b>b</b><a href='x'>y</a>_n &amp; ")).await;
        assert!(row.name.contains("\\u{202e}\\u{1b}[1m\\u{a}") && !row.name.contains(['\u{202e}', '\u{1b}', '\n']));
    }
    assert!(seat.reader.says("<b>b</b>").await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    seat.screen.keep("hostile");
    for name in [DENY, APPROVE, REPORT] {
        let button = seat.reader.wait("button", name).await;
        assert!(seat.is_inside_the_window(&button).await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_dark_narrow_and_large_text() {
    for (name, size, dark, large) in [
        ("request-light", "460x620", false, false),
        ("request-dark", "460x620", true, false),
        ("request-narrow", "360x640", false, false),
        ("request-large", "500x900", false, true),
    ] {
        let mut seat = Seat::with(&["pair"], CODE, size).await;
        if large {
            assert!(seat.screen.set_dpi(144));
        }
        seat.mfad.present(if name == "request-narrow" { request(1) } else { sudo(1) }).await;
        if dark {
            let folder = seat.desktop.path("home/.config/glib-2.0/settings");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("keyfile"), "[org/gnome/desktop/interface]\ncolor-scheme='prefer-dark'\n")
                .unwrap();
        }
        seat.open(&[], &[("GSETTINGS_BACKEND", "keyfile")]).await;
        seat.reader.wait("button", APPROVE).await;
        seat.screen.text("482913");
        crate::desktop::wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        seat.screen.keep(name);
        for button in [DENY, APPROVE, REPORT] {
            let button = seat.reader.wait("button", button).await;
            assert!(seat.is_inside_the_window(&button).await, "{name}: {button:?}");
        }
    }
}
