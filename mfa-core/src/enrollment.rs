//! The enrolment file: a user's factors, and the only root of trust for them.
//!
//! mfad reads it at every login and writes it at every change of factors; an admin may carry it to
//! another host. What changes at a login (marks, counters, failures) is state, in `crate::state`.
//! What must never happen: a damaged file being read as "no factors", or a key that this version
//! does not know being skipped.

use crate::bypass::Bypass;
use crate::device::{Device, DeviceId, MAX_DEVICES};
pub use crate::factor_id::FactorId;
use crate::lookup::StoredCode;
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};
use crate::place::{self, FileError};
use crate::policy::{Require, Requirement};
use crate::secret::Secret;
use crate::upkeep::{Suspended, Upkeep};
use crate::wire::Method;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use zeroize::Zeroizing;

/// The `version` of the file this code writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// Most factors one user may have: the state record has room for their marks.
pub const MAX_FACTORS: usize = 8;

/// Longest file read, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// A random name that ties a state file to an enrolment (128 bits, hex).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateId(String);

impl StateId {
    /// From 16 random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }
}

/// One code generator of a user.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Its name.
    pub id: FactorId,
    /// What the user calls it; may be empty.
    pub label: String,
    /// The serial number of the hardware token it is a copy of.
    pub token: Option<String>,
    /// Enrolled but not yet confirmed by a code: it opens nothing.
    pub pending: bool,
    /// Seconds since 1970.
    pub created: u64,
    /// The generator.
    pub otp: Otp,
    /// For HOTP: the counter at enrolment, where a new state begins.
    pub counter: u64,
    /// What hygiene keeps of it.
    pub upkeep: Upkeep,
}

impl Factor {
    /// TOTP or HOTP.
    #[must_use]
    pub fn method(&self) -> Method {
        match self.otp.moving() {
            Moving::Time { .. } => Method::Totp,
            Moving::Counter => Method::Hotp,
        }
    }
}

/// A set of recovery codes.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Seconds since 1970.
    pub created: u64,
    /// The salted hashes; a spent code is marked in the state by its index.
    pub codes: Vec<StoredCode>,
}

/// That a user's factors were taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disabled {
    /// Seconds since 1970.
    pub at: u64,
    /// Uid of who did it.
    pub by_uid: u32,
}

/// Everything in one user's file.
#[derive(Debug, Clone)]
pub struct Enrollment {
    /// `pw_name` of the account.
    pub name: String,
    /// Its uid; both must match.
    pub uid: u32,
    /// Ties the state file to this enrolment.
    pub state_id: StateId,
    /// What `mfactl require USER` set for this user.
    pub require: Option<Requirement>,
    /// When the first factor was confirmed, in seconds since 1970; `None` while there is none.
    pub activated: Option<u64>,
    /// When all factors were taken away, and by whom.
    pub disabled: Option<Disabled>,
    /// By which method the user wants to be asked first, among those that policy accepts.
    pub preferred: Option<Method>,
    /// At most [`MAX_FACTORS`].
    pub factors: Vec<Factor>,
    /// Paired devices, at most [`MAX_DEVICES`].
    pub devices: Vec<Device>,
    /// The recovery codes, once a factor is confirmed.
    pub recovery: Option<Recovery>,
    /// An administrator's stand-in for a factor, for a time. It is none: it makes nobody enrolled.
    pub bypass: Option<Bypass>,
}

impl Enrollment {
    /// A file for an account without factors.
    #[must_use]
    pub fn new(name: &str, uid: u32, state_id: StateId) -> Self {
        Self {
            name: name.to_owned(),
            uid,
            state_id,
            require: None,
            activated: None,
            disabled: None,
            preferred: None,
            factors: Vec::new(),
            devices: Vec::new(),
            recovery: None,
            bypass: None,
        }
    }

    /// The factors that open a door.
    pub fn confirmed(&self) -> impl Iterator<Item = &Factor> {
        self.factors.iter().filter(|factor| !factor.pending && factor.upkeep.suspended.is_none())
    }

    /// Whether the user has a factor. One that is suspended counts, device or not: it must not make policy `optional` let anybody
    /// by. Recovery codes alone do not make one enrolled.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.factors.iter().any(|factor| !factor.pending) || !self.devices.is_empty()
    }

    /// Whether any factor or device opens a door.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.confirmed().next().is_some() || self.active_devices().next().is_some()
    }

    /// What hygiene suspended, factors and devices.
    pub fn suspended(&self) -> impl Iterator<Item = Suspended> {
        let factors = self.factors.iter().filter_map(|factor| factor.upkeep.suspended);
        factors.chain(self.devices.iter().filter_map(|device| device.upkeep.suspended))
    }

    /// Keeps [`Self::activated`] true to the factors there are. Called before a change is written at `wall`.
    pub fn note_activation(&mut self, wall: u64) {
        if !self.is_enrolled() {
            self.activated = None;
        } else if self.activated.is_none() {
            self.activated = Some(wall);
            self.disabled = None;
        }
    }

    /// The devices that may be asked.
    pub fn active_devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.is_active())
    }

    /// The device of this name.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id)
    }

    /// The factor of this name.
    #[must_use]
    pub fn factor(&self, id: &FactorId) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.id == *id)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong, with file, line and key; never a value.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let form: Form = place::read(file, text)?;
        let at = |span, why: &str| FileError::at(file, text, &span, why);
        if *form.version.get_ref() != VERSION {
            return Err(at(form.version.span(), "this mfad reads version 1 only"));
        }
        if form.name.get_ref().is_empty() {
            return Err(at(form.name.span(), "empty"));
        }
        if let Some(require) = form.require.as_ref().filter(|require| *require.get_ref() == Require::Approved) {
            return Err(at(require.span(), "\"approved\" stands in mfa.toml alone, where it names who approves"));
        }
        if form.factor.len() > MAX_FACTORS {
            return Err(FileError::whole(file, format!("more than {MAX_FACTORS} factors")));
        }
        let mut factors: Vec<Factor> = Vec::with_capacity(form.factor.len());
        for entry in form.factor {
            let span = entry.span();
            let factor = entry.into_inner().into_factor().map_err(|why| at(span.clone(), &why))?;
            let of_no_factor = [FactorId::recovery(), FactorId::push(), FactorId::bypass()];
            if factors.iter().any(|known| known.id == factor.id) || of_no_factor.contains(&factor.id) {
                return Err(at(span, "a factor id that is not its own"));
            }
            // Whatever its digits, the codes of one follow from the other's: a code would work twice.
            if factors.iter().any(|known| known.otp.secret().expose() == factor.otp.secret().expose()) {
                return Err(at(span, "the secret of another factor of this file"));
            }
            factors.push(factor);
        }
        let mut devices: Vec<Device> = Vec::with_capacity(form.device.len());
        for entry in form.device {
            let span = entry.span();
            let device = entry.into_inner();
            if devices.iter().any(|known| known.id == device.id || known.key == device.key) {
                return Err(at(span, "a device whose id or key is not its own"));
            }
            devices.push(device);
        }
        if devices.len() > MAX_DEVICES {
            return Err(FileError::whole(file, format!("more than {MAX_DEVICES} devices")));
        }
        let recovery = form.recovery.map(|set| Recovery { created: set.created, codes: set.codes });
        Ok(Self {
            name: form.name.into_inner(),
            uid: form.uid,
            state_id: form.state_id,
            require: form.require.map(|require| Requirement {
                require: require.into_inner(),
                after: form.require_after,
                set: form.require_set,
            }),
            activated: form.activated,
            disabled: form.disabled,
            preferred: form.preferred,
            factors,
            devices,
            recovery,
            bypass: form.bypass,
        })
    }

    /// The file's text; it holds seeds, so it is wiped.
    ///
    /// # Errors
    /// Never for a value made by this module.
    pub fn print(&self) -> Result<Zeroizing<String>, toml::ser::Error> {
        let form = PrintForm {
            version: VERSION,
            name: &self.name,
            uid: self.uid,
            state_id: &self.state_id,
            require: self.require.map(|set| set.require),
            require_after: self.require.and_then(|required| required.after),
            require_set: self.require.and_then(|required| required.set),
            activated: self.activated,
            disabled: self.disabled,
            preferred: self.preferred,
            factor: self.factors.iter().map(FactorForm::from_factor).collect(),
            device: &self.devices,
            recovery: self.recovery.as_ref().map(|set| RecoveryForm { created: set.created, codes: set.codes.clone() }),
            bypass: self.bypass.as_ref(),
        };
        let body = Zeroizing::new(toml::to_string(&form)?);
        Ok(Zeroizing::new(format!("# Written by mfad; change it with mfactl. It holds secrets.\n{}", *body)))
    }
}

/// The uid a file names, read without its secrets: for the index of uids.
///
/// It stands before the first table, on a line of its own, as [`Enrollment::print`] writes it; a file where it does not is read
/// in full by the caller instead. Of a file that was cut off the last line says nothing: it may be half a number.
#[must_use]
pub fn uid_of(text: &str) -> Option<u32> {
    let (head, _) = text.split_once("\n[").or_else(|| text.rsplit_once('\n'))?;
    #[derive(Deserialize)]
    struct Head {
        uid: u32,
    }
    toml::from_str::<Head>(head).ok().map(|head| head.uid)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: Spanned<u32>,
    name: Spanned<String>,
    uid: u32,
    state_id: StateId,
    require: Option<Spanned<Require>>,
    require_after: Option<u64>,
    require_set: Option<u64>,
    activated: Option<u64>,
    disabled: Option<Disabled>,
    preferred: Option<Method>,
    #[serde(default)]
    factor: Vec<Spanned<FactorForm>>,
    #[serde(default)]
    device: Vec<Spanned<Device>>,
    recovery: Option<RecoveryForm>,
    bypass: Option<Bypass>,
}

#[derive(Serialize)]
struct PrintForm<'a> {
    version: u32,
    name: &'a str,
    uid: u32,
    state_id: &'a StateId,
    #[serde(skip_serializing_if = "Option::is_none")]
    require: Option<Require>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_set: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activated: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<Disabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred: Option<Method>,
    factor: Vec<FactorForm>,
    #[serde(skip_serializing_if = "<[Device]>::is_empty")]
    device: &'a [Device],
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<RecoveryForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bypass: Option<&'a Bypass>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoveryForm {
    created: u64,
    codes: Vec<StoredCode>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TypeForm {
    Totp,
    Hotp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorForm {
    id: FactorId,
    #[serde(rename = "type")]
    kind: TypeForm,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
    created: u64,
    /// Base32.
    secret: Secret,
    algorithm: Algorithm,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    #[serde(default, skip_serializing_if = "Upkeep::is_clear")]
    upkeep: Upkeep,
}

impl FactorForm {
    fn into_factor(self) -> Result<Factor, String> {
        let moving = match (self.kind, self.period, self.counter) {
            (TypeForm::Totp, Some(period), None) => Moving::Time { period },
            (TypeForm::Hotp, None, Some(_)) => Moving::Counter,
            (TypeForm::Totp, ..) => return Err(String::from("a totp factor has a period and no counter")),
            (TypeForm::Hotp, ..) => return Err(String::from("a hotp factor has a counter and no period")),
        };
        let text = self.secret.expose_str().unwrap_or_default();
        let secret = crate::base32::decode(text).map_err(|_| "the secret is not base32")?;
        // A short secret is refused when it is enrolled; here it was already accepted by an admin.
        let otp =
            Otp::new(secret, self.algorithm, self.digits, moving, ShortSecret::Allow).map_err(|e| e.to_string())?;
        let counter = self.counter.unwrap_or(0);
        Ok(Factor {
            id: self.id,
            label: self.label,
            token: self.token,
            pending: self.pending,
            created: self.created,
            otp,
            counter,
            upkeep: self.upkeep,
        })
    }

    fn from_factor(factor: &Factor) -> Self {
        let (kind, period, counter) = match factor.otp.moving() {
            Moving::Time { period } => (TypeForm::Totp, Some(period), None),
            Moving::Counter => (TypeForm::Hotp, None, Some(factor.counter)),
        };
        Self {
            id: factor.id.clone(),
            kind,
            label: factor.label.clone(),
            token: factor.token.clone(),
            pending: factor.pending,
            created: factor.created,
            secret: crate::base32::encode(factor.otp.secret()),
            algorithm: factor.otp.algorithm(),
            digits: factor.otp.digits(),
            period,
            counter,
            upkeep: factor.upkeep,
        }
    }
}
