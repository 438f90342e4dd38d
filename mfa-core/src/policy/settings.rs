//! What can be asked of a login.

use crate::wire::Method;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The answers one login may give before it is refused, unless policy says less (1 to 5).
pub const TRIES: u8 = 3;

/// What may answer, unless policy says less.
pub const ALL_METHODS: [Method; 4] = [Method::Totp, Method::Hotp, Method::Recovery, Method::Push];

/// What is asked of a login. Ordered: the later is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// Nothing.
    Off,
    /// A factor from those who have one.
    Optional,
    /// A factor from everybody; who has none is refused.
    Required,
    /// A factor from everybody, and the approval of others.
    Approved,
}

impl fmt::Display for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
            Self::Approved => "approved",
        })
    }
}

/// What can be enrolled in the login itself, after the first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// An authenticator app, by QR code or key.
    App,
    /// A hardware token of the stock, by its serial number.
    Token,
    /// A desktop that waits to be paired.
    Desktop,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Token => "token",
            Self::Desktop => "desktop",
        })
    }
}

/// Seconds of the longest remembered login (NIST SP 800-63B-4 §2.2.3: at AAL2 a day at most).
pub(super) const LONGEST_REMEMBER: u64 = 24 * 3600;

/// Seconds of the shortest time a login can be given: somebody has to take out a telephone.
pub(super) const SHORTEST_TIME: u64 = 20;

/// Who must approve a login besides its own user, who never counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvers {
    /// The group whose members may.
    pub group: String,
    /// How many of them must, 1 to [`MOST_APPROVERS`].
    pub count: u8,
}

/// Most approvals one login may need.
pub(super) const MOST_APPROVERS: u8 = 5;

impl fmt::Display for Approvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count, self.group)
    }
}
