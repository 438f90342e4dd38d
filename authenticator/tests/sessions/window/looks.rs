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

/// Every page of the main window, light, dark and narrow. With `MFA_SCREENSHOTS=FOLDER` the pictures are kept, as those of the README.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_light_dark_and_narrow() {
    for (look, size, dark) in [("light", "760x620", false), ("dark", "760x620", true), ("narrow", "400x640", false)] {
        let mut seat = Seat::with(&["pair"], CODE, size).await;
        if dark {
            let folder = seat.desktop.path("home/.config/glib-2.0/settings");
            std::fs::create_dir_all(&folder).unwrap();
            let dark = "[org/gnome/desktop/interface]\ncolor-scheme='prefer-dark'\n";
            std::fs::write(folder.join("keyfile"), dark).unwrap();
        }
        let icon = "io.github.pam_mfa.Authenticator.svg";
        let icons = seat.desktop.path("data/icons/hicolor/scalable/apps");
        std::fs::create_dir_all(&icons).unwrap();
        let drawn = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/desktop").join(icon);
        std::fs::copy(drawn, icons.join(icon)).unwrap();
        if std::env::var_os("MFA_SCREENSHOTS").is_some() {
            seat.keeps_the_empty(look, size).await;
        }
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (kind, issuer, name) in [
            ("totp", "Mail", "alice@example.org"),
            ("totp", "Forge", "alice"),
            ("hotp", "Bank", "104 223"),
            ("steam", "Steam", "alice"),
        ] {
            let uri = format!("otpauth://{kind}/{issuer}:{}?secret={key}&issuer={issuer}\n", name.replace(' ', "%20"));
            seat.desktop.done(&["add"], &uri);
        }
        seat.open_main(&[("GSETTINGS_BACKEND", "keyfile")]).await;
        crate::desktop::wait("the rows", async || !seat.rows("Forge, alice").await.is_empty()).await;
        seat.fills_the_screen(size).await;
        seat.focus_is_on("Search accounts").await;
        seat.screen.keys(&["Down", "Down", "ctrl+r"]);
        let shot = async |name: &str| {
            tokio::time::sleep(Duration::from_millis(500)).await;
            seat.screen.keep(&format!("{name}-{look}"));
            seat.nothing_is_nameless().await;
        };
        shot("codes").await;
        seat.mfad.present(sudo(1)).await;
        seat.screen.keys(&["alt+2"]);
        seat.reader.wait("button", APPROVE).await;
        shot("requests").await;
        seat.screen.keys(&["alt+3"]);
        seat.reader.wait("list item", "A second factor is set up").await;
        shot("computer").await;
        seat.screen.keys(&["ctrl+n"]);
        seat.focus_is_on("otpauth://").await;
        shot("add").await;
        for button in ["QR code from a file", "QR code from the screen"] {
            let button = seat.reader.wait("button", button).await;
            let (x, _, w, _) = seat.reader.extents(&button).await;
            assert!(x >= 0 && x + w <= size.split_once('x').unwrap().0.parse().unwrap(), "{look}: {x} {w}");
        }
        seat.screen.keys(&["Escape"]);
        // The names in the rest are looked at elsewhere; these are for people to look at.
        if std::env::var_os("MFA_SCREENSHOTS").is_some() {
            seat.keeps_the_rest(look).await;
        }
        seat.screen.keys(&["ctrl+l"]);
        seat.reader.wait("label", "Locked").await;
        shot("locked").await;
    }
}

impl Seat {
    /// Pictures of the window before there is anything in it.
    async fn keeps_the_empty(&mut self, look: &str, size: &str) {
        self.open_main(&[("GSETTINGS_BACKEND", "keyfile")]).await;
        self.reader.wait("label", "Codes for your accounts").await;
        self.fills_the_screen(size).await;
        self.screen.keep(&format!("first-{look}"));
        self.screen.keys(&["alt+2"]);
        self.reader.wait("label", "No requests").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.screen.keep(&format!("requests-none-{look}"));
        self.screen.keys(&["ctrl+q"]);
        self.ended().await;
        crate::desktop::wait("its end", async || self.reader.find("window", "Authenticator").await.is_none()).await;
    }

    /// Pictures of everything that opens over the main window, and of the pages that have nothing to show.
    async fn keeps_the_rest(&self, look: &str) {
        let keep = async |text: &str, name: &str| {
            crate::desktop::wait(name, async || self.reader.says(text).await).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            self.screen.keep(&format!("{name}-{look}"));
            self.screen.keys(&["Escape"]);
            crate::desktop::wait("the end of it", async || !self.reader.says(text).await).await;
        };
        for (key, text, name) in [
            ("ctrl+comma", "Lock after minutes without use", "preferences"),
            ("ctrl+e", "The same again", "export"),
            ("ctrl+question", "These keys", "shortcuts"),
        ] {
            self.screen.keys(&[key]);
            keep(text, name).await;
        }
        self.screen.keys(&["ctrl+comma"]);
        self.reader.press("Set…").await;
        keep("New PIN", "pin").await;
        self.screen.keys(&["F10"]);
        self.choose_in_the_menu("About Authenticator").await;
        keep("Your codes, and your word about sign-ins.", "about").await;
        self.screen.keys(&["alt+1", "ctrl+f", "Down", "F2"]);
        keep("Tags, with commas", "edit").await;
        self.screen.keys(&["Menu"]);
        self.choose_in_the_menu("Show QR Code…").await;
        keep("Whoever sees it has all your codes", "picture").await;
        let file = self.desktop.path("file.txt");
        let accounts = "otpauth://totp/Shop:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBV\notpauth://totp/bad?secret=1\n";
        std::fs::write(&file, accounts).unwrap();
        self.screen.keys(&["ctrl+o"]);
        self.screen.keys(&["slash"]);
        self.choose("Import", &file).await;
        keep("1 account found", "import").await;
        self.screen.keys(&["ctrl+f"]);
        self.screen.text("nobody");
        crate::desktop::wait("nothing", async || self.reader.says("Nothing found").await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.screen.keep(&format!("nothing-{look}"));
    }

    /// Makes the main window as large as the screen; whether all of it fits is what is looked at.
    pub(super) async fn fills_the_screen(&self, size: &str) {
        let (width, height) = size.split_once('x').unwrap();
        let window = ["search", "--onlyvisible", "--name", "^Authenticator$"];
        let filled: Vec<&str> =
            window.into_iter().chain(["windowmove", "0", "0", "windowsize", width, height]).collect();
        assert!(self.screen.xdotool(&filled));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let window = self.reader.wait("window", "Authenticator").await;
        let (_, _, w, h) = self.reader.extents(&window).await;
        let (width, height): (i32, i32) = (width.parse().unwrap(), height.parse().unwrap());
        assert!(w <= width && h <= height, "{w}x{h} does not fit {size}");
    }
}
