//! Where the accounts are kept: one keyring item each.
//!
//! The id of an account is inside its value as well as in the attributes, since a keyring gives out values by path. What must
//! never happen: a code of a counter leaving before the counter is saved, or one damaged item hiding the others.

use super::kept::{MOST_NAMED, Place};
use super::pin::{self, AccountsKey, NONCE};
use super::turn::Turn;
use super::{Account, Added, Loaded, NotKept};
use crate::keyring::{Asks, Items};
use crate::sealed::Sealed;
use mfa_core::clean;
use mfa_core::secret::Secret;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath};

/// Our items' schema, so that password managers can tell them apart.
const SCHEMA: &str = "io.github.pam_mfa.Account";

/// The schema of the item that holds the accounts' key under a PIN.
const PIN_SCHEMA: &str = "io.github.pam_mfa.AccountsPin";

/// Most accounts that are kept.
pub const MOST: usize = 10_000;

/// Bytes of an id in hex, and the space behind it: an item's value is the id, a space, and the account's text.
const ID: usize = 32;

/// The accounts of one session's keyring.
#[derive(Debug)]
pub struct Vault {
    items: Items,
    pub(super) pin: Items,
    /// The accounts' key, where there is a PIN, while they are not locked; and what it was opened from.
    pub(super) key: Mutex<Option<(AccountsKey, Sealed)>>,
    pub(super) turn: Turn,
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

    /// All accounts. What has been in the trash for too long at `now` is removed.
    ///
    /// # Errors
    /// When there is no keyring, it does not answer, it stays locked, or a PIN was not given.
    pub async fn load(&self, now: u64) -> Result<Loaded, NotKept> {
        let held = self.ready().await?;
        self.found(held.as_ref().map(|(key, _)| key), now).await
    }

    pub(super) async fn found(&self, key: Option<&AccountsKey>, now: u64) -> Result<Loaded, NotKept> {
        let (mut loaded, mut accounts) = (Loaded::default(), BTreeMap::<String, Account>::new());
        let contents = self.items.all().await?;
        for (item, value) in contents.values {
            match read(key, &value) {
                Some(account) => {
                    let sealed = split(&value).is_some_and(|(_, text)| pin::is_sealed(text));
                    loaded.places.push(Place { item, id: account.id.clone(), sealed });
                    match accounts.entry(account.id.clone()) {
                        Entry::Occupied(mut copy) if rank(copy.get(), now) < rank(&account, now) => {
                            _ = copy.insert(account)
                        }
                        Entry::Occupied(_) => {}
                        Entry::Vacant(place) => _ = place.insert(account),
                    }
                }
                None => {
                    let called = self.called(&item, loaded.damaged.len()).await;
                    if opens(key, &value) {
                        loaded.needing_key.push(called.clone());
                    }
                    loaded.damaged.push(called);
                }
            }
        }
        let (none_read, unread) = (loaded.places.is_empty() && loaded.damaged.is_empty(), contents.unread.len());
        let mut why = None;
        for (item, error) in contents.unread {
            let called = self.called(&item, loaded.damaged.len()).await;
            loaded.needing_key.push(called.clone());
            loaded.damaged.push(called);
            why = Some(error);
        }
        // It is the keyring rather than the items, perhaps: not to be shown as one that holds no accounts.
        if let Some(why) = why.filter(|_| none_read && unread > 1) {
            return Err(NotKept::NoneRead(loaded.damaged, why));
        }
        for account in accounts.into_values() {
            if account.is_gone(now) {
                self.throw_away(&account, &loaded).await;
            } else {
                loaded.accounts.push(account);
            }
        }
        Ok(loaded)
    }

    /// Asks nobody, and fails nothing: the next look tries again. Item by item: what is found by its id may be another's.
    async fn throw_away(&self, account: &Account, loaded: &Loaded) {
        let places = loaded.places.iter().filter(|place| place.id == account.id);
        let items: Vec<&OwnedObjectPath> = places.map(|place| &place.item).collect();
        if let Err(why) = self.items.remove(&items, Duration::ZERO).await {
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
        let now = crate::now();
        let copies = self.items.copies(id).await?;
        let own = copies.iter().filter_map(|value| read(key, value)).filter(|account| account.id == id);
        if let Some(mut account) = own.max_by_key(|account| rank(account, now)) {
            let done = change(&mut account);
            self.save(key, &account).await?;
            return Ok((account, done));
        }
        // A tool may have copied items and not what they are found by.
        let loaded = self.found(key, now).await?;
        let is_unread = |value: &Secret| split(value).is_none_or(|(found, _)| found == id);
        let missing = if copies.iter().any(is_unread) { NotKept::Unread } else { NotKept::Gone };
        let mut account = loaded.accounts.into_iter().find(|account| account.id == id).ok_or(missing)?;
        let done = change(&mut account);
        for place in loaded.places.iter().filter(|place| place.id == id) {
            self.save_at(key, &account, &place.item).await?;
        }
        Ok((account, done))
    }

    /// The next code of one that counts, whose counter is saved before.
    ///
    /// # Errors
    /// As [`Self::change`], or when it does not count.
    pub async fn count(&self, id: &str) -> Result<(Account, Secret), NotKept> {
        let (account, code) = self.change(id, Account::count).await?;
        match code {
            Some(code) => Ok((account, code)),
            None if account.counter.is_some() => Err(NotKept::Spent),
            None => Err(NotKept::Unread),
        }
    }

    async fn save(&self, key: Option<&AccountsKey>, account: &Account) -> Result<(), NotKept> {
        let (label, value) = written(key, account)?;
        let is_copy = |old: &Secret| split(old).is_some_and(|(id, _)| id == account.id);
        Ok(self.items.put(&account.id, &label, &value, is_copy).await?)
    }

    /// Into one item, by whatever that is found.
    pub(super) async fn save_at(
        &self,
        key: Option<&AccountsKey>,
        account: &Account,
        item: &OwnedObjectPath,
    ) -> Result<(), NotKept> {
        let (label, value) = written(key, account)?;
        Ok(self.items.set(item, (&label, key.is_none()), &value).await?)
    }
}

/// The label and the value of an account's item.
fn written(key: Option<&AccountsKey>, account: &Account) -> Result<(String, Secret), NotKept> {
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
    Ok((label, Secret::new(value)))
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
