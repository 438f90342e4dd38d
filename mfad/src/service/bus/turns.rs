//! Who calls, and how many calls of theirs may be under way.
//!
//! What must never happen: a call served for a caller whose credentials are not known, or one user's calls taking the threads that
//! logins need.

use crate::service::counts::{Counts, Place};
use mfa_core::bus::Error;
use std::sync::Arc;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::names::BusName;

/// Calls of one uid under way at once, whatever its connections.
const OF_ONE: usize = 8;

/// What all interfaces share.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    under_way: Arc<Counts>,
    /// By connection: a call whose uid is still asked for holds its message in memory, and the bus's answer may stand behind
    /// all that somebody has sent.
    unknown: Arc<Counts<String>>,
}

/// Who calls, by the bus's word.
pub(super) struct Caller {
    /// Unique name of the connection.
    pub(super) name: String,
    /// Its user.
    pub(super) uid: u32,
    _place: Place,
}

impl Turns {
    /// The caller of `header`. Its place is kept for as long as this lives.
    ///
    /// # Errors
    /// When the bus does not say who it is, or it has too many calls under way.
    pub(super) async fn caller(&self, connection: &Connection, header: &Header<'_>) -> Result<Caller, Error> {
        let unknown = || Error::NotAuthorized(String::from("the bus does not say who calls"));
        let sender = header.sender().ok_or_else(unknown)?;
        let busy = || Error::Later(String::from("you have too many calls under way; wait for their answers"));
        let _asking = Place::take(&self.unknown, sender.to_string(), OF_ONE).ok_or_else(busy)?;
        let bus = DBusProxy::new(connection).await.map_err(|_| unknown())?;
        let uid = bus.get_connection_unix_user(BusName::Unique(sender.clone())).await.map_err(|_| unknown())?;
        let place = Place::take(&self.under_way, uid, OF_ONE).ok_or_else(busy)?;
        Ok(Caller { name: sender.to_string(), uid, _place: place })
    }
}
