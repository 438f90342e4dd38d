//! Many small texts of one schema in the keyring: read all at once, written one by one.
//!
//! Called by the vault. What must never happen: an item that is damaged or locked hiding the others, something made from a
//! value in attributes.

use super::service::{self, understood};
use super::{KeyringError, PATIENCE, PROMPT_PATIENCE, bounded, values};
use mfa_core::secret::Secret;
use std::time::Duration;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath, proxy};

/// Longest wait for all values together.
const BULK: Duration = Duration::from_secs(30);

#[proxy(interface = "org.freedesktop.Secret.Item", default_service = "org.freedesktop.secrets")]
trait Item {
    fn delete(&self) -> zbus::Result<OwnedObjectPath>;
}

/// The items of one schema.
#[derive(Debug)]
pub(crate) struct Items {
    session: Connection,
    schema: &'static str,
}

impl Items {
    /// Those of `schema` in the keyring that answers on `session`.
    pub(crate) fn new(session: Connection, schema: &'static str) -> Self {
        Self { session, schema }
    }

    /// All of them, unlocked first, for which a person may be asked.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, or it stays locked.
    pub(crate) async fn all(&self) -> Result<Vec<(OwnedObjectPath, Secret)>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, None)).await?;
        for item in &found.locked {
            service::unlock(&self.session, item, PROMPT_PATIENCE).await?;
        }
        let items: Vec<OwnedObjectPath> = found.unlocked.into_iter().chain(found.locked).collect();
        bounded(BULK, values::read(&self.session, &items)).await
    }

    /// The one called `name`, if there is one.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub(crate) async fn one(&self, name: &str) -> Result<Option<Secret>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        if let Some(item) = found.locked.first() {
            service::unlock(&self.session, item, PROMPT_PATIENCE).await?;
        }
        let items: Vec<OwnedObjectPath> = found.unlocked.into_iter().chain(found.locked).take(1).collect();
        Ok(bounded(BULK, values::read(&self.session, &items)).await?.pop().map(|(_, value)| value))
    }

    /// Writes the one called `name`, in the place of the old one where there is one. That may lie in another collection than new ones
    /// do (the default is changed, an item moved): a second one here would leave what is read to chance.
    ///
    /// # Errors
    /// When the keyring does not take it; then the old one stands.
    pub(crate) async fn put(&self, name: &str, label: &str, text: &Secret) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        let collection = match found.unlocked.first().or(found.locked.first()) {
            Some(item) => service::collection_of(item)?,
            None => bounded(PATIENCE, service::default_collection(&self.session)).await?,
        };
        if bounded(PATIENCE, service::is_locked(&self.session, &collection)).await? {
            service::unlock(&self.session, &collection, PROMPT_PATIENCE).await?;
        }
        let new = values::New { schema: self.schema, id: name, label, notes: &[] };
        bounded(PATIENCE, values::create(&self.session, &collection, &new, text)).await
    }

    /// Removes the one called `name`; nothing where there is none.
    ///
    /// # Errors
    /// When the keyring keeps it.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        for item in found.unlocked.into_iter().chain(found.locked) {
            let delete = async {
                let proxy = ItemProxy::builder(&self.session)
                    .path(item)
                    .cache_properties(CacheProperties::No)
                    .build()
                    .await
                    .map_err(understood)?;
                proxy.delete().await.map_err(understood)
            };
            bounded(PATIENCE, delete).await?;
        }
        Ok(())
    }
}
