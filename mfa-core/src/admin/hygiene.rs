//! What `mfactl hygiene` and `mfactl resume` ask and are told.

use crate::hygiene::Act;
use serde::{Deserialize, Serialize};

/// What an administrator asks about what lies idle.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HygieneAsk {
    /// Does what is due for some users, or only says it; answered by [`super::AdminReply::Hygiene`].
    Run {
        /// Only say it.
        dry_run: bool,
        /// The last name of the page before.
        after: Option<String>,
    },
    /// Takes back what hygiene suspended.
    Resume {
        /// Whose.
        user: String,
        /// Which factor or device; `None`: all of them.
        id: Option<String>,
    },
}

/// Something done, or to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HygieneChange {
    /// Whose: canonical name.
    pub user: String,
    /// Which factor or device.
    pub id: String,
    /// What the user calls it.
    pub label: String,
    /// What.
    pub act: Act,
    /// Whether any factor or device of the user's opens a login afterwards.
    pub opens: bool,
    /// Recovery codes left.
    pub recovery_left: u8,
}
