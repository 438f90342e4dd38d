//! The gate before device keys that have a PIN.
//!
//! Called where a yes is signed, and nowhere else: a no never comes here. One PIN at a time is tried, off the async
//! threads, since it takes a while and 64 MiB. What must never happen: many wrong ones tried side by side, or a wait
//! that a changed clock ends.

use crate::catalogue::{filled, gettext};
use crate::keyring::{Stored, stored};
use crate::pin::{Pin, Tries};
use crate::sealed::{SealError, Sealed};
use ed25519_dalek::SigningKey;
use mfa_core::bus::Error;
use mfa_core::secret::Secret;
use std::time::Instant;
use tokio::sync::Mutex;

/// Counts wrong PINs for as long as the agent runs.
#[derive(Debug)]
pub(super) struct Pins {
    /// Held while a PIN is tried: the next one waits, in the order they came.
    tries: Mutex<Tries>,
    since: Instant,
}

impl Default for Pins {
    fn default() -> Self {
        Self { tries: Mutex::default(), since: Instant::now() }
    }
}

impl Pins {
    /// The key itself; `pin` is what was typed, empty where nothing was.
    ///
    /// # Errors
    /// When a PIN is needed, wrong, not needed, or has to wait.
    pub(super) async fn open(&self, stored: Stored, pin: Secret) -> Result<SigningKey, Error> {
        match stored {
            Stored::Bare(key) if pin.is_empty() => Ok(*key),
            Stored::Bare(_) => {
                Err(Error::BadValue(gettext("The device key has no PIN. Approve without one.").to_owned()))
            }
            Stored::Sealed(_) if pin.is_empty() => {
                Err(Error::PinNeeded(gettext("The device key has a PIN. Type it to approve.").to_owned()))
            }
            Stored::Sealed(sealed) => self.tried(sealed, pin).await,
        }
    }

    async fn tried(&self, sealed: Sealed, pin: Secret) -> Result<SigningKey, Error> {
        // A text that can be no PIN is not tried, and so not counted.
        let pin = Pin::new(pin)
            .map_err(|why| Error::WrongPin(filled(gettext("That is not the PIN. {why}"), &[("why", &why)])))?;
        let mut tries = self.tries.lock().await;
        tries.begin(self.since.elapsed()).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Error::Later(filled(
                gettext("Too many wrong PINs. The next one can be tried in {seconds} s. You can still deny."),
                &[("seconds", &seconds)],
            ))
        })?;
        let opened = tokio::task::spawn_blocking(move || stored::opened(&sealed, &pin)).await;
        match opened {
            Ok(Ok(key)) => {
                tries.right();
                Ok(key)
            }
            Ok(Err(SealError::Closed)) => {
                Err(Error::WrongPin(gettext("The PIN is wrong. The request waits on.").to_owned()))
            }
            Ok(Err(error @ SealError::Memory)) => {
                tries.take_back();
                Err(Error::Unavailable(filled(
                    gettext("The PIN cannot be tried now: {why}. You can still deny."),
                    &[("why", &error)],
                )))
            }
            Err(_) => Err(Error::Unavailable(gettext("The PIN could not be tried. You can still deny.").to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::RANDOM;

    fn text(pin: Option<&str>) -> Secret {
        let pin = pin.map(|pin| Pin::new(Secret::from(pin.to_owned())).unwrap());
        let key = SigningKey::from_bytes(&[7; 32]);
        stored::text(&key, pin.as_ref().map(|pin| (pin, &[1; RANDOM]))).unwrap()
    }

    fn stored(pin: Option<&str>) -> Stored {
        Stored::read(&text(pin)).unwrap()
    }

    async fn open(pins: &Pins, stored: Stored, pin: &str) -> Result<[u8; 32], Error> {
        pins.open(stored, Secret::from(pin.to_owned())).await.map(|key| key.to_bytes())
    }

    #[tokio::test]
    async fn a_pin_is_asked_for_where_there_is_one_and_nowhere_else() {
        let pins = Pins::default();
        assert_eq!(open(&pins, stored(None), "").await.unwrap(), [7; 32]);
        assert!(matches!(open(&pins, stored(None), "123456").await, Err(Error::BadValue(_))));
        assert!(matches!(open(&pins, stored(Some("123456")), "").await, Err(Error::PinNeeded(_))));
        assert_eq!(open(&pins, stored(Some("123456")), "123456").await.unwrap(), [7; 32]);
    }

    #[tokio::test]
    async fn of_many_wrong_pins_at_once_five_are_tried() {
        let pins = Pins::default();
        let text = text(Some("123456"));
        let stored = || Stored::read(&text).unwrap();
        let tries = futures_util::future::join_all((0..20).map(|_| open(&pins, stored(), "654321")));
        let outcomes = tries.await;
        let wrong = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::WrongPin(_)))).count();
        let later = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Later(_)))).count();
        assert_eq!((wrong, later), (5, 15));
        // The right one waits as well, and one that can be none costs nothing.
        assert!(matches!(open(&pins, stored(), "123456").await, Err(Error::Later(_))));
        assert!(matches!(open(&Pins::default(), stored(), "1").await, Err(Error::WrongPin(_))));
    }
}
