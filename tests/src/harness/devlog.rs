//! The `/dev/log` of a world: keeps every line that a program of the world logs.
//!
//! Opened by `World`. glibc's syslog writes `<86>Nov 23 18:00:00 sshd[12]: text`, others may leave
//! the date out; lines are kept as they came.

use super::program::PATIENCE;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<String>>,
    /// Datagrams of [`DevLog::mark`] that came: no lines.
    marks: Mutex<usize>,
    grew: Condvar,
    marked: Condvar,
}

/// What [`DevLog::mark`] sends.
const MARK: &[u8] = b"\x01mark";

/// A datagram socket and the thread that reads it.
pub struct DevLog {
    kept: Arc<Kept>,
    path: PathBuf,
    socket: UnixDatagram,
    reader: Option<JoinHandle<()>>,
}

impl DevLog {
    /// Binds the socket at `path`, writable for all.
    pub(super) fn open(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let kept = Arc::new(Kept::default());
        let reader = std::thread::spawn({
            let (kept, socket) = (Arc::clone(&kept), socket.try_clone().unwrap());
            move || keep(&socket, &kept)
        });
        Self { kept, path: path.to_owned(), socket, reader: Some(reader) }
    }

    /// Every line so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.kept.lines.lock().unwrap().clone()
    }

    /// The lines so far that hold `text`.
    #[must_use]
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.contains(text)).collect()
    }

    /// How many lines there are: what is sent later is new to [`DevLog::expect_new`]. What was sent before may still wait to be read,
    /// and is read first.
    ///
    /// # Panics
    /// When the log is not read in time.
    #[must_use]
    pub fn mark(&self) -> usize {
        let before = *self.kept.marks.lock().unwrap();
        if UnixDatagram::unbound().and_then(|own| own.send_to(MARK, &self.path)).is_ok() {
            let marks = self.kept.marks.lock().unwrap();
            let waited = self.kept.marked.wait_timeout_while(marks, PATIENCE, |marks| *marks == before).unwrap();
            assert!(!waited.1.timed_out(), "the log is not read");
        }
        self.lines().len()
    }

    /// The first line that holds every one of `texts`, old or new.
    ///
    /// # Panics
    /// With the whole log, when it does not come within five seconds.
    pub fn expect(&self, texts: &[&str]) -> String {
        self.expect_new(0, texts)
    }

    /// The first line after a mark that holds every one of `texts`.
    ///
    /// # Panics
    /// With the whole log, when it does not come within five seconds.
    pub fn expect_new(&self, mark: usize, texts: &[&str]) -> String {
        self.wait_for(mark, Duration::from_secs(5), |line| texts.iter().all(|text| line.contains(text)))
            .unwrap_or_else(|| panic!("no line with {texts:?} after {mark} lines:\n{}", self.lines().join("\n")))
    }

    /// The first line after a mark that satisfies `wanted`, if it comes within `patience`.
    pub fn wait_for(&self, mark: usize, patience: Duration, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let end = Instant::now() + patience;
        let mut lines = self.kept.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().skip(mark).find(|line| wanted(line)) {
                return Some(line.clone());
            }
            let left = end.checked_duration_since(Instant::now())?;
            lines = self.kept.grew.wait_timeout(lines, left).unwrap().0;
        }
    }
}

impl Drop for DevLog {
    fn drop(&mut self) {
        // Shutting the socket down ends the reader's `recv`; its thread must be gone before the
        // world's own thread can go back to the machine's namespace.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn keep(socket: &UnixDatagram, kept: &Kept) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = socket.recv(&mut buffer) {
        if &buffer[..length] == MARK {
            *kept.marks.lock().unwrap() += 1;
            kept.marked.notify_all();
            continue;
        }
        let text = String::from_utf8_lossy(&buffer[..length]);
        kept.lines.lock().unwrap().push(text.trim_end_matches(['\0', '\n']).to_owned());
        kept.grew.notify_all();
    }
}
