//! The PIN over the accounts where they are kept: put over them, changed, taken off, and what it opened held meanwhile.
//!
//! Called by window and command line; `pin` is the encryption itself. What must never happen: an account encrypted by a key that is kept
//! nowhere, one that stays in clear below a PIN without a word, or a PIN that cannot be read taken for none.

use super::store::Vault;
use super::{Account, AccountsKey, Loaded, NotKept};
use crate::keyring::PROMPT_PATIENCE;
use crate::sealed::{LONGEST_KEY, Sealed};
use mfa_core::secret::Secret;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use zbus::OwnedObjectPath;

/// The name of the item that holds the accounts' key under a PIN, and what people find it by.
const NAME: &str = "pin";
const LABEL: &str = "PIN over codes";

impl Vault {
    /// The accounts' key under the PIN, where there is one: [`AccountsKey::opened`] makes of it what [`Self::hold`] wants.
    ///
    /// Copies of its item are one. Of different ones none is taken, and nothing is written: each may hold a key that accounts are
    /// encrypted by, and that is kept nowhere else.
    ///
    /// # Errors
    /// As [`Self::load`], or when it is damaged or there are different ones.
    pub async fn pin(&self) -> Result<Option<Sealed>, NotKept> {
        let given = self.pin.given(Some(NAME)).await?.into_iter();
        let mut read = given.map(|(_, value)| value.map(|value| Sealed::read(value.expose(), LONGEST_KEY)));
        let Some(first) = read.next() else { return Ok(None) };
        if read.any(|other| other != first) {
            return Err(NotKept::SeveralPins);
        }
        // Taken for none, new accounts would be kept without it.
        first?.map(Some).ok_or(NotKept::DamagedPin)
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

    /// Puts all accounts under a PIN, or another than before: `sealed` is the key of [`Self::key_or`] under it. Those that are encrypted
    /// by that key are left as they are.
    ///
    /// # Errors
    /// When they are locked, or the keyring stops taking them: then it says how many it took, and doing it again encrypts the rest.
    pub async fn set_pin(&self, key: AccountsKey, sealed: &Sealed) -> Result<(), NotKept> {
        // Before they are read: a counter that goes on meanwhile would be set back.
        let _turn = self.turn.take().await?;
        let held = self.ready().await?.map(|(key, _)| key);
        if held.as_ref().is_some_and(|held| !held.is(&key)) {
            return Err(NotKept::Pin);
        }
        let loaded = self.found(held.as_ref(), crate::now()).await?;
        // First: what is encrypted before its key is kept would be lost.
        self.pin.put(NAME, LABEL, &Secret::from(sealed.text()), |_| true).await?;
        self.hold(Some((key.clone(), sealed.clone())));
        self.cover(&key, &loaded).await
    }

    /// Takes the PIN off.
    ///
    /// # Errors
    /// As [`Self::set_pin`], or when an account that cannot be read may need its key; the PIN stays then.
    pub async fn remove_pin(&self) -> Result<(), NotKept> {
        let _turn = self.turn.take().await?;
        let Some((key, opened)) = self.ready().await? else { return Ok(()) };
        let loaded = self.found(Some(&key), crate::now()).await?;
        if !loaded.needing_key.is_empty() {
            return Err(NotKept::Needed(loaded.needing_key));
        }
        let in_clear = self.rewrite(&key, &loaded, false).await.map_err(|(_, why)| why);
        let all_in_clear = in_clear.is_ok();
        let removed = match in_clear {
            Ok(()) => self.pin.delete(NAME, PROMPT_PATIENCE).await.map_err(NotKept::from),
            Err(why) => Err(why),
        };
        match (removed, self.pin().await) {
            (Ok(()), _) => self.hold(None),
            // It is gone as well where the keyring did not say so in time.
            (Err(_), Ok(None)) if all_in_clear => self.hold(None),
            // Nothing is to stay in clear below a PIN that is asked for. Below any other it would be lost.
            (Err(why), Ok(Some(kept))) if kept == opened => {
                let loaded = self.found(Some(&key), crate::now()).await?;
                self.cover(&key, &loaded).await?;
                return Err(NotKept::PinStays(Box::new(why)));
            }
            (Err(why), _) => return Err(why),
        }
        Ok(())
    }

    /// Encrypts those of `loaded` that are not.
    async fn cover(&self, key: &AccountsKey, loaded: &Loaded) -> Result<(), NotKept> {
        let all = loaded.accounts.len();
        let partly = |(left, why)| NotKept::PartlyCovered(all.saturating_sub(left), all, Box::new(why));
        self.rewrite(key, loaded, true).await.map_err(partly)
    }

    /// Writes those of `loaded` anew that are not encrypted, or where `sealed` says no those that are: into each of their items, by
    /// whatever that is found. An error comes with how many are left.
    async fn rewrite(&self, key: &AccountsKey, loaded: &Loaded, sealed: bool) -> Result<(), (usize, NotKept)> {
        let mut others = BTreeMap::<&str, Vec<&OwnedObjectPath>>::new();
        for place in loaded.places.iter().filter(|place| place.sealed != sealed) {
            others.entry(&place.id).or_default().push(&place.item);
        }
        let items = |account: &Account| others.get(account.id.as_str()).cloned().unwrap_or_default();
        let all = loaded.accounts.iter().map(|account| (account, items(account)));
        let todo: Vec<_> = all.filter(|(_, items)| !items.is_empty()).collect();
        for (done, (account, items)) in todo.iter().enumerate() {
            for item in items {
                let saved = self.save_at(sealed.then_some(key), account, item).await;
                saved.map_err(|why| (todo.len() - done, why))?;
            }
        }
        Ok(())
    }

    /// The key to read and write with until what is begun is done, even where they are locked meanwhile: what is written without it would
    /// stay in clear below the PIN.
    ///
    /// # Errors
    /// When they are under a PIN that was not given, or another program has changed it: what is encrypted by a key that the keyring does
    /// not hold any more would be lost.
    pub(super) async fn ready(&self) -> Result<Option<(AccountsKey, Sealed)>, NotKept> {
        match (self.held(), self.pin().await?) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(NotKept::Pin),
            (Some((key, opened)), Some(kept)) if opened == kept => Ok(Some((key, opened))),
            (Some(_), _) => Err(NotKept::OtherPin),
        }
    }
}
