//! What the trail keeps of a login.

use super::Session;
use crate::authority::Authority;
use crate::pushes;
use mfa_core::event::{Event, Kind as Happened};
use mfa_core::login::Next;
use mfa_core::verify::Judgement;
use mfa_core::wire::Reason;

/// An answer: the end of the login, or an event of its own.
pub(super) fn answer(authority: &Authority, session: &Session, next: &Next, judgement: Option<&Judgement>) {
    if next.verdict().is_some() {
        return end(authority, session, next, judgement);
    }
    // A wrong answer with tries left.
    let mut event = event(session, Happened::AuthFailed);
    event.reason = session.login.bar();
    if let Some(judgement) = judgement {
        event.event = happened(judgement.reason);
        (event.method, event.reason) = (Some(judgement.method), Some(judgement.reason));
        event.factor = judgement.factor.as_ref().map(ToString::to_string);
    }
    authority.note(event);
}

/// The end of a login, where this step is one.
pub(super) fn end(authority: &Authority, session: &Session, next: &Next, judgement: Option<&Judgement>) {
    let Some(verdict) = next.verdict() else { return };
    let mut event = event(session, happened(verdict.reason));
    (event.method, event.reason) = (Some(verdict.method), Some(verdict.reason));
    event.factor = judgement.and_then(|j| j.factor.as_ref()).map(ToString::to_string);
    authority.note(event);
}

fn event(session: &Session, happened: Happened) -> Event {
    pushes::event(happened, &session.user, &session.context)
}

fn happened(reason: Reason) -> Happened {
    match reason {
        Reason::CodeAccepted | Reason::Approved | Reason::Remembered | Reason::Enrolled => Happened::AuthSuccess,
        Reason::NotRequired | Reason::NotEnrolled => Happened::AuthIgnored,
        Reason::Locked => Happened::AuthLocked,
        Reason::Replay => Happened::AuthReplay,
        Reason::EnrolmentRequired
        | Reason::EnrolmentFailed
        | Reason::UnknownUser
        | Reason::PushDenied
        | Reason::PushExpired
        | Reason::WrongNumber
        | Reason::WrongCode
        | Reason::Disabled
        | Reason::ConsentMissing
        | Reason::Suspended
        | Reason::Malformed
        | Reason::NoAllowedMethod
        | Reason::RefusedByPolicy
        | Reason::NoApprover
        | Reason::ApprovalDenied
        | Reason::ApprovalExpired
        | Reason::ApprovalVoid
        | Reason::NoConversation
        | Reason::DummyAnswer
        | Reason::Timeout
        | Reason::Cancelled
        | Reason::StateLost
        | Reason::EnrolmentDamaged
        | Reason::UidMismatch
        | Reason::NotYourself
        | Reason::LookupFailed
        | Reason::StorageFailed
        | Reason::Protocol => Happened::AuthFailed,
    }
}
