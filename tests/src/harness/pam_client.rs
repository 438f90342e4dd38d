//! Drives the `pam_client` program: a PAM application that does exactly what a test says.
//!
//! Many can be brought to their prompt and let go together by a gate, a file the test holds locked.

use super::World;
use super::hearing::Hearing;
use super::program::{PATIENCE, Program, built, code, crash, end_of};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

/// What a conversation does instead of answering.
pub const HOSTILE: [&str; 13] = [
    "null-array",
    "null-string",
    "empty",
    "not-utf8",
    "conv-err",
    "conv-again",
    "no-conversation",
    "bytes=64",
    "bytes=65",
    "bytes=511",
    "bytes=512",
    "bytes=513",
    "bytes=1048576",
];

/// What the client tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It asks and waits for [`PamCall::answer`].
    Prompt {
        /// Whether what is typed would be shown.
        echo: bool,
        /// The message.
        text: String,
    },
    /// It shows an information or an error.
    Says {
        /// Whether it is an error.
        error: bool,
        /// The message.
        text: String,
    },
    /// It has its answer and waits for the gate.
    Ready,
    /// A function ended.
    Result {
        /// `authenticate`, `acct_mgmt` …
        phase: String,
        /// `PAM_SUCCESS`, `PAM_AUTH_ERR` …
        code: String,
    },
    /// The process as it is.
    Snapshot(serde_json::Value),
}

/// A call of PAM that is yet to be made.
#[derive(Debug, Clone)]
pub struct PamClient {
    program: Program,
    phases: String,
}

impl PamClient {
    /// `pam_authenticate` alone for this service of the world's `/etc/pam.d`, as root.
    #[must_use]
    pub fn new(service: &str, user: &str) -> Self {
        Self::without_user(service).option("--user", user)
    }

    /// The same without `PAM_USER`: the stack has to ask.
    #[must_use]
    pub fn without_user(service: &str) -> Self {
        let program = Program::new(built("pam_client")).args(["--service", service]);
        Self { program, phases: "authenticate".to_owned() }
    }

    /// An option with a value: `--rhost`, `--tty`, `--ruser`, `--pamenv`, `--later-user`, `--user-meanwhile` (during the conversation), `--repeat`,
    /// `--confdir`, `--hostile` (`null-array`, `null-string`, `empty`, `not-utf8`, `conv-err`,
    /// `conv-again`, `bytes=N`, `no-conversation`, `calls-authenticate` and the like: PAM called from the conversation).
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.program = self.program.args([name, value]);
        self
    }

    /// A flag: `--snapshot` (after the first call and at the end), `--silent`.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.program = self.program.arg(name);
        self
    }

    /// The functions to call, in order, with commas.
    #[must_use]
    pub fn phases(mut self, phases: &str) -> Self {
        phases.clone_into(&mut self.phases);
        self
    }

    /// Every answer waits behind this gate.
    #[must_use]
    pub fn gate(self, gate: &Gate) -> Self {
        let path = gate.path.to_string_lossy().into_owned();
        self.option("--gate", &path)
    }

    /// Changes the program: its user, real uid or environment.
    #[must_use]
    pub fn program(mut self, change: impl FnOnce(Program) -> Program) -> Self {
        self.program = change(self.program);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(&self) -> PamCall {
        let mut command = self.program.clone().args(["--phases", &self.phases]).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("pam_client");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        PamCall { child, stdin, stdout, lines: Hearing::default() }
    }

    /// Runs it to its end with these answers; every event.
    #[must_use]
    pub fn run(&self, answers: &[&str]) -> Vec<Event> {
        let mut call = self.start();
        for answer in answers {
            call.answer(answer);
        }
        call.rest()
    }

    /// The code of the last function, run with these answers.
    #[must_use]
    pub fn verdict(&self, answers: &[&str]) -> String {
        last_result(&self.run(answers))
    }
}

/// A client that runs. It is killed with the value.
pub struct PamCall {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    lines: Hearing,
}

impl PamCall {
    /// The next event, `None` at the end.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub fn next_event(&mut self) -> Option<Event> {
        match self.lines.until(&self.stdout, b"\n", PATIENCE) {
            Some(line) => Some(event(String::from_utf8_lossy(&line).trim_end())),
            None if self.lines.ended() => None,
            None => panic!("pam_client says nothing more after:\n{}", String::from_utf8_lossy(self.lines.heard())),
        }
    }

    /// The text of the next prompt; what is said before it is passed over.
    ///
    /// # Panics
    /// When the call ends without one.
    pub fn prompt(&mut self) -> String {
        loop {
            match self.next_event() {
                Some(Event::Prompt { text, .. }) => return text,
                Some(Event::Says { .. }) => {}
                other => panic!("{other:?} instead of a prompt"),
            }
        }
    }

    /// Waits until it stands at the gate.
    pub fn ready(&mut self) {
        while self.next_event().expect("it comes to the gate") != Event::Ready {}
    }

    /// Answers the prompt, or one to come.
    pub fn answer(&mut self, text: &str) {
        // A client that has ended by itself takes no answer; its events tell why.
        let _ = writeln!(self.stdin.as_mut().expect("open until the end"), "{text}");
    }

    /// No more answers: waits for the end; every event from now on.
    pub fn rest(&mut self) -> Vec<Event> {
        self.stdin = None;
        let mut events = Vec::new();
        while let Some(event) = self.next_event() {
            events.push(event);
        }
        events
    }

    /// No more answers: waits for the end; the code of the last function.
    pub fn verdict(&mut self) -> String {
        last_result(&self.rest())
    }

    /// Waits for the process to end; its exit code.
    ///
    /// # Panics
    /// When it still runs after `patience`.
    pub fn code(&mut self, patience: Duration) -> i32 {
        code(end_of(&mut self.child, patience).expect("pam_client ends"))
    }

    /// Has a signal such as SIGSEGV end it; how it ended.
    #[must_use]
    pub fn crashes(&mut self, signal: Signal) -> ExitStatus {
        crash(&mut self.child, signal)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }
}

impl Drop for PamCall {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Holds clients back from giving their answers; opens for all of them at once.
pub struct Gate {
    path: PathBuf,
    lock: File,
}

impl Gate {
    /// A closed one.
    #[must_use]
    pub fn closed(world: &World, name: &str) -> Self {
        let path: PathBuf = Path::join(world.folder(), format!("gate-{name}"));
        let lock = File::create(&path).unwrap();
        lock.lock().unwrap();
        Self { path, lock }
    }

    /// Opens it.
    pub fn open(self) {
        self.lock.unlock().unwrap();
        // The kernel wakes them all; those who have yet to open the file still find it.
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The code of the last function that was called.
pub(super) fn last_result(events: &[Event]) -> String {
    let results = events.iter().rev().find_map(|event| match event {
        Event::Result { code, .. } => Some(code.clone()),
        _ => None,
    });
    results.unwrap_or_else(|| panic!("no result in {events:?}"))
}

fn event(line: &str) -> Event {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {line}"));
    let words: Vec<_> = line.splitn(3, ' ').collect();
    match words[..] {
        ["PROMPT", echo, text] => Event::Prompt { echo: echo == "on", text: json(text) },
        ["SAYS", style, text] => Event::Says { error: style == "error", text: json(text) },
        ["READY"] => Event::Ready,
        ["RESULT", phase, rest] => {
            let code = rest.split_once(' ').map_or(rest, |(_, name)| name);
            Event::Result { phase: phase.to_owned(), code: code.to_owned() }
        }
        ["SNAPSHOT", ..] => Event::Snapshot(serde_json::from_str(&line["SNAPSHOT ".len()..]).unwrap()),
        _ => panic!("pam_client said {line:?}"),
    }
}
