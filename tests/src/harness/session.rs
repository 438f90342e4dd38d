//! A user's own session: a session bus with an unlocked gnome-keyring, our programs in it, and a desktop's shell that records.
//!
//! Used by tests of the whole way, from a login to the notification. What a session starts ends with it.

use super::program::{Program, built, text_of};
use super::{User, World};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

/// How long something in a session may take to happen.
const PATIENCE: Duration = Duration::from_secs(15);

/// A session bus with an unlocked keyring, until its input ends.
const SESSION: &str = r#"
printf test-pass | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
printf %s "$DBUS_SESSION_BUS_ADDRESS" >"$HOME/bus.new" && mv "$HOME/bus.new" "$HOME/bus"
cat >/dev/null
"#;

/// A session; it ends with the value.
pub struct Session {
    child: Child,
    user: User,
    bus: String,
    agent_log: PathBuf,
}

impl Session {
    /// Starts one of `user`.
    ///
    /// # Panics
    /// When it does not come up in time.
    #[must_use]
    pub fn start(world: &World, user: &User) -> Self {
        let home = world.folder().join("home").join(&user.name);
        let program = environment(Program::new("dbus-run-session").args(["--", "sh", "-c", SESSION]), user);
        let child = program.bound_to_the_test().command().stdin(Stdio::piped()).spawn().expect("dbus-run-session");
        let end = Instant::now() + PATIENCE;
        let bus = loop {
            if let Ok(bus) = std::fs::read_to_string(home.join("bus")) {
                break bus;
            }
            assert!(Instant::now() < end, "no session");
            std::thread::sleep(Duration::from_millis(20));
        };
        let agent_log = world.folder().join(format!("agent-{}.log", user.uid));
        Self { child, user: user.clone(), bus, agent_log }
    }

    /// `mfa-authenticator` in this session.
    #[must_use]
    pub fn authenticator(&self, args: &[&str]) -> Program {
        self.entered(Program::new(built("mfa-authenticator")).args(args))
    }

    /// A program as this user, in this session.
    #[must_use]
    pub fn entered(&self, program: Program) -> Program {
        environment(self.reached(program), &self.user)
    }

    /// A program that knows this session's bus, as whoever it runs.
    #[must_use]
    pub fn reached(&self, program: Program) -> Program {
        program.env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
    }

    /// The agent; the caller ends it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn agent(&self) -> Child {
        let log = File::options().create(true).append(true).open(&self.agent_log).unwrap();
        self.authenticator(&["agent"]).bound_to_the_test().command().stderr(log).spawn().expect("agent")
    }

    /// Waits until the agent has said for the `times`th time that a device is registered.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn agent_serves(&self, times: usize) {
        let said = || text_of(&self.agent_log);
        waits_for("the agent", || said().matches("are shown here").count() >= times, said);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn environment(program: Program, user: &User) -> Program {
    let runtime = format!("/run/user-{}", user.uid);
    std::fs::create_dir_all(&runtime).unwrap();
    std::os::unix::fs::chown(&runtime, Some(user.uid), Some(user.uid)).unwrap();
    std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    program.as_user(user).env("XDG_RUNTIME_DIR", runtime)
}

/// A session's notification server and lock screen, which is open: the program `notifier`. It ends with the value.
pub struct Notifier {
    child: Child,
    stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Notifier {
    /// Starts one; `markup`: it reads bodies as markup.
    ///
    /// # Panics
    /// When it does not own its names in time.
    #[must_use]
    pub fn start(world: &World, session: &Session, markup: bool) -> Self {
        let log = world.folder().join(format!("notifier-{}.log", session.user.uid));
        let program = Program::new(built("notifier")).arg(if markup { "markup" } else { "plain" });
        let mut command = session.entered(program).bound_to_the_test().command();
        command.stdin(Stdio::piped()).stdout(File::create(&log).unwrap());
        let mut child = command.spawn().expect("notifier");
        let notifier = Self { stdin: child.stdin.take(), child, log };
        notifier.waits_for("its names", |lines| lines.iter().any(|line| line == "READY"));
        notifier
    }

    /// Everything it was asked to show, in order: `number`, `title`, `body`, `actions`, and whether it was `closed`.
    #[must_use]
    pub fn shown(&self) -> Vec<serde_json::Value> {
        let lines = self.lines();
        let closed: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("CLOSED ")).collect();
        let shown = lines.iter().filter_map(|line| line.strip_prefix("SHOWN "));
        let mut shown: Vec<serde_json::Value> = shown.map(|json| serde_json::from_str(json).unwrap()).collect();
        for one in &mut shown {
            one["closed"] = closed.contains(&one["number"].to_string().as_str()).into();
        }
        shown
    }

    /// Those that ask about a request.
    #[must_use]
    pub fn requests(&self) -> Vec<serde_json::Value> {
        let asks = |one: &serde_json::Value| one["actions"].as_array().is_some_and(|actions| !actions.is_empty());
        self.shown().into_iter().filter(asks).collect()
    }

    /// Waits until there are `count` of those.
    ///
    /// # Panics
    /// When there are not in time.
    pub fn has_shown(&self, count: usize) {
        self.waits_for("notifications", |_| self.requests().len() >= count);
    }

    /// Waits until every request that was shown was taken away again.
    ///
    /// # Panics
    /// When it is not in time.
    pub fn is_empty(&self) {
        self.waits_for("nothing to be shown", |_| self.requests().iter().all(|one| one["closed"] == true));
    }

    /// The user chooses an action.
    ///
    /// # Panics
    /// When it has ended.
    pub fn press(&mut self, number: u64, key: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "press {number} {key}").unwrap();
    }

    /// The user takes it away, which answers nothing.
    ///
    /// # Panics
    /// When it has ended.
    pub fn dismiss(&mut self, number: u64) {
        writeln!(self.stdin.as_mut().unwrap(), "dismiss {number}").unwrap();
    }

    fn lines(&self) -> Vec<String> {
        text_of(&self.log).lines().map(str::to_owned).collect()
    }

    fn waits_for(&self, what: &str, come: impl Fn(&[String]) -> bool) {
        waits_for(what, || come(&self.lines()), || text_of(&self.log));
    }
}

fn waits_for(what: &str, come: impl Fn() -> bool, said: impl Fn() -> String) {
    let end = Instant::now() + PATIENCE;
    while !come() {
        assert!(Instant::now() < end, "waited in vain for {what}:\n{}", said());
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
