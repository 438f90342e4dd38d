//! Answers to requests, as they come from the bus: yes with a signature, no without.
//!
//! What must never happen: a second number looked at after a wrong one.

use super::round::{Person, Round};
use super::{approvals, close, registry::Taken, settle_budget};
use crate::accounts::{Lookup, by_uid};
use crate::authority::Authority;
use crate::seldom::{Each, due_about};
use mfa_core::approval::{Approval, Pending, Rejected, RequestId, judge};
use mfa_core::bus::Withdrawn;
use mfa_core::clean;
use mfa_core::enrollment::FactorId;
use mfa_core::event::{Event, Kind};
use mfa_core::limits::Budget;
use mfa_core::login::Pushed;
use mfa_core::now::Now;
use mfa_core::pushes::Ended;
use mfa_core::state::State;
use std::sync::{Arc, Mutex};

/// A program of the user's can send such answers as fast as it likes.
static REJECTED: Mutex<Each> = Mutex::new(Each::new());

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
    /// The caller's pushes are locked or disabled by now.
    Locked,
    /// The caller may not approve others' logins any more.
    NoApprover,
    /// The answer could not be made durable.
    Unavailable(String),
}

/// A yes by a program of `uid`.
#[must_use]
pub fn approve(authority: &Authority, uid: u32, approval: &[u8], signature: &[u8]) -> Answered {
    let Ok(named) = serde_json::from_slice::<Approval>(approval) else {
        return Answered::Rejected(Rejected::NotUnderstood);
    };
    let Some((pending, person, round)) = authority.pushes.find(&named.request) else { return Answered::NoSuchRequest };
    if person.uid != uid {
        // The same word as for one that does not exist.
        return Answered::NoSuchRequest;
    }
    if let Some(group) = &round.group {
        // Looked up now: whoever left the group since they were asked does not count.
        match by_uid(uid) {
            Lookup::Found(account) if approvals::is_member(&account, group) => {}
            Lookup::Found(_) | Lookup::Absent | Lookup::Failed(_) => return Answered::NoApprover,
        }
    }
    let judging = round.judging();
    if authority.pushes.find(&named.request).is_none() {
        return Answered::NoSuchRequest;
    }
    let wrong = match record(authority, &pending, &person, (approval, signature)) {
        Ok(()) => false,
        Err(Answered::WrongNumber) => true,
        Err(other) => return other,
    };
    let over = if wrong {
        close(authority, &round, Pushed::WrongNumber, Withdrawn::WrongNumber, Ended::Unapproved)
    } else {
        match authority.pushes.approve(&named.request, &named.device) {
            Taken::Late => false,
            Taken::More => true,
            Taken::Last => {
                settle_budget(authority, &round, Pushed::Approved, Ended::Approved);
                true
            }
        }
    };
    drop(judging);
    if !over {
        return Answered::NoSuchRequest;
    }
    let kind = match (wrong, &round.group) {
        (true, _) => Kind::PushNumberMismatch,
        (false, None) => Kind::PushApproved,
        (false, Some(_)) => Kind::ApprovalGiven,
    };
    let mut event = event(kind, &pending, &person, &round);
    event.factor = Some(clean::field(named.device.as_str()));
    authority.note(event);
    if wrong { Answered::WrongNumber } else { Answered::Done }
}

/// Judges a yes and makes what it changes durable, in the files of the person who says it.
fn record(
    authority: &Authority,
    pending: &Pending,
    person: &Person,
    (approval, signature): (&[u8], &[u8]),
) -> Result<(), Answered> {
    let user = &person.user;
    let unavailable = |why: String| {
        tracing::error!("an approval of {} is refused: {why}", clean::quoted(user));
        Answered::Unavailable(why)
    };
    let _held = authority.locks.blocking(user);
    // Read now, not when it was asked: a device revoked or a user locked in between counts.
    let enrollment = match authority.store.enrollment(user) {
        Ok(Some(enrollment)) if enrollment.uid == person.uid => enrollment,
        Ok(_) => return Err(Answered::NoSuchRequest),
        Err(why) => return Err(unavailable(why.to_string())),
    };
    let now = authority.clock.now();
    let mut file = authority.store.state(user).map_err(|why| unavailable(why.to_string()))?;
    let (mut state, _) = State::of(&enrollment, file.take(), now);
    if barred(&mut state, now).is_some() {
        return Err(Answered::Locked);
    }
    let push = FactorId::push();
    let lockout = authority.in_force().policy.lockout();
    let judged = match judge(pending, approval, signature, &enrollment.devices, now.boottime) {
        Ok(_) => {
            state.clear(&push, &Budget::Evidence);
            state.factor(&push).note_use(now.wall);
            state.note_success(now.wall);
            Ok(())
        }
        Err(Rejected::WrongNumber) => {
            state.charge(&[&push], &Budget::Evidence, now, lockout);
            let known = state.factor(&push);
            known.disabled = known.evidence.failures >= lockout.disable_at;
            Err(Answered::WrongNumber)
        }
        Err(rejected) => {
            if let Some(times) = due_about(&REJECTED, user) {
                tracing::warn!("an answer to a push of {} does not count: {rejected}{times}", clean::quoted(user));
            }
            return Err(Answered::Rejected(rejected));
        }
    };
    match (judged, file.save(&state).map_err(|why| unavailable(why.to_string()))) {
        // The round ends all the same: where nothing can be written a number must not be tried after the other.
        (Err(wrong), _) => Err(wrong),
        (Ok(()), saved) => saved,
    }
}

/// A no by the connection `name` of `uid`, to which the request must have been presented.
#[must_use]
pub fn deny(authority: &Authority, uid: u32, name: &str, id: &RequestId, report: bool) -> Answered {
    let Some((pending, person, round)) = authority.pushes.find(id) else { return Answered::NoSuchRequest };
    if person.uid != uid || !authority.pushes.was_presented(id, name) {
        return Answered::NoSuchRequest;
    }
    let how = if report { Ended::Reported } else { Ended::Unapproved };
    if !close(authority, &round, Pushed::Denied, Withdrawn::Denied, how) {
        return Answered::NoSuchRequest;
    }
    let request = &pending.request;
    if report {
        tracing::warn!(
            "{} reports a login as {} that should not be: {} from {}",
            clean::quoted(&person.user),
            clean::quoted(&round.user),
            request.service,
            request.rhost.as_deref().unwrap_or("this host")
        );
    }
    let kind = match (report, &round.group) {
        (true, _) => Kind::PushReported,
        (false, None) => Kind::PushDenied,
        (false, Some(_)) => Kind::ApprovalDenied,
    };
    authority.note(event(kind, &pending, &person, &round));
    Answered::Done
}

/// An event about a round; who answered, where it is not the user.
fn event(kind: Kind, pending: &Pending, person: &Person, round: &Arc<Round>) -> Event {
    let mut event = Event::new(kind).about(&clean::field(&round.user));
    event.service = Some(pending.request.service.clone());
    event.rhost.clone_from(&pending.request.rhost);
    if round.group.is_some() {
        event = event.detail(format!("by {}", clean::field(&person.user)));
    }
    event
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
