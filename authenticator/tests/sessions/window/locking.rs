//! What locks the window, and what clears a code from the clipboard: the desktop's signals, and time, which is set forward for the window
//! instead of being waited for.

use super::Seat;
use crate::desktop::{Desktop, wait};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath, interface};

const URI: &str = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\n";

/// The clock of one program.
pub(super) struct Clock(PathBuf);

impl Clock {
    pub(super) fn of(desktop: &Desktop) -> Self {
        let clock = Self(desktop.path("clock"));
        clock.set(0);
        clock
    }

    /// So many seconds later than it is.
    pub(super) fn set(&self, later: u64) {
        // Written beside and renamed: libfaketime reads it at any moment.
        let new = self.0.with_extension("new");
        std::fs::write(&new, format!("+{later}\n")).unwrap();
        std::fs::rename(&new, &self.0).unwrap();
    }

    pub(super) fn environment(&self) -> [(&str, &str); 3] {
        // Debian's place for it; `dpkg -L libfaketime` says.
        let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
        [("LD_PRELOAD", library), ("FAKETIME_TIMESTAMP_FILE", self.0.to_str().unwrap()), ("FAKETIME_NO_CACHE", "1")]
    }
}

impl Seat {
    async fn copies(&self) {
        self.screen.keys(&["ctrl+f"]);
        self.focus_is_on("Search accounts").await;
        self.screen.keys(&["Return"]);
        wait("the copy", async || self.clipboard().len() == 6).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_half_a_minute_a_code_is_cleared_and_after_five_without_use_the_window_locks() {
    let mut seat = Seat::new().await;
    seat.desktop.done(&["add"], URI);
    let clock = Clock::of(&seat.desktop);
    seat.open_main(&clock.environment()).await;
    seat.reader.wait("list item", "ACME, alice").await;
    seat.copies().await;
    clock.set(29);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(seat.clipboard().len(), 6, "not yet");
    clock.set(32);
    wait("the end of it", async || seat.clipboard().is_empty()).await;

    seat.copies().await;
    seat.copy_elsewhere("mine");
    wait("the other copy", async || seat.clipboard() == "mine").await;
    // What the window hears of a key, it hears after that.
    seat.screen.keys(&["Down"]);
    seat.focus_is_on("ACME, alice").await;
    clock.set(70);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(seat.clipboard(), "mine", "what another program has put there since stays");

    // The last use, seen before time goes on.
    seat.screen.keys(&["ctrl+f"]);
    seat.focus_is_on("Search accounts").await;
    clock.set(70 + 290);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(seat.reader.find("label", "Locked").await.is_none(), "not yet");
    clock.set(70 + 310);
    seat.reader.wait("label", "Locked").await;
    assert!(seat.reader.says("Nobody used this window for a while.").await && !seat.reader.says("ACME").await);
}

const MANAGER: &str = "org.freedesktop.login1.Manager";

/// A logind that has two sessions, of which the seventh is ours.
struct Logind;

fn session(id: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("/org/freedesktop/login1/session/_3{id}")).unwrap()
}

impl Logind {
    async fn start(desktop: &Desktop) -> Connection {
        zbus::connection::Builder::address(desktop.address("system").as_str())
            .serve_at("/org/freedesktop/login1", Self)
            .name("org.freedesktop.login1")
            .build()
            .await
            .unwrap()
    }
}

/// Says that sleep begins or is over.
async fn sleep(logind: &Connection, begins: bool) {
    let (path, member) = ("/org/freedesktop/login1", "PrepareForSleep");
    logind.emit_signal(None::<&str>, path, MANAGER, member, &begins).await.unwrap();
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    async fn get_session(&self, id: &str) -> OwnedObjectPath {
        session(id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sleep_locks_the_window_and_so_does_logind_for_its_own_session_alone() {
    let mut seat = Seat::new().await;
    seat.desktop.done(&["add"], URI);
    let logind = Logind::start(&seat.desktop).await;
    let lock = async |id: &str| {
        let interface = "org.freedesktop.login1.Session";
        logind.emit_signal(None::<&str>, session(id), interface, "Lock", &()).await.unwrap();
    };
    seat.open_main(&[("XDG_SESSION_ID", "7")]).await;
    seat.reader.wait("list item", "ACME, alice").await;
    // The window may not listen yet. Somebody else's session, and waking up, lock nothing: the first cause is the one that is told.
    wait("the locked page", async || {
        lock("8").await;
        sleep(&logind, false).await;
        sleep(&logind, true).await;
        seat.reader.find("label", "Locked").await.is_some()
    })
    .await;
    assert!(seat.reader.says("The computer was asleep.").await && !seat.reader.says("ACME").await);
    seat.focus_is_on("Unlock").await;
    seat.screen.keys(&["Return"]);
    seat.reader.wait("list item", "ACME, alice").await;
    lock("7").await;
    seat.reader.wait("label", "Locked").await;
    assert!(seat.reader.says("The screen was locked.").await && !seat.reader.says("ACME").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_copies_goes_by_itself_and_nothing_else_goes_with_it() {
    let seat = Seat::new().await;
    seat.desktop.done(&["add"], URI);
    // A `timeout` that takes one second for thirty: who asks for how long is seen by that.
    let folder = seat.desktop.path("programs");
    std::fs::create_dir(&folder).unwrap();
    let short =
        "#!/bin/sh\nduration=$1\nshift\n[ $duration = 30 ] && duration=1\nexec /usr/bin/timeout $duration \"$@\"\n";
    std::fs::write(folder.join("timeout"), short).unwrap();
    std::fs::set_permissions(folder.join("timeout"), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = || {
        let mut command = seat.desktop.command_line();
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.display())).args(["show", "acme", "--copy"]);
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            said, "Copied the code of ACME, alice. It leaves the clipboard in 30 seconds.\n",
            "{:?}",
            output.stderr
        );
    };
    copy();
    assert_eq!(seat.clipboard().len(), 6);
    wait("the end of it", async || seat.clipboard().is_empty()).await;
    copy();
    seat.copy_elsewhere("mine");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(seat.clipboard(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_is_set_while_the_window_locks_is_asked_for_by_the_locked_page() {
    const PIN: &str = "correct horse";
    let mut seat = Seat::new().await;
    seat.desktop.done(&["add"], URI);
    let logind = Logind::start(&seat.desktop).await;
    seat.open_main(&[]).await;
    seat.reader.wait("list item", "ACME, alice").await;
    seat.screen.keys(&["ctrl+comma"]);
    seat.reader.press("Set…").await;
    seat.focus_is_on("New PIN").await;
    seat.screen.text(PIN);
    seat.screen.keys(&["Tab"]);
    seat.focus_is_on("The same again").await;
    seat.screen.text(PIN);
    seat.desktop.freeze_keyring(true);
    seat.screen.keys(&["Return"]);
    wait("the word", async || seat.reader.says("Working").await).await;
    wait("the locked page", async || {
        sleep(&logind, true).await;
        seat.reader.find("label", "Locked").await.is_some()
    })
    .await;
    seat.desktop.freeze_keyring(false);
    seat.focus_is_on("PIN").await;
    seat.screen.text(PIN);
    seat.screen.keys(&["Return"]);
    wait("the account", async || !seat.rows("ACME, alice").await.is_empty()).await;
}
