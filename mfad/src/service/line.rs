//! A connection: frames over a socket, each way with a deadline.
//!
//! Called by the accept loops and by logins. A socket is tried before it is waited for, and only its reading side is ever
//! waited for: frames are small beside its buffer, and a turn of the loop for each "writable" would be paid by every login.
//! What must never happen: a wait without an end, or two who read the same frame.

use mfa_core::wire::{self, WireError};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};
use serde::Serialize;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::consume_budget;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

/// Time for what only machines do.
pub(super) const MACHINE: Duration = Duration::from_secs(5);

/// Between two tries to send to a peer that does not read.
const RETRY: Duration = Duration::from_millis(10);

/// What is read at a time: most frames whole.
const GULP: usize = 512;

/// Why no frame came or went.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The peer is gone.
    #[error("the peer closed the connection")]
    Gone,
    /// The peer took too long.
    #[error("the peer took too long")]
    Late,
    /// The peer does not speak the protocol.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl From<io::Error> for FrameError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener(AsyncFd<UnixListener>);

impl Listener {
    /// # Errors
    /// When it cannot be watched.
    pub(super) fn new(socket: UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        watched(socket).map(Self)
    }

    /// The next connection. However many there are, others have their turns between them.
    ///
    /// # Errors
    /// What the system says when it refuses.
    pub(super) async fn accept(&self) -> io::Result<Line> {
        loop {
            consume_budget().await;
            match accept_with(self.0.get_ref(), SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(socket) => return Ok(Line::new(socket)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.0.readable().await?.clear_ready(),
                Err(why) => return Err(why.into()),
            }
        }
    }
}

/// Watches for what can be read.
#[expect(deprecated, reason = "its successor is unsafe, to ask for descriptors that stay open: these own theirs")]
fn watched<T: AsRawFd + AsFd>(socket: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(socket, Interest::READABLE)
}

/// One connection, as the loop that leads it sees it.
#[derive(Debug)]
pub(super) struct Line {
    socket: Socket,
    /// Made when there is first something to wait for.
    watch: Option<AsyncFd<Arc<OwnedFd>>>,
    ahead: Ahead,
}

impl Line {
    fn new(socket: OwnedFd) -> Self {
        Self { socket: Socket(Arc::new(socket)), watch: None, ahead: Ahead::default() }
    }

    /// The next connection, on a thread that may block, within the socket's own time.
    ///
    /// # Errors
    /// What the system says when there is none; [`Errno::AGAIN`] when the time is over.
    pub(super) fn accept(socket: &UnixListener) -> Result<Self, Errno> {
        accept_with(socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).map(Self::new)
    }

    /// The body of the first frame, if it comes whole within `patience`, on a thread that may block. What else came is read again by
    /// [`Self::read`], which says what is wrong with it.
    pub(super) fn first_frame_soon(&mut self, patience: Duration) -> Option<Zeroizing<Vec<u8>>> {
        // It is there already, where both had one processor.
        match self.ahead.gulp(&self.socket) {
            Ok(()) => self.ahead.take_frame().ok().flatten(),
            Err(Errno::AGAIN) => self.ahead.frame_soon(&self.socket, patience).ok().flatten(),
            Err(_) => None,
        }
    }

    /// The kernel's word on who connected.
    pub(super) fn peer(&self) -> Option<u32> {
        // Not by rustix: of a process outside our pid namespace the kernel says the number 0, which is no value of rustix's `Pid`.
        getsockopt(&self.socket.0, PeerCredentials).ok().map(|peer| peer.uid())
    }

    /// For a thread that works on what came.
    pub(super) fn socket(&self) -> Socket {
        self.socket.clone()
    }

    /// For a thread that reads in this line's place, until it is given back.
    pub(super) fn lend_ahead(&mut self) -> Ahead {
        std::mem::take(&mut self.ahead)
    }

    /// Takes back what was lent.
    pub(super) fn take_back(&mut self, ahead: Ahead) {
        self.ahead = ahead;
    }

    /// The body of the next frame. Its beginning may take `patience`, the rest a machine's time.
    pub(super) async fn read(&mut self, patience: Duration) -> Result<Zeroizing<Vec<u8>>, FrameError> {
        if self.ahead.is_empty() {
            timeout(patience, self.more()).await.map_err(|_| FrameError::Late)??;
        }
        let rest = async {
            loop {
                match self.ahead.take_frame()? {
                    Some(body) => return Ok(body),
                    None => self.more().await?,
                }
            }
        };
        timeout(MACHINE, rest).await.map_err(|_| FrameError::Late)?
    }

    /// Sends one frame.
    pub(super) async fn write<T: Serialize>(&self, message: &T) -> Result<(), FrameError> {
        self.write_rest(&wire::encode(message)?).await
    }

    /// Sends what is left of a frame.
    pub(super) async fn write_rest(&self, bytes: &[u8]) -> Result<(), FrameError> {
        let sending = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                match self.socket.send(rest) {
                    Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                    Err(Errno::AGAIN) => sleep(RETRY).await,
                    Err(_) => return Err(FrameError::Gone),
                }
            }
            Ok(())
        };
        timeout(MACHINE, sending).await.map_err(|_| FrameError::Late)?
    }

    /// Reads what there is, or waits until there is something.
    async fn more(&mut self) -> Result<(), FrameError> {
        loop {
            match self.ahead.gulp(&self.socket) {
                Err(Errno::AGAIN) => self.readable().await?,
                read => return read.map_err(|_| FrameError::Gone),
            }
        }
    }

    /// Returns when something may have come since the last try.
    async fn readable(&mut self) -> io::Result<()> {
        let watch = match &mut self.watch {
            Some(watch) => watch,
            none => none.insert(watched(Arc::clone(&self.socket.0))?),
        };
        watch.readable().await?.clear_ready();
        Ok(())
    }
}

/// The socket of a connection, for a thread that may block. It keeps the connection open.
#[derive(Debug, Clone)]
pub(super) struct Socket(Arc<OwnedFd>);

impl Socket {
    /// Sends as much as there is room for.
    ///
    /// # Errors
    /// [`Errno::AGAIN`] when there is none.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        loop {
            match send(&self.0, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Err(Errno::INTR) => {}
                other => return other,
            }
        }
    }
}

/// What was read and is not taken yet. Wiped, for it may hold an answer.
#[derive(Debug, Default)]
pub(super) struct Ahead(Zeroizing<Vec<u8>>);

impl Ahead {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads once, without waiting.
    ///
    /// # Errors
    /// [`Errno::AGAIN`] when there is nothing, [`Errno::PIPE`] when the peer is gone.
    fn gulp(&mut self, socket: &Socket) -> Result<(), Errno> {
        let mut gulp = Zeroizing::new([0; GULP]);
        let came = loop {
            match recv(&socket.0, gulp.as_mut_slice(), RecvFlags::DONTWAIT) {
                Err(Errno::INTR) => {}
                other => break other?.0,
            }
        };
        if came == 0 {
            return Err(Errno::PIPE);
        }
        self.make_room(came);
        self.0.extend_from_slice(gulp.get(..came).unwrap_or_default());
        Ok(())
    }

    /// Makes room for `more` bytes: growing in place would leave what it held behind. For the whole frame that is announced, so that
    /// one that comes byte by byte is not moved by each of them.
    fn make_room(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed <= self.0.capacity() {
            return;
        }
        let announced =
            self.0.first_chunk().and_then(|prefix| wire::body_length(*prefix).ok()).map_or(0, |body| 4 + body);
        let mut roomy = Zeroizing::new(Vec::with_capacity(needed.max(announced)));
        roomy.extend_from_slice(&self.0);
        self.0 = roomy;
    }

    /// The body of the next frame, if it comes whole within `patience`. What came of it otherwise stays here.
    ///
    /// # Errors
    /// When the frame is longer than the protocol's limit.
    pub(super) fn frame_soon(
        &mut self,
        socket: &Socket,
        patience: Duration,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, WireError> {
        let timeout = Timespec::try_from(patience).ok();
        if let Some(body) = self.take_frame()? {
            return Ok(Some(body));
        }
        if timeout.is_some() && poll(&mut [PollFd::new(&socket.0, PollFlags::IN)], timeout.as_ref()) == Ok(1) {
            // A peer that is gone is noticed by the loop.
            let _ = self.gulp(socket);
        }
        self.take_frame()
    }

    fn take_frame(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, WireError> {
        let Some((prefix, rest)) = self.0.split_first_chunk() else { return Ok(None) };
        let length = wire::body_length(*prefix)?;
        let Some((body, rest)) = rest.split_at_checked(length) else { return Ok(None) };
        let (body, rest) = (Zeroizing::new(body.to_vec()), Zeroizing::new(rest.to_vec()));
        self.0 = rest;
        Ok(Some(body))
    }
}

#[cfg(test)]
impl Socket {
    pub(super) fn of(socket: std::os::unix::net::UnixStream) -> Self {
        Self(Arc::new(socket.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::wire::MAX_FRAME;
    use std::os::unix::net::UnixStream;

    fn pair() -> (Socket, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Socket::of(ours), theirs)
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
    }

    #[test]
    fn frames_are_taken_whole_and_in_order_however_they_come() {
        let bodies: [&[u8]; 4] = [b"", b"one", &[7; GULP], &[9; MAX_FRAME]];
        let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
        for piece in [1, 3, 4, 5, 511, 512, 513, stream.len()] {
            let (mut ahead, mut taken) = (Ahead::default(), Vec::new());
            let (socket, mut theirs) = pair();
            for part in stream.chunks(piece) {
                io::Write::write_all(&mut theirs, part).unwrap();
                while ahead.gulp(&socket).is_ok() {}
                while let Some(body) = ahead.take_frame().unwrap() {
                    taken.push(body.to_vec());
                }
            }
            assert_eq!(taken, bodies, "in pieces of {piece}");
            assert!(ahead.is_empty());
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_read() {
        let (socket, mut theirs) = pair();
        io::Write::write_all(&mut theirs, &u32::try_from(MAX_FRAME + 1).unwrap().to_be_bytes()).unwrap();
        assert!(matches!(Ahead::default().frame_soon(&socket, MACHINE), Err(WireError::TooLong(_))));
    }

    #[test]
    fn what_does_not_come_soon_is_nothing_yet() {
        let (socket, mut theirs) = pair();
        let mut ahead = Ahead::default();
        let soon = Duration::from_millis(1);
        assert!(ahead.frame_soon(&socket, soon).unwrap().is_none());
        io::Write::write_all(&mut theirs, &frame(b"answer")[..7]).unwrap();
        assert!(ahead.frame_soon(&socket, soon).unwrap().is_none());
        io::Write::write_all(&mut theirs, &frame(b"answer")[7..]).unwrap();
        assert_eq!(*ahead.frame_soon(&socket, MACHINE).unwrap().unwrap(), b"answer");
        drop(theirs);
        assert!(ahead.frame_soon(&socket, MACHINE).unwrap().is_none());
        assert_eq!(ahead.gulp(&socket), Err(Errno::PIPE));
    }
}
