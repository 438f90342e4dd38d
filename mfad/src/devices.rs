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
use mfa_core::secret::Secret;
use mfa_core::upkeep::Upkeep;

/// Longest label, in characters.
const LABEL: usize = 64;

/// Adds a device on a fresh code, recovery code, an administrator's ticket, or the word of another device.
///
/// # Errors
/// When the key must not be enrolled or the proof is none.
pub fn add(authority: &Authority, account: &Account, label: &str, key: &[u8], proof: &Proof) -> Result<String, Error> {
    let key = checked(label, key)?;
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

/// Offers a first device to the next login of the account, for the connection `caller`: the offer's name, and the number to show.
///
/// # Errors
/// When the account has a factor, policy sets up no desktop at logins, or the key must not be enrolled.
pub fn offer(
    authority: &Authority,
    account: &Account,
    caller: &str,
    label: &str,
    key: &[u8],
) -> Result<(String, Secret), Error> {
    let key = checked(label, key)?;
    if enrollment_of(authority, account)?.is_some_and(|enrollment| enrollment.is_enrolled()) {
        return Err(Error::NotAuthorized(String::from(
            "you have a factor: a device is added with a fresh code, a recovery code, or another device's yes",
        )));
    }
    let policy = &authority.in_force().policy;
    let by_rules = policy.rules.iter().filter_map(|rule| rule.enrol.as_ref());
    if !by_rules.chain([&policy.enrol]).any(|set| set.value.contains(&Way::Desktop)) {
        return Err(Error::Refused(String::from(
            "policy lets no desktop be set up at a login; ask your administrator for a ticket (mfactl ticket)",
        )));
    }
    let now = authority.clock.now();
    authority.offers.make(account.uid, caller, (label, key), now).map_err(|why| unavailable(&why))
}

fn checked(label: &str, key: &[u8]) -> Result<DeviceKey, Error> {
    if label.chars().count() > LABEL || label.chars().any(char::is_control) {
        return Err(Error::BadValue(format!("a label has at most {LABEL} characters and no control characters")));
    }
    DeviceKey::new(key).map_err(|why| Error::BadValue(why.to_string()))
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
