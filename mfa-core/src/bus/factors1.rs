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
    /// Asks the user's devices for a yes to one change of factors: `purpose` is `add-device` with the new key's
    /// fingerprint (SHA-256, 64 hex digits) as `subject`, or `suspend-device` with the device's name, which is not asked
    /// itself. Gives the challenge's name, which is the proof for that change alone, once, and the number to type on the
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
