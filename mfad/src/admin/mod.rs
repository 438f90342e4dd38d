//! Administration: what `mfactl` asks, over the root socket or offline.
//!
//! A [`Desk`] is one connection's: it remembers what was staged for an import. Each call runs to its end on a thread
//! that may block, inside the transaction of the user it changes. What must never happen: a change without an event
//! that says who made it, or half of a change.

mod bypass;
mod devices;
mod explain;
mod factors;
mod grants;
mod hygiene;
mod import;
mod lists;
mod pages;
mod require;
mod status;
mod tokens;
mod users;

pub use factors::record_replaced;
pub use status::of_account as status_of_account;

use crate::accounts::{Account, Lookup, by_name};
use crate::audit;
use crate::authority::Authority;
use crate::changes::{Refusal, refuse};
use mfa_core::admin::{AdminAsk, AdminReply, ImportEntry};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use pages::Names;
use std::collections::BTreeMap;

/// One administrator's connection.
#[derive(Debug, Default)]
pub struct Desk {
    /// By canonical name, in whose order locks are taken.
    staged: BTreeMap<String, Vec<ImportEntry>>,
    names: Names,
    tokens: tokens::Tokens,
}

impl From<std::io::Error> for Refusal {
    fn from(why: std::io::Error) -> Self {
        Self(format!("the audit trail: {why}"))
    }
}

fn done(text: impl Into<String>) -> AdminReply {
    AdminReply::Done { text: text.into() }
}

impl Desk {
    /// Answers one call made by `by`.
    #[must_use]
    pub fn answer(&mut self, authority: &Authority, by: u32, ask: AdminAsk) -> AdminReply {
        self.act(authority, by, ask).unwrap_or_else(|Refusal(why)| AdminReply::Refused { why })
    }

    fn act(&mut self, authority: &Authority, by: u32, ask: AdminAsk) -> Result<AdminReply, Refusal> {
        match ask {
            AdminAsk::Enroll { user, factor, confirm } => factors::enroll(authority, by, &user, &factor, confirm),
            AdminAsk::Confirm { user, factor, code } => factors::confirm(authority, by, &user, &factor, &code),
            AdminAsk::RemoveFactor { user, factor } => factors::remove(authority, by, &user, &factor),
            AdminAsk::NewRecovery { user } => factors::new_recovery(authority, by, &user),
            AdminAsk::Resync { user, factor, first, second } => {
                factors::resync(authority, by, &user, factor.as_ref(), &first, &second)
            }
            AdminAsk::Verify { user, code } => factors::verify(authority, by, &user, &code),
            AdminAsk::Status { user } => status::status(authority, &user),
            AdminAsk::List { filter, after } => lists::list(authority, &filter, after.as_deref()),
            AdminAsk::Reset { user, after } => users::reset(authority, by, &user, after),
            AdminAsk::Unlock { user } => users::unlock(authority, by, &user),
            AdminAsk::Adopt { user } => users::adopt(authority, by, &user),
            AdminAsk::Ticket { user } => devices::ticket(authority, by, &user),
            AdminAsk::Device { user, device, revoke } => devices::set_aside(authority, by, &user, &device, revoke),
            AdminAsk::Token(ask) => tokens::act(authority, by, &mut self.tokens, ask),
            AdminAsk::Grants { user } => grants::list(authority, &user),
            AdminAsk::RevokeGrants { user, id } => grants::revoke(authority, by, &user, id.as_deref()),
            AdminAsk::Bypass(ask) => bypass::answer(authority, by, ask),
            AdminAsk::Hygiene(ask) => hygiene::answer(authority, by, ask),
            AdminAsk::Rename { from, to } => users::rename(authority, by, &from, &to),
            AdminAsk::Orphans { after, purge } => {
                users::orphans(authority, by, &mut self.names, after.as_deref(), purge)
            }
            AdminAsk::Require { whom, require } => require::require(authority, by, &whom, require),
            AdminAsk::Unlisted { people } => lists::unlisted(authority, people),
            AdminAsk::Requirements => Ok(lists::requirements(authority)),
            AdminAsk::Explain { context, at } => Ok(explain::explain(authority, context, at)),
            AdminAsk::Stage { entries } => {
                Ok(AdminReply::Staged { refused: import::stage(authority, &mut self.staged, entries) })
            }
            AdminAsk::Commit { short_secrets } => {
                import::commit(authority, by, &std::mem::take(&mut self.staged), short_secrets)
            }
            AdminAsk::Log { user, since, after } => {
                authority.audit.flush();
                let folder = authority.audit.folder();
                let (lines, next) = audit::lines_after(folder, user.as_deref(), since, after.as_ref())?;
                Ok(AdminReply::Lines { lines, next })
            }
            AdminAsk::LogVerify => {
                authority.audit.flush();
                let walked = audit::verify(authority.audit.folder())?;
                Ok(AdminReply::Chain { records: walked.head.sequence, head: walked.head.hash, broken: walked.broken })
            }
            AdminAsk::Ping => {
                let in_force = authority.in_force();
                Ok(AdminReply::Pong {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    pid: std::process::id(),
                    config: in_force.files.clone(),
                    refused: in_force.refused.clone(),
                })
            }
        }
    }
}

/// The account of a typed name, or a refusal that says what is the matter.
fn account(typed: &str) -> Result<Account, Refusal> {
    match by_name(typed) {
        Lookup::Found(account) => Ok(account),
        Lookup::Absent => refuse(format!("there is no account {}", clean::quoted(typed))),
        Lookup::Failed(why) => refuse(format!("the name service cannot look up {}: {why}", clean::quoted(typed))),
    }
}

/// The name a user's file has: the account's, or the typed one where the account is gone.
fn file_user(typed: &str) -> String {
    match by_name(typed) {
        Lookup::Found(account) => account.name,
        Lookup::Absent | Lookup::Failed(_) => typed.to_owned(),
    }
}

/// The enrolment of a typed name.
fn enrolled(authority: &Authority, user: &str) -> Result<Enrollment, Refusal> {
    let read = authority.store.enrollment(user).map_err(|why| status::damaged(authority, user, &why))?;
    match read {
        Some(enrollment) => Ok(enrollment),
        None => refuse(format!("{} is not enrolled", clean::quoted(user))),
    }
}
