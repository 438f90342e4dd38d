//! Yes and no. The only place where a signature is made.
//!
//! Called for the session bus and for the notification's actions. A yes needs the key, which needs the keyring; a no
//! needs nothing but the connection to which the request was presented.

use super::{Agent, link::Link};
use crate::catalogue::{filled, gettext};
use crate::keyring::{KeyringError, Stored};
use crate::now;
use crate::requests::{Answer, NotAnswerable};
use mfa_core::approval::{self, Approval};
use mfa_core::bus::{Error, Withdrawn};
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;
use std::time::Duration;

impl Agent {
    /// Says yes: signs the very bytes that were shown, with what the user typed, and hands the signature to mfad. `pin` is
    /// empty where none was typed.
    ///
    /// # Errors
    /// When the number has the wrong form or is wrong, the key cannot be had or needs another PIN, or mfad refuses.
    pub(super) async fn approve(&self, id: &str, number: &str, pin: Secret) -> Result<(), Error> {
        let link = self.link().ok_or_else(no_daemon)?;
        let answer = self.requests().answer(id, number, now()).map_err(refused)?;
        let outcome = self.sign_and_send(&link, answer, pin).await.map_err(worded);
        match &outcome {
            Ok(()) => self.end(id, Withdrawn::Approved),
            Err(Error::WrongNumber(_)) => self.end(id, Withdrawn::WrongNumber),
            Err(Error::NoSuchRequest(_)) => self.end(id, Withdrawn::Cancelled),
            Err(_) => self.requests().release(id),
        }
        outcome
    }

    /// Says no; `report`: it was not me.
    ///
    /// # Errors
    /// When no such request waits or mfad refuses.
    pub(super) async fn deny(&self, id: &str, report: bool) -> Result<(), Error> {
        let link = self.link().ok_or_else(no_daemon)?;
        if self.requests().waiting(id).is_none() {
            return Err(refused(NotAnswerable::Unknown));
        }
        let outcome = link.agents().await?.deny(id, report).await.map_err(worded);
        match &outcome {
            Ok(()) => self.end(id, Withdrawn::Denied),
            Err(Error::NoSuchRequest(_)) => self.end(id, Withdrawn::Cancelled),
            Err(_) => {}
        }
        outcome
    }

    async fn sign_and_send(&self, link: &Link, answer: Answer, pin: Secret) -> Result<(), Error> {
        let (device, stored) = self.key(link, Duration::from_secs(answer.until.saturating_sub(now()))).await?;
        let key = self.pins.open(stored, pin).await?;
        // A person may have been at the keyring's prompt for a while, or other PINs before this one.
        if self.requests().waiting(answer.request.id.as_str()).is_none() {
            return Err(refused(NotAnswerable::Unknown));
        }
        let approval = Approval {
            request: answer.request.id,
            device,
            purpose: answer.request.purpose,
            number: answer.number,
            time: now(),
        };
        let (approval, signature) = approval::sign(&key, &answer.bytes, &approval).map_err(|error| {
            Error::Unavailable(filled(gettext("The approval cannot be written: {why}"), &[("why", &error)]))
        })?;
        drop(key);
        link.agents().await?.approve(&approval, &signature).await
    }

    /// The first key among those mfad knows that the keyring gives out.
    async fn key(&self, link: &Link, patience: Duration) -> Result<(DeviceId, Stored), Error> {
        let mut reason = gettext("No device of yours is registered with mfad. Pair this computer first.").to_owned();
        for device in &link.devices {
            match self.keyring.key(device, patience).await {
                Ok(key) => return Ok((device.clone(), key)),
                Err(error @ (KeyringError::Missing(_) | KeyringError::Damaged(_))) => reason = error.to_string(),
                Err(error) => return Err(keyring(&error)),
            }
        }
        Err(Error::Keyring(filled(gettext("{why} You can still deny."), &[("why", &reason)])))
    }
}

fn keyring(error: &KeyringError) -> Error {
    Error::Keyring(filled(gettext("{why} You can still deny."), &[("why", error)]))
}

fn no_daemon() -> Error {
    Error::Unavailable(gettext("mfad is not there. It may be restarting; the login can be retried.").to_owned())
}

fn refused(why: NotAnswerable) -> Error {
    let text = why.to_string();
    match why {
        NotAnswerable::Unknown => Error::NoSuchRequest(text),
        NotAnswerable::Busy => Error::Later(text),
        NotAnswerable::NumberDue | NotAnswerable::NoNumberDue => Error::BadValue(text),
        NotAnswerable::NumberMissing => Error::NotAuthorized(text),
    }
}

/// An error of the bus itself in words; mfad's own are passed on as they are.
fn worded(error: Error) -> Error {
    match error {
        Error::Bus(error) => Error::Unavailable(filled(gettext("mfad did not answer: {why}"), &[("why", &error)])),
        other => other,
    }
}
