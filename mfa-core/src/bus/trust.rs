//! Finding mfad on the system bus, and believing only the real one.
//!
//! Called by the authenticator and by `mfactl me`. What must never happen: a proof or a signature being handed to a program that
//! merely took mfad's name under a loose bus policy, or its requests being believed.

use super::{DAEMON, Factors1Proxy};
use std::time::Duration;
use zbus::connection::Builder;
use zbus::fdo::{self, DBusProxy};
use zbus::names::{BusName, OwnedUniqueName};
use zbus::{Connection, proxy::CacheProperties};

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
        "{DAEMON} on the system bus belongs to uid {0}, which is neither root nor mfad's account: that is not mfad. \
         Nothing was sent to it; tell an administrator"
    )]
    Impostor(u32),
}

impl Trust {
    /// Root, and mfad's account of this uid. An account that is the caller's own, `own`, is no proof of anything.
    #[must_use]
    pub fn new(account: Option<u32>, own: u32) -> Self {
        Self { account: account.filter(|uid| *uid != own) }
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

    /// `Factors1` of the real mfad, on a connection whose calls wait `patience` for their replies.
    ///
    /// # Errors
    /// As [`Trust::find`].
    pub async fn factors(self, patience: Duration) -> Result<Factors1Proxy<'static>, NoDaemon> {
        let connection = Builder::system().method_timeout(patience).build().await?;
        let daemon = self.find(&connection).await?;
        let builder = Factors1Proxy::builder(&connection).destination(daemon).cache_properties(CacheProperties::No);
        Ok(builder.build().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_the_account_are_mfad() {
        let trust = Trust::new(Some(990), 1000);
        assert!(trust.accepts(0) && trust.accepts(990));
        assert!(!trust.accepts(1000) && !trust.accepts(65534));
        assert!(!Trust::new(None, 1000).accepts(990));
        assert!(!Trust::new(Some(1000), 1000).accepts(1000), "the caller's own account");
    }
}
