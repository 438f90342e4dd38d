//! Asks the administration for a caller of `Admin1`, who is let in first.
//!
//! There is one table of what polkit is asked about. What must never happen: a call served that is not in it, or half of a list of
//! factors or tokens taken over.

use super::Admin;
use crate::admin::Desk;
use crate::service::bus::polkit::{self, Action};
use crate::service::bus::{blocking, shown};
use mfa_core::admin::{AdminAsk, AdminReply, BypassAsk};
use mfa_core::bus::Error;
use std::sync::Arc;
use zbus::Connection;
use zbus::message::Header;

/// What a caller who is not root must be let do.
fn action(ask: &AdminAsk) -> Action {
    match ask {
        // Who made one and who consented to it has to be known: mfad knows who calls, not whose password polkit took.
        AdminAsk::Bypass(BypassAsk::Make { .. } | BypassAsk::Consent { .. }) => Action::ManageBypasses,
        // Ending one takes nothing away but an open door.
        AdminAsk::Bypass(BypassAsk::Revoke { .. } | BypassAsk::List { .. })
        | AdminAsk::Enroll { .. }
        | AdminAsk::Confirm { .. }
        | AdminAsk::Status { .. }
        | AdminAsk::List { .. }
        | AdminAsk::RemoveFactor { .. }
        | AdminAsk::NewRecovery { .. }
        | AdminAsk::Reset { .. }
        | AdminAsk::Unlock { .. }
        | AdminAsk::Verify { .. }
        | AdminAsk::Adopt { .. }
        | AdminAsk::Resync { .. }
        | AdminAsk::Ticket { .. }
        | AdminAsk::Device { .. }
        | AdminAsk::Token(_)
        | AdminAsk::Grants { .. }
        | AdminAsk::RevokeGrants { .. }
        | AdminAsk::Hygiene(_)
        | AdminAsk::Rename { .. }
        | AdminAsk::Orphans { .. }
        | AdminAsk::Require { .. }
        | AdminAsk::Requirements
        | AdminAsk::Unlisted { .. }
        | AdminAsk::Explain { .. }
        | AdminAsk::Stage { .. }
        | AdminAsk::Commit { .. }
        | AdminAsk::Log { .. }
        | AdminAsk::LogVerify
        | AdminAsk::Ping => Action::ManageUsers,
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
        let action = action(&ask);
        self.at_the_desk(header, connection, action, |desk| desk(ask)).await
    }

    /// The same where what was done is said in words.
    pub(super) async fn done(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<String, Error> {
        words(self.ask(header, connection, ask).await?)
    }

    /// The same where recovery codes are told.
    pub(super) async fn recovery(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<Vec<String>, Error> {
        match self.ask(header, connection, ask).await? {
            AdminReply::Recovery { codes } => Ok(shown::secrets(&codes)),
            _ => Err(unexpected()),
        }
    }

    /// The same where names are told, and where to go on.
    pub(super) async fn names(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        ask: AdminAsk,
    ) -> Result<(Vec<String>, String), Error> {
        match self.ask(header, connection, ask).await? {
            AdminReply::Names { names, next } => Ok((names, next.unwrap_or_default())),
            _ => Err(unexpected()),
        }
    }

    /// Stages and commits, as `mfactl` does in one connection; nothing where one of the list does not fit.
    pub(super) async fn all_or_nothing(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        stage: AdminAsk,
        commit: AdminAsk,
    ) -> Result<String, Error> {
        let action = action(&commit);
        let both = |desk: &mut dyn FnMut(AdminAsk) -> Result<AdminReply, Error>| match desk(stage)? {
            AdminReply::Staged { refused } => match refused.into_iter().next() {
                None => desk(commit),
                Some(unfit) => {
                    let number = unfit.index.saturating_add(1);
                    Err(Error::Refused(format!("number {number} of the list: {}; nothing was taken", unfit.why)))
                }
            },
            _ => Err(unexpected()),
        };
        words(self.at_the_desk(header, connection, action, both).await?)
    }

    /// Runs `work` with a desk of the caller's own, if the caller may do `action`.
    async fn at_the_desk(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        action: Action,
        work: impl FnOnce(&mut dyn FnMut(AdminAsk) -> Result<AdminReply, Error>) -> Result<AdminReply, Error>
        + Send
        + 'static,
    ) -> Result<AdminReply, Error> {
        let caller = self.turns.caller(connection, header).await?;
        if caller.uid != 0 {
            polkit::check(connection, header, action).await?;
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

fn words(reply: AdminReply) -> Result<String, Error> {
    match reply {
        AdminReply::Done { text } => Ok(text),
        _ => Err(unexpected()),
    }
}

/// The desk answers each call by its own kind of reply.
pub(super) fn unexpected() -> Error {
    Error::Unavailable(String::from("mfad gave another answer than was asked for; its log may say more"))
}
