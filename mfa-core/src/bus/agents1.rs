//! `Agents1`: what an agent of the user's session asks of mfad. The caller's uid is the bus's word.

use super::Error;
use zbus::ObjectPath;
use zbus::proxy;

/// Served by mfad at [`super::DAEMON_PATH`].
#[proxy(
    interface = "io.github.pam_mfa.Agents1",
    default_service = "io.github.pam_mfa.Daemon",
    default_path = "/io/github/pam_mfa/Daemon"
)]
pub trait Agents1 {
    /// Says that requests for `device` are to be presented to the caller, at its object `path`, until it leaves the
    /// bus. The device must be the caller's and active. Open requests are presented at once.
    fn register(&self, device: &str, path: &ObjectPath<'_>) -> Result<(), Error>;

    /// Answers a request with yes: the approval's bytes and the device's signature.
    fn approve(&self, approval: &[u8], signature: &[u8]) -> Result<(), Error>;

    /// Answers a request with no. Only from a connection to which it was presented. `report`: it was not me.
    fn deny(&self, request: &str, report: bool) -> Result<(), Error>;
}
