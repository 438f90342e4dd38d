//! What `Admin1` answers, from the administration's replies: each of a call's own kind, or none.
//!
//! What must never happen: a reply to something else taken for the one that was asked for.

use crate::service::bus::shown;
use mfa_core::admin::AdminReply;
use mfa_core::bus::{BypassShown, Error, GrantShown, HygieneShown, OwnFactors, TokenShown, UserListed};

pub(super) fn status(reply: AdminReply) -> Result<(String, u32, OwnFactors), Error> {
    match reply {
        AdminReply::Status(status) => Ok((status.user.clone(), status.uid, shown::factors(*status))),
        _ => Err(unexpected()),
    }
}

pub(super) fn list(reply: AdminReply) -> Result<(Vec<UserListed>, String), Error> {
    match reply {
        AdminReply::Page { users, next } => {
            Ok((users.into_iter().map(shown::user).collect(), next.unwrap_or_default()))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn enroll(reply: AdminReply) -> Result<(String, String), Error> {
    match reply {
        AdminReply::Enrolled { factor, uri, .. } => Ok((factor.to_string(), shown::secret(&uri))),
        _ => Err(unexpected()),
    }
}

pub(super) fn ticket(reply: AdminReply) -> Result<(String, u64), Error> {
    match reply {
        AdminReply::Ticket { ticket, seconds } => Ok((shown::secret(&ticket), seconds)),
        _ => Err(unexpected()),
    }
}

pub(super) fn tokens(reply: AdminReply) -> Result<(Vec<TokenShown>, String), Error> {
    match reply {
        AdminReply::Tokens { tokens, next } => {
            Ok((tokens.into_iter().map(shown::token).collect(), next.unwrap_or_default()))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn assign_token(reply: AdminReply) -> Result<String, Error> {
    match reply {
        AdminReply::Assigned { factor, .. } => Ok(factor.to_string()),
        _ => Err(unexpected()),
    }
}

pub(super) fn grants(reply: AdminReply) -> Result<Vec<GrantShown>, Error> {
    match reply {
        AdminReply::Grants { grants, .. } => Ok(grants.into_iter().map(shown::grant).collect()),
        _ => Err(unexpected()),
    }
}

pub(super) fn log(reply: AdminReply) -> Result<Vec<String>, Error> {
    match reply {
        AdminReply::Lines { lines, .. } => Ok(lines),
        _ => Err(unexpected()),
    }
}

pub(super) fn log_from(reply: AdminReply) -> Result<(Vec<String>, String), Error> {
    match reply {
        AdminReply::Lines { lines, next } => Ok((lines, next.map(shown::cursor).unwrap_or_default())),
        _ => Err(unexpected()),
    }
}

pub(super) fn verify_log(reply: AdminReply) -> Result<(u64, String, Vec<String>), Error> {
    match reply {
        AdminReply::Chain { records, head, broken } => Ok((records, head, broken)),
        _ => Err(unexpected()),
    }
}

pub(super) fn make_bypass(reply: AdminReply) -> Result<(String, BypassShown), Error> {
    match reply {
        AdminReply::BypassMade { code, bypass } => Ok((shown::secret(&code), shown::bypass(bypass))),
        _ => Err(unexpected()),
    }
}

pub(super) fn bypasses(reply: AdminReply) -> Result<(Vec<BypassShown>, String), Error> {
    match reply {
        AdminReply::Bypasses { bypasses, next } => {
            Ok((bypasses.into_iter().map(shown::bypass).collect(), next.unwrap_or_default()))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn hygiene(reply: AdminReply) -> Result<(Vec<HygieneShown>, String), Error> {
    match reply {
        AdminReply::Hygiene { changes, next } => {
            Ok((changes.into_iter().map(shown::hygiene).collect(), next.unwrap_or_default()))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn verify(reply: AdminReply) -> Result<(bool, String, String, u64), Error> {
    match reply {
        AdminReply::Judged { accepted, reason, method, wait } => {
            Ok((accepted, reason.to_string(), method.to_string(), wait))
        }
        _ => Err(unexpected()),
    }
}

/// What policy says, what is set for everybody and from when, and the same of each group.
type Requirements = (String, String, u64, Vec<(String, String, u64)>);

pub(super) fn requirements(reply: AdminReply) -> Result<Requirements, Error> {
    match reply {
        AdminReply::Requirements { policy, all, groups } => Ok(shown::requirements(policy, all, groups)),
        _ => Err(unexpected()),
    }
}

pub(super) fn unlisted(reply: AdminReply) -> Result<Vec<UserListed>, Error> {
    match reply {
        AdminReply::Page { users, .. } => Ok(users.into_iter().map(shown::user).collect()),
        _ => Err(unexpected()),
    }
}

pub(super) fn about(reply: AdminReply) -> Result<(String, Vec<String>, String), Error> {
    match reply {
        AdminReply::Pong { version, config, refused, .. } => Ok((version, config, refused.unwrap_or_default())),
        _ => Err(unexpected()),
    }
}

pub(super) fn recovery(reply: AdminReply) -> Result<Vec<String>, Error> {
    match reply {
        AdminReply::Recovery { codes } => Ok(shown::secrets(&codes)),
        _ => Err(unexpected()),
    }
}

pub(super) fn names(reply: AdminReply) -> Result<(Vec<String>, String), Error> {
    match reply {
        AdminReply::Names { names, next } => Ok((names, next.unwrap_or_default())),
        _ => Err(unexpected()),
    }
}

pub(super) fn explained(reply: AdminReply) -> Result<(String, String, Vec<String>), Error> {
    match reply {
        AdminReply::Explained(told) => {
            let methods = told.methods.iter().map(ToString::to_string).collect();
            Ok((told.require.to_string(), told.decided_by, methods))
        }
        _ => Err(unexpected()),
    }
}

pub(super) fn words(reply: AdminReply) -> Result<String, Error> {
    match reply {
        AdminReply::Done { text } => Ok(text),
        _ => Err(unexpected()),
    }
}

/// The desk answers each call by its own kind of reply.
pub(super) fn unexpected() -> Error {
    Error::Unavailable(String::from("mfad gave another answer than was asked for; its log may say more"))
}
