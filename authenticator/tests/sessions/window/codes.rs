//! The codes: from the address that is pasted to the code in the clipboard, and nothing of it left when it is locked.

use super::{APPROVE, Seat};
use crate::desktop::mfad::request;
use crate::desktop::wait;
use authenticator::vault::Account;
use std::process::{Command, Stdio};

const ALICE: &str = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";
const COUNTS: &str = "otpauth://hotp/Count:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Count";

/// The codes of ALICE that may be on the screen about now, in groups.
fn codes_about_now() -> Vec<String> {
    let account = Account::from_uri(ALICE).unwrap();
    let now = authenticator::now();
    [now - 30, now, now + 30].map(|at| grouped(account.code_at(at).unwrap().expose_str().unwrap())).to_vec()
}

fn grouped(code: &str) -> String {
    format!("{} {}", &code[..3], &code[3..])
}

impl Seat {
    /// Adds an account by keys alone.
    async fn add(&self, uri: &str, row: &str) {
        self.screen.keys(&["ctrl+n"]);
        self.focus_is_on("otpauth://").await;
        self.screen.text(uri);
        self.screen.keys(&["Return"]);
        self.reader.wait("list item", row).await;
    }

    /// What another program would paste.
    pub(super) fn clipboard(&self) -> String {
        // An owner that ends while it is asked leaves xclip waiting for ever.
        let mut command = Command::new("timeout");
        command.args(["3", "xclip", "-o", "-selection", "clipboard"]);
        command.env("DISPLAY", &self.screen.display).stderr(Stdio::null());
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Another program puts something there.
    pub(super) fn copy_elsewhere(&self, text: &str) {
        use std::io::Write;
        let mut command = Command::new("xclip");
        command.env("DISPLAY", &self.screen.display).args(["-i", "-selection", "clipboard"]);
        // It stays behind to hand the text out, and must not hold our pipes.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        tokio::task::block_in_place(|| child.wait().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_adding_to_locking_without_a_mouse() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(ALICE, "ACME, alice: code hidden").await;

    // Found, revealed, copied.
    seat.screen.keys(&["ctrl+f"]);
    seat.focus_is_on("Search accounts").await;
    seat.screen.text("acme ali");
    seat.screen.keys(&["Down"]);
    seat.focus_is_on("ACME, alice").await;
    seat.screen.keys(&["ctrl+r"]);
    wait("the code", async || {
        let rows = seat.rows("ACME, alice").await;
        codes_about_now().iter().any(|code| rows.iter().any(|row| row.contains(code.as_str())))
    })
    .await;
    seat.screen.keys(&["Return"]);
    wait("the copy", async || codes_about_now().iter().any(|code| code.replace(' ', "") == seat.clipboard())).await;

    // A sign-in is approved in between.
    let id = seat.mfad.present(request(1)).await;
    seat.screen.keys(&["alt+2"]);
    seat.reader.wait("button", APPROVE).await;
    seat.focus_is_on("Number from").await;
    seat.screen.text("482913");
    wait("Approve", async || seat.reader.is_sensitive(APPROVE).await).await;
    seat.screen.keys(&["Return"]);
    seat.focus_is_on(APPROVE).await;
    seat.screen.keys(&["space"]);
    wait("the approval", async || seat.mfad.approved() == [id.clone()]).await;

    seat.screen.keys(&["ctrl+l"]);
    seat.reader.wait("label", "Locked").await;
    assert_eq!(seat.clipboard(), "", "the code is cleared");
    assert!(!seat.reader.says("ACME").await);
    seat.screen.keys(&["Return"]);
    seat.screen.keys(&["alt+1"]);
    seat.reader.wait("list item", "ACME, alice: code hidden").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_copied_stays_and_closing_clears_our_own() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(ALICE, "ACME, alice").await;
    seat.screen.keys(&["ctrl+f"]);
    seat.screen.text("acme");
    seat.screen.keys(&["Return"]);
    wait("the copy", async || seat.clipboard().len() == 6).await;
    seat.copy_elsewhere("mine");
    seat.screen.keys(&["ctrl+l"]);
    seat.reader.wait("label", "Locked").await;
    assert_eq!(seat.clipboard(), "mine");

    seat.screen.keys(&["Return"]);
    seat.reader.wait("list item", "ACME, alice").await;
    seat.screen.keys(&["ctrl+f"]);
    seat.screen.text("acme");
    seat.screen.keys(&["Return"]);
    wait("the copy", async || seat.clipboard().len() == 6).await;
    seat.screen.keys(&["ctrl+q"]);
    seat.ended().await;
    assert_eq!(seat.clipboard(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_counts_is_saved_as_used_before_it_is_shown() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(COUNTS, "Count, bob: code hidden").await;
    seat.screen.keys(&["ctrl+f", "Down", "ctrl+r"]);
    seat.reader.wait("list item", "Count, bob: 755 224").await;
    let kept = |part: &'static str| {
        let desktop = &seat.desktop;
        async move { desktop.account_values().await.iter().any(|value| String::from_utf8_lossy(value).contains(part)) }
    };
    assert!(kept("counter=1").await);
    // Copied while it is to be seen, it is the same code; after that, the next.
    seat.screen.keys(&["Return"]);
    wait("the copy", async || seat.clipboard() == "755224").await;
    seat.screen.keys(&["ctrl+r"]);
    seat.reader.wait("list item", "Count, bob: code hidden").await;
    seat.screen.keys(&["Return"]);
    wait("the copy", async || seat.clipboard() == "287082").await;
    assert!(kept("counter=2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_change_pins_hold_and_the_trash_gives_back() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(ALICE, "ACME, alice").await;
    seat.add(&ALICE.replace("ACME", "Zeta"), "Zeta, alice").await;
    // Twice the same is not kept twice.
    seat.screen.keys(&["ctrl+n"]);
    seat.focus_is_on("otpauth://").await;
    seat.screen.text(ALICE);
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "This account is here already, as ACME, alice").await;
    seat.nothing_is_nameless().await;
    seat.screen.keys(&["Escape"]);

    seat.screen.keys(&["ctrl+f"]);
    seat.focus_is_on("Search accounts").await;
    seat.screen.text("zeta");
    seat.screen.keys(&["Down"]);
    seat.focus_is_on("Zeta").await;
    seat.screen.keys(&["ctrl+d"]);
    seat.screen.keys(&["ctrl+f", "BackSpace"]);
    wait("the pinned one first", async || {
        seat.rows(", alice").await.first().is_some_and(|row| row.starts_with("Zeta"))
    })
    .await;
    seat.screen.keys(&["Down", "F2"]);
    seat.focus_is_on("Site or service").await;
    seat.nothing_is_nameless().await;
    seat.screen.keys(&["ctrl+a"]);
    seat.screen.text("Omega");
    seat.screen.keys(&["Return"]);
    seat.reader.wait("list item", "Omega, alice").await;

    seat.focus_is_on("Omega").await;
    seat.screen.keys(&["Delete"]);
    wait("it to be gone", async || seat.rows("Omega").await.is_empty()).await;
    seat.reader.press("Undo").await;
    seat.reader.wait("list item", "Omega, alice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_page_says_so_and_finds_it_when_it_comes() {
    let mut seat = Seat::new().await;
    seat.desktop.stop_keyring();
    seat.open_main(&[]).await;
    seat.reader.wait("label", "The codes cannot be read").await;
    assert!(seat.reader.says("There is no keyring in this session").await);
    seat.desktop.start_keyring().await;
    seat.go_on("Try Again").await;
    seat.reader.wait("label", "Codes for your accounts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_pin_the_window_starts_locked_and_a_wrong_one_opens_nothing() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(ALICE, "ACME, alice").await;
    seat.screen.keys(&["ctrl+comma"]);
    seat.reader.press("Set…").await;
    seat.reader.wait("label", "New PIN").await;
    seat.nothing_is_nameless().await;
    seat.focus_is_on("New PIN").await;
    seat.screen.text("correct horse");
    seat.screen.keys(&["Tab"]);
    seat.focus_is_on("The same again").await;
    seat.screen.text("correct donkey");
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "The two are not the same.").await;
    seat.screen.keys(&["ctrl+a"]);
    seat.screen.text("correct horse");
    seat.screen.keys(&["Return"]);
    wait("the PIN", async || {
        let values = seat.desktop.account_values().await.concat();
        !values.is_empty() && !String::from_utf8_lossy(&values).contains("ACME")
    })
    .await;

    // Another program, another window: it starts locked.
    seat.screen.keys(&["ctrl+q"]);
    wait("the end", async || seat.reader.find("window", "Authenticator").await.is_none()).await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Locked").await;
    seat.nothing_is_nameless().await;
    assert!(!seat.reader.says("ACME").await);
    seat.focus_is_on("PIN").await;
    seat.screen.text("wrong horse");
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "That is not the PIN.").await;
    assert!(!seat.reader.says("ACME").await);
    seat.focus_is_on("PIN").await;
    seat.screen.text("correct horse");
    // As long as it is tried, the page says so, and the window answers: it is asked here.
    seat.desktop.freeze_keyring(true);
    seat.screen.keys(&["Return"]);
    wait("the word", async || seat.reader.says("Working").await).await;
    assert!(!seat.reader.is_sensitive("Unlock").await);
    seat.desktop.freeze_keyring(false);
    wait("the account", async || !seat.rows("ACME, alice").await.is_empty()).await;
    seat.screen.keys(&["ctrl+l"]);
    seat.reader.wait("label", "Locked").await;
    seat.focus_is_on("PIN").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_locked_or_killed_in_between_is_named_and_comes_back() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.add(ALICE, "ACME, alice").await;

    // Its prompt needs a desktop's prompter, and is dismissed without one.
    seat.desktop.lock_keyring().await;
    seat.screen.keys(&["ctrl+n"]);
    seat.focus_is_on("otpauth://").await;
    seat.screen.text(COUNTS);
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "The keyring is locked and was not unlocked.").await;
    seat.screen.keys(&["Escape"]);
    wait("the row", async || !seat.rows("ACME, alice").await.is_empty()).await;

    seat.desktop.stop_keyring();
    seat.screen.keys(&["ctrl+n"]);
    seat.focus_is_on("otpauth://").await;
    seat.screen.text(COUNTS);
    seat.screen.keys(&["Return"]);
    seat.reader.wait("alert", "There is no keyring in this session").await;
    seat.desktop.start_keyring().await;
    seat.focus_is_on("otpauth://").await;
    seat.screen.keys(&["Return"]);
    wait("the row", async || !seat.rows("Count, bob").await.is_empty()).await;
    assert_eq!(seat.desktop.account_values().await.len(), 2);
}
