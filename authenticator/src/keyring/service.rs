//! Our own view of the Secret Service: what is there, what is locked, and the unlocking with its prompt.
//!
//! The prompt is bounded, and only its own service says how it ended. What must never happen: another call than a search as a
//! connection's first.

use super::{KeyringError, SCHEMA};
use crate::catalogue::gettext;
use futures_util::StreamExt;
use mfa_core::clean;
use mfa_core::device::DeviceId;
use std::collections::HashMap;
use std::time::Duration;
use zbus::fdo::{self, DBusProxy};
use zbus::names::{BusName, OwnedUniqueName};
use zbus::proxy::CacheProperties;
use zbus::{Connection, ObjectPath, OwnedObjectPath, Variant, proxy};

/// The Secret Service's bus name.
pub(crate) const SECRETS: &str = "org.freedesktop.secrets";

/// The attribute with an item's schema that is looked for. gnome-keyring does not find `xdg:schema`, which password managers know, in a
/// collection that nobody has unlocked since it began.
pub(super) const KIND: &str = "kind";

/// The attribute that tells the items of a schema apart.
pub(super) const ID: &str = "id";

/// The keyring's word for something that must be unlocked first.
const IS_LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";

#[proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Service {
    fn search_items(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> zbus::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)>;
    fn unlock(&self, objects: &[&ObjectPath<'_>]) -> zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)>;
    fn lock(&self, objects: &[&ObjectPath<'_>]) -> zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)>;
    fn read_alias(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
}

#[proxy(interface = "org.freedesktop.Secret.Collection", default_service = "org.freedesktop.secrets")]
trait Collection {
    #[zbus(property)]
    fn locked(&self) -> zbus::Result<bool>;
}

#[proxy(interface = "org.freedesktop.Secret.Item", default_service = "org.freedesktop.secrets")]
trait Item {
    #[zbus(property)]
    fn attributes(&self) -> zbus::Result<HashMap<String, String>>;
}

#[proxy(interface = "org.freedesktop.Secret.Prompt")]
trait Prompt {
    fn prompt(&self, window: &str) -> zbus::Result<()>;
    fn dismiss(&self) -> zbus::Result<()>;
    #[zbus(signal)]
    fn completed(&self, dismissed: bool, result: Variant<'_>) -> zbus::Result<()>;
}

/// Items that were looked for.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) unlocked: Vec<OwnedObjectPath>,
    pub(super) locked: Vec<OwnedObjectPath>,
}

/// Waits before a search is repeated.
const PAUSES: [Duration; 3] = [Duration::from_millis(10), Duration::from_millis(100), Duration::from_millis(500)];

/// Looks for the items of a schema, or for the one of them called `id`, locked or not; what a connection asks a keyring first.
///
/// gnome-keyring (42 and 50) makes note of who calls by a task of its own, which the first call over a connection may overtake: about one
/// in a thousand where it is busy. A search then "is not implemented", the default collection does not exist, and
/// `OpenSession` ends the keyring. A search is therefore first, and repeated until it is answered: from then on it
/// knows the connection.
pub(super) async fn search(session: &Connection, schema: &str, id: Option<&str>) -> Result<Found, KeyringError> {
    let attributes: HashMap<&str, &str> = std::iter::once((KIND, schema)).chain(id.map(|id| (ID, id))).collect();
    let service = ServiceProxy::new(session).await.map_err(understood)?;
    let mut pauses = PAUSES.into_iter();
    loop {
        match (service.search_items(&attributes).await, pauses.next()) {
            (Ok((unlocked, locked)), _) => return Ok(Found { unlocked, locked }),
            (Err(error), Some(pause)) if is_unknown_method(&error) => tokio::time::sleep(pause).await,
            (Err(error), _) => return Err(understood(error)),
        }
    }
}

fn is_unknown_method(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::FDO(error) if matches!(**error, fdo::Error::UnknownMethod(_)))
}

/// Whose key an unlocked item is.
pub(super) async fn device(session: &Connection, item: &OwnedObjectPath) -> Result<Option<DeviceId>, KeyringError> {
    let proxy = ItemProxy::builder(session)
        .path(item.clone())
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(understood)?;
    let attributes = proxy.attributes().await.map_err(understood)?;
    Ok(attributes.get(ID).map(|name| DeviceId::typed(name)))
}

/// The collection new items go to.
pub(super) async fn default_collection(session: &Connection) -> Result<OwnedObjectPath, KeyringError> {
    search(session, SCHEMA, None).await?;
    let service = ServiceProxy::new(session).await.map_err(understood)?;
    let path = service.read_alias("default").await.map_err(understood)?;
    // "/" is the specification's word for none.
    if path.as_str() == "/" { Err(KeyringError::NoCollection) } else { Ok(path) }
}

/// The collection that an item lies in: the specification has its path begin with that.
pub(super) fn collection_of(item: &OwnedObjectPath) -> Result<OwnedObjectPath, KeyringError> {
    let (collection, _) = item.as_str().rsplit_once('/').unwrap_or_default();
    OwnedObjectPath::try_from(collection).map_err(understood)
}

/// Whether a collection is locked.
pub(super) async fn is_locked(session: &Connection, collection: &OwnedObjectPath) -> Result<bool, KeyringError> {
    let proxy = CollectionProxy::builder(session)
        .path(collection.clone())
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(understood)?;
    proxy.locked().await.map_err(understood)
}

/// Locks a collection.
pub(super) async fn lock(session: &Connection, collection: &OwnedObjectPath) -> Result<(), KeyringError> {
    let service = ServiceProxy::new(session).await.map_err(understood)?;
    service.lock(&[collection]).await.map_err(understood)?;
    // Some ask before they lock, and nobody is there to be asked.
    match is_locked(session, collection).await? {
        true => Ok(()),
        false => Err(KeyringError::Refused(gettext("it stayed unlocked").to_owned())),
    }
}

/// Unlocks an item's collection or a collection; a person may be asked for `patience` at most.
pub(super) async fn unlock(
    session: &Connection,
    object: &OwnedObjectPath,
    patience: Duration,
) -> Result<(), KeyringError> {
    let owner = super::bounded(super::PATIENCE, owner(session)).await?;
    let service = ServiceProxy::builder(session).destination(owner.clone()).build().await.map_err(understood)?;
    let call = async { service.unlock(&[object]).await.map_err(understood) };
    let (unlocked, prompt) = super::bounded(super::PATIENCE, call).await?;
    if prompt.as_str() == "/" {
        return if unlocked.is_empty() { Err(KeyringError::Locked) } else { Ok(()) };
    }
    prompted(session, &owner, prompt, patience).await
}

/// Has the keyring ask a person, for `patience` at most.
///
/// # Errors
/// [`KeyringError::Locked`] when nobody said yes.
pub(super) async fn prompted(
    session: &Connection,
    owner: &OwnedUniqueName,
    prompt: OwnedObjectPath,
    patience: Duration,
) -> Result<(), KeyringError> {
    // The destination is a unique name: only its owner's signals come through.
    let prompt =
        PromptProxy::builder(session).destination(owner.clone()).path(prompt).build().await.map_err(understood)?;
    let asked = async {
        let bus = DBusProxy::new(session).await.map_err(understood)?;
        // A unique name changes once, by its end: nobody answers for a keyring that died with its prompt open.
        let own = [(0, owner.as_str())];
        let mut ends = bus.receive_name_owner_changed_with_args(&own).await.map_err(understood)?;
        let mut completed = prompt.receive_completed().await.map_err(understood)?;
        prompt.prompt("").await.map_err(understood)?;
        let signal = tokio::select! {
            signal = completed.next() => signal.ok_or(KeyringError::Absent)?,
            _ = ends.next() => return Err(KeyringError::Absent),
        };
        let dismissed = signal.args().map_err(understood)?.dismissed;
        if dismissed { Err(KeyringError::Locked) } else { Ok(()) }
    };
    match tokio::time::timeout(patience, asked).await {
        Ok(answer) => answer,
        Err(_) => {
            // The prompt of a question that nobody waits for any more; best effort.
            let _ = tokio::time::timeout(Duration::from_secs(1), prompt.dismiss()).await;
            Err(KeyringError::Locked)
        }
    }
}

/// The keyring's unique name.
pub(super) async fn owner(session: &Connection) -> Result<OwnedUniqueName, KeyringError> {
    let bus = DBusProxy::new(session).await.map_err(understood)?;
    let name = BusName::try_from(SECRETS).map_err(understood)?;
    bus.get_name_owner(name).await.map_err(|error| understood(error.into()))
}

/// What an error of the bus says about the keyring.
pub(super) fn understood(error: zbus::Error) -> KeyringError {
    match error {
        zbus::Error::FDO(error) => match *error {
            fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) | fdo::Error::Disconnected(_) => {
                KeyringError::Absent
            }
            fdo::Error::NoReply(_) | fdo::Error::Timeout(_) | fdo::Error::TimedOut(_) => KeyringError::Silent,
            other => said(&other),
        },
        zbus::Error::InputOutput(error) if error.kind() == std::io::ErrorKind::TimedOut => KeyringError::Silent,
        zbus::Error::InputOutput(_) => KeyringError::Absent,
        zbus::Error::MethodError(name, ..) if name == IS_LOCKED => KeyringError::Locked,
        other => said(&other),
    }
}

/// A keyring's own words. They reach terminals.
fn said(why: &impl std::fmt::Display) -> KeyringError {
    KeyringError::Refused(clean::message(&why.to_string()))
}
