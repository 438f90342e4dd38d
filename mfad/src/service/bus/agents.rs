//! `Agents1`: agents say which devices they answer for, and answer.

use super::{Turns, blocking, shown};
use crate::accounts::{Lookup, by_uid};
use crate::authority::Authority;
use crate::devices;
use crate::offers::{Ended, LIFETIME};
use crate::pushes::{self, Agent, Answered};
use mfa_core::approval::{MAX_BYTES, Rejected, RequestId};
use mfa_core::bus::Error;
use mfa_core::device::DeviceId;
use std::sync::Arc;
use std::time::Duration;
use zbus::message::Header;
use zbus::{Connection, ObjectPath, interface};

/// The served object.
pub(super) struct Agents {
    authority: Arc<Authority>,
    turns: Turns,
}

impl Agents {
    pub(super) fn new(authority: Arc<Authority>, turns: Turns) -> Self {
        Self { authority, turns }
    }
}

#[interface(name = "io.github.pam_mfa.Agents1")]
impl Agents {
    async fn register(
        &self,
        device: &str,
        path: ObjectPath<'_>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let caller = self.turns.caller(connection, &header).await?;
        let agent = Agent {
            name: caller.name.clone(),
            path: path.to_string(),
            uid: caller.uid,
            device: DeviceId::typed(device),
        };
        let authority = Arc::clone(&self.authority);
        blocking(move || register(&authority, agent)).await?
    }

    async fn approve(
        &self,
        approval: Vec<u8>,
        signature: Vec<u8>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let caller = self.turns.changing(connection, &header).await?;
        if approval.len() > MAX_BYTES {
            return Err(Error::BadValue(String::from("an approval is at most 4096 bytes")));
        }
        let (authority, uid) = (Arc::clone(&self.authority), caller.uid);
        said(blocking(move || pushes::approve(&authority, uid, &approval, &signature)).await?)
    }

    async fn deny(
        &self,
        request: &str,
        report: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let (authority, id) = (Arc::clone(&self.authority), RequestId::received(request));
        let (name, uid) = (caller.name.clone(), caller.uid);
        said(blocking(move || pushes::deny(&authority, uid, &name, &id, report)).await?)
    }

    async fn offer_device(
        &self,
        label: String,
        public_key: Vec<u8>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let caller = self.turns.changing(connection, &header).await?;
        let authority = Arc::clone(&self.authority);
        let (name, uid) = (caller.name.clone(), caller.uid);
        let made = blocking(move || match by_uid(uid) {
            Lookup::Found(account) => devices::offer(&authority, &account, &name, &label, &public_key),
            Lookup::Absent | Lookup::Failed(_) => {
                Err(Error::NotAuthorized(String::from("there is no account of your uid")))
            }
        });
        let (offer, number) = made.await??;
        Ok((offer, shown::secret(&number)))
    }

    async fn await_offer(
        &self,
        offer: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let caller = self.turns.caller(connection, &header).await?;
        end_of(&self.authority, caller.uid, &caller.name, offer).await
    }
}

/// Waits for the end of an offer.
async fn end_of(authority: &Authority, uid: u32, caller: &str, offer: &str) -> Result<String, Error> {
    let over = |why: &str| Err(Error::NoSuchRequest(why.to_owned()));
    let Some(mut end) = authority.offers.end_of(uid, caller, offer) else {
        return over("there is no such offer of this program's, or it is over");
    };
    let ended = match tokio::time::timeout(Duration::from_secs(LIFETIME), end.wait_for(Option::is_some)).await {
        Ok(Ok(ended)) => ended.clone(),
        Ok(Err(_)) | Err(_) => None,
    };
    match ended {
        Some(Ended::Paired(id)) => Ok(id.to_string()),
        Some(Ended::Over(why)) => over(why),
        None => over("no login took it"),
    }
}

fn register(authority: &Authority, agent: Agent) -> Result<(), Error> {
    // One text for every reason: nobody learns which devices there are.
    let no = || Error::NoSuchDevice(String::from("there is no such active device of yours"));
    let Lookup::Found(account) = by_uid(agent.uid) else { return Err(no()) };
    let Ok(Some(enrollment)) = authority.store.enrollment(&account.name) else { return Err(no()) };
    if enrollment.uid != agent.uid || !enrollment.active_devices().any(|device| device.id == agent.device) {
        return Err(no());
    }
    if authority.pushes.register(agent) {
        Ok(())
    } else {
        Err(Error::Later(String::from("too many agents of this user")))
    }
}

fn said(answered: Answered) -> Result<(), Error> {
    match answered {
        Answered::Done => Ok(()),
        Answered::NoSuchRequest => Err(Error::NoSuchRequest(String::from("there is no such request, or it is over"))),
        Answered::Rejected(rejected @ Rejected::AnotherDevice) => Err(Error::NoSuchDevice(rejected.to_string())),
        Answered::Rejected(rejected) => Err(Error::BadValue(rejected.to_string())),
        Answered::WrongNumber => {
            Err(Error::WrongNumber(String::from("the number is not the one the terminal shows; the request is over")))
        }
        Answered::Locked => Err(Error::Later(String::from("too many wrong numbers; use a code"))),
        Answered::NoApprover => Err(Error::NotAuthorized(String::from("you may not approve this any more"))),
        Answered::Unavailable(_) => {
            Err(Error::Unavailable(String::from("it could not be recorded; mfad's log says why")))
        }
    }
}
