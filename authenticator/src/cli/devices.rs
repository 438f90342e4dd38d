//! `devices` and `lost`: the user's own devices, as mfad knows them.

use super::{factors, ids, proof, refused, when};
use crate::catalogue::{filled, gettext};
use crate::keyring::{Held, Keyring};
use crate::now;
use crate::requests::short_fingerprint;
use crate::session;
use anyhow::anyhow;
use mfa_core::bus::DeviceListed;
use mfa_core::bus::Trust;
use mfa_core::clean;
use mfa_core::device::DeviceId;
use serde::Serialize;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    device: &'a DeviceListed,
    /// Whether its key is in this session's keyring; `null` when the keyring cannot be asked.
    here: Option<bool>,
}

pub(super) async fn list(trust: Trust, json: bool) -> anyhow::Result<()> {
    let devices = factors(trust).await?.devices().await.map_err(refused)?;
    let keyring = session::connect(crate::keyring::PATIENCE).await.ok().map(Keyring::new);
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
        println!("{}", gettext("No devices. To add this computer: mfa-authenticator pair"));
    }
    for row in rows {
        println!("{}", line(&row, now()));
    }
    Ok(())
}

fn line(row: &Row<'_>, now: u64) -> String {
    let device = row.device;
    let state = if device.suspended { gettext("suspended") } else { gettext("active") };
    let text = if row.here == Some(true) {
        gettext("{device}  {label}  {state}, added {when}, key in this keyring, key {fingerprint}")
    } else {
        gettext("{device}  {label}  {state}, added {when}, key {fingerprint}")
    };
    filled(
        text,
        &[
            ("device", &clean::field(&device.id)),
            ("label", &clean::field(&device.label)),
            ("state", &state),
            ("when", &when::ago(device.created, now)),
            ("fingerprint", &short_fingerprint(&device.fingerprint)),
        ],
    )
}

pub(super) async fn lost(trust: Trust, device: &str) -> anyhow::Result<()> {
    let factors = factors(trust).await?;
    let devices = factors.devices().await.map_err(refused)?;
    let device = ids::completed(device, devices.iter().map(|device| device.id.as_str())).map_err(|why| anyhow!(why))?;
    let proof = proof::asked(proof::OF_ONES_OWN.here())?;
    let challenge;
    let proof = if proof.is_empty() {
        challenge = proof::asked_of_devices(&factors, "suspend-device", device).await?;
        &challenge
    } else {
        proof.expose_str().ok_or_else(proof::is_no_code)?
    };
    factors.suspend_device(device, proof).await.map_err(refused)?;
    let text = gettext("{device} is suspended: it is asked nothing and answers nothing.");
    println!("{}", filled(text, &[("device", &clean::field(device))]));
    Ok(())
}
