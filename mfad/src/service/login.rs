//! One login over one connection.

use super::frames::{self, FrameError};
use super::serve::Shared;
use crate::logins::{self, Caller, Session};
use mfa_core::clean;
use mfa_core::login::{Next, time_for};
use mfa_core::wire::{Ask, Context, Ending, Kind, Method, Reason, Step, Verdict, decode};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

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
    let Some((mut session, mut next)) = begin(shared, caller, context).await else {
        tracing::error!("{} is refused: its account could not be looked up in time", clean::quoted(&user));
        let verdict = Verdict { user, method: Method::None, reason: Reason::LookupFailed };
        let refused = Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict };
        return frames::write(stream, &refused).await;
    };
    let until = Instant::now() + time_for(session.login().kind());
    loop {
        send(stream, &next).await?;
        if next.verdict().is_some() {
            return Ok(());
        }
        let asked = frames::read(stream, until.saturating_duration_since(Instant::now())).await;
        let started = Instant::now();
        let hides = session.login().hides();
        (session, next) = match asked.and_then(|body| decode(&body).map_err(FrameError::from)) {
            Ok(Ask::Answer { text }) => match judge(shared, session, text).await {
                Ok(settled) => settled,
                Err(FrameError::Late) => return frames::write(stream, &too_slow(user)).await,
                Err(other) => return Err(other),
            },
            Ok(Ask::Cancel) | Err(FrameError::Gone) => ended(shared, session, Reason::Cancelled),
            Err(FrameError::Late) => ended(shared, session, Reason::Timeout),
            Ok(Ask::Begin(_)) | Err(FrameError::Wire(_)) => ended(shared, session, Reason::Protocol),
        };
        if hides && !matches!(next.step, Step::Granted(_)) {
            tokio::time::sleep_until(started + EVEN).await;
        }
    }
}

async fn begin(shared: &Arc<Shared>, caller: Caller, context: Context) -> Option<(Session, Next)> {
    let permit = timeout(LOOKUP_TURN, shared.lookups.of(caller, &context).acquire_owned()).await.ok()?.ok()?;
    let authority = Arc::clone(&shared.authority);
    let work = tokio::task::spawn_blocking(move || {
        // A name service that hangs keeps its permit: it can take no more threads than there are permits.
        let _permit = permit;
        logins::begin(&authority, caller, context)
    });
    timeout(LOOKUP, work).await.ok()?.ok()
}

async fn judge(
    shared: &Arc<Shared>,
    mut session: Session,
    text: Option<mfa_core::secret::Secret>,
) -> Result<(Session, Next), FrameError> {
    let authority = Arc::clone(&shared.authority);
    let transaction = async move {
        let held = match session.judged_user() {
            Some(user) => Some(authority.locks.of(user).await),
            None => None,
        };
        tokio::task::spawn_blocking(move || {
            // The lock goes with the work: it outlives a client that is gone.
            let _held = held;
            let next = logins::answer(&authority, &mut session, text.as_ref());
            (session, next)
        })
        .await
    };
    match timeout(TRANSACTION, transaction).await {
        Ok(Ok(settled)) => Ok(settled),
        Ok(Err(_)) | Err(_) => Err(FrameError::Late),
    }
}

/// The end of a login that no answer ended.
fn ended(shared: &Shared, session: Session, reason: Reason) -> (Session, Next) {
    let next = match reason {
        Reason::Timeout => session.login().timeout(),
        other => session.login().fail(other),
    };
    logins::record_abandoned(&shared.authority, &session, &next);
    (session, next)
}

fn too_slow(user: String) -> Step {
    tracing::error!("{} is refused: its state could not be made durable in time", clean::quoted(&user));
    let verdict = Verdict { user, method: Method::None, reason: Reason::StorageFailed };
    Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
}

async fn send(stream: &mut UnixStream, next: &Next) -> Result<(), FrameError> {
    if let Some(text) = &next.info {
        frames::write(stream, &Step::Info { text: text.clone() }).await?;
    }
    frames::write(stream, &next.step).await
}
