//! The names of factors, which files, events and signed approvals carry.
//!
//! What must never happen: a name being used again, for another factor.

use crate::wire::Method;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a factor within its user: `totp-` or `hotp-` and eight random hex digits, never used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactorId(String);

impl FactorId {
    /// A new name for a factor of this method.
    #[must_use]
    pub fn new(method: Method, random: [u8; 4]) -> Self {
        Self(format!("{method}-{:08x}", u32::from_be_bytes(random)))
    }

    /// The set of recovery codes, where a factor is named.
    #[must_use]
    pub fn recovery() -> Self {
        Self(String::from("recovery"))
    }

    /// The code of a bypass, where its failures are counted.
    #[must_use]
    pub fn bypass() -> Self {
        Self(String::from("bypass"))
    }

    /// All devices together, where the failures of their answers are counted.
    #[must_use]
    pub fn push() -> Self {
        Self(String::from("push"))
    }

    /// A name typed by a person.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for FactorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
