//! `pin`: the PIN over a device key of this keyring, or over the accounts.
//!
//! A device key stays the same, so mfad has no part in it. What must never happen: the key being lost between two forms of
//! it, or a PIN taken off without being known.

use super::{codes, hidden, ids, state};
use crate::catalogue::{Text, filled, gettext};
use crate::keyring::{self, Asks, Keyring, Stored, stored};
use crate::pin::Pin;
use crate::sealed::{SealError, Sealed};
use anyhow::{anyhow, bail};
use clap::Subcommand;
use ed25519_dalek::SigningKey;
use mfa_core::clean;
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Put a key under a PIN; it is asked for at each approval from then on.
    Set {
        /// The device, or the beginning of its name; may be left out where the keyring holds one key.
        device: Option<String>,
        /// The PIN over your codes instead of one over a device key.
        #[arg(long, conflicts_with = "device")]
        codes: bool,
    },
    /// Take another PIN.
    Change {
        /// The device, or the beginning of its name; may be left out where the keyring holds one key.
        device: Option<String>,
        /// The PIN over your codes instead of one over a device key.
        #[arg(long, conflicts_with = "device")]
        codes: bool,
    },
    /// Take the PIN off.
    Remove {
        /// The device, or the beginning of its name; may be left out where the keyring holds one key.
        device: Option<String>,
        /// The PIN over your codes instead of one over a device key.
        #[arg(long, conflicts_with = "device")]
        codes: bool,
    },
}

pub(super) async fn run(what: What) -> anyhow::Result<()> {
    let (What::Set { codes, .. } | What::Change { codes, .. } | What::Remove { codes, .. }) = &what;
    if *codes {
        return over_codes(&what).await;
    }
    let absent = Text("No session bus. Run this inside the desktop session, where the keyring is.");
    let keyring = Keyring::new(state::connected(keyring::PATIENCE, absent).await?);
    let (What::Set { device: typed, .. } | What::Change { device: typed, .. } | What::Remove { device: typed, .. }) =
        &what;
    let device = chosen(&keyring, typed.as_deref()).await?;
    let shown = clean::field(device.as_str());
    let held = keyring.key(&device, keyring::PROMPT_PATIENCE).await?;
    let (text, done) = match (what, held) {
        (What::Set { .. }, Stored::Bare(key)) => (
            under(&key, &hidden::new_pin()?)?,
            gettext("{device} has a PIN now, which is asked for at each approval. Whoever forgets it pairs anew."),
        ),
        (What::Set { .. }, Stored::Sealed(_)) => {
            let text = gettext("{device} has a PIN already. Another: mfa-authenticator pin change");
            bail!(filled(text, &[("device", &shown)]))
        }
        (What::Change { .. }, Stored::Sealed(sealed)) => {
            let key = opened(&sealed)?;
            (under(&key, &hidden::new_pin()?)?, gettext("{device} has the new PIN now."))
        }
        (What::Remove { .. }, Stored::Sealed(sealed)) => {
            (stored::text(&opened(&sealed)?, None)?, gettext("{device} has no PIN any more."))
        }
        (_, Stored::Bare(_)) => {
            let text = gettext("{device} has no PIN. To give it one: mfa-authenticator pin set");
            bail!(filled(text, &[("device", &shown)]))
        }
    };
    keyring
        .replace(&device, &text)
        .await
        .map_err(|error| anyhow!(filled(gettext("{why} Nothing was changed."), &[("why", &error)])))?;
    println!("{}", filled(done, &[("device", &shown)]));
    Ok(())
}

async fn over_codes(what: &What) -> anyhow::Result<()> {
    let vault = codes::locked_vault().await?;
    let done = match (what, vault.pin().await?) {
        (What::Set { .. }, None) => {
            let (pin, key) = (hidden::new_pin()?, vault.key_or(hidden::random()?));
            let sealed = key.under(&pin, &hidden::random()?)?;
            vault.set_pin(key, &sealed).await?;
            gettext(
                "Your codes are under a PIN now. Nobody can read them without it: keep a backup (mfa-authenticator export).",
            )
        }
        (What::Set { .. }, Some(_)) => {
            bail!(gettext("Your codes have a PIN already. Another: mfa-authenticator pin change --codes"))
        }
        (_, None) => bail!(gettext("Your codes have no PIN. To give them one: mfa-authenticator pin set --codes")),
        (What::Change { .. }, Some(sealed)) => {
            let key = codes::opened(&sealed)?;
            let other = key.under(&hidden::new_pin()?, &hidden::random()?)?;
            vault.hold(Some((key.clone(), sealed)));
            vault.set_pin(key, &other).await?;
            gettext("Your codes have the new PIN now.")
        }
        (What::Remove { .. }, Some(sealed)) => {
            vault.hold(Some((codes::opened(&sealed)?, sealed)));
            vault.remove_pin().await?;
            gettext("Your codes have no PIN any more.")
        }
    };
    println!("{done}");
    Ok(())
}

/// The device meant, by the beginning of its name or because there is one alone.
async fn chosen(keyring: &Keyring, typed: Option<&str>) -> anyhow::Result<DeviceId> {
    let devices = keyring.devices(Asks::Somebody).await?;
    let names = devices.iter().map(DeviceId::as_str);
    match (typed, devices.as_slice()) {
        (_, []) => bail!(gettext("This keyring holds no device key. To make one: mfa-authenticator pair")),
        (Some(typed), _) => Ok(DeviceId::typed(ids::completed(typed, names).map_err(|why| anyhow!(why))?)),
        (None, [only]) => Ok(only.clone()),
        (None, _) => {
            let names = clean::message(&names.collect::<Vec<_>>().join(", "));
            bail!(filled(gettext("This keyring holds several keys. Name one: {names}"), &[("names", &names)]))
        }
    }
}

fn under(key: &SigningKey, pin: &Pin) -> anyhow::Result<Secret> {
    Ok(stored::text(key, Some((pin, &hidden::random()?)))?)
}

fn opened(sealed: &Sealed) -> anyhow::Result<SigningKey> {
    let wrong = || anyhow!(gettext("That is not the PIN. Nothing was changed."));
    let pin = Pin::new(hidden::line(gettext("PIN: "))?).map_err(|_| wrong())?;
    stored::opened(sealed, &pin).map_err(|error| match error {
        SealError::Closed => wrong(),
        SealError::Memory => hidden::untried(&error),
    })
}
