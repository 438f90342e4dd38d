//! A desktop of our own: private buses, a real keyring, a fake mfad, a notification server that records.

pub(crate) mod another;
pub(crate) mod application;
mod canary;
mod keyring;
pub(crate) mod mfad;
pub(crate) mod notifications;
pub(crate) mod patchy;
#[cfg(feature = "gui")]
pub(crate) mod reader;
#[cfg(feature = "gui")]
pub(crate) mod screen;
pub(crate) mod secrets;
pub(crate) mod stripping;

use mfa_core::bus::Listed;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use zbus::Connection;
use zbus::connection::Builder;

/// Ends with everything it started.
pub(crate) struct Desktop {
    pub folder: TempDir,
    system_bus: Option<Child>,
    session_bus: Option<Child>,
    keyring: Option<Child>,
    agent: Option<Child>,
    /// The X display of its screen, where it has one.
    pub display: Option<String>,
    /// The folder of its translations, where it speaks German.
    german: Option<PathBuf>,
}

impl Desktop {
    /// Both buses, and a keyring that is unlocked.
    pub(crate) async fn with_keyring() -> Self {
        let mut desktop = Self::without_keyring();
        desktop.start_keyring().await;
        desktop
    }

    /// Both buses; nobody answers as the Secret Service.
    pub(crate) fn without_keyring() -> Self {
        let folder = tempfile::Builder::new().prefix("mfa-desktop-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for part in ["home", "run", "data"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        let run = folder.path().join("run");
        std::fs::set_permissions(run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let mut desktop = Self {
            folder,
            system_bus: None,
            session_bus: None,
            keyring: None,
            agent: None,
            display: None,
            german: None,
        };
        desktop.start_system_bus();
        desktop.session_bus = Some(desktop.bus("session"));
        desktop
    }

    /// Both buses; the session's knows our shipped activation files, with the built program in it.
    pub(crate) fn with_activation() -> Self {
        let mut desktop = Self::without_keyring();
        end(&mut desktop.session_bus);
        std::fs::remove_file(desktop.path("session.sock")).unwrap();
        std::fs::create_dir(desktop.path("services")).unwrap();
        for (name, shipped, line) in [
            (
                "Authenticator.Agent",
                include_str!("../../../../packaging/dbus/io.github.pam_mfa.Authenticator.Agent.service"),
                "agent",
            ),
            (
                "Authenticator",
                include_str!("../../../../packaging/dbus/io.github.pam_mfa.Authenticator.service"),
                "window --gapplication-service",
            ),
        ] {
            assert!(shipped.contains(&format!("Exec=/usr/bin/mfa-authenticator {line}\n")));
            let built = shipped.replace("/usr/bin/mfa-authenticator", env!("CARGO_BIN_EXE_mfa-authenticator"));
            std::fs::write(desktop.path(&format!("services/io.github.pam_mfa.{name}.service")), built).unwrap();
        }
        desktop.session_bus = Some(desktop.bus("session"));
        desktop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bus(&self, kind: &str) -> Child {
        let socket = self.path(&format!("{kind}.sock"));
        let config = self.path(&format!("{kind}.conf"));
        let services = self.path("services");
        let services = if kind == "session" && services.exists() {
            format!("<servicedir>{}</servicedir>", services.display())
        } else {
            String::new()
        };
        // As loose as can be: what holds here holds everywhere.
        let text = format!(
            "<busconfig><type>{kind}</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>{services}\
             <policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\" \
             eavesdrop=\"true\"/><allow receive_sender=\"*\" eavesdrop=\"true\"/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("dbus-daemon")
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.address("system"))
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--nosyslog"])
            .stdin(Stdio::null())
            // Of what it starts, too: agents and windows.
            .stderr(self.log(&format!("{kind}-bus.log")))
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "dbus-daemon does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    /// Tells the session bus, as a session's start does, on which screen what it starts is to be.
    #[cfg(feature = "gui")]
    pub(crate) async fn tell_the_bus(&self, display: &str) {
        let session = self.connect("session").await;
        let home = self.path("home").display().to_string();
        let environment = std::collections::HashMap::from([
            ("DISPLAY", display),
            ("HOME", home.as_str()),
            ("GDK_BACKEND", "x11"),
            ("GSK_RENDERER", "cairo"),
            ("GTK_A11Y", "atspi"),
            ("GSETTINGS_BACKEND", "memory"),
        ]);
        let bus = Some("org.freedesktop.DBus");
        let update = "UpdateActivationEnvironment";
        session.call_method(bus, "/org/freedesktop/DBus", bus, update, &environment).await.unwrap();
    }

    pub(crate) fn start_system_bus(&mut self) {
        self.system_bus = Some(self.bus("system"));
    }

    pub(crate) fn stop_system_bus(&mut self) {
        end(&mut self.system_bus);
        std::fs::remove_file(self.path("system.sock")).ok();
    }

    pub(crate) fn address(&self, kind: &str) -> String {
        format!("unix:path={}", self.path(&format!("{kind}.sock")).display())
    }

    pub(crate) async fn connect(&self, kind: &str) -> Connection {
        Builder::address(self.address(kind).as_str()).build().await.unwrap()
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.address("session"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.address("system"));
        if let Some(display) = &self.display {
            command.env("DISPLAY", display).envs([
                ("GDK_BACKEND", "x11"),
                ("GSK_RENDERER", "cairo"),
                ("GTK_A11Y", "atspi"),
                ("GSETTINGS_BACKEND", "memory"),
                ("LANG", "C.UTF-8"),
            ]);
        }
        if let Some(folder) = &self.german {
            command.env("TEXTDOMAINDIR", folder).env("LANG", "de_DE.UTF-8").env("LANGUAGE", "de");
        }
        command
    }

    /// From now on what is started speaks German.
    pub(crate) fn speaks_german(&mut self) {
        let folder = self.path("locale");
        let messages = folder.join("de/LC_MESSAGES");
        std::fs::create_dir_all(&messages).unwrap();
        let po = Path::new(env!("CARGO_MANIFEST_DIR")).join("../po/de.po");
        let made = Command::new("msgfmt").arg("-o").arg(messages.join("mfa-authenticator.mo")).arg(po).status();
        assert!(made.unwrap().success());
        self.german = Some(folder);
    }

    /// Our program in this session.
    pub(crate) fn command_line(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_mfa-authenticator"))
    }

    /// The process that owns the agent's name.
    pub(crate) async fn agent_pid(&self) -> u32 {
        let bus = zbus::fdo::DBusProxy::new(&self.connect("session").await).await.unwrap();
        bus.get_connection_unix_process_id(mfa_core::bus::AGENT.try_into().unwrap()).await.unwrap()
    }

    /// Runs our program with `input` on its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command_line()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
        assert_eq!(canary::found_in(&output.stderr), None, "{arguments:?} complained about it");
        output
    }

    /// [`Self::run`] that must succeed; what it printed.
    pub(crate) fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// [`Self::run`] that must be refused with status 1; what it complained about.
    pub(crate) fn refused(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts the agent and leaves it running.
    pub(crate) fn start_agent(&mut self) {
        self.agent = Some(self.spawn_agent());
    }

    /// One agent, for the caller to end.
    pub(crate) fn spawn_agent(&self) -> Child {
        let log = self.log("agent.log");
        self.command_line().arg("agent").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Where a program complains to; what was there stays.
    pub(crate) fn log(&self, name: &str) -> std::fs::File {
        std::fs::File::options().create(true).append(true).open(self.path(name)).unwrap()
    }

    /// Asks the agent to end; how long that took.
    pub(crate) fn end_agent(&mut self) -> Duration {
        let mut agent = self.agent.take().unwrap();
        let started = Instant::now();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(agent.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        tokio::task::block_in_place(|| agent.wait().unwrap());
        started.elapsed()
    }

    pub(crate) fn agent_is_running(&mut self) -> bool {
        self.agent.as_mut().is_some_and(|agent| agent.try_wait().unwrap().is_none())
    }

    pub(crate) fn agent_log(&self) -> String {
        std::fs::read_to_string(self.path("agent.log")).unwrap_or_default()
    }

    pub(crate) fn listed(&self) -> Vec<Listed> {
        serde_json::from_str(&self.done(&["requests", "--json"], "")).unwrap()
    }

    /// How the newest request in the history ended.
    pub(crate) fn last_outcome(&self) -> String {
        let history: Vec<mfa_core::bus::Decided> =
            serde_json::from_str(&self.done(&["history", "--json"], "")).unwrap();
        history.first().map(|decided| decided.outcome.clone()).unwrap_or_default()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for log in ["agent.log", "window.log", "session-bus.log", "system-bus.log"] {
                eprintln!("{log}:\n{}", std::fs::read_to_string(self.path(log)).unwrap_or_default());
            }
        }
        for child in [&mut self.agent, &mut self.keyring, &mut self.session_bus, &mut self.system_bus] {
            end(child);
        }
        if !std::thread::panicking() {
            let mut telling = canary::logs_that_tell(self.folder.path());
            for folder in ["home", "data", "run"] {
                telling.extend(canary::files_that_tell(&self.path(folder)));
            }
            assert!(telling.is_empty(), "a secret got out: {telling:#?}");
        }
    }
}

fn end(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        child.kill().ok();
        child.wait().ok();
    }
}

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `now` is so.
pub(crate) async fn wait(what: &str, mut now: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !now().await {
        assert!(Instant::now() < until, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
