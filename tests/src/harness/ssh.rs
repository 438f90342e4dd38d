//! The command lines of OpenSSH's clients against a world's sshd.
//!
//! They run as root of the world with nothing of the machine's ssh configuration, keys or agents.

use super::program::Program;
use super::{Sshd, User, World};
use std::path::{Path, PathBuf};

/// Whom to log in as, and how.
#[derive(Debug, Clone)]
pub struct Ssh {
    user: String,
    port: u16,
    known_hosts: PathBuf,
    options: Vec<String>,
}

impl Ssh {
    /// As `user`, by keyboard-interactive alone until [`Ssh::key`] or an option says otherwise.
    #[must_use]
    pub fn to(sshd: &Sshd, user: &str) -> Self {
        Self {
            user: user.to_owned(),
            port: sshd.port(),
            known_hosts: sshd.known_hosts().to_owned(),
            options: Vec::new(),
        }
    }

    /// One more `-o`; the first of a name counts.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// Makes a key pair for `user`, puts it into their `authorized_keys` and offers it.
    #[must_use]
    pub fn key(self, world: &World, user: &User) -> Self {
        let file = world.folder().join(format!("key-{}", user.name));
        if !file.exists() {
            let _ = Program::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file).run("").ok();
        }
        let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        world.write_home(user, ".ssh/authorized_keys", &public);
        self.option(&format!("IdentityFile={}", file.display()))
            .option("PreferredAuthentications=publickey,keyboard-interactive")
    }

    /// `ssh`, running `command` on the other side, or a shell when it is empty.
    #[must_use]
    pub fn command(&self, command: &str) -> Program {
        let ssh = self.client("ssh").arg(format!("{}@127.0.0.1", self.user));
        if command.is_empty() { ssh } else { ssh.arg(command) }
    }

    /// `scp` of a file here to a path there.
    #[must_use]
    pub fn copy_to(&self, from: &Path, to: &str) -> Program {
        self.client("scp").arg(from).arg(format!("{}@127.0.0.1:{to}", self.user))
    }

    /// `sftp`, reading its commands from the file `batch` but asking as usual.
    #[must_use]
    pub fn transfer(&self, batch: &Path) -> Program {
        // -b sets BatchMode, which forbids prompts; the first of an option counts.
        self.client_with("sftp", &["-oBatchMode=no"]).arg("-b").arg(batch).arg(format!("{}@127.0.0.1", self.user))
    }

    fn client(&self, name: &str) -> Program {
        self.client_with(name, &[])
    }

    fn client_with(&self, name: &str, first: &[&str]) -> Program {
        let known = format!("-oUserKnownHostsFile={}", self.known_hosts.display());
        Program::new(name)
            .args(["-F", "/dev/null"])
            .args(first)
            .args(self.options.iter().map(|option| format!("-o{option}")))
            .args([known, format!("-oPort={}", self.port)])
            .args(["-oGlobalKnownHostsFile=/dev/null", "-oStrictHostKeyChecking=yes", "-oIdentitiesOnly=yes"])
            .args(["-oIdentityFile=none", "-oIdentityAgent=none", "-oConnectTimeout=20"])
            .arg("-oPreferredAuthentications=keyboard-interactive")
    }
}
