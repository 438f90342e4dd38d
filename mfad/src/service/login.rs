//! One login over one connection.

use super::frames::{self, FrameError, MACHINE};
use super::serve::Shared;
use crate::logins::{self, Caller, Session};
use mfa_core::clean;
use mfa_core::login::{Next, Settled};
use mfa_core::wire::{Ask, Context, Ending, Kind, Method, Reason, Step, Verdict, decode, encode};
use rustix::net::{SendFlags, send as send_now};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

/// Time until a look-up may begin, when others hang.
const LOOKUP_TURN: Duration = Duration::from_millis(1000);

/// Time for a look-up in the name service (2 s) with all that follows it; with its turn less than the module's own
/// 5 s for a step.
const LOOKUP: Duration = Duration::from_millis(3500);

/// Time for a transaction: waiting for the user's turn, reading, deciding, one flush.
const TRANSACTION: Duration = Duration::from_millis(4500);

/// A refusal that must not be told apart from another leaves this long after its answer came.
const EVEN: Duration = Duration::from_millis(20);

/// Leads a login to its end. Errors end the connection; a client that is gone cancels.
pub(super) async fn run(
    shared: &Arc<Shared>,
    stream: &mut UnixStream,
    caller: Caller,
    context: Context,
) -> Result<(), FrameError> {
    let user = context.user.clone();
    tracing::debug!("a login of {} begins: {}", clean::quoted(&user), described(caller, &context));
    let Some((mut session, mut next, mut told)) = begin(shared, stream, caller, context).await else {
        tracing::error!("{} is refused: its account could not be looked up in time", clean::quoted(&user));
        let verdict = Verdict { user, method: Method::None, reason: Reason::LookupFailed, code_bytes: None };
        let refused = Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict };
        return frames::write(stream, &refused).await;
    };
    let until = Instant::now() + session.time();
    let left = || until.saturating_duration_since(Instant::now()).as_secs();
    loop {
        match told {
            // Nothing may be asked: the step after the wait is the first to be told.
            _ if session.waits_unasked(&next) => {}
            Told::No => send(stream, &next).await?,
            Told::Half(rest) => frames::write_rest(stream, &rest).await?,
            Told::Yes => {}
        }
        tracing::debug!("the login of {} goes on: {}", clean::quoted(&user), name(&next.step));
        if next.verdict().is_some() {
            return Ok(());
        }
        if session.waits_unasked(&next) {
            (session, next, told) = wait(shared, stream, session, left()).await?;
            continue;
        }
        let asked = frames::read(stream, until.saturating_duration_since(Instant::now())).await;
        let started = Instant::now();
        let hides = session.login().hides();
        (session, next, told) = match asked.and_then(|body| decode(&body).map_err(FrameError::from)) {
            Ok(Ask::Answer { text }) if session.refused_by_push().is_some() || session.waits(text.as_ref()) => {
                wait(shared, stream, session, left()).await?
            }
            Ok(Ask::CannotAsk) => match session.cannot_ask() {
                None => wait(shared, stream, session, left()).await?,
                Some(next) => {
                    logins::record_end(&shared.authority, &session, &next);
                    (session, next, Told::No)
                }
            },
            Ok(Ask::AnswerAtEnd { .. }) if session.refused_by_push().is_some() || session.waits(None) => {
                wait(shared, stream, session, left()).await?
            }
            Ok(answer @ (Ask::Answer { .. } | Ask::AnswerAtEnd { .. })) => {
                match judge(shared, stream, session, answer, left()).await {
                    Ok(settled) => settled,
                    Err(FrameError::Late) => return frames::write(stream, &too_slow(user)).await,
                    Err(other) => return Err(other),
                }
            }
            Ok(Ask::Cancel) | Err(FrameError::Gone) => ended(shared, session, Reason::Cancelled),
            Err(FrameError::Late) => ended(shared, session, Reason::Timeout),
            Ok(Ask::Begin(_)) | Err(FrameError::Wire(_)) => ended(shared, session, Reason::Protocol),
        };
        if hides && !matches!(next.step, Step::Granted(_)) {
            tokio::time::sleep_until(started + EVEN).await;
        }
    }
}

/// What came with a login, for the log.
fn described(caller: Caller, context: &Context) -> String {
    let said = |text: &Option<String>| text.as_deref().map_or_else(|| String::from("none"), clean::quoted);
    format!(
        "service={} caller={caller:?} real_uid={} tty={} rhost={} ruser={} first_factor_stack={} ssh_auth_info={}",
        clean::quoted(&context.service),
        context.real_uid,
        said(&context.tty),
        said(&context.rhost),
        said(&context.ruser),
        context.first_factor_stack,
        clean::quoted(&context.ssh_auth_info.join(",")),
    )
}

/// What a step is, for the log: never what it says, which may be a number or a key.
fn name(step: &Step) -> &'static str {
    match step {
        Step::Prompt { .. } => "prompt",
        Step::Info { .. } => "info",
        Step::Show { .. } => "page",
        Step::Wait { .. } => "wait",
        Step::Granted(_) => "granted",
        Step::Ignored(_) => "ignored",
        Step::Refused { .. } => "refused",
    }
}

/// Whether the thread that made a step has sent it already.
enum Told {
    No,
    /// All but these bytes.
    Half(Zeroizing<Vec<u8>>),
    Yes,
}

/// Lets the thread that makes a step send it too, which spares the client the way over the sockets' thread. Whoever
/// takes the right to speak first has it: that thread, or the loop when it has waited for too long.
struct Mouth {
    taken: Arc<AtomicBool>,
    socket: io::Result<OwnedFd>,
}

impl Mouth {
    fn of(stream: &UnixStream) -> Self {
        Self { taken: Arc::default(), socket: stream.as_fd().try_clone_to_owned() }
    }

    /// Sends the first prompt or a grant at once. Everything else is left to the loop: a refusal may have to wait.
    fn tell(&self, next: &Next) -> Told {
        let (Step::Prompt { .. } | Step::Granted(_), None, Ok(socket)) = (&next.step, &next.info, &self.socket) else {
            return Told::No;
        };
        if !next.pages.is_empty() {
            return Told::No;
        }
        let Ok(mut frame) = encode(&next.step) else { return Told::No };
        if self.taken.swap(true, Ordering::AcqRel) {
            return Told::Yes;
        }
        match send_now(socket, &frame, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(sent) if sent == frame.len() => Told::Yes,
            Ok(sent) => {
                frame.drain(..sent);
                Told::Half(frame)
            }
            // A peer that is gone is noticed by the loop; one that is slow is waited for there.
            Err(_) => Told::Half(frame),
        }
    }
}

async fn begin(
    shared: &Arc<Shared>,
    stream: &UnixStream,
    caller: Caller,
    context: Context,
) -> Option<(Session, Next, Told)> {
    let permit = timeout(LOOKUP_TURN, shared.lookups.of(caller, &context).acquire_owned()).await.ok()?.ok()?;
    let authority = Arc::clone(&shared.authority);
    let mouth = Mouth::of(stream);
    let taken = Arc::clone(&mouth.taken);
    let work = tokio::task::spawn_blocking(move || {
        // A name service that hangs keeps its permit: it can take no more threads than there are permits.
        let _permit = permit;
        let (session, next) = logins::begin(&authority, caller, context);
        let told = if session.waits_unasked(&next) { Told::No } else { mouth.tell(&next) };
        (session, next, told)
    });
    in_time(work, Instant::now() + LOOKUP, &taken).await
}

async fn judge(
    shared: &Arc<Shared>,
    stream: &UnixStream,
    mut session: Session,
    answer: Ask,
    left: u64,
) -> Result<(Session, Next, Told), FrameError> {
    let authority = Arc::clone(&shared.authority);
    let end = Instant::now() + TRANSACTION;
    let held = match session.judged_user() {
        Some(user) => Some(timeout_at(end, authority.locks.of(user)).await.map_err(|_| FrameError::Late)?),
        None => None,
    };
    let mouth = Mouth::of(stream);
    let taken = Arc::clone(&mouth.taken);
    let work = tokio::task::spawn_blocking(move || {
        // The lock goes with the work: it outlives a client that is gone.
        let settled = logins::answer(&authority, &mut session, &answer);
        drop(held);
        let next = match settled {
            Settled::Next(next) => next,
            Settled::AskApproval(approvers) => logins::ask_approval(&authority, &mut session, &approvers, left),
        };
        // Another prompt after a wrong answer is a refusal too: the loop evens it out.
        let told = if matches!(next.step, Step::Granted(_)) { mouth.tell(&next) } else { Told::No };
        (session, next, told)
    });
    in_time(work, end, &taken).await.ok_or(FrameError::Late)
}

/// What `work` gives, unless it is late and has said nothing: then it never will.
async fn in_time<T>(mut work: JoinHandle<T>, end: Instant, taken: &AtomicBool) -> Option<T> {
    match timeout_at(end, &mut work).await {
        Ok(done) => done.ok(),
        // It has spoken: its end is a moment away.
        Err(_) if taken.swap(true, Ordering::AcqRel) => work.await.ok(),
        Err(_) => None,
    }
}

/// Waits for the push's end while the person's client is there; anything it sends ends the login.
async fn wait(
    shared: &Arc<Shared>,
    stream: &mut UnixStream,
    mut session: Session,
    left: u64,
) -> Result<(Session, Next, Told), FrameError> {
    let started = Instant::now();
    let pushed = match session.refused_by_push() {
        Some(pushed) => pushed,
        None => {
            let now = shared.authority.clock.now();
            // The caller has seen that there is one.
            let Some(ticket) = session.push() else {
                return Ok(ended(shared, session, Reason::Protocol));
            };
            let seconds = ticket.left(now);
            let patience = Duration::from_secs(seconds) + MACHINE;
            frames::write(stream, &Step::Wait { seconds: u32::try_from(seconds).unwrap_or(0) }).await?;
            tokio::select! {
                pushed = ticket.wait() => pushed,
                // One frame at most is read, and whatever it is, it is not an answer.
                _ = frames::read(stream, patience) => return Ok(ended(shared, session, Reason::Cancelled)),
            }
        }
    };
    let left = left.saturating_sub(started.elapsed().as_secs());
    let authority = Arc::clone(&shared.authority);
    tokio::task::spawn_blocking(move || {
        let next = logins::settle_push(&authority, &mut session, pushed, left);
        (session, next, Told::No)
    })
    .await
    .map_err(|_| FrameError::Late)
}

/// The end of a login that no answer ended.
fn ended(shared: &Shared, session: Session, reason: Reason) -> (Session, Next, Told) {
    let next = match reason {
        Reason::Timeout => session.login().timeout(),
        other => session.login().fail(other),
    };
    logins::record_end(&shared.authority, &session, &next);
    (session, next, Told::No)
}

fn too_slow(user: String) -> Step {
    tracing::error!("{} is refused: its state could not be made durable in time", clean::quoted(&user));
    let verdict = Verdict { user, method: Method::None, reason: Reason::StorageFailed, code_bytes: None };
    Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
}

async fn send(stream: &mut UnixStream, next: &Next) -> Result<(), FrameError> {
    if let Some(text) = &next.info {
        frames::write(stream, &Step::Info { text: text.clone() }).await?;
    }
    for page in &next.pages {
        frames::write(stream, &Step::Show { page: page.clone() }).await?;
    }
    frames::write(stream, &next.step).await
}
