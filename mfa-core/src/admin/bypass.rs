//! What `mfactl bypass` asks and is told.

use crate::bypass::{BypassId, Consent, Standing, Uses};
use serde::{Deserialize, Serialize};

/// What an administrator asks about bypasses.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BypassAsk {
    /// Makes one; answered by [`super::AdminReply::BypassMade`].
    Make {
        /// Typed name of an account.
        user: String,
        /// Seconds it is good for.
        seconds: u64,
        /// How many logins it opens.
        uses: Uses,
        /// Why.
        reason: String,
    },
    /// Says yes to one that another administrator made.
    Consent {
        /// Whose.
        user: String,
        /// Which was looked at: another may have taken its place since.
        id: BypassId,
    },
    /// Ends one.
    Revoke {
        /// Whose.
        user: String,
    },
    /// A page of those that are not over; answered by [`super::AdminReply::Bypasses`].
    List {
        /// The last name of the page before.
        after: Option<String>,
    },
}

/// A bypass, as lists and `mfactl status` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BypassStatus {
    /// Whose: canonical name.
    pub user: String,
    /// Which: what consent has to name.
    pub id: BypassId,
    /// How it stands.
    pub standing: Standing,
    /// What was given as the reason.
    pub reason: String,
    /// Login uid of who made it.
    pub by_uid: u32,
    /// Seconds since 1970.
    pub made: u64,
    /// Seconds since 1970 from which it is over.
    pub until: u64,
    /// How many logins it opens.
    pub uses: Uses,
    /// How many it opened.
    pub used: u16,
    /// Whether another administrator has a say.
    pub consent: Consent,
}
