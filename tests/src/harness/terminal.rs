//! A program on a terminal of its own: what ssh, sudo and su insist on.
//!
//! Used by tests that type. The terminal is the program's controlling one, belongs to its user
//! and is 24 by 80.

use super::hearing::Hearing;
use super::program::{PATIENCE, Program, code};
use pty_process::Size;
use pty_process::blocking::Pty;
use std::io::Write;
use std::process::Child;
use std::time::{Duration, Instant};

/// A running program and everything its terminal showed. Dropping it kills the program, as a lost
/// connection would.
pub struct Terminal {
    pty: Pty,
    child: Child,
    screen: Hearing,
    patience: Duration,
}

/// How a program on a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code, or 128 and the signal that ended it.
    pub code: i32,
    /// Everything the terminal showed, from the first byte.
    pub transcript: Vec<u8>,
}

impl Ended {
    /// The transcript as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.transcript).into_owned()
    }
}

impl Terminal {
    /// Starts `program` on a new terminal. Each wait takes at most [`PATIENCE`].
    #[must_use]
    pub fn start(program: &Program) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a terminal");
        pty.resize(Size::new(24, 80)).unwrap();
        let child = program.on_a_terminal().spawn(pts).unwrap_or_else(|e| panic!("{program:?}: {e}"));
        Self { pty, child, screen: Hearing::default(), patience: PATIENCE }
    }

    /// Waits at most this long each time from now on.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits until `text` is shown after what was waited for before; what came up to it.
    ///
    /// # Panics
    /// When it does not come in time, with the whole transcript.
    pub fn expect(&mut self, text: &str) -> String {
        match self.screen.until(&self.pty, text.as_bytes(), self.patience) {
            Some(seen) => String::from_utf8_lossy(&seen).into_owned(),
            None => panic!("{text:?} was not shown; the transcript:\n{}", self.transcript_text()),
        }
    }

    /// Whether `text` is shown within `patience`.
    pub fn shows(&mut self, text: &str, patience: Duration) -> bool {
        self.screen.until(&self.pty, text.as_bytes(), patience).is_some()
    }

    /// Types a line.
    pub fn line(&mut self, text: &str) {
        self.keys(format!("{text}\n").as_bytes());
    }

    /// Types these bytes; `b"\x03"` is ^C.
    pub fn keys(&mut self, keys: &[u8]) {
        self.pty.write_all(keys).unwrap();
    }

    /// Waits until the program sleeps in a read of its terminal: only then does it notice a key that interrupts. The kernel's
    /// name for that sleep is `n_tty_read`'s own, `wait_woken`.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn is_being_read(&self) {
        let wchan = format!("/proc/{}/wchan", self.pid());
        let end = Instant::now() + self.patience;
        while std::fs::read_to_string(&wchan).unwrap() != "wait_woken" {
            assert!(Instant::now() < end, "the terminal is not read; the transcript:\n{}", self.transcript_text());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for `prompt` and types `answer`.
    pub fn answer(&mut self, prompt: &str, answer: &str) {
        self.expect(prompt);
        self.line(answer);
    }

    /// The process id of the program.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Everything shown so far.
    #[must_use]
    pub fn transcript(&self) -> &[u8] {
        self.screen.heard()
    }

    /// Waits for the program's end.
    ///
    /// # Panics
    /// When it does not end in time, with the whole transcript.
    #[must_use]
    pub fn finish(mut self) -> Ended {
        let end = Instant::now() + self.patience;
        loop {
            // The end is looked at before the screen: what was shown before it is then read.
            let status = self.child.try_wait().unwrap();
            self.screen.more(&self.pty, Duration::from_millis(if status.is_some() { 0 } else { 20 }));
            if let Some(status) = status {
                self.rest();
                return Ended { code: code(status), transcript: self.screen.heard().to_vec() };
            }
            assert!(Instant::now() < end, "it did not end; the transcript:\n{}", self.transcript_text());
            if self.screen.ended() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// Types these keys until the program ends, again every few seconds: a program that flushes its terminal just then
    /// loses what was typed ahead, as it does to a person.
    ///
    /// # Panics
    /// When it does not end in time, with the whole transcript.
    #[must_use]
    pub fn finish_by(mut self, keys: &[u8]) -> Ended {
        for _ in 0..5 {
            // The program may end, and its terminal with it, just before.
            let _ = self.pty.write_all(keys);
            let end = Instant::now() + Duration::from_secs(5);
            while Instant::now() < end {
                if self.child.try_wait().unwrap().is_some() {
                    return self.finish();
                }
                self.screen.more(&self.pty, Duration::from_millis(20));
                if self.screen.ended() {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
        self.finish()
    }

    fn rest(&mut self) {
        loop {
            let before = self.screen.heard().len();
            self.screen.more(&self.pty, Duration::ZERO);
            if self.screen.ended() || self.screen.heard().len() == before {
                return;
            }
        }
    }

    fn transcript_text(&self) -> String {
        String::from_utf8_lossy(self.screen.heard()).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After `finish` both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
