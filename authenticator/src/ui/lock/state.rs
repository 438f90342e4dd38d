//! Whether the codes are locked, and what locks them. Pure: times and signals come in.
//!
//! What must never happen: codes being there after any of the causes, or a clock that was set locking nothing.

use std::time::Duration;

/// What locked them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The program has just started, and there is a PIN.
    Start,
    /// The user said so.
    Told,
    /// Nobody used the window for long enough.
    Idle,
    /// The session was locked, or its screen saver has begun.
    Screen,
    /// The computer goes to sleep.
    Sleep,
}

/// The lock. Times are measured from any fixed moment, by a clock that nobody sets.
#[derive(Debug)]
pub struct Lock {
    locked: Option<Cause>,
    /// How long nobody must use the window; `None`: never mind.
    idle_after: Option<Duration>,
    used: Duration,
}

impl Lock {
    /// As the program starts: locked where there is a PIN.
    #[must_use]
    pub fn new(pin: bool, idle_after: Option<Duration>, now: Duration) -> Self {
        Self { locked: pin.then_some(Cause::Start), idle_after, used: now }
    }

    /// What locked it, or `None` while it is open.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.locked
    }

    /// The user does something in the window.
    pub fn used(&mut self, now: Duration) {
        self.used = self.used.max(now);
    }

    /// The preference is another now.
    pub fn set_idle_after(&mut self, idle_after: Option<Duration>) {
        self.idle_after = idle_after;
    }

    /// Locks; whether it was open before. The first cause stands: it is the one the user has not seen yet.
    pub fn lock(&mut self, cause: Cause) -> bool {
        let was_open = self.locked.is_none();
        self.locked.get_or_insert(cause);
        was_open
    }

    /// Locks where nobody has used the window for long enough; whether it was open before.
    pub fn tick(&mut self, now: Duration) -> bool {
        match self.idle_after {
            Some(after) if now.saturating_sub(self.used) >= after => self.lock(Cause::Idle),
            _ => false,
        }
    }

    /// The user has shown to be the user.
    pub fn unlock(&mut self, now: Duration) {
        self.locked = None;
        self.used = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_starts_locked_where_there_is_a_pin_and_open_where_there_is_none() {
        assert_eq!(Lock::new(true, None, at(0)).cause(), Some(Cause::Start));
        assert_eq!(Lock::new(false, None, at(0)).cause(), None);
    }

    #[test]
    fn every_cause_locks_once_and_the_first_one_is_told() {
        for cause in [Cause::Told, Cause::Idle, Cause::Screen, Cause::Sleep] {
            let mut lock = Lock::new(false, None, at(0));
            assert!(lock.lock(cause));
            assert!(!lock.lock(Cause::Told));
            assert_eq!(lock.cause(), Some(cause));
            lock.unlock(at(1));
            assert_eq!(lock.cause(), None);
        }
    }

    #[test]
    fn it_locks_when_nobody_used_the_window_for_long_enough_and_not_before() {
        let mut lock = Lock::new(false, Some(at(300)), at(10));
        assert!(!lock.tick(at(309)) && lock.cause().is_none());
        lock.used(at(300));
        assert!(!lock.tick(at(599)));
        assert!(lock.tick(at(600)));
        assert_eq!(lock.cause(), Some(Cause::Idle));
        assert!(!lock.tick(at(9999)), "it is locked already");
        lock.unlock(at(10_000));
        assert!(!lock.tick(at(10_299)));
        assert!(lock.tick(at(10_300)));
    }

    #[test]
    fn without_a_time_it_never_locks_by_itself_and_a_use_in_the_past_changes_nothing() {
        let mut lock = Lock::new(false, None, at(0));
        assert!(!lock.tick(at(1_000_000)));
        lock.set_idle_after(Some(at(60)));
        lock.used(at(100));
        lock.used(at(50));
        assert!(!lock.tick(at(159)) && lock.tick(at(160)));
    }
}
