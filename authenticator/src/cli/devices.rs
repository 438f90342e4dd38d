//! `devices` and `lost`: the user's own devices, as mfad knows them.

use super::{factors, ids, proof, refused, when};
use crate::keyring::{Held, Keyring};
use crate::now;
use crate::requests::short_fingerprint;
use anyhow::anyhow;
use mfa_core::bus::DeviceListed;
use mfa_core::bus::Trust;
use mfa_core::clean;
use mfa_core::device::DeviceId;
use serde::Serialize;
use zbus::connection::Builder;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    device: &'a DeviceListed,
    /// Whether its key is in this session's keyring; `null` when the keyring cannot be asked.
    here: Option<bool>,
}

pub(super) async fn list(trust: Trust, json: bool) -> anyhow::Result<()> {
    let devices = factors(trust).await?.devices().await.map_err(refused)?;
    let keyring = Builder::session().method_timeout(crate::keyring::PATIENCE).build().await.ok().map(Keyring::new);
    let mut rows = Vec::new();
    for device in &devices {
        let here = match &keyring {
            Some(keyring) => keyring.holds(&DeviceId::typed(&device.id)).await.ok().map(|held| held == Held::Yes),
            None => None,
        };
        rows.push(Row { device, here });
    }
    if json {
        println!("{}", serde_json::to_string(&rows)?);
        return Ok(());
    }
    if rows.is_empty() {
        println!("No devices. To add this computer: mfa-authenticator pair");
    }
    for row in rows {
        println!("{}", line(&row, now()));
    }
    Ok(())
}

fn line(row: &Row<'_>, now: u64) -> String {
    let device = row.device;
    let state = if device.suspended { "suspended" } else { "active" };
    let here = if row.here == Some(true) { ", key in this keyring" } else { "" };
    format!(
        "{}  {}  {state}, added {}{here}, key {}",
        clean::field(&device.id),
        clean::field(&device.label),
        when::ago(device.created, now),
        short_fingerprint(&device.fingerprint)
    )
}

pub(super) async fn lost(trust: Trust, device: &str) -> anyhow::Result<()> {
    let factors = factors(trust).await?;
    let devices = factors.devices().await.map_err(refused)?;
    let device = ids::completed(device, devices.iter().map(|device| device.id.as_str())).map_err(|why| anyhow!(why))?;
    let proof = proof::asked("Code, recovery code, or Enter to ask another device of yours: ")?;
    let challenge;
    let proof = if proof.is_empty() {
        challenge = proof::asked_of_devices(&factors, "suspend-device", device).await?;
        &challenge
    } else {
        proof.expose_str().ok_or_else(|| anyhow!("That is not a code."))?
    };
    factors.suspend_device(device, proof).await.map_err(refused)?;
    println!("{} is suspended: it is asked nothing and answers nothing.", clean::field(device));
    Ok(())
}
