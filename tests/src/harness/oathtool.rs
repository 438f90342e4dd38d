//! Codes by `oathtool`, an implementation that is not ours.

use super::program::Program;
use mfa_core::otp::{LOOK_AHEAD, LOOK_BACK};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A factor's parameters; [`Oathtool::new`] has what authenticator apps have.
#[derive(Debug, Clone)]
pub struct Oathtool {
    secret: String,
    algorithm: String,
    digits: u8,
    step: u32,
}

impl Oathtool {
    /// SHA-1, six digits, thirty seconds, for a base32 secret.
    #[must_use]
    pub fn new(base32: &str) -> Self {
        Self { secret: base32.to_owned(), algorithm: "sha1".to_owned(), digits: 6, step: 30 }
    }

    /// Another hash: `sha1`, `sha256` or `sha512` (TOTP only).
    #[must_use]
    pub fn algorithm(mut self, algorithm: &str) -> Self {
        algorithm.clone_into(&mut self.algorithm);
        self
    }

    /// Another number of digits, 6 to 8.
    #[must_use]
    pub fn digits(mut self, digits: u8) -> Self {
        self.digits = digits;
        self
    }

    /// Another time step, in seconds.
    #[must_use]
    pub fn step(mut self, seconds: u32) -> Self {
        self.step = seconds;
        self
    }

    /// The TOTP code of a Unix time, in seconds.
    #[must_use]
    pub fn totp(&self, unix_time: i64) -> String {
        let time = format!("--now=@{unix_time}");
        let step = format!("--time-step-size={}s", self.step);
        self.codes(&[format!("--totp={}", self.algorithm), time, step]).remove(0)
    }

    /// The HOTP code of a counter.
    #[must_use]
    pub fn hotp(&self, counter: u64) -> String {
        self.hotps(counter, 1).remove(0)
    }

    /// The HOTP codes of `count` counters from `first` on.
    #[must_use]
    pub fn hotps(&self, first: u64, count: u64) -> Vec<String> {
        self.codes(&["--hotp".to_owned(), format!("--counter={first}"), format!("--window={}", count - 1)])
    }

    /// The HOTP codes of the first `count` counters whose code is that of no counter close by. Once in some ten thousand logins one is:
    /// mfad goes on behind the later counter, and takes the code for a replay behind the earlier.
    #[must_use]
    pub fn lone_hotps(&self, count: usize) -> Vec<String> {
        let all = self.hotps(0, u64::try_from(count).unwrap() + 100);
        let near = usize::try_from(LOOK_AHEAD.max(LOOK_BACK)).unwrap();
        let is_lone = |at: usize| {
            let around = at.saturating_sub(near)..(at + near + 1).min(all.len());
            all[around].iter().filter(|code| **code == all[at]).count() == 1
        };
        (0..all.len()).filter(|at| is_lone(*at)).map(|at| all[at].clone()).take(count).collect()
    }

    fn codes(&self, mode: &[String]) -> Vec<String> {
        let digits = format!("--digits={}", self.digits);
        // `-` has it read the key from its input.
        let ran = Program::new("oathtool").args(mode).args([&digits, "--base32", "-"]).run(&self.secret).ok();
        ran.stdout.lines().map(str::to_owned).collect()
    }
}

impl Oathtool {
    /// A code that is none of this key's within five steps of `unix_time`, nor of its first fifty counters.
    #[must_use]
    pub fn wrong(&self, unix_time: i64) -> String {
        let mut own = self.hotps(0, 50);
        own.extend((-5..=5).map(|n| self.totp(unix_time + n * i64::from(self.step))));
        let candidates = (0..).map(|n| format!("{n:0width$}", width = usize::from(self.digits)));
        candidates.skip(100_000).find(|code| !own.contains(code)).expect("there are more codes than that")
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The same, at a moment with at least twelve seconds to the end of a step of thirty: a code made
/// now and its neighbours keep their places while they are typed. Waits for it.
#[must_use]
pub fn calm_now() -> i64 {
    while now() % 30 > 18 {
        std::thread::sleep(Duration::from_millis(100));
    }
    now()
}
