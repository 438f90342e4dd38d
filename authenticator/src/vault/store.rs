//! Where the accounts are kept: one keyring item each.
//!
//! The id of an account is inside its value as well as in the attributes, since a keyring gives out values by path. What must
//! never happen: a code of a counter leaving before the counter is saved, or one damaged item hiding the others.

use super::Account;
use crate::keyring::{Items, KeyringError};
use mfa_core::otpauth::UriError;
use mfa_core::secret::Secret;
use zbus::Connection;

/// Our items' schema, so that password managers can tell them apart.
const SCHEMA: &str = "io.github.pam_mfa.Account";

/// Most accounts that are kept.
pub const MOST: usize = 10_000;

/// Bytes of an id in hex, and the space behind it: an item's value is the id, a space, and the account's text.
const ID: usize = 32;

/// Why an account was not kept or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It is no address that can be used.
    #[error("This is no account: {0}.")]
    Uri(#[from] UriError),
    /// It is there.
    #[error("This account is here already, as {0}.")]
    There(String),
    /// It is not.
    #[error("This account is not here any more. Another program may have removed it.")]
    Gone,
    /// No randomness.
    #[error("The system gives no randomness; nothing was added. Try again.")]
    Random,
    /// It took some.
    #[error("{0} accounts were added, then the keyring took no more: {1} Import the file again to add the rest.")]
    Partly(usize, KeyringError),
    /// Too many.
    #[error("There would be more than {MOST} accounts, which is the most that are kept. Nothing was added.")]
    Full,
}

/// What was found in the keyring.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What can be read, the trash included.
    pub accounts: Vec<Account>,
    /// How many items cannot.
    pub damaged: usize,
}

/// What became of accounts that were to be added.
#[derive(Debug, Default)]
pub struct Added {
    /// These are kept now.
    pub kept: Vec<Account>,
    /// These were there already.
    pub there: Vec<Account>,
}

/// The accounts of one session's keyring.
#[derive(Debug)]
pub struct Vault {
    items: Items,
    /// One change at a time, from this program.
    turn: tokio::sync::Mutex<()>,
}

impl Vault {
    /// Those of the keyring that answers on `session`.
    #[must_use]
    pub fn new(session: Connection) -> Self {
        Self { items: Items::new(session, SCHEMA), turn: tokio::sync::Mutex::default() }
    }

    /// All accounts. What has been in the trash for too long at `now` is removed.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, or it stays locked.
    pub async fn load(&self, now: u64) -> Result<Loaded, KeyringError> {
        let mut loaded = Loaded::default();
        for (_, value) in self.items.all().await? {
            match read(&value) {
                Some(account) if account.is_gone(now) => self.items.delete(&account.id).await?,
                Some(account) => loaded.accounts.push(account),
                None => loaded.damaged += 1,
            }
        }
        Ok(loaded)
    }

    /// Adds what `uri` describes, unless it is there. One of the same in the trash comes back.
    ///
    /// # Errors
    /// When it cannot be read or kept, or is there.
    pub async fn add(&self, uri: &str, now: u64) -> Result<Account, NotKept> {
        let mut added = self.add_all(vec![Account::from_uri(uri)?], now, |_| ()).await?;
        match (added.kept.pop(), added.there.pop()) {
            (Some(account), _) => Ok(account),
            (None, there) => Err(NotKept::There(there.map(|account| account.called()).unwrap_or_default())),
        }
    }

    /// Adds those of `accounts` that are not there; ones of the same in the trash come back. `kept` hears how many are done.
    ///
    /// # Errors
    /// When the keyring cannot be read, there is no room for all (then none is added), or it stops taking them: then it says how many
    /// it took, and doing it again adds the rest.
    pub async fn add_all(
        &self,
        accounts: Vec<Account>,
        now: u64,
        mut done: impl FnMut(usize),
    ) -> Result<Added, NotKept> {
        let _turn = self.turn.lock().await;
        let mut here = self.load(now).await?.accounts;
        if here.len() + accounts.len() > MOST {
            return Err(NotKept::Full);
        }
        let mut added = Added::default();
        for mut account in accounts {
            if let Some(same) = here.iter_mut().find(|here| here.is_same(&account)) {
                if same.trashed.take().is_none() {
                    added.there.push(same.clone());
                    continue;
                }
                account = same.clone();
            } else {
                let mut random = [0; 16];
                getrandom::fill(&mut random).map_err(|_| NotKept::Random)?;
                account.name_id(random);
                here.push(account.clone());
            }
            if let Err(why) = self.save(&account).await {
                return Err(if added.kept.is_empty() { why.into() } else { NotKept::Partly(added.kept.len(), why) });
            }
            added.kept.push(account);
            done(added.kept.len());
        }
        Ok(added)
    }

    /// Changes one account and keeps what becomes of it.
    ///
    /// # Errors
    /// When it is gone, or the keyring does not take it; then the old one stands.
    pub async fn change<T>(&self, id: &str, change: impl FnOnce(&mut Account) -> T) -> Result<(Account, T), NotKept> {
        let _turn = self.turn.lock().await;
        let value = self.items.one(id).await?.ok_or(NotKept::Gone)?;
        let mut account = read(&value).ok_or(NotKept::Gone)?;
        let done = change(&mut account);
        self.save(&account).await?;
        Ok((account, done))
    }

    /// The next code of one that counts, whose counter is saved before.
    ///
    /// # Errors
    /// As [`Self::change`], or when it does not count.
    pub async fn count(&self, id: &str) -> Result<(Account, Secret), NotKept> {
        let (account, code) = self.change(id, Account::count).await?;
        Ok((account, code.ok_or(NotKept::Gone)?))
    }

    async fn save(&self, account: &Account) -> Result<(), KeyringError> {
        let text = account.text();
        let mut value = Vec::with_capacity(ID + 1 + text.len());
        value.extend_from_slice(account.id.as_bytes());
        value.push(b' ');
        value.extend_from_slice(text.expose());
        // The label is read by people in their keyring, which encrypts it with the value.
        self.items.put(&account.id, &format!("Codes of {}", account.called()), &Secret::new(value)).await
    }
}

fn read(value: &Secret) -> Option<Account> {
    let (id, text) = value.expose().split_at_checked(ID)?;
    let id = std::str::from_utf8(id).ok().filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Account::read(id, text.strip_prefix(b" ")?)
}
