//! Codes by `oathtool`, an implementation that is not ours.

use super::program::Program;

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

    fn codes(&self, mode: &[String]) -> Vec<String> {
        let digits = format!("--digits={}", self.digits);
        // `-` has it read the key from its input.
        let ran = Program::new("oathtool").args(mode).args([&digits, "--base32", "-"]).run(&self.secret).ok();
        ran.stdout.lines().map(str::to_owned).collect()
    }
}
