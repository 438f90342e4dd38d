//! `Factors1`: a user's devices. Being the right uid is not enough to change them: a fresh proof is.

use super::{blocking, caller};
use crate::accounts::{Lookup, by_uid};
use crate::authority::Authority;
use crate::devices;
use crate::pushes::{self, Challenges};
use mfa_core::bus::{DeviceListed, Error};
use mfa_core::device::DeviceId;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, interface};

/// The served object.
pub(super) struct Factors {
    authority: Arc<Authority>,
    challenges: Arc<Challenges>,
}

impl Factors {
    pub(super) fn new(authority: Arc<Authority>, challenges: Arc<Challenges>) -> Self {
        Self { authority, challenges }
    }
}

#[interface(name = "io.github.pam_mfa.Factors1")]
impl Factors {
    async fn challenge(
        &self,
        purpose: &str,
        subject: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let (name, uid) = caller(connection, &header).await?;
        let (authority, challenges) = (Arc::clone(&self.authority), Arc::clone(&self.challenges));
        let (purpose, subject) = (purpose.to_owned(), subject.to_owned());
        let asked =
            blocking(move || pushes::challenge(&authority, &challenges, &account(uid)?, &name, (&purpose, &subject)));
        let (challenge, number) = asked.await??;
        Ok((challenge, number.expose_str().unwrap_or_default().to_owned()))
    }

    async fn add_device(
        &self,
        label: &str,
        public_key: Vec<u8>,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let (_, uid) = caller(connection, &header).await?;
        let proof = self.challenges.proof(uid, proof).await?;
        let (authority, label) = (Arc::clone(&self.authority), label.to_owned());
        blocking(move || devices::add(&authority, &account(uid)?, &label, &public_key, &proof)).await?
    }

    async fn devices(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<DeviceListed>, Error> {
        let (_, uid) = caller(connection, &header).await?;
        let authority = Arc::clone(&self.authority);
        blocking(move || devices::list(&authority, &account(uid)?)).await?
    }

    async fn suspend_device(
        &self,
        device: &str,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let (_, uid) = caller(connection, &header).await?;
        let (authority, device) = (Arc::clone(&self.authority), DeviceId::typed(device));
        let proof = self.challenges.proof(uid, proof).await?;
        blocking(move || devices::suspend(&authority, &account(uid)?, &device, &proof)).await?
    }
}

fn account(uid: u32) -> Result<crate::accounts::Account, Error> {
    match by_uid(uid) {
        Lookup::Found(account) => Ok(account),
        Lookup::Absent | Lookup::Failed(_) => {
            Err(Error::NotAuthorized(String::from("there is no account of your uid")))
        }
    }
}
