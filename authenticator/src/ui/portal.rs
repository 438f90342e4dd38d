//! The Screenshot portal: the desktop asks the user for a picture of the screen and writes it to a file, which is read and deleted.
//!
//! By our own small proxy: one method and one signal. What must never happen: the picture, in which a key may be, staying on the disk.

use crate::catalogue::{Text, filled, gettext};
use crate::vault::import::read_file;
use crate::vault::picture;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, proxy};

/// How long the user may take to choose.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPicture {
    /// No portal.
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

#[proxy(
    interface = "org.freedesktop.portal.Screenshot",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait Screenshot {
    fn screenshot(&self, parent: &str, options: HashMap<&str, Variant<'_>>) -> zbus::Result<OwnedObjectPath>;
}

#[proxy(interface = "org.freedesktop.portal.Request", default_service = "org.freedesktop.portal.Desktop")]
trait Request {
    #[zbus(signal)]
    fn response(&self, response: u32, results: HashMap<String, OwnedVariant>) -> zbus::Result<()>;
}

/// A picture of the screen as the user chooses it.
pub(super) async fn screenshot() -> Result<Vec<u8>, NoPicture> {
    let asked = tokio::time::timeout(PATIENCE, asked()).await.map_err(|_| NoPicture::Cancelled)?;
    let path = asked.map_err(|error| match error {
        zbus::Error::NameTaken | zbus::Error::FDO(_) | zbus::Error::MethodError(..) | zbus::Error::InputOutput(_) => {
            NoPicture::NoPortal
        }
        _ => NoPicture::Cancelled,
    })?;
    let path = path.ok_or(NoPicture::Cancelled)?;
    let read = tokio::task::spawn_blocking(move || {
        let read = read_file(&path, picture::LONGEST);
        // Also where it cannot be read.
        let removed = std::fs::remove_file(&path);
        read.map(|content| (content.expose().to_vec(), removed.is_ok()))
    });
    let (bytes, removed) =
        read.await.map_err(|_| NoPicture::Cancelled)?.map_err(|why| NoPicture::File(why.to_string()))?;
    if !removed {
        tracing::warn!("the picture of the screen could not be deleted");
    }
    Ok(bytes)
}

/// Where the portal put it; `None` where the user said no.
async fn asked() -> zbus::Result<Option<PathBuf>> {
    let session = Connection::session().await?;
    let own = session.unique_name().map(|name| name.trim_start_matches(':').replace('.', "_")).unwrap_or_default();
    // The signal may come before the answer: its path is known beforehand (the Request interface's documentation).
    let request = RequestProxy::builder(&session)
        .path(OwnedObjectPath::try_from(format!("/org/freedesktop/portal/desktop/request/{own}/mfa"))?)
        .build()
        .await?;
    let mut responses = request.receive_response().await?;
    let portal = ScreenshotProxy::new(&session).await?;
    let options = HashMap::from([("handle_token", Variant::from("mfa")), ("interactive", Variant::from(true))]);
    portal.screenshot("", options).await?;
    let Some(response) = responses.next().await else { return Ok(None) };
    let response = response.args()?;
    let uri = response.results.get("uri").and_then(|uri| <&str>::try_from(uri).ok());
    let path = uri.filter(|_| response.response == 0).and_then(|uri| uri.strip_prefix("file://"));
    Ok(path.map(|path| PathBuf::from(crate::vault::import::decoded(path))))
}
