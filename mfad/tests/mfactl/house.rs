//! A mfad of a test's own, and mfactl as an administrator calls it.

use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) const MFACTL: &str = env!("CARGO_BIN_EXE_mfactl");

const POLICY: &str = "require = \"required\"\n";

/// The user mfad works as: any but root will do.
pub(crate) const NOBODY: u32 = 65_534;

/// Folders, a policy and a running mfad; gone with the value.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    pub(crate) run_dir: PathBuf,
    mfad: Option<Child>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Refused with exactly this code and these words somewhere.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words) || self.out.contains(words), "no {words:?} in {self:?}");
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// One object a line.
    #[track_caller]
    pub(crate) fn objects(self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let mut house = Self::silent();
        house.start();
        house
    }

    /// One whose mfad does not run yet.
    pub(crate) fn silent() -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests need root");
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("mfa-ctl-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // Not below /tmp: what others can write is refused.
        let (folder, run_dir) = (Path::new("/var/lib").join(&name), Path::new("/run").join(&name));
        let house = Self { folder, run_dir, mfad: None };
        for folder in [&house.folder, &house.run_dir] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        house.write("mfa.toml", POLICY);
        house
    }

    /// Writes a file of root's.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn config(&self) -> String {
        self.folder.join("mfa.toml").to_str().unwrap().to_owned()
    }

    pub(crate) fn start(&mut self) {
        let errors = fs::File::options().create(true).append(true).open(self.folder.join("mfad.err")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_mfad"))
            .args(["--config", &self.config(), "--user", "nobody"])
            .arg("--state-dir")
            .arg(self.state_dir())
            .arg("--run-dir")
            .arg(&self.run_dir)
            .stderr(errors)
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while !self.mfactl(&["status", "root"]).out.contains("root") {
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "mfad does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.mfad = Some(child);
    }

    /// Has mfad read its configuration again, and waits until it did.
    pub(crate) fn reload(&self) {
        let read = || self.mfactl(&["log"]).ok().matches("policy.changed").count();
        let (before, end) = (read(), Instant::now() + Duration::from_secs(10));
        let pid = rustix::process::Pid::from_child(self.mfad.as_ref().unwrap());
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        while read() == before {
            assert!(Instant::now() < end, "mfad does not read its configuration");
            std::thread::sleep(Duration::from_millis(10));
        }
        // The event is recorded a moment before the result is in force.
        std::thread::sleep(Duration::from_millis(100));
    }

    pub(crate) fn stop(&mut self) {
        let mut child = self.mfad.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap();
        assert!(UnixStream::connect(self.run_dir.join("root.sock")).is_err());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(MFACTL);
        command.arg("--run-dir").arg(&self.run_dir).args(arguments);
        command
    }

    /// Without input.
    pub(crate) fn mfactl(&self, arguments: &[&str]) -> Ran {
        run(self.command(arguments), "")
    }

    pub(crate) fn typing(&self, arguments: &[&str], input: &str) -> Ran {
        run(self.command(arguments), input)
    }

    pub(crate) fn offline(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(MFACTL);
        command.args(["--offline", "--config", &self.config(), "--state-dir"]).arg(self.state_dir()).args(arguments);
        run(command, "")
    }

    /// A confirmed factor; its key.
    pub(crate) fn enrolled(&self, user: &str, kind: &str) -> String {
        let made = self.mfactl(&["enroll", user, "--type", kind, "--no-confirm", "--json"]).json();
        made["secret"].as_str().unwrap().to_owned()
    }

    /// The one factor of a user.
    pub(crate) fn status(&self, user: &str) -> Value {
        self.mfactl(&["status", user, "--json"]).json()
    }

    /// A file of mfad's.
    pub(crate) fn give(&self, path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut child) = self.mfad.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_dir_all(&self.run_dir);
    }
}

pub(crate) fn run(mut command: Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: ended.status.code().unwrap_or(-1), out: text(ended.stdout), err: text(ended.stderr) }
}

/// Reads on until `words` came.
pub(crate) fn read_until(from: &mut impl Read, words: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains(words) {
        assert_eq!(from.read(&mut byte).unwrap(), 1, "no {words:?} in {}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

pub(crate) fn program(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name).args(arguments).output().unwrap_or_else(|_| panic!("{name} is needed"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The code of a base32 key now.
pub(crate) fn totp(key: &str) -> String {
    program("oathtool", &["--totp", "-b", key])
}

/// The code of a base32 key and a counter.
pub(crate) fn hotp(key: &str, counter: u64) -> String {
    program("oathtool", &["-b", "-c", &counter.to_string(), key])
}
