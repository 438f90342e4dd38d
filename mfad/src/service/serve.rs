//! The accept loops.
//!
//! Each socket has a loop and limits of its own, so that no flood of one starves the other: over a limit a
//! connection is accepted and closed at once. The root loop pings systemd's watchdog. What must never happen: a loop
//! that ends, or one that is deaf for longer than a moment.

use super::frames::{self, FrameError, MACHINE};
use super::login;
use crate::admin;
use crate::authority::Authority;
use crate::logins::Caller;
use mfa_core::admin::Call;
use mfa_core::wire::{Ask, Ending, Kind, Method, Reason, Step, Verdict, decode};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// First frame of a program that is not root's.
const FIRST_FRAME: Duration = Duration::from_secs(2);

/// Between two calls of one administration connection: an administrator may be typing.
const ADMIN_IDLE: Duration = Duration::from_secs(600);

/// Pause after the system refused to accept: descriptors come back as connections end.
const BREATH: Duration = Duration::from_millis(50);

/// How many connections, derived from the descriptors there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of root at once.
    pub root: usize,
    /// Of all others at once.
    pub user: usize,
    /// Of one uid at once.
    pub per_uid: usize,
}

impl Limits {
    /// For a process that may open `descriptors`. A login holds a connection and, for a moment, two files.
    #[must_use]
    pub fn of(descriptors: u64) -> Self {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX).min(1 << 16);
        // Kept for files, the trail and the name service.
        let free = descriptors.saturating_sub(64);
        let user = (free / 8).clamp(1, 512);
        Self { root: (free.saturating_sub(user) / 3).max(1), user, per_uid: user.min(16) }
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) authority: Arc<Authority>,
    /// Look-ups in the name service that may be under way, or hang, at once.
    pub(super) lookups: Arc<Semaphore>,
    limits: Limits,
    root: Arc<Semaphore>,
    user: Arc<Semaphore>,
    by_uid: Mutex<HashMap<u32, usize>>,
}

/// Serves both sockets until the process ends. `alive` is called by the root loop, at least every `beat`.
///
/// # Errors
/// When the sockets cannot be watched at all.
pub async fn serve(
    authority: Arc<Authority>,
    sockets: super::Sockets,
    limits: Limits,
    lookups: usize,
    beat: Duration,
    alive: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let shared = Arc::new(Shared {
        authority,
        lookups: Arc::new(Semaphore::new(lookups)),
        limits,
        root: Arc::new(Semaphore::new(limits.root)),
        user: Arc::new(Semaphore::new(limits.user)),
        by_uid: Mutex::new(HashMap::new()),
    });
    let (root, user) = (listener(sockets.root)?, listener(sockets.user)?);
    let users = tokio::spawn(accept_users(Arc::clone(&shared), user));
    let mut beat = tokio::time::interval(beat);
    loop {
        tokio::select! {
            _ = beat.tick() => alive(),
            accepted = root.accept() => match accepted {
                Ok((stream, _)) => accept_root(&shared, stream),
                Err(e) => refused(&e, "root").await,
            },
            () = async { while !users.is_finished() { tokio::time::sleep(Duration::from_secs(5)).await } } => {
                return Err(io::Error::other("the loop of the user socket ended"));
            }
        }
    }
}

fn listener(socket: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket)
}

async fn refused(error: &io::Error, which: &str) {
    tracing::warn!("the {which} socket cannot accept a connection just now: {error}");
    tokio::time::sleep(BREATH).await;
}

fn accept_root(shared: &Arc<Shared>, stream: UnixStream) {
    let Ok(permit) = Arc::clone(&shared.root).try_acquire_owned() else { return };
    // The socket's mode lets only root connect; the kernel's word is asked all the same.
    if !stream.peer_cred().is_ok_and(|peer| peer.uid() == 0) {
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _permit = permit;
        log_fault(root_connection(&shared, stream).await);
    });
}

async fn accept_users(shared: Arc<Shared>, socket: UnixListener) {
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(e) => {
                refused(&e, "user").await;
                continue;
            }
        };
        // No credentials: no connection. There is no default uid.
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else { continue };
        let Ok(permit) = Arc::clone(&shared.user).try_acquire_owned() else { continue };
        let Some(place) = Place::take(&shared, uid) else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _held = (permit, place);
            log_fault(user_connection(&shared, stream, uid).await);
        });
    }
}

/// One of a uid's connections.
struct Place {
    shared: Arc<Shared>,
    uid: u32,
}

impl Place {
    fn take(shared: &Arc<Shared>, uid: u32) -> Option<Self> {
        let mut by_uid = shared.by_uid.lock().unwrap_or_else(PoisonError::into_inner);
        let held = by_uid.entry(uid).or_default();
        if *held >= shared.limits.per_uid {
            return None;
        }
        *held += 1;
        Some(Self { shared: Arc::clone(shared), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_uid = self.shared.by_uid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = by_uid.get_mut(&self.uid) {
            *held -= 1;
            if *held == 0 {
                by_uid.remove(&self.uid);
            }
        }
    }
}

async fn user_connection(shared: &Arc<Shared>, mut stream: UnixStream, uid: u32) -> Result<(), FrameError> {
    let body = frames::read(&mut stream, FIRST_FRAME).await?;
    match decode(&body) {
        Ok(Ask::Begin(context)) => login::run(shared, &mut stream, Caller::Own(uid), context).await,
        Ok(Ask::Answer { .. } | Ask::Cancel) | Err(_) => frames::write(&mut stream, &protocol()).await,
    }
}

async fn root_connection(shared: &Arc<Shared>, mut stream: UnixStream) -> Result<(), FrameError> {
    let body = frames::read(&mut stream, MACHINE).await?;
    match decode(&body) {
        Ok(Ask::Begin(context)) => return login::run(shared, &mut stream, Caller::Root, context).await,
        Ok(Ask::Answer { .. } | Ask::Cancel) => return frames::write(&mut stream, &protocol()).await,
        Err(not_a_login) => match decode::<Call>(&body) {
            Ok(call) => administration(shared, stream, call).await,
            Err(_) => {
                frames::write(&mut stream, &protocol()).await?;
                Err(not_a_login.into())
            }
        },
    }
}

async fn administration(shared: &Arc<Shared>, mut stream: UnixStream, first: Call) -> Result<(), FrameError> {
    let mut desk = admin::Desk::default();
    let mut call = first;
    loop {
        let Call::Admin { by, ask } = call;
        let authority = Arc::clone(&shared.authority);
        let work = tokio::task::spawn_blocking(move || {
            let reply = desk.answer(&authority, by.unwrap_or(0), ask);
            (desk, reply)
        });
        let Ok((back, reply)) = work.await else { return Err(FrameError::Gone) };
        desk = back;
        frames::write(&mut stream, &reply).await?;
        call = match frames::read(&mut stream, ADMIN_IDLE).await {
            Ok(body) => decode(&body)?,
            Err(FrameError::Gone | FrameError::Late) => return Ok(()),
            Err(other) => return Err(other),
        };
    }
}

fn protocol() -> Step {
    let verdict = Verdict { user: String::new(), method: Method::None, reason: Reason::Protocol };
    Step::Refused { ending: Ending::Unavailable, kind: Kind::Other, verdict }
}

/// A peer that is gone is its own affair; one that does not speak the protocol may be of another version.
fn log_fault(result: Result<(), FrameError>) {
    match result {
        Ok(()) | Err(FrameError::Gone | FrameError::Late) => {}
        Err(FrameError::Wire(why)) => tracing::warn!("a connection was refused: {why}"),
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
            if descriptors >= 256 {
                assert!(((limits.user + 3 * limits.root) as u64) < descriptors, "{limits:?}");
                assert!(limits.root >= limits.user);
            }
        }
        assert_eq!(Limits::of(65_536).user, 512);
    }
}
