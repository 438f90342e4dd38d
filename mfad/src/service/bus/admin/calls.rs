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

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::bypass::{BypassId, Uses};
    use mfa_core::enrollment::FactorId;
    use mfa_core::secret::Secret;

    fn user() -> String {
        String::from("bob")
    }

    fn code() -> Secret {
        Secret::from(String::from("000000"))
    }

    /// Whether polkit is asked about bypasses, whether it is paced, and whom the dialogue names.
    fn is(ask: &AdminAsk) -> (bool, bool, &str) {
        (matches!(action(ask), Action::ManageBypasses), changes(ask), whose(ask))
    }

    #[test]
    fn what_tries_a_code_or_writes_is_paced_whatever_it_is_about() {
        let (factor, serial) = (FactorId::typed("totp-00000001"), user());
        for ask in [
            AdminAsk::Confirm { user: user(), factor: factor.clone(), code: code() },
            AdminAsk::RemoveFactor { user: user(), factor },
            AdminAsk::NewRecovery { user: user() },
            AdminAsk::Reset { user: user(), after: None },
            AdminAsk::Unlock { user: user() },
            AdminAsk::Verify { user: user(), code: code() },
            AdminAsk::Adopt { user: user() },
            AdminAsk::Resync { user: user(), factor: None, first: code(), second: code() },
            AdminAsk::Ticket { user: user() },
            AdminAsk::Device { user: user(), device: user(), revoke: true },
            AdminAsk::RevokeGrants { user: user(), id: None },
            AdminAsk::Rename { from: user(), to: String::from("robert") },
            AdminAsk::Require { whom: Whom::User(user()), require: None },
            AdminAsk::Require { whom: Whom::Group(user()), require: None },
            AdminAsk::Hygiene(HygieneAsk::Resume { user: user(), id: None }),
            AdminAsk::Bypass(BypassAsk::Revoke { user: user() }),
            AdminAsk::Token(TokenAsk::Assign { serial: serial.clone(), user: user(), confirm: true }),
        ] {
            assert_eq!(is(&ask), (false, true, "bob"), "{ask:?}");
        }
        for ask in [
            AdminAsk::Require { whom: Whom::All, require: None },
            AdminAsk::Commit { short_secrets: false },
            AdminAsk::Orphans { after: None, purge: true },
            AdminAsk::Hygiene(HygieneAsk::Run { dry_run: false, after: None }),
            AdminAsk::Token(TokenAsk::Commit { short_secrets: false }),
            AdminAsk::Token(TokenAsk::Unassign { serial: serial.clone() }),
            AdminAsk::Token(TokenAsk::Lost { serial: serial.clone() }),
            AdminAsk::Token(TokenAsk::Found { serial: serial.clone() }),
            AdminAsk::Token(TokenAsk::Retire { serial: serial.clone() }),
            AdminAsk::Token(TokenAsk::Resync { serial, first: code(), second: code() }),
        ] {
            assert_eq!(is(&ask), (false, true, ""), "{ask:?}");
        }
    }

    #[test]
    fn making_a_bypass_and_consenting_to_one_are_a_right_of_their_own() {
        let make =
            BypassAsk::Make { user: user(), seconds: 60, uses: Uses::AnyNumber, reason: String::from("phone lost") };
        for ask in [make, BypassAsk::Consent { user: user(), id: BypassId::typed("00000000") }] {
            assert_eq!(is(&AdminAsk::Bypass(ask)), (true, true, "bob"));
        }
        assert_eq!(is(&AdminAsk::Bypass(BypassAsk::List { after: None })), (false, false, ""));
    }
}
