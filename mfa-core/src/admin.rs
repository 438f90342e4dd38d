//! The administration frames: what `mfactl` asks of mfad over the root socket, or of the same code
//! offline.
//!
//! The envelope is that of [`crate::wire`]. Lists are paged by cursor and imports staged in chunks, so that no
//! frame outgrows its limit. What must never happen: a secret in a reply other than the one that made it.

mod bypass;
mod hygiene;
mod shown;
mod tokens;

pub use bypass::{BypassAsk, BypassStatus};
pub use hygiene::{HygieneAsk, HygieneChange};
pub use shown::{
    DeviceStatus, Explanation, FactorStatus, Filter, GrantListed, ListedUser, Outcome, Somebody, UserStatus,
};
pub use tokens::{ListedToken, NewToken, TokenAsk};

use crate::enrollment::FactorId;
use crate::otp::Algorithm;
use crate::policy::{Require, Requirement};
use crate::secret::Secret;
use crate::wire::{Context, Method, Reason};
use serde::{Deserialize, Serialize};

/// One call. A connection carries any number of them, one at a time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Call {
    /// The only kind of call.
    Admin {
        /// The login uid of who typed it, for the audit trail; the peer's uid where there is none.
        by: Option<u32>,
        /// What is asked.
        ask: AdminAsk,
    },
}

/// What an administrator asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminAsk {
    /// Adds a factor with a secret made here.
    Enroll {
        /// Typed name of an account.
        user: String,
        /// Its parameters.
        factor: NewFactor,
        /// Whether it is pending until [`AdminAsk::Confirm`].
        confirm: bool,
    },
    /// A code of a pending factor. A wrong one changes nothing.
    Confirm {
        /// Whose.
        user: String,
        /// Which.
        factor: FactorId,
        /// As typed.
        code: Secret,
    },
    /// One user's state.
    Status {
        /// Whose.
        user: String,
    },
    /// A page of the users with a file whom the filter lets by, in the order of their names.
    List {
        /// Which.
        filter: Filter,
        /// The last name of the page before.
        after: Option<String>,
    },
    /// Removes a factor; with the last one go the recovery codes.
    RemoveFactor {
        /// Whose.
        user: String,
        /// Which.
        factor: FactorId,
    },
    /// New recovery codes; the old ones die.
    NewRecovery {
        /// Whose.
        user: String,
    },
    /// Removes all factors and recovery codes; what was required stays required.
    Reset {
        /// Whose.
        user: String,
        /// A factor is required anew from then on, in seconds since 1970.
        after: Option<u64>,
    },
    /// Forgets failures, re-enables factors.
    Unlock {
        /// Whose.
        user: String,
    },
    /// Tries a code as a login would; an accepted one is spent.
    Verify {
        /// Whose.
        user: String,
        /// As typed.
        code: Secret,
    },
    /// Accepts that the state was lost: HOTP and recovery codes are evaluated again.
    Adopt {
        /// Whose.
        user: String,
    },
    /// Sets an HOTP counter ahead, or a TOTP mark that the clock raised back, by two successive codes.
    Resync {
        /// Whose.
        user: String,
        /// Which; may be left out where there is one.
        factor: Option<FactorId>,
        /// As typed.
        first: Secret,
        /// The one after it.
        second: Secret,
    },
    /// A single-use ticket by which the user pairs a first device.
    Ticket {
        /// Whose.
        user: String,
    },
    /// Suspends a device (it may be taken back by pairing anew), or removes it.
    Device {
        /// Whose.
        user: String,
        /// Which.
        device: String,
        /// Whether it is removed for good.
        revoke: bool,
    },
    /// About hardware tokens.
    Token(TokenAsk),
    /// A user's remembered logins.
    Grants {
        /// Whose.
        user: String,
    },
    /// Forgets remembered logins.
    RevokeGrants {
        /// Whose.
        user: String,
        /// Which; `None`: all.
        id: Option<String>,
    },
    /// About bypasses.
    Bypass(BypassAsk),
    /// About factors that nobody uses or renews.
    Hygiene(HygieneAsk),
    /// Moves an enrolment to the account's new name.
    Rename {
        /// The name in the file.
        from: String,
        /// The account's name now.
        to: String,
    },
    /// A page of enrolments without an account.
    Orphans {
        /// The last name of the page before.
        after: Option<String>,
        /// Whether to remove them.
        purge: bool,
    },
    /// Sets or lifts a requirement.
    Require {
        /// Of whom.
        whom: Whom,
        /// `None` lifts it.
        require: Option<Requirement>,
    },
    /// What is required of everybody and of groups.
    Requirements,
    /// Those of these accounts that have no file, as a list shows them; answered by [`AdminReply::Page`].
    Unlisted {
        /// As the name service has them.
        people: Vec<Somebody>,
    },
    /// What a login would meet.
    Explain {
        /// As the module would tell it; what is typed as the user's name is looked up.
        context: Context,
        /// When, in seconds since 1970; `None`: now.
        at: Option<u64>,
    },
    /// Adds to what this connection is about to import; answered by [`AdminReply::Staged`].
    Stage {
        /// At most [`STAGED_AT_ONCE`].
        entries: Vec<ImportEntry>,
    },
    /// Imports all that was staged, or nothing.
    Commit {
        /// Whether secrets of 80 to 111 bits are taken.
        short_secrets: bool,
    },
    /// A page of audit lines.
    Log {
        /// Only about this user.
        user: Option<String>,
        /// Only from this time on, seconds since 1970.
        since: Option<u64>,
        /// Where the page before ended.
        after: Option<LogCursor>,
    },
    /// Walks the audit chain.
    LogVerify,
    /// Whether mfad answers, and what it runs with.
    Ping,
}

/// Parameters of a factor to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFactor {
    /// TOTP or HOTP.
    pub method: Method,
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8.
    pub digits: u8,
    /// Seconds of a TOTP step.
    pub period: u32,
    /// What the user calls it.
    pub label: String,
}

/// Of whom something is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// One user.
    User(String),
    /// The members of a group.
    Group(String),
    /// Everybody.
    All,
}

/// A factor taken from another product's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEntry {
    /// Account name.
    pub user: String,
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
    /// What the user calls it.
    pub label: String,
    /// TOTP: the last step that may have been used; `None`: none was.
    pub mark: Option<u64>,
    /// HOTP: the next counter.
    pub counter: Option<u64>,
}

/// Most entries of one [`AdminAsk::Stage`]: the reasons against all of them fit a frame.
pub const STAGED_AT_ONCE: usize = 32;

/// An entry that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfit {
    /// Its place in the call, from 0.
    pub index: usize,
    /// What is the matter.
    pub why: String,
}

/// Where a page of the audit trail ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogCursor {
    /// Number of the file.
    pub file: u64,
    /// Byte offset in it.
    pub offset: u64,
}

/// mfad's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminReply {
    /// Done; what was done, in words.
    Done {
        /// One line.
        text: String,
    },
    /// Not done, and nothing changed.
    Refused {
        /// What is the matter and what to do.
        why: String,
    },
    /// A factor was made. Its secret is told this once.
    Enrolled {
        /// Canonical account name.
        user: String,
        /// Its name.
        factor: FactorId,
        /// otpauth URI.
        uri: Secret,
        /// Base32.
        secret: Secret,
        /// New recovery codes, where the factor is confirmed and there were none.
        recovery: Vec<Secret>,
        /// Factors of the same name that were never confirmed, and are gone.
        replaced: Vec<FactorId>,
    },
    /// Entries were checked against accounts and files, and those that fit staged.
    Staged {
        /// Those that do not; they are left out.
        refused: Vec<Unfit>,
    },
    /// Recovery codes, told this once.
    Recovery {
        /// Ten of them, or none where the user keeps the old set.
        codes: Vec<Secret>,
    },
    /// One user's state.
    Status(Box<UserStatus>),
    /// A page of users.
    Page {
        /// In the order of names.
        users: Vec<ListedUser>,
        /// Where the next page begins; `None`: this was the last.
        next: Option<String>,
    },
    /// What is required of everybody and of groups.
    Requirements {
        /// For logins no rule is for, by the policy files.
        policy: Require,
        /// Of everybody.
        all: Option<Requirement>,
        /// Of groups, by name.
        groups: Vec<(String, Requirement)>,
    },
    /// Remembered logins.
    Grants {
        /// Whose: canonical name.
        user: String,
        /// Those that hold.
        grants: Vec<GrantListed>,
    },
    /// A page of the stock of tokens.
    Tokens {
        /// In the order of serial numbers.
        tokens: Vec<ListedToken>,
        /// Where the next page begins; `None`: this was the last.
        next: Option<String>,
    },
    /// A token was given to a user.
    Assigned {
        /// Canonical account name.
        user: String,
        /// The token's serial number.
        serial: String,
        /// The factor it is.
        factor: FactorId,
        /// New recovery codes, where the factor is in use and there were none.
        recovery: Vec<Secret>,
    },
    /// A ticket, told this once.
    Ticket {
        /// As it is to be typed.
        ticket: Secret,
        /// Seconds it is good for.
        seconds: u64,
    },
    /// A bypass was made. Its code is told this once.
    BypassMade {
        /// As it is to be typed.
        code: Secret,
        /// The bypass.
        bypass: BypassStatus,
    },
    /// A page of bypasses.
    Bypasses {
        /// Those that are not over, in the order of names.
        bypasses: Vec<BypassStatus>,
        /// Where the next page begins.
        next: Option<String>,
    },
    /// A page of what was done about factors nobody uses or renews, or would be.
    Hygiene {
        /// In the order of names.
        changes: Vec<HygieneChange>,
        /// Where the next page begins.
        next: Option<String>,
    },
    /// A code was judged.
    Judged {
        /// Whether it was accepted.
        accepted: bool,
        /// Why.
        reason: Reason,
        /// By which method.
        method: Method,
        /// Seconds to wait, where it was not evaluated.
        wait: u64,
    },
    /// What a login would meet.
    Explained(Box<Explanation>),
    /// A page of names.
    Names {
        /// In order.
        names: Vec<String>,
        /// Where the next page begins.
        next: Option<String>,
    },
    /// A page of audit lines, as they stand in the file.
    Lines {
        /// JSON, one each.
        lines: Vec<String>,
        /// Where the next page begins.
        next: Option<LogCursor>,
    },
    /// The audit chain was walked.
    Chain {
        /// Records read.
        records: u64,
        /// SHA-256 of the last record, hex: compare it with one kept elsewhere to see a cut-off tail.
        head: String,
        /// What is wrong, with file and line; empty: nothing.
        broken: Vec<String>,
    },
    /// mfad is here.
    Pong {
        /// Its version.
        version: String,
        /// Its process id.
        pid: u32,
        /// The policy files in force, weakest first.
        config: Vec<String>,
        /// The configuration on disk was refused; the one in force is older.
        refused: Option<String>,
    },
}
