//! The errors of all interfaces. Their texts are for people; programs go by the names.

use crate::clean;
use zbus::DBusError;

/// Why a call was refused.
#[derive(Debug, DBusError)]
#[zbus(prefix = "io.github.pam_mfa.Error")]
pub enum Error {
    /// The bus itself.
    #[zbus(error)]
    Bus(zbus::Error),
    /// The caller may not do this, or showed no fresh proof. One text for all reasons.
    NotAuthorized(String),
    /// No such request, or it is over.
    NoSuchRequest(String),
    /// No such device of the caller's.
    NoSuchDevice(String),
    /// The number is not the one the terminal shows; the request is over.
    WrongNumber(String),
    /// The device key has a PIN, and none was given. Nothing was tried.
    PinNeeded(String),
    /// The PIN is not the one of the device key.
    WrongPin(String),
    /// A value that is not of the form it must have.
    BadValue(String),
    /// Not done, and nothing changed; the text says what is the matter.
    Refused(String),
    /// Too many tries or requests for now.
    Later(String),
    /// The keyring is locked, absent or was dismissed.
    Keyring(String),
    /// Something is broken on this side.
    Unavailable(String),
}

impl Error {
    /// In words for a person, cleaned: it may quote what somebody else wrote.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Bus(error) => clean::message(&format!("the bus says: {error}")),
            Self::NotAuthorized(text)
            | Self::NoSuchRequest(text)
            | Self::NoSuchDevice(text)
            | Self::WrongNumber(text)
            | Self::PinNeeded(text)
            | Self::WrongPin(text)
            | Self::BadValue(text)
            | Self::Refused(text)
            | Self::Later(text)
            | Self::Keyring(text)
            | Self::Unavailable(text) => clean::message(text),
        }
    }
}
