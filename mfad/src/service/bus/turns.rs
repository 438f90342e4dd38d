//! Who calls, how many calls of theirs may be under way, and how often they may change something.
//!
//! What must never happen: a call served for a caller whose credentials are not known, one user's calls taking the threads that
//! logins need, or the trail filled by one user.

use crate::service::counts::{Counts, Place};
use mfa_core::bus::Error;
use mfa_core::wire::UNMAPPED;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::names::BusName;

/// Calls of one uid under way at once, whatever its connections.
const OF_ONE: usize = 8;

/// Calls of one uid that try a proof or write something are served at once as long as they are few: what a person does with
/// windows and scripts.
const AT_ONCE: u32 = 16;

/// From then on one in this time: with a trail of some 300 bytes a call, 100 MB in a day of nothing else.
const EACH: Duration = Duration::from_millis(250);

/// What all interfaces share.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    under_way: Arc<Counts>,
    /// By connection: a call whose uid is still asked for holds its message in memory, and the bus's answer may stand behind
    /// all that somebody has sent.
    unknown: Arc<Counts<String>>,
    paces: Arc<Mutex<HashMap<u32, Pace>>>,
}

/// Who calls, by the bus's word.
pub(super) struct Caller {
    /// Unique name of the connection.
    pub(super) name: String,
    /// Its user.
    pub(super) uid: u32,
    _place: Place,
}

impl Turns {
    /// The caller of `header`. Its place is kept for as long as this lives.
    ///
    /// # Errors
    /// When the bus does not say who it is, or it has too many calls under way.
    pub(super) async fn caller(&self, connection: &Connection, header: &Header<'_>) -> Result<Caller, Error> {
        let unknown = || Error::NotAuthorized(String::from("the bus does not say who calls"));
        let sender = header.sender().ok_or_else(unknown)?;
        let busy = || Error::Later(String::from("you have too many calls under way; wait for their answers"));
        let _asking = Place::take(&self.unknown, sender.to_string(), OF_ONE).ok_or_else(busy)?;
        let bus = DBusProxy::new(connection).await.map_err(|_| unknown())?;
        let uid = bus.get_connection_unix_user(BusName::Unique(sender.clone())).await.map_err(|_| unknown())?;
        // To the bus as well it may be anybody's.
        if uid == UNMAPPED {
            return Err(unknown());
        }
        let place = Place::take(&self.under_way, uid, OF_ONE).ok_or_else(busy)?;
        Ok(Caller { name: sender.to_string(), uid, _place: place })
    }

    /// The same for a call that tries a proof or writes something. Whoever makes many of them waits here, with a place taken, so
    /// that what comes meanwhile is refused and leaves no trace.
    ///
    /// # Errors
    /// As [`Turns::caller`].
    pub(super) async fn changing(&self, connection: &Connection, header: &Header<'_>) -> Result<Caller, Error> {
        let caller = self.caller(connection, header).await?;
        self.pace(&caller).await;
        Ok(caller)
    }

    /// What [`Turns::changing`] waits, for a caller whose place is taken already.
    pub(super) async fn pace(&self, caller: &Caller) {
        let pause = self.pause(caller.uid, Instant::now());
        // A timer that is over already wakes the runtime all the same.
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    fn pause(&self, uid: u32, now: Instant) -> Duration {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|_, pace| pace.0 > now);
        paces.entry(uid).or_insert(Pace(now)).step(now)
    }
}

/// When a uid's calls so far would be over, had they come one at a time.
#[derive(Debug)]
struct Pace(Instant);

impl Pace {
    /// How long one more call waits.
    fn step(&mut self, now: Instant) -> Duration {
        self.0 = self.0.max(now) + EACH;
        self.0.duration_since(now).saturating_sub(EACH * AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_changes_are_made_at_once_and_many_wait_each_uids_for_its_own() {
        let (turns, now) = (Turns::default(), Instant::now());
        assert!((0..AT_ONCE).all(|_| turns.pause(1001, now) == Duration::ZERO));
        assert_eq!([turns.pause(1001, now), turns.pause(1001, now)], [EACH, EACH * 2]);
        assert_eq!(turns.pause(1002, now), Duration::ZERO);
        // Whoever waited has less to wait for; after a rest it is as it was.
        assert_eq!(turns.pause(1001, now + EACH * 2), EACH);
        let rested = now + EACH * (AT_ONCE + 3);
        assert!((0..AT_ONCE).all(|_| turns.pause(1001, rested) == Duration::ZERO));
        assert_eq!(turns.pause(1001, rested), EACH);
        assert_eq!(turns.pause(1003, rested + EACH * 99), Duration::ZERO);
        assert_eq!(turns.paces.lock().unwrap().len(), 1, "who has rested is forgotten");
    }
}
