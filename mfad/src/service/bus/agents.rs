//! `Agents1`: agents say which devices they answer for, and answer.

use super::{Turns, blocking};
use crate::accounts::{Lookup, by_uid};
use crate::authority::Authority;
use crate::pushes::{self, Agent, Answered};
use mfa_core::approval::{MAX_BYTES, Rejected, RequestId};
use mfa_core::bus::Error;
use mfa_core::device::DeviceId;
use std::sync::Arc;
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
        let caller = self.turns.caller(connection, &header).await?;
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
        let caller = self.turns.caller(connection, &header).await?;
        let (authority, id) = (Arc::clone(&self.authority), RequestId::received(request));
        let (name, uid) = (caller.name.clone(), caller.uid);
        said(blocking(move || pushes::deny(&authority, uid, &name, &id, report)).await?)
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
