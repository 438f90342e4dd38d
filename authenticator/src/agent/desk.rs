//! `Approvals1`: the list on the session bus, for the window and the command line.
//!
//! Whoever is on the session bus is a program of the user; what it may do is what the user may do.

use super::Agent;
use mfa_core::bus::{APPROVALS_PATH, Decided, Error, Listed};
use mfa_core::secret::Secret;
use std::sync::Arc;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, interface};

/// The served object.
pub(super) struct Desk(Arc<Agent>);

impl Desk {
    pub(super) fn new(agent: Arc<Agent>) -> Self {
        Self(agent)
    }
}

#[interface(name = "io.github.pam_mfa.Approvals1")]
impl Desk {
    #[zbus(out_args("requests"))]
    async fn list(&self) -> Result<Vec<Listed>, Error> {
        Ok(self.0.requests().list())
    }

    async fn approve(&self, request: &str, number: &str, pin: &str) -> Result<(), Error> {
        self.0.approve(request, number, Secret::new(pin.as_bytes().to_vec())).await
    }

    async fn deny(&self, request: &str, report: bool) -> Result<(), Error> {
        self.0.deny(request, report).await
    }

    #[zbus(out_args("decisions"))]
    async fn history(&self) -> Result<Vec<Decided>, Error> {
        Ok(self.0.requests().history())
    }

    #[zbus(signal)]
    async fn changed(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

/// Tells the session bus of each change of the list; several at once are one.
pub(super) async fn announce(agent: &Agent, session: &Connection) -> zbus::Result<()> {
    let emitter = SignalEmitter::new(session, APPROVALS_PATH)?;
    loop {
        agent.listed.notified().await;
        Desk::changed(&emitter).await?;
    }
}
