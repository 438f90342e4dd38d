//! Desktops that wait to be paired at a login of their user, in memory: one of each uid, ten minutes.
//!
//! Made over the bus, shown and taken by logins. An offer goes with the connection that made it, and after five wrong numbers
//! from whatever logins: whoever has stolen a password must not find the number by trying. What must never happen: a key
//! kept whose number nobody typed, or one taken twice.

use crate::clock::random;
use mfa_core::approval;
use mfa_core::device::{DeviceId, DeviceKey};
use mfa_core::enrolling::{Desktop, Tried};
use mfa_core::now::Now;
use mfa_core::secret::Secret;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

/// Seconds an offer waits: long enough to go to a terminal and log in. The same as a ticket's.
pub const LIFETIME: u64 = crate::tickets::LIFETIME;

/// Wrong numbers over all logins: five of a million, each time the user offers a device.
const TRIES: u8 = 5;

/// The offers that are out.
#[derive(Debug, Default)]
pub struct Offers {
    out: Mutex<HashMap<u32, Offer>>,
}

#[derive(Debug)]
struct Offer {
    name: String,
    /// The connection that made it.
    caller: String,
    label: String,
    key: DeviceKey,
    number: Secret,
    tries_left: u8,
    /// Some login has typed the number.
    proved: bool,
    until: u64,
    ended: watch::Sender<Option<Ended>>,
}

/// How an offer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It is this device now.
    Paired(DeviceId),
    /// It came to nothing, for this reason.
    Over(&'static str),
}

/// An offer that a login takes. Dropped without [`Taken::paired`], it came to nothing.
#[derive(Debug)]
pub struct Taken {
    /// What the desktop calls itself.
    pub label: String,
    /// Its key.
    pub key: DeviceKey,
    ended: watch::Sender<Option<Ended>>,
}

impl Taken {
    /// It is kept: the desktop is told its name.
    pub fn paired(self, id: DeviceId) {
        self.ended.send_replace(Some(Ended::Paired(id)));
    }
}

impl Offers {
    /// Adds an offer of `uid`, made by the connection `caller`; an older one of the uid's is void. Its name, and the number to
    /// show.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn make(
        &self,
        uid: u32,
        caller: &str,
        (label, key): (&str, DeviceKey),
        now: Now,
    ) -> Result<(String, Secret), getrandom::Error> {
        let name = data_encoding::HEXLOWER.encode(&random::<16>()?);
        let number = approval::number(random()?);
        let offer = Offer {
            name: name.clone(),
            caller: caller.to_owned(),
            label: label.to_owned(),
            key,
            number: number.clone(),
            tries_left: TRIES,
            proved: false,
            until: now.boottime.saturating_add(LIFETIME),
            ended: watch::Sender::new(None),
        };
        if let Some(old) = self.current(now).insert(uid, offer) {
            old.end("another program of yours offered a device");
        }
        Ok((name, number))
    }

    /// What a login of `uid` shows.
    #[must_use]
    pub fn shown(&self, uid: u32, now: Now) -> Option<Desktop> {
        let out = self.current(now);
        let offer = out.get(&uid)?;
        let (name, label) = (offer.name.clone(), offer.label.clone());
        Some(Desktop { offer: name, label, fingerprint: offer.key.fingerprint() })
    }

    /// Tries a number typed at a login of `uid`.
    #[must_use]
    pub fn tried(&self, uid: u32, name: &str, number: &Secret, now: Now) -> Tried {
        let mut out = self.current(now);
        let Some(offer) = out.get_mut(&uid).filter(|offer| offer.name == name) else { return Tried::Gone };
        if bool::from(offer.number.expose().ct_eq(number.expose())) {
            offer.proved = true;
            return Tried::Right;
        }
        offer.tries_left = offer.tries_left.saturating_sub(1);
        if offer.tries_left > 0 {
            return Tried::Wrong;
        }
        if let Some(offer) = out.remove(&uid) {
            offer.end("too many wrong numbers were typed; if it was not you, tell your administrator");
        }
        Tried::Gone
    }

    /// Takes the offer whose number was typed; it is used up then.
    #[must_use]
    pub fn take(&self, uid: u32, name: &str, now: Now) -> Option<Taken> {
        let mut out = self.current(now);
        if !out.get(&uid).is_some_and(|offer| offer.proved && offer.name == name) {
            return None;
        }
        let Offer { label, key, ended, .. } = out.remove(&uid)?;
        Some(Taken { label, key, ended })
    }

    /// Where the end of the offer is told; `None`: the connection `caller` has none of this name.
    #[must_use]
    pub fn end_of(&self, uid: u32, caller: &str, name: &str) -> Option<watch::Receiver<Option<Ended>>> {
        let out = self.lock();
        let offer = out.get(&uid).filter(|offer| offer.name == name && offer.caller == caller)?;
        Some(offer.ended.subscribe())
    }

    /// A connection is gone: its offer is withdrawn.
    pub fn gone(&self, caller: &str) {
        self.lock().retain(|_, offer| offer.caller != caller);
    }

    /// The bus is gone: nobody waits.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// Those whose time is not over.
    fn current(&self, now: Now) -> MutexGuard<'_, HashMap<u32, Offer>> {
        let mut out = self.lock();
        out.retain(|_, offer| offer.until > now.boottime);
        out
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Offer>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Offer {
    fn end(self, why: &'static str) {
        self.ended.send_replace(Some(Ended::Over(why)));
    }
}

#[cfg(test)]
mod tests;
