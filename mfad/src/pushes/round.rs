//! A round: the requests that were sent for one login or one change, and how it ends.

use mfa_core::device::DeviceId;
use mfa_core::enrollment::StateId;
use mfa_core::login::Pushed;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// One who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Canonical name: the key of the lock and the files.
    pub(super) user: String,
    /// The uid whose devices may answer.
    pub(super) uid: u32,
}

/// What was asked, of how many.
#[derive(Debug)]
pub(super) struct Round {
    /// Whose login or change it is: canonical name.
    pub(super) user: String,
    /// The user's enrolment as it was then: a reset makes another.
    pub(super) enrolled: StateId,
    /// The group of those who are asked to approve; `None`: the user's own devices are asked.
    pub(super) group: Option<String>,
    /// A device that is not asked.
    pub(super) excluded: Option<DeviceId>,
    /// Held while a yes is judged.
    judging: Mutex<()>,
    /// Yeses still wanted.
    wanted: AtomicU8,
    /// Who said yes, each by which device.
    yeses: Mutex<Vec<(Person, DeviceId)>>,
    ended: watch::Sender<Option<Pushed>>,
}

impl Round {
    /// A round that ends with `wanted` yeses; and where its end is told.
    pub(super) fn new(
        (user, enrolled): (&str, StateId),
        group: Option<String>,
        excluded: Option<DeviceId>,
        wanted: u8,
    ) -> (Self, watch::Receiver<Option<Pushed>>) {
        let (ended, end) = watch::channel(None);
        let wanted = AtomicU8::new(wanted.max(1));
        let user = user.to_owned();
        (
            Self { user, enrolled, group, excluded, judging: Mutex::default(), wanted, yeses: Mutex::default(), ended },
            end,
        )
    }

    /// For the one whose yes is judged, until what it ends is over: all requests of a round have one number, and whoever guesses
    /// has one guess, however many answer at once. Taken before a user's lock, never with one held.
    pub(super) fn judging(&self) -> MutexGuard<'_, ()> {
        self.judging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more yes; whether it was the last one wanted. Called with the registry held, once per person.
    pub(super) fn yes(&self, person: &Person, device: &DeviceId) -> bool {
        self.said_yes().push((person.clone(), device.clone()));
        let before = self.wanted.load(Ordering::Relaxed);
        self.wanted.store(before.saturating_sub(1), Ordering::Relaxed);
        before <= 1
    }

    /// Who said yes so far, each by which device.
    pub(super) fn said_yes(&self) -> MutexGuard<'_, Vec<(Person, DeviceId)>> {
        self.yeses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the end; `false` when it was told before.
    pub(super) fn end(&self, pushed: Pushed) -> bool {
        self.ended.send_if_modified(|end| {
            let first = end.is_none();
            if first {
                *end = Some(pushed);
            }
            first
        })
    }
}
