//! Many small texts of one schema in the keyring: read all at once, written one by one.
//!
//! Called by the vault. What must never happen: an item that is damaged or locked hiding the others, something made from a
//! value in attributes.

use super::service::{self, understood};
use super::{Asks, KeyringError, PATIENCE, PROMPT_PATIENCE, bounded, unlocked, values};
use crate::catalogue::gettext;
use mfa_core::secret::Secret;
use std::time::Duration;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath, proxy};

/// Longest wait for all values together.
const BULK: Duration = Duration::from_secs(30);

#[proxy(interface = "org.freedesktop.Secret.Item", default_service = "org.freedesktop.secrets")]
trait Item {
    fn delete(&self) -> zbus::Result<OwnedObjectPath>;
    #[zbus(property)]
    fn label(&self) -> zbus::Result<String>;
}

/// What the items of one schema hold.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Those that can be read.
    pub(crate) values: Vec<(OwnedObjectPath, Secret)>,
    /// The others.
    pub(crate) unread: Vec<OwnedObjectPath>,
}

/// The items of one schema.
#[derive(Debug)]
pub(crate) struct Items {
    session: Connection,
    schema: &'static str,
    asks: Asks,
}

impl Items {
    /// Those of `schema` in the keyring that answers on `session`; `asks`: who may be asked to unlock them for reading.
    pub(crate) fn new(session: Connection, schema: &'static str, asks: Asks) -> Self {
        Self { session, schema, asks }
    }

    /// All of them, unlocked first.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, or it stays locked.
    pub(crate) async fn all(&self) -> Result<Contents, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, None)).await?;
        for item in &found.locked {
            unlocked(&self.session, item, self.asks).await?;
        }
        let items: Vec<OwnedObjectPath> = found.unlocked.into_iter().chain(found.locked).collect();
        let mut contents = Contents::default();
        for (item, value) in bounded(BULK, values::read(&self.session, (self.schema, None), &items)).await? {
            match value {
                Ok(value) => contents.values.push((item, value)),
                Err(_) => contents.unread.push(item),
            }
        }
        Ok(contents)
    }

    /// The one called `name`, if there is one: one that is there and cannot be read is an error, never none.
    ///
    /// # Errors
    /// As [`Self::all`], or when it cannot be read.
    pub(crate) async fn one(&self, name: &str) -> Result<Option<Secret>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        let Some(item) = found.unlocked.first().or(found.locked.first()) else { return Ok(None) };
        if found.unlocked.is_empty() {
            unlocked(&self.session, item, self.asks).await?;
        }
        let sought = (self.schema, Some(name));
        let read = values::read(&self.session, sought, std::slice::from_ref(item));
        bounded(BULK, read).await?.pop().map(|(_, value)| value).transpose()
    }

    /// All copies of the one called `name`, as of a keyring restored beside the one in use. One that cannot be read hides no other.
    ///
    /// # Errors
    /// As [`Self::one`], when there are some and none can be read.
    pub(crate) async fn copies(&self, name: &str) -> Result<Vec<Secret>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        if found.unlocked.len() < 2 {
            return Ok(self.one(name).await?.into_iter().collect());
        }
        let read = bounded(BULK, values::read(&self.session, (self.schema, Some(name)), &found.unlocked)).await?;
        Ok(read.into_iter().filter_map(|(_, value)| value.ok()).collect())
    }

    /// What an item is called in password managers, for people; any program of the user's may have written it.
    ///
    /// # Errors
    /// When the keyring does not say.
    pub(crate) async fn label(&self, item: &OwnedObjectPath) -> Result<String, KeyringError> {
        bounded(PATIENCE, async { self.proxy(item).await?.label().await.map_err(understood) }).await
    }

    /// Writes the one called `name`, in the place of the old one where there is one. That may lie in another collection than new ones
    /// do (the default is changed, an item moved): a second one here would leave what is read to chance. It goes into the place of every
    /// unlocked copy as well whose value is one `of` it: one that stayed would be in clear below a PIN.
    ///
    /// # Errors
    /// When the keyring does not take it; then the old one stands.
    pub(crate) async fn put(
        &self,
        name: &str,
        label: &str,
        text: &Secret,
        of: impl Fn(&Secret) -> bool,
    ) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        let collection = match found.unlocked.first().or(found.locked.first()) {
            Some(item) => service::collection_of(item)?,
            None => bounded(PATIENCE, service::default_collection(&self.session)).await?,
        };
        if bounded(PATIENCE, service::is_locked(&self.session, &collection)).await? {
            service::unlock(&self.session, &collection, PROMPT_PATIENCE).await?;
        }
        let new = values::New { schema: self.schema, id: name, label, notes: &[] };
        bounded(PATIENCE, values::create(&self.session, &collection, &new, text)).await?;
        if found.unlocked.len() > 1 {
            let read = values::read(&self.session, (self.schema, Some(name)), &found.unlocked);
            for (item, old) in bounded(BULK, read).await? {
                if old.is_ok_and(|old| old.expose() != text.expose() && of(&old)) {
                    bounded(PATIENCE, values::set(&self.session, &item, text)).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes the one called `name`, for which a person may be asked for `patience` at most; nothing where there is none.
    ///
    /// # Errors
    /// When the keyring keeps it.
    pub(crate) async fn delete(&self, name: &str, patience: Duration) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        for item in found.unlocked.iter().chain(&found.locked) {
            let delete = async {
                let owner = service::owner(&self.session).await?;
                Ok((owner, self.proxy(item).await?.delete().await.map_err(understood)?))
            };
            let (owner, prompt) = bounded(PATIENCE, delete).await?;
            // "/" is the specification's word for none. KeePassXC can be told to ask.
            if prompt.as_str() == "/" {
                continue;
            }
            let kept = || KeyringError::Refused(gettext("it keeps what was to be deleted").to_owned());
            if patience.is_zero() {
                return Err(kept());
            }
            service::prompted(&self.session, &owner, prompt, patience).await.map_err(|why| match why {
                KeyringError::Locked => kept(),
                why => why,
            })?;
        }
        Ok(())
    }

    async fn proxy<'a>(&self, item: &'a OwnedObjectPath) -> Result<ItemProxy<'a>, KeyringError> {
        let proxy = ItemProxy::builder(&self.session).path(item).cache_properties(CacheProperties::No);
        proxy.build().await.map_err(understood)
    }
}
