//! What xdg-desktop-portal does for the window, and for whom: pictures of the screen.

use super::Seat;
use super::moving::qr_code;
use crate::desktop::{Desktop, wait};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use zbus::fdo::{DBusProxy, Error, Result};
use zbus::message::Header;
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

/// The portals, as far as we need them; a desktop has real ones only where there is somebody to ask.
struct Portal(Connection);

impl Portal {
    async fn start(desktop: &Desktop, shot: PathBuf) -> Self {
        let path = "/org/freedesktop/portal/desktop";
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(path, Settings)
            .serve_at(path, Screenshots { response: 0, shot })
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
}

#[interface(name = "org.freedesktop.portal.Screenshot")]
impl Screenshots {
    async fn screenshot(
        &self,
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
        let results = HashMap::from([("uri", Variant::from(format!("file://{}", self.shot.display())))]);
        let interface = "org.freedesktop.portal.Request";
        let to = Some(header.sender().unwrap().to_owned());
        connection.emit_signal(to, &path, interface, "Response", &(self.response, results)).await.unwrap();
        Ok(path)
    }
}
