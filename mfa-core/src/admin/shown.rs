//! What administrators are shown: of one user, of everybody, of a login that is explained.

use super::BypassStatus;
use crate::enrollment::{Disabled, FactorId};
use crate::policy::{Approvers, Heard, Held, Require, Requirement};
use crate::upkeep::Upkeep;
use crate::wire::{Kind, Method};
use serde::{Deserialize, Serialize};

/// What `mfactl status` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserStatus {
    /// Canonical name.
    pub user: String,
    /// Enrolled uid, or the account's.
    pub uid: u32,
    /// Whether there is a confirmed factor.
    pub enrolled: bool,
    /// What `mfactl require USER` set.
    pub require: Option<Requirement>,
    /// What is required of this user by policy's default, of everybody, of a group or of the user alone, at this moment.
    pub required: Require,
    /// From when a factor is required, where that is to come; seconds since 1970.
    pub deadline: Option<u64>,
    /// When the first factor was confirmed, in seconds since 1970.
    pub activated: Option<u64>,
    /// When all factors were taken away, and by whom.
    pub disabled: Option<Disabled>,
    /// By which method the user wants to be asked first.
    pub preferred: Option<Method>,
    /// The factors.
    pub factors: Vec<FactorStatus>,
    /// The paired devices.
    pub devices: Vec<DeviceStatus>,
    /// Recovery codes left.
    pub recovery_left: u32,
    /// The bypass, where there is one that is not over.
    pub bypass: Option<BypassStatus>,
    /// Seconds since 1970.
    pub last_success: Option<u64>,
    /// What stands in the way of logging in, in words; empty: nothing.
    pub problems: Vec<String>,
}

/// Whom a list shows; every condition that is set must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Has no factor.
    pub unenrolled: bool,
    /// Has no factor, and one is required by now.
    pub overdue: bool,
    /// Has a factor that is disabled or waits after failures.
    pub locked: bool,
    /// Has a factor or a device that hygiene suspended.
    pub suspended: bool,
    /// Has a factor, and has not logged in with one since then (seconds since 1970).
    pub inactive_since: Option<u64>,
}

/// An account of this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Somebody {
    /// `pw_name`.
    pub name: String,
    /// `pw_uid`.
    pub uid: u32,
    /// `pw_gid`: its group's member, whether the group says so or not.
    pub gid: u32,
}

/// What `mfactl list` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedUser {
    /// Canonical name.
    pub user: String,
    /// Enrolled uid; `u32::MAX` where the file cannot be read and nothing else says it.
    pub uid: u32,
    /// Whether there is a confirmed factor or a device.
    pub enrolled: bool,
    /// The strictest that any of their logins is asked at this moment.
    pub required: Require,
    /// From when a factor is required, where that is to come; seconds since 1970.
    pub deadline: Option<u64>,
    /// Required by now, and there is none.
    pub overdue: bool,
    /// Factors, pending ones included.
    pub factors: u8,
    /// Devices.
    pub devices: u8,
    /// Recovery codes left.
    pub recovery_left: u8,
    /// When the first factor was confirmed, in seconds since 1970.
    pub activated: Option<u64>,
    /// Of the last login with a second factor, in seconds since 1970.
    pub last_success: Option<u64>,
    /// Whether a factor is disabled or waits after failures.
    pub locked: bool,
    /// Whether hygiene suspended a factor or a device.
    pub suspended: bool,
    /// Whether there is a bypass that is not over.
    pub bypass: bool,
    /// Whether something stands in the way of logging in that `mfactl status` tells.
    pub problem: bool,
}

/// One factor in [`UserStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorStatus {
    /// Its name.
    pub id: FactorId,
    /// TOTP or HOTP.
    pub method: Method,
    /// What the user calls it.
    pub label: String,
    /// The serial number of the hardware token it is.
    pub token: Option<String>,
    /// Not yet confirmed.
    pub pending: bool,
    /// Seconds since 1970.
    pub created: u64,
    /// Seconds since 1970.
    pub last_used: Option<u64>,
    /// Consecutive failures with a first factor in evidence.
    pub failures: u32,
    /// Seconds until the next answer is evaluated.
    pub wait: u64,
    /// Disabled after too many failures.
    pub disabled: bool,
    /// What hygiene keeps of it.
    pub upkeep: Upkeep,
}

/// One device in [`UserStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceStatus {
    /// Its name.
    pub id: String,
    /// What the user calls it.
    pub label: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Asked nothing and answers nothing.
    pub suspended: bool,
    /// What hygiene keeps of it.
    pub upkeep: Upkeep,
    /// SHA-256 of its public key, hex.
    pub fingerprint: String,
}

/// A remembered login in `mfactl grants`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantListed {
    /// Its name within the user.
    pub id: String,
    /// The kind of application.
    pub kind: Kind,
    /// The network, or the terminal and its session.
    pub place: String,
    /// Seconds since 1970 when it was made.
    pub made: u64,
    /// Seconds for which it still holds.
    pub left: u64,
}

/// What `mfactl explain` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Canonical name, where the account exists.
    pub account: Option<String>,
    /// PAM service.
    pub service: String,
    /// Kind of application.
    pub kind: Kind,
    /// What is asked.
    pub require: Require,
    /// Who approves besides, where that is asked.
    pub approvers: Option<Approvers>,
    /// The line that decided.
    pub decided_by: String,
    /// Every line that had a say.
    pub heard: Vec<Heard>,
    /// Answers one login may give.
    pub tries: u8,
    /// What the user would meet, in words.
    pub meets: String,
    /// The same for programs.
    pub outcome: Outcome,
    /// Methods of the user's that would be accepted.
    pub methods: Vec<Method>,
    /// Whether a push would ask for the number.
    pub number: bool,
    /// The lines of the floor that decided anything but what is asked.
    pub floor: Vec<Held>,
}

/// What a login would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A code is asked for.
    Asked,
    /// Nothing is asked: policy is `off`.
    Exempt,
    /// Nothing is asked: not enrolled, and policy is `optional`.
    NotEnrolledIgnored,
    /// Led through setting up a factor: not enrolled, policy is `required` and says that logins may.
    Enrols,
    /// Refused: not enrolled, and policy is `required`.
    NotEnrolledRefused,
    /// Refused whatever is answered.
    Barred,
    /// There is no such account: what its name would meet is not what anybody will.
    NoAccount,
}
