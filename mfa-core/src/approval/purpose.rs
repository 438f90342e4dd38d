//! What a yes would be for, and how the bus names it.
//!
//! What must never happen: one purpose serving another, or one that a version does not know being taken for one it does.

use crate::device::DeviceId;
use crate::factor_id::FactorId;
use serde::{Deserialize, Serialize};

/// What a yes would be for. One purpose never serves another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Purpose {
    /// Letting a login in.
    Login,
    /// Adding a device.
    AddDevice {
        /// SHA-256 of its public key, hex.
        fingerprint: String,
    },
    /// Suspending a device that is lost.
    SuspendDevice {
        /// Which.
        device: DeviceId,
    },
    /// Adding a generator of codes.
    AddFactor,
    /// Removing one.
    RemoveFactor {
        /// Which.
        factor: FactorId,
    },
    /// Making new recovery codes.
    RenewRecovery,
    /// Removing all factors, devices and recovery codes.
    Disable,
}

/// SHA-256 in hex.
const FINGERPRINT: usize = 64;

impl Purpose {
    /// Its name on the bus.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::AddDevice { .. } => "add-device",
            Self::SuspendDevice { .. } => "suspend-device",
            Self::AddFactor => "add-factor",
            Self::RemoveFactor { .. } => "remove-factor",
            Self::RenewRecovery => "renew-recovery",
            Self::Disable => "disable",
        }
    }

    /// What it is about; empty where there is only one thing it can be about.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Login | Self::AddFactor | Self::RenewRecovery | Self::Disable => String::new(),
            Self::AddDevice { fingerprint } => fingerprint.clone(),
            Self::SuspendDevice { device } => device.as_str().to_owned(),
            Self::RemoveFactor { factor } => factor.to_string(),
        }
    }

    /// The change of factors of this name and subject; `None` where there is none such. A login is no change.
    #[must_use]
    pub fn change(name: &str, subject: &str) -> Option<Self> {
        let fingerprint = || {
            let hex = subject.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            (subject.len() == FINGERPRINT && hex).then(|| subject.to_owned())
        };
        match name {
            "add-device" => Some(Self::AddDevice { fingerprint: fingerprint()? }),
            "suspend-device" if !subject.is_empty() => Some(Self::SuspendDevice { device: DeviceId::typed(subject) }),
            "add-factor" if subject.is_empty() => Some(Self::AddFactor),
            "remove-factor" if !subject.is_empty() => Some(Self::RemoveFactor { factor: FactorId::typed(subject) }),
            "renew-recovery" if subject.is_empty() => Some(Self::RenewRecovery),
            "disable" if subject.is_empty() => Some(Self::Disable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_has_a_name_and_a_subject_of_its_own_and_nothing_else_is_one() {
        let fingerprint = "0f".repeat(32);
        for (name, subject) in [
            ("add-device", fingerprint.as_str()),
            ("suspend-device", "dev-1"),
            ("add-factor", ""),
            ("remove-factor", "totp-1"),
            ("renew-recovery", ""),
            ("disable", ""),
        ] {
            let purpose = Purpose::change(name, subject).unwrap();
            assert_eq!((purpose.name(), purpose.subject().as_str()), (name, subject));
        }
        for (name, subject) in [
            ("login", ""),
            ("add-device", ""),
            ("add-device", "0F"),
            ("suspend-device", ""),
            ("add-factor", "x"),
            ("remove-factor", ""),
            ("disable", "all"),
            ("", ""),
        ] {
            assert_eq!(Purpose::change(name, subject), None, "{name} {subject}");
        }
    }
}
