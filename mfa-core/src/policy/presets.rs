//! Presets: sets of rules from outside, by which a policy is measured. A policy that is weaker is refused, never mended.

use super::{Policy, Require, Rule, Set};
use crate::limits::Lockout;
use crate::place::{FileError, Place};
use serde::{Deserialize, Serialize};

/// Seconds of the longest remembered login under NIST SP 800-63B-4 §2.2.3: AAL2 asks again after 24 hours at most.
const NIST_REMEMBER: u64 = 24 * 3600;

/// By which rules a policy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// NIST SP 800-63B-4, authenticator assurance level 2: a factor from everybody, the number with every push (§3.1.3), logins
    /// remembered for 24 hours at most, a first factor bound by more than a password (§4.1).
    NistAal2,
    /// PCI DSS 4.0.1: a factor from everybody at every login (8.4, 8.5.1), after ten wrong codes half an hour of waiting (8.3.4), a bypass
    /// with the consent of a second administrator alone (8.5.1).
    #[serde(rename = "pci-dss-4")]
    PciDss4,
}

/// What a policy under a preset may not say.
struct Asked<'a> {
    require: &'a Set<Require>,
    number: Option<&'a Set<bool>>,
    remember: Option<&'a Set<u64>>,
    enrol: bool,
}

impl Preset {
    /// The delays after wrong answers.
    #[must_use]
    pub fn lockout(self) -> Lockout {
        match self {
            Self::NistAal2 => Lockout::default(),
            Self::PciDss4 => Lockout { half_an_hour_from: Some(10), ..Lockout::default() },
        }
    }

    /// Whether a login may be remembered for so long.
    fn remembers(self, seconds: u64) -> bool {
        match self {
            Self::NistAal2 => seconds <= NIST_REMEMBER,
            Self::PciDss4 => seconds == 0,
        }
    }

    /// Why bypasses as this policy allows them are none it does.
    fn why_no_bypass(self, policy: &Policy) -> Option<FileError> {
        let consent = &policy.bypass.consent;
        match self {
            Self::NistAal2 => None,
            Self::PciDss4 if consent.value => None,
            Self::PciDss4 => Some(FileError {
                place: consent.place.clone(),
                why: String::from(
                    "the preset pci-dss-4 wants bypasses authorised by a second administrator (8.5.1): \
                     [bypass] with max and consent = true",
                ),
            }),
        }
    }

    fn why_not(self, asked: &Asked<'_>) -> Option<FileError> {
        let name = match self {
            Self::NistAal2 => "nist-aal2",
            Self::PciDss4 => "pci-dss-4",
        };
        let error = |place: &Place, why: &str| {
            Some(FileError { place: place.clone(), why: format!("the preset {name} {why}") })
        };
        if asked.require.value < Require::Required {
            return error(&asked.require.place, "wants a factor from everybody: \"required\" or \"approved\"");
        }
        if let Some(number) = asked.number.filter(|number| !number.value) {
            return error(&number.place, "wants the number with every push");
        }
        if let Some(remember) = asked.remember.filter(|remember| !self.remembers(remember.value)) {
            return match self {
                Self::NistAal2 => error(&remember.place, "lets a login be remembered for 24h at most"),
                Self::PciDss4 => error(&remember.place, "wants a factor at every login: none is remembered"),
            };
        }
        if asked.enrol && self == Self::NistAal2 {
            return error(
                &asked.require.place,
                "wants a first factor bound by more than a password: no enrol, tickets instead",
            );
        }
        None
    }
}

/// Measures the merged policy by its preset.
///
/// # Errors
/// The first thing in it that is weaker.
pub(super) fn check(policy: &Policy) -> Result<(), FileError> {
    let Some(preset) = policy.preset.as_ref().map(|set| set.value) else { return Ok(()) };
    let default = Asked {
        require: &policy.require,
        number: Some(&policy.number),
        remember: Some(&policy.remember),
        enrol: !policy.enrol.value.is_empty(),
    };
    let of = |rule: &Rule| {
        preset.why_not(&Asked {
            require: &rule.require,
            number: rule.number.as_ref(),
            remember: rule.remember.as_ref(),
            enrol: rule.enrol.as_ref().is_some_and(|set| !set.value.is_empty()),
        })
    };
    match preset.why_not(&default).or_else(|| policy.rules.iter().find_map(of)).or_else(|| preset.why_no_bypass(policy))
    {
        Some(why) => Err(why),
        None => Ok(()),
    }
}
