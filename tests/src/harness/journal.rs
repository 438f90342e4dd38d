//! A real journal of a world: systemd-journald behind `/dev/log` and its own socket, its files below the world's `/run`.
//!
//! From its start on the world's [`DevLog`](super::DevLog) hears nothing any more.

use super::World;
use super::program::{PATIENCE, Program};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

/// Debian's place for it.
const JOURNALD: &str = "/lib/systemd/systemd-journald";

/// In memory, every line, nothing packed: what is in it stands in its file as it came. Of the kernel's own it takes nothing.
const CONFIG: &str =
    "[Journal]\nStorage=volatile\nCompress=no\nReadKMsg=no\nAudit=\nRateLimitIntervalSec=0\nMaxLevelStore=debug\n";

/// A running journald; it ends with the value.
pub struct Journal {
    child: Child,
}

impl Journal {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not take lines in time.
    #[must_use]
    pub fn start(world: &World) -> Self {
        world.write("/etc/systemd/journald.conf", CONFIG, 0o644);
        world.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444);
        let folder = Path::new("/run/systemd/journal");
        fs::create_dir_all(folder).unwrap();
        let child = Program::new(JOURNALD).bound_to_the_test().command().spawn().expect("systemd-journald");
        let end = Instant::now() + PATIENCE;
        while !["socket", "dev-log"].iter().all(|name| folder.join(name).exists()) {
            assert!(Instant::now() < end, "journald does not listen");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        fs::rename("/dev/log", "/dev/log.before").unwrap();
        symlink(folder.join("dev-log"), "/dev/log").unwrap();
        Self { child }
    }

    /// Everything in it, each field of each line (`journalctl -o export`).
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn export(&self) -> String {
        Program::new("journalctl").args(["--quiet", "--all", "--output=export", "--no-pager"]).run("").ok().stdout
    }

    /// Waits until `text` stands in it.
    ///
    /// # Panics
    /// With all of it, when that does not come in time.
    pub fn expect(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.export().contains(text) {
            assert!(Instant::now() < end, "{text:?} is not in the journal:\n{}", self.export());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir("/run/log/journal").unwrap().map(|entry| entry.unwrap().path());
        folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
