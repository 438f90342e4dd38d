//! `Approvals1`: the agent's list of requests, for the window and the command line, on the session bus.

use super::Error;
use serde::{Deserialize, Serialize};
use zbus::proxy;
use zbus::zvariant::Type;

/// Served by the agent at [`super::APPROVALS_PATH`] as [`super::AGENT`].
#[proxy(
    interface = "io.github.pam_mfa.Approvals1",
    default_service = "io.github.pam_mfa.Authenticator.Agent",
    default_path = "/io/github/pam_mfa/Authenticator/Agent"
)]
pub trait Approvals1 {
    /// The requests that wait, oldest first.
    fn list(&self) -> Result<Vec<Listed>, Error>;

    /// Says yes to a request; `number` is what the terminal shows, empty where none is due. `pin` is the PIN of the
    /// device key, or empty: where there is one, [`Error::PinNeeded`] says so and the request waits on.
    fn approve(&self, request: &str, number: &str, pin: &str) -> Result<(), Error>;

    /// Says no; `report`: it was not me.
    fn deny(&self, request: &str, report: bool) -> Result<(), Error>;

    /// The last decisions, newest first.
    fn history(&self) -> Result<Vec<Decided>, Error>;

    /// The list is another now.
    #[zbus(signal)]
    fn changed(&self) -> zbus::Result<()>;
}

/// A request that waits. All texts are cleaned by mfad; they are to be shown as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// The host that asks.
    pub host: String,
    /// The account to be let in.
    pub user: String,
    /// PAM service.
    pub service: String,
    /// Who is asked: the same, or one who may approve for others.
    pub approver: String,
    /// Who ran the program, or empty.
    pub ruser: String,
    /// The address it comes from, or empty.
    pub rhost: String,
    /// The terminal, or empty.
    pub tty: String,
    /// What was typed to start it, where that is known (sudo, su), or empty. The requester wrote it.
    pub command: String,
    /// What a yes would do: `login`, `add-device` or `suspend-device`.
    pub purpose: String,
    /// With `add-device` the first 16 hex digits of the new key's fingerprint in groups of four, which `pair` shows
    /// too; with `suspend-device` the device's name; else empty.
    pub subject: String,
    /// Whether the number is due.
    pub number_due: bool,
    /// Seconds since 1970.
    pub issued: u64,
    /// Seconds since 1970.
    pub expires: u64,
}

/// A request that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Decided {
    /// What it was.
    pub request: Listed,
    /// How it ended: a [`super::Withdrawn`] in its wire form.
    pub outcome: String,
    /// Seconds since 1970.
    pub at: u64,
}
