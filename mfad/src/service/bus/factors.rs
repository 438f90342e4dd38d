//! `Factors1`: a user's own factors. Being the right uid is not enough to change them: a fresh proof is.

use super::polkit::{self, About, Action};
use super::turns::Caller;
use super::{Turns, blocking, shown};
use crate::accounts::{Account, Lookup, by_uid};
use crate::authority::Authority;
use crate::devices;
use crate::own;
use crate::pushes::{self, Challenges, Proof};
use mfa_core::bus::{DeviceListed, Error, OwnFactors};
use mfa_core::device::DeviceId;
use mfa_core::enrollment::FactorId;
use mfa_core::policy::Way;
use mfa_core::secret::Secret;
use mfa_core::wire::Method;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, interface};

/// The served object.
pub(super) struct Factors {
    authority: Arc<Authority>,
    challenges: Arc<Challenges>,
    turns: Turns,
}

impl Factors {
    pub(super) fn new(authority: Arc<Authority>, challenges: Arc<Challenges>, turns: Turns) -> Self {
        Self { authority, challenges, turns }
    }

    /// Runs `work` for the caller's own account.
    async fn own<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Arc<Authority>, &Account) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (authority, uid) = (Arc::clone(&self.authority), caller.uid);
        blocking(move || work(&authority, &account(uid)?)).await?
    }

    /// What `text` proves.
    async fn typed(&self, caller: &Caller, text: &str) -> Result<Proof, Error> {
        self.challenges.proof(caller.uid, text, self.authority.clock.now()).await
    }

    /// What `text` proves; empty, what polkit says, where it may be asked.
    async fn proof(
        &self,
        caller: &Caller,
        header: &Header<'_>,
        connection: &Connection,
        text: &str,
        way: Way,
    ) -> Result<Proof, Error> {
        if !text.is_empty() {
            return self.typed(caller, text).await;
        }
        self.own(caller, move |authority, account| own::may_ask_polkit(authority, account, way)).await?;
        // It says itself whose: the caller's own.
        polkit::check(connection, header, About { action: Action::EnrollOwn, user: String::new() }).await?;
        Ok(Proof::Polkit)
    }
}

#[interface(name = "io.github.pam_mfa.Factors1")]
impl Factors {
    async fn list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnFactors, Error> {
        let caller = self.turns.caller(connection, &header).await?;
        self.own(&caller, |authority, account| own::list(authority, account).map(shown::factors)).await
    }

    async fn enroll(
        &self,
        method: &str,
        label: String,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let method = shown::method(method)?;
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.proof(&caller, &header, connection, proof, Way::App).await?;
        let made = self.own(&caller, move |authority, account| own::enroll(authority, account, method, &label, &proof));
        let (factor, uri) = made.await?;
        Ok((factor.to_string(), shown::secret(&uri)))
    }

    async fn confirm(
        &self,
        factor: &str,
        code: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let (factor, code) = (FactorId::typed(factor), Secret::from(code));
        let caller = self.turns.changing(connection, &header).await?;
        let codes = self.own(&caller, move |authority, account| own::confirm(authority, account, &factor, &code));
        Ok(shown::secrets(&codes.await?))
    }

    async fn enroll_token(
        &self,
        serial: String,
        code: String,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, Vec<String>), Error> {
        let code = Secret::from(code);
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.proof(&caller, &header, connection, proof, Way::Token).await?;
        let taken = self
            .own(&caller, move |authority, account| own::enroll_token(authority, account, &serial, &code, &proof))
            .await?;
        Ok((taken.0.to_string(), shown::secrets(&taken.1)))
    }

    async fn rename(
        &self,
        factor: String,
        label: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let caller = self.turns.changing(connection, &header).await?;
        self.own(&caller, move |authority, account| own::rename(authority, account, &factor, &label)).await
    }

    async fn prefer(
        &self,
        method: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let method = match method {
            "" => None,
            "push" => Some(Method::Push),
            other => Some(shown::method(other).map_err(|_| {
                Error::BadValue(String::from("the method is totp, hotp, push, or empty for what policy says"))
            })?),
        };
        let caller = self.turns.changing(connection, &header).await?;
        self.own(&caller, move |authority, account| own::prefer(authority, account, method)).await
    }

    async fn remove(
        &self,
        factor: &str,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let factor = FactorId::typed(factor);
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.typed(&caller, proof).await?;
        self.own(&caller, move |authority, account| own::remove(authority, account, &factor, &proof)).await
    }

    async fn disable(
        &self,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.typed(&caller, proof).await?;
        let ticket = self.own(&caller, move |authority, account| own::disable(authority, account, &proof)).await?;
        Ok(ticket.as_ref().map(shown::secret).unwrap_or_default())
    }

    async fn regenerate_recovery_codes(
        &self,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.typed(&caller, proof).await?;
        let codes = self.own(&caller, move |authority, account| own::new_recovery(authority, account, &proof)).await?;
        Ok(shown::secrets(&codes))
    }

    async fn verify(
        &self,
        code: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let code = Secret::from(code);
        let caller = self.turns.changing(connection, &header).await?;
        self.own(&caller, move |authority, account| own::verify(authority, account, &code)).await
    }

    async fn challenge(
        &self,
        purpose: String,
        subject: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let (challenges, name) = (Arc::clone(&self.challenges), caller.name.clone());
        let asked = self.own(&caller, move |authority, account| {
            pushes::challenge(authority, &challenges, account, &name, (&purpose, &subject))
        });
        let (challenge, number) = asked.await?;
        Ok((challenge, shown::secret(&number)))
    }

    async fn add_device(
        &self,
        label: String,
        public_key: Vec<u8>,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.typed(&caller, proof).await?;
        self.own(&caller, move |authority, account| devices::add(authority, account, &label, &public_key, &proof)).await
    }

    async fn devices(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<DeviceListed>, Error> {
        let caller = self.turns.caller(connection, &header).await?;
        self.own(&caller, |authority, account| devices::list(authority, account)).await
    }

    async fn suspend_device(
        &self,
        device: &str,
        proof: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let device = DeviceId::typed(device);
        let caller = self.turns.changing(connection, &header).await?;
        let proof = self.typed(&caller, proof).await?;
        self.own(&caller, move |authority, account| devices::suspend(authority, account, &device, &proof)).await
    }
}

fn account(uid: u32) -> Result<Account, Error> {
    match by_uid(uid) {
        Lookup::Found(account) => Ok(account),
        Lookup::Absent | Lookup::Failed(_) => {
            Err(Error::NotAuthorized(String::from("there is no account of your uid")))
        }
    }
}
