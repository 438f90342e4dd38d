//! Asking those who may approve somebody else's login.
//!
//! Called by a login after its user's own factor was shown, where policy says `approved`. What must never happen: the user,
//! or the one who typed the command, being asked to approve it; one person counting twice.

use super::round::{Person, Round};
use super::{Agent, Asked, Ticket, answers, asker, begin, event, number, pending};
use crate::accounts::{Account, Lookup, by_uid};
use crate::authority::Authority;
use mfa_core::approval::{LONGEST_LIFETIME, Pending, Purpose};
use mfa_core::clean;
use mfa_core::enrollment::StateId;
use mfa_core::event::Kind;
use mfa_core::login::needs_number;
use mfa_core::now::Now;
use mfa_core::policy::{Approvers, Decision};
use mfa_core::state::State;
use mfa_core::wire::Context;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most people asked in one round, and looked up for it.
const MOST_ASKED: usize = 32;

/// Time for looking them up: a name service that hangs must not take the login's.
const LOOKING: Duration = Duration::from_millis(1500);

/// Asks members of the group who have an agent here; `None` where fewer than are needed can be asked, or the user's budget is
/// spent. `left`: seconds the login has. The caller must not hold the user's lock.
///
/// # Errors
/// When it could not be charged: nobody is asked then.
pub fn open(
    authority: &Arc<Authority>,
    user: &str,
    context: &Context,
    decision: &Decision,
    approvers: &Approvers,
    left: u64,
) -> Result<Option<Ticket>, String> {
    let own = asker::uids(user, context, decision.kind)?;
    let asked = Asked {
        context,
        purpose: Purpose::Login,
        number_due: needs_number(context, decision),
        by: asker::name(context, decision.kind),
        lifetime: left.min(LONGEST_LIFETIME),
    };
    let now = authority.clock.now();
    let number = number(&asked)?;
    let mut requests: Vec<(Pending, Person, Vec<Agent>)> = Vec::new();
    let end = Instant::now() + LOOKING;
    for uid in authority.pushes.uids().into_iter().filter(|uid| !own.contains(uid)) {
        if requests.len() >= MOST_ASKED || Instant::now() > end {
            break;
        }
        let Some((person, agents)) = may_be_asked(authority, uid, &approvers.group, now) else { continue };
        let pending = pending(authority, user, &person, &asked, number.as_ref(), now)?;
        requests.push((pending, person, agents));
    }
    if requests.len() < usize::from(approvers.count) {
        return Ok(None);
    }
    let Some(enrolled) = charge(authority, user, now)? else { return Ok(None) };
    let names: Vec<String> = requests.iter().map(|(_, person, _)| clean::field(&person.user)).collect();
    let sent = event(Kind::ApprovalSent, user, context);
    authority.audit.record(sent.detail(format!("{approvers}; asked: {}", names.join(", "))));
    let (round, ended) = Round::new((user, enrolled), Some(approvers.group.clone()), None, approvers.count);
    Ok(Some(begin(authority, round, ended, requests, number, &asked, now)))
}

/// Whether the account is in the group now.
pub(super) fn is_member(account: &Account, group: &str) -> bool {
    account.groups(&[group]).is_ok_and(|groups| groups.iter().any(|name| name == group))
}

fn may_be_asked(authority: &Authority, uid: u32, group: &str, now: Now) -> Option<(Person, Vec<Agent>)> {
    let Lookup::Found(account) = by_uid(uid) else { return None };
    if !is_member(&account, group) || !authority.pushes.has_room_for(uid) {
        return None;
    }
    let enrollment = authority.store.enrollment(&account.name).ok().flatten()?;
    let agents = if enrollment.uid == uid { authority.pushes.agents_for(&enrollment) } else { Vec::new() };
    if agents.is_empty() {
        return None;
    }
    // Read without the lock: what counts is looked at again when the answer comes.
    let (mut state, _) = State::of(&enrollment, authority.store.state(&account.name).ok()?.take(), now);
    answers::barred(&mut state, now).is_none().then_some((Person { user: account.name, uid }, agents))
}

/// Takes one from the user's budget of such requests, and names the enrolment; `None`: it is spent.
fn charge(authority: &Authority, user: &str, now: Now) -> Result<Option<StateId>, String> {
    let _held = authority.locks.blocking(user);
    let Some(enrollment) = authority.store.enrollment(user).map_err(|why| why.to_string())? else { return Ok(None) };
    let mut file = authority.store.state(user).map_err(|why| why.to_string())?;
    let (mut state, _) = State::of(&enrollment, file.take(), now);
    if !state.approvals.allowed(now) {
        return Ok(None);
    }
    state.approvals.send(now);
    file.save(&state).map_err(|why| why.to_string())?;
    Ok(Some(enrollment.state_id))
}
