//! Values of items: read many at once, made anew, put into the place of others.
//!
//! Called by [`super::Keyring`] and [`super::Items`], each within a bound of time of its own. What must never happen: an item that is
//! locked hiding the others, something made from a key in attributes or labels.

use super::KeyringError;
use super::service::{ID, KIND, understood};
use super::transfer::{Value, across};
use mfa_core::secret::Secret;
use std::collections::HashMap;
use zbus::proxy::CacheProperties;
use zbus::{Connection, ObjectPath, OwnedObjectPath, Variant, proxy};

#[proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Secrets {
    fn get_secrets(
        &self,
        items: &[&ObjectPath<'_>],
        session: &ObjectPath<'_>,
    ) -> zbus::Result<HashMap<OwnedObjectPath, Value>>;
}

#[proxy(interface = "org.freedesktop.Secret.Collection", default_service = "org.freedesktop.secrets")]
trait Collection {
    fn create_item(
        &self,
        properties: HashMap<&str, Variant<'_>>,
        secret: &Value,
        replace: bool,
    ) -> zbus::Result<(OwnedObjectPath, OwnedObjectPath)>;
}

#[proxy(interface = "org.freedesktop.Secret.Item", default_service = "org.freedesktop.secrets")]
trait Item {
    fn set_secret(&self, secret: &Value) -> zbus::Result<()>;
}

/// What `items` hold. A locked one, or one that is gone, is not among them.
pub(super) async fn read(
    session: &Connection,
    items: &[OwnedObjectPath],
) -> Result<Vec<(OwnedObjectPath, Secret)>, KeyringError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let paths: Vec<&ObjectPath<'_>> = items.iter().map(|item| &**item).collect();
    let service = SecretsProxy::new(session).await.map_err(understood)?;
    across(session, async |transfer| {
        let values = service.get_secrets(&paths, transfer.path()).await.map_err(understood)?;
        values.into_iter().map(|(item, value)| Ok((item, transfer.unwrapped(value)?))).collect()
    })
    .await
}

/// What an item is found by, and what people see of it.
pub(super) struct New<'a> {
    /// Its schema.
    pub(super) schema: &'a str,
    /// Which of that schema's.
    pub(super) id: &'a str,
    /// Its name in password managers.
    pub(super) label: &'a str,
    /// More attributes, for people.
    pub(super) notes: &'a [(&'a str, &'a str)],
}

/// Makes an item in `collection`, or puts its value into the place of the one with the same attributes.
pub(super) async fn create(
    session: &Connection,
    collection: &OwnedObjectPath,
    new: &New<'_>,
    value: &Secret,
) -> Result<(), KeyringError> {
    let found_by = [("xdg:schema", new.schema), (KIND, new.schema), (ID, new.id)];
    let attributes: HashMap<&str, &str> = found_by.iter().chain(new.notes).copied().collect();
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Variant::from(new.label)),
        ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes)),
    ]);
    let proxy = CollectionProxy::builder(session)
        .path(collection)
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(understood)?;
    let (item, _) = across(session, async |transfer| {
        proxy.create_item(properties, &transfer.wrapped(value)?, true).await.map_err(understood)
    })
    .await?;
    // "/" is the specification's word for none: it wants to ask somebody first.
    if item.as_str() == "/" { Err(KeyringError::Locked) } else { Ok(()) }
}

/// Puts `value` into `item`.
pub(super) async fn set(session: &Connection, item: &OwnedObjectPath, value: &Secret) -> Result<(), KeyringError> {
    let proxy = ItemProxy::builder(session)
        .path(item)
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(understood)?;
    across(session, async |transfer| proxy.set_secret(&transfer.wrapped(value)?).await.map_err(understood)).await
}
