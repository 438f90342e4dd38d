//! The connections: who may have one, how many, and what comes over it.
//!
//! Root's are accepted by threads ([`super::front`]), those of all others by a loop, each with limits of its own, so that no flood of
//! one starves the other: over a limit a connection is accepted and closed at once. The main loop pings systemd's watchdog. What
//! must never happen: a loop that ends, or one that is deaf for longer than a moment.

use super::counts::{Counts, Lingering, Place};
use super::front::Front;
use super::led::LedHere;
use super::line::{FrameError, Line, Listener, MACHINE};
use super::yielding::{Stays, Yielding};
use super::{begin, login};
use crate::admin;
use crate::authority::Authority;
use crate::logins::Caller;
use crate::pushes;
use crate::seldom::{Seldom, due};
use mfa_core::admin::Call;
use mfa_core::wire::{Ask, Context, Ending, Kind, Method, Reason, Step, UNMAPPED, Verdict, decode};
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// First frame of a program that is not root's.
const FIRST_FRAME: Duration = Duration::from_secs(2);

/// Between two calls of one administration connection: an administrator may be typing.
const ADMIN_IDLE: Duration = Duration::from_secs(600);

/// Calls of administrators at once.
const ADMINISTERING: usize = 8;

/// Threads that decide about logins: those that a name service can hold, and for transactions. What finds none waits its turn: more
/// than these decide nothing sooner, and each costs memory.
pub const DECIDING: usize = Lookups::OF_ROOT + Lookups::OF_PROGRAMS + Transactions::OF_ROOT + Transactions::OF_PROGRAMS;

/// Threads for all else, which may wait for a user's turn: administrators, self-service, the ends of pushes.
pub const WAITING: usize = ADMINISTERING + 24;

/// Pause after the system refused to accept: descriptors come back as connections end.
pub(super) const BREATH: Duration = Duration::from_millis(50);

/// How many connections, derived from the descriptors there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of root at once.
    pub root: usize,
    /// Of all others at once.
    pub user: usize,
    /// Of one uid at once.
    pub per_uid: usize,
    /// Logins of root's that one real uid other than 0 began (su, sudo) at once.
    pub logins_per_uid: usize,
}

impl Limits {
    /// For a process that may open `descriptors`. A login holds a connection and, for a moment, two files.
    #[must_use]
    pub fn of(descriptors: u64) -> Self {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX).min(1 << 16);
        // Kept for files, the trail and the name service.
        let free = descriptors.saturating_sub(64);
        let user = (free / 8).clamp(1, 512);
        let root = (free.saturating_sub(user) / 3).max(1);
        Self { root, user, per_uid: user.min(16), logins_per_uid: (root / 2).clamp(1, 128) }
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) authority: Arc<Authority>,
    pub(super) lookups: Lookups,
    pub(super) transactions: Transactions,
    /// Where logins are decided, apart from whatever waits for a user's turn: a transaction that has its turn must find a thread
    /// however many wait for it.
    pub(super) deciding: Handle,
    /// Those that threads at root's socket lead.
    pub(super) led: LedHere,
    /// Calls of administrators that may be under way at once: one that waits for a user or the name service holds a
    /// thread, and logins need threads.
    administering: Semaphore,
    limits: Limits,
    root: Arc<Semaphore>,
    user: Arc<Semaphore>,
    /// Connections to the user socket, by the uid that made them.
    programs: Arc<Counts>,
    /// Logins over the root socket, by the uid of who started the setuid program, or whose agent polkit's helper serves.
    logins: Arc<Counts>,
    /// Of logins over those.
    crowded: Mutex<Seldom>,
    /// Of connections that do not speak the protocol.
    foreign: Mutex<Seldom>,
    /// Of the user socket when it is full.
    full: Mutex<Seldom>,
    /// The programs' connections that may give way then.
    yielding: Yielding,
}

/// Look-ups in the name service that may be under way, or hang, at once. Kept apart, so that neither strangers at sshd
/// nor programs of users can take the turns of those who are at the machine or have shown a first factor.
#[derive(Debug)]
pub(super) struct Lookups {
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    programs: Arc<Semaphore>,
}

impl Lookups {
    const OF_STRANGERS: usize = 8;
    /// Together with those of strangers.
    pub(super) const OF_ROOT: usize = 16 + Self::OF_STRANGERS;
    const OF_PROGRAMS: usize = 8;

    fn new() -> Self {
        let of = |turns| Arc::new(Semaphore::new(turns));
        Self {
            known: of(Self::OF_ROOT - Self::OF_STRANGERS),
            strangers: of(Self::OF_STRANGERS),
            programs: of(Self::OF_PROGRAMS),
        }
    }

    /// The turns of this caller.
    pub(super) fn of(&self, caller: Caller, context: &Context) -> Arc<Semaphore> {
        let remote = context.rhost.as_deref().is_some_and(|rhost| !rhost.is_empty());
        let turns = match caller {
            Caller::Own(_) => &self.programs,
            Caller::Root if remote && !context.first_factor_stack && context.ssh_auth_info.is_empty() => {
                &self.strangers
            }
            Caller::Root => &self.known,
        };
        Arc::clone(turns)
    }
}

/// Transactions under way at once: more threads than this decide nothing sooner, and each costs memory. Kept apart as look-ups
/// are.
#[derive(Debug)]
pub(super) struct Transactions {
    root: Arc<Semaphore>,
    programs: Arc<Semaphore>,
    /// Threads that wait for an answer that may come at once, and judge it: these may well be more, since most of them wait.
    pub(super) at_once: Arc<Semaphore>,
}

impl Transactions {
    const OF_ROOT: usize = 16;
    const OF_PROGRAMS: usize = 8;
    pub(super) const AT_ONCE: usize = 64;

    fn new() -> Self {
        let of = |turns| Arc::new(Semaphore::new(turns));
        Self { root: of(Self::OF_ROOT), programs: of(Self::OF_PROGRAMS), at_once: of(Self::AT_ONCE) }
    }

    /// The turns of this caller.
    pub(super) fn of(&self, caller: Caller) -> Arc<Semaphore> {
        Arc::clone(match caller {
            Caller::Root => &self.root,
            Caller::Own(_) => &self.programs,
        })
    }
}

impl Shared {
    /// A place for a connection to root's socket. `None`: there is none, or it is not root's.
    pub(super) fn admit_root(&self, line: &Line) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.root).try_acquire_owned().ok()?;
        // The socket's mode lets only root connect; the kernel's word is asked all the same.
        (line.peer() == Some(0)).then_some(permit)
    }

    /// A place for a login, of those of who began it. `None`: it is closed without a word, which the module calls unavailable.
    pub(super) fn place(&self, context: &Context) -> Option<Place> {
        let kind = self.authority.in_force().policy.kind(&context.service);
        // polkit's helper may be root's own: then it is its agent's.
        let uid = pushes::asker(context, kind).unwrap_or(context.real_uid);
        let most = if uid == 0 { usize::MAX } else { self.limits.logins_per_uid };
        let place = Place::take(&self.logins, uid, most);
        if place.is_none()
            && let Some(times) = due(&self.crowded)
        {
            tracing::warn!("uid {uid} has {most} logins under way: no more just now{times}");
        }
        place
    }
}

/// Serves both sockets until the process ends, with what waits decided on the blocking threads of `deciding`. `alive` is called at least
/// every `beat`.
///
/// # Errors
/// When the sockets cannot be served at all.
pub async fn serve(
    authority: Arc<Authority>,
    deciding: Handle,
    front: Arc<Front>,
    user: UnixListener,
    limits: Limits,
    beat: Duration,
    alive: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let shared = Arc::new(Shared {
        authority,
        lookups: Lookups::new(),
        transactions: Transactions::new(),
        deciding,
        led: LedHere::default(),
        administering: Semaphore::new(ADMINISTERING),
        limits,
        root: Arc::new(Semaphore::new(limits.root)),
        user: Arc::new(Semaphore::new(limits.user)),
        programs: Arc::default(),
        logins: Arc::default(),
        crowded: Mutex::default(),
        full: Mutex::default(),
        yielding: Yielding::default(),
        foreign: Mutex::default(),
    });
    let users = tokio::spawn(accept_users(Arc::clone(&shared), Listener::new(user)?));
    front.open(&shared, &Handle::current())?;
    let mut beat = tokio::time::interval(beat);
    let watching = shared.led.watch();
    tokio::pin!(watching);
    loop {
        tokio::select! {
            _ = beat.tick() => alive(),
            () = &mut watching => {}
            () = async { while !users.is_finished() { tokio::time::sleep(Duration::from_secs(5)).await } } => {
                return Err(io::Error::other("the loop of the user socket ended"));
            }
        }
    }
}

async fn refused(error: &io::Error, which: &str) {
    tracing::warn!("the {which} socket cannot accept a connection just now: {error}");
    tokio::time::sleep(BREATH).await;
}

async fn accept_users(shared: Arc<Shared>, socket: Listener) {
    loop {
        let line = match socket.accept().await {
            Ok(line) => line,
            Err(e) => {
                refused(&e, "user").await;
                continue;
            }
        };
        // No credentials: no connection. There is no default uid, and one that is nobody's number here may be anybody's.
        let Some(uid) = line.peer().filter(|uid| *uid != UNMAPPED) else { continue };
        let Some(place) = Place::take(&shared.programs, uid, shared.limits.per_uid) else { continue };
        let Some(permit) = room_for_a_program(&shared).await else { continue };
        let (sharing, stays) = (Arc::clone(&shared), Stays::default());
        let staying = stays.clone();
        let task = tokio::spawn(async move {
            let _held = (permit, Lingering::of(place));
            log_fault(&sharing, user_connection(&sharing, line, uid, &staying).await);
        });
        shared.yielding.add(task.abort_handle(), stays);
    }
}

/// Room for one more program: where there is none, the oldest that may give way makes it.
async fn room_for_a_program(shared: &Arc<Shared>) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(&shared.user).try_acquire_owned() {
        return Some(permit);
    }
    if let Some(times) = due(&shared.full) {
        tracing::warn!(
            "{} programs of users are connected: the oldest that is no login of its user's gives way{times}",
            shared.limits.user
        );
    }
    let ended = shared.yielding.end_oldest();
    let room = Arc::clone(&shared.user).acquire_owned();
    if ended { timeout(BREATH, room).await.ok()?.ok() } else { None }
}

async fn user_connection(shared: &Arc<Shared>, mut line: Line, uid: u32, stays: &Stays) -> Result<(), FrameError> {
    let body = line.read(FIRST_FRAME).await?;
    stays.set(true);
    match decode(&body) {
        Ok(Ask::Begin(context)) => {
            let user = context.user.clone();
            match begin::in_loop(shared, &mut line, Caller::Own(uid), context).await {
                Ok(turn) => {
                    // A dialogue that nobody's factors decide is only there to tell nothing.
                    stays.set(turn.session.judged_user().is_some());
                    login::go_on(shared, &mut line, user, turn).await
                }
                Err(late) => line.write(&late.step(user)).await,
            }
        }
        Ok(Ask::Answer { .. } | Ask::AnswerAtEnd { .. } | Ask::CannotAsk | Ask::Cancel) | Err(_) => {
            line.write(&protocol()).await
        }
    }
}

/// Serves a connection of root's. `first`: its first frame, if that has come already.
pub(super) async fn answer_root(
    shared: &Arc<Shared>,
    mut line: Line,
    first: Option<Zeroizing<Vec<u8>>>,
) -> Result<(), FrameError> {
    let body = match first {
        Some(body) => body,
        None => line.read(MACHINE).await?,
    };
    match decode(&body) {
        Ok(Ask::Begin(context)) => {
            let Some(_place) = shared.place(&context) else { return Ok(()) };
            return login::run(shared, &mut line, context).await;
        }
        Ok(Ask::Answer { .. } | Ask::AnswerAtEnd { .. } | Ask::CannotAsk | Ask::Cancel) => {
            return line.write(&protocol()).await;
        }
        Err(not_a_login) => match decode::<Call>(&body) {
            Ok(call) => administration(shared, line, call).await,
            Err(_) => {
                line.write(&protocol()).await?;
                Err(not_a_login.into())
            }
        },
    }
}

async fn administration(shared: &Arc<Shared>, mut line: Line, first: Call) -> Result<(), FrameError> {
    let mut desk = admin::Desk::default();
    let mut call = first;
    loop {
        let Call::Admin { by, ask } = call;
        let authority = Arc::clone(&shared.authority);
        let Ok(turn) = shared.administering.acquire().await else { return Err(FrameError::Gone) };
        let work = tokio::task::spawn_blocking(move || {
            let reply = desk.answer(&authority, by.unwrap_or(0), ask);
            (desk, reply)
        });
        let Ok((back, reply)) = work.await else { return Err(FrameError::Gone) };
        drop(turn);
        desk = back;
        line.write(&reply).await?;
        call = match line.read(ADMIN_IDLE).await {
            Ok(body) => decode(&body)?,
            Err(FrameError::Gone | FrameError::Late) => return Ok(()),
            Err(other) => return Err(other),
        };
    }
}

fn protocol() -> Step {
    let verdict = Verdict { user: String::new(), method: Method::None, reason: Reason::Protocol, code_bytes: None };
    Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
}

/// A peer that is gone is its own affair; one that does not speak the protocol may be of another version.
pub(super) fn log_fault(shared: &Shared, result: Result<(), FrameError>) {
    match result {
        Ok(()) | Err(FrameError::Gone | FrameError::Late) => {}
        Err(FrameError::Wire(why)) => {
            if let Some(times) = due(&shared.foreign) {
                tracing::warn!("a connection was refused: {why}{times}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_kept_for_root_whatever_the_limit() {
        for descriptors in [0, 16, 64, 256, 1024, 65_536, u64::MAX] {
            let limits = Limits::of(descriptors);
            assert!(limits.root > 0 && limits.user > 0 && limits.per_uid > 0, "{limits:?}");
            assert!(limits.logins_per_uid > 0 && limits.logins_per_uid <= limits.root.div_ceil(2), "{limits:?}");
            if descriptors >= 256 {
                assert!(((limits.user + 3 * limits.root) as u64) < descriptors, "{limits:?}");
                assert!(limits.root >= limits.user);
            }
        }
        assert_eq!(Limits::of(65_536).user, 512);
    }
}
