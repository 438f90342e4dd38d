//! `Agent1`: what mfad tells an agent. The agent believes only the owner of mfad's bus name.

use serde::{Deserialize, Serialize};
use zbus::proxy;

/// Served by an agent at the path it registered.
#[proxy(interface = "io.github.pam_mfa.Agent1")]
pub trait Agent1 {
    /// A request waits for the user: the bytes of a `mfa_core::approval::Request`, which are what is signed.
    fn present(&self, request: &[u8]) -> zbus::Result<()>;

    /// A request is over; `reason` is a [`Withdrawn`] in its wire form.
    fn withdraw(&self, request: &str, reason: &str) -> zbus::Result<()>;

    /// A change of the user's factors, in words, to be shown.
    fn announce(&self, text: &str) -> zbus::Result<()>;
}

/// Why a request is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withdrawn {
    /// Another device, or this one, said yes.
    Approved,
    /// Somebody said no.
    Denied,
    /// A wrong number was given.
    WrongNumber,
    /// A code settled the login, the user left, or the device that was asked is none any more.
    Cancelled,
    /// Nobody answered in time.
    Expired,
}

impl Withdrawn {
    /// Its wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::WrongNumber => "wrong-number",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// From its wire form; `None` for what this version does not know.
    #[must_use]
    pub fn received(text: &str) -> Option<Self> {
        [Self::Approved, Self::Denied, Self::WrongNumber, Self::Cancelled, Self::Expired]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}
