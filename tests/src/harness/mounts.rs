//! The mounts that make a world private. Called by `World::new`, in the thread that owns the world.
//!
//! What must never happen: a mount that another process of the machine can see. The namespace is
//! made and its propagation cut before anything else.

use super::program::{BUILT, profile_folder};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// Device nodes that programs expect; each is the machine's own, bound to its place.
const NODES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Folders that login programs write to; an empty one of the world's own covers each.
const WRITTEN: [&str; 4] = ["/var/log", "/var/lib/sudo", "/var/mail", "/var/spool"];

/// Takes the calling thread, and every thread and process it starts from now on, into a mount
/// namespace with its own `/run`, `/etc` (a copy), `/dev` and log folders.
pub(super) fn leave_the_machine() {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace: the tests run as root");
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .expect("private mounts");
    tmpfs(Path::new("/run"), 0o755);
    let built = Path::new(BUILT);
    fs::create_dir(built).unwrap();
    bind(profile_folder().parent().expect("a target folder"), built);
    own_etc();
    own_dev();
    for folder in WRITTEN.map(Path::new) {
        if folder.is_dir() {
            tmpfs(folder, 0o755);
        }
    }
}

/// Mounts an empty tmpfs with the given mode at `at`. It ends with the namespace.
pub(super) fn tmpfs(at: &Path, mode: u32) {
    let data = format!("mode={mode:o}");
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some(data.as_str()))
        .unwrap_or_else(|e| panic!("tmpfs at {}: {e}", at.display()));
}

/// Mounts a tmpfs with these limits (`size=…`, `nr_inodes=…`; tmpfs(5)) at `at`: a disk to fill.
pub(super) fn small_disk(at: &Path, limits: &str) {
    let data = format!("mode=755,{limits}");
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some(data.as_str()))
        .unwrap_or_else(|e| panic!("tmpfs at {}: {e}", at.display()));
}

/// Makes the disk at `at` read-only, or writable again. Nobody may have a file of it open for writing.
pub(super) fn read_only(at: &Path, read_only: bool) {
    let flags = if read_only { MsFlags::MS_RDONLY } else { MsFlags::empty() };
    mount(None::<&str>, at, None::<&str>, MsFlags::MS_REMOUNT | flags, None::<&str>)
        .unwrap_or_else(|e| panic!("remounting {}: {e}", at.display()));
}

fn own_etc() {
    let copied = Command::new("cp").args(["-a", "/etc", "/run/etc"]).status().expect("cp");
    assert!(copied.success(), "cp of /etc: {copied}");
    for (folder, mode) in [("/run/etc/pam.d", 0o755), ("/run/etc/sudoers.d", 0o750)] {
        // What the machine has there must not leak into a test.
        if Path::new(folder).exists() {
            fs::remove_dir_all(folder).unwrap();
        }
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
    }
    bind(Path::new("/run/etc"), Path::new("/etc"));
}

/// Built beside the old `/dev`, then moved over it.
fn own_dev() {
    let new = Path::new("/run/dev");
    fs::create_dir(new).unwrap();
    tmpfs(new, 0o755);
    for node in NODES {
        let to = new.join(node);
        File::create(&to).unwrap();
        bind(&Path::new("/dev").join(node), &to);
    }
    for (folder, mode) in [("pts", 0o755), ("shm", 0o1777)] {
        fs::create_dir(new.join(folder)).unwrap();
        fs::set_permissions(new.join(folder), Permissions::from_mode(mode)).unwrap();
    }
    // gid 5 is Debian's tty; ptmxmode opens the instance's own multiplexer to users.
    let options = Some("newinstance,ptmxmode=0666,mode=0620,gid=5");
    mount(Some("devpts"), &new.join("pts"), Some("devpts"), MsFlags::empty(), options).expect("devpts");
    for (target, name) in [
        ("pts/ptmx", "ptmx"),
        ("/proc/self/fd", "fd"),
        ("/proc/self/fd/0", "stdin"),
        ("/proc/self/fd/1", "stdout"),
        ("/proc/self/fd/2", "stderr"),
    ] {
        symlink(target, new.join(name)).unwrap();
    }
    mount(Some(new), "/dev", None::<&str>, MsFlags::MS_MOVE, None::<&str>).expect("moving /dev");
}

pub(super) fn bind(from: &Path, to: &Path) {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .unwrap_or_else(|e| panic!("binding {} to {}: {e}", from.display(), to.display()));
}
