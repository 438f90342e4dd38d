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
    /// Adds a device with its Ed25519 public key; its name. `proof` is a fresh code, a recovery code or an
    /// administrator's ticket; an empty one asks the user's other devices, which may take 45 s.
    fn add_device(&self, label: &str, public_key: &[u8], proof: &str) -> Result<String, Error>;

    /// The caller's devices.
    fn devices(&self) -> Result<Vec<DeviceListed>, Error>;

    /// Suspends a lost device at once. `proof` is a fresh code or a recovery code.
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
