//! Device keys in the OS keyring (Secret Service).
//!
//! Called by the agent and by `pair`. A look at what is locked, and the unlocking with its prompt, go through our own
//! proxies (`service`); values go through the blocking store on a thread of its own (`thread`). What must never
//! happen: a caller that hangs because a keyring does, a secret or something made from one in attributes or errors.

mod service;
mod thread;

pub(crate) use service::SECRETS;

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;
use std::time::Duration;
use zbus::Connection;
use zeroize::Zeroizing;

/// Longest wait for the keyring where no person is asked anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for a person at the keyring's own prompt.
pub const PROMPT_PATIENCE: Duration = Duration::from_secs(60);

/// Why the keyring gives or takes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No Secret Service on the session bus.
    #[error(
        "There is no keyring in this session: nothing answers as org.freedesktop.secrets. \
         Start one (GNOME Keyring, KWallet, KeePassXC) and try again."
    )]
    Absent,
    /// A keyring program without a keyring.
    #[error("The keyring has no default collection. Create one in your password manager and try again.")]
    NoCollection,
    /// Locked, and not unlocked when asked.
    #[error("The keyring is locked and was not unlocked. Unlock it and try again.")]
    Locked,
    /// No answer in time.
    #[error("The keyring does not answer. Try again, or restart it.")]
    Silent,
    /// No such item.
    #[error("The key of {0} is not in the keyring any more. Report the device lost and pair this computer again.")]
    Missing(DeviceId),
    /// An item that is no key.
    #[error("The key of {0} in the keyring is damaged. Report the device lost and pair this computer again.")]
    Damaged(DeviceId),
    /// Anything else, in the keyring's words.
    #[error("The keyring refused: {0}.")]
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

/// The keyring of one session.
#[derive(Debug)]
pub struct Keyring {
    session: Connection,
    thread: thread::Thread,
}

impl Keyring {
    /// The keyring that answers on `session`, which must be the bus of `DBUS_SESSION_BUS_ADDRESS`.
    #[must_use]
    pub fn new(session: Connection) -> Self {
        Self { session, thread: thread::Thread::default() }
    }

    /// Whether the key of `device` is here. Asks nobody anything, and unlocks nothing.
    ///
    /// # Errors
    /// When there is no keyring or it does not answer.
    pub async fn holds(&self, device: &DeviceId) -> Result<Held, KeyringError> {
        bounded(PATIENCE, service::find(&self.session, device))
            .await
            .map(|found| if found.unlocked.is_empty() && found.locked.is_empty() { Held::No } else { Held::Yes })
    }

    /// The key of `device`, unlocking its collection first, for which a person may be asked for `patience` at most.
    ///
    /// # Errors
    /// When it is locked, absent, gone or damaged.
    pub async fn key(&self, device: &DeviceId, patience: Duration) -> Result<SigningKey, KeyringError> {
        let found = bounded(PATIENCE, service::find(&self.session, device)).await?;
        if found.unlocked.is_empty() {
            let item = found.locked.first().ok_or_else(|| KeyringError::Missing(device.clone()))?;
            service::unlock(&self.session, item, patience).await?;
        }
        let text = self.thread.read(device).await?;
        decoded(&text).ok_or_else(|| KeyringError::Damaged(device.clone()))
    }

    /// Makes sure that a key can be stored, for which a person may be asked.
    ///
    /// # Errors
    /// When there is no keyring, no default collection, or it stays locked.
    pub async fn prepare(&self) -> Result<(), KeyringError> {
        let collection = bounded(PATIENCE, service::default_collection(&self.session)).await?;
        if bounded(PATIENCE, service::is_locked(&self.session, &collection)).await? {
            service::unlock(&self.session, &collection, PROMPT_PATIENCE).await?;
        }
        Ok(())
    }

    /// Stores the key of a new device. Call [`Self::prepare`] before.
    ///
    /// # Errors
    /// When the keyring does not take it.
    pub async fn store(&self, device: &DeviceId, key: &SigningKey, owner: Owner) -> Result<(), KeyringError> {
        self.thread.write(device, encoded(key), owner).await
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

/// A key as base64 text; KWallet stores UTF-8 only.
fn encoded(key: &SigningKey) -> Secret {
    Secret::from(BASE64.encode(Zeroizing::new(key.to_bytes()).as_slice()))
}

fn decoded(text: &Secret) -> Option<SigningKey> {
    let text = text.expose();
    // 44 characters decode into at most 33 bytes, 32 of them the key.
    let mut bytes = Zeroizing::new([0u8; 33]);
    if BASE64.decode_len(text.len()).ok()? != bytes.len() {
        return None;
    }
    let length = BASE64.decode_mut(text, bytes.as_mut_slice()).ok()?;
    let key = Zeroizing::new(<[u8; 32]>::try_from(bytes.get(..length)?).ok()?);
    Some(SigningKey::from_bytes(&key))
}

async fn bounded<T>(
    patience: Duration,
    question: impl Future<Output = Result<T, KeyringError>>,
) -> Result<T, KeyringError> {
    tokio::time::timeout(patience, question).await.unwrap_or(Err(KeyringError::Silent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_text_and_nothing_else_becomes_a_key() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let text = encoded(&key);
        assert_eq!(decoded(&text).unwrap().to_bytes(), key.to_bytes());
        for wrong in ["", "BwcH", &"B".repeat(44), &"=".repeat(44), &"é".repeat(22)] {
            assert!(decoded(&Secret::from(wrong.to_owned())).is_none(), "{wrong}");
        }
    }
}
