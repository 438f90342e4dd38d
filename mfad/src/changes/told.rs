//! What a user's devices say of a change of the user's factors, whoever made it.
//!
//! Called for every event. What must never happen: a change of what opens a user's logins that the user does not learn of.

use mfa_core::clean;
use mfa_core::event::{Event, Kind};

/// The words for `uid`, whom the event is about; `None` where nothing of the user's factors changed, or where more is said of it
/// than the event knows (bypasses, hygiene).
#[must_use]
pub fn told(event: &Event, uid: u32) -> Option<String> {
    let by = match event.by_uid {
        Some(by) if by != uid => " by an administrator",
        _ => "",
    };
    let what = event.factor.as_deref().map_or_else(|| String::from("A factor"), clean::field);
    let detail = event.detail.as_deref().map(clean::field).unwrap_or_default();
    let not_you = "If it was not you, tell your administrator.";
    Some(match event.event {
        Kind::DeviceAdded => format!("A device was added to your sign-ins: {what}. {not_you}"),
        Kind::DeviceSuspended => format!("{what} was suspended{by}: it approves nothing any more."),
        Kind::DeviceRevoked => format!("{what} was removed{by}: it approves nothing any more."),
        Kind::EnrollStarted => format!("{what} was made{by} and waits for its first code."),
        Kind::EnrollCompleted => format!("{what} is one of your factors now, set up{by}. {not_you}"),
        Kind::EnrollImported => format!("{what} was imported to your factors{by}."),
        Kind::EnrollDisabled => format!("All your factors and devices were removed. {not_you}"),
        Kind::FactorRemoved => format!("{what} was removed from your factors{by}. {not_you}"),
        Kind::FactorDisabled => format!("{what} is disabled after too many wrong codes. {not_you}"),
        Kind::FactorRenamed => format!("{what} has a new name. {not_you}"),
        Kind::FactorPreferred => String::from("You are asked by another method first from now on."),
        Kind::TokenAssigned => format!("The token {detail} is yours now: {what}."),
        Kind::TokenUnassigned => format!("The token {detail} was taken out of your factors{by}."),
        Kind::TokenRetired => format!("The token {detail} was taken out of use{by} and opens nothing any more."),
        Kind::TokenLost => format!("The token {detail} is lost and opens nothing any more."),
        Kind::RecoveryGenerated => format!("New recovery codes were made{by}; older ones are void. {not_you}"),
        Kind::RecoveryUsed => format!("A recovery code of yours was used. {not_you}"),
        Kind::AdminTicket => String::from("An administrator made a ticket by which a device of yours can be added."),
        Kind::AdminReset => format!("All your factors and devices were removed{by}."),
        Kind::AdminUnlock => format!("Wrong codes of yours were forgotten{by}, and your factors enabled."),
        Kind::AdminAdopt => format!("Codes of yours that were used before may count again, as decided{by}."),
        Kind::AdminResync => format!("{what} was set right by two of its codes{by}."),
        Kind::AdminRequire => format!("What is required of your logins was changed{by}."),
        Kind::AuthSuccess
        | Kind::AuthFailed
        | Kind::AuthIgnored
        | Kind::AuthLocked
        | Kind::AuthReplay
        | Kind::PushSent
        | Kind::PushApproved
        | Kind::PushDenied
        | Kind::PushReported
        | Kind::PushExpired
        | Kind::PushNumberMismatch
        | Kind::ApprovalSent
        | Kind::ApprovalGiven
        | Kind::ApprovalDenied
        | Kind::ApprovalExpired
        | Kind::GrantRevoked
        | Kind::DeviceResumed
        | Kind::TokenAdded
        | Kind::TokenFound
        | Kind::FactorSuspended
        | Kind::FactorResumed
        | Kind::FactorStops
        | Kind::FactorStays
        | Kind::AdminRename
        | Kind::AdminPurge
        | Kind::BypassMade
        | Kind::BypassConsented
        | Kind::BypassUsed
        | Kind::BypassRevoked
        | Kind::StateLost
        | Kind::HygieneRan
        | Kind::HygieneHeld
        | Kind::PolicyChanged
        | Kind::DaemonStarted
        | Kind::AuditGap => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_it_is_said_where_it_was_another() {
        let event = Event { factor: Some("totp-1".into()), ..Event::new(Kind::FactorRemoved).about("alice").by(0) };
        assert!(told(&event, 1001).unwrap().starts_with("totp-1 was removed from your factors by an administrator."));
        assert!(told(&event.by(1001), 1001).unwrap().starts_with("totp-1 was removed from your factors. If"));
        let retired = Event { detail: Some("N1".into()), ..Event::new(Kind::TokenRetired).about("alice").by(0) };
        assert!(told(&retired, 1001).unwrap().contains("The token N1 was taken out of use by an administrator"));
        assert_eq!(told(&Event::new(Kind::AuthSuccess), 1001), None);
    }
}
