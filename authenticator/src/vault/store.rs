//! Where the accounts are kept: one keyring item each.
//!
//! The id of an account is inside its value as well as in the attributes, since a keyring gives out values by path. What must
//! never happen: a code of a counter leaving before the counter is saved, or one damaged item hiding the others.

use super::kept::MOST_NAMED;
use super::pin::{self, AccountsKey, NONCE};
use super::turn::Turn;
use super::{Account, Added, Loaded, NotKept};
use crate::catalogue::gettext;
use crate::keyring::{Asks, Items, KeyringError, PROMPT_PATIENCE};
use crate::sealed::{LONGEST_KEY, Sealed};
use mfa_core::clean;
use mfa_core::secret::Secret;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath};

/// Our items' schema, so that password managers can tell them apart.
const SCHEMA: &str = "io.github.pam_mfa.Account";

/// The schema and the name of the item that holds the accounts' key under a PIN.
const PIN_SCHEMA: &str = "io.github.pam_mfa.AccountsPin";
const PIN_NAME: &str = "pin";

/// Most accounts that are kept.
pub const MOST: usize = 10_000;

/// Bytes of an id in hex, and the space behind it: an item's value is the id, a space, and the account's text.
const ID: usize = 32;

/// The accounts of one session's keyring.
#[derive(Debug)]
pub struct Vault {
    items: Items,
    pin: Items,
    /// The accounts' key, where there is a PIN, while they are not locked; and what it was opened from.
    key: Mutex<Option<(AccountsKey, Sealed)>>,
    turn: Turn,
}

impl Vault {
    /// Those of the keyring that answers on `session`.
    #[must_use]
    pub fn new(session: Connection) -> Self {
        Self::asking(session, Asks::Somebody)
    }

    /// The same, for a look; `asks`: who may be asked to unlock them.
    #[must_use]
    pub fn asking(session: Connection, asks: Asks) -> Self {
        Self {
            items: Items::new(session.clone(), SCHEMA, asks),
            pin: Items::new(session, PIN_SCHEMA, asks),
            key: Mutex::default(),
            turn: Turn::default(),
        }
    }

    /// The accounts' key under the PIN, where there is one: [`AccountsKey::opened`] makes of it what [`Self::hold`] wants.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn pin(&self) -> Result<Option<Sealed>, KeyringError> {
        let value = self.pin.one(PIN_NAME).await?;
        match value.map(|value| Sealed::read(value.expose(), LONGEST_KEY)) {
            None => Ok(None),
            Some(Some(sealed)) => Ok(Some(sealed)),
            // Taken for none, new accounts would be kept without it.
            Some(None) => {
                Err(KeyringError::Refused(gettext("the item of the PIN over the codes is damaged").to_owned()))
            }
        }
    }

    /// The key that a PIN opened, and what of; `None`: they are locked again.
    pub fn hold(&self, opened: Option<(AccountsKey, Sealed)>) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = opened;
    }

    /// The key to put under a new PIN: the one that is held, or a new one of `random`. (A new key over accounts that are encrypted by an
    /// old one would lose those that were not written again in time.)
    #[must_use]
    pub fn key_or(&self, random: [u8; 32]) -> AccountsKey {
        self.held().map_or_else(|| AccountsKey::new(random), |(key, _)| key)
    }

    fn held(&self) -> Option<(AccountsKey, Sealed)> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts all accounts under a PIN, or another than before: `sealed` is the key of [`Self::key_or`] under it.
    ///
    /// # Errors
    /// When they are locked, or the keyring stops taking them; each account is readable with the PIN or as it was before then.
    pub async fn set_pin(&self, key: AccountsKey, sealed: &Sealed) -> Result<(), NotKept> {
        // Before they are read: a counter that goes on meanwhile would be set back.
        let _turn = self.turn.take().await?;
        let held = self.ready().await?.map(|(key, _)| key);
        if held.as_ref().is_some_and(|held| !held.is(&key)) {
            return Err(NotKept::Pin);
        }
        let accounts = self.found(held.as_ref(), crate::now()).await?.accounts;
        // First: what is encrypted before its key is kept would be lost.
        self.pin.put(PIN_NAME, "PIN over codes", &Secret::from(sealed.text()), |_| true).await?;
        self.hold(Some((key.clone(), sealed.clone())));
        self.save_all(Some(&key), &accounts).await
    }

    /// Takes the PIN off.
    ///
    /// # Errors
    /// As [`Self::set_pin`], or when an account that cannot be read may need its key; the PIN stays then.
    pub async fn remove_pin(&self) -> Result<(), NotKept> {
        let _turn = self.turn.take().await?;
        let held = self.ready().await?;
        let key = held.as_ref().map(|(key, _)| key);
        let loaded = self.found(key, crate::now()).await?;
        if !loaded.needing_key.is_empty() {
            return Err(NotKept::Needed(loaded.needing_key));
        }
        let in_clear = self.save_all(None, &loaded.accounts).await;
        let all_in_clear = in_clear.is_ok();
        let removed = match in_clear {
            Ok(()) => self.pin.delete(PIN_NAME, PROMPT_PATIENCE).await.map_err(NotKept::from),
            Err(why) => Err(why),
        };
        match (&removed, self.pin().await) {
            (Ok(()), _) => self.hold(None),
            // It is gone as well where the keyring did not say so in time.
            (Err(_), Ok(None)) if all_in_clear => {
                self.hold(None);
                return Ok(());
            }
            // Best effort: nothing is to stay in clear below a PIN that is asked for. Below any other it would be lost.
            (Err(_), Ok(kept)) if kept.as_ref() == held.as_ref().map(|(_, opened)| opened) => {
                let _ = self.save_all(key, &loaded.accounts).await;
            }
            (Err(_), _) => {}
        }
        removed
    }

    async fn save_all(&self, key: Option<&AccountsKey>, accounts: &[Account]) -> Result<(), NotKept> {
        for account in accounts {
            self.save(key, account).await?;
        }
        Ok(())
    }

    /// The key to read and write with until what is begun is done, even where they are locked meanwhile: what is written without it would
    /// stay in clear below the PIN.
    ///
    /// # Errors
    /// When they are under a PIN that was not given, or another program has changed it: what is encrypted by a key that the keyring does
    /// not hold any more would be lost.
    async fn ready(&self) -> Result<Option<(AccountsKey, Sealed)>, NotKept> {
        match (self.held(), self.pin().await?) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(NotKept::Pin),
            (Some((key, opened)), Some(kept)) if opened == kept => Ok(Some((key, opened))),
            (Some(_), _) => Err(NotKept::OtherPin),
        }
    }

    /// All accounts. What has been in the trash for too long at `now` is removed.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, it stays locked, or a PIN was not given.
    pub async fn load(&self, now: u64) -> Result<Loaded, NotKept> {
        let held = self.ready().await?;
        self.found(held.as_ref().map(|(key, _)| key), now).await
    }

    async fn found(&self, key: Option<&AccountsKey>, now: u64) -> Result<Loaded, NotKept> {
        let (mut loaded, mut accounts) = (Loaded::default(), BTreeMap::<String, Account>::new());
        let contents = self.items.all().await?;
        for (item, value) in contents.values {
            match read(key, &value) {
                Some(account) => match accounts.entry(account.id.clone()) {
                    Entry::Occupied(mut copy) if rank(copy.get(), now) < rank(&account, now) => {
                        _ = copy.insert(account)
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(place) => _ = place.insert(account),
                },
                None => {
                    let called = self.called(&item, loaded.damaged.len()).await;
                    if opens(key, &value) {
                        loaded.needing_key.push(called.clone());
                    }
                    loaded.damaged.push(called);
                }
            }
        }
        for item in contents.unread {
            let called = self.called(&item, loaded.damaged.len()).await;
            loaded.needing_key.push(called.clone());
            loaded.damaged.push(called);
        }
        for account in accounts.into_values() {
            if account.is_gone(now) {
                self.throw_away(&account).await;
            } else {
                loaded.accounts.push(account);
            }
        }
        Ok(loaded)
    }

    /// Asks nobody, and fails nothing: the next look tries again.
    async fn throw_away(&self, account: &Account) {
        if let Err(why) = self.items.delete(&account.id, Duration::ZERO).await {
            tracing::warn!("an account that was in the trash for long enough is still in the keyring: {why}");
        }
    }

    /// What a person finds the item by in the password manager. More than are named in a text are not asked for.
    async fn called(&self, item: &OwnedObjectPath, before: usize) -> String {
        let label = if before < MOST_NAMED { self.items.label(item).await.unwrap_or_default() } else { String::new() };
        clean::field(if label.is_empty() { item.as_str() } else { &label })
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
        let _turn = self.turn.take().await?;
        let held = self.ready().await?;
        let key = held.as_ref().map(|(key, _)| key);
        let mut here = self.found(key, now).await?.accounts;
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
            if let Err(why) = self.save(key, &account).await {
                return Err(match (added.kept.len(), why) {
                    (kept @ 1.., NotKept::Keyring(why)) => NotKept::Partly(kept, why),
                    (_, why) => why,
                });
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
        let _turn = self.turn.take().await?;
        let held = self.ready().await?;
        let key = held.as_ref().map(|(key, _)| key);
        let copies = self.items.copies(id).await?;
        let now = crate::now();
        let account = copies.iter().filter_map(|value| read(key, value)).max_by_key(|account| rank(account, now));
        let missing = if copies.is_empty() { NotKept::Gone } else { NotKept::Unread };
        let mut account = account.ok_or(missing)?;
        let done = change(&mut account);
        self.save(key, &account).await?;
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

    async fn save(&self, key: Option<&AccountsKey>, account: &Account) -> Result<(), NotKept> {
        let mut text = account.text();
        // The label is read by people in their keyring, which encrypts it with the value.
        let mut label = format!("Codes of {}", account.called());
        if let Some(key) = key {
            let mut nonce = [0; NONCE];
            getrandom::fill(&mut nonce).map_err(|_| NotKept::Random)?;
            text = key.seal(&account.id, &text, nonce).ok_or(NotKept::Random)?;
            label = "Codes of an account, under a PIN".into();
        }
        let mut value = Vec::with_capacity(ID + 1 + text.len());
        value.extend_from_slice(account.id.as_bytes());
        value.push(b' ');
        value.extend_from_slice(text.expose());
        let is_copy = |old: &Secret| split(old).is_some_and(|(id, _)| id == account.id);
        Ok(self.items.put(&account.id, &label, &Secret::new(value), is_copy).await?)
    }
}

fn read(key: Option<&AccountsKey>, value: &Secret) -> Option<Account> {
    let (id, text) = split(value)?;
    if pin::is_sealed(text) {
        return Account::read(id, key?.open(id, text)?.expose());
    }
    Account::read(id, text)
}

/// Which of the copies of an account is taken: one that may stay, and whose codes were not given out before.
fn rank(account: &Account, now: u64) -> (bool, Option<u64>, bool) {
    (!account.is_gone(now), account.counter, account.trashed.is_none())
}

/// Whether the key opens it.
fn opens(key: Option<&AccountsKey>, value: &Secret) -> bool {
    split(value).zip(key).is_some_and(|((id, text), key)| key.open(id, text).is_some())
}

/// The id and the text of an item's value.
fn split(value: &Secret) -> Option<(&str, &[u8])> {
    let (id, text) = value.expose().split_at_checked(ID)?;
    let id = std::str::from_utf8(id).ok().filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((id, text.strip_prefix(b" ")?))
}
