//! `Factors1`: a user's own factors. The caller's uid is the bus's word, and not enough for a change.

use super::Error;
use serde::{Deserialize, Serialize};
use zbus::proxy;
use zbus::zvariant::Type;

/// Served by mfad at [`super::DAEMON_PATH`].
#[proxy(
    interface = "io.github.pam_mfa.Factors1",
    default_service = "io.github.pam_mfa.Daemon",
    default_path = "/io/github/pam_mfa/Daemon"
)]
pub trait Factors1 {
    /// The caller's factors, and what is required.
    fn list(&self) -> Result<OwnFactors, Error>;

    /// Makes a generator of codes: `method` is `totp` or `hotp`. It waits for [`Factors1Proxy::confirm`]; one of the same method
    /// and label that waits already is replaced. Its name, and the otpauth URI that holds its key, which is told this once.
    /// `proof` is a fresh code, a recovery code, an administrator's ticket or a challenge's name. Empty, from one who has no
    /// factor yet, polkit is asked (`enroll-own`) where policy lets a factor be set up and none is required yet.
    #[zbus(allow_interactive_auth)]
    fn enroll(&self, method: &str, label: &str, proof: &str) -> Result<(String, String), Error>;

    /// Takes a factor that waits into use by one of its codes. Ten recovery codes where these are the first, told this once.
    fn confirm(&self, factor: &str, code: &str) -> Result<Vec<String>, Error>;

    /// Takes a hardware token from the stock by its serial number and one of its codes; its name as a factor, and recovery codes
    /// as [`Factors1Proxy::confirm`] gives them. `proof` as for [`Factors1Proxy::enroll`].
    #[zbus(allow_interactive_auth)]
    fn enroll_token(&self, serial: &str, code: &str, proof: &str) -> Result<(String, Vec<String>), Error>;

    /// Calls a factor or a device something else.
    fn rename(&self, factor: &str, label: &str) -> Result<(), Error>;

    /// Says by which method to be asked first: `totp`, `hotp` or `push`; empty: as policy says.
    fn prefer(&self, method: &str) -> Result<(), Error>;

    /// Removes a generator of codes, unless it is the last factor that opens a login.
    fn remove(&self, factor: &str, proof: &str) -> Result<(), Error>;

    /// Removes all factors, devices and recovery codes. Where a factor is required, a ticket by which the next one can be set up
    /// within ten minutes; else nothing.
    fn disable(&self, proof: &str) -> Result<String, Error>;

    /// New recovery codes, told this once; the old ones die.
    fn regenerate_recovery_codes(&self, proof: &str) -> Result<Vec<String>, Error>;

    /// Tries a code as a login would, in the budget of the user's own programs; an accepted one is spent.
    fn verify(&self, code: &str) -> Result<(), Error>;

    /// Asks the user's devices for a yes to one change of factors: `purpose` is `add-device` with the new key's
    /// fingerprint (SHA-256, 64 hex digits) as `subject`, `suspend-device` with the device's name, which is not asked
    /// itself, `remove-factor` with the factor's, or `add-factor`, `renew-recovery`, `disable` without one. Gives the challenge's name, which is the proof for that change alone, once, and the number to type on the
    /// device.
    fn challenge(&self, purpose: &str, subject: &str) -> Result<(String, String), Error>;

    /// Adds a device with its Ed25519 public key; its name. `proof` is a fresh code, a recovery code, an administrator's
    /// ticket, or a challenge's name: then the call waits for the devices' answer, 45 s at most.
    fn add_device(&self, label: &str, public_key: &[u8], proof: &str) -> Result<String, Error>;

    /// The caller's devices.
    fn devices(&self) -> Result<Vec<DeviceListed>, Error>;

    /// Suspends a lost device at once. `proof` is a fresh code, a recovery code, or a challenge's name.
    fn suspend_device(&self, device: &str, proof: &str) -> Result<(), Error>;
}

/// The factors of one user. Times are seconds since 1970; 0 where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OwnFactors {
    /// Whether there is a confirmed factor or a device.
    pub enrolled: bool,
    /// What is asked of logins no rule is for: `off`, `optional`, `required` or `approved`.
    pub required: String,
    /// From when a factor is required, where that is to come.
    pub deadline: u64,
    /// By which method the user wants to be asked first; empty: as policy says.
    pub preferred: String,
    /// Recovery codes left.
    pub recovery_left: u32,
    /// Of the last login with a factor.
    pub last_login: u64,
    /// The generators of codes.
    pub factors: Vec<FactorListed>,
    /// The devices.
    pub devices: Vec<DeviceListed>,
    /// What stands in the way of a login, in words.
    pub problems: Vec<String>,
}

/// One generator of codes. Times as in [`OwnFactors`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct FactorListed {
    /// Its name.
    pub id: String,
    /// `totp` or `hotp`.
    pub method: String,
    /// What the user calls it.
    pub label: String,
    /// The serial number of the hardware token it is; empty: it is none.
    pub token: String,
    /// When it was made.
    pub created: u64,
    /// When it last opened a login.
    pub last_used: u64,
    /// `active`, `pending` (no code confirmed it yet), `suspended` (by hygiene) or `disabled` (after too many wrong codes).
    pub state: String,
}

/// One device of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct DeviceListed {
    /// Its name.
    pub id: String,
    /// What the user calls it.
    pub label: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Asked nothing and answers nothing.
    pub suspended: bool,
    /// SHA-256 of its public key, hex.
    pub fingerprint: String,
}
