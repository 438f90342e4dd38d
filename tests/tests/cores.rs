//! A program of ours crashes where cores are allowed: what knows a key leaves none, and a host of the module leaves one without a key.
//!
//! Each is crashed by SIGSEGV and by SIGABRT. The control is the same program without what keeps its memory to itself (strace answers
//! its prctl(2) instead of the kernel, its limit is raised): it leaves a core, with the key in it. Where cores go is the host's affair
//! (core(5), `core_pattern`) and stays as it is: where they go to a program, that the kernel made one is what can be seen.

use nix::sys::signal::Signal;
use pam_mfa_tests::harness::canary::written;
use pam_mfa_tests::harness::{House, PATIENCE, PamClient, Program, Session, SystemBus, World, built, crash};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

const SIGNALS: [Signal; 2] = [Signal::SIGSEGV, Signal::SIGABRT];

/// What keeps a program's memory to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guards {
    /// Its prctl(PR_SET_DUMPABLE) comes to pass.
    closed: bool,
    /// It may write no core (RLIMIT_CORE, the units' LimitCORE=).
    limited: bool,
}

/// Both, either, and none: the control.
const GUARDS: [Guards; 4] = [
    Guards { closed: true, limited: true },
    Guards { closed: true, limited: false },
    Guards { closed: false, limited: true },
    Guards { closed: false, limited: false },
];

/// Where the cores of a world go.
struct Cores {
    /// The folder that the programs work in, where everybody may write.
    work: PathBuf,
    /// Where the kernel puts the files; nothing where a program takes them.
    files: Option<PathBuf>,
}

impl Cores {
    fn of(world: &World) -> Self {
        let work = world.folder().join("cores");
        fs::create_dir(&work).unwrap();
        fs::set_permissions(&work, Permissions::from_mode(0o777)).unwrap();
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
        let files = match pattern.trim_end() {
            piped if piped.starts_with('|') => None,
            path => Some(work.join(path).parent().unwrap().to_owned()),
        };
        Self { work, files }
    }

    /// What stands in front of a program that is to crash with these guards.
    fn in_front(&self, guards: Guards) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["env", "-C"].map(OsString::from).to_vec();
        words.push(self.work.clone().into_os_string());
        let limit = if guards.limited { "--core=0:unlimited" } else { "--core=unlimited:unlimited" };
        words.extend(["prlimit", limit].map(OsString::from));
        if !guards.closed {
            // With strace beside: what crashes is the child of whoever started it.
            let strace = "strace -D -f -qq -o /dev/null -e trace=prctl,prlimit64 -e inject=prctl:retval=0";
            words.extend(strace.split(' ').map(OsString::from));
            if !guards.limited {
                words.extend(["-e", "inject=prlimit64:error=EPERM"].map(OsString::from));
            }
        }
        words
    }

    /// The core that this end left, and whether the kernel says that it left one; no file stays.
    fn left(&self, status: ExitStatus) -> Option<Vec<u8>> {
        let Some(folder) = &self.files else { return status.core_dumped().then(Vec::new) };
        let own = |path: &PathBuf| *folder == self.work || path.metadata().is_ok_and(|file| is_new(&file));
        let found = entries(folder).into_iter().find(|path| path.is_file() && own(path));
        let core = found.map(|path| {
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            bytes
        });
        assert_eq!(core.is_some(), status.core_dumped(), "{status}: looked for in {}", folder.display());
        core
    }

    /// That a program with these guards that ended like this left a core with `key` in it, or none at all.
    fn are_as_they_must(&self, what: &str, guards: Guards, status: ExitStatus, key: &str) {
        let core = self.left(status);
        assert!(status.signal().is_some(), "{what}: {guards:?}: it ended by itself: {status}");
        if guards.closed || guards.limited {
            // A program that takes cores is given them whatever the limit (core(5)).
            let given = self.files.is_none() && !guards.closed;
            assert!(core.is_none() || given, "{what}: {guards:?}: {status}, and left a core");
        } else {
            let core = core.unwrap_or_else(|| panic!("{what}: the control left no core: {status}"));
            assert!(self.files.is_none() || holds(&core, key), "{what}: the control's core is without the key");
        }
    }
}

fn is_new(file: &fs::Metadata) -> bool {
    file.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age < PATIENCE))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

/// Whether the key stands there, in any encoding.
fn holds(core: &[u8], key: &str) -> bool {
    // A character for each byte: searched as text, which the library does well.
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let core = text(core);
    written(key).iter().any(|way| core.contains(&text(way)))
}

/// Every guard and signal.
fn each() -> impl Iterator<Item = (Guards, Signal)> {
    GUARDS.into_iter().flat_map(|guards| SIGNALS.map(|signal| (guards, signal)))
}

/// Waits until a program has written this much of what it shows; all of it.
fn shown(child: &mut Child, until: &str) -> String {
    let mut out = child.stdout.take().unwrap();
    let (mut heard, mut some, end) = (String::new(), [0; 4096], Instant::now() + PATIENCE);
    while !heard.contains(until) {
        let read = out.read(&mut some).unwrap();
        assert!(read > 0 && Instant::now() < end, "it said only {heard:?}");
        heard.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    child.stdout = Some(out);
    heard
}

#[test]
fn an_mfad_that_crashes_leaves_no_core_with_its_users_keys() {
    let mut house = House::new("cores-mfad", POLICY);
    let enrolled = house.enroll("alice", "totp");
    let cores = Cores::of(&house.world);
    let _ = house.mfad.stop();
    // No control of its own: it drops root, and who changed ids is closed by the kernel, too (proc(5), `suid_dumpable`). That cores
    // are written here, with the keys in them, the controls of the others show.
    for (guards, signal) in each().filter(|(guards, _)| guards.closed) {
        assert_eq!(house.mfad.comes_up_behind(cores.in_front(guards)), None);
        assert_ne!(house.knock("alice", "000000").code, "PAM_SUCCESS");
        let status = house.mfad.crashes(signal);
        cores.are_as_they_must("mfad", guards, status, &enrolled.secret);
    }
    house.mfad.run();
}

#[test]
fn an_mfactl_that_crashes_while_it_shows_a_key_leaves_no_core() {
    let house = House::new("cores-mfactl", POLICY);
    let cores = Cores::of(&house.world);
    for (guards, signal) in each().filter(|(guards, _)| !guards.limited) {
        let program = Program::new(built("mfactl")).arg("--run-dir").arg(house.world.run_dir()).args(["enroll", "bob"]);
        let mut command = program.behind(cores.in_front(guards)).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let screen = shown(&mut child, "secret=");
        let key = screen.split("secret=").nth(1).unwrap().split(['&', '\n', ' ']).next().unwrap().to_owned();
        let status = crash(&mut child, signal);
        cores.are_as_they_must("mfactl", guards, status, &key);
    }
}

#[test]
fn an_authenticator_that_crashes_leaves_no_core_with_a_key() {
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let world = World::new("cores-desktop");
    let _bus = SystemBus::start(&world);
    let session = Session::start(&world, &world.user("alice"));
    let cores = Cores::of(&world);
    for (guards, signal) in each() {
        // It limits itself, where that is not kept from it.
        let program = session.authenticator(&["add"]).behind(cores.in_front(guards));
        let mut child = program.command().stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // It has read this much of a line, and waits for its end.
        write!(input, "otpauth://totp/Example:alice?secret={KEY}").unwrap();
        waits_for_input(&child);
        let status = crash(&mut child, signal);
        cores.are_as_they_must("mfa-authenticator", guards, status, KEY);
    }
}

/// Waits until all that was written to a program's input is read, and it waits for more.
fn waits_for_input(child: &Child) {
    let end = Instant::now() + PATIENCE;
    let waits = || {
        let of = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
        // The program itself, no longer what stands in front of it; read(2) is 0, and 0 its input.
        of("comm").starts_with("mfa-auth") && of("syscall").starts_with("0 0x0 ")
    };
    while !(waits() && {
        std::thread::sleep(Duration::from_millis(20));
        waits()
    }) {
        assert!(Instant::now() < end, "it does not wait for its input");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_host_that_crashes_at_the_modules_prompt_leaves_its_core_as_ever_and_no_key_in_it() {
    let house = House::new("cores-host", POLICY);
    let enrolled = house.enroll("alice", "totp");
    let cores = Cores::of(&house.world);
    let door = house.door("door", "alice", "first_factor=stack");
    let open = Guards { closed: true, limited: false };
    for signal in SIGNALS {
        let crashed = |client: PamClient| {
            let mut call = client.program(|program| program.behind(cores.in_front(open))).start();
            let _ = call.prompt();
            cores.left(call.crashes(signal))
        };
        // The module leaves its host as it was: one that may write a core still may.
        let core = crashed(door.clone()).expect("a host's core");
        assert!(cores.files.is_none() || holds(&core, "Verification code"), "it was not at the prompt");
        for secret in enrolled.recovery_codes.iter().chain([&enrolled.secret]) {
            assert!(!holds(&core, secret), "{secret} stands in the core of the module's host");
        }
        // And one that may not, such as sudo: its real uid is another than its effective one.
        let core = crashed(door.clone().program(|program| program.with_real_uid(1001)));
        assert!(core.is_none(), "a host of another real uid left a core");
    }
}
