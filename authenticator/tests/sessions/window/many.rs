//! Two thousand accounts: figures on standard error, and bounds that only a fault passes.

use super::Seat;
use crate::desktop::wait;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MANY: usize = 2_000;

/// Long enough for whatever a key has set off.
const CALM: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_accounts_open_search_and_scroll_without_a_halt() {
    if std::env::var_os("MFA_LONG").is_none() {
        eprintln!("skipped: the keyring takes two minutes to take them; MFA_LONG=1 runs it");
        return;
    }
    let mut seat = Seat::new().await;
    let file = seat.desktop.path("many");
    let mut lines = String::new();
    for number in 0..MANY {
        let key = data_encoding::BASE32_NOPAD.encode(format!("key of account {number:05}").as_bytes());
        writeln!(lines, "otpauth://totp/Site{number:04}:user{}?secret={key}&issuer=Site{number:04}", number % 7)
            .unwrap();
    }
    std::fs::write(&file, lines).unwrap();
    let begun = Instant::now();
    let said = seat.desktop.done(&["import", file.to_str().unwrap()], "");
    assert!(said.ends_with("2000 added, 0 there already, 0 left out.\n"));
    eprintln!("figure: {MANY} accounts into the keyring: {:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(seat.desktop.done(&["list"], "").lines().count(), MANY);
    eprintln!("figure: list on the command line: {:?}", begun.elapsed());

    let usable = tokio::spawn(usable(seat.desktop.connect("session").await));
    seat.open_main(&[]).await;
    eprintln!("figure: from the start of the window until it has all accounts: {:?}", usable.await.unwrap());
    wait("the first row", async || !seat.rows("Site0000").await.is_empty()).await;
    seat.focus_is_on("Search accounts").await;
    for (sought, row) in [("1234", "Site1234"), ("user3 site199", "Site1991")] {
        seat.screen.keys(&["ctrl+a", "BackSpace"]);
        tokio::time::sleep(CALM).await;
        // Nobody reads the screen meanwhile: that is thousands of calls, which the window answers between its frames.
        let halts = Halts::watch(seat.desktop.connect("session").await);
        seat.screen.text(sought);
        tokio::time::sleep(CALM).await;
        eprintln!("figure: longest halt while searching for {sought:?}: {:?}", halts.longest().await);
        wait(row, async || !seat.rows(row).await.is_empty()).await;
    }
    tokio::time::sleep(CALM).await;
    let halts = Halts::watch(seat.desktop.connect("session").await);
    seat.screen.keys(&["ctrl+a", "BackSpace", "Down"]);
    for _ in 0..20 {
        seat.screen.keys(&["Next"]);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    for _ in 0..120 {
        seat.screen.keys(&["End"]);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    tokio::time::sleep(CALM).await;
    let longest = halts.longest().await;
    // On a busy machine several of these keys come before one part of the list has grown.
    wait("the last row", async || {
        seat.screen.keys(&["End"]);
        !seat.rows("Site1999").await.is_empty()
    })
    .await;
    eprintln!("figure: longest halt while scrolling: {longest:?}");
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

/// How long it takes until the window answers a search: it has read the keyring then.
async fn usable(session: zbus::Connection) -> Duration {
    let begun = Instant::now();
    let (name, path) = ("io.github.pam_mfa.Authenticator", "/io/github/pam_mfa/Authenticator/SearchProvider");
    let interface = Some("org.gnome.Shell.SearchProvider2");
    loop {
        let body = (vec!["otp", "site0000"],);
        if let Ok(reply) = session.call_method(Some(name), path, interface, "GetInitialResultSet", &body).await
            && !reply.body().deserialize::<Vec<String>>().unwrap().is_empty()
        {
            return begun.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How long the window's own thread stands still: it answers a call of GApplication's between two frames.
struct Halts {
    enough: Arc<AtomicBool>,
    watching: tokio::task::JoinHandle<Duration>,
}

impl Halts {
    fn watch(session: zbus::Connection) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let end = enough.clone();
        let watching = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while !end.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let name = Some("io.github.pam_mfa.Authenticator");
                let path = "/io/github/pam_mfa/Authenticator";
                session.call_method(name, path, Some("org.gtk.Actions"), "List", &()).await.unwrap();
                longest = longest.max(begun.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            longest
        });
        Self { enough, watching }
    }

    async fn longest(self) -> Duration {
        self.enough.store(true, Ordering::Relaxed);
        self.watching.await.unwrap()
    }
}
