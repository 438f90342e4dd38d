//! What xdg-desktop-portal does for the window, and for whom: pictures of the screen.

use super::Seat;
use super::locking::Clock;
use super::moving::qr_code;
use crate::desktop::{Desktop, wait};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use zbus::fdo::{DBusProxy, Error, Result};
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, interface};

const URI: &str = "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=7";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_on_the_screen_is_read_though_the_window_is_closed_to_the_portal_by_then() {
    let mut seat = Seat::new().await;
    let shot = qr_code(&seat.desktop, URI);
    let portal = Portal::start(&seat.desktop, shot.clone()).await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.screen.keys(&["ctrl+n"]);
    portal.answers(1).await;
    seat.reader.press("QR code from the screen").await;
    seat.reader.wait("alert", "No picture was taken.").await;
    portal.answers(0).await;
    seat.reader.press("QR code from the screen").await;
    seat.reader.wait("list item", "Bank, bob").await;
    assert!(!shot.exists(), "the picture of the screen is deleted");
    seat.press_in("Add").await;
    wait("the account", async || !seat.rows("Bank, bob").await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_comes_later_cannot_look_at_the_window_and_refuses_which_is_said() {
    let mut seat = Seat::new().await;
    seat.open_main(&[]).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    let shot = qr_code(&seat.desktop, URI);
    let _portal = Portal::start(&seat.desktop, shot.clone()).await;
    seat.screen.keys(&["ctrl+n"]);
    seat.reader.press("QR code from the screen").await;
    seat.reader.wait("alert", "This desktop gives no pictures of the screen").await;
    assert!(shot.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_the_screen_that_comes_too_late_is_deleted_and_is_not_taken_for_the_next() {
    let mut seat = Seat::new().await;
    let (late, shot) = (seat.desktop.path("late.png"), qr_code(&seat.desktop, URI));
    std::fs::copy(&shot, &late).unwrap();
    let portal = Portal::start(&seat.desktop, late.clone()).await;
    portal.answers(LATER).await;
    let clock = Clock::of(&seat.desktop);
    seat.open_main(&clock.environment()).await;
    seat.reader.wait("label", "Codes for your accounts").await;
    seat.screen.keys(&["ctrl+n"]);
    seat.reader.press("QR code from the screen").await;
    wait("the first question", async || portal.asked().await == 1).await;
    clock.set(130);
    seat.reader.wait("alert", "No picture was taken.").await;
    assert!(late.exists());
    seat.reader.press("QR code from the screen").await;
    wait("the second question", async || portal.asked().await == 2).await;
    portal.comes(0, &late).await;
    wait("the end of the late one", async || !late.exists()).await;
    assert!(seat.rows("Bank, bob").await.is_empty());
    portal.comes(1, &shot).await;
    seat.reader.wait("list item", "Bank, bob").await;
    assert!(!shot.exists());
}

/// The portals, as far as we need them; a desktop has real ones only where there is somebody to ask.
struct Portal(Connection);

impl Portal {
    async fn start(desktop: &Desktop, shot: PathBuf) -> Self {
        let path = "/org/freedesktop/portal/desktop";
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(path, Settings)
            .serve_at(path, Screenshots { response: 0, shot, asked: Vec::new() })
            .name("org.freedesktop.portal.Desktop")
            .build()
            .await
            .unwrap();
        Self(connection)
    }

    /// From now on the user says so: 0 yes, 1 no.
    async fn answers(&self, response: u32) {
        let screenshots =
            self.0.object_server().interface::<_, Screenshots>("/org/freedesktop/portal/desktop").await.unwrap();
        screenshots.get_mut().await.response = response;
    }

    /// How often it was asked.
    async fn asked(&self) -> usize {
        let screenshots =
            self.0.object_server().interface::<_, Screenshots>("/org/freedesktop/portal/desktop").await.unwrap();
        screenshots.get().await.asked.len()
    }

    /// The answer to one question, at last.
    async fn comes(&self, question: usize, shot: &Path) {
        let screenshots =
            self.0.object_server().interface::<_, Screenshots>("/org/freedesktop/portal/desktop").await.unwrap();
        let (to, path) = screenshots.get().await.asked[question].clone();
        respond(&self.0, to, &path, 0, shot).await;
    }
}

/// What the user says of whom nothing is heard for now.
const LATER: u32 = 7;

async fn respond(connection: &Connection, to: OwnedUniqueName, path: &OwnedObjectPath, response: u32, shot: &Path) {
    let results = HashMap::from([("uri", Variant::from(format!("file://{}", shot.display())))]);
    let interface = "org.freedesktop.portal.Request";
    connection.emit_signal(Some(to), path, interface, "Response", &(response, results)).await.unwrap();
}

/// Whom the portal has looked at.
static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// As xdg-desktop-portal does (seen with 1.20): it looks once at the root folder of each process it hears, and
/// refuses those it cannot look at.
async fn looks_at(connection: &Connection, header: &Header<'_>) -> Result<()> {
    let sender = header.sender().unwrap().to_owned();
    if KNOWN.lock().unwrap().get_or_insert_default().contains(sender.as_str()) {
        return Ok(());
    }
    let bus = DBusProxy::new(connection).await?;
    let pid = bus.get_connection_unix_process_id(sender.clone().into()).await?;
    let root = format!("/proc/{pid}/root");
    let mut look = as_a_user_may(Command::new, "readlink");
    if !look.arg(&root).stdout(Stdio::null()).status().unwrap().success() {
        return Err(Error::AccessDenied(format!("Portal operation not allowed: Unable to open {root}")));
    }
    KNOWN.lock().unwrap().get_or_insert_default().insert(sender.to_string());
    Ok(())
}

/// The program without root's right to look into every process (`CAP_SYS_PTRACE`), which no program of a session has.
pub(super) fn as_a_user_may(command: impl Fn(&'static str) -> Command, program: &'static str) -> Command {
    if !nix::unistd::Uid::effective().is_root() {
        return command(program);
    }
    let mut without = command("setpriv");
    without.args(["--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", program]);
    without
}

struct Settings;

#[interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    async fn read(
        &self,
        _namespace: &str,
        _key: &str,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedVariant> {
        looks_at(connection, &header).await?;
        Err(Error::Failed("Requested setting not found".into()))
    }

    #[zbus(property, name = "version")]
    async fn version(&self) -> u32 {
        1
    }
}

struct Screenshots {
    response: u32,
    shot: PathBuf,
    /// Who asked, and where the answer goes.
    asked: Vec<(OwnedUniqueName, OwnedObjectPath)>,
}

#[interface(name = "org.freedesktop.portal.Screenshot")]
impl Screenshots {
    async fn screenshot(
        &mut self,
        parent: &str,
        options: HashMap<String, OwnedVariant>,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath> {
        looks_at(connection, &header).await?;
        assert_eq!(parent, "");
        assert_eq!(<bool>::try_from(&options["interactive"]), Ok(true));
        let sender = header.sender().unwrap().trim_start_matches(':').replace('.', "_");
        let token = <&str>::try_from(&options["handle_token"]).unwrap();
        let path =
            OwnedObjectPath::try_from(format!("/org/freedesktop/portal/desktop/request/{sender}/{token}")).unwrap();
        let to = OwnedUniqueName::from(header.sender().unwrap().to_owned());
        self.asked.push((to.clone(), path.clone()));
        if self.response != LATER {
            respond(connection, to, &path, self.response, &self.shot).await;
        }
        Ok(path)
    }
}
