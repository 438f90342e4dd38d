//! A desktop of our own: private buses, a real keyring, a fake mfad, a notification server that records.

pub(crate) mod mfad;
pub(crate) mod notifications;
pub(crate) mod secrets;

use mfa_core::bus::Listed;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use zbus::connection::Builder;
use zbus::{Connection, OwnedObjectPath};

const SECRETS: &str = "org.freedesktop.secrets";
const PASSWORD: &[u8] = b"test-pass";

/// Ends with everything it started.
pub(crate) struct Desktop {
    pub folder: TempDir,
    system_bus: Option<Child>,
    session_bus: Option<Child>,
    keyring: Option<Child>,
    agent: Option<Child>,
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
        let mut desktop = Self { folder, system_bus: None, session_bus: None, keyring: None, agent: None };
        desktop.start_system_bus();
        desktop.session_bus = Some(desktop.bus("session"));
        desktop
    }

    /// Both buses; the session's knows our shipped activation file, with the built program in it.
    pub(crate) fn with_activation() -> Self {
        let mut desktop = Self::without_keyring();
        end(&mut desktop.session_bus);
        std::fs::remove_file(desktop.path("session.sock")).unwrap();
        let shipped = include_str!("../../../../packaging/dbus/io.github.pam_mfa.Authenticator.Agent.service");
        assert!(shipped.contains("Exec=/usr/bin/mfa-authenticator agent\n"));
        let built = shipped.replace("/usr/bin/mfa-authenticator", env!("CARGO_BIN_EXE_mfa-authenticator"));
        std::fs::create_dir(desktop.path("services")).unwrap();
        std::fs::write(desktop.path("services/io.github.pam_mfa.Authenticator.Agent.service"), built).unwrap();
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
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "dbus-daemon does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
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

    pub(crate) async fn start_keyring(&mut self) {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--unlock", "--components=secrets", "--foreground"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        keyring.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        self.keyring = Some(keyring);
        let session = self.connect("session").await;
        wait("the keyring", async || self.default_collection(&session).await.is_some()).await;
    }

    pub(crate) fn stop_keyring(&mut self) {
        end(&mut self.keyring);
    }

    async fn default_collection(&self, session: &Connection) -> Option<OwnedObjectPath> {
        let path: OwnedObjectPath = self.secrets(session, "ReadAlias", &"default").await.ok()?;
        (path.as_str() != "/").then_some(path)
    }

    pub(crate) async fn lock_keyring(&self) {
        let session = self.connect("session").await;
        let collection = self.default_collection(&session).await.unwrap();
        let _: (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.secrets(&session, "Lock", &vec![collection]).await.unwrap();
    }

    /// The items of ours, locked or not.
    pub(crate) async fn items(&self) -> Vec<OwnedObjectPath> {
        let session = self.connect("session").await;
        let ours = std::collections::HashMap::from([("service", "io.github.pam_mfa")]);
        let (mut unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.secrets(&session, "SearchItems", &ours).await.unwrap();
        unlocked.extend(locked);
        unlocked
    }

    /// What our items hold, as any program of the session can read it while they are unlocked.
    pub(crate) async fn secret_values(&self) -> Vec<Vec<u8>> {
        let (session, opened) = self.secret_session().await;
        let mut values = Vec::new();
        for item in self.items().await {
            let interface = Some("org.freedesktop.Secret.Item");
            let reply = session.call_method(Some(SECRETS), item, interface, "GetSecret", &opened).await.unwrap();
            let (_, _, value, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) = reply.body().deserialize().unwrap();
            values.push(value);
        }
        values
    }

    /// Puts `value` into our items, as any program of the session can.
    pub(crate) async fn overwrite_secrets(&self, value: &str) {
        let (session, opened) = self.secret_session().await;
        for item in self.items().await {
            let secret = (&opened, Vec::<u8>::new(), value.as_bytes(), "text/plain");
            let interface = Some("org.freedesktop.Secret.Item");
            session.call_method(Some(SECRETS), item, interface, "SetSecret", &(secret,)).await.unwrap();
        }
    }

    async fn secret_session(&self) -> (Connection, OwnedObjectPath) {
        let session = self.connect("session").await;
        let (_, opened): (zbus::OwnedVariant, OwnedObjectPath) =
            self.secrets(&session, "OpenSession", &("plain", zbus::Variant::from(""))).await.unwrap();
        (session, opened)
    }

    async fn secrets<B, R>(&self, session: &Connection, method: &str, body: &B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::DynamicType,
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        let reply = session
            .call_method(
                Some(SECRETS),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                method,
                body,
            )
            .await?;
        reply.body().deserialize()
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.address("session"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.address("system"));
        command
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
        tokio::task::block_in_place(|| child.wait_with_output().unwrap())
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
        let log = std::fs::File::options().create(true).append(true).open(self.path("agent.log")).unwrap();
        self.command_line().arg("agent").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
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
            eprintln!("the agent said:\n{}", self.agent_log());
        }
        for child in [&mut self.agent, &mut self.keyring, &mut self.session_bus, &mut self.system_bus] {
            end(child);
        }
    }
}

fn end(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        child.kill().ok();
        child.wait().ok();
    }
}

/// Waits until `now` is so, for ten seconds at most.
pub(crate) async fn wait(what: &str, mut now: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !now().await {
        assert!(Instant::now() < until, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
