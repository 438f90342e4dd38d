//! Many small texts of one schema in the keyring: read all at once, written one by one.
//!
//! Called by the vault. What must never happen: an item that is damaged or locked hiding the others, something made from a
//! value in attributes.

use super::service::{self, understood};
use super::values::Given;
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
    #[zbus(property)]
    fn set_label(&self, label: &str) -> zbus::Result<()>;
}

/// What the items of one schema hold.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Those that can be read.
    pub(crate) values: Vec<(OwnedObjectPath, Secret)>,
    /// The others, and why.
    pub(crate) unread: Vec<(OwnedObjectPath, KeyringError)>,
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
        let mut contents = Contents::default();
        for (item, value) in self.given(None).await? {
            match value {
                Ok(value) => contents.values.push((item, value)),
                Err(why) => contents.unread.push((item, why)),
            }
        }
        Ok(contents)
    }

    /// All of them, or all copies of the one called `name`, unlocked first: what each holds, or why nobody can read it.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub(crate) async fn given(&self, name: Option<&str>) -> Result<Vec<Given>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, name)).await?;
        for item in &found.locked {
            unlocked(&self.session, item, self.asks).await?;
        }
        let items: Vec<OwnedObjectPath> = found.unlocked.into_iter().chain(found.locked).collect();
        bounded(BULK, values::read(&self.session, (self.schema, name), &items)).await
    }

    /// All unlocked copies of the one called `name`, as of a keyring restored beside the one in use. One that cannot be read hides no other.
    ///
    /// # Errors
    /// As [`Self::all`], or when there are some and none can be read: that is never none.
    pub(crate) async fn copies(&self, name: &str) -> Result<Vec<Secret>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        let given = if found.unlocked.is_empty() {
            self.given(Some(name)).await?
        } else {
            self.read(name, &found.unlocked).await?
        };
        let (mut copies, mut why) = (Vec::new(), None);
        for (_, value) in given {
            match value {
                Ok(value) => copies.push(value),
                Err(error) => why = Some(error),
            }
        }
        why.filter(|_| copies.is_empty()).map_or(Ok(copies), Err)
    }

    async fn read(&self, name: &str, items: &[OwnedObjectPath]) -> Result<Vec<Given>, KeyringError> {
        bounded(BULK, values::read(&self.session, (self.schema, Some(name)), items)).await
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
    /// unlocked copy as well whose value is one `of` it: one that stayed would be in clear below a PIN. What is called so and is not of
    /// it, or cannot be read, stays as it is.
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
        let (mut own, mut others) = (Vec::new(), false);
        for (item, old) in self.read(name, &found.unlocked).await? {
            match old {
                Ok(old) if of(&old) => own.push(item),
                Ok(_) | Err(_) => others = true,
            }
        }
        // Among several called so the keyring chooses whose place a new one takes.
        let made = if others && !own.is_empty() {
            None
        } else {
            let collection = match found.unlocked.first().or(found.locked.first()) {
                Some(item) => service::collection_of(item)?,
                None => bounded(PATIENCE, service::default_collection(&self.session)).await?,
            };
            if bounded(PATIENCE, service::is_locked(&self.session, &collection)).await? {
                service::unlock(&self.session, &collection, PROMPT_PATIENCE).await?;
            }
            let new = values::New { schema: self.schema, id: name, label, notes: &[], replaces: !others };
            Some(bounded(PATIENCE, values::create(&self.session, &collection, &new, text)).await?)
        };
        for item in own.iter().filter(|item| Some(*item) != made.as_ref()) {
            self.set(item, (label, false), text).await?;
        }
        Ok(())
    }

    /// Writes into one item, whatever that is found by. A label that `names` what it is comes behind the value, any other before: where the
    /// keyring stops between the two, none names what is encrypted.
    ///
    /// # Errors
    /// When the keyring does not take it.
    pub(crate) async fn set(
        &self,
        item: &OwnedObjectPath,
        (label, names): (&str, bool),
        text: &Secret,
    ) -> Result<(), KeyringError> {
        let labelled = bounded(PATIENCE, async { self.proxy(item).await?.set_label(label).await.map_err(understood) });
        let written = bounded(PATIENCE, values::set(&self.session, item, text));
        if names {
            written.await?;
            labelled.await
        } else {
            labelled.await?;
            written.await
        }
    }

    /// Removes the one called `name`, for which a person may be asked for `patience` at most; nothing where there is none.
    ///
    /// # Errors
    /// When the keyring keeps it.
    pub(crate) async fn delete(&self, name: &str, patience: Duration) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, self.schema, Some(name))).await?;
        let items: Vec<&OwnedObjectPath> = found.unlocked.iter().chain(&found.locked).collect();
        self.remove(&items, patience).await
    }

    /// Removes `items`, as [`Self::delete`].
    ///
    /// # Errors
    /// As that.
    pub(crate) async fn remove(&self, items: &[&OwnedObjectPath], patience: Duration) -> Result<(), KeyringError> {
        for item in items.iter().copied() {
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
