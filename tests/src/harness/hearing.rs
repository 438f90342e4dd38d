//! Reading from a terminal or a pipe with a deadline, keeping every byte.
//!
//! Used by `Terminal` and `PamCall`. What must never happen: a read that waits for ever.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What came from a descriptor so far, and how much of it was looked at.
#[derive(Default)]
pub(super) struct Hearing {
    heard: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Hearing {
    /// Everything that came.
    pub(super) fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// Whether the other side closed.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads until `text` stands in what was not yet taken, and takes everything up to its end.
    /// `None` when the time ran out or the other side closed before.
    pub(super) fn until(&mut self, from: impl AsFd, text: &[u8], patience: Duration) -> Option<Vec<u8>> {
        let end = Instant::now() + patience;
        loop {
            let fresh = &self.heard[self.taken..];
            if let Some(at) = fresh.windows(text.len()).position(|window| window == text) {
                let taken = fresh[..at + text.len()].to_vec();
                self.taken += taken.len();
                return Some(taken);
            }
            if self.ended || Instant::now() > end {
                return None;
            }
            self.more(&from, end.saturating_duration_since(Instant::now()));
        }
    }

    /// Reads what comes within `patience`, once.
    pub(super) fn more(&mut self, from: impl AsFd, patience: Duration) {
        let mut fds = [PollFd::new(&from, PollFlags::IN)];
        let patience = Timespec::try_from(patience).unwrap();
        match poll(&mut fds, Some(&patience)) {
            Ok(0) | Err(Errno::INTR) => return,
            Ok(_) => {}
            Err(e) => panic!("poll: {e}"),
        }
        let mut buffer = [0; 4096];
        match rustix::io::read(&from, &mut buffer) {
            // A terminal whose last program closed it says EIO.
            Ok(0) | Err(Errno::IO) => self.ended = true,
            Ok(length) => self.heard.extend_from_slice(&buffer[..length]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(e) => panic!("read: {e}"),
        }
    }
}
