//! Accounts that come in and go out: files through the dialog of files, QR codes from everywhere, addresses of other programs.

use super::Seat;
use crate::desktop::{Desktop, wait};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use zbus::OwnedVariant;

const URI: &str = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";
const OTHER: &str = "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=7";

impl Seat {
    /// Types a path into the dialog of files.
    pub(super) async fn choose(&self, title: &str, path: &Path) {
        self.reader.wait("widget", title).await;
        // It asks the file system first.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        self.screen.keys(&["ctrl+a"]);
        self.screen.text(path.to_str().unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        self.screen.keys(&["Return"]);
    }

    pub(super) async fn press_in(&self, name: &str) {
        wait(name, async || self.reader.is_sensitive(name).await).await;
        self.reader.press(name).await;
    }
}

pub(super) fn qr_code(desktop: &Desktop, uri: &str) -> PathBuf {
    let picture = desktop.path("code.png");
    let made = desktop.command("qrencode").args(["-o", picture.to_str().unwrap(), uri]).status().unwrap();
    assert!(made.success());
    picture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_written_and_read_again_by_the_window() {
    let mut seat = Seat::new().await;
    let (plain, backup) = (seat.desktop.path("codes.txt"), seat.desktop.path("codes.backup"));
    std::fs::write(&plain, format!("{URI}\n{OTHER}\notpauth://totp/bad?secret=1\n")).unwrap();
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.screen.keys(&["ctrl+o"]);
    seat.screen.keys(&["slash"]);
    seat.choose("Import", &plain).await;
    seat.reader.wait("list item", "ACME, alice").await;
    seat.reader.wait("list item", "line 3").await;
    seat.nothing_is_nameless().await;
    assert!(seat.desktop.account_values().await.is_empty(), "nothing is added before it was seen");
    seat.press_in("Add 2").await;
    wait("both", async || seat.desktop.account_values().await.len() == 2).await;
    wait("the rows", async || !seat.rows("Bank, bob").await.is_empty()).await;

    seat.screen.keys(&["ctrl+e"]);
    seat.reader.wait("label", "The same again").await;
    seat.nothing_is_nameless().await;
    seat.focus_is_on("A backup").await;
    seat.screen.keys(&["Tab"]);
    seat.focus_is_on("Password").await;
    seat.screen.text("correct horse");
    seat.screen.keys(&["Tab"]);
    seat.screen.text("correct horse");
    seat.press_in("Choose a File…").await;
    seat.choose("Export", &backup).await;
    wait("the backup", async || backup.exists()).await;
    assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&backup).unwrap().contains("ACME"));

    seat.screen.keys(&["ctrl+o"]);
    seat.screen.keys(&["slash"]);
    seat.choose("Import", &backup).await;
    seat.reader.wait("label", "The file is encrypted.").await;
    seat.focus_is_on("Password").await;
    seat.screen.text("wrong horse");
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "The password is wrong, or the file is damaged.").await;
    seat.screen.keys(&["ctrl+a"]);
    seat.screen.text("correct horse");
    seat.screen.keys(&["Return"]);
    seat.press_in("Add 2").await;
    wait("the word", async || seat.reader.says("2 there already.").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_code_comes_from_the_clipboard_and_where_the_screen_gives_none_it_is_said() {
    let mut seat = Seat::new().await;
    let picture = qr_code(&seat.desktop, URI);
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.screen.keys(&["ctrl+n"]);
    seat.reader.press("QR code from the clipboard").await;
    seat.reader.wait("alert", "There is no picture in the clipboard.").await;
    let mut xclip = seat.desktop.command("xclip");
    xclip.args(["-selection", "clipboard", "-t", "image/png", "-i", picture.to_str().unwrap()]);
    assert!(xclip.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    seat.reader.press("QR code from the clipboard").await;
    seat.reader.wait("list item", "ACME, alice").await;
    seat.press_in("Add").await;
    wait("the account", async || !seat.rows("ACME, alice").await.is_empty()).await;

    seat.screen.keys(&["ctrl+n"]);
    seat.reader.press("QR code from the screen").await;
    seat.reader.wait("alert", "This desktop gives no pictures of the screen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_another_program_opens_is_shown_first_and_never_an_argument() {
    let seat = Seat::activatable().await;
    let session = seat.desktop.connect("session").await;
    let open = async || {
        let application = ("io.github.pam_mfa.Authenticator", "/io/github/pam_mfa/Authenticator");
        let interface = Some("org.freedesktop.Application");
        let body = (vec![URI], HashMap::<String, OwnedVariant>::new());
        session.call_method(Some(application.0), application.1, interface, "Open", &body).await.unwrap();
    };
    open().await;
    seat.reader.wait("list item", "ACME, alice").await;
    assert!(seat.desktop.account_values().await.is_empty());
    seat.press_in("Add").await;
    wait("the account", async || !seat.rows("ACME, alice").await.is_empty()).await;
    // Nobody has given it the focus, as a desktop's shell would: the screen locks it.
    let saver = crate::notices::saver(&seat.desktop, false).await;
    let active = ("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged");
    wait("the locked page", async || {
        saver.emit_signal(None::<&str>, active.0, active.1, active.2, &true).await.unwrap();
        seat.reader.find("label", "Locked").await.is_some()
    })
    .await;
    open().await;
    seat.reader.wait("alert", "Unlock, then open the address again.").await;
}
