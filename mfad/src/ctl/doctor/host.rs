//! mfad's sockets, folders and files on this host.
//!
//! Called by the doctor's entry. What must never happen: a wait without end (a frozen mfad accepts nobody), or
//! a question to mfad that costs a user a try.

use super::findings::{Finding, Severity, path as path_text};
use mfa_core::wire;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long mfad may take to answer, in seconds: the same as each machine step of a login.
const ANSWER: Duration = Duration::from_secs(5);

/// How often a full queue is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// The distribution's part of the configuration.
const VENDOR: &str = "/usr/lib/pam_mfa";

/// The uid of those who have no number in a user namespace.
const OVERFLOW: &str = "/proc/sys/kernel/overflowuid";

const START: &str = "Start mfad (systemctl start mfad) and look at its log.";

/// All findings about mfad and its files.
#[must_use]
pub fn judge(run_dir: &Path, config_dir: &Path, state_dir: &Path) -> Vec<Finding> {
    let mut found = daemon(run_dir);
    found.extend(configuration(config_dir));
    found.extend(configuration(Path::new(VENDOR)));
    found.extend(state(state_dir));
    found.extend(fs::read_to_string(OVERFLOW).ok().and_then(|set| unmapped(&set)));
    found
}

/// The finding where the kernel gives who has no number in a user namespace another one than mfad knows them by. `set`: the setting.
fn unmapped(set: &str) -> Option<Finding> {
    let uid = set.trim().parse::<u32>().ok().filter(|uid| *uid != wire::UNMAPPED)?;
    let text = format!(
        "kernel.overflowuid is {uid}: in a container, whoever has no number there is taken for the account of that uid; mfad refuses \
         {} alone.",
        wire::UNMAPPED
    );
    let fix = format!("Set it back: sysctl kernel.overflowuid={}.", wire::UNMAPPED);
    Some(Finding::new(Severity::Warning, "kernel", text, fix))
}

fn finding(severity: Severity, path: &Path, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::new(severity, &path.to_string_lossy(), text, fix)
}

fn daemon(run_dir: &Path) -> Vec<Finding> {
    let mut found: Vec<Finding> = run_dir.ancestors().filter_map(loose_folder).collect();
    let root = run_dir.join(wire::ROOT_SOCKET);
    match fs::symlink_metadata(&root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = "mfad does not run: its socket is not there. Whoever is asked for a code is refused.";
            found.push(finding(Severity::LocksOut, &root, text, START));
        }
        Err(error) => {
            found.push(finding(Severity::Warning, &root, format!("Cannot be looked at: {error}."), "Run this as root."))
        }
        Ok(meta) => {
            found.extend(socket(&root, &meta, 0o600));
            found.extend(answers(&root, ANSWER));
            let user = run_dir.join(wire::USER_SOCKET);
            match fs::symlink_metadata(&user) {
                Ok(meta) => found.extend(socket(&user, &meta, 0o666)),
                Err(_) => found.push(finding(
                    Severity::Warning,
                    &user,
                    "Programs that run as the user, such as screen lockers, cannot ask mfad: this socket is not there.",
                    START,
                )),
            }
        }
    }
    found
}

fn loose_folder(folder: &Path) -> Option<Finding> {
    let meta = fs::metadata(folder).ok()?;
    if meta.uid() == 0 && meta.mode() & 0o022 == 0 {
        return None;
    }
    Some(finding(
        Severity::LocksOut,
        folder,
        format!(
            "Others than root can change this folder (owner {}, mode {:04o}), so the module trusts no socket below it and \
             refuses.",
            meta.uid(),
            meta.mode() & 0o7777
        ),
        "Give it to root and take the write permission of group and others off.",
    ))
}

fn socket(path: &Path, meta: &Metadata, mode: u32) -> Option<Finding> {
    let seen = meta.mode() & 0o777;
    let (severity, text) = if !meta.file_type().is_socket() {
        (Severity::LocksOut, "This is no socket: nobody can reach mfad.".to_owned())
    } else if meta.uid() != 0 {
        (Severity::LocksOut, format!("The socket belongs to uid {}, not to root: the module refuses it.", meta.uid()))
    } else if seen & !mode != 0 {
        (Severity::LetsBy, format!("The mode is {seen:04o} instead of {mode:04o}: others could speak as root."))
    } else if mode & !seen != 0 {
        (Severity::Warning, format!("The mode is {seen:04o} instead of {mode:04o}: some callers cannot reach mfad."))
    } else {
        return None;
    };
    Some(finding(severity, path, text, "Restart mfad.socket (or mfad, where it runs by hand)."))
}

fn answers(path: &Path, patience: Duration) -> Option<Finding> {
    let error = match ask(path, patience) {
        Ok(()) => return Some(Finding::new(Severity::Fine, "mfad", "Runs and answers.", "")),
        Err(error) => error,
    };
    let (severity, text, fix) = match error.kind() {
        io::ErrorKind::PermissionDenied => (
            Severity::Warning,
            "Whether mfad answers was not tried: only root may ask.".to_owned(),
            "Run this as root.",
        ),
        io::ErrorKind::ConnectionRefused => (
            Severity::LocksOut,
            "The socket is there, but mfad does not listen: whoever is asked for a code is refused.".to_owned(),
            START,
        ),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => (
            Severity::LocksOut,
            format!(
                "mfad does not answer within {} seconds: whoever is asked for a code is refused.",
                patience.as_secs()
            ),
            "Restart mfad and look at its log.",
        ),
        _ => (Severity::LocksOut, format!("mfad cannot be asked: {error}."), START),
    };
    Some(finding(severity, path, text, fix))
}

/// Sends a cancelled login, which names nobody and costs nobody a try. That mfad says anything, or hangs up,
/// is the answer.
fn ask(path: &Path, patience: Duration) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    let address = SocketAddrUnix::new(path)?;
    // Not blocking: a frozen daemon's full queue would hold `connect` for ever.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    while let Err(error) = connect(&fd, &address) {
        if error != rustix::io::Errno::AGAIN || Instant::now() >= deadline {
            return Err(error.into());
        }
        std::thread::sleep(AGAIN);
    }
    let mut stream = UnixStream::from(fd);
    stream.set_nonblocking(false)?;
    // A timeout of zero would mean none.
    let left = deadline.saturating_duration_since(Instant::now()).max(AGAIN);
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    let frame = wire::encode(&wire::Ask::Cancel).map_err(io::Error::other)?;
    match stream.write_all(&frame).and_then(|()| stream.read(&mut [0; 1])) {
        // It may hang up before it was asked.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Ok(()),
        asked => asked.map(|_| ()),
    }
}

fn configuration(folder: &Path) -> Vec<Finding> {
    let parts = fs::read_dir(folder.join("mfa.toml.d")).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = [folder.to_owned(), folder.join("mfa.toml"), folder.join("mfa.toml.d")].into_iter().chain(parts);
    paths
        .filter_map(|path| {
            let meta = fs::metadata(&path).ok()?;
            // A folder like /tmp is everybody's, and nobody closes it; that what is in it was not read is said already.
            let shared = meta.is_dir() && meta.mode() & 0o1002 == 0o1002;
            (!shared && (meta.uid() != 0 || meta.mode() & 0o022 != 0)).then(|| {
                finding(
                    Severity::LocksOut,
                    &path,
                    format!(
                        "Others than root can write this (owner {}, mode {:04o}): mfad refuses it.",
                        meta.uid(),
                        meta.mode() & 0o7777
                    ),
                    "Give it to root and take the write permission of group and others off.",
                )
            })
        })
        .collect()
}

fn state(folder: &Path) -> Vec<Finding> {
    let meta = match fs::symlink_metadata(folder) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = "The folder of the enrolments is not there: nobody can be enrolled, or all enrolments are lost.";
            return vec![finding(
                // On a fresh host it is as it should be.
                Severity::Warning,
                folder,
                text,
                "Where users were enrolled, restore it from a backup; else start mfad, which makes it.",
            )];
        }
        Err(error) => {
            return vec![finding(
                Severity::Warning,
                folder,
                format!("Cannot be looked at: {error}."),
                "Run this as root.",
            )];
        }
    };
    let owner = meta.uid();
    let inside = |name: &str| fs::read_dir(folder.join(name)).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = [folder.to_owned(), folder.join("users"), folder.join("state")].into_iter();
    let loose: Vec<PathBuf> = paths
        .chain(inside("users"))
        .chain(inside("state"))
        .filter(|path| fs::symlink_metadata(path).is_ok_and(|meta| meta.uid() != owner || meta.mode() & 0o077 != 0))
        .collect();
    let Some(first) = loose.first() else { return Vec::new() };
    let more = if loose.len() > 1 { format!(", and {} more", loose.len() - 1) } else { String::new() };
    vec![finding(
        Severity::LocksOut,
        first,
        format!("Others than mfad's own user can get at this{more}: mfad refuses it, and the keys in it may be known."),
        format!(
            "Give everything below {} to its owner alone (chmod -R go=), and ask who could read it.",
            path_text(&folder.to_string_lossy())
        ),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_daemon_that_is_absent_deaf_or_frozen_is_named() {
        // The path of a socket has 108 bytes, and some builders' TMPDIR has more.
        let parent = Some(std::env::temp_dir()).filter(|folder| folder.as_os_str().len() < 60);
        let folder = tempfile::tempdir_in(parent.unwrap_or_else(|| "/tmp".into())).unwrap();
        let path = folder.path().join(wire::ROOT_SOCKET);
        let text = |found: Vec<Finding>| found.into_iter().map(|f| f.text).collect::<Vec<_>>().join(" ");
        let patience = Duration::from_secs(1);
        assert!(text(daemon(folder.path())).contains("does not run"));
        let listener = UnixListener::bind(&path).unwrap();
        assert!(answers(&path, patience).unwrap().text.contains("does not answer within"));
        let server = std::thread::spawn(move || {
            // The silent call before is still in the queue.
            drop(listener.accept().unwrap());
            drop(listener.accept().unwrap());
        });
        assert_eq!(answers(&path, patience).unwrap().severity, Severity::Fine);
        server.join().unwrap();
        assert!(answers(&path, patience).unwrap().text.contains("does not listen"));
    }

    #[test]
    fn loose_modes_are_named_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(folder.path().join("users")).unwrap();
        fs::set_permissions(folder.path().join("users"), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(state(folder.path()), []);
        for name in ["a.toml", "b.toml"] {
            let file = folder.path().join("users").join(name);
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let found = state(folder.path());
        assert!(found.len() == 1 && found[0].text.contains("and 1 more"), "{found:?}");
    }
}
