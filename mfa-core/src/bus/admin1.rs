//! `Admin1`: what `mfactl` does, for other programs. For root, and for whom polkit lets manage users.

use super::{Error, OwnFactors};
use serde::{Deserialize, Serialize};
use zbus::proxy;
use zbus::zvariant::Type;

/// Served by mfad at [`super::DAEMON_PATH`]. Every method asks polkit about `manage-users` where the caller is not root; nothing is
/// looked up before. Times are seconds since 1970; 0 where there is none. Imports, `rename`, `purge` and the audit chain are
/// `mfactl`'s alone.
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

    /// The last lines of the audit trail about `user` (empty: everybody) since a time: one page, newest last.
    #[zbus(allow_interactive_auth)]
    fn log(&self, user: &str, since: u64) -> Result<Vec<String>, Error>;
}

/// One user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct UserListed {
    /// Canonical name.
    pub user: String,
    /// Enrolled uid; 4294967295 where the file cannot be read.
    pub uid: u32,
    /// Whether there is a confirmed factor or a device.
    pub enrolled: bool,
    /// `off`, `optional`, `required` or `approved`.
    pub required: String,
    /// From when a factor is required, where that is to come.
    pub deadline: u64,
    /// Of the last login with a factor.
    pub last_login: u64,
}

/// One hardware token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TokenShown {
    /// Its serial number.
    pub serial: String,
    /// What it is, as its maker calls it.
    pub model: String,
    /// Whose it is; empty: nobody's.
    pub holder: String,
    /// `stock`, `held`, `lost` or `retired`.
    pub state: String,
    /// When it last opened a login.
    pub last_used: u64,
}

/// One remembered login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct GrantShown {
    /// Its name.
    pub id: String,
    /// Of which kind of service.
    pub kind: String,
    /// From where.
    pub source: String,
    /// Seconds for which it still holds.
    pub left: u64,
}
