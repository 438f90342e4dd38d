//! The two sockets: handed over by systemd, or bound here when mfad is started by hand as root.
//!
//! What must never happen: a socket whose folder someone else could replace, or a second mfad taking the
//! sockets of one that runs.

use crate::store::{Loose, check_parents};
use listenfd::ListenFd;
use mfa_core::wire::{ROOT_SOCKET, USER_SOCKET};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Why there are no sockets.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The folder or a parent.
    #[error(transparent)]
    Loose(#[from] Loose),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What it said.
        source: io::Error,
    },
    /// Another mfad listens there.
    #[error("{0}: another mfad is listening here")]
    Busy(String),
    /// systemd handed over something else.
    #[error(
        "mfad.socket and mfad-user.socket must hand over {ROOT_SOCKET} and {USER_SOCKET}; what came is: {0}. Start both units"
    )]
    Activation(String),
    /// Bound by hand without being root.
    #[error("to bind sockets in {0} mfad must be started as root, or by systemd through its socket units")]
    NotRoot(String),
}

/// Both listening sockets.
#[derive(Debug)]
pub struct Sockets {
    /// For root.
    pub root: UnixListener,
    /// For everybody.
    pub user: UnixListener,
}

impl Sockets {
    /// Takes systemd's sockets, or binds them in `run_dir`.
    ///
    /// # Errors
    /// When they cannot be had safely.
    pub fn open(run_dir: &Path) -> Result<Self, ListenError> {
        let mut handed = ListenFd::from_env();
        if handed.len() == 0 { Self::bind(run_dir) } else { Self::take(&mut handed) }
    }

    fn take(handed: &mut ListenFd) -> Result<Self, ListenError> {
        let (mut root, mut user, mut names) = (None, None, Vec::new());
        for index in 0..handed.len() {
            let socket = match handed.take_unix_listener(index) {
                Ok(Some(socket)) => socket,
                Ok(None) | Err(_) => {
                    names.push(String::from("something that is no unix stream socket"));
                    continue;
                }
            };
            let path = socket.local_addr().ok().and_then(|a| a.as_pathname().map(Path::to_owned)).unwrap_or_default();
            match path.file_name().and_then(|name| name.to_str()) {
                Some(ROOT_SOCKET) => root = Some(socket),
                Some(USER_SOCKET) => user = Some(socket),
                _ => {}
            }
            names.push(path.display().to_string());
        }
        match (root, user) {
            (Some(root), Some(user)) if names.len() == 2 => Ok(Self { root, user }),
            _ => Err(ListenError::Activation(names.join(", "))),
        }
    }

    fn bind(run_dir: &Path) -> Result<Self, ListenError> {
        if !rustix::process::geteuid().is_root() {
            return Err(ListenError::NotRoot(run_dir.display().to_string()));
        }
        match std::fs::DirBuilder::new().mode(0o755).create(run_dir) {
            Ok(()) => {
                std::fs::set_permissions(run_dir, std::fs::Permissions::from_mode(0o755)).map_err(failed(run_dir))?
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(run_dir)(e)),
        }
        // The folder itself and all above it.
        check_parents(&run_dir.join(ROOT_SOCKET), &[0])?;
        let seen = std::fs::symlink_metadata(run_dir).map_err(failed(run_dir))?;
        if !seen.is_dir() || seen.uid() != 0 {
            let why = String::from("must be a folder of root, not a link");
            return Err(Loose { path: run_dir.display().to_string(), why }.into());
        }
        let root = bind_one(&run_dir.join(ROOT_SOCKET), 0o600)?;
        let user = bind_one(&run_dir.join(USER_SOCKET), 0o666)?;
        Ok(Self { root, user })
    }
}

/// Only root can have put a file at `path`. One that nobody answers at is left of a killed mfad.
fn bind_one(path: &PathBuf, mode: u32) -> Result<UnixListener, ListenError> {
    if UnixStream::connect(path).is_ok() {
        return Err(ListenError::Busy(path.display().to_string()));
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(path)(e)),
        _ => {}
    }
    // The process's umask is 077 until the mode is set.
    let socket = UnixListener::bind(path).map_err(failed(path))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failed(path))?;
    Ok(socket)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> ListenError + '_ {
    move |source| ListenError::Io { path: path.display().to_string(), source }
}
