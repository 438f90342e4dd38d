//! System calls that fail on purpose, by strace(1): which call, how, and the how-manieth time.
//!
//! Used by the sweep. strace counts every call per name and thread since it was attached; what it made fail stands in its
//! log as `(INJECTED)`, so that a sweep sees where it comes to an end.

use super::World;
use super::program::{Program, end_of, text_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long strace may take to hold a process.
const PATIENCE: Duration = Duration::from_secs(20);

/// What happens to a system call instead of its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The call's name.
    pub call: String,
    /// `error=EIO`, or `signal=KILL`: the process ends before the call.
    pub how: &'static str,
    /// The how-manieth call of this name in a thread, from 1.
    pub when: usize,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}:when={}", self.call, self.how, self.when)
    }
}

/// A strace that is attached to a process, or runs it. It lets go with the value.
pub struct Strace {
    child: Option<Child>,
    log: PathBuf,
}

impl Strace {
    /// Watches every call of a running process.
    #[must_use]
    pub fn watch(world: &World, pid: i32) -> Self {
        Self::attach(world, pid, &[])
    }

    /// Has this call of a running process fail, in whichever of its threads comes to it.
    #[must_use]
    pub fn inject(world: &World, pid: i32, fault: &Fault) -> Self {
        Self::attach(world, pid, &["-e", &format!("trace={}", fault.call), "-e", &format!("inject={fault}")])
    }

    /// The same from that call on, each time.
    #[must_use]
    pub fn inject_from(world: &World, pid: i32, fault: &Fault) -> Self {
        Self::attach(world, pid, &["-e", &format!("trace={}", fault.call), "-e", &format!("inject={fault}+")])
    }

    fn attach(world: &World, pid: i32, what: &[&str]) -> Self {
        let log = log_file(world);
        let program = Program::new("strace").args(["-f", "-qq", "-o"]).arg(&log).args(what);
        let child = program.args(["-p", &pid.to_string()]).bound_to_the_test().command().spawn().expect("strace");
        let strace = Self { child: Some(child), log };
        let end = Instant::now() + PATIENCE;
        while !is_traced(pid) {
            assert!(Instant::now() < end, "strace does not hold {pid}");
            std::thread::sleep(Duration::from_millis(1));
        }
        strace
    }

    /// Lets go; how often each call was made.
    pub fn calls(mut self) -> BTreeMap<String, usize> {
        self.let_go();
        let text = text_of(&self.log);
        let mut threads: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (thread, call) in text.lines().filter_map(call_of) {
            *threads.entry((call, thread)).or_default() += 1;
        }
        let mut most: BTreeMap<String, usize> = BTreeMap::new();
        for ((call, _), count) in threads {
            let entry = most.entry(call.to_owned()).or_default();
            *entry = count.max(*entry);
        }
        most
    }

    /// Lets go; whether the fault came to pass.
    #[must_use]
    pub fn happened(mut self) -> bool {
        self.let_go();
        let log = text_of(&self.log);
        log.contains("(INJECTED)") || log.contains("killed by SIGKILL")
    }

    fn let_go(&mut self) {
        if let Some(mut child) = self.child.take() {
            // On SIGINT it detaches from what it was attached to (strace(1)). Where that was killed in the meantime it may wait
            // for ever; the kernel detaches what a killed tracer held (ptrace(2)).
            let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT);
            let _ = end_of(&mut child, Duration::from_secs(3));
        }
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Program {
    /// The same program under a strace that has this call fail; its log goes to the given file of the world.
    #[must_use]
    pub fn failing(self, world: &World, fault: Option<&Fault>) -> (Self, PathBuf) {
        let (strace, log) = in_front(world, fault);
        (self.behind(strace), log)
    }
}

/// What stands in front of a program that meets this fault, and the log.
fn in_front(world: &World, fault: Option<&Fault>) -> (Vec<OsString>, PathBuf) {
    let log = log_file(world);
    let mut strace = vec!["strace".into(), "-f".into(), "-qq".into(), "-o".into(), log.clone().into_os_string()];
    if let Some(fault) = fault {
        for option in [format!("trace={}", fault.call), format!("inject={fault}")] {
            strace.extend(["-e".into(), option.into()]);
        }
    }
    (strace, log)
}

/// The same for a program that is to be the child of whoever starts it, with strace beside (`-D`).
#[must_use]
pub fn beside(world: &World, fault: Option<&Fault>) -> (Vec<OsString>, PathBuf) {
    let (mut strace, log) = in_front(world, fault);
    strace.insert(1, "-D".into());
    (strace, log)
}

/// How often the calls of a log were made, by name.
#[must_use]
pub fn counted(log: &std::path::Path) -> BTreeMap<String, usize> {
    Strace { child: None, log: log.to_owned() }.calls()
}

/// Whether something failed on purpose in this log.
#[must_use]
pub fn happened(log: &std::path::Path) -> bool {
    Strace { child: None, log: log.to_owned() }.happened()
}

/// A new file for a log.
fn log_file(world: &World) -> PathBuf {
    let folder = world.folder().join("strace");
    let _ = fs::create_dir(&folder);
    let log = folder.join("log");
    let _ = fs::remove_file(&log);
    log
}

/// `1234 pread64(7, …` as thread and call; calls that go on in a later line count where they begin.
fn call_of(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (call, _) = rest.trim_start().split_once('(')?;
    let is_name = call.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (is_name && !call.is_empty()).then_some((thread, call))
}

/// Whether every thread of a process has a tracer.
fn is_traced(pid: i32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        let status = text_of(&thread.path().join("status"));
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_none_or(|tracer| tracer.trim() != "0")
    })
}
