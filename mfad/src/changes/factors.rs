//! Making and removing generators of codes, and making recovery codes: for administrators and for users themselves.
//!
//! The caller holds the user's lock. What must never happen: a secret that is not random, a removed factor whose recovery codes
//! go on opening logins alone, or marks of an old set of recovery codes that fall on a new one.

use super::{
    Refusal, add_factor, begin_set, change_state, checked_label, current_state, enrollment_of, first_recovery, otpauth,
    refuse, save,
};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::admin::NewFactor;
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, Factor, FactorId};
use mfa_core::otp::{Moving, NEW_SECRET_BYTES, Otp, ShortSecret};
use mfa_core::secret::Secret;
use mfa_core::state::State;
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
    /// Factors of the same name that were never confirmed: this one is in their place.
    pub replaced: Vec<FactorId>,
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
    // A pending factor that was never confirmed is replaced: its owner starts again. A token is somebody's word, and waits on.
    let is_begun = |factor: &Factor| {
        factor.pending && factor.token.is_none() && factor.method() == new.method && factor.label == label
    };
    let replaced = enrollment.factors.extract_if(.., |factor| is_begun(factor)).map(|factor| factor.id).collect();
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
        begin_set(authority, &enrollment, |_| {})?;
    }
    save(authority, &mut enrollment, fresh)?;
    Ok(Started { factor: id, uri, secret, recovery, replaced })
}

/// Removes a factor; with the last one go the recovery codes.
///
/// # Errors
/// When there is none of this name, or nothing could be written.
pub fn remove_factor(authority: &Authority, enrollment: &mut Enrollment, id: &FactorId) -> Result<(), Refusal> {
    if enrollment.factor(id).is_none() {
        let known: Vec<String> = enrollment.factors.iter().map(|factor| factor.id.to_string()).collect();
        let (user, shown) = (clean::quoted(&enrollment.name), clean::quoted(&id.to_string()));
        return refuse(match known.as_slice() {
            [] => format!("{user} has no factor {shown}, and no other"),
            some => format!("{user} has no factor {shown}; there is {}", some.join(", ")),
        });
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
/// When there is no factor they could stand in for, or nothing could be written: the old ones stand then.
pub fn new_recovery(authority: &Authority, enrollment: &mut Enrollment) -> Result<Vec<Secret>, Refusal> {
    if !enrollment.is_enrolled() {
        return refuse(format!("{} has no confirmed factor", clean::quoted(&enrollment.name)));
    }
    let before = enrollment.clone();
    // The marks there are say of which set they are, and so fall on no other: the new set comes into use by the one write of its
    // file, and a write that fails leaves the old set as it was.
    if before.recovery.is_none() && !current_state(authority, enrollment)?.spent.is_empty() {
        change_state(authority, enrollment, State::forget_spent)?;
    }
    enrollment.recovery = None;
    let codes = first_recovery(authority, enrollment)?;
    if let (Some(new), Some(old)) = (&mut enrollment.recovery, &before.recovery) {
        // It is what tells them apart, also within one second or with a clock that was set back.
        new.created = new.created.max(old.created.saturating_add(1));
    }
    match save(authority, enrollment, false) {
        Err(why) if is_in_place(authority, enrollment) => put_back(authority, &before, codes, why),
        saved => saved.map(|()| codes),
    }
}

/// Whether the recovery codes of this file are those that logins go by.
fn is_in_place(authority: &Authority, enrollment: &Enrollment) -> bool {
    let made = |enrollment: &Enrollment| enrollment.recovery.as_ref().map(|set| set.created);
    let stands = authority.store.enrollment(&enrollment.name).ok().flatten();
    stands.is_some_and(|stands| made(&stands) == made(enrollment))
}

/// A write failed in its last step, with the new file in place: the old codes come back, or else the new ones are shown.
fn put_back(
    authority: &Authority,
    before: &Enrollment,
    codes: Vec<Secret>,
    why: Refusal,
) -> Result<Vec<Secret>, Refusal> {
    // This may fail in the same step; what counts is which file is there then.
    let _ = authority.store.save_enrollment(before);
    if is_in_place(authority, before) {
        return Err(why);
    }
    tracing::error!("the new recovery codes of {} may not outlive a power cut: {}", clean::quoted(&before.name), why.0);
    Ok(codes)
}
