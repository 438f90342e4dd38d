//! What each call of `Admin1` is: what polkit is asked about it, whose it is, whether it changes anything.
//!
//! Read by `asking` before a call is served. What must never happen: a call that is in none of these tables.

use crate::service::bus::polkit::Action;
use mfa_core::admin::{AdminAsk, BypassAsk, HygieneAsk, TokenAsk, Whom};

/// What a caller who is not root must be let do.
pub(super) fn action(ask: &AdminAsk) -> Action {
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

/// Whether it tries a code or writes something: such calls are paced.
pub(super) fn changes(ask: &AdminAsk) -> bool {
    match ask {
        AdminAsk::Enroll { .. }
        | AdminAsk::Confirm { .. }
        | AdminAsk::RemoveFactor { .. }
        | AdminAsk::NewRecovery { .. }
        | AdminAsk::Reset { .. }
        | AdminAsk::Unlock { .. }
        | AdminAsk::Verify { .. }
        | AdminAsk::Adopt { .. }
        | AdminAsk::Resync { .. }
        | AdminAsk::Ticket { .. }
        | AdminAsk::Device { .. }
        | AdminAsk::RevokeGrants { .. }
        | AdminAsk::Rename { .. }
        | AdminAsk::Require { .. }
        | AdminAsk::Commit { .. }
        | AdminAsk::Hygiene(HygieneAsk::Resume { .. })
        | AdminAsk::Bypass(BypassAsk::Make { .. } | BypassAsk::Consent { .. } | BypassAsk::Revoke { .. }) => true,
        AdminAsk::Hygiene(HygieneAsk::Run { dry_run, .. }) => !dry_run,
        AdminAsk::Orphans { purge, .. } => *purge,
        AdminAsk::Token(ask) => !matches!(ask, TokenAsk::List { .. } | TokenAsk::Stage { .. }),
        AdminAsk::Status { .. }
        | AdminAsk::List { .. }
        | AdminAsk::Grants { .. }
        | AdminAsk::Requirements
        | AdminAsk::Unlisted { .. }
        | AdminAsk::Explain { .. }
        | AdminAsk::Stage { .. }
        | AdminAsk::Log { .. }
        | AdminAsk::LogVerify
        | AdminAsk::Bypass(BypassAsk::List { .. })
        | AdminAsk::Ping => false,
    }
}

/// The user or group whom it is about, as typed, for the eyes of whoever is asked for a password; empty where there is not one.
pub(super) fn whose(ask: &AdminAsk) -> &str {
    match ask {
        AdminAsk::Enroll { user, .. }
        | AdminAsk::Confirm { user, .. }
        | AdminAsk::Status { user }
        | AdminAsk::RemoveFactor { user, .. }
        | AdminAsk::NewRecovery { user }
        | AdminAsk::Reset { user, .. }
        | AdminAsk::Unlock { user }
        | AdminAsk::Verify { user, .. }
        | AdminAsk::Adopt { user }
        | AdminAsk::Resync { user, .. }
        | AdminAsk::Ticket { user }
        | AdminAsk::Device { user, .. }
        | AdminAsk::Token(TokenAsk::Assign { user, .. })
        | AdminAsk::Grants { user }
        | AdminAsk::RevokeGrants { user, .. }
        | AdminAsk::Bypass(
            BypassAsk::Make { user, .. } | BypassAsk::Consent { user, .. } | BypassAsk::Revoke { user },
        )
        | AdminAsk::Hygiene(HygieneAsk::Resume { user, .. })
        | AdminAsk::Rename { from: user, .. }
        | AdminAsk::Require { whom: Whom::User(user) | Whom::Group(user), .. }
        | AdminAsk::Log { user: Some(user), .. } => user,
        AdminAsk::Explain { context, .. } => &context.user,
        AdminAsk::List { .. }
        | AdminAsk::Token(_)
        | AdminAsk::Bypass(BypassAsk::List { .. })
        | AdminAsk::Hygiene(HygieneAsk::Run { .. })
        | AdminAsk::Orphans { .. }
        | AdminAsk::Require { whom: Whom::All, .. }
        | AdminAsk::Requirements
        | AdminAsk::Unlisted { .. }
        | AdminAsk::Stage { .. }
        | AdminAsk::Commit { .. }
        | AdminAsk::Log { user: None, .. }
        | AdminAsk::LogVerify
        | AdminAsk::Ping => "",
    }
}
