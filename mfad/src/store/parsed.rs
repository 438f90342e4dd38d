//! Enrolments as they were parsed last: a login reads its user's file for every step, and people who log in do so again.
//!
//! Called by the store, which looks at the file and checks it anew each time. What must never happen: an enrolment that is not what
//! the file says now, or more of them than a few. They are in the clear on the disk as well, for the same user alone.

use mfa_core::enrollment::Enrollment;
use rustix::fs::Stat;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many are kept, of some kilobytes each. When there is no room all are forgotten.
const MOST: usize = 256;

/// A file may be written twice within a tick of its clock (10 ms where it is coarse) and look the same: one that has changed
/// more lately than this is parsed each time.
const SETTLED: Duration = Duration::from_secs(1);

/// What changes when a file is replaced or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    pub(super) fn of(file: &Stat) -> Self {
        let nanoseconds = |part| i64::try_from(part).unwrap_or(-1);
        Self {
            device: file.st_dev,
            inode: file.st_ino,
            size: file.st_size,
            modified: (file.st_mtime, nanoseconds(file.st_mtime_nsec)),
            changed: (file.st_ctime, nanoseconds(file.st_ctime_nsec)),
        }
    }

    /// Whether any later write would show.
    fn has_settled(&self, now: SystemTime) -> bool {
        let changed =
            u64::try_from(self.changed.0).map_or(UNIX_EPOCH, |seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        // The part of a second is left out, hence one more. A clock that stands before the change says nothing.
        now.duration_since(changed).is_ok_and(|since| since > SETTLED + Duration::from_secs(1))
    }
}

#[derive(Debug, Default)]
pub(super) struct Parsed(Mutex<HashMap<String, (Seen, Enrollment)>>);

impl Parsed {
    /// Whether there is anything of this user to compare with.
    pub(super) fn has(&self, user: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(user)
    }

    /// What was parsed of this user's file, if it still looks the same.
    pub(super) fn known(&self, user: &str, seen: Seen) -> Option<Enrollment> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(user).filter(|(of, _)| *of == seen).map(|(_, enrollment)| enrollment.clone())
    }

    /// Keeps what was parsed of a file that was seen so before it was read.
    pub(super) fn keep(&self, user: &str, seen: Seen, enrollment: &Enrollment, now: SystemTime) {
        if !seen.has_settled(now) {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(user) {
            known.clear();
        }
        known.insert(user.to_owned(), (seen, enrollment.clone()));
    }

    /// The file was written or removed.
    pub(super) fn forget(&self, user: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::enrollment::StateId;

    const WRITTEN: i64 = 1_790_000_000;

    fn seen() -> Seen {
        Seen { device: 1, inode: 2, size: 3, modified: (WRITTEN, 4), changed: (WRITTEN, 5) }
    }

    fn of(name: &str) -> Enrollment {
        Enrollment::new(name, 1001, StateId::new([7; 16]))
    }

    fn at(seconds: i64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(u64::try_from(WRITTEN + seconds).unwrap())
    }

    #[test]
    fn what_changed_lately_or_in_the_future_is_parsed_again() {
        let (parsed, enrollment) = (Parsed::default(), of("alice"));
        for (seconds, kept) in [(-5, false), (0, false), (1, false), (2, false), (3, true), (100, true)] {
            parsed.forget("alice");
            parsed.keep("alice", seen(), &enrollment, at(seconds));
            assert_eq!(parsed.known("alice", seen()).is_some(), kept, "{seconds} seconds after the write");
        }
    }

    #[test]
    fn a_file_that_looks_otherwise_in_anything_is_parsed_again() {
        let (parsed, enrollment) = (Parsed::default(), of("alice"));
        parsed.keep("alice", seen(), &enrollment, at(100));
        let other = [
            Seen { device: 9, ..seen() },
            Seen { inode: 9, ..seen() },
            Seen { size: 9, ..seen() },
            Seen { modified: (WRITTEN, 9), ..seen() },
            Seen { changed: (WRITTEN, 9), ..seen() },
        ];
        assert!(other.into_iter().all(|other| parsed.known("alice", other).is_none()));
        assert!(parsed.known("bob", seen()).is_none());
        assert!(parsed.known("alice", seen()).is_some());
    }

    #[test]
    fn no_more_than_a_few_are_kept() {
        let parsed = Parsed::default();
        for n in 0..3 * MOST {
            let name = format!("user{n}");
            parsed.keep(&name, seen(), &of(&name), at(100));
            assert!(parsed.0.lock().unwrap().len() <= MOST);
            assert!(parsed.known(&name, seen()).is_some());
        }
    }
}
