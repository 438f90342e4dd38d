//! Pairing, listing and suspending devices: the decisions behind `Factors1` and `mfactl device`.
//!
//! What must never happen: a device added, or one taken away, on the word of a uid alone.

use crate::accounts::Account;
use crate::authority::Authority;
use crate::changes;
use crate::clock::random;
use crate::own::{enrollment_of, may_be_first, prove, refused, unavailable};
use crate::pushes::Proof;
use mfa_core::approval::Purpose;
use mfa_core::bus::{DeviceListed, Error};
use mfa_core::device::{Device, DeviceId, DeviceKey, MAX_DEVICES};
use mfa_core::event::{Event, Kind};
use mfa_core::policy::Way;
use mfa_core::upkeep::Upkeep;

/// Longest label, in characters.
const LABEL: usize = 64;

/// Adds a device on a fresh code, recovery code, an administrator's ticket, or the word of another device.
///
/// # Errors
/// When the key must not be enrolled or the proof is none.
pub fn add(authority: &Authority, account: &Account, label: &str, key: &[u8], proof: &Proof) -> Result<String, Error> {
    let key = DeviceKey::new(key).map_err(|why| Error::BadValue(why.to_string()))?;
    if label.chars().count() > LABEL || label.chars().any(char::is_control) {
        return Err(Error::BadValue(format!("a label has at most {LABEL} characters and no control characters")));
    }
    let _held = authority.locks.blocking(&account.name);
    let now = authority.clock.now();
    if !may_be_first(authority, account, proof, Way::Desktop, now)? {
        prove(authority, account, proof, &Purpose::AddDevice { fingerprint: key.fingerprint() })?;
    }
    let (mut enrollment, fresh) = changes::enrollment_of(authority, account).map_err(refused)?;
    if enrollment.devices.len() >= MAX_DEVICES {
        return Err(Error::Later(format!("there are {MAX_DEVICES} devices; ask your administrator to revoke one")));
    }
    if enrollment.devices.iter().any(|known| known.key == key) {
        return Err(Error::BadValue(String::from("this device is paired already")));
    }
    let fingerprint = key.fingerprint();
    let id = DeviceId::new(random().map_err(|why| unavailable(&why))?);
    enrollment.devices.push(Device {
        id: id.clone(),
        label: label.to_owned(),
        created: now.wall,
        suspended: false,
        key,
        upkeep: Upkeep::default(),
    });
    changes::save(authority, &mut enrollment, fresh).map_err(refused)?;
    let mut event =
        Event::new(Kind::DeviceAdded).about(&account.name).by(account.uid).detail(format!("fingerprint {fingerprint}"));
    event.factor = Some(id.to_string());
    authority.note(event);
    Ok(id.to_string())
}

/// The account's devices.
///
/// # Errors
/// When its enrolment cannot be read.
pub fn list(authority: &Authority, account: &Account) -> Result<Vec<DeviceListed>, Error> {
    let enrollment = enrollment_of(authority, account)?;
    let listed = |device: &Device| DeviceListed {
        id: device.id.to_string(),
        label: device.label.clone(),
        created: device.created,
        suspended: !device.is_active(),
        fingerprint: device.key.fingerprint(),
    };
    Ok(enrollment.iter().flat_map(|enrollment| &enrollment.devices).map(listed).collect())
}

/// Suspends a device on a fresh code, a recovery code, or the word of another device.
///
/// # Errors
/// When there is no such device or the proof is none.
pub fn suspend(authority: &Authority, account: &Account, device: &DeviceId, proof: &Proof) -> Result<(), Error> {
    let _held = authority.locks.blocking(&account.name);
    let known = enrollment_of(authority, account)?;
    let Some(mut enrollment) = known.filter(|enrollment| enrollment.device(device).is_some()) else {
        return Err(Error::NoSuchDevice(String::from("there is no such device of yours")));
    };
    prove(authority, account, proof, &Purpose::SuspendDevice { device: device.clone() })?;
    for known in enrollment.devices.iter_mut().filter(|known| known.id == *device) {
        known.suspended = true;
    }
    changes::save(authority, &mut enrollment, false).map_err(refused)?;
    let mut event = Event::new(Kind::DeviceSuspended).about(&account.name).by(account.uid);
    event.factor = Some(device.to_string());
    authority.note(event);
    Ok(())
}
