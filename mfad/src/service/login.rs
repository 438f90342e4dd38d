//! One login over one connection.
//!
//! Called by the front for what has to wait, and by the loops for the rest. What must never happen: two steps where one is due, or a
//! client that is told nothing in time.

use super::begin;
use super::line::{Ahead, FrameError, Line, MACHINE};
use super::log;
use super::mouth::{Mouth, Told};
use super::serve::Shared;
use crate::authority::Authority;
use crate::locks::Held;
use crate::logins::{self, Caller, Session};
use mfa_core::clean;
use mfa_core::login::{Next, Settled};
use mfa_core::wire::{Ask, Context, Ending, Kind, Method, Reason, Step, Verdict, decode};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Time for a transaction: waiting for the user's turn, reading, deciding, one flush.
pub(super) const TRANSACTION: Duration = Duration::from_millis(4500);

/// A refusal that must not be told apart from another leaves this long after its answer came: longer than a slow disk takes to
/// flush, which it does only for those who are enrolled.
const EVEN: Duration = Duration::from_millis(100);

/// Where a login stands when a thread has worked on it.
pub(super) struct Turn {
    /// Boxed: it is handed from step to step, and each would hold room for it.
    pub(super) session: Box<Session>,
    pub(super) next: Next,
    pub(super) told: Told,
    /// When the answer came that `next` follows.
    pub(super) answered: Option<Instant>,
    /// A frame that came meanwhile and is still to be minded.
    pub(super) came: Option<Zeroizing<Vec<u8>>>,
    /// What was lent to the thread to read in the line's place.
    pub(super) ahead: Option<Ahead>,
}

impl Turn {
    pub(super) fn untold(session: Box<Session>, next: Next) -> Self {
        Self { session, next, told: Told::No, answered: None, came: None, ahead: None }
    }
}

/// Leads a login of root's to its end. Errors end the connection; a client that is gone cancels.
pub(super) async fn run(shared: &Arc<Shared>, line: &mut Line, context: Context) -> Result<(), FrameError> {
    let user = context.user.clone();
    match begin::in_loop(shared, line, Caller::Root, context).await {
        Ok(turn) => go_on(shared, line, user, turn).await,
        Err(late) => line.write(&late.step(user)).await,
    }
}

/// Leads a login from where it stands to its end.
pub(super) async fn go_on(
    shared: &Arc<Shared>,
    line: &mut Line,
    user: String,
    mut turn: Turn,
) -> Result<(), FrameError> {
    let until = Instant::now() + turn.session.time();
    let left = || until.saturating_duration_since(Instant::now()).as_secs();
    loop {
        let Turn { session, next, told, answered, came, ahead } = turn;
        if let Some(ahead) = ahead {
            line.take_back(ahead);
        }
        if let Some(at) = answered.filter(|_| session.login().hides() && !matches!(next.step, Step::Granted(_))) {
            tokio::time::sleep_until(at + EVEN).await;
        }
        match told {
            // Nothing may be asked: the step after the wait is the first to be told.
            _ if session.waits_unasked(&next) => {}
            Told::No => send(line, &next).await?,
            Told::Half(rest) => line.write_rest(&rest).await?,
            Told::Yes | Told::Never => {}
        }
        tracing::debug!("the login of {} goes on: {}", clean::quoted(&user), log::name(&next.step));
        if next.verdict().is_some() {
            return Ok(());
        }
        if session.waits_unasked(&next) {
            turn = wait(shared, line, session, left()).await?;
            continue;
        }
        let asked = match came {
            Some(body) => Ok(body),
            None => line.read(until.saturating_duration_since(Instant::now())).await,
        };
        let answered = Instant::now();
        turn = match asked.and_then(|body| decode(&body).map_err(FrameError::from)) {
            Ok(Ask::Answer { text }) if session.refused_by_push().is_some() || session.waits(text.as_ref()) => {
                wait(shared, line, session, left()).await?
            }
            Ok(Ask::CannotAsk) => cannot_ask(shared, line, session, left()).await?,
            Ok(Ask::AnswerAtEnd { .. }) if session.refused_by_push().is_some() || session.waits(None) => {
                wait(shared, line, session, left()).await?
            }
            Ok(answer @ (Ask::Answer { .. } | Ask::AnswerAtEnd { .. })) => {
                match judge(shared, line, session, answer, left()).await {
                    Ok(turn) => turn,
                    Err(late) => return line.write(&late.step(user)).await,
                }
            }
            Ok(Ask::Cancel) | Err(FrameError::Gone) => ended(shared, session, Reason::Cancelled),
            Err(FrameError::Late) => ended(shared, session, Reason::Timeout),
            Ok(Ask::Begin(_)) | Err(FrameError::Wire(_)) => ended(shared, session, Reason::Protocol),
        };
        turn.answered = Some(answered);
    }
}

/// What was not done in time.
pub(super) enum Late {
    LookUp,
    Transaction,
}

impl Late {
    /// Says so in the log; what is told to the client.
    pub(super) fn step(self, user: String) -> Step {
        let reason = match self {
            Self::LookUp => {
                log::looked_up_late(&user);
                Reason::LookupFailed
            }
            Self::Transaction => {
                log::durable_late(&user);
                Reason::StorageFailed
            }
        };
        let verdict = Verdict { user, method: Method::None, reason, code_bytes: None };
        Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
    }
}

async fn judge(shared: &Arc<Shared>, line: &Line, session: Box<Session>, answer: Ask, left: u64) -> Result<Turn, Late> {
    let authority = Arc::clone(&shared.authority);
    let end = Instant::now() + TRANSACTION;
    let held = match session.judged_user() {
        Some(user) => Some(timeout_at(end, authority.locks.of(user)).await.map_err(|_| Late::Transaction)?),
        None => None,
    };
    let turns = shared.transactions.of(session.caller());
    let place = timeout_at(end, turns.acquire_owned()).await.ok().and_then(Result::ok).ok_or(Late::Transaction)?;
    let mouth = Mouth::of(line);
    let granted = mouth.clone();
    let work = shared.deciding.spawn_blocking(move || {
        // Lock and place go with the work: they outlive a client that is gone.
        let _place = place;
        settle(&authority, &mouth, session, &answer, held, left)
    });
    in_time(work, end, &granted).await
}

/// Judges an answer on a thread that may block. `held`: the lock of the user whose files it needs.
pub(super) fn settle(
    authority: &Arc<Authority>,
    mouth: &Mouth,
    mut session: Box<Session>,
    answer: &Ask,
    held: Option<Held>,
    left: u64,
) -> Turn {
    let settled = logins::answer(authority, &mut session, answer);
    drop(held);
    let next = match settled {
        Settled::Next(next) => next,
        Settled::AskApproval(approvers) => logins::ask_approval(authority, &mut session, &approvers, left),
    };
    // Another prompt after a wrong answer is a refusal too: the loop evens it out.
    let told = if matches!(next.step, Step::Granted(_)) { mouth.tell(&next) } else { Told::No };
    Turn { told, ..Turn::untold(session, next) }
}

/// What `work` gives, unless it is late and has said nothing: then it never will.
pub(super) async fn in_time(mut work: JoinHandle<Turn>, end: Instant, mouth: &Mouth) -> Result<Turn, Late> {
    match timeout_at(end, &mut work).await {
        Ok(done) => done.map_err(|_| Late::Transaction),
        Err(_) if mouth.take() => Err(Late::Transaction),
        // It has spoken: its end is a moment away.
        Err(_) => work.await.map_err(|_| Late::Transaction),
    }
}

/// The application cannot ask: waits for a request that needs no number, or ends.
async fn cannot_ask(
    shared: &Arc<Shared>,
    line: &mut Line,
    mut session: Box<Session>,
    left: u64,
) -> Result<Turn, FrameError> {
    match session.cannot_ask() {
        None => wait(shared, line, session, left).await,
        Some(next) => {
            logins::record_end(&shared.authority, &session, &next);
            Ok(Turn::untold(session, next))
        }
    }
}

/// Waits for the push's end while the person's client is there; anything it sends ends the login.
async fn wait(shared: &Arc<Shared>, line: &mut Line, mut session: Box<Session>, left: u64) -> Result<Turn, FrameError> {
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
            line.write(&Step::Wait { seconds: u32::try_from(seconds).unwrap_or(0) }).await?;
            tokio::select! {
                pushed = ticket.wait() => pushed,
                // One frame at most is read, and whatever it is, it is not an answer.
                _ = line.read(patience) => return Ok(ended(shared, session, Reason::Cancelled)),
            }
        }
    };
    let left = left.saturating_sub(started.elapsed().as_secs());
    let authority = Arc::clone(&shared.authority);
    tokio::task::spawn_blocking(move || {
        let next = logins::settle_push(&authority, &mut session, pushed, left);
        Turn::untold(session, next)
    })
    .await
    .map_err(|_| FrameError::Late)
}

/// The end of a login that no answer ended.
fn ended(shared: &Shared, session: Box<Session>, reason: Reason) -> Turn {
    let next = match reason {
        Reason::Timeout => session.login().timeout(),
        other => session.login().fail(other),
    };
    logins::record_end(&shared.authority, &session, &next);
    Turn::untold(session, next)
}

async fn send(line: &Line, next: &Next) -> Result<(), FrameError> {
    if let Some(text) = &next.info {
        line.write(&Step::Info { text: text.clone() }).await?;
    }
    for page in &next.pages {
        line.write(&Step::Show { page: page.clone() }).await?;
    }
    line.write(&next.step).await
}
