//! `Admin1`: the operations of `mfactl`, for root and for whom polkit lets manage users.
//!
//! Each is the administration's own call; here are only the words of the bus around it. What must never happen: a look at a user
//! for a caller who was not let in.

use super::polkit::{self, Action};
use super::{Turns, blocking, shown};
use crate::admin::Desk;
use crate::authority::Authority;
use mfa_core::admin::{AdminAsk, AdminReply, Filter, NewFactor, TokenAsk, Whom};
use mfa_core::bus::{Error, GrantShown, OwnFactors, TokenShown, UserListed};
use mfa_core::enrollment::FactorId;
use mfa_core::otp::Algorithm;
use mfa_core::policy::{Require, Requirement};
use mfa_core::secret::Secret;
use mfa_core::wire::Context;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, interface};

/// The served object.
pub(super) struct Admin {
    authority: Arc<Authority>,
    turns: Turns,
}

impl Admin {
    pub(super) fn new(authority: Arc<Authority>, turns: Turns) -> Self {
        Self { authority, turns }
    }

    /// What `ask` gives a caller who may ask.
    async fn ask(&self, header: &Header<'_>, connection: &Connection, ask: AdminAsk) -> Result<AdminReply, Error> {
        let caller = self.turns.caller(connection, header).await?;
        if caller.uid != 0 {
            polkit::check(connection, header, Action::ManageUsers).await?;
        }
        let (authority, uid) = (Arc::clone(&self.authority), caller.uid);
        match blocking(move || Desk::default().answer(&authority, uid, ask)).await? {
            AdminReply::Refused { why } => Err(Error::Refused(why)),
            reply => Ok(reply),
        }
    }

    /// The same where what was done is said in words.
    async fn done(&self, header: &Header<'_>, connection: &Connection, ask: AdminAsk) -> Result<String, Error> {
        match self.ask(header, connection, ask).await? {
            AdminReply::Done { text } => Ok(text),
            _ => Err(unexpected()),
        }
    }
}

#[interface(name = "io.github.pam_mfa.Admin1")]
impl Admin {
    async fn status(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, u32, OwnFactors), Error> {
        match self.ask(&header, connection, AdminAsk::Status { user }).await? {
            AdminReply::Status(status) => Ok((status.user.clone(), status.uid, shown::factors(*status))),
            _ => Err(unexpected()),
        }
    }

    async fn list(
        &self,
        conditions: Vec<String>,
        inactive_since: u64,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<UserListed>, String), Error> {
        let filter = filter(&conditions, inactive_since)?;
        match self.ask(&header, connection, AdminAsk::List { filter, after: some(after) }).await? {
            AdminReply::Page { users, next } => {
                Ok((users.into_iter().map(shown::user).collect(), next.unwrap_or_default()))
            }
            _ => Err(unexpected()),
        }
    }

    async fn require(
        &self,
        whom: &str,
        level: &str,
        after: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let whom = match whom.strip_prefix('@') {
            Some(group) => Whom::Group(group.to_owned()),
            None if whom == "*" => Whom::All,
            None => Whom::User(whom.to_owned()),
        };
        let at = |require| Some(Requirement { after: (after > 0).then_some(after), ..Requirement::now(require) });
        let require = match level {
            "" => None,
            "optional" => at(Require::Optional),
            "required" => at(Require::Required),
            _ => return Err(Error::BadValue(String::from("the level is optional, required, or empty to lift it"))),
        };
        self.done(&header, connection, AdminAsk::Require { whom, require }).await
    }

    async fn reset(
        &self,
        user: String,
        after: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Reset { user, after: (after > 0).then_some(after) }).await
    }

    async fn unlock(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Unlock { user }).await
    }

    async fn enroll(
        &self,
        user: String,
        method: &str,
        label: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let method = shown::method(method)?;
        let factor = NewFactor { method, algorithm: Algorithm::default(), digits: 6, period: 30, label };
        match self.ask(&header, connection, AdminAsk::Enroll { user, factor, confirm: true }).await? {
            AdminReply::Enrolled { factor, uri, .. } => Ok((factor.to_string(), shown::secret(&uri))),
            _ => Err(unexpected()),
        }
    }

    async fn confirm(
        &self,
        user: String,
        factor: &str,
        code: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let (factor, code) = (FactorId::typed(factor), Secret::from(code));
        self.recovery(&header, connection, AdminAsk::Confirm { user, factor, code }).await
    }

    async fn remove_factor(
        &self,
        user: String,
        factor: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::RemoveFactor { user, factor: FactorId::typed(factor) }).await
    }

    async fn regenerate_recovery_codes(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        self.recovery(&header, connection, AdminAsk::NewRecovery { user }).await
    }

    async fn ticket(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, u64), Error> {
        match self.ask(&header, connection, AdminAsk::Ticket { user }).await? {
            AdminReply::Ticket { ticket, seconds } => Ok((shown::secret(&ticket), seconds)),
            _ => Err(unexpected()),
        }
    }

    async fn set_device_aside(
        &self,
        user: String,
        device: String,
        revoke: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Device { user, device, revoke }).await
    }

    async fn tokens(
        &self,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<TokenShown>, String), Error> {
        match self.ask(&header, connection, AdminAsk::Token(TokenAsk::List { after: some(after) })).await? {
            AdminReply::Tokens { tokens, next } => {
                Ok((tokens.into_iter().map(shown::token).collect(), next.unwrap_or_default()))
            }
            _ => Err(unexpected()),
        }
    }

    async fn assign_token(
        &self,
        serial: String,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = AdminAsk::Token(TokenAsk::Assign { serial, user, confirm: true });
        match self.ask(&header, connection, ask).await? {
            AdminReply::Assigned { factor, .. } => Ok(factor.to_string()),
            _ => Err(unexpected()),
        }
    }

    async fn take_token(
        &self,
        serial: String,
        lost: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = if lost { TokenAsk::Lost { serial } } else { TokenAsk::Unassign { serial } };
        self.done(&header, connection, AdminAsk::Token(ask)).await
    }

    async fn grants(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<GrantShown>, Error> {
        match self.ask(&header, connection, AdminAsk::Grants { user }).await? {
            AdminReply::Grants { grants, .. } => Ok(grants.into_iter().map(shown::grant).collect()),
            _ => Err(unexpected()),
        }
    }

    async fn revoke_grants(
        &self,
        user: String,
        grant: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::RevokeGrants { user, id: some(grant) }).await
    }

    async fn explain(
        &self,
        service: String,
        user: String,
        rhost: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String, Vec<String>), Error> {
        let context = Context { user, service, rhost: some(rhost), first_factor_stack: true, ..Context::default() };
        match self.ask(&header, connection, AdminAsk::Explain { context, at: None }).await? {
            AdminReply::Explained(told) => {
                let methods = told.methods.iter().map(ToString::to_string).collect();
                Ok((told.require.to_string(), told.decided_by, methods))
            }
            _ => Err(unexpected()),
        }
    }

    async fn log(
        &self,
        user: String,
        since: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let ask = AdminAsk::Log { user: some(user), since: (since > 0).then_some(since), after: None };
        match self.ask(&header, connection, ask).await? {
            AdminReply::Lines { lines, .. } => Ok(lines),
            _ => Err(unexpected()),
        }
    }
}

impl Admin {
    async fn recovery(
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
}

fn filter(conditions: &[String], inactive_since: u64) -> Result<Filter, Error> {
    let mut filter = Filter { inactive_since: (inactive_since > 0).then_some(inactive_since), ..Filter::default() };
    for condition in conditions {
        match condition.as_str() {
            "unenrolled" => filter.unenrolled = true,
            "overdue" => filter.overdue = true,
            "locked" => filter.locked = true,
            "suspended" => filter.suspended = true,
            _ => {
                let known = "a condition is unenrolled, overdue, locked or suspended";
                return Err(Error::BadValue(String::from(known)));
            }
        }
    }
    Ok(filter)
}

/// Empty is "none" on the bus.
fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The desk answers each call by its own kind of reply.
fn unexpected() -> Error {
    Error::Unavailable(String::from("mfad gave another answer than was asked for; its log may say more"))
}
