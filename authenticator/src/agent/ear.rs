//! `Agent1`: what mfad says to this agent.
//!
//! The object stands on the system bus where anybody may try to call it; only the owner of mfad's name is heard.
//! Calls are handled in order, so that a request never appears after its own withdrawal.

use super::{Agent, Change};
use mfa_core::bus::{Error, Withdrawn};
use mfa_core::clean;
use std::sync::Arc;
use zbus::interface;
use zbus::message::Header;

/// The served object.
pub(super) struct Ear(Arc<Agent>);

impl Ear {
    pub(super) fn new(agent: Arc<Agent>) -> Self {
        Self(agent)
    }

    fn heed(&self, header: &Header<'_>) -> Result<(), Error> {
        if self.0.believes(header.sender()) {
            return Ok(());
        }
        tracing::warn!(sender = header.sender().map(|name| name.as_str()), "a call that is not from mfad was ignored");
        Err(Error::NotAuthorized("Only mfad may call this.".to_owned()))
    }
}

// `spawn = false` keeps the order; none of these waits for anything.
#[interface(name = "io.github.pam_mfa.Agent1", spawn = false)]
impl Ear {
    async fn present(&self, #[zbus(header)] header: Header<'_>, request: Vec<u8>) -> Result<(), Error> {
        self.heed(&header)?;
        self.0.present(&request).map_err(|why| {
            tracing::warn!("a request is not shown: {why}");
            Error::BadValue(format!("The request is not shown: {why}."))
        })
    }

    async fn withdraw(&self, #[zbus(header)] header: Header<'_>, request: &str, reason: &str) -> Result<(), Error> {
        self.heed(&header)?;
        let reason = Withdrawn::received(reason)
            .ok_or_else(|| Error::BadValue("This version does not know the reason.".to_owned()))?;
        self.0.end(request, reason);
        Ok(())
    }

    async fn announce(&self, #[zbus(header)] header: Header<'_>, text: &str) -> Result<(), Error> {
        self.heed(&header)?;
        self.0.tell(Change::Said(clean::message(text)));
        Ok(())
    }
}
