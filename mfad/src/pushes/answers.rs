//! Answers to requests, as they come from the bus: yes with a signature, no without.

use super::close;
use crate::authority::Authority;
use mfa_core::approval::{Approval, Rejected, RequestId, judge};
use mfa_core::bus::Withdrawn;
use mfa_core::clean;
use mfa_core::enrollment::FactorId;
use mfa_core::event::{Event, Kind};
use mfa_core::limits::{Budget, DISABLE_AT};
use mfa_core::login::Pushed;
use mfa_core::now::Now;
use mfa_core::pushes::Ended;
use mfa_core::state::State;

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It ended the request.
    Done,
    /// There is no such request of the caller's, or it is over.
    NoSuchRequest,
    /// It does not count; the request still waits.
    Rejected(Rejected),
    /// The number was wrong; the request is over.
    WrongNumber,
    /// The user's pushes are locked or disabled by now.
    Locked,
    /// The answer could not be made durable.
    Unavailable(String),
}

/// A yes by a program of `uid`.
#[must_use]
pub fn approve(authority: &Authority, uid: u32, approval: &[u8], signature: &[u8]) -> Answered {
    let Ok(named) = serde_json::from_slice::<Approval>(approval) else {
        return Answered::Rejected(Rejected::NotUnderstood);
    };
    let Some((pending, owner)) = authority.pushes.find(&named.request) else { return Answered::NoSuchRequest };
    if owner != uid {
        // The same word as for one that does not exist.
        return Answered::NoSuchRequest;
    }
    let user = pending.request.user.clone();
    let unavailable = |why: String| {
        tracing::error!("an approval of {} is refused: {why}", clean::quoted(&user));
        Answered::Unavailable(why)
    };
    let held = authority.locks.blocking(&user);
    // Read now, not when it was asked: a device revoked or a user locked in between counts.
    let enrollment = match authority.store.enrollment(&user) {
        Ok(Some(enrollment)) if enrollment.uid == uid => enrollment,
        Ok(_) => return Answered::NoSuchRequest,
        Err(why) => return unavailable(why.to_string()),
    };
    let now = authority.clock.now();
    let mut file = match authority.store.state(&user) {
        Ok(file) => file,
        Err(why) => return unavailable(why.to_string()),
    };
    let (mut state, _) = State::of(&enrollment, file.take(), now);
    if barred(&mut state, now).is_some() {
        return Answered::Locked;
    }
    let push = FactorId::push();
    let wrong = match judge(&pending, approval, signature, &enrollment.devices, now.boottime) {
        Ok(_) => {
            state.clear(&push, &Budget::Evidence);
            state.factor(&push).last_used = Some(now.wall);
            state.last_success = Some(now.wall);
            false
        }
        Err(Rejected::WrongNumber) => {
            state.charge(&[&push], &Budget::Evidence, now);
            let known = state.factor(&push);
            known.disabled = known.evidence.failures >= DISABLE_AT;
            true
        }
        Err(rejected) => {
            tracing::warn!("an answer to a push of {} does not count: {rejected}", clean::quoted(&user));
            return Answered::Rejected(rejected);
        }
    };
    if let Err(why) = file.save(&state) {
        return unavailable(why.to_string());
    }
    drop(held);
    let (kind, pushed, withdrawn, how) = if wrong {
        (Kind::PushNumberMismatch, Pushed::WrongNumber, Withdrawn::WrongNumber, Ended::Unapproved)
    } else {
        (Kind::PushApproved, Pushed::Approved, Withdrawn::Approved, Ended::Approved)
    };
    if !close(authority, &named.request, &user, pushed, withdrawn, how) {
        return Answered::NoSuchRequest;
    }
    let mut event = Event::new(kind).about(&user);
    event.factor = Some(named.device.to_string());
    authority.audit.record(event);
    if wrong { Answered::WrongNumber } else { Answered::Done }
}

/// A no by the connection `name` of `uid`, to which the request must have been presented.
#[must_use]
pub fn deny(authority: &Authority, uid: u32, name: &str, id: &RequestId, report: bool) -> Answered {
    let Some((pending, owner)) = authority.pushes.find(id) else { return Answered::NoSuchRequest };
    if owner != uid || !authority.pushes.was_presented(id, name) {
        return Answered::NoSuchRequest;
    }
    let user = &pending.request.user;
    let how = if report { Ended::Reported } else { Ended::Unapproved };
    if !close(authority, id, user, Pushed::Denied, Withdrawn::Denied, how) {
        return Answered::NoSuchRequest;
    }
    if report {
        let from = pending.request.rhost.as_deref().unwrap_or("this host");
        tracing::warn!(
            "{} reports a login that was not theirs: {} from {from}",
            clean::quoted(user),
            pending.request.service
        );
    }
    let mut event = Event::new(if report { Kind::PushReported } else { Kind::PushDenied }).about(user);
    event.service = Some(pending.request.service.clone());
    event.rhost.clone_from(&pending.request.rhost);
    authority.audit.record(event);
    Answered::Done
}

/// Seconds the user's pushes wait after wrong numbers, or that they are disabled (`u64::MAX`).
pub(super) fn barred(state: &mut State, now: Now) -> Option<u64> {
    let push = FactorId::push();
    if state.factor(&push).disabled {
        return Some(u64::MAX);
    }
    match state.wait(&push, &Budget::Evidence, now) {
        0 => None,
        wait => Some(wait),
    }
}
