//! Values of items: read many at once, made anew, put into the place of others.
//!
//! Called by [`super::Keyring`] and [`super::Items`], each within a bound of time of its own. What must never happen: an item that is
//! damaged hiding the others, one that was locked meanwhile taken for one that is not there, something made from a key in attributes or
//! labels.

use super::KeyringError;
use super::service::{ID, KIND, search, understood};
use super::transfer::{Transfer, Value, across};
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

/// An item, and what it holds or why nobody can read it.
pub(crate) type Given = (OwnedObjectPath, Result<Secret, KeyringError>);

/// What `items` hold, which a search for `schema` and `id` has found; one that is gone meanwhile is not among them.
///
/// # Errors
/// When one is locked again.
pub(super) async fn read(
    session: &Connection,
    (schema, id): (&str, Option<&str>),
    items: &[OwnedObjectPath],
) -> Result<Vec<Given>, KeyringError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let service = SecretsProxy::new(session).await.map_err(understood)?;
    let mut values = across(session, async |transfer| given(&service, transfer, items).await).await?;
    if values.len() < items.len() {
        // Locked or removed since it was looked for: the keyring leaves out both (GetSecrets of the specification).
        let found = search(session, schema, id).await?;
        let left_out: Vec<_> = items.iter().filter(|item| !values.contains_key(*item)).collect();
        if left_out.iter().any(|item| found.locked.contains(item)) {
            return Err(KeyringError::Locked);
        }
        let kept_back = left_out.into_iter().filter(|item| found.unlocked.contains(item));
        values.extend(kept_back.map(|item| (item.clone(), Err(KeyringError::Locked))));
    }
    Ok(values.into_iter().collect())
}

/// Asks for all at once, and for each where one has the keyring refuse all (gnome-keyring).
async fn given(
    service: &SecretsProxy<'_>,
    transfer: &Transfer,
    items: &[OwnedObjectPath],
) -> Result<HashMap<OwnedObjectPath, Result<Secret, KeyringError>>, KeyringError> {
    let ask = async |items: &[OwnedObjectPath]| {
        let paths: Vec<&ObjectPath<'_>> = items.iter().map(|item| &**item).collect();
        service.get_secrets(&paths, transfer.path()).await.map_err(understood)
    };
    let mut values = HashMap::new();
    let mut take = |given: HashMap<OwnedObjectPath, Value>| {
        values.extend(given.into_iter().map(|(item, value)| (item, transfer.unwrapped(value))));
    };
    let mut refused = Vec::new();
    match ask(items).await {
        Ok(given) => take(given),
        Err(KeyringError::Refused(_)) => {
            for item in items {
                match ask(std::slice::from_ref(item)).await {
                    Ok(given) => take(given),
                    Err(why @ KeyringError::Refused(_)) => refused.push((item.clone(), Err(why))),
                    Err(why) => return Err(why),
                }
            }
        }
        Err(why) => return Err(why),
    }
    values.extend(refused);
    Ok(values)
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
    /// Whether it takes the place of one with the same attributes.
    pub(super) replaces: bool,
}

/// Makes an item in `collection`, or puts its value into the place of another; which item it is in.
pub(super) async fn create(
    session: &Connection,
    collection: &OwnedObjectPath,
    new: &New<'_>,
    value: &Secret,
) -> Result<OwnedObjectPath, KeyringError> {
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
        proxy.create_item(properties, &transfer.wrapped(value)?, new.replaces).await.map_err(understood)
    })
    .await?;
    // "/" is the specification's word for none: it wants to ask somebody first.
    if item.as_str() == "/" { Err(KeyringError::Locked) } else { Ok(item) }
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
