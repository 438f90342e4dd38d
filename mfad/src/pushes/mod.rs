//! Pushes: which agents there are, which requests wait, and who may end them.
//!
//! Logins open a request and hold its [`Ticket`]; the bus hands in answers. The registry knows agents by the bus's
//! credentials alone, never by anything in an environment. What must never happen: a request answered twice, by
//! another user's device, or after it was withdrawn.

mod answers;
mod registry;

pub use answers::{Answered, approve, deny};
pub use registry::{Agent, Out, Registry};

use crate::authority::Authority;
use crate::clock::random;
use mfa_core::approval::{self, LIFETIME, Pending, Purpose, Request, RequestId};
use mfa_core::bus::Withdrawn;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::login::Pushed;
use mfa_core::now::Now;
use mfa_core::pushes::Ended;
use mfa_core::state::State;
use mfa_core::wire::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A request of a login under way. Dropping it withdraws the request.
#[derive(Debug)]
pub struct Ticket {
    /// The number the terminal shows.
    pub number: Option<mfa_core::secret::Secret>,
    id: RequestId,
    user: String,
    until: u64,
    ended: watch::Receiver<Option<Pushed>>,
    authority: Arc<Authority>,
}

impl Ticket {
    /// How the push ended, if it has.
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

    /// Seconds until nobody's answer counts any more.
    #[must_use]
    pub fn left(&self, now: Now) -> u64 {
        self.until.saturating_sub(now.boottime)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let (authority, id, user) = (Arc::clone(&self.authority), self.id.clone(), self.user.clone());
        // The state is written under the user's lock, which whoever drops this may hold.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || {
                close(&authority, &id, &user, Pushed::Expired, Withdrawn::Cancelled, Ended::Unneeded);
            });
        }
    }
}

/// Opens a request for `user`'s own devices, if an agent is there for one and the budget allows it. The caller must
/// not hold the user's lock.
///
/// # Errors
/// When the push could not be charged: none is sent then.
pub fn open(authority: &Arc<Authority>, user: &str, context: &Context) -> Result<Option<Ticket>, String> {
    let _held = authority.locks.blocking(user);
    let now = authority.clock.now();
    let Ok(Some(enrollment)) = authority.store.enrollment(user) else { return Ok(None) };
    let agents = authority.pushes.agents_for(&enrollment);
    if agents.is_empty() || authority.pushes.is_open_for(user) {
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
    let number_due = needs_number(authority, context);
    let pending = pending(authority, &enrollment, context, number_due, now).map_err(|why| why.to_string())?;
    let (sender, ended) = watch::channel(None);
    let ticket = Ticket {
        number: pending.number.clone(),
        id: pending.request.id.clone(),
        user: user.to_owned(),
        until: pending.until,
        ended,
        authority: Arc::clone(authority),
    };
    authority.pushes.present(pending, enrollment.uid, sender, &agents);
    authority.audit.record(event(Kind::PushSent, user, context));
    expire_later(Arc::clone(authority), ticket.id.clone(), user.to_owned());
    Ok(Some(ticket))
}

/// Ends the request when its time is over, whether or not anybody waits at the prompt.
fn expire_later(authority: Arc<Authority>, id: RequestId, user: String) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let blocking = runtime.clone();
    runtime.spawn(async move {
        tokio::time::sleep(Duration::from_secs(LIFETIME)).await;
        blocking.spawn_blocking(move || {
            if close(&authority, &id, &user, Pushed::Expired, Withdrawn::Expired, Ended::Unapproved) {
                authority.audit.record(Event::new(Kind::PushExpired).about(&user));
            }
        });
    });
}

/// A remote host: always. A login of this host: as policy says.
fn needs_number(authority: &Authority, context: &Context) -> bool {
    let remote =
        context.rhost.as_deref().is_some_and(|rhost| !rhost.is_empty()) || context.tty.as_deref() == Some("ssh");
    remote || authority.in_force().policy.number.value
}

fn pending(
    authority: &Authority,
    enrollment: &Enrollment,
    context: &Context,
    number_due: bool,
    now: Now,
) -> Result<Pending, getrandom::Error> {
    let shown = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(clean::field);
    let request = Request {
        id: RequestId::new(random()?),
        host: authority.pushes.host().name.clone(),
        host_id: authority.pushes.host().id.clone(),
        user: clean::field(&enrollment.name),
        approver: clean::field(&enrollment.name),
        ruser: shown(&context.ruser),
        service: clean::field(&context.service),
        tty: shown(&context.tty),
        rhost: shown(&context.rhost),
        purpose: Purpose::Login,
        number_due,
        issued: now.wall,
        expires: now.wall.saturating_add(LIFETIME),
        nonce: data_encoding::HEXLOWER.encode(&random::<32>()?),
    };
    let number = if number_due { Some(approval::number(random()?)) } else { None };
    // A Request always serialises.
    let bytes = serde_json::to_vec(&request).unwrap_or_default();
    Ok(Pending { request, bytes, number, until: now.boottime.saturating_add(LIFETIME) })
}

/// Ends a request, once: whoever waits is told, agents withdraw it, the budget is settled.
pub(crate) fn close(
    authority: &Authority,
    id: &RequestId,
    user: &str,
    pushed: Pushed,
    withdrawn: Withdrawn,
    how: Ended,
) -> bool {
    if !authority.pushes.take(id, pushed, withdrawn) {
        return false;
    }
    let _held = authority.locks.blocking(user);
    let now = authority.clock.now();
    if let Ok(Some(enrollment)) = authority.store.enrollment(user)
        && let Ok(mut file) = authority.store.state(user)
    {
        let (mut state, _) = State::of(&enrollment, file.take(), now);
        state.pushes.end(how, now);
        if let Err(why) = file.save(&state) {
            tracing::error!("the push budget of {} is not settled: {why}", clean::quoted(user));
        }
    }
    true
}

/// An event about a push.
pub(crate) fn event(kind: Kind, user: &str, context: &Context) -> Event {
    let shown = |text: &Option<String>| text.as_deref().map(clean::field);
    let mut event = Event::new(kind).about(user);
    event.service = Some(clean::field(&context.service));
    event.tty = shown(&context.tty);
    event.rhost = shown(&context.rhost);
    event.ruser = shown(&context.ruser);
    event
}
