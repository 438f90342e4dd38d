//! An administrator's hand on devices: a ticket for a first one, suspending and revoking.

use super::{Refusal, account, done, enrolled, file_user, refuse};
use crate::authority::Authority;
use crate::changes;
use crate::tickets::LIFETIME;
use mfa_core::admin::{AdminReply, DeviceStatus};
use mfa_core::clean;
use mfa_core::device::{Device, DeviceId};
use mfa_core::event::{Event, Kind};

pub(super) fn ticket(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let account = account(typed)?;
    let ticket = authority.tickets.issue(&account.name, authority.clock.now())?;
    authority.note(Event::new(Kind::AdminTicket).about(&account.name).by(by));
    Ok(AdminReply::Ticket { ticket, seconds: LIFETIME })
}

pub(super) fn set_aside(
    authority: &Authority,
    by: u32,
    typed: &str,
    device: &str,
    revoke: bool,
) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let mut enrollment = enrolled(authority, &user)?;
    let id = DeviceId::typed(device);
    if enrollment.device(&id).is_none() {
        let (user, device) = (clean::quoted(&user), clean::quoted(device));
        return refuse(format!("{user} has no device {device}; mfactl device list shows them"));
    }
    if revoke {
        enrollment.devices.retain(|known| known.id != id);
    }
    for known in enrollment.devices.iter_mut().filter(|known| known.id == id) {
        known.suspended = true;
    }
    if !enrollment.is_enrolled() {
        enrollment.recovery = None;
    }
    changes::save(authority, &mut enrollment, false)?;
    let mut event = Event::new(if revoke { Kind::DeviceRevoked } else { Kind::DeviceSuspended }).about(&user).by(by);
    event.factor = Some(id.to_string());
    authority.note(event);
    let what = if revoke { "removed" } else { "suspended" };
    let last = if enrollment.is_enrolled() { "" } else { "; no factor is left, the recovery codes are gone as well" };
    Ok(done(format!("{what} {id}{last}")))
}

/// A device as lists show it.
pub(super) fn status_of(device: &Device) -> DeviceStatus {
    DeviceStatus {
        id: device.id.to_string(),
        label: device.label.clone(),
        created: device.created,
        suspended: !device.is_active(),
        upkeep: device.upkeep,
        fingerprint: device.key.fingerprint(),
    }
}
