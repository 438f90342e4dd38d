//! How `mfactl` reaches the authority: over mfad's root socket, or offline through the same code.
//!
//! One [`Link`] answers whatever the commands ask, so that they do not know which it is. What must never happen: a
//! wait without an end, an ask sent to a socket that somebody else could have put there, or work as root on files of
//! mfad's user.

use super::{Failure, Reach};
use crate::admin::Desk;
use crate::authority::Authority;
use crate::clock::Clock;
use crate::daemon;
use crate::store::check_parents;
use mfa_core::admin::{AdminAsk, AdminReply, Call};
use mfa_core::wire::{self, ROOT_SOCKET};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Connecting and sending: what only machines do.
const MACHINE: Duration = Duration::from_secs(5);

/// Until mfad answers: it may wait for the name service and for the disk.
const ANSWER: Duration = Duration::from_secs(60);

/// Until mfad answers what walks every file.
const LONG_ANSWER: Duration = Duration::from_secs(1800);

/// The authority, wherever it works.
pub(super) enum Link {
    /// In mfad.
    Socket {
        /// Connected.
        stream: UnixStream,
        /// Its path, for messages.
        path: String,
        /// The login uid of who typed the command.
        by: Option<u32>,
    },
    /// In this process.
    Offline {
        /// The state folder and the policy.
        authority: Box<Authority>,
        /// This command's desk.
        desk: Desk,
        /// Who is recorded as having done it.
        by: u32,
    },
}

impl Link {
    /// Connects, or takes the state folder.
    ///
    /// # Errors
    /// In words: what is the matter and what to do.
    pub(super) fn open(reach: &Reach) -> Result<Self, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Err(Failure::refused(
                "only root may do this; put sudo in front of it. Your own factors you look after with: mfactl me",
            ));
        }
        if reach.offline { offline(&reach.state_dir(), reach.config.as_deref()) } else { connect(&reach.run_dir()) }
    }

    /// Asks, and waits for the answer. A refusal is a failure.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub(super) fn ask(&mut self, ask: AdminAsk) -> Result<AdminReply, Failure> {
        let reply = match self {
            Self::Offline { authority, desk, by } => desk.answer(authority, *by, ask),
            Self::Socket { stream, path, by } => exchange(stream, path, *by, ask)?,
        };
        match reply {
            AdminReply::Refused { why } => Err(Failure::Refused(why)),
            other => Ok(other),
        }
    }
}

/// An answer to something else than was asked.
pub(super) fn unexpected() -> Failure {
    Failure::refused("mfad answered something else than was asked; are mfad and mfactl of the same version?")
}

fn connect(run_dir: &Path) -> Result<Link, Failure> {
    let path = run_dir.join(ROOT_SOCKET);
    let shown = path.display().to_string();
    // A missing folder is a mfad that does not run; one that others can write could hold anybody's socket.
    if run_dir.exists() {
        check_parents(&path, &[0]).map_err(|loose| Failure::Refused(format!("the socket is not trusted: {loose}")))?;
    }
    let stream = dial(&path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::Refused(format!(
            "mfad is not running: nothing answers at {shown}. Start it (systemctl start mfad), name its folder by --run-dir, or \
             work without it by --offline"
        )),
        io::ErrorKind::WouldBlock => Failure::Refused(format!(
            "mfad does not accept connections at {shown}: it hangs or is stopped. Its log may say why; restarting it helps"
        )),
        _ => Failure::Refused(format!("{shown}: {e}")),
    })?;
    Ok(Link::Socket { stream, path: shown, by: login_uid() })
}

fn dial(path: &Path) -> io::Result<UnixStream> {
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // unix(7): connecting waits while the backlog is full, and this bounds that wait too.
    set_socket_timeout(&socket, Timeout::Send, Some(MACHINE))?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

fn exchange(stream: &mut UnixStream, path: &str, by: Option<u32>, ask: AdminAsk) -> Result<AdminReply, Failure> {
    let patience = match ask {
        AdminAsk::Commit { .. } | AdminAsk::LogVerify => LONG_ANSWER,
        _ => ANSWER,
    };
    let frame =
        wire::encode(&Call::Admin { by, ask }).map_err(|e| Failure::Refused(format!("too long to ask: {e}")))?;
    let body = send(stream, &frame, patience).map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Failure::Refused(format!(
            "mfad did not answer at {path} within {} s. It may still do what was asked: look before you ask again",
            patience.as_secs()
        )),
        io::ErrorKind::InvalidData => Failure::Refused(format!("{path}: {e}")),
        _ => Failure::Refused(format!("mfad closed the connection ({e}); its log says why")),
    })?;
    wire::decode(&body).map_err(|_| unexpected())
}

fn send(stream: &mut UnixStream, frame: &[u8], patience: Duration) -> io::Result<Zeroizing<Vec<u8>>> {
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(frame)?;
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix)?;
    let length = wire::body_length(prefix).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
    let mut body = Zeroizing::new(vec![0; length]);
    stream.set_read_timeout(Some(MACHINE))?;
    stream.read_exact(&mut body)?;
    Ok(body)
}

/// Who logged in and then became root (proc(5)); `None` where nobody did.
fn login_uid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

/// Becomes the state folder's owner before anything in it is opened; the store then takes the lock that a
/// running mfad holds.
fn offline(state_dir: &Path, config: Option<&Path>) -> Result<Link, Failure> {
    let shown = state_dir.display();
    let refused = |why: String| Failure::Refused(why);
    let seen = std::fs::symlink_metadata(state_dir).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => refused(format!(
            "there is no state folder {shown}; name it by --state-dir. A new one is made by mfad's first start, or by \
             install -d -m 0700 -o _mfad -g _mfad {shown}"
        )),
        _ => refused(format!("{shown}: {e}")),
    })?;
    if !seen.is_dir() {
        return Err(refused(format!("{shown} is not a folder")));
    }
    if seen.uid() == 0 {
        return Err(refused(format!(
            "{shown} belongs to root, so it is not mfad's state folder; name that by --state-dir"
        )));
    }
    let by = login_uid().unwrap_or(0);
    daemon::become_user(seen.uid().into(), seen.gid().into())
        .map_err(|e| refused(format!("root could not be dropped for the owner of {shown}: {e:#}")))?;
    let clock = Clock::new(None).map_err(refused)?;
    let authority = Authority::open(state_dir, config, clock).map_err(|e| refused(e.to_string()))?;
    authority.store.fill_roster(authority.clock.now()).map_err(|e| refused(e.to_string()))?;
    Ok(Link::Offline { authority: Box::new(authority), desk: Desk::default(), by })
}
