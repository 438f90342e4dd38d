//! The synchronous client of mfad: one Unix socket, one deadline, no thread.
//!
//! Used by the dialogue through [`Authority`]. What must never happen: a wait without end (a frozen
//! daemon, a full backlog, half a frame), a signal of ours in the host (SIGPIPE), a descriptor left
//! to a child.

mod folders;

use crate::dialogue::Authority;
use folders::{ROOTS, Trust};
use mfa_core::wire::{self, Ask, ROOT_SOCKET, Step, USER_SOCKET, WireError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pause before another try to connect while the daemon's backlog is full: nothing can be polled for that.
const BACKLOG_PAUSE: Duration = Duration::from_millis(10);

/// Between two looks at whether the person is still there.
const GLANCE: Duration = Duration::from_millis(200);

/// What is read at a time: most steps whole.
const GULP: usize = 512;

/// Longest wait for a device that mfad may announce, in seconds; it gives 45 to the user's own, 90 to those who approve.
const MOST_WAIT: u32 = 100;

/// Why no step could be had from mfad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// The socket is missing or nobody listens: the one error that `unreachable=ignore` covers.
    Absent { socket: PathBuf, error: Errno },
    /// A folder above the socket could be changed by somebody other than root, or is no plain folder.
    Loose { folder: PathBuf, why: &'static str },
    /// The time for a machine step was over.
    Late(&'static str),
    /// mfad closed the connection.
    Closed,
    /// A system call failed.
    Io { doing: &'static str, error: Errno },
    /// A frame that is too long, or that this version does not understand.
    Wire(String),
    /// What the application says about this login fits no frame.
    Oversized,
}

impl ClientError {
    /// Whether mfad is not there at all, as opposed to there and in trouble.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }

    /// The word for it in the log line; stable.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "unreachable",
            Self::Loose { .. } => "loose-folder",
            Self::Late(_) => "no-reply-in-time",
            Self::Closed => "connection-closed",
            Self::Io { .. } => "connection-failed",
            Self::Wire(_) => "not-understood",
            Self::Oversized => "oversized",
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { socket, error } => write!(f, "{}: {error}; is mfad running?", socket.display()),
            Self::Loose { folder, why } => write!(f, "{} {why}", folder.display()),
            Self::Late(doing) => write!(f, "mfad did not {doing} in time"),
            Self::Closed => f.write_str("mfad closed the connection before it decided"),
            Self::Io { doing, error } => write!(f, "cannot {doing}: {error}"),
            Self::Wire(why) => write!(f, "mfad sent {why}"),
            Self::Oversized => f.write_str("user, tty, host or service of this login are too long to ask mfad about"),
        }
    }
}

impl From<WireError> for ClientError {
    fn from(error: WireError) -> Self {
        Self::Wire(error.to_string())
    }
}

fn io(doing: &'static str) -> impl FnOnce(Errno) -> ClientError {
    move |error| ClientError::Io { doing, error }
}

/// A connection to mfad, made with the first question. Dropping it cancels the login.
pub(crate) struct Client {
    socket: PathBuf,
    patience: Duration,
    left: Duration,
    trust: Trust<'static>,
    connection: Option<Connection>,
}

/// The socket, and what was read from it beyond the last step.
struct Connection {
    fd: OwnedFd,
    ahead: Vec<u8>,
}

impl Client {
    /// A client of the sockets in `run_dir`. Between two questions mfad gets `patience` in all: connecting, writing
    /// and every step it sends.
    pub(crate) fn new(run_dir: &Path, root: bool, patience: Duration) -> Self {
        let socket = run_dir.join(if root { ROOT_SOCKET } else { USER_SOCKET });
        Self { socket, patience, left: patience, trust: ROOTS, connection: None }
    }

    /// Runs `work` against what is left of the patience; the time a person takes between two calls is not counted.
    fn timed<T>(&mut self, work: impl FnOnce(&mut Self, Deadline) -> Result<T, ClientError>) -> Result<T, ClientError> {
        let start = Instant::now();
        let result = work(self, Deadline(start + self.left));
        self.left = self.left.saturating_sub(start.elapsed());
        result
    }

    fn connected(&mut self, deadline: Deadline) -> Result<&mut Connection, ClientError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                folders::check(&self.socket, self.trust)?;
                Connection { fd: connect_to(&self.socket, deadline)?, ahead: Vec::new() }
            }
        };
        Ok(self.connection.insert(connection))
    }
}

impl Authority for Client {
    fn ask(&mut self, ask: &Ask) -> Result<Step, ClientError> {
        self.left = self.patience;
        self.timed(|client, deadline| {
            let frame = wire::encode(ask).map_err(|_| ClientError::Oversized)?;
            let connection = client.connected(deadline)?;
            match write_all(connection.fd.as_fd(), &frame, deadline) {
                // mfad may have said its last word (a timeout) and hung up while the person was typing.
                Ok(()) | Err(ClientError::Closed) => connection.step(deadline),
                Err(error) => Err(error),
            }
        })
    }

    fn listen(&mut self) -> Result<Step, ClientError> {
        self.timed(|client, deadline| client.connected(deadline)?.step(deadline))
    }

    fn wait(&mut self, seconds: u32, gone: &dyn Fn() -> bool) -> Result<Option<Step>, ClientError> {
        let start = Instant::now();
        let most = Duration::from_secs(u64::from(seconds.min(MOST_WAIT))) + self.patience;
        let connection = self.connection.as_ref().ok_or(ClientError::Closed)?;
        while connection.ahead.is_empty() {
            let left = most.checked_sub(start.elapsed()).ok_or(ClientError::Late("say how the device answered"))?;
            let ready = sleep_until_ready(&mut [PollFd::new(&connection.fd, PollFlags::IN)], left.min(GLANCE));
            match ready {
                Ok(0) | Err(Errno::INTR) if gone() => return Ok(None),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => break,
                Err(error) => return Err(ClientError::Io { doing: "wait for mfad", error }),
            }
        }
        self.left = self.patience;
        self.listen().map(Some)
    }

    fn cancel(&mut self) {
        if let (Some(connection), Ok(frame)) = (self.connection.take(), wire::encode(&Ask::Cancel)) {
            // One try: closing the socket says the same.
            let _ = send(&connection.fd, &frame, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        }
    }
}

impl Connection {
    /// The next step.
    fn step(&mut self, deadline: Deadline) -> Result<Step, ClientError> {
        loop {
            if let Some((prefix, rest)) = self.ahead.split_first_chunk() {
                let length = wire::body_length(*prefix)?;
                if let Some(body) = rest.get(..length) {
                    let step = wire::decode(body)?;
                    self.ahead.drain(..prefix.len() + length);
                    return Ok(step);
                }
            }
            self.read_more(deadline)?;
        }
    }

    /// Reads what there is, or what comes: mfad has to think first, so that the socket is waited for before it is tried. A daemon that
    /// sends byte by byte does not outlast the deadline either.
    fn read_more(&mut self, deadline: Deadline) -> Result<(), ClientError> {
        let mut buffer = [0; GULP];
        loop {
            deadline.wait(self.fd.as_fd(), PollFlags::IN, "reply")?;
            match recv(&self.fd, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, 0)) | Err(Errno::CONNRESET) => return Err(ClientError::Closed),
                Ok((_, read)) => {
                    self.ahead.extend_from_slice(buffer.get(..read).unwrap_or_default());
                    return Ok(());
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(ClientError::Io { doing: "read from mfad", error }),
            }
        }
    }
}

/// A point in time that no wait passes.
#[derive(Clone, Copy)]
struct Deadline(Instant);

impl Deadline {
    fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Waits until `fd` is ready; `Late` when the deadline comes first.
    fn wait(self, fd: BorrowedFd<'_>, flags: PollFlags, doing: &'static str) -> Result<(), ClientError> {
        loop {
            let left = self.left().ok_or(ClientError::Late(doing))?;
            match sleep_until_ready(&mut [PollFd::from_borrowed_fd(fd, flags)], left) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(ClientError::Io { doing: "wait for mfad", error }),
            }
        }
    }
}

/// poll(2): its time limit needs no signal, and the host's handlers stay as they are.
fn sleep_until_ready(fds: &mut [PollFd<'_>], most: Duration) -> Result<usize, Errno> {
    poll(fds, Some(&Timespec::try_from(most).map_err(|_| Errno::INVAL)?))
}

/// Absence only where nothing is there or nobody listens.
fn unreachable_or_failed(socket: &Path, error: Errno, doing: &'static str) -> ClientError {
    match error {
        Errno::NOENT | Errno::CONNREFUSED => ClientError::Absent { socket: socket.to_path_buf(), error },
        error => ClientError::Io { doing, error },
    }
}

/// Connects without ever blocking: connect(2) on a blocking socket hangs while the backlog of a frozen daemon is full.
fn connect_to(socket: &Path, deadline: Deadline) -> Result<OwnedFd, ClientError> {
    let address = SocketAddrUnix::new(socket).map_err(io("use the socket's path"))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let mut fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(io("open a socket"))?;
    if fd.as_raw_fd() <= 2 {
        // The host runs with a standard stream closed: what it prints must not reach mfad.
        fd = fcntl_dupfd_cloexec(&fd, 3).map_err(io("move the socket away from the standard streams"))?;
    }
    loop {
        match connect(&fd, &address) {
            Ok(()) => return Ok(fd),
            Err(Errno::AGAIN | Errno::INTR) => {
                let left = deadline.left().ok_or(ClientError::Late("take the connection"))?;
                // An interrupted pause is a shorter one.
                let _ = sleep_until_ready(&mut [], left.min(BACKLOG_PAUSE));
            }
            Err(error) => return Err(unreachable_or_failed(socket, error, "connect to mfad")),
        }
    }
}

fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8], deadline: Deadline) -> Result<(), ClientError> {
    while !bytes.is_empty() {
        match send(fd, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
            Err(Errno::AGAIN) => deadline.wait(fd, PollFlags::OUT, "take the question")?,
            Err(Errno::INTR) => {}
            Err(Errno::PIPE | Errno::CONNRESET) => return Err(ClientError::Closed),
            Err(error) => return Err(ClientError::Io { doing: "write to mfad", error }),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "client/tests.rs"]
pub(crate) mod tests;
