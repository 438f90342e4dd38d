//! Everybody with a file, in memory: who is enrolled under which uid, and what lists show of them.
//!
//! The store keeps it as it writes; it is read from the files at start and on reload. "Not enrolled" must never be the result of
//! a uid that is enrolled under another name (an alias, a renamed account): a login that needs the uids before they are read
//! waits, and is refused rather than answered from half of them.

mod names;
mod users;

use super::{Store, StoreError};
use mfa_core::bypass::Bypass;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::hygiene::Glance;
use mfa_core::limits::{ADMIN_AT, OWN_AT, STRANGERS_AT};
use mfa_core::now::{Now, ShortSeconds, long, short};
use mfa_core::policy::Requirement;
use mfa_core::state::State;
use names::{Listed, Names};
use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use users::Users;

/// How long a login waits for the uids at start.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a list waits for the rest.
const LIST_PATIENCE: Duration = Duration::from_secs(50);

/// What is known of one user with a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Enrolled uid; `u32::MAX` where nothing says it.
    pub uid: u32,
    /// Whether the file could be read.
    pub readable: bool,
    /// Whether there is a confirmed factor or a device.
    pub enrolled: bool,
    /// What `mfactl require USER` set; of most nothing is.
    pub require: Option<Box<Requirement>>,
    /// Factors, pending ones included.
    pub factors: u8,
    /// Devices.
    pub devices: u8,
    /// Recovery codes, spent ones included.
    codes: u8,
    /// When they were made.
    set: Option<ShortSeconds>,
    spent: u8,
    /// When the set was made that these are of.
    spent_of: Option<ShortSeconds>,
    activated: Option<ShortSeconds>,
    last_success: Option<ShortSeconds>,
    /// Whether a factor is disabled after too many failures.
    pub disabled: bool,
    /// Whether the record of used codes is lost and not adopted.
    pub lost: bool,
    bypass: Option<Box<Bypass>>,
    /// Whether hygiene suspended a factor or a device.
    pub suspended: bool,
    /// What hygiene has to know.
    pub glance: Glance,
    /// `CLOCK_BOOTTIME` seconds before which a factor's answers are not looked at.
    until: u32,
    /// The same of tries by `mfactl verify` and by the user's own programs; those that have used up their tries wait for ever.
    tries_until: u32,
    /// Whether logins that show no first factor are not looked at.
    strangers_barred: bool,
    /// Whether everything that opened a login is suspended.
    closed: bool,
    /// In which reading of the files, counted, this was written by mfad itself.
    written: u32,
}

impl Entry {
    /// Recovery codes left.
    #[must_use]
    pub fn recovery_left(&self) -> u8 {
        let is_of_another = self.spent_of.is_some() && self.spent_of != self.set;
        self.codes.saturating_sub(if is_of_another { 0 } else { self.spent })
    }

    /// When the first factor was confirmed, in seconds since 1970.
    #[must_use]
    pub fn activated(&self) -> Option<u64> {
        self.activated.map(long)
    }

    /// When the last login with a second factor was, in seconds since 1970.
    #[must_use]
    pub fn last_success(&self) -> Option<u64> {
        self.last_success.map(long)
    }

    /// Whether a factor is disabled or waits after failures.
    #[must_use]
    pub fn is_locked(&self, now: Now) -> bool {
        self.disabled || u64::from(self.until) > now.boottime
    }

    /// Whether something stands in the way that `mfactl status` names, as far as the files tell.
    #[must_use]
    pub fn has_problem(&self, now: Now) -> bool {
        let of_tries = self.strangers_barred || u64::from(self.tries_until) > now.boottime;
        !self.readable || self.lost || self.disabled || self.closed || of_tries
    }

    /// Whether there is a bypass that is not over.
    #[must_use]
    pub fn has_bypass(&self, now: Now) -> bool {
        self.bypass.as_ref().is_some_and(|bypass| !bypass.is_over(now))
    }

    fn take_enrollment(&mut self, enrollment: &Enrollment) {
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        self.uid = enrollment.uid;
        self.readable = true;
        self.enrolled = enrollment.is_enrolled();
        self.require = enrollment.require.map(Box::new);
        self.factors = count(enrollment.factors.len());
        self.devices = count(enrollment.devices.len());
        self.codes = count(enrollment.recovery.as_ref().map_or(0, |set| set.codes.len()));
        self.set = enrollment.recovery.as_ref().map(|set| short(set.created));
        self.activated = enrollment.activated.map(short);
        self.suspended = enrollment.suspended().next().is_some();
        self.closed = self.suspended && !enrollment.opens();
        self.glance.take_enrollment(enrollment);
        self.bypass = enrollment.bypass.as_ref().map(|bypass| Box::new(bypass.clone()));
    }

    fn take_state(&mut self, state: &State) {
        self.glance.take_state(state);
        self.spent = u8::try_from(state.spent.len()).unwrap_or(u8::MAX);
        self.spent_of = state.spent_of.map(short);
        self.last_success = state.last_success.map(short);
        self.disabled = state.factors.values().any(|factor| factor.disabled);
        self.lost = state.lost.as_ref().is_some_and(|lost| !lost.adopted);
        let until = state.factors.values().map(|factor| factor.evidence.until()).max().unwrap_or(0);
        self.until = u32::try_from(until).unwrap_or(u32::MAX);
        let tries = state.factors.values().flat_map(|factor| [(&factor.admin, ADMIN_AT), (&factor.own, OWN_AT)]);
        let tries = tries.map(|(counter, most)| if counter.failures >= most { u64::MAX } else { counter.until() });
        self.tries_until = u32::try_from(tries.max().unwrap_or(0)).unwrap_or(u32::MAX);
        self.strangers_barred = state.strangers >= STRANGERS_AT;
    }
}

/// Everybody with a file.
#[derive(Debug, Default)]
pub struct Roster {
    inner: Mutex<Inner>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    users: Users,
    /// Counts the readings of all files, so that what is read from one never replaces what was written since.
    readings: u32,
    read: Read,
}

/// How far the files have been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Read {
    #[default]
    Nothing,
    Uids,
    All,
}

/// The enrolment files are still being read.
#[derive(Debug, thiserror::Error)]
#[error("mfad has just started and is still reading its enrolment files")]
pub struct StillReading;

impl Roster {
    /// The name `uid` is enrolled under.
    ///
    /// # Errors
    /// While that is not known.
    pub fn name_of(&self, uid: u32) -> Result<Option<String>, StillReading> {
        let inner = self.once(Read::Uids, PATIENCE)?;
        Ok(inner.users.called(uid).map(str::to_owned))
    }

    /// The uid `user` is enrolled under, as far as is known by now.
    #[must_use]
    pub fn uid_of(&self, user: &str) -> Option<u32> {
        self.lock().users.of(user).filter(|entry| entry.readable).map(|entry| entry.uid)
    }

    /// The users after `after`, in the order of their names, handed to `take` until it says `false`.
    ///
    /// # Errors
    /// While not everybody is known.
    pub fn each_after(
        &self,
        after: Option<&str>,
        mut take: impl FnMut(&str, &Entry) -> bool,
    ) -> Result<(), StillReading> {
        let inner = self.once(Read::All, LIST_PATIENCE)?;
        for (name, entry) in inner.users.after(after) {
            if !take(name, entry) {
                break;
            }
        }
        Ok(())
    }

    /// Those of `names` that have a file.
    ///
    /// # Errors
    /// While not everybody is known.
    pub fn known(&self, names: &[String]) -> Result<HashSet<String>, StillReading> {
        let inner = self.once(Read::All, LIST_PATIENCE)?;
        Ok(names.iter().filter(|name| inner.users.of(name).is_some()).cloned().collect())
    }

    /// A file was written.
    pub(super) fn wrote_enrollment(&self, enrollment: &Enrollment) {
        let mut inner = self.lock();
        let before = inner.users.of(&enrollment.name).map(|entry| entry.uid);
        let written = inner.readings;
        if let Some(entry) = inner.users.entry(&enrollment.name) {
            entry.take_enrollment(enrollment);
            entry.written = written;
        }
        // Its file was another uid's before.
        if let Some(old) = before.filter(|old| *old != enrollment.uid) {
            inner.users.call_no_more(old, &enrollment.name);
        }
        inner.users.call(enrollment.uid, &enrollment.name);
    }

    /// A state was written.
    pub(super) fn wrote_state(&self, user: &str, state: &State) {
        let mut inner = self.lock();
        let written = inner.readings;
        // A state is written before its first enrolment: without one there is nobody to list.
        if let Some(entry) = inner.users.known(user) {
            entry.take_state(state);
            entry.written = written;
        }
    }

    /// Files were removed.
    pub(super) fn removed(&self, user: &str) {
        self.lock().users.remove(user);
    }

    /// A reading of all files begins; which it is.
    fn begins(&self) -> u32 {
        let mut inner = self.lock();
        inner.readings = inner.readings.saturating_add(1);
        inner.readings
    }

    fn once(&self, read: Read, patience: Duration) -> Result<MutexGuard<'_, Inner>, StillReading> {
        let waited = self.more.wait_timeout_while(self.lock(), patience, |inner| inner.read < read);
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if inner.read < read { Err(StillReading) } else { Ok(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Everybody with a file.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Reads all files into the roster: the uids first, which logins wait for, then the rest. A file that cannot be read is
    /// named in the log; its own user is refused anyway. Gives how many there are.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn fill_roster(&self, now: Now) -> Result<usize, StoreError> {
        // Before the files are listed: who is written from now on stays, listed or not.
        let reading = self.roster.begins();
        let users = self.listed()?;
        self.roster.lock().users.makes_room_for(users.count(), users.bytes());
        for user in users.each() {
            // What cannot be read is told of below, when nobody waits any more.
            if let Ok(Some(uid)) = self.owner(user) {
                let mut inner = self.roster.lock();
                // What was written since is newer than what was read.
                if inner.users.called(uid).is_none() || inner.users.of(user).is_none() {
                    inner.users.call(uid, user);
                }
            }
        }
        // Whoever has the uid of one whose file was lost is no one who never had a factor. A record that somebody copied names nobody else.
        for (user, uid) in self.lost(|name| users.has(name))? {
            let mut inner = self.roster.lock();
            if inner.users.called(uid).is_none() {
                inner.users.call(uid, &user);
            }
        }
        self.read_so_far(Read::Uids);
        for user in users.each() {
            self.read_one(user, reading, now);
        }
        let mut inner = self.roster.lock();
        let behind = inner.users.after(None).filter(|(name, entry)| entry.written < reading && !users.has(name));
        let gone: Vec<String> = behind.map(|(name, _)| name.to_owned()).collect();
        gone.iter().for_each(|name| inner.users.remove(name));
        let count = inner.users.count();
        drop(inner);
        self.read_so_far(Read::All);
        Ok(count)
    }

    /// The names of all users with a file, in order.
    fn listed(&self) -> Result<Listed, StoreError> {
        let (mut names, mut order) = (Names::default(), Vec::new());
        self.each_user(|name| order.push(names.add(&name)))?;
        Ok(Listed::sorted(names, order))
    }

    fn read_one(&self, user: &str, reading: u32, now: Now) {
        let mut entry = Entry { uid: u32::MAX, ..Entry::default() };
        match self.enrollment_once(user) {
            Ok(Some(enrollment)) => {
                entry.take_enrollment(&enrollment);
                if let Ok(mut file) = self.state(user) {
                    entry.take_state(&State::of(&enrollment, file.take(), now).0);
                }
            }
            Ok(None) => return,
            Err(why) => match self.owner(user) {
                Ok(Some(uid)) => {
                    tracing::warn!("{why}; the file is of uid {uid}");
                    entry.uid = uid;
                }
                Ok(None) => return,
                Err(why) => tracing::warn!(
                    "{why}. Its account by another name would count as not enrolled: put back a copy of the file, or mfactl reset {}",
                    clean::field(user)
                ),
            },
        }
        let mut inner = self.roster.lock();
        match inner.users.of(user) {
            Some(known) if known.written >= reading => return,
            // As it was when the file could be read.
            Some(known) if entry.uid == u32::MAX => entry.uid = known.uid,
            Some(_) | None => {}
        }
        let uid = entry.uid;
        inner.users.put(user, entry);
        if uid != u32::MAX {
            inner.users.call(uid, user);
        }
    }

    fn read_so_far(&self, read: Read) {
        let mut inner = self.roster.lock();
        inner.read = inner.read.max(read);
        self.roster.more.notify_all();
    }
}
