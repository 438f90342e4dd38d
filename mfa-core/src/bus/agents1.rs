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

    /// Offers a first device, with its Ed25519 public key, to the next login of the caller's user, who has no factor yet and
    /// whom policy lets set one up so: the offer's name, and the number that the user types there, behind the first factor.
    /// It waits ten minutes, or until the caller leaves the bus, another program of the user's offers one, or five wrong
    /// numbers were typed.
    fn offer_device(&self, label: &str, public_key: &[u8]) -> Result<(String, String), Error>;

    /// Waits for the end of an offer of this connection's: the name of the device it became.
    fn await_offer(&self, offer: &str) -> Result<String, Error>;
}
