//! mfad on the system bus, as the agent and the commands reach it. Who is mfad is `mfa_core::bus::Trust`.

use crate::accounts;
use mfa_core::bus::{Agents1Proxy, Factors1Proxy, Trust};
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
