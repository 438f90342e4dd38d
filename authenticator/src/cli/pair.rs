//! `pair`: a device key for this computer.
//!
//! What must never happen: a proof spent although the key cannot be kept, a key kept that mfad refused, a proof shown
//! to somebody who is not mfad.

use super::{factors, hidden, offer, proof, state};
use crate::accounts;
use crate::catalogue::{Text, filled, gettext};
use crate::keyring::{Keyring, Owner, stored};
use crate::requests::short_fingerprint;
use anyhow::{anyhow, bail};
use ed25519_dalek::SigningKey;
use mfa_core::bus::Trust;
use mfa_core::clean;
use mfa_core::device::{DeviceId, DeviceKey};
use mfa_core::secret::Secret;
use zeroize::Zeroizing;

/// Longest label in characters.
const LONGEST_LABEL: usize = 64;

pub(super) async fn pair(trust: Trust, label: Option<String>, ticket: bool, pin: bool) -> anyhow::Result<()> {
    let host = accounts::host_name();
    let label = label.unwrap_or_else(|| host.clone());
    if label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        let text = gettext("The label is longer than {longest} characters or holds control characters.");
        bail!(filled(text, &[("longest", &LONGEST_LABEL)]));
    }
    let factors = factors(trust).await?;
    let absent = Text("No session bus. Pair inside a desktop session, where the keyring is.");
    let keyring = Keyring::new(state::connected(crate::keyring::PATIENCE, absent).await?);
    keyring.prepare().await?;

    // Everything that can fail here does so before the proof is spent.
    let (key, public) = new_key()?;
    let pin = if pin { Some(hidden::new_pin()?) } else { None };
    let random = hidden::random()?;
    let text = stored::text(&key, pin.as_ref().map(|pin| (pin, &random)))?;
    drop(key);
    let fingerprint = short_fingerprint(&public.fingerprint());
    let words = gettext("The fingerprint of this computer's new key: {fingerprint}");
    println!("{}", filled(words, &[("fingerprint", &fingerprint)]));
    if !ticket && let Some(device) = offer::taken(trust, &factors, &label, &public).await? {
        return kept(&keyring, &device, text, host, pin.is_some()).await;
    }
    let proof = proof::asked(if ticket { gettext("Ticket: ") } else { proof::OF_ONES_OWN.here() })?;
    if ticket && proof.is_empty() {
        bail!(gettext("No ticket was given. Nothing was changed."));
    }
    let challenge;
    let proof = if proof.is_empty() {
        challenge = proof::asked_of_devices(&factors, "add-device", &public.fingerprint()).await?;
        &challenge
    } else {
        proof.expose_str().ok_or_else(proof::is_no_code)?
    };
    let device = factors.add_device(&label, public.verifying_key().as_bytes(), proof).await.map_err(|error| {
        anyhow!(filled(gettext("mfad did not add this computer: {why}"), &[("why", &error.words())]))
    })?;

    kept(&keyring, &device, text, host, pin.is_some()).await
}

/// Keeps the key of what mfad added, and says so.
async fn kept(keyring: &Keyring, device: &str, text: Secret, host: String, has_pin: bool) -> anyhow::Result<()> {
    let id = DeviceId::typed(device);
    let owner = Owner { user: accounts::own_name(), host };
    let shown = clean::field(device);
    if let Err(error) = keyring.store(&id, &text, &owner).await {
        let text = gettext(
            "mfad added this computer as {device}, but its key could not be stored and is gone: {why} \
             Run: mfa-authenticator lost {device}",
        );
        bail!(filled(text, &[("device", &shown), ("why", &error)]));
    }
    let text = if has_pin {
        gettext(
            "This computer is {device} and can approve your sign-ins while the agent runs; it asks for the PIN each time.",
        )
    } else {
        gettext("This computer is {device} and can approve your sign-ins while the agent runs.")
    };
    println!("{}", filled(text, &[("device", &shown)]));
    Ok(())
}

fn new_key() -> anyhow::Result<(SigningKey, DeviceKey)> {
    let seed = Zeroizing::new(hidden::random::<32>()?);
    let key = SigningKey::from_bytes(&seed);
    let public = DeviceKey::new(key.verifying_key().as_bytes())?;
    Ok((key, public))
}
