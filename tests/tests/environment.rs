//! The environment of sudo and su belongs to whoever calls them: nothing of it is obeyed, and the module asks for none of it. What the
//! terminal can show, a picture or ASCII alone, is all that it takes from there.

use pam_mfa_tests::harness::{House, PASSWORD, PamClient, Program, Terminal, World, calm_now};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

const POLICY: &str = "require = \"required\"\ntries = 1\n";

const CODE: &str = "Verification code: ";

/// What has once led a program of root's astray, or could; `TRAP` is a folder of alice's, which nobody has a reason to look at.
const HOSTILE: &[(&str, &str)] = &[
    // The loader's and libc's (ld.so(8), environ(7)).
    ("LD_PRELOAD", "TRAP/preload.so"),
    ("LD_AUDIT", "TRAP/audit.so"),
    ("LD_LIBRARY_PATH", "TRAP/lib"),
    ("LD_ORIGIN_PATH", "TRAP"),
    ("LD_PROFILE_OUTPUT", "TRAP"),
    ("LD_DEBUG", "all"),
    ("LD_DEBUG_OUTPUT", "TRAP/debug"),
    ("LD_BIND_NOT", "1"),
    ("LD_DYNAMIC_WEAK", "1"),
    ("LD_SHOW_AUXV", "1"),
    ("GLIBC_TUNABLES", "glibc.malloc.check=3:glibc.malloc.perturb=170"),
    ("GCONV_PATH", "TRAP/gconv"),
    ("LOCPATH", "TRAP/locale"),
    ("NLSPATH", "TRAP/%N"),
    ("HOSTALIASES", "TRAP/hosts"),
    ("LOCALDOMAIN", "TRAP"),
    ("RESOLV_HOST_CONF", "TRAP/resolv"),
    ("RES_OPTIONS", "debug"),
    ("GETCONF_DIR", "TRAP"),
    ("MALLOC_TRACE", "TRAP/malloc"),
    ("MALLOC_CHECK_", "3"),
    ("MALLOC_PERTURB_", "170"),
    ("MALLOC_ARENA_MAX", "1"),
    ("TZ", ":TRAP/zone"),
    ("TZDIR", "TRAP"),
    ("TMPDIR", "TRAP"),
    ("TMP", "TRAP"),
    ("TEMP", "TRAP"),
    ("LANG", "../../TRAP"),
    ("LC_ALL", "../../TRAP"),
    ("LANGUAGE", "TRAP"),
    ("TERMINFO", "TRAP"),
    ("TERMINFO_DIRS", "TRAP"),
    ("TERMCAP", "TRAP/termcap"),
    // Rust's own.
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "full"),
    ("RUST_LOG", "trace"),
    ("RUST_MIN_STACK", "1"),
    ("RUST_SPANTRACE", "1"),
    ("NO_COLOR", "1"),
    // Where others are found.
    ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=TRAP/system"),
    ("DBUS_SESSION_BUS_ADDRESS", "unix:path=TRAP/session"),
    ("DBUS_STARTER_ADDRESS", "unix:path=TRAP/starter"),
    ("DBUS_STARTER_BUS_TYPE", "system"),
    ("XDG_RUNTIME_DIR", "TRAP"),
    ("XDG_CONFIG_HOME", "TRAP"),
    ("XDG_CONFIG_DIRS", "TRAP"),
    ("XDG_DATA_HOME", "TRAP"),
    ("XDG_DATA_DIRS", "TRAP"),
    ("XDG_CACHE_HOME", "TRAP"),
    ("XDG_STATE_HOME", "TRAP"),
    ("XDG_SESSION_ID", "1"),
    ("HOME", "TRAP"),
    ("TMUX", "TRAP/tmux,1,0"),
    ("SSH_AUTH_SOCK", "TRAP/agent"),
    ("DISPLAY", ":77"),
    ("WAYLAND_DISPLAY", "TRAP/wayland"),
    ("XAUTHORITY", "TRAP/xauthority"),
    ("http_proxy", "http://192.0.2.1:1"),
    ("https_proxy", "http://192.0.2.1:1"),
    ("ALL_PROXY", "socks5://192.0.2.1:1"),
    ("OPENSSL_CONF", "TRAP/openssl"),
    ("SSL_CERT_FILE", "TRAP/certificate"),
    // What starts, watches and configures services and modules.
    ("NOTIFY_SOCKET", "TRAP/notify"),
    ("LISTEN_FDS", "3"),
    ("LISTEN_PID", "1"),
    ("WATCHDOG_USEC", "1"),
    ("JOURNAL_STREAM", "1:1"),
    ("CREDENTIALS_DIRECTORY", "TRAP"),
    ("STATE_DIRECTORY", "TRAP"),
    ("RUNTIME_DIRECTORY", "TRAP"),
    ("CONFIGURATION_DIRECTORY", "TRAP"),
    ("BASH_ENV", "TRAP/bash"),
    ("ENV", "TRAP/sh"),
    ("IFS", "/"),
    ("SSH_AUTH_INFO_0", "publickey"),
    ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22"),
    ("PAM_USER", "bob"),
    ("PAM_RHOST", "192.0.2.1"),
    ("PAM_SERVICE", "su"),
];

/// The same with the folder's name in it.
fn hostile(world: &World) -> Vec<(&'static str, String)> {
    let trap = trap(world);
    HOSTILE.iter().map(|(name, value)| (*name, value.replace("TRAP", &trap))).collect()
}

fn trap(world: &World) -> String {
    world.user("alice").home.join("trap").to_string_lossy().into_owned()
}

/// One of the two programs that an ordinary user starts and that then are root's.
fn setuid(name: &str) -> Vec<&str> {
    match name {
        "sudo" => vec!["/usr/bin/sudo", "/usr/bin/id", "-un"],
        _ => vec!["/usr/bin/su", "alice", "-c", "/usr/bin/id -un"],
    }
}

/// Who starts it, and whom `id` names behind it.
fn people(name: &str) -> (&str, &str) {
    if name == "sudo" { ("alice", "root") } else { ("bob", "alice") }
}

/// What was shown by the program, and what it and its children did with files and sockets, where `module` stands behind the password.
///
/// strace drops to the user and leaves the set-uid bit its effect, as root's tracer may; what it sets with `-E` is the
/// environment of the program alone.
fn traced(house: &House, name: &str, module: &str, variables: &[(&str, String)], answers: &[&str]) -> (String, String) {
    house.world.pam(name, &["requisite pam_unix.so nodelay", module]);
    let log = house.world.folder().join("trace");
    let mut strace = Program::new("strace").args(["-f", "-qq", "-s", "4096", "-e", "trace=%file,%network", "-o"]);
    strace = strace.arg(&log).args(["-u", people(name).0]);
    for (variable, value) in variables {
        strace = strace.args(["-E", &format!("{variable}={value}")]);
    }
    let mut terminal = Terminal::start(&strace.args(setuid(name)));
    terminal.answer("assword", PASSWORD);
    for answer in answers {
        terminal.answer(CODE, answer);
    }
    let shown = terminal.finish().text();
    (shown, fs::read_to_string(&log).unwrap())
}

/// The calls that have to do with the trap, without the numbers of processes.
fn about<'a>(trap: &str, trace: &'a str) -> BTreeSet<&'a str> {
    trace.lines().filter(|line| line.contains(trap)).map(|line| line.split_once(' ').unwrap().1.trim_start()).collect()
}

/// The addresses that were connected to.
fn spoken_to(trace: &str) -> BTreeSet<&str> {
    trace.lines().filter_map(|line| line.split_once("connect(")?.1.split(['{', '}']).nth(1)).collect()
}

#[test]
fn sudo_and_su_in_a_hostile_environment_do_what_they_do_in_an_empty_one() {
    let house = House::new("environment-setuid", POLICY);
    house.world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nalice ALL=(ALL) ALL");
    let codes = house.enroll("alice", "totp").recovery_codes;
    let mut codes = codes.iter();
    let alice = house.world.user("alice");
    let _ = house.world.write_home(&alice, "trap/zone", "no zone");
    let (trap, hostile) = (trap(&house.world), hostile(&house.world));
    let ours = house.world.module("required", "first_factor=stack");
    assert!(hostile.len() > 60);
    for name in ["sudo", "su"] {
        let (wrong, _) = traced(&house, name, &ours, &hostile, &["000000"]);
        let (plain, _) = traced(&house, name, &ours, &[], &["000000"]);
        assert_eq!(wrong, plain, "{name} shows the same");
        let inside = format!("\n{}\r\n", people(name).1);
        assert!(!wrong.contains(&inside), "{name}: {wrong}");
        let (shown, trace) = traced(&house, name, &ours, &hostile, &[codes.next().unwrap()]);
        assert!(shown.contains(&inside), "{name}: {shown}\n{:#?}", house.world.log().lines());
        // What the program itself does with its environment it does as well where a module of libpam's stands for ours.
        let (shown, without) = traced(&house, name, "required pam_permit.so", &hostile, &[]);
        assert!(shown.contains(&inside), "{name}: {shown}");
        assert_eq!(about(&trap, &trace), about(&trap, &without), "{name}");
        // One look, at what the terminal can show (`process.rs` in the module): neither at another process nor at anything else.
        let looks: Vec<_> = trace.lines().filter(|line| line.contains("/environ\"")).collect();
        let [look] = looks[..] else { panic!("{name}: {looks:#?}") };
        assert!(look.contains("\"/proc/self/environ\", O_RDONLY"), "{name}: {look}");
        // Ours was there, and spoke to mfad and the log alone.
        assert!(trace.contains("libpam_mfa.so\""), "{trace}");
        let socket = house.world.run_dir().join("root.sock");
        let peers = spoken_to(&trace).difference(&spoken_to(&without)).copied().collect::<Vec<_>>();
        let [only] = peers[..] else { panic!("{name} speaks to {peers:#?}") };
        assert!(only.contains(&format!("\"{}\"", socket.display())), "{name}: {only}");
    }
    // Where a program is not set-uid the trap is seen: what is looked for above can be found.
    let log = house.world.folder().join("trace");
    let strace = Program::new("strace").args(["-f", "-qq", "-e", "trace=%file", "-o"]).arg(&log);
    let preload = format!("LD_PRELOAD={trap}/preload.so");
    let _ = strace.args(["-u", "alice", "-E", &preload, "/bin/true"]).run("").ok();
    assert!(!about(&trap, &fs::read_to_string(&log).unwrap()).is_empty());
}

/// `getenv` and `secure_getenv` as libc has them, which also write down who asked for what.
const LISTENING: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
static char *found(const char *name, void *caller)
{
    char line[512];
    Dl_info info;
    const char *file = dladdr(caller, &info) && info.dli_fname ? info.dli_fname : "?";
    int length = snprintf(line, sizeof line, "%s %s\n", file, name);
    int fd = open("FILE", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) { (void)!write(fd, line, length); close(fd); }
    size_t n = strlen(name);
    for (char **e = environ; e && *e; e++) if (!strncmp(*e, name, n) && (*e)[n] == '=') return *e + n + 1;
    return 0;
}
char *getenv(const char *name) { return found(name, __builtin_return_address(0)); }
char *secure_getenv(const char *name) { return found(name, __builtin_return_address(0)); }
"#;

#[test]
fn the_module_asks_for_no_variable_of_the_process() {
    let mut house = House::new("environment-asked", POLICY);
    let folder = house.world.folder().to_owned();
    let asked = folder.join("asked");
    house.world.write(folder.join("listening.c"), &LISTENING.replace("FILE", &asked.to_string_lossy()), 0o644);
    let library = folder.join("listening.so");
    let compiled = Program::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(folder.join("listening.c"));
    let _ = compiled.arg("-ldl").run("").ok();
    let enrolled = house.enroll("alice", "totp");
    let (codes, now) = (enrolled.oathtool(), calm_now());
    house.world.pam("door", &[&house.world.module("required", "first_factor=stack debug")]);
    let hostile = hostile(&house.world);
    let listened = |program: Program| {
        let program = hostile
            .iter()
            .filter(|(name, _)| !name.starts_with("LD_"))
            .fold(program, |program, (name, value)| program.env(name, value));
        program.env("LD_PRELOAD", &library)
    };
    let client = PamClient::new("door", "alice").phases("authenticate,setcred,acct_mgmt").program(listened);
    for answer in [codes.wrong(now), codes.totp(now), codes.totp(now), enrolled.recovery_codes[0].clone()] {
        let _ = client.run(&[&answer]);
    }
    let _ = client.clone().option("--rhost", "192.0.2.7").option("--tty", "ssh").run(&["x"]);
    // No daemon, and no prompt.
    house.mfad.stop();
    let _ = client.run(&[]);
    // ls asks: that it is written down is what makes the rest of this worth something.
    let _ = Program::new("ls").env("LD_PRELOAD", &library).run("").ok();
    let asked = fs::read_to_string(&asked).unwrap_or_default();
    assert!(asked.contains("ls QUOTING_STYLE"), "{asked}");
    let by_us: Vec<_> = asked.lines().filter(|line| line.contains("libpam_mfa")).collect();
    assert!(by_us.is_empty(), "{by_us:#?}");
    assert_eq!(house.world.log().lines_with("result=granted").len(), 2, "{:#?}", house.world.log().lines());
}

#[test]
fn a_hostile_environment_changes_nothing() {
    let house = House::new("environment", POLICY);
    let codes = house.enroll("alice", "totp").recovery_codes;
    let variables = hostile(&house.world);
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let plain = |program: Program| program;
    let odd: fn(&'static [u8]) -> &'static OsStr = OsStr::from_bytes;
    let hostile = |program: Program| {
        // The loader's own would end this program, which is not set-uid, before it begins.
        let ours = variables.iter().filter(|(name, _)| !name.starts_with("LD_"));
        let program = ours.fold(program, |program, (name, value)| program.env(name, value));
        // Neither is UTF-8.
        program.env(odd(b"ODD\xff"), odd(b"\xfe\xff")).env("TERM", odd(b"\xfe\xff")).env("PATH", "")
    };
    let ask = |answer: &str, change: &dyn Fn(Program) -> Program| {
        format!("{:?}", PamClient::new("sshd", "alice").program(change).run(&[answer, "1", "1"]))
    };
    // The process environment is no first factor: prompts and refusals are a stranger's.
    assert_eq!(ask("000000", &hostile), ask("000000", &plain));
    assert!(ask(&codes[0], &hostile).contains("PAM_SUCCESS"));
}
