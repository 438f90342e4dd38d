//! A walk around everything that opens over the main window: each has names for all its controls, and does what it says.

use super::Seat;
use crate::desktop::wait;
use authenticator::vault::Account;
use std::io::Write;
use std::process::Stdio;

const ALICE: &str = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";

/// The code of ALICE at `now`, as it is shown.
fn code_at(now: u64) -> String {
    let code = Account::from_uri(ALICE).unwrap().code_at(now).unwrap();
    let code = code.expose_str().unwrap();
    format!("{} {}", &code[..3], &code[3..])
}

impl Seat {
    /// Chooses from a menu that is open.
    pub(super) async fn choose_in_the_menu(&self, name: &str) {
        let item = self.reader.wait("menu item", name).await;
        assert!(self.reader.act(&item).await, "{name}");
    }

    /// Closes what lies over the main window, after a look at its controls.
    async fn leave(&self, text: &str) {
        wait(text, async || self.reader.says(text).await).await;
        self.nothing_is_nameless().await;
        self.screen.keys(&["Escape"]);
        wait("the end of it", async || !self.reader.says(text).await).await;
    }

    /// What zbarimg reads off the screen.
    fn read_off_the_screen(&self) -> String {
        let mut zbarimg = self.desktop.command("zbarimg");
        zbarimg.args(["--quiet", "--raw", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut zbarimg = zbarimg.spawn().unwrap();
        zbarimg.stdin.take().unwrap().write_all(&self.screen.picture()).unwrap();
        let output = tokio::task::block_in_place(|| zbarimg.wait_with_output().unwrap());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_opens_over_the_window_has_names_and_does_what_it_says() {
    let mut seat = Seat::new().await;
    seat.desktop.done(&["add"], &format!("{ALICE}\n"));
    seat.open_main(&[]).await;
    seat.reader.wait("list item", "ACME, alice: code hidden").await;
    seat.fills_the_screen("900x700").await;

    // By the mouse: one click copies.
    let row = seat.reader.wait("list item", "ACME, alice").await;
    let (x, y, w, h) = seat.reader.extents(&row).await;
    let (x, y) = ((x + w / 3).to_string(), (y + h / 2).to_string());
    assert!(seat.screen.xdotool(&["mousemove", &x, &y, "click", "1"]));
    wait("the copy", async || seat.clipboard().len() == 6).await;

    // The code, and the one after it.
    seat.screen.keys(&["ctrl+f", "Down", "ctrl+r"]);
    wait("both codes", async || {
        let now = authenticator::now();
        let (shown, next) = (code_at(now), format!("next {}", code_at(now + 30)));
        seat.rows("ACME, alice").await.iter().any(|row| row.contains(&shown)) && seat.reader.says(&next).await
    })
    .await;

    // Its menu, and from there its picture, as another app reads it.
    seat.screen.keys(&["Menu"]);
    seat.reader.wait("menu item", "Pin or Unpin").await;
    seat.nothing_is_nameless().await;
    seat.choose_in_the_menu("Show QR Code…").await;
    wait("the picture", async || seat.reader.says("QR code of ACME").await).await;
    wait("an app to read it", async || Account::from_uri(&seat.read_off_the_screen()).is_ok()).await;
    let (read, kept) = (seat.read_off_the_screen(), Account::from_uri(ALICE).unwrap());
    assert_eq!(Account::from_uri(&read).unwrap().uri().expose(), kept.uri().expose());
    seat.leave("Whoever sees it has all your codes").await;

    // There is no backup, and the bar that says so leads to one.
    assert!(seat.reader.says("There is no backup of your codes").await);
    seat.reader.press("Back Up…").await;
    seat.leave("The same again").await;
    assert!(!seat.reader.says("There is no backup of your codes").await);

    seat.screen.keys(&["ctrl+comma"]);
    wait("the preferences", async || seat.reader.says("Lock after minutes without use").await).await;
    seat.nothing_is_nameless().await;
    seat.reader.press("Set…").await;
    seat.leave("New PIN").await;
    seat.screen.keys(&["ctrl+question"]);
    seat.leave("Copy the code; while searching, of the first account found").await;
    seat.screen.keys(&["F10"]);
    seat.reader.wait("menu item", "Preferences").await;
    seat.nothing_is_nameless().await;
    seat.choose_in_the_menu("About Authenticator").await;
    seat.leave("Your codes, and your word about sign-ins.").await;
}
