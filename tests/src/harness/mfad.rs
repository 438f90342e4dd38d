//! The daemon of a world, and what tests do to it: stop, kill, freeze, restart, another clock.

use super::World;
use super::program::{Program, built, code, crash, end_of, text_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Debian's place for libfaketime; `dpkg -L libfaketime` says. The one for threads: two that read the other's file at once see the true
/// time for a moment.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// What systemd sets for a service whose output goes to the journal (systemd.exec(5)).
const JOURNAL_STREAM: &str = "JOURNAL_STREAM";

/// How long it may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A daemon that runs, or ran and may be started again. It ends with the value.
pub struct Mfad {
    child: Option<Child>,
    config: PathBuf,
    state_dir: PathBuf,
    run_dir: PathBuf,
    errors: PathBuf,
    clock: PathBuf,
    faked: bool,
    /// Its timers follow the faked clock.
    timers: bool,
    log_level: &'static str,
    args: Vec<String>,
    env: Vec<(String, String)>,
    limit: Option<String>,
    behind: Vec<OsString>,
}

impl Mfad {
    /// Writes `policy` as its configuration, starts it and waits for both sockets.
    #[must_use]
    pub fn start(world: &World, policy: &str) -> Self {
        let mut mfad = Self::new(world, policy);
        mfad.run();
        mfad
    }

    /// The same with at most this many open descriptors.
    #[must_use]
    pub fn start_with_descriptors(world: &World, policy: &str, most: u32) -> Self {
        let mut mfad = Self::new(world, policy);
        mfad.limit = Some(format!("--nofile={most}:{most}"));
        mfad.run();
        mfad
    }

    /// The same with a clock of its own, for [`Mfad::set_clock`].
    #[must_use]
    pub fn start_with_own_clock(world: &World, policy: &str) -> Self {
        let mut mfad = Self::new(world, policy);
        mfad.faked = true;
        mfad.set_clock(0);
        mfad.run();
        mfad
    }

    /// The same, whose timers follow that clock, for [`Mfad::lets_pass`]. What it counts since the boot (`CLOCK_BOOTTIME`: budgets
    /// and delays) it asks the kernel for itself, and that stays true.
    #[must_use]
    pub fn start_with_own_timers(world: &World, policy: &str) -> Self {
        let mut mfad = Self::new(world, policy);
        (mfad.faked, mfad.timers) = (true, true);
        mfad.set_clock(0);
        mfad.run();
        mfad
    }

    /// One that does not run yet: for [`Mfad::run`] or [`Mfad::fails_to_start`].
    #[must_use]
    pub fn new(world: &World, policy: &str) -> Self {
        let config = world.folder().join("mfa.toml");
        world.write(&config, policy, 0o644);
        Self {
            child: None,
            config,
            state_dir: world.state_dir(),
            run_dir: world.run_dir(),
            errors: world.folder().join("mfad.err"),
            clock: world.folder().join("clock"),
            faked: false,
            timers: false,
            // What the canary looks through is all that can be logged.
            log_level: "debug",
            args: Vec::new(),
            env: Vec::new(),
            limit: None,
            behind: Vec::new(),
        }
    }

    /// From the next start on no file of its grows past this size: the write that reaches it is short, the next one fails
    /// (`setrlimit(2)`, `RLIMIT_FSIZE`). `None` takes the limit away.
    pub fn largest_file(&mut self, bytes: Option<u64>) {
        self.limit = bytes.map(|bytes| format!("--fsize={bytes}"));
    }

    /// Logs what it does where it is installed, and no more: for measurements.
    #[must_use]
    pub fn logging_as_installed(mut self) -> Self {
        self.log_level = "info";
        self
    }

    /// One more argument for the next start.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Has it log to the world's [`Journal`](super::Journal), as under systemd.
    #[must_use]
    pub fn logging_to_the_journal(self) -> Self {
        self.env(JOURNAL_STREAM, "1:1")
    }

    /// One more variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it says that it is ready: its sockets accept before it has its folders and minds signals.
    ///
    /// # Panics
    /// When it runs already, ends, or is not ready in ten seconds: with everything it wrote.
    pub fn run(&mut self) {
        assert!(self.child.is_none(), "mfad runs already");
        let before = self.said().len();
        self.child = Some(self.spawn());
        let end = Instant::now() + PATIENCE;
        while !self.said().get(before..).is_some_and(|now| now.contains("ready; ")) || !self.accepts() {
            if let Some(status) = self.child().try_wait().unwrap() {
                panic!("mfad ended with {status}:\n{}", self.errors());
            }
            assert!(Instant::now() < end, "mfad is not ready:\n{}", self.errors());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it, expects it to refuse, and gives its exit code and what it wrote this time.
    ///
    /// # Panics
    /// When it still runs after ten seconds.
    #[must_use]
    pub fn fails_to_start(&self) -> (i32, String) {
        let before = self.errors().len();
        let mut child = self.spawn();
        let status = end_of(&mut child, PATIENCE).expect("mfad refuses to start");
        (code(status), self.errors().split_off(before))
    }

    /// Starts it behind this program (`strace …`), which then is it. Nothing where it says that it is ready; its exit code and what it
    /// wrote, where it ended.
    ///
    /// # Panics
    /// When it does neither in ten seconds.
    pub fn comes_up_behind(&mut self, words: Vec<OsString>) -> Option<(i32, String)> {
        assert!(self.child.is_none(), "mfad runs already");
        let before = self.errors().len();
        self.behind = words;
        let mut child = self.spawn();
        self.behind.clear();
        let end = Instant::now() + PATIENCE;
        loop {
            // The end is looked at before the words: what was said before it is then read.
            let status = child.try_wait().unwrap();
            let said = self.errors().split_off(before);
            if let Some(status) = status {
                return Some((code(status), said));
            }
            if said.contains("ready; ") {
                self.child = Some(child);
                return None;
            }
            if Instant::now() > end {
                let _ = child.kill();
                let _ = child.wait();
                panic!("mfad is neither ready nor gone:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end (SIGTERM) and waits; its exit code.
    pub fn stop(&mut self) -> i32 {
        self.signal(Signal::SIGTERM);
        let mut child = self.child.take().expect("mfad runs");
        let status = end_of(&mut child, PATIENCE);
        code(status.unwrap_or_else(|| panic!("mfad did not end:\n{}", self.errors())))
    }

    /// Ends it as a power cut would.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("mfad runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Has a signal such as SIGSEGV end it; how it ended.
    #[must_use]
    pub fn crashes(&mut self, signal: Signal) -> ExitStatus {
        crash(&mut self.child.take().expect("mfad runs"), signal)
    }

    /// Kills it and starts it again.
    pub fn restart(&mut self) {
        self.kill9();
        self.run();
    }

    /// Stops it in its tracks; its sockets stay.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Has it read its configuration again, after writing this one.
    pub fn reload(&self, policy: &str) {
        // Its sockets accept before it minds signals; systemd too reloads only what said that it is ready.
        let end = Instant::now() + PATIENCE;
        while !self.errors().contains("ready; ") {
            assert!(Instant::now() < end, "mfad is not ready:\n{}", self.errors());
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::write(&self.config, policy).unwrap();
        self.signal(Signal::SIGHUP);
    }

    /// Sets its wall clock this many seconds off the machine's, at once. Only for one that was
    /// started with its own clock.
    pub fn set_clock(&self, offset: i64) {
        assert!(self.faked, "start mfad with its own clock");
        // Written beside and renamed: libfaketime reads it at any moment.
        let new = self.clock.with_extension("new");
        fs::write(&new, format!("{offset:+}\n")).unwrap();
        fs::rename(new, &self.clock).unwrap();
    }

    /// Has its clock and its timers stand this many seconds after its start's, at once. Only for one that was started with its own
    /// timers.
    ///
    /// # Panics
    /// When it does not run.
    pub fn lets_pass(&self, seconds: i64) {
        assert!(self.timers, "start mfad with its own timers");
        // What it is in the middle of is done first: a machine's step that spans the leap would be late.
        std::thread::sleep(Duration::from_millis(100));
        self.set_clock(seconds);
        // It sleeps until the next timer by the time that was: somebody at the door has it look at its clock.
        assert!(self.accepts(), "mfad does not run");
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.as_ref().expect("mfad runs").id()).unwrap()
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When it was never started.
    pub fn runs(&mut self) -> bool {
        self.child().try_wait().unwrap().is_none()
    }

    /// Everything it and its predecessors wrote.
    #[must_use]
    pub fn errors(&self) -> String {
        text_of(&self.errors)
    }

    /// The same, or what the journal has of it where it logs there.
    fn said(&self) -> String {
        if !self.env.iter().any(|(name, _)| name == JOURNAL_STREAM) {
            return self.errors();
        }
        Program::new("journalctl").args(["--quiet", "--output=cat", "--identifier=mfad"]).run("").stdout
    }

    /// The configuration file, for tests that damage it.
    #[must_use]
    pub fn config(&self) -> &std::path::Path {
        &self.config
    }

    fn spawn(&self) -> Child {
        let mut program = match &self.limit {
            None => Program::new(built("mfad")),
            // An ignored SIGXFSZ stays ignored over exec: the write fails instead of ending the process. What it says goes
            // through a pipe, which has no size.
            Some(limit) => {
                let pipe = self.errors.with_extension("pipe");
                let limited = "trap '' XFSZ; rm -f \"$0\"; mkfifo \"$0\"; cat \"$0\" & exec prlimit \"$@\" 2>\"$0\"";
                Program::new("sh").args(["-c", limited]).arg(pipe).arg(limit).arg(built("mfad"))
            }
        };
        program = program
            .arg("--config")
            .arg(&self.config)
            .arg("--state-dir")
            .arg(&self.state_dir)
            .arg("--run-dir")
            .arg(&self.run_dir)
            .args(["--user", "_mfad", "--log-level", self.log_level])
            .args(&self.args);
        if !self.behind.is_empty() {
            program = program.behind(&self.behind);
        }
        for (name, value) in &self.env {
            program = program.env(name, value);
        }
        if self.faked {
            program = program
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME_TIMESTAMP_FILE", &self.clock)
                .env("FAKETIME_NO_CACHE", "1");
        }
        if self.faked && !self.timers {
            // The monotonic clock stays true: only wall time is in question.
            program = program.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        }
        let errors = File::options().create(true).append(true).open(&self.errors).unwrap();
        let mut command = program.command();
        command.stdout(errors.try_clone().unwrap()).stderr(errors);
        command.spawn().expect("mfad")
    }

    fn accepts(&self) -> bool {
        ["root.sock", "user.sock"].iter().all(|name| UnixStream::connect(self.run_dir.join(name)).is_ok())
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("mfad runs")
    }
}

impl Drop for Mfad {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
