//! Device keys in the OS keyring (Secret Service).
//!
//! Called by the agent, by `pair` and by `pin`; the vault keeps its accounts beside them (`items`). What is there and what is locked is
//! asked in `service`, values cross the bus in `values`. What must never happen: a caller that hangs because a keyring
//! does, a secret or something made from one in attributes or errors.

mod items;
mod service;
pub mod stored;
mod transfer;
mod values;

pub(crate) use items::Items;
pub(crate) use service::SECRETS;
pub use stored::Stored;

use crate::catalogue::{Text, filled, gettext};
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;
use std::time::Duration;
use subtle::ConstantTimeEq;
use zbus::{Connection, OwnedObjectPath};

/// The schema of device keys.
const SCHEMA: &str = "io.github.pam_mfa.DeviceKey";

/// Longest wait for the keyring where no person is asked anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for a person at the keyring's own prompt.
pub const PROMPT_PATIENCE: Duration = Duration::from_secs(60);

/// Why the keyring gives or takes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No Secret Service on the session bus.
    #[error(
        "{}",
        Text(
            "There is no keyring in this session: nothing answers as org.freedesktop.secrets. \
         Start one (GNOME Keyring, KWallet, KeePassXC) and try again."
        )
    )]
    Absent,
    /// A keyring program without a keyring.
    #[error("{}", Text("The keyring has no default collection. Create one in your password manager and try again."))]
    NoCollection,
    /// Locked, and not unlocked when asked.
    #[error("{}", Text("The keyring is locked and was not unlocked. Unlock it and try again."))]
    Locked,
    /// No answer in time.
    #[error("{}", Text("The keyring does not answer. Try again, or restart it."))]
    Silent,
    /// No such item.
    #[error("{}", filled(gettext("The key of {device} is not in the keyring any more. Report the device lost and pair this computer again."), &[("device", .0)]))]
    Missing(DeviceId),
    /// An item that is no key.
    #[error("{}", filled(gettext("The key of {device} in the keyring is damaged. Report the device lost and pair this computer again."), &[("device", .0)]))]
    Damaged(DeviceId),
    /// Items that are different keys, all of them whole.
    #[error("{}", filled(gettext("The keyring holds different keys of {device}. Remove all but the right one in your password manager, or report the device lost and pair this computer again."), &[("device", .0)]))]
    Several(DeviceId),
    /// Anything else, in the keyring's words.
    #[error("{}", filled(gettext("The keyring refused: {why}."), &[("why", .0)]))]
    Refused(String),
}

/// Whether the keyring holds a device's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It does; it may be locked.
    Yes,
    /// It does not.
    No,
}

/// Whom a look may trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Nobody: what is locked stays so, also where it lies in another collection than the default one.
    Nobody,
    /// A person, who is to unlock what is locked.
    Somebody,
}

/// The keyring of one session.
#[derive(Debug)]
pub struct Keyring {
    session: Connection,
}

impl Keyring {
    /// The keyring that answers on `session`.
    #[must_use]
    pub fn new(session: Connection) -> Self {
        Self { session }
    }

    /// Whether the key of `device` is here. Asks nobody anything, and unlocks nothing.
    ///
    /// # Errors
    /// When there is no keyring or it does not answer.
    pub async fn holds(&self, device: &DeviceId) -> Result<Held, KeyringError> {
        bounded(PATIENCE, service::search(&self.session, SCHEMA, Some(device.as_str())))
            .await
            .map(|found| if found.unlocked.is_empty() && found.locked.is_empty() { Held::No } else { Held::Yes })
    }

    /// The key of `device`, unlocking its collection first, for which a person may be asked for `patience` at most. A damaged item beside
    /// the key hides nothing; of several different keys none is chosen, since a restored one may be as whole as the right one.
    ///
    /// # Errors
    /// When it is locked, absent, gone, damaged, or one of several.
    pub async fn key(&self, device: &DeviceId, patience: Duration) -> Result<Stored, KeyringError> {
        let search = || bounded(PATIENCE, service::search(&self.session, SCHEMA, Some(device.as_str())));
        let mut found = search().await?;
        if found.unlocked.is_empty() {
            let item = found.locked.first().ok_or_else(|| KeyringError::Missing(device.clone()))?;
            service::unlock(&self.session, item, patience).await?;
            found = search().await?;
        }
        let (mut key, mut why): (Option<(Secret, Stored)>, _) = (None, None);
        for (_, text) in self.texts(device, &found.unlocked).await? {
            let read = text.and_then(|text| match Stored::read(&text) {
                Some(stored) => Ok((text, stored)),
                None => Err(KeyringError::Damaged(device.clone())),
            });
            match (read, &key) {
                (Ok((text, _)), Some((other, _))) if !bool::from(text.expose().ct_eq(other.expose())) => {
                    return Err(KeyringError::Several(device.clone()));
                }
                (Ok(read), _) => key = Some(read),
                (Err(error), _) => why = Some(error),
            }
        }
        match (key, why) {
            (Some((_, key)), _) => Ok(key),
            (None, Some(why)) => Err(why),
            // Somebody locked or removed it meanwhile.
            (None, None) => Err(match self.holds(device).await? {
                Held::Yes => KeyringError::Locked,
                Held::No => KeyringError::Missing(device.clone()),
            }),
        }
    }

    async fn texts(&self, device: &DeviceId, items: &[OwnedObjectPath]) -> Result<Vec<values::Given>, KeyringError> {
        bounded(PATIENCE, values::read(&self.session, (SCHEMA, Some(device.as_str())), items)).await
    }

    /// The devices whose keys are here. A locked collection may not tell: it is unlocked first, if a person may be asked.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, or it stays locked.
    pub async fn devices(&self, asks: Asks) -> Result<Vec<DeviceId>, KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, SCHEMA, None)).await?;
        for item in &found.locked {
            unlocked(&self.session, item, asks).await?;
        }
        let mut devices = Vec::new();
        for item in found.unlocked.iter().chain(&found.locked) {
            devices.extend(bounded(PATIENCE, service::device(&self.session, item)).await?);
        }
        devices.sort();
        devices.dedup();
        Ok(devices)
    }

    /// Whether the collection that new items go to is locked. Asks nobody anything.
    ///
    /// # Errors
    /// When there is no keyring, no default collection, or it does not answer.
    pub async fn is_locked(&self) -> Result<bool, KeyringError> {
        let collection = bounded(PATIENCE, service::default_collection(&self.session)).await?;
        bounded(PATIENCE, service::is_locked(&self.session, &collection)).await
    }

    /// Locks it.
    ///
    /// # Errors
    /// As [`Self::is_locked`], or when it stays open.
    pub async fn lock(&self) -> Result<(), KeyringError> {
        let collection = bounded(PATIENCE, service::default_collection(&self.session)).await?;
        bounded(PATIENCE, service::lock(&self.session, &collection)).await
    }

    /// Makes sure that a key can be stored and read, for which a person may be asked.
    ///
    /// # Errors
    /// When there is no keyring, no default collection, or it stays locked.
    pub async fn prepare(&self) -> Result<(), KeyringError> {
        if self.is_locked().await? {
            let collection = bounded(PATIENCE, service::default_collection(&self.session)).await?;
            service::unlock(&self.session, &collection, PROMPT_PATIENCE).await?;
        }
        Ok(())
    }

    /// Stores the text of a new device's key. Call [`Self::prepare`] before.
    ///
    /// # Errors
    /// When the keyring does not take it.
    pub async fn store(&self, device: &DeviceId, text: &Secret, owner: &Owner) -> Result<(), KeyringError> {
        let collection = bounded(PATIENCE, service::default_collection(&self.session)).await?;
        let label = format!("Push approvals of {} on {} ({device})", owner.user, owner.host);
        // Nothing here is made from the secret.
        let new = values::New {
            schema: SCHEMA,
            id: device.as_str(),
            label: &label,
            notes: &[("user", &owner.user), ("host", &owner.host)],
            replaces: true,
        };
        bounded(PATIENCE, values::create(&self.session, &collection, &new, text)).await.map(drop)
    }

    /// Puts another text into the place of one that [`Self::key`] has just read, and of every copy of it: one that stayed would be the key
    /// without the PIN it has now. What is damaged is left as it is.
    ///
    /// # Errors
    /// When the keyring does not take it; then the old one stands.
    pub async fn replace(&self, device: &DeviceId, text: &Secret) -> Result<(), KeyringError> {
        let found = bounded(PATIENCE, service::search(&self.session, SCHEMA, Some(device.as_str()))).await?;
        let mut replaced = Err(KeyringError::Locked);
        for (item, old) in self.texts(device, &found.unlocked).await? {
            if old.is_ok_and(|old| Stored::read(&old).is_some()) {
                bounded(PATIENCE, values::set(&self.session, &item, text)).await?;
                replaced = Ok(());
            }
        }
        replaced
    }
}

/// Whose key it is and where it opens doors: for people who look into their keyring.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The account.
    pub user: String,
    /// The computer.
    pub host: String,
}

/// Unlocks an item, where a person may be asked for that.
async fn unlocked(session: &Connection, item: &OwnedObjectPath, asks: Asks) -> Result<(), KeyringError> {
    match asks {
        Asks::Nobody => Err(KeyringError::Locked),
        Asks::Somebody => service::unlock(session, item, PROMPT_PATIENCE).await,
    }
}

async fn bounded<T>(
    patience: Duration,
    question: impl Future<Output = Result<T, KeyringError>>,
) -> Result<T, KeyringError> {
    tokio::time::timeout(patience, question).await.unwrap_or(Err(KeyringError::Silent))
}
