//! The approval: what a device is asked, what it signs, and when its signature counts.
//!
//! mfad makes a [`Request`] and judges the answer with [`judge`]; the authenticator reads the request and signs an
//! [`Approval`]. Bus, relay and notification server are transport: nothing they do makes a signature. What must
//! never happen: an approval of one request, purpose or number counting for another.

mod purpose;

pub use purpose::Purpose;

use crate::device::{Device, DeviceId};
use crate::secret::Secret;
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The type under which approvals are signed (DSSE v1, "pre-authentication encoding").
pub const PAYLOAD_TYPE: &str = "application/vnd.pam-mfa.approval.v1";

/// Seconds a request waits for its answer.
pub const LIFETIME: u64 = 45;

/// Seconds the longest request waits: one to those who may approve, who have to be told the number first.
pub const LONGEST_LIFETIME: u64 = 90;

/// Digits of the number that the terminal shows and the user types (NIST SP 800-63B-4 §3.1.3: six at least).
pub const NUMBER_DIGITS: usize = 6;

/// Longest serialised request or approval, in bytes.
pub const MAX_BYTES: usize = 4096;

/// Hex names of 128 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// From 16 random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }

    /// A name that came over the bus.
    #[must_use]
    pub fn received(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is asked. Serialised once by mfad; those bytes travel and are signed, and nobody serialises them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its name.
    pub id: RequestId,
    /// The name of the host that asks.
    pub host: String,
    /// HMAC of its machine id, hex: never the raw one.
    pub host_id: String,
    /// The account to be let in.
    pub user: String,
    /// Who is asked: the same, or an approver.
    pub approver: String,
    /// `PAM_RUSER`, cleaned.
    pub ruser: Option<String>,
    /// PAM service, cleaned.
    pub service: String,
    /// `PAM_TTY`, cleaned.
    pub tty: Option<String>,
    /// `PAM_RHOST`, cleaned.
    pub rhost: Option<String>,
    /// What was typed to start the program, cleaned, where it is known (sudo, su). The requester wrote it.
    pub command: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// Whether the user must type the number that the terminal shows. The number itself is not here, not even hashed.
    pub number_due: bool,
    /// Seconds since 1970.
    pub issued: u64,
    /// Seconds since 1970, for showing; mfad goes by its boot clock.
    pub expires: u64,
    /// 32 random bytes, hex.
    pub nonce: String,
}

/// What a device says yes to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The request's name.
    pub request: RequestId,
    /// Which device says so.
    pub device: DeviceId,
    /// What for.
    pub purpose: Purpose,
    /// The number the user typed, if it was due.
    pub number: Option<Secret>,
    /// Seconds since 1970 by the device's clock; for the record.
    pub time: u64,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not an approval of this version.
    #[error("it is not an approval this version understands")]
    NotUnderstood,
    /// About another request.
    #[error("it is about another request")]
    AnotherRequest,
    /// For another purpose.
    #[error("it is for another purpose")]
    AnotherPurpose,
    /// By a device that was not asked, is not the approver's, or is suspended.
    #[error("it is by a device that may not answer this request")]
    AnotherDevice,
    /// The signature is not the device's.
    #[error("its signature is not the device's")]
    Signature,
    /// Too late.
    #[error("the request has expired")]
    Expired,
    /// The number is not the one the terminal shows: the request is over, and it counts as a failure.
    #[error("the number is not the one the terminal shows")]
    WrongNumber,
}

/// A request that waits, as mfad keeps it.
#[derive(Debug)]
pub struct Pending {
    /// What was asked.
    pub request: Request,
    /// Its bytes as they were sent.
    pub bytes: Vec<u8>,
    /// The number the terminal shows.
    pub number: Option<Secret>,
    /// `CLOCK_BOOTTIME` seconds after which no answer counts.
    pub until: u64,
}

/// The bytes that are signed: DSSE's encoding of the type and of SHA-256(request) followed by the approval's bytes.
#[must_use]
pub fn signed_bytes(request: &[u8], approval: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(32 + approval.len());
    body.extend_from_slice(&Sha256::digest(request));
    body.extend_from_slice(approval);
    let mut bytes = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), body.len()).into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

/// The device's side: signs `approval` of the request whose bytes are `request`.
///
/// # Errors
/// Never for a value made by this module.
pub fn sign(key: &SigningKey, request: &[u8], approval: &Approval) -> Result<(Vec<u8>, [u8; 64]), serde_json::Error> {
    let bytes = serde_json::to_vec(approval)?;
    let signature = key.sign(&signed_bytes(request, &bytes)).to_bytes();
    Ok((bytes, signature))
}

/// mfad's side: whether this is a yes to `pending`, by one of the approver's active `devices`, at `boottime`.
///
/// # Errors
/// Why it is not. Only [`Rejected::WrongNumber`] says something about the person; all others may be
/// anybody's bytes and must not end the request.
pub fn judge<'a>(
    pending: &Pending,
    approval: &[u8],
    signature: &[u8],
    devices: &'a [Device],
    boottime: u64,
) -> Result<&'a Device, Rejected> {
    if approval.len() > MAX_BYTES {
        return Err(Rejected::NotUnderstood);
    }
    let read: Approval = serde_json::from_slice(approval).map_err(|_| Rejected::NotUnderstood)?;
    if read.request != pending.request.id {
        return Err(Rejected::AnotherRequest);
    }
    let device =
        devices.iter().find(|device| device.id == read.device && device.is_active()).ok_or(Rejected::AnotherDevice)?;
    let signature = Signature::from_slice(signature).map_err(|_| Rejected::Signature)?;
    // `verify_strict` refuses small-order keys and malleable signatures.
    device
        .key
        .verifying_key()
        .verify_strict(&signed_bytes(&pending.bytes, approval), &signature)
        .map_err(|_| Rejected::Signature)?;
    if read.purpose != pending.request.purpose {
        return Err(Rejected::AnotherPurpose);
    }
    if boottime >= pending.until {
        return Err(Rejected::Expired);
    }
    let equal = match (&pending.number, &read.number) {
        (None, None) => true,
        (Some(shown), Some(typed)) => bool::from(shown.expose().ct_eq(typed.expose())),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if equal { Ok(device) } else { Err(Rejected::WrongNumber) }
}

/// Six digits from random bytes, each number equally likely to one part in 10^12.
#[must_use]
pub fn number(random: [u8; 8]) -> Secret {
    let drawn = u64::from_be_bytes(random) % 10u64.pow(6);
    Secret::from(format!("{drawn:0NUMBER_DIGITS$}"))
}

/// A number as the terminal shows it: `482 913`.
#[must_use]
pub fn shown(number: &Secret) -> String {
    let text = number.expose_str().unwrap_or_default();
    match text.split_at_checked(NUMBER_DIGITS / 2) {
        Some((first, last)) => format!("{first} {last}"),
        None => text.to_owned(),
    }
}

/// What a person typed as the number: digits, with spaces or dashes between; `None` when it is not six of them.
#[must_use]
pub fn typed(text: &str) -> Option<Secret> {
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect();
    (digits.len() == NUMBER_DIGITS && digits.iter().all(u8::is_ascii_digit)).then(|| Secret::new(digits))
}

#[cfg(test)]
mod tests;
