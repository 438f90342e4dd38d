//! One login over one connection.

use super::line::{Ahead, FrameError, Line, MACHINE, Socket};
use super::serve::Shared;
use crate::authority::Authority;
use crate::locks::Held;
use crate::logins::{self, Caller, Session};
use mfa_core::clean;
use mfa_core::login::{Next, Settled};
use mfa_core::wire::{Ask, Context, Ending, Kind, Method, Reason, Step, Verdict, decode, encode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
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

/// A refusal that must not be told apart from another leaves this long after its answer came: longer than a slow disk takes to
/// flush, which it does only for those who are enrolled.
const EVEN: Duration = Duration::from_millis(100);

/// How long the thread that sent a prompt waits for the answer: a module that has the code already, from the first prompt of
/// its stack, sends it at once, and no other thread has to be woken for it.
const AT_ONCE: Duration = Duration::from_millis(5);

/// That thread judges the answer itself when no more time than this has passed since the login began: a transaction has its own
/// time to end in.
const SWIFT: Duration = Duration::from_millis(100);

/// Where a login stands when a thread has worked on it.
struct Turn {
    /// Boxed: it is handed from step to step, and each would hold room for it.
    session: Box<Session>,
    next: Next,
    told: Told,
    /// When the answer came that `next` follows.
    answered: Option<Instant>,
    /// A frame that came meanwhile and is still to be minded.
    came: Option<Zeroizing<Vec<u8>>>,
    /// What was lent to the thread to read in the line's place.
    ahead: Option<Ahead>,
}

impl Turn {
    fn untold(session: Box<Session>, next: Next) -> Self {
        Self { session, next, told: Told::No, answered: None, came: None, ahead: None }
    }
}

/// Leads a login to its end. Errors end the connection; a client that is gone cancels.
pub(super) async fn run(
    shared: &Arc<Shared>,
    line: &mut Line,
    caller: Caller,
    context: Context,
) -> Result<(), FrameError> {
    let user = context.user.clone();
    tracing::debug!("a login of {} begins: {}", clean::quoted(&user), described(caller, &context));
    let mut turn = match begin(shared, line, caller, context).await {
        Ok(turn) => turn,
        Err(Late::LookUp) => {
            tracing::error!("{} is refused: its account could not be looked up in time", clean::quoted(&user));
            return line.write(&unavailable(user, Reason::LookupFailed)).await;
        }
        Err(Late::Transaction) => return line.write(&too_slow(user)).await,
    };
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
        tracing::debug!("the login of {} goes on: {}", clean::quoted(&user), name(&next.step));
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
                    Err(Late::Transaction | Late::LookUp) => return line.write(&too_slow(user)).await,
                }
            }
            Ok(Ask::Cancel) | Err(FrameError::Gone) => ended(shared, session, Reason::Cancelled),
            Err(FrameError::Late) => ended(shared, session, Reason::Timeout),
            Ok(Ask::Begin(_)) | Err(FrameError::Wire(_)) => ended(shared, session, Reason::Protocol),
        };
        turn.answered = Some(answered);
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
    /// The loop has waited for too long and says that: this step is nobody's any more.
    Never,
}

/// Lets the thread that makes a step send it too, which spares the client the way over the sockets' thread. Whoever
/// takes the right to speak first has it: that thread, or the loop when it has waited for too long.
struct Mouth {
    taken: Arc<AtomicBool>,
    socket: Socket,
}

impl Mouth {
    fn of(line: &Line) -> Self {
        Self { taken: Arc::default(), socket: line.socket() }
    }

    /// Sends the first prompt or a grant at once. Everything else is left to the loop: a refusal may have to wait.
    fn tell(&self, next: &Next) -> Told {
        let (Step::Prompt { .. } | Step::Granted(_), None, true) = (&next.step, &next.info, next.pages.is_empty())
        else {
            return Told::No;
        };
        let Ok(mut frame) = encode(&next.step) else { return Told::No };
        if self.taken.swap(true, Ordering::AcqRel) {
            return Told::Never;
        }
        match self.socket.send(&frame) {
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

/// What was not done in time.
enum Late {
    LookUp,
    Transaction,
}

async fn begin(shared: &Arc<Shared>, line: &mut Line, caller: Caller, context: Context) -> Result<Turn, Late> {
    let turns = shared.lookups.of(caller, &context);
    let permit = timeout(LOOKUP_TURN, turns.acquire_owned()).await.ok().and_then(Result::ok).ok_or(Late::LookUp)?;
    let authority = Arc::clone(&shared.authority);
    let (prompting, granting) = (Mouth::of(line), Mouth::of(line));
    let (prompted, granted) = (Arc::clone(&prompting.taken), Arc::clone(&granting.taken));
    let at_once = Arc::clone(&shared.transactions.at_once);
    let ahead = line.lend_ahead();
    let began = Instant::now();
    let mut work = shared.deciding.spawn_blocking(move || {
        let (session, next) = logins::begin(&authority, caller, context);
        // A name service that hangs keeps its permit: it can take no more threads than there are permits.
        drop(permit);
        let mut turn = Turn { ahead: Some(ahead), ..Turn::untold(Box::new(session), next) };
        if turn.session.waits_unasked(&turn.next) {
            return turn;
        }
        turn.told = prompting.tell(&turn.next);
        if let (Told::Yes, true, Ok(_place)) = (&turn.told, began.elapsed() < SWIFT, at_once.try_acquire_owned()) {
            answer_at_once(&authority, &granting, turn)
        } else {
            turn
        }
    });
    match timeout_at(began + LOOKUP, &mut work).await {
        Ok(done) => done.map_err(|_| Late::LookUp),
        Err(_) if !prompted.swap(true, Ordering::AcqRel) => Err(Late::LookUp),
        Err(_) => in_time(work, began + SWIFT + AT_ONCE + TRANSACTION, &granted).await,
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
    let taken = Arc::clone(&mouth.taken);
    let work = shared.deciding.spawn_blocking(move || {
        // Lock and place go with the work: they outlive a client that is gone.
        let _place = place;
        settle(&authority, &mouth, session, &answer, held, left)
    });
    in_time(work, end, &taken).await
}

/// Judges an answer on a thread that may block. `held`: the lock of the user whose files it needs.
fn settle(
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
async fn in_time(mut work: JoinHandle<Turn>, end: Instant, taken: &AtomicBool) -> Result<Turn, Late> {
    match timeout_at(end, &mut work).await {
        Ok(done) => done.map_err(|_| Late::Transaction),
        // It has spoken: its end is a moment away.
        Err(_) if taken.swap(true, Ordering::AcqRel) => work.await.map_err(|_| Late::Transaction),
        Err(_) => Err(Late::Transaction),
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

fn too_slow(user: String) -> Step {
    tracing::error!("{} is refused: its state could not be made durable in time", clean::quoted(&user));
    unavailable(user, Reason::StorageFailed)
}

fn unavailable(user: String, reason: Reason) -> Step {
    let verdict = Verdict { user, method: Method::None, reason, code_bytes: None };
    Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
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
