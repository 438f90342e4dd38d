//! The threads at root's socket. Each accepts a connection and leads it as far as nothing has to be waited for: most logins that
//! bring their code need no other thread. What has to wait goes to the loop.
//!
//! Started by [`super::serve`], ended by the daemon. What must never happen: that none accepts. Where one may hang, it holds one of a
//! few turns (to look an account up, to judge at once), and there are more threads than turns.

use super::begin::{self, AT_ONCE};
use super::line::Line;
use super::login;
use super::serve::{BREATH, Lookups, Shared, Transactions, answer_root, log_fault};
use crate::logins::Caller;
use crate::seldom::{Seldom, due};
use mfa_core::wire::{Ask, decode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::io;
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Threads that wait for a connection however quiet it is: one that works, one for who comes meanwhile.
const FEWEST: usize = 2;

/// Those that may hang in the name service or on the disk, and some that accept all the same.
const MOST: usize = Lookups::OF_ROOT + Transactions::AT_ONCE + 8;

/// Who had nothing to do for so long ends, where more than the fewest wait. They wake as often, for nothing.
const IDLE: Duration = Duration::from_secs(60);

/// Between two looks at the end, whether all have done their work.
const GLANCE: Duration = Duration::from_millis(5);

/// All of them.
#[derive(Debug)]
pub struct Front {
    socket: UnixListener,
    crew: Mutex<Crew>,
    /// Of refusals to accept, and of threads that could not be had.
    refused: Mutex<Seldom>,
}

#[derive(Debug, Default)]
struct Crew {
    all: usize,
    /// Of them those that wait for a connection.
    waiting: usize,
    end: End,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    NotYet,
    /// Who waits for a connection leads one more at most: nobody is sent away who came before mfad was told to end.
    Near,
    /// Nothing is begun any more.
    Here,
}

impl Front {
    /// Of this socket; nobody accepts yet.
    ///
    /// # Errors
    /// When the socket cannot be made to wait.
    pub fn new(socket: UnixListener) -> io::Result<Arc<Self>> {
        socket.set_nonblocking(false)?;
        // A thread that waits in accept(2) is woken alone, not with all others.
        set_socket_timeout(&socket, Timeout::Recv, Some(IDLE))?;
        Ok(Arc::new(Self { socket, crew: Mutex::default(), refused: Mutex::default() }))
    }

    /// Begins to accept; what has to wait is left to `for_loop`.
    ///
    /// # Errors
    /// When not one thread can be had.
    pub(super) fn open(self: &Arc<Self>, shared: &Arc<Shared>, for_loop: &Handle) -> io::Result<()> {
        (0..FEWEST).try_for_each(|_| self.hire(shared, for_loop))
    }

    /// Waits, at most for `patience`, until those who work have done; then nothing is begun any more. Who comes after that waits in the
    /// queue for the next mfad, or is turned away by a thread that still waits for a connection.
    pub fn finish(&self, patience: Duration) {
        self.crew().end = End::Near;
        let end = Instant::now() + patience;
        // Looked at now and then: to be told would cost every login a system call.
        loop {
            thread::sleep(GLANCE);
            if Instant::now() >= end || !(self.is_at_work() || self.is_called()) {
                break;
            }
        }
        self.crew().end = End::Here;
    }

    fn hire(self: &Arc<Self>, shared: &Arc<Shared>, for_loop: &Handle) -> io::Result<()> {
        {
            let mut crew = self.crew();
            crew.all += 1;
            crew.waiting += 1;
        }
        let (front, shared, for_loop) = (Arc::clone(self), Arc::clone(shared), for_loop.clone());
        let hired = thread::Builder::new().name(String::from("front")).spawn(move || front.work(&shared, &for_loop));
        if hired.is_err() {
            let mut crew = self.crew();
            crew.all -= 1;
            crew.waiting -= 1;
        }
        hired.map(drop)
    }

    fn work(self: &Arc<Self>, shared: &Arc<Shared>, for_loop: &Handle) {
        loop {
            match Line::accept(&self.socket) {
                Ok(line) => {
                    let Some(needs_one_more) = self.begin_work() else { return };
                    if needs_one_more && let Err(why) = self.hire(shared, for_loop) {
                        self.complain("a thread for it cannot be had", &why);
                    }
                    // A fault in one login ends that login; the panic itself is in the log.
                    let _ = catch_unwind(AssertUnwindSafe(|| lead(shared, for_loop, line)));
                    if !self.end_work() {
                        return;
                    }
                }
                Err(Errno::AGAIN) if self.may_leave() => return,
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(why) => {
                    self.complain("it cannot accept a connection", &why.into());
                    thread::sleep(BREATH);
                }
            }
        }
    }

    /// Whether nobody is left who waits, and there may be one more. `None`: it may not.
    fn begin_work(&self) -> Option<bool> {
        let mut crew = self.crew();
        if crew.end == End::Here {
            return None;
        }
        crew.waiting -= 1;
        Some(crew.end == End::NotYet && crew.waiting == 0 && crew.all < MOST)
    }

    /// Whether it may wait for the next.
    fn end_work(&self) -> bool {
        let mut crew = self.crew();
        let goes_on = crew.end == End::NotYet;
        if goes_on {
            crew.waiting += 1;
        } else {
            crew.all -= 1;
        }
        goes_on
    }

    fn is_at_work(&self) -> bool {
        let crew = self.crew();
        crew.waiting < crew.all
    }

    /// Whether one who waits will have a connection to lead.
    fn is_called(&self) -> bool {
        let came = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&Timespec::default()));
        self.crew().waiting > 0 && came == Ok(1)
    }

    fn may_leave(&self) -> bool {
        let mut crew = self.crew();
        let may = crew.waiting > FEWEST;
        if may {
            crew.all -= 1;
            crew.waiting -= 1;
        }
        may
    }

    fn complain(&self, what: &str, why: &io::Error) {
        if let Some(times) = due(&self.refused) {
            tracing::warn!("the root socket: {what} just now: {why}{times}");
        }
    }

    fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leads one connection as far as it goes.
fn lead(shared: &Arc<Shared>, for_loop: &Handle, mut line: Line) {
    let Some(permit) = shared.admit_root(&line) else { return };
    let first = line.first_frame_soon(AT_ONCE);
    if let Some(Ok(Ask::Begin(context))) = first.as_ref().map(|body| decode(body))
        && let Ok(turn) = shared.lookups.of(Caller::Root, &context).try_acquire_owned()
    {
        let Some(place) = shared.place(&context) else { return };
        if let Some((user, turn)) = begin::here(shared, &mut line, context, turn) {
            let shared = Arc::clone(shared);
            for_loop.spawn(async move {
                let _held = (permit, place);
                log_fault(&shared, login::go_on(&shared, &mut line, user, turn).await);
            });
        }
        return;
    }
    let shared = Arc::clone(shared);
    for_loop.spawn(async move {
        let _held = permit;
        log_fault(&shared, answer_root(&shared, line, first).await);
    });
}
