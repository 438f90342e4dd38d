//! Whether the person who waits is still there: sshd's client connection, that of polkit's agent, a ^C that the host holds back.
//!
//! Looked at while mfad waits for a device. sshd does not tell its PAM child when the client leaves, but the child has
//! inherited the connection; polkit's helper that systemd starts has its agent's for standard input, and reads there only
//! when PAM asks; sudo blocks SIGINT while PAM works, but it is pending. Whatever cannot be read counts as "still there":
//! the push expires by itself.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::getpeername;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use rustix::stdio::stdin;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// SIGHUP (1), SIGINT (2), SIGQUIT (3) and SIGTERM (15) as bits of `/proc/self/status`, which count from signal 1
/// (signal(7), proc(5)).
const GIVING_UP: u64 = 0b0100_0000_0000_0111;

/// What tells that the person is gone.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    client: Option<OwnedFd>,
    /// Standard input is a connection to who asks.
    stdin: bool,
}

impl Watch {
    /// `ssh_connection` is sshd's `SSH_CONNECTION` of the PAM environment: the client's address and port come first. `stdin`: whether
    /// standard input is a connection to who asks.
    pub(crate) fn new(ssh_connection: Option<&str>, stdin: bool) -> Self {
        Self { client: ssh_connection.and_then(client_address).and_then(inherited), stdin }
    }

    /// Whether the client closed its connection, or a signal to give up is pending.
    pub(crate) fn is_gone(&self) -> bool {
        let ended = PollFlags::HUP | PollFlags::ERR;
        self.client.as_ref().is_some_and(|client| is_now(client, ended | PollFlags::RDHUP))
            // Who only says that nothing more will be typed still waits.
            || (self.stdin && is_now(stdin(), ended))
            || signal_pending()
    }
}

fn client_address(ssh_connection: &str) -> Option<SocketAddr> {
    let mut words = ssh_connection.split_ascii_whitespace();
    let address: IpAddr = words.next()?.parse().ok()?;
    Some(SocketAddr::new(address.to_canonical(), words.next()?.parse().ok()?))
}

/// A duplicate of the descriptor whose peer is `client`, closed on exec as all of ours.
fn inherited(client: SocketAddr) -> Option<OwnedFd> {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    for entry in std::fs::read_dir("/proc/self/fd").ok()?.flatten() {
        // Closing a copy of a file would give up the locks that the host holds on it (fcntl(2)).
        let is_socket = |to: PathBuf| to.to_str().is_some_and(|to| to.starts_with("socket:"));
        if !std::fs::read_link(entry.path()).is_ok_and(is_socket) {
            continue;
        }
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        // Where seccomp refuses it, or the descriptor is gone by now, there is nothing to watch.
        let Ok(copy) = pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) else { continue };
        let peer = getpeername(&copy).ok().flatten().and_then(|peer| SocketAddr::try_from(peer).ok());
        if peer.is_some_and(|peer| SocketAddr::new(peer.ip().to_canonical(), peer.port()) == client) {
            return Some(copy);
        }
    }
    None
}

/// Whether one of `states` holds now.
fn is_now(fd: impl AsFd, states: PollFlags) -> bool {
    let mut fds = [PollFd::new(&fd, states)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0) && fds.iter().any(|fd| fd.revents().intersects(states))
}

fn signal_pending() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| pending_of(&status) & GIVING_UP != 0)
}

/// The signals pending for the thread and the process.
fn pending_of(status: &str) -> u64 {
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    };
    mask("SigPnd:") | mask("ShdPnd:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FlockOperation, MemfdFlags, fcntl_lock, memfd_create};
    use std::fs::File;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::fs::MetadataExt;

    fn connection(peer: &TcpStream) -> String {
        let address = peer.local_addr().unwrap();
        format!("{} {} 127.0.0.1 22", address.ip(), address.port())
    }

    /// A connection: the client's end, and the server's. `None` where there is no loopback interface, as in a sandbox without network.
    #[expect(clippy::disallowed_macros, reason = "the test's own stderr")]
    fn connected() -> Option<(TcpStream, TcpStream)> {
        let connect = |listener: TcpListener| {
            let client = TcpStream::connect(listener.local_addr()?)?;
            Ok((client, listener.accept()?.0))
        };
        match TcpListener::bind("127.0.0.1:0").and_then(connect) {
            Err(why) if matches!(why.kind(), ErrorKind::AddrNotAvailable | ErrorKind::NetworkUnreachable) => {
                eprintln!("skipped: no loopback interface here: {why}");
                None
            }
            connected => Some(connected.unwrap()),
        }
    }

    #[test]
    fn a_client_that_leaves_is_noticed() {
        let Some((client, _held)) = connected() else { return };
        let watch = Watch::new(Some(&connection(&client)), false);
        assert!(watch.client.is_some() && !watch.is_gone());
        drop(client);
        assert!(watch.is_gone());
    }

    #[test]
    fn a_lock_of_the_hosts_is_still_held_when_its_connection_was_looked_for() {
        // Opened first, it is looked at first.
        let file = File::from(memfd_create("locked", MemfdFlags::empty()).unwrap());
        fcntl_lock(&file, FlockOperation::LockExclusive).unwrap();
        let Some((client, _held)) = connected() else { return };
        let locks = || {
            let ours = format!(" {} ", std::process::id());
            let locks = std::fs::read_to_string("/proc/locks").unwrap();
            let number = format!(":{} ", file.metadata().unwrap().ino());
            locks.lines().filter(|line| line.contains(&ours) && line.contains(&number)).count()
        };
        assert_eq!(locks(), 1);
        assert!(Watch::new(Some(&connection(&client)), false).client.is_some());
        assert_eq!(locks(), 1);
    }

    #[test]
    fn without_a_client_nobody_is_gone() {
        for text in [None, Some(""), Some("192.0.2.1 1 192.0.2.2 22"), Some("x y"), Some("::1")] {
            let watch = Watch::new(text, false);
            assert!(watch.client.is_none() && !watch.is_gone(), "{text:?}");
        }
    }

    #[test]
    fn pending_signals_are_read_of_thread_and_process() {
        let status = "Name:\tx\nSigPnd:\t0000000000000002\nShdPnd:\t0000000000004000\nSigBlk:\tffffffffffffffff\n";
        assert_eq!(pending_of(status), 0x4002);
        assert_eq!(pending_of("Name:\tx\n"), 0);
        assert_ne!(0x4002 & GIVING_UP, 0);
        assert_eq!(0x10000 & GIVING_UP, 0, "SIGCHLD is the host's own business");
    }
}
