//! Paired devices: tickets, list, suspend, revoke.

use super::link::{Link, unexpected};
use super::show::{Screen, moment, name};
use super::{Failure, User, simply};
use crate::clock::zone;
use clap::Subcommand;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, DeviceStatus};
use mfa_core::clean;
use mfa_core::secret::Secret;
use serde::Serialize;

/// What can be done with devices.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List a user's devices
    List(User),
    /// Suspend a device: it is asked nothing and approves nothing, and nothing takes it back but pairing it anew
    Suspend {
        #[command(flatten)]
        user: User,
        /// Name of a device
        device: String,
    },
    /// Remove a device for good
    Revoke {
        #[command(flatten)]
        user: User,
        /// Name of a device
        device: String,
    },
}

/// Runs one of them.
pub(super) fn device(link: &mut Link, screen: &mut Screen, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List(user) => list(link, screen, &user.user),
        Command::Suspend { user, device } => set_aside(link, screen, &user.user, device, false),
        Command::Revoke { user, device } => set_aside(link, screen, &user.user, device, true),
    }
}

fn set_aside(link: &mut Link, screen: &mut Screen, user: &str, device: &str, revoke: bool) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::Device { user: user.to_owned(), device: device.to_owned(), revoke })
}

fn list(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    let AdminReply::Status(status) = link.ask(AdminAsk::Status { user: user.to_owned() })? else {
        return Err(unexpected());
    };
    if screen.json {
        for device in &status.devices {
            screen.object(device)?;
        }
        return Ok(());
    }
    if status.devices.is_empty() {
        return Ok(screen.say(&format!("{} has no device.", name(&status.user)))?);
    }
    for device in &status.devices {
        screen.say(&line(&zone(), device))?;
    }
    Ok(())
}

/// A device in a line.
pub(super) fn line(zone: &TimeZone, device: &DeviceStatus) -> String {
    let label = if device.label.is_empty() { String::new() } else { format!(" ({})", clean::field(&device.label)) };
    let state = if device.suspended { ", suspended" } else { "" };
    let since = moment(zone, device.created);
    format!("{}{label}: since {since}{state}, key {}", clean::field(&device.id), clean::field(&device.fingerprint))
}

/// Makes a ticket.
pub(super) fn ticket(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Made<'a> {
        user: &'a str,
        ticket: &'a Secret,
        seconds: u64,
    }
    let AdminReply::Ticket { ticket, seconds } = link.ask(AdminAsk::Ticket { user: user.to_owned() })? else {
        return Err(unexpected());
    };
    if screen.json {
        return Ok(screen.object(&Made { user, ticket: &ticket, seconds })?);
    }
    let shown = ticket.expose_str().unwrap_or_default();
    screen.say(&format!("Ticket for {}, good once and for {} minutes:", name(user), seconds / 60))?;
    screen.say(&format!("    {shown}"))?;
    Ok(screen.say("The user types it at: mfa-authenticator pair --ticket (a desktop), or mfactl me enroll (an app)")?)
}
