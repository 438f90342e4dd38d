//! A world's system bus, with the policy that is shipped, and devices on it.

use super::hearing::Hearing;
use super::program::{Program, built};
use super::{User, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  POLICIES
</busconfig>
"#;

/// A running dbus-daemon; it ends with the value.
pub struct SystemBus {
    child: Child,
}

impl SystemBus {
    /// Starts one at the usual place of this world, with the policy file of the packaging.
    ///
    /// # Panics
    /// When it does not accept connections in time.
    #[must_use]
    pub fn start(world: &World) -> Self {
        Self::start_with(world, &[])
    }

    /// The same with more policy files.
    ///
    /// # Panics
    /// When it does not accept connections in time.
    #[must_use]
    pub fn start_with(world: &World, more: &[&str]) -> Self {
        let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/dbus/io.github.pam_mfa.Daemon.conf");
        let file = world.folder().join("system-bus.conf");
        let policies = more.iter().map(Path::new).chain([policy.as_path()]);
        let included: String = policies.map(|path| format!("<include>{}</include>", path.display())).collect();
        world.write(&file, &CONFIG.replace("POLICIES", &included), 0o644);
        std::fs::create_dir_all("/run/dbus").unwrap();
        let program = Program::new("dbus-daemon").args(["--nofork", "--nopidfile", "--nosyslog"]);
        let program = program.arg(format!("--config-file={}", file.display())).bound_to_the_test();
        let child = program.command().spawn().expect("dbus-daemon");
        let end = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect("/run/dbus/system_bus_socket").is_err() {
            assert!(Instant::now() < end, "dbus-daemon does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child }
    }
}

impl SystemBus {
    /// Stops it in its tracks; its socket stays and takes connections that nobody answers.
    ///
    /// # Panics
    /// Never while it runs.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// Never while it runs.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }
}

impl Drop for SystemBus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A device of a user: the program `device`. It ends with the value.
pub struct Device {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    lines: Hearing,
    heard: Vec<String>,
}

impl Device {
    /// Starts one with the key of this seed.
    #[must_use]
    pub fn start(user: &User, seed: u8) -> Self {
        let program = Program::new(built("device")).arg(seed.to_string()).as_user(user).bound_to_the_test();
        let mut command = program.command();
        let piped = std::process::Stdio::piped;
        let mut child = command.stdin(piped()).stdout(piped()).spawn().expect("device");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Self { child, stdin, stdout, lines: Hearing::default(), heard: Vec::new() }
    }

    /// Gives a command; the answer, `OK …` or `ERROR …`.
    pub fn does(&mut self, command: &str) -> String {
        self.begins(command);
        self.done()
    }

    /// Gives a command whose answer takes somebody else; [`Device::done`] waits for it.
    pub fn begins(&mut self, command: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{command}").unwrap();
    }

    /// The answer to a command, `OK …` or `ERROR …`.
    pub fn done(&mut self) -> String {
        self.hears(&["OK", "ERROR"])
    }

    /// Pairs and registers it; its name.
    ///
    /// # Panics
    /// When mfad refuses.
    pub fn pair(&mut self, proof: &str) -> String {
        let answer = self.does(&format!("pair test {proof}"));
        let id = answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).to_owned();
        assert_eq!(self.does(&format!("register {id}")), "OK");
        id
    }

    /// The next request it is shown.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn presented(&mut self) -> serde_json::Value {
        let line = self.hears(&["PRESENTED"]);
        serde_json::from_str(line.strip_prefix("PRESENTED ").unwrap()).unwrap()
    }

    /// The next line that begins with one of `words`; others are kept for later.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn hears(&mut self, words: &[&str]) -> String {
        let fits = |line: &String| words.iter().any(|word| line.split(' ').next() == Some(*word));
        if let Some(at) = self.heard.iter().position(fits) {
            return self.heard.remove(at);
        }
        loop {
            let line = self.next_line(PATIENCE).unwrap_or_else(|| panic!("no {words:?}; heard {:?}", self.heard));
            if fits(&line) {
                return line;
            }
            self.heard.push(line);
        }
    }

    /// The first announcement, old or new, that holds `part`; others before it are forgotten.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn is_told(&mut self, part: &str) -> String {
        loop {
            let told = self.hears(&["ANNOUNCED"]);
            if told.contains(part) {
                return told;
            }
        }
    }

    /// Whether no line that begins with `word` comes within `patience`.
    pub fn hears_no(&mut self, word: &str, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while let Some(line) = self.next_line(end.saturating_duration_since(Instant::now())) {
            self.heard.push(line);
        }
        !self.heard.iter().any(|line| line.split(' ').next() == Some(word))
    }

    fn next_line(&mut self, patience: Duration) -> Option<String> {
        let bytes = self.lines.until(&self.stdout, b"\n", patience)?;
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
