//! mfad on the system bus, as the agent and the commands reach it. Who is mfad is `mfa_core::bus::Trust`.

use crate::accounts;
use crate::catalogue::{filled, gettext};
use mfa_core::bus::{Agents1Proxy, DAEMON, Factors1Proxy, NoDaemon, Trust};
use std::time::Duration;
use zbus::connection::Builder;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, proxy::CacheProperties};

/// The account mfad runs as unless the command line says otherwise.
pub const ACCOUNT: &str = "_mfad";

/// Root and the account called `account` are mfad.
#[must_use]
pub fn trust(account: &str) -> Trust {
    Trust::new(accounts::uid_of(account), nix::unistd::Uid::effective().as_raw())
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

/// Why mfad cannot be spoken to, in the user's language.
pub(crate) fn unreached(why: &NoDaemon) -> String {
    match why {
        NoDaemon::Bus(error) => filled(gettext("the system bus does not answer: {why}"), &[("why", error)]),
        NoDaemon::Absent => filled(
            gettext(
                "mfad is not running (nobody owns {name} on the system bus); an administrator can start mfad.service",
            ),
            &[("name", &DAEMON)],
        ),
        NoDaemon::Impostor(uid) => filled(
            gettext(
                "{name} on the system bus belongs to uid {uid}, which is neither root nor mfad's account: that is not mfad. \
                 Nothing was sent to it; tell an administrator",
            ),
            &[("name", &DAEMON), ("uid", uid)],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_it_is_what_mfa_core_says() {
        let gone = || NoDaemon::Bus(zbus::Error::Failure("gone".into()));
        for why in [gone(), NoDaemon::Absent, NoDaemon::Impostor(1234)] {
            assert_eq!(unreached(&why), why.to_string());
        }
    }
}
