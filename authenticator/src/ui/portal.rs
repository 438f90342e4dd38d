//! The Screenshot portal: the desktop asks the user for a picture of the screen and writes it to a file, which is read and deleted.
//!
//! By our own small proxy: one method and one signal, on the connection by which the portals know this process (`privacy`). What must never happen: the picture, in which a key may be, staying on the disk.

use crate::catalogue::{Text, filled, gettext};
use crate::vault::import::{decoded, read_file};
use crate::vault::picture;
use futures_util::StreamExt;
use gtk::prelude::*;
use gtk::{gio, glib};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the user may take to choose.
const PATIENCE: Duration = Duration::from_secs(120);

/// Requests so far: the answer to one is not to be taken for another's.
static ASKED: AtomicU64 = AtomicU64::new(0);

const NOT_DELETED: &str = "the picture of the screen could not be deleted";

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPicture {
    /// No portal, or one that refuses.
    #[error(
        "{}",
        Text("This desktop gives no pictures of the screen: it has no Screenshot portal. Save one to a file instead.")
    )]
    NoPortal,
    /// The user said no, or nothing.
    #[error("{}", Text("No picture was taken."))]
    Cancelled,
    /// A file that cannot be read.
    #[error("{}", filled(gettext("The picture cannot be read: {why}."), &[("why", .0)]))]
    File(String),
}

/// Has the user choose a picture of the screen; the file it is in, for [`read`]. One that comes too late is deleted whenever it comes.
pub(super) async fn screenshot(bus: &gio::DBusConnection) -> Result<PathBuf, NoPicture> {
    let (answer, answered) = oneshot::channel();
    let bus = bus.clone();
    glib::spawn_future_local(async move {
        // Nobody waits for it any more.
        if let Err(Ok(path)) = answer.send(asked(&bus).await)
            && gio::File::for_path(path).delete_future(glib::Priority::DEFAULT).await.is_err()
        {
            tracing::warn!("{NOT_DELETED}");
        }
    });
    match glib::future_with_timeout(PATIENCE, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Err(NoPicture::Cancelled),
    }
}

async fn asked(bus: &gio::DBusConnection) -> Result<PathBuf, NoPicture> {
    let own = bus.unique_name().map(|name| name.trim_start_matches(':').replace('.', "_")).unwrap_or_default();
    // The signal may come before the answer: its path is known beforehand (the Request interface's documentation).
    let token = format!("mfa{}", ASKED.fetch_add(1, Ordering::Relaxed));
    let request = format!("{PATH}/request/{own}/{token}");
    let interface = Some("org.freedesktop.portal.Request");
    let flags = gio::DBusSignalFlags::NONE;
    let mut responses =
        bus.receive_signal(Some(NAME), interface, Some("Response"), Some(&request), None, flags, |signal| {
            signal.parameters.clone()
        });
    let options = glib::VariantDict::new(None);
    options.insert("handle_token", token.as_str());
    options.insert("interactive", true);
    let interface = "org.freedesktop.portal.Screenshot";
    // Not by a pair of both, in which the options would stand as `v`.
    let parameters = glib::Variant::tuple_from_iter(["".to_variant(), options.end()]);
    // Without a limit of its own: the portal answers at once, and the user's time is the caller's.
    let flags = gio::DBusCallFlags::NONE;
    bus.call_future(Some(NAME), PATH, interface, "Screenshot", Some(&parameters), None, flags, -1).await.map_err(
        |error| {
            tracing::info!("the Screenshot portal: {error}");
            NoPicture::NoPortal
        },
    )?;
    chosen(&responses.next().await.ok_or(NoPicture::Cancelled)?).ok_or(NoPicture::Cancelled)
}

/// The file a response names (`ua{sv}`); `None` where the user said no.
fn chosen(response: &glib::Variant) -> Option<PathBuf> {
    let (0, results) = response.get::<(u32, glib::VariantDict)>()? else { return None };
    let uri = results.lookup::<String>("uri").ok()??;
    uri.strip_prefix("file://").map(|path| PathBuf::from(decoded(path)))
}

/// The picture, whose file is deleted, also where it cannot be read. Waits for the disk.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, NoPicture> {
    let read = read_file(path, picture::LONGEST);
    if std::fs::remove_file(path).is_err() {
        tracing::warn!("{NOT_DELETED}");
    }
    read.map(|content| content.expose().to_vec()).map_err(|why| NoPicture::File(why.to_string()))
}
