//! A program to run in a world: with or without a terminal, as any user, never past a deadline.
//!
//! Used by everything that starts a process. The environment is empty but for a fixed PATH, TERM
//! and locale, so that transcripts are the same everywhere.

use super::User;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails, unless it says otherwise. Generous: two cores,
/// many worlds.
pub const PATIENCE: Duration = Duration::from_secs(20);

const ENVIRONMENT: [(&str, &str); 3] =
    [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("TERM", "dumb"), ("LANG", "C.UTF-8")];

/// Where a world shows the folder of everything cargo built. Its own place may be below a folder
/// that only root may enter.
pub(super) const BUILT: &str = "/run/mfa-built";

/// The path, inside a world, of something cargo built beside the running test: `mfad`, `mfactl`,
/// `pam_client`, `libpam_mfa.so`; `../panic-probe/debug/libpam_mfa.so` for another target folder.
///
/// # Panics
/// When it is not there: `cargo build --workspace` comes before the tests.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let path = Path::new(BUILT).join(profile_folder().file_name().unwrap()).join(name);
    assert!(path.exists(), "{name} is not in {}: tests/run.sh builds all of it", profile_folder().display());
    path
}

/// `target/debug` of the running test, or what the environment variable `MFA_BUILT` names.
pub(super) fn profile_folder() -> PathBuf {
    // Integration tests stand in target/debug/deps.
    let beside = || std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    std::env::var_os("MFA_BUILT").map_or_else(beside, PathBuf::from)
}

/// A command line, its environment and its user.
#[derive(Debug, Clone)]
pub struct Program {
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    setpriv: Vec<OsString>,
    entered: bool,
    before: Vec<OsString>,
    folder: PathBuf,
}

impl Program {
    /// The program of this name or path, as root.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            words: vec![program.as_ref().to_owned()],
            environment: ENVIRONMENT.map(|(name, value)| (name.into(), value.into())).to_vec(),
            setpriv: Vec::new(),
            entered: false,
            before: Vec::new(),
            folder: PathBuf::from("/"),
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.words.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs as this user: uids, gids, groups, HOME and folder.
    #[must_use]
    pub fn as_user(mut self, user: &User) -> Self {
        let (uid, gid) = (format!("--reuid={}", user.uid), format!("--regid={}", user.uid));
        self.setpriv = vec![uid.into(), gid.into(), "--init-groups".into()];
        self.folder.clone_from(&user.home);
        self.env("HOME", &user.home).env("USER", &user.name).env("LOGNAME", &user.name)
    }

    /// Runs with this real uid and effective uid 0, as a set-uid program that this user started.
    #[must_use]
    pub fn with_real_uid(mut self, uid: u32) -> Self {
        self.setpriv = vec![format!("--ruid={uid}").into()];
        self
    }

    /// Runs in a pid namespace of its own, into which its session's leader does not come: as a program entered into a container.
    #[must_use]
    pub fn entered(mut self) -> Self {
        self.entered = true;
        self
    }

    /// Runs as the argument of another program: `strace …`, `valgrind …`.
    #[must_use]
    pub fn behind<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.before = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// Ends with the thread that starts it, whatever happens to that one.
    #[must_use]
    pub fn bound_to_the_test(mut self) -> Self {
        self.setpriv.extend(["--pdeathsig".into(), "KILL".into()]);
        self
    }

    /// Runs it to its end with `stdin`, for at most [`PATIENCE`].
    #[must_use]
    pub fn run(&self, stdin: &str) -> Ran {
        self.run_within(PATIENCE, stdin)
    }

    /// Runs it to its end with `stdin`.
    ///
    /// # Panics
    /// When it takes longer than `patience`; it is then killed.
    #[must_use]
    pub fn run_within(&self, patience: Duration, stdin: &str) -> Ran {
        // Files instead of pipes: nothing can block on the other, whatever is written.
        let [mut input, output, errors] = std::array::from_fn(|_| tempfile::tempfile().unwrap());
        input.write_all(stdin.as_bytes()).unwrap();
        input.rewind().unwrap();
        let mut command = self.command();
        command.stdin(input).stdout(output.try_clone().unwrap()).stderr(errors.try_clone().unwrap());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{self:?}: {e}"));
        let status = end_of(&mut child, patience);
        let (stdout, stderr) = (whole(output), whole(errors));
        let Some(status) = status else {
            panic!("{:?} ran for more than {patience:?}\nstdout: {stdout}\nstderr: {stderr}", self.words);
        };
        Ran { code: code(status), stdout, stderr }
    }

    /// As a `std` command, for those who keep the child.
    #[must_use]
    pub fn command(&self) -> Command {
        let (program, args) = self.line();
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.environment.iter().cloned()).current_dir(&self.folder);
        command.stdin(Stdio::null());
        command
    }

    /// As a command for a terminal.
    pub(super) fn on_a_terminal(&self) -> pty_process::blocking::Command {
        let (program, args) = self.line();
        pty_process::blocking::Command::new(program)
            .args(args)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(&self.folder)
    }

    fn line(&self) -> (OsString, Vec<OsString>) {
        let mut words: Vec<OsString> = self.before.iter().chain(&self.words).cloned().collect();
        if !self.setpriv.is_empty() {
            let setpriv = std::iter::once("setpriv".into()).chain(self.setpriv.iter().cloned());
            words = setpriv.chain(std::iter::once("--".into())).chain(words).collect();
        }
        if self.entered {
            let unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
            words.splice(..0, unshare.map(OsString::from));
        }
        (words.remove(0), words)
    }
}

/// What a program that ended left.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Its exit code, or 128 and the signal that ended it.
    pub code: i32,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Ran {
    /// Itself, if the program ended with 0.
    ///
    /// # Panics
    /// When it did not, with everything it wrote.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }
}

/// Waits for a child's end; kills it, reaps it and says `None` when `patience` runs out.
pub(super) fn end_of(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ends a program by a signal that asks for a core, such as SIGSEGV; how it ended.
///
/// # Panics
/// When it does not end.
#[must_use]
pub fn crash(child: &mut Child, signal: Signal) -> ExitStatus {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        // std's handler looks at the first SIGSEGV, sees that no stack ran over, and leaves the next to the kernel.
        kill(pid, signal).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it outlives {signal}");
}

/// A shell's notion of an exit code.
pub(super) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Reads a log that another program writes.
pub(super) fn text_of(file: &Path) -> String {
    std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn whole(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
