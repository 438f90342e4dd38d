//! Making and removing generators of codes, and making recovery codes: for administrators and for users themselves.
//!
//! The caller holds the user's lock. What must never happen: a secret that is not random, a removed factor whose recovery codes
//! go on opening logins alone, or marks of an old set of recovery codes that fall on a new one.

use super::{Refusal, add_factor, change_state, checked_label, enrollment_of, first_recovery, otpauth, refuse, save};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::admin::NewFactor;
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, Factor, FactorId};
use mfa_core::otp::{Moving, NEW_SECRET_BYTES, Otp, ShortSecret};
use mfa_core::secret::Secret;
use mfa_core::upkeep::Upkeep;
use mfa_core::wire::Method;

/// A factor that was made. Its secret is told this once.
#[derive(Debug)]
pub struct Started {
    /// Its name.
    pub factor: FactorId,
    /// otpauth URI.
    pub uri: Secret,
    /// Base32.
    pub secret: Secret,
    /// Recovery codes, where the factor is in use and these are the first.
    pub recovery: Vec<Secret>,
}

/// Adds a factor with a secret made here. `pending`: until one of its codes proves that the secret arrived.
///
/// # Errors
/// When its parameters are none, there are too many, or nothing could be written.
pub fn start(authority: &Authority, account: &Account, new: &NewFactor, pending: bool) -> Result<Started, Refusal> {
    let moving = match new.method {
        Method::Totp => Moving::Time { period: new.period },
        Method::Hotp => Moving::Counter,
        Method::None | Method::Recovery | Method::Push | Method::Bypass => {
            return refuse("only totp and hotp factors can be enrolled");
        }
    };
    let label = checked_label(&new.label)?;
    let secret = Secret::new(random::<NEW_SECRET_BYTES>()?.to_vec());
    let otp = Otp::new(secret, new.algorithm, new.digits, moving, ShortSecret::Refuse)
        .map_err(|why| Refusal(why.to_string()))?;
    let (mut enrollment, fresh) = enrollment_of(authority, account)?;
    // A pending factor that was never confirmed is replaced: its owner starts again.
    enrollment.factors.retain(|factor| !(factor.pending && factor.method() == new.method && factor.label == label));
    let factor = Factor {
        id: FactorId::new(new.method, random()?),
        label,
        token: None,
        pending,
        created: authority.clock.now().wall,
        otp,
        counter: 0,
        upkeep: Upkeep::default(),
    };
    let uri = otpauth(authority, &account.name, &factor).print();
    let (id, secret) = (factor.id.clone(), base32::encode(factor.otp.secret()));
    add_factor(&mut enrollment, factor)?;
    let recovery = if pending { Vec::new() } else { first_recovery(authority, &mut enrollment)? };
    if !recovery.is_empty() && !fresh {
        change_state(authority, &enrollment, |state| state.spent.clear())?;
    }
    save(authority, &mut enrollment, fresh)?;
    Ok(Started { factor: id, uri, secret, recovery })
}

/// Removes a factor; with the last one go the recovery codes.
///
/// # Errors
/// When there is none of this name, or nothing could be written.
pub fn remove_factor(authority: &Authority, enrollment: &mut Enrollment, id: &FactorId) -> Result<(), Refusal> {
    if enrollment.factor(id).is_none() {
        let known: Vec<String> = enrollment.factors.iter().map(|factor| factor.id.to_string()).collect();
        let (user, shown) = (clean::quoted(&enrollment.name), clean::quoted(&id.to_string()));
        return refuse(format!("{user} has no factor {shown}; there is {}", known.join(", ")));
    }
    enrollment.factors.retain(|factor| factor.id != *id);
    if !enrollment.is_enrolled() {
        enrollment.recovery = None;
    }
    save(authority, enrollment, false)
}

/// New recovery codes; the old ones die.
///
/// # Errors
/// When there is no factor they could stand in for, or nothing could be written.
pub fn new_recovery(authority: &Authority, enrollment: &mut Enrollment) -> Result<Vec<Secret>, Refusal> {
    if !enrollment.is_enrolled() {
        return refuse(format!("{} has no confirmed factor", clean::quoted(&enrollment.name)));
    }
    enrollment.recovery = None;
    let codes = first_recovery(authority, enrollment)?;
    // The new codes are durable first: spent marks of the old set must not fall on the new one, nor be
    // lifted while the old one stands.
    save(authority, enrollment, false)?;
    change_state(authority, enrollment, |state| state.spent.clear())?;
    Ok(codes)
}
