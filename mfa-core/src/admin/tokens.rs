//! The frames about hardware tokens: `mfactl token`.

use crate::enrollment::FactorId;
use crate::otp::Algorithm;
use crate::secret::Secret;
use crate::stock::Away;
use crate::wire::Method;
use serde::{Deserialize, Serialize};

/// What an administrator asks about tokens. A serial number is taken as typed, in any case.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenAsk {
    /// Adds to what this connection is about to put in stock; answered by `AdminReply::Staged`.
    Stage {
        /// At most [`super::STAGED_AT_ONCE`].
        tokens: Vec<NewToken>,
    },
    /// Puts all that was staged in stock, or nothing.
    Commit {
        /// Whether secrets of 80 to 111 bits are taken.
        short_secrets: bool,
    },
    /// A page of the stock, in the order of serial numbers.
    List {
        /// The last serial number of the page before.
        after: Option<String>,
    },
    /// Gives a token to a user.
    Assign {
        /// Which.
        serial: String,
        /// To whom: typed name of an account.
        user: String,
        /// Whether it is pending until a code of it proves that it arrived.
        confirm: bool,
    },
    /// Takes it back from its holder.
    Unassign {
        /// Which.
        serial: String,
    },
    /// It is lost: taken from its holder, and given to nobody.
    Lost {
        /// Which.
        serial: String,
    },
    /// A lost one has turned up.
    Found {
        /// Which.
        serial: String,
    },
    /// Out of use for good: its key is wiped.
    Retire {
        /// Which.
        serial: String,
    },
    /// Sets the counter, or what is known of its clock, by two successive codes.
    Resync {
        /// Which.
        serial: String,
        /// As typed.
        first: Secret,
        /// The one after it.
        second: Secret,
    },
}

/// A token to be put in stock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// As printed on it.
    pub serial: String,
    /// What it is called; may be empty.
    pub name: String,
    /// Maker and model; may be empty.
    pub model: String,
    /// TOTP or HOTP.
    pub method: Method,
    /// Base32.
    pub secret: Secret,
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8.
    pub digits: u8,
    /// Seconds of a TOTP step; 0 for HOTP.
    pub period: u32,
    /// HOTP: the next counter; 0 for TOTP.
    pub counter: u64,
}

/// One token in `mfactl token list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedToken {
    /// As printed on it.
    pub serial: String,
    /// What it is called.
    pub name: String,
    /// Maker and model.
    pub model: String,
    /// TOTP or HOTP; `None` once its key is wiped.
    pub method: Option<Method>,
    /// Seconds since 1970 when it came into the stock.
    pub added: u64,
    /// Whose it is.
    pub holder: Option<String>,
    /// The holder's factor it is; `None` where an assignment was cut short.
    pub factor: Option<FactorId>,
    /// Whether a code of it still has to prove that it arrived.
    pub pending: bool,
    /// Seconds since 1970 when its holder got it.
    pub since: Option<u64>,
    /// Seconds since 1970 of the last accepted code.
    pub last_used: Option<u64>,
    /// TOTP: steps by which its clock is ahead of the host's.
    pub drift: i64,
    /// Why it cannot be handed out, where it cannot.
    pub away: Option<Away>,
}
