//! How a login begins: on the thread that accepted root's connection, or in the loop for everybody else and when all turns are taken.
//!
//! Called by the front and by [`super::login`], which leads it on. What must never happen: a name service or a disk that hangs and takes
//! more threads than there are turns, or a client that is told nothing in time.

use super::led::Led;
use super::line::{Ahead, Line};
use super::log;
use super::login::{Late, TRANSACTION, Turn, in_time, settle};
use super::mouth::{Mouth, Told};
use super::serve::Shared;
use crate::authority::Authority;
use crate::logins::{self, Caller};
use mfa_core::clean;
use mfa_core::wire::{Ask, Context, decode};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Time until a look-up may begin, when others hang.
const LOOKUP_TURN: Duration = Duration::from_millis(1000);

/// Time for a look-up in the name service (2 s) with all that follows it; with its turn less than the module's own
/// 5 s for a step.
pub(super) const LOOKUP: Duration = Duration::from_millis(3500);

/// How long a thread waits for what only a program has to send: the first frame, and the answer of a module that has the code already,
/// from the first prompt of its stack. No other thread has to be woken for it. With 64 logins at once on two cores most such answers come
/// within 30 ms; no person answers in this time.
pub(super) const AT_ONCE: Duration = Duration::from_millis(50);

/// That thread judges the answer itself when no more time than this has passed since the login began: a transaction has its own
/// time to end in.
const SWIFT: Duration = Duration::from_millis(100);

/// Until the answer that came at once is judged, from the beginning of the login.
pub(super) const ALL_AT_ONCE: Duration = SWIFT.saturating_add(AT_ONCE).saturating_add(TRANSACTION);

/// Begins a login of root's on this thread, and judges an answer that comes at once. `turn`: to look the account up. `None`: all is
/// said.
pub(super) fn here(
    shared: &Shared,
    line: &mut Line,
    context: Context,
    turn: OwnedSemaphorePermit,
) -> Option<(String, Turn)> {
    let user = context.user.clone();
    let (prompting, granting) = (Mouth::of(line), Mouth::of(line));
    let led = shared.led.enter(Led::new(user.clone(), prompting.clone(), granting.clone()));
    let began = Began { caller: Caller::Root, context, turn, prompting, granting, ahead: line.lend_ahead() };
    let turn = began.work(&shared.authority, &shared.transactions.at_once);
    if !led.in_time() {
        return None;
    }
    if matches!(turn.told, Told::Yes) && turn.next.verdict().is_some() {
        tracing::debug!("the login of {} goes on: {}", clean::quoted(&user), log::name(&turn.next.step));
        return None;
    }
    Some((user, turn))
}

/// Begins a login in the loop.
pub(super) async fn in_loop(
    shared: &Arc<Shared>,
    line: &mut Line,
    caller: Caller,
    context: Context,
) -> Result<Turn, Late> {
    let turns = shared.lookups.of(caller, &context);
    let turn = timeout(LOOKUP_TURN, turns.acquire_owned()).await.ok().and_then(Result::ok).ok_or(Late::LookUp)?;
    let (authority, at_once) = (Arc::clone(&shared.authority), Arc::clone(&shared.transactions.at_once));
    let (prompting, granting) = (Mouth::of(line), Mouth::of(line));
    let (prompted, granted) = (prompting.clone(), granting.clone());
    let start = Instant::now();
    let began = Began { caller, context, turn, prompting, granting, ahead: line.lend_ahead() };
    let mut work = shared.deciding.spawn_blocking(move || began.work(&authority, &at_once));
    match timeout_at(start + LOOKUP, &mut work).await {
        Ok(done) => done.map_err(|_| Late::LookUp),
        Err(_) if prompted.take() => Err(Late::LookUp),
        Err(_) => in_time(work, start + ALL_AT_ONCE, &granted).await,
    }
}

/// What a thread needs to begin a login.
struct Began {
    caller: Caller,
    context: Context,
    /// To look the account up.
    turn: OwnedSemaphorePermit,
    prompting: Mouth,
    granting: Mouth,
    ahead: Ahead,
}

impl Began {
    /// The first step, and the second where its answer comes at once.
    fn work(self, authority: &Arc<Authority>, at_once: &Arc<Semaphore>) -> Turn {
        let Self { caller, context, turn: looking_up, prompting, granting, ahead } = self;
        tracing::debug!("a login of {} begins: {}", clean::quoted(&context.user), log::described(caller, &context));
        let began = Instant::now();
        let (session, next) = logins::begin(authority, caller, context);
        // A name service that hangs keeps its turn: it can take no more threads than there are turns.
        drop(looking_up);
        let mut turn = Turn { ahead: Some(ahead), ..Turn::untold(Box::new(session), next) };
        if turn.session.waits_unasked(&turn.next) {
            return turn;
        }
        turn.told = prompting.tell(&turn.next);
        match (&turn.told, began.elapsed() < SWIFT, at_once.try_acquire()) {
            (Told::Yes, true, Ok(_place)) => answer_at_once(authority, &granting, turn),
            _ => turn,
        }
    }
}

/// Judges the answer to the prompt just sent, if it comes at once and nothing stands in the way.
fn answer_at_once(authority: &Arc<Authority>, mouth: &Mouth, mut turn: Turn) -> Turn {
    // Where devices are asked as well, an answer may mean that they are waited for.
    let (Some(user), None) = (turn.session.judged_user().map(str::to_owned), turn.session.push()) else { return turn };
    let Some(mut ahead) = turn.ahead.take() else { return turn };
    // What is not a whole frame is for the loop to complete, or to refuse.
    let came = ahead.frame_soon(&mouth.socket, AT_ONCE);
    turn.ahead = Some(ahead);
    let Ok(Some(body)) = came else { return turn };
    let answered = Instant::now();
    let (Ok(answer @ (Ask::Answer { .. } | Ask::AnswerAtEnd { .. })), Some(held)) =
        (decode(&body), authority.locks.at_once(&user))
    else {
        return Turn { came: Some(body), ..turn };
    };
    let left = turn.session.time().as_secs();
    let ahead = turn.ahead;
    Turn { answered: Some(answered), ahead, ..settle(authority, mouth, turn.session, &answer, Some(held), left) }
}
