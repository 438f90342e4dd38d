//! A private machine for one test: mounts, accounts, PAM services, sudoers, a log.
//!
//! Every test begins here. What must never happen: a change that is seen outside the world, or a
//! process of it that outlives the test.

use super::accounts::{Accounts, DAEMON};
use super::program::built;
use super::{DevLog, User, canary, form, mounts};
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, chown};
use std::fs::{self, File, Permissions};
use std::marker::PhantomData;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The mount namespace of the calling thread.
const NAMESPACE: &str = "/proc/thread-self/ns/mnt";

/// A world belongs to the thread that made it; what that thread starts is in it.
pub struct World {
    accounts: Accounts,
    log: Option<DevLog>,
    folder: PathBuf,
    machine: File,
    cwd: PathBuf,
    _not_send: PhantomData<*const ()>,
}

impl World {
    /// A world with root, `alice` (1001), `bob` (1002) and `carol` (1003), mfad's system user, no
    /// PAM service but a denying `other`, no sudoers, and folders for a daemon.
    ///
    /// `name` names the world's folder under `/run`, which is the world's own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let machine = File::open(NAMESPACE).unwrap();
        let cwd = std::env::current_dir().unwrap();
        mounts::leave_the_machine();
        let folder = Path::new("/run").join(format!("mfa-{name}"));
        for made in [&folder, &folder.join("run"), &folder.join("state"), Path::new("/run/sshd")] {
            fs::create_dir(made).unwrap();
            fs::set_permissions(made, Permissions::from_mode(0o755)).unwrap();
        }
        let accounts = Accounts::new(&folder.join("home"));
        let log = Some(DevLog::open(Path::new("/dev/log")));
        let mut world = Self { accounts, log, folder, machine, cwd, _not_send: PhantomData };
        for (name, uid) in [("alice", 1001), ("bob", 1002), ("carol", 1003)] {
            world.add_user(name, uid);
        }
        world.give_to_daemon(&world.state_dir(), 0o700);
        world.pam_file("other", "auth required pam_deny.so\naccount required pam_deny.so\nsession required pam_deny.so\npassword required pam_deny.so\n");
        world.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n", 0o644);
        world.sudoers("");
        world
    }

    /// What was logged.
    #[must_use]
    pub fn log(&self) -> &DevLog {
        self.log.as_ref().expect("the log is open as long as the world")
    }

    /// The world's own folder: root 0755, on a tmpfs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for mfad's sockets: root 0755, like every folder above it.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// The folder for mfad's files: `_mfad` 0700.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// A new account with its home folder and the password of all.
    pub fn add_user(&mut self, name: &str, uid: u32) -> User {
        self.accounts.add(name, uid)
    }

    /// Removes an account.
    pub fn remove_user(&mut self, name: &str) {
        self.accounts.remove(name);
    }

    /// Gives an account another uid.
    pub fn change_uid(&mut self, name: &str, uid: u32) {
        self.accounts.change_uid(name, uid);
    }

    /// A group with members.
    pub fn add_group(&mut self, name: &str, gid: u32, members: &[&str]) {
        self.accounts.group(name, gid, members);
    }

    /// The account of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> User {
        self.accounts.user(name)
    }

    /// The PAM service `name` with these `auth` lines (without the word `auth`), everything else permitted.
    pub fn pam(&self, name: &str, auth: &[&str]) {
        let auth: String = auth.iter().map(|line| format!("auth {line}\n")).collect();
        let rest = "account required pam_permit.so\nsession required pam_permit.so\npassword required pam_deny.so\n";
        self.pam_file(name, &format!("{auth}{rest}"));
    }

    /// The PAM service `name`, word for word.
    pub fn pam_file(&self, name: &str, text: &str) {
        self.write(Path::new("/etc/pam.d").join(name), text, 0o644);
    }

    /// The line of our module for [`World::pam`]: `control` is what `required` stands for.
    #[must_use]
    pub fn module(&self, control: &str, arguments: &str) -> String {
        let module = built("libpam_mfa.so");
        format!("{control} {} run_dir={} {arguments}", module.display(), self.run_dir().display())
    }

    /// The whole of `/etc/sudoers`, behind a line that lets root do everything.
    pub fn sudoers(&self, text: &str) {
        self.write("/etc/sudoers", &format!("Defaults !fqdn, !lecture\nroot ALL=(ALL:ALL) ALL\n{text}\n"), 0o440);
    }

    /// A file of root's with this mode.
    pub fn write(&self, path: impl AsRef<Path>, text: &str, mode: u32) {
        fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()));
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    /// A file in a user's home folder, theirs, 0600; missing folders above it are made theirs, 0700.
    pub fn write_home(&self, user: &User, path: &str, text: &str) -> PathBuf {
        let file = user.home.join(path);
        let (uid, gid) = (Some(Uid::from_raw(user.uid)), Some(Gid::from_raw(user.uid)));
        let folders: Vec<_> = file.ancestors().skip(1).take_while(|folder| *folder != user.home).collect();
        for folder in folders.into_iter().rev().filter(|folder| !folder.exists()) {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
            chown(folder, uid, gid).unwrap();
        }
        self.write(&file, text, 0o600);
        chown(&file, uid, gid).unwrap();
        file
    }

    /// Gives a file or folder to mfad's user, with this mode.
    pub fn give_to_daemon(&self, path: &Path, mode: u32) {
        let daemon = nix::unistd::User::from_name(DAEMON).unwrap().expect("mfad's user");
        chown(path, Some(daemon.uid), Some(daemon.gid)).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Covers the state folder with a disk of its own that has these limits (`size=…`, `nr_inodes=…`), to be filled.
    pub fn small_state_disk(&self, limits: &str) {
        mounts::small_disk(&self.state_dir(), limits);
        self.give_to_daemon(&self.state_dir(), 0o700);
    }

    /// Makes that disk read-only, or writable again, while nobody writes to it.
    pub fn state_disk_is_read_only(&self, read_only: bool) {
        mounts::read_only(&self.state_dir(), read_only);
    }

    /// The processes that live in this world, the test's own left out.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        let here = fs::read_link(NAMESPACE).unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != own && fs::read_link(format!("/proc/{pid}/ns/mnt")).is_ok_and(|ns| ns == here))
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        let told = if panicking { Vec::new() } else { canary::told(self) };
        let faults = if panicking { Vec::new() } else { form::faults(self) };
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > end {
                break;
            }
            for pid in left {
                // It may have ended by itself in between.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.log = None;
        // With one test thread all worlds are made by the main thread: the next begins from the machine.
        // It fails while a thread of the test still runs; then the namespace ends with that thread.
        if setns(&self.machine, CloneFlags::CLONE_NEWNS).is_ok() {
            let _ = std::env::set_current_dir(&self.cwd);
        }
        assert!(told.is_empty(), "a secret got out: {told:#?}");
        assert!(faults.is_empty(), "a line has another form than docs/logs.md says: {faults:#?}");
    }
}
