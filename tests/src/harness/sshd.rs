//! A real sshd on a port of 127.0.0.1, with the world's PAM service `sshd`.

use super::World;
use super::program::{Program, text_of};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// OpenSSH's server; it insists on its absolute path because it executes itself again.
const SSHD: &str = "/usr/sbin/sshd";

/// Says that sshd is ready (OpenSSH logs it at level INFO).
const READY: &str = "Server listening on 127.0.0.1";

/// What every test wants; a test's own lines stand before these, and sshd takes the first.
const CONFIG: &str = "\
ListenAddress 127.0.0.1
PidFile none
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication no
PermitRootLogin no
StrictModes no
LogLevel VERBOSE
MaxStartups 300
UseDNS no
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
";

/// OpenSSH 9.8 and later turn away a source whose logins fail, for seconds, and all that tests try comes from one; older ones do not
/// know the word.
fn penalties() -> &'static str {
    let version = Program::new("ssh").arg("-V").run("").stderr;
    let number = version.split("OpenSSH_").nth(1).unwrap_or_default();
    let mut parts = number.split(['.', 'p', ' ']).map_while(|part| part.parse::<u32>().ok());
    if (parts.next(), parts.next()) >= (Some(9), Some(8)) { "PerSourcePenalties no\n" } else { "" }
}

/// A running sshd; it ends with the value.
pub struct Sshd {
    child: Child,
    port: u16,
    log: PathBuf,
    known_hosts: PathBuf,
}

impl Sshd {
    /// Starts one with these lines of sshd_config before the harness's own.
    #[must_use]
    pub fn start(world: &World, config: &str) -> Self {
        let host_key = world.folder().join("host_key");
        if !host_key.exists() {
            let _ =
                Program::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host_key).run("").ok();
        }
        let public = std::fs::read_to_string(host_key.with_extension("pub")).unwrap();
        // Of this one word sshd takes the last line instead of the first (servconf.c).
        let own = CONFIG.lines().filter(|line| !(line.starts_with("MaxStartups") && config.contains("MaxStartups")));
        let own: String = own.map(|line| format!("{line}\n")).collect();
        // Another world may take the port between our look and sshd's own: then the next.
        for _ in 0..20 {
            let port = free_port();
            let log = world.folder().join(format!("sshd-{port}.log"));
            let file = world.folder().join(format!("sshd_config-{port}"));
            world.write(
                &file,
                &format!("{config}\nPort {port}\nHostKey {}\n{own}{}", host_key.display(), penalties()),
                0o600,
            );
            let program = Program::new(SSHD).arg("-D").arg("-f").arg(&file).arg("-E").arg(&log);
            let mut child = program.bound_to_the_test().command().spawn().expect("sshd");
            if is_ready(&mut child, &log) {
                let known_hosts = world.folder().join(format!("known_hosts-{port}"));
                world.write(&known_hosts, &format!("[127.0.0.1]:{port} {public}"), 0o644);
                return Self { child, port, log, known_hosts };
            }
        }
        panic!("sshd found no free port in 20 attempts");
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it wrote to its own log file.
    #[must_use]
    pub fn log(&self) -> String {
        text_of(&self.log)
    }

    pub(super) fn known_hosts(&self) -> &Path {
        &self.known_hosts
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until it listens; false when it ended because the port was taken.
fn is_ready(child: &mut Child, log: &Path) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let text = text_of(log);
        if text.contains(READY) {
            return true;
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(text.contains("Address already in use"), "sshd ended with {status}:\n{text}");
            return false;
        }
        assert!(Instant::now() < end, "sshd is not ready:\n{text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
