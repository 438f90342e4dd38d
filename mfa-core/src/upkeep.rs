//! What hygiene keeps of a factor or a device, in the enrolment file beside it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why hygiene suspended something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It was not used for too long.
    Unused,
    /// It was to be renewed, and was not.
    Old,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unused => "it was not used for so long",
            Self::Old => "it was not renewed in time",
        })
    }
}

/// That hygiene suspended it: it opens nothing until an administrator resumes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Seconds since 1970.
    pub at: u64,
    /// Why.
    pub why: Why,
}

/// What hygiene keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upkeep {
    /// It is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// Seconds since 1970 from which on it is to be suspended: it is old, and its user was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stops: Option<u64>,
    /// Seconds since 1970 when it was last taken back: it counts as used then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<u64>,
}

impl Upkeep {
    /// Whether nothing is kept.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// Takes it back at `wall`, as if it had been used then.
    pub fn resume(&mut self, wall: u64) {
        *self = Self { suspended: None, stops: None, resumed: Some(wall) };
    }
}
