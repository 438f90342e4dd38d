//! Pushes: which agents there are, which requests wait, and who may end them.
//!
//! Logins open a round of requests and hold its [`Ticket`]; the bus hands in answers. The registry knows agents by the bus's
//! credentials alone, never by anything in an environment. What must never happen: a request answered twice, by
//! another user's device, or after it was withdrawn.

mod answers;
mod approvals;
mod asker;
mod challenges;
mod registry;
mod round;

pub use answers::{Answered, approve, deny};
pub use approvals::open as open_approval;
pub use asker::{told, uid as asker};
pub use challenges::{Challenges, Proof, Yes, challenge};
pub use registry::{Agent, Out, Registry};

use crate::authority::Authority;
use crate::clock::random;
use mfa_core::approval::{self, Pending, Purpose, Request, RequestId};
use mfa_core::bus::Withdrawn;
use mfa_core::clean;
use mfa_core::device::DeviceId;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::login::{Pushed, needs_number};
use mfa_core::now::Now;
use mfa_core::policy::Decision;
use mfa_core::pushes::Ended;
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::typed;
use mfa_core::wire::Context;
use round::{Person, Round};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A round under way. Dropping it withdraws its requests.
#[derive(Debug)]
pub struct Ticket {
    /// The number the terminal shows.
    pub number: Option<Secret>,
    round: Arc<Round>,
    until: u64,
    ended: watch::Receiver<Option<Pushed>>,
    authority: Arc<Authority>,
    /// How it ends when it is dropped.
    dropped: Ended,
}

impl Ticket {
    /// A code has settled the login: the push costs nothing.
    pub fn is_unneeded(&mut self) {
        self.dropped = Ended::Unneeded;
    }

    /// How the round ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Pushed> {
        *self.ended.borrow()
    }

    /// Waits for the end.
    pub async fn wait(&mut self) -> Pushed {
        match self.ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.unwrap_or(Pushed::Expired),
            Err(_) => Pushed::Expired,
        }
    }

    /// Whether all that it is for and all who said yes are as they were: a yes by a device that was suspended or revoked since, or
    /// for or of a user who was reset, opens nothing. Reads files.
    #[must_use]
    pub fn stands(&self) -> bool {
        let user = &self.round.user;
        let known = self.authority.store.enrollment(user).ok().flatten();
        if known.is_none_or(|enrollment| enrollment.state_id != self.round.enrolled) {
            tracing::warn!("a yes for {} counts no more: the enrolment it was for is gone", clean::quoted(user));
            return false;
        }
        let yeses = self.round.said_yes().clone();
        yeses.iter().all(|(person, device)| {
            let known = self.authority.store.enrollment(&person.user);
            let stands = known.is_ok_and(|known| {
                known.is_some_and(|enrollment| {
                    enrollment.uid == person.uid && enrollment.active_devices().any(|active| active.id == *device)
                })
            });
            if !stands {
                tracing::warn!(
                    "a yes of {} counts no more: {device}, which said it, is not an active device any more",
                    clean::quoted(&person.user)
                );
            }
            stands
        })
    }

    /// Seconds until nobody's answer counts any more.
    #[must_use]
    pub fn left(&self, now: Now) -> u64 {
        self.until.saturating_sub(now.boottime)
    }

    /// Withdraws the requests at once. The caller must not hold the user's lock.
    fn withdraw(self) {
        close(&self.authority, &self.round, Pushed::Expired, Withdrawn::Cancelled, Ended::GivenUp);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let (authority, round, how) = (Arc::clone(&self.authority), Arc::clone(&self.round), self.dropped);
        // The state is written under the user's lock, which whoever drops this may hold.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || {
                close(&authority, &round, Pushed::Expired, Withdrawn::Cancelled, how);
            });
        }
    }
}

/// Opens a request for `user`'s own devices, if an agent is there for one and the budget allows it. The caller must
/// not hold the user's lock.
///
/// # Errors
/// When the push could not be charged: none is sent then.
pub fn open(
    authority: &Arc<Authority>,
    user: &str,
    context: &Context,
    decision: &Decision,
) -> Result<Option<Ticket>, String> {
    let number_due = needs_number(context, decision);
    let by = asker::name(context, decision.kind);
    let asked = Asked { context, purpose: Purpose::Login, number_due, by, lifetime: approval::LIFETIME };
    let ticket = open_own(authority, user, &asked, None)?;
    if ticket.is_some() {
        authority.note(event(Kind::PushSent, user, context));
    }
    Ok(ticket)
}

/// What is asked in all requests of a round.
struct Asked<'a> {
    context: &'a Context,
    purpose: Purpose,
    number_due: bool,
    /// Who acts, cleaned.
    by: Option<String>,
    /// Seconds.
    lifetime: u64,
}

/// A round of the user's own devices but `excluded`.
fn open_own(
    authority: &Arc<Authority>,
    user: &str,
    asked: &Asked<'_>,
    excluded: Option<DeviceId>,
) -> Result<Option<Ticket>, String> {
    let _held = authority.locks.blocking(user);
    let now = authority.clock.now();
    let Ok(Some(enrollment)) = authority.store.enrollment(user) else { return Ok(None) };
    let mut agents = authority.pushes.agents_for(&enrollment);
    agents.retain(|agent| Some(&agent.device) != excluded.as_ref());
    if agents.is_empty() || authority.pushes.is_open_for(user) || !authority.pushes.has_room_for(enrollment.uid) {
        return Ok(None);
    }
    let mut file = authority.store.state(user).map_err(|why| why.to_string())?;
    let (mut state, _) = State::of(&enrollment, file.take(), now);
    if !state.pushes.allowed(now) || answers::barred(&mut state, now).is_some() {
        return Ok(None);
    }
    state.pushes.send(now);
    // Charged before it is sent: a crash must not give pushes away.
    file.save(&state).map_err(|why| why.to_string())?;
    drop(file);
    let number = number(asked)?;
    let person = Person { user: user.to_owned(), uid: enrollment.uid };
    let pending = pending(authority, user, &person, asked, number.as_ref(), now)?;
    let (round, ended) = Round::new((user, enrollment.state_id), None, excluded, 1);
    Ok(Some(begin(authority, round, ended, vec![(pending, person, agents)], number, asked, now)))
}

/// Presents a round and has it end in time.
fn begin(
    authority: &Arc<Authority>,
    round: Round,
    ended: watch::Receiver<Option<Pushed>>,
    requests: Vec<(Pending, Person, Vec<Agent>)>,
    number: Option<Secret>,
    asked: &Asked<'_>,
    now: Now,
) -> Ticket {
    let round = Arc::new(round);
    authority.pushes.present(&round, requests);
    expire_later(Arc::clone(authority), Arc::clone(&round), asked.lifetime);
    let until = now.boottime.saturating_add(asked.lifetime);
    Ticket { number, round, until, ended, authority: Arc::clone(authority), dropped: Ended::GivenUp }
}

/// Ends the round when its time is over, whether or not anybody waits at the prompt.
fn expire_later(authority: Arc<Authority>, round: Arc<Round>, lifetime: u64) {
    let Some(runtime) = authority.pushes.timekeeper() else {
        // Nobody would ever end it. Its budget is left spent: the user's lock is held here.
        authority.pushes.end(&round, Pushed::Expired, Withdrawn::Expired);
        return;
    };
    let blocking = runtime.clone();
    runtime.spawn(async move {
        tokio::time::sleep(Duration::from_secs(lifetime)).await;
        blocking.spawn_blocking(move || expire(&authority, &round));
    });
}

fn expire(authority: &Authority, round: &Arc<Round>) {
    if close(authority, round, Pushed::Expired, Withdrawn::Expired, Ended::Unapproved) {
        let kind = if round.group.is_some() { Kind::ApprovalExpired } else { Kind::PushExpired };
        authority.note(Event::new(kind).about(&clean::field(&round.user)));
    }
}

fn number(asked: &Asked<'_>) -> Result<Option<Secret>, String> {
    if !asked.number_due {
        return Ok(None);
    }
    random().map(|bytes| Some(approval::number(bytes))).map_err(|why| why.to_string())
}

fn pending(
    authority: &Authority,
    user: &str,
    person: &Person,
    asked: &Asked<'_>,
    number: Option<&Secret>,
    now: Now,
) -> Result<Pending, String> {
    let shown = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(clean::field);
    let context = asked.context;
    let request = Request {
        id: RequestId::new(random().map_err(|why| why.to_string())?),
        host: authority.pushes.host().name.clone(),
        host_id: authority.pushes.host().id.clone(),
        user: clean::field(user),
        approver: clean::field(&person.user),
        ruser: asked.by.clone(),
        service: clean::field(&context.service),
        tty: shown(&context.tty),
        rhost: shown(&context.rhost),
        command: Some(clean::command(&typed::command(context))).filter(|text| !text.is_empty()),
        purpose: asked.purpose.clone(),
        number_due: number.is_some(),
        issued: now.wall,
        expires: now.wall.saturating_add(asked.lifetime),
        nonce: data_encoding::HEXLOWER.encode(&random::<32>().map_err(|why| why.to_string())?),
    };
    let bytes = serde_json::to_vec(&request).map_err(|why| why.to_string())?;
    let until = now.boottime.saturating_add(asked.lifetime);
    Ok(Pending { request, bytes, number: number.cloned(), until })
}

/// Ends a round, once: whoever waits is told, agents withdraw its requests, the budget is settled.
fn close(authority: &Authority, round: &Arc<Round>, pushed: Pushed, withdrawn: Withdrawn, how: Ended) -> bool {
    authority.pushes.end(round, pushed, withdrawn) && {
        settle_budget(authority, round, pushed, how);
        true
    }
}

/// Withdraws what waits for devices that `enrollment` has no more, or not active. The caller holds the user's lock, and the file
/// stands.
pub fn keep_to_devices(authority: &Authority, enrollment: &Enrollment) {
    let active: Vec<&DeviceId> = enrollment.active_devices().map(|device| &device.id).collect();
    for round in authority.pushes.keep_to(&enrollment.name, &active) {
        // Nobody was asked in vain, and nobody said no.
        settle_held(authority, &round, Pushed::Expired, Ended::Unneeded);
    }
}

/// Says in the state of the user whose round it was how it ended.
fn settle_budget(authority: &Authority, round: &Round, pushed: Pushed, how: Ended) {
    let _held = authority.locks.blocking(&round.user);
    settle_held(authority, round, pushed, how);
}

/// The same with the lock of that user held.
fn settle_held(authority: &Authority, round: &Round, pushed: Pushed, how: Ended) {
    let now = authority.clock.now();
    let Ok(Some(enrollment)) = authority.store.enrollment(&round.user) else { return };
    let settled = authority.store.state(&round.user).and_then(|mut file| {
        let (mut state, _) = State::of(&enrollment, file.take(), now);
        let budget = if round.group.is_some() { &mut state.approvals } else { &mut state.pushes };
        budget.end(how, now);
        if pushed == Pushed::Denied {
            state.note_denial(now);
        }
        // Who may be somebody else is asked again everywhere.
        if how == Ended::Reported {
            state.grants.clear();
        }
        file.save(&state)
    });
    if let Err(why) = settled {
        tracing::error!("the push budget of {} is not settled: {why}", clean::quoted(&round.user));
    }
}

/// What the trail says of a login or a change for which somebody asks.
pub fn event(happened: Kind, user: &str, context: &Context) -> Event {
    let shown = |text: &Option<String>| text.as_deref().map(clean::field);
    let mut event = Event::new(happened).about(&clean::field(user));
    event.service = Some(clean::field(&context.service));
    event.tty = shown(&context.tty);
    event.rhost = shown(&context.rhost);
    event.ruser = shown(&context.ruser);
    event
}
