//! Finding mfad on the system bus, and believing only the real one.
//!
//! Called by the agent and by every command that speaks to mfad. What must never happen: a proof or a signature being
//! handed to a program that merely took mfad's name under a loose bus policy, or its requests being believed.

use crate::accounts;
use mfa_core::bus::{Agents1Proxy, DAEMON, Factors1Proxy};
use std::time::Duration;
use zbus::connection::Builder;
use zbus::fdo::{self, DBusProxy};
use zbus::names::{BusName, OwnedUniqueName};
use zbus::{Connection, proxy::CacheProperties};

/// The account mfad runs as unless the command line says otherwise.
pub const ACCOUNT: &str = "_mfad";

/// Which uids mfad may have: root's and its account's.
#[derive(Debug, Clone, Copy)]
pub struct Trust {
    account: Option<u32>,
}

/// Why mfad cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum NoDaemon {
    /// No system bus.
    #[error("the system bus does not answer: {0}")]
    Bus(#[from] zbus::Error),
    /// Nobody owns the name.
    #[error("mfad is not running (nobody owns {DAEMON} on the system bus); an administrator can start mfad.service")]
    Absent,
    /// Somebody else owns it.
    #[error(
        "{DAEMON} on the system bus belongs to uid {0}, which is neither root nor {ACCOUNT}: that is not mfad. \
         Nothing was sent to it; tell an administrator"
    )]
    Impostor(u32),
}

impl Trust {
    /// Root and the account called `account`.
    #[must_use]
    pub fn new(account: &str) -> Self {
        // An account that happens to be the user's own is no proof of anything.
        let own = nix::unistd::Uid::effective().as_raw();
        Self { account: accounts::uid_of(account).filter(|uid| *uid != own) }
    }

    fn accepts(self, uid: u32) -> bool {
        uid == 0 || Some(uid) == self.account
    }

    /// The unique name of the real mfad. Calls go there: whoever takes the well-known name later gets none of them.
    ///
    /// # Errors
    /// When there is none, or its owner has the wrong uid.
    pub async fn find(self, connection: &Connection) -> Result<OwnedUniqueName, NoDaemon> {
        let bus = DBusProxy::new(connection).await?;
        let name = BusName::try_from(DAEMON)?;
        let owner = match bus.get_name_owner(name).await {
            Ok(owner) => owner,
            Err(fdo::Error::NameHasNoOwner(_)) => return Err(NoDaemon::Absent),
            Err(other) => return Err(zbus::Error::from(other).into()),
        };
        match bus.get_connection_unix_user(BusName::from(owner.clone())).await {
            Ok(uid) if self.accepts(uid) => Ok(owner),
            Ok(uid) => Err(NoDaemon::Impostor(uid)),
            Err(fdo::Error::NameHasNoOwner(_)) => Err(NoDaemon::Absent),
            Err(other) => Err(zbus::Error::from(other).into()),
        }
    }
}

/// A connection to the system bus whose calls wait `patience` for their replies.
pub fn system_bus(patience: Duration) -> Builder<'static> {
    Builder::system().method_timeout(patience)
}

/// `Agents1` of this very mfad.
///
/// # Errors
/// When the name is not one.
pub async fn agents(connection: &Connection, daemon: &OwnedUniqueName) -> zbus::Result<Agents1Proxy<'static>> {
    Agents1Proxy::builder(connection).destination(daemon.clone()).cache_properties(CacheProperties::No).build().await
}

/// `Factors1` of this very mfad.
///
/// # Errors
/// When the name is not one.
pub async fn factors(connection: &Connection, daemon: &OwnedUniqueName) -> zbus::Result<Factors1Proxy<'static>> {
    Factors1Proxy::builder(connection).destination(daemon.clone()).cache_properties(CacheProperties::No).build().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_the_account_are_mfad() {
        let trust = Trust { account: Some(990) };
        assert!(trust.accepts(0) && trust.accepts(990));
        assert!(!trust.accepts(1000) && !trust.accepts(65534));
        assert!(!Trust::new("no such account").accepts(990));
    }
}
