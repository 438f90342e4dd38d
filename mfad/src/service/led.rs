//! The logins that threads at root's socket lead just now. A thread that hangs in the name service or on the disk cannot say so:
//! here its client is told.
//!
//! Entered and left by [`super::begin::here`]; the loop watches. What must never happen: a client that hears two ends, or none
//! within the module's patience of 5 s.

use super::begin::{ALL_AT_ONCE, LOOKUP};
use super::login::Late;
use super::mouth::Mouth;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Between two looks, while there is something to look at.
const GLANCE: Duration = Duration::from_millis(250);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct LedHere {
    logins: Mutex<HashMap<u64, Led>>,
    entered: AtomicU64,
    one_came: Notify,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Led {
    user: String,
    /// Who says the first step, and who grants.
    prompting: Mouth,
    granting: Mouth,
    began: Instant,
}

impl Led {
    /// Begins now.
    pub(super) fn new(user: String, prompting: Mouth, granting: Mouth) -> Self {
        Self { user, prompting, granting, began: Instant::now() }
    }

    /// What is late by now, if anything, and the right to say so: the thread has lost it.
    fn late(&self, now: Instant) -> Option<(&Mouth, Late)> {
        let since = now.duration_since(self.began);
        if since >= LOOKUP && self.prompting.take() {
            return Some((&self.prompting, Late::LookUp));
        }
        (since >= ALL_AT_ONCE && self.granting.take()).then_some((&self.granting, Late::Transaction))
    }
}

impl LedHere {
    /// From now on it is watched, until what is given back is dropped.
    pub(super) fn enter(&self, led: Led) -> Entry<'_> {
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        self.all().insert(number, led);
        self.one_came.notify_one();
        Entry { all: self, number }
    }

    /// Tells the clients of those that are late. Never returns.
    pub(super) async fn watch(&self) {
        loop {
            self.one_came.notified().await;
            loop {
                sleep(GLANCE).await;
                self.tell_late(Instant::now());
                if self.all().is_empty() {
                    break;
                }
            }
        }
    }

    fn tell_late(&self, now: Instant) {
        self.all().retain(|_, led| match led.late(now) {
            Some((mouth, late)) => {
                mouth.say(&late.step(led.user.clone()));
                false
            }
            None => true,
        });
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Led>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one in the list, until it is dropped.
pub(super) struct Entry<'a> {
    all: &'a LedHere,
    number: u64,
}

impl Entry<'_> {
    /// Ends the watch. `false`: its client was told that it is late, and hears nothing more.
    pub(super) fn in_time(self) -> bool {
        self.all.all().remove(&self.number).is_some()
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.all.all().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::wire::{Reason, Step, decode};
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    fn login(user: &str) -> (Led, Mouth, Mouth, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let [prompting, granting] = Mouth::pair(ours);
        (Led::new(user.to_owned(), prompting.clone(), granting.clone()), prompting, granting, theirs)
    }

    fn told(mut client: UnixStream) -> Option<Reason> {
        let mut frame = Vec::new();
        let _ = client.read_to_end(&mut frame);
        let Ok(Step::Refused { verdict, .. }) = decode(frame.get(4..)?) else { panic!("{frame:?}") };
        Some(verdict.reason)
    }

    #[test]
    fn who_hangs_before_the_first_step_is_told_of_the_look_up_and_says_no_more() {
        let all = LedHere::default();
        let (led, prompting, _, client) = login("ann");
        let began = led.began;
        let entry = all.enter(led);
        all.tell_late(began + LOOKUP - Duration::from_millis(1));
        assert!(!all.all().is_empty());
        all.tell_late(began + LOOKUP);
        all.tell_late(began + ALL_AT_ONCE);
        assert!(!prompting.take(), "the thread may still prompt");
        assert!(!entry.in_time());
        assert_eq!(told(client), Some(Reason::LookupFailed));
    }

    #[test]
    fn who_hangs_behind_the_prompt_is_told_of_the_transaction_and_grants_no_more() {
        let all = LedHere::default();
        let (led, prompting, granting, client) = login("ann");
        let began = led.began;
        let entry = all.enter(led);
        assert!(prompting.take());
        all.tell_late(began + ALL_AT_ONCE - Duration::from_millis(1));
        assert!(!all.all().is_empty());
        all.tell_late(began + ALL_AT_ONCE);
        assert!(!granting.take(), "the thread may still grant");
        assert!(!entry.in_time());
        assert_eq!(told(client), Some(Reason::StorageFailed));
    }

    #[test]
    fn who_has_granted_in_time_hears_nothing_else() {
        let all = LedHere::default();
        let (led, prompting, granting, client) = login("ann");
        let began = led.began;
        let entry = all.enter(led);
        assert!(prompting.take() && granting.take());
        all.tell_late(began + ALL_AT_ONCE * 2);
        assert!(entry.in_time());
        assert_eq!(told(client), None);
    }
}
