//! `Admin1`: what `mfactl` does, for other programs. For root, and for whom polkit lets manage users.

mod shown;

pub use shown::{BypassShown, FactorGiven, GrantShown, HygieneShown, OtpGiven, TokenGiven, TokenShown, UserListed};

use super::{Error, OwnFactors};
use zbus::proxy;

/// Served by mfad at [`super::DAEMON_PATH`]. Where the caller is not root, every method asks polkit about `manage-users`, or
/// `manage-bypasses` where it says so; nothing is looked up before. Times are seconds since 1970; 0 where there is none.
#[proxy(
    interface = "io.github.pam_mfa.Admin1",
    default_service = "io.github.pam_mfa.Daemon",
    default_path = "/io/github/pam_mfa/Daemon"
)]
pub trait Admin1 {
    /// One user's name, uid, and factors.
    #[zbus(allow_interactive_auth)]
    fn status(&self, user: &str) -> Result<(String, u32, OwnFactors), Error>;

    /// A page of the users for whom every condition fits: `unenrolled`, `overdue`, `locked`, `suspended`; `inactive_since` is
    /// a time or 0. `after` is the last name of the page before, and the answer's second part where to go on; empty: the end.
    #[zbus(allow_interactive_auth)]
    fn list(&self, conditions: &[&str], inactive_since: u64, after: &str) -> Result<(Vec<UserListed>, String), Error>;

    /// Sets what is required of `whom`: a user, `@group`, or `*` for everybody; `level` is `optional` or `required`, from
    /// `after` on. An empty level lifts it. What was done, in words.
    #[zbus(allow_interactive_auth)]
    fn require(&self, whom: &str, level: &str, after: u64) -> Result<String, Error>;

    /// Removes all factors, devices and recovery codes; with a time, a factor is required from then on.
    #[zbus(allow_interactive_auth)]
    fn reset(&self, user: &str, after: u64) -> Result<String, Error>;

    /// Forgets failures, enables factors.
    #[zbus(allow_interactive_auth)]
    fn unlock(&self, user: &str) -> Result<String, Error>;

    /// Adds a generator of codes, `totp` or `hotp`, that waits for [`Admin1Proxy::confirm`]: its name and its otpauth URI, which
    /// is told this once.
    #[zbus(allow_interactive_auth)]
    fn enroll(&self, user: &str, method: &str, label: &str) -> Result<(String, String), Error>;

    /// Takes it into use by one of its codes; recovery codes, where these are the first.
    #[zbus(allow_interactive_auth)]
    fn confirm(&self, user: &str, factor: &str, code: &str) -> Result<Vec<String>, Error>;

    /// Removes a generator of codes.
    #[zbus(allow_interactive_auth)]
    fn remove_factor(&self, user: &str, factor: &str) -> Result<String, Error>;

    /// New recovery codes; the old ones die.
    #[zbus(allow_interactive_auth)]
    fn regenerate_recovery_codes(&self, user: &str) -> Result<Vec<String>, Error>;

    /// A single-use ticket for a first factor or device, and the seconds it is good for.
    #[zbus(allow_interactive_auth)]
    fn ticket(&self, user: &str) -> Result<(String, u64), Error>;

    /// Suspends a device, or removes it.
    #[zbus(allow_interactive_auth)]
    fn set_device_aside(&self, user: &str, device: &str, revoke: bool) -> Result<String, Error>;

    /// A page of the stock of hardware tokens, as [`Admin1Proxy::list`] pages users.
    #[zbus(allow_interactive_auth)]
    fn tokens(&self, after: &str) -> Result<(Vec<TokenShown>, String), Error>;

    /// Gives a token to a user; it waits for one of its codes. The factor it is.
    #[zbus(allow_interactive_auth)]
    fn assign_token(&self, serial: &str, user: &str) -> Result<String, Error>;

    /// Takes a token back; `lost`: it opens nothing until it is found.
    #[zbus(allow_interactive_auth)]
    fn take_token(&self, serial: &str, lost: bool) -> Result<String, Error>;

    /// A user's remembered logins.
    #[zbus(allow_interactive_auth)]
    fn grants(&self, user: &str) -> Result<Vec<GrantShown>, Error>;

    /// Forgets one of them, or all where `grant` is empty.
    #[zbus(allow_interactive_auth)]
    fn revoke_grants(&self, user: &str, grant: &str) -> Result<String, Error>;

    /// What a login of `user` by `service` from `rhost` (empty: at this machine) would meet: what is required, the line that
    /// says so, and the methods that may answer.
    #[zbus(allow_interactive_auth)]
    fn explain(&self, service: &str, user: &str, rhost: &str) -> Result<(String, String, Vec<String>), Error>;

    /// The same at another time, in seconds since 1970.
    fn explain_at(
        &self,
        service: &str,
        user: &str,
        rhost: &str,
        at: u64,
    ) -> Result<(String, String, Vec<String>), Error>;

    /// The first page of the audit trail about `user` (empty: everybody) since a time, oldest line first.
    #[zbus(allow_interactive_auth)]
    fn log(&self, user: &str, since: u64) -> Result<Vec<String>, Error>;

    /// The same from where the page before ended (empty: from the beginning), and where to go on; empty: the end.
    #[zbus(allow_interactive_auth)]
    fn log_from(&self, user: &str, since: u64, from: &str) -> Result<(Vec<String>, String), Error>;

    /// Walks the audit trail: records read, the SHA-256 of the last one in hex, and what is wrong; nothing: it is whole.
    #[zbus(allow_interactive_auth)]
    fn verify_log(&self) -> Result<(u64, String, Vec<String>), Error>;

    /// Makes a bypass for so many seconds and logins (0: any number), for a reason: its code, which is told this once, and how it
    /// stands. Asks polkit about `manage-bypasses`.
    #[zbus(allow_interactive_auth)]
    fn make_bypass(&self, user: &str, seconds: u64, uses: u16, reason: &str) -> Result<(String, BypassShown), Error>;

    /// Says yes to one that another administrator made, by the `id` it was shown with: another may have taken its place since.
    /// Asks polkit about `manage-bypasses`.
    #[zbus(allow_interactive_auth)]
    fn consent_to_bypass(&self, user: &str, id: &str) -> Result<String, Error>;

    /// Ends one.
    #[zbus(allow_interactive_auth)]
    fn revoke_bypass(&self, user: &str) -> Result<String, Error>;

    /// A page of those that are not over.
    #[zbus(allow_interactive_auth)]
    fn bypasses(&self, after: &str) -> Result<(Vec<BypassShown>, String), Error>;

    /// Does for a page of users what `[hygiene]` in the policy says is due, or only says it: what was done, and where to go on.
    #[zbus(allow_interactive_auth)]
    fn hygiene(&self, dry_run: bool, after: &str) -> Result<(Vec<HygieneShown>, String), Error>;

    /// Takes back what hygiene suspended: a factor, a device, or all where `id` is empty.
    #[zbus(allow_interactive_auth)]
    fn resume(&self, user: &str, id: &str) -> Result<String, Error>;

    /// Puts tokens in stock, all or none; `short_secrets`: keys of 80 to 111 bits are taken.
    #[zbus(allow_interactive_auth)]
    fn add_tokens(&self, tokens: &[TokenGiven], short_secrets: bool) -> Result<String, Error>;

    /// A lost token has turned up.
    #[zbus(allow_interactive_auth)]
    fn find_token(&self, serial: &str) -> Result<String, Error>;

    /// Takes a token out of use for good; its key is wiped.
    #[zbus(allow_interactive_auth)]
    fn retire_token(&self, serial: &str) -> Result<String, Error>;

    /// Sets a held token's counter or clock right by two codes that follow one another.
    #[zbus(allow_interactive_auth)]
    fn resync_token(&self, serial: &str, first: &str, second: &str) -> Result<String, Error>;

    /// The same of a user's factor; empty where there is one.
    #[zbus(allow_interactive_auth)]
    fn resync(&self, user: &str, factor: &str, first: &str, second: &str) -> Result<String, Error>;

    /// Tries a code as a login would; an accepted one is spent: whether it was accepted, why, by which method, and the seconds to
    /// wait where it was not looked at.
    #[zbus(allow_interactive_auth)]
    fn verify(&self, user: &str, code: &str) -> Result<(bool, String, String, u64), Error>;

    /// Accepts that a user's record of used codes is lost: they could be used again.
    #[zbus(allow_interactive_auth)]
    fn adopt(&self, user: &str) -> Result<String, Error>;

    /// Moves an enrolment to the account's new name.
    #[zbus(allow_interactive_auth)]
    fn rename(&self, from: &str, to: &str) -> Result<String, Error>;

    /// A page of enrolments whose account is gone. A page may be empty and not the last.
    #[zbus(allow_interactive_auth)]
    fn orphans(&self, after: &str) -> Result<(Vec<String>, String), Error>;

    /// Removes them, a page at a time: which.
    #[zbus(allow_interactive_auth)]
    fn purge(&self, after: &str) -> Result<(Vec<String>, String), Error>;

    /// Takes factors over from another product, all or none; `short_secrets` as in [`Admin1Proxy::add_tokens`].
    #[zbus(allow_interactive_auth)]
    fn import(&self, factors: &[FactorGiven], short_secrets: bool) -> Result<String, Error>;

    /// What is required where no rule is for a login; of everybody, and from when; of groups: name, level, from when.
    #[zbus(allow_interactive_auth)]
    fn requirements(&self) -> Result<(String, String, u64, Vec<(String, String, u64)>), Error>;

    /// Those of these accounts (name, uid, gid) that have no file: lists name those that have one.
    #[zbus(allow_interactive_auth)]
    fn unlisted(&self, accounts: &[(&str, u32, u32)]) -> Result<Vec<UserListed>, Error>;

    /// mfad's version, the policy files in force, weakest first, and why those on the disk were refused, where they were.
    #[zbus(allow_interactive_auth)]
    fn about(&self) -> Result<(String, Vec<String>, String), Error>;
}
