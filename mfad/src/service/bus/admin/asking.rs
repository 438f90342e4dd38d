//! Asks the administration for a caller of `Admin1`, who is let in first.
//!
//! What polkit is asked about each call stands in `calls` beside this. What must never happen: a call served for a caller who was
//! not let in, or half of a list of factors or tokens taken over.

use super::Admin;
use super::calls::{action, changes, whose};
use super::told;
use crate::admin::Desk;
use crate::service::bus::blocking;
use crate::service::bus::polkit::{self, About};
use mfa_core::admin::{AdminAsk, AdminReply};
use mfa_core::bus::Error;
use mfa_core::wire::Context;
use std::sync::Arc;
use zbus::Connection;
use zbus::message::Header;

/// What is to be known of a call before it is served.
struct Call {
    about: About,
    changes: bool,
}

impl Call {
    fn of(ask: &AdminAsk) -> Self {
        let about = About { action: action(ask), user: whose(ask).to_owned() };
        Self { about, changes: changes(ask) }
    }
}

impl Admin {
    /// What `ask` gives a caller who may ask.
    pub(super) async fn ask(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<AdminReply, Error> {
        let call = Call::of(&ask);
        self.at_the_desk(header, connection, call, |desk| desk(ask)).await
    }

    /// The same where what was done is said in words.
    pub(super) async fn done(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<String, Error> {
        told::words(self.ask(header, connection, ask).await?)
    }

    /// The same where recovery codes are told.
    pub(super) async fn recovery(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<Vec<String>, Error> {
        told::recovery(self.ask(header, connection, ask).await?)
    }

    /// The same where names are told, and where to go on.
    pub(super) async fn names(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<(Vec<String>, String), Error> {
        told::names(self.ask(header, connection, ask).await?)
    }

    /// The same where a login is explained: what is required, what says so, what may answer.
    pub(super) async fn explained(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        login: Context,
        at: Option<u64>,
    ) -> Result<(String, String, Vec<String>), Error> {
        told::explained(self.ask(header, connection, AdminAsk::Explain { context: login, at }).await?)
    }

    /// Stages and commits, as `mfactl` does in one connection; nothing where one of the list does not fit.
    pub(super) async fn all_or_nothing(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        stage: AdminAsk,
        commit: AdminAsk,
    ) -> Result<String, Error> {
        let call = Call::of(&commit);
        let both = |desk: &mut dyn FnMut(AdminAsk) -> Result<AdminReply, Error>| match desk(stage)? {
            AdminReply::Staged { refused } => match refused.into_iter().next() {
                None => desk(commit),
                Some(unfit) => {
                    let number = unfit.index.saturating_add(1);
                    Err(Error::Refused(format!("number {number} of the list: {}; nothing was taken", unfit.why)))
                }
            },
            _ => Err(told::unexpected()),
        };
        told::words(self.at_the_desk(header, connection, call, both).await?)
    }

    /// Runs `work` with a desk of the caller's own, if the caller may do `call`.
    async fn at_the_desk(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        call: Call,
        work: impl FnOnce(&mut dyn FnMut(AdminAsk) -> Result<AdminReply, Error>) -> Result<AdminReply, Error>
        + Send
        + 'static,
    ) -> Result<AdminReply, Error> {
        let caller = self.turns.caller(connection, header).await?;
        if caller.uid != 0 {
            // Before polkit: it, too, is asked no oftener.
            if call.changes {
                self.turns.pace(&caller).await;
            }
            polkit::check(connection, header, call.about).await?;
        }
        let (authority, uid) = (Arc::clone(&self.authority), caller.uid);
        blocking(move || {
            let mut desk = Desk::default();
            work(&mut |ask| match desk.answer(&authority, uid, ask) {
                AdminReply::Refused { why } => Err(Error::Refused(why)),
                reply => Ok(reply),
            })
        })
        .await?
    }
}
