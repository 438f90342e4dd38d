//! The accounts of a world: they stand in its own copies of passwd, shadow and group alone.
//!
//! Called by `World`. All have the same password, so that `pam_unix` can be the first factor.

use nix::unistd::{Gid, Uid, chown};
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The password of every account of a world, root included.
pub const PASSWORD: &str = "correct horse";

/// [`PASSWORD`] as `openssl passwd -6 -salt mfatests` prints it (crypt(5), sha512crypt).
const HASH: &str = "$6$mfatests$TbxSioFN8V/3tQynyyLMuy8DceWifj1cFN0taDtmT1P3IB7FUtpMKoEc8GMaY.E2x9o98o.PVDCG4qSvgJgYo.";

/// The system user mfad drops to.
pub(super) const DAEMON: &str = "_mfad";

/// What a Debian system has and programs look up: sshd's separated user, nobody, mfad's own.
const SYSTEM: [(&str, u32, u32); 3] = [("sshd", 102, 65534), ("nobody", 65534, 65534), (DAEMON, 990, 990)];

const GROUPS: [(&str, u32); 6] =
    [("root", 0), ("tty", 5), ("shadow", 42), ("utmp", 43), ("nogroup", 65534), (DAEMON, 990)];

/// An account of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Numeric id; the group of the same number is the user's own.
    pub uid: u32,
    /// Home folder, inside the world.
    pub home: PathBuf,
}

/// The accounts and groups of a world, as they are written to `/etc`.
pub(super) struct Accounts {
    users: Vec<User>,
    groups: Vec<(String, u32, Vec<String>)>,
    homes: PathBuf,
}

impl Accounts {
    /// Root and the system's users, written out.
    pub(super) fn new(homes: &Path) -> Self {
        let groups = GROUPS.map(|(name, gid)| (name.to_owned(), gid, Vec::new())).to_vec();
        let mut accounts = Self { users: Vec::new(), groups, homes: homes.to_owned() };
        accounts.add("root", 0);
        accounts
    }

    /// A user with a home folder and a group of their own. The same uid may be given twice (an alias).
    pub(super) fn add(&mut self, name: &str, uid: u32) -> User {
        assert!(self.users.iter().all(|u| u.name != name), "{name} is there already");
        let home = self.homes.join(name);
        fs::create_dir_all(&home).unwrap();
        fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        chown(&home, Some(Uid::from_raw(uid)), Some(Gid::from_raw(uid))).unwrap();
        let user = User { name: name.to_owned(), uid, home };
        self.users.push(user.clone());
        if self.groups.iter().all(|(_, gid, _)| *gid != uid) {
            self.groups.push((name.to_owned(), uid, Vec::new()));
        }
        self.write();
        user
    }

    /// The account is gone; its home folder stays.
    pub(super) fn remove(&mut self, name: &str) {
        self.users.retain(|u| u.name != name);
        self.write();
    }

    /// Another uid for an account, as after a re-installation.
    pub(super) fn change_uid(&mut self, name: &str, uid: u32) {
        self.users.iter_mut().find(|u| u.name == name).unwrap_or_else(|| panic!("no account {name}")).uid = uid;
        self.write();
    }

    /// A group with these members.
    pub(super) fn group(&mut self, name: &str, gid: u32, members: &[&str]) {
        self.groups.retain(|(n, _, _)| n != name);
        self.groups.push((name.to_owned(), gid, members.iter().map(|m| (*m).to_owned()).collect()));
        self.write();
    }

    /// The account of this name.
    pub(super) fn user(&self, name: &str) -> User {
        self.users.iter().find(|u| u.name == name).unwrap_or_else(|| panic!("no account {name}")).clone()
    }

    fn write(&self) {
        let (mut passwd, mut shadow, mut group) = (String::new(), String::new(), String::new());
        for User { name, uid, home } in &self.users {
            // Writing to a String cannot fail.
            let _ = writeln!(passwd, "{name}:x:{uid}:{uid}::{}:/bin/sh", home.display());
            let _ = writeln!(shadow, "{name}:{HASH}:19000:0:99999:7:::");
        }
        for (name, uid, gid) in SYSTEM {
            let _ = writeln!(passwd, "{name}:x:{uid}:{gid}::/nonexistent:/usr/sbin/nologin");
            let _ = writeln!(shadow, "{name}:!:19000::::::");
        }
        for (name, gid, members) in &self.groups {
            let _ = writeln!(group, "{name}:x:{gid}:{}", members.join(","));
        }
        for (file, text, mode) in
            [("/etc/passwd", passwd, 0o644), ("/etc/shadow", shadow, 0o640), ("/etc/group", group, 0o644)]
        {
            fs::write(file, text).unwrap();
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
    }
}
