//! The doctor's walk over a stack beside libpam's own: random stacks of modules with known answers, read
//! and run by both. Needs pamtester and libpam_wrapper.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

use mfad::ctl::doctor::{control::Code, stack, walk};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const STACKS: u64 = 200;

/// SplitMix64: the same stacks in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const CODES: [&str; 9] = [
    "success",
    "success",
    "auth_err",
    "perm_denied",
    "ignore",
    "maxtries",
    "abort",
    "new_authtok_reqd",
    "user_unknown",
];
const ACTIONS: [&str; 10] = ["ok", "done", "bad", "die", "ignore", "reset", "1", "2", "3", "0"];

fn control(dice: &mut Dice) -> String {
    match dice.roll(8) {
        0 => "required".into(),
        1 => "Requisite".into(),
        2 => "sufficient".into(),
        3 => "optional".into(),
        4 => "[success=1 default=ignore]".into(),
        5 => "[success=ok ignore=ignore default=die]".into(),
        _ => {
            let mut text = String::from("[");
            for _ in 0..1 + dice.roll(3) {
                // A jump over nothing is an error that poisons the whole line: keep it rare.
                let mut action = dice.pick(&ACTIONS);
                if action == "0" && dice.roll(4) > 0 {
                    action = "ok";
                }
                let code = if dice.roll(3) == 0 { "default" } else { dice.pick(&CODES) };
                write!(text, "{code}{}{action} ", dice.pick(&["=", "=", " = "])).unwrap();
            }
            text.trim_end().to_owned() + "]"
        }
    }
}

fn lines(dice: &mut Dice, depth: usize, folder: &Path) -> String {
    // Absolute: the wrapper redirects the service's own file only.
    let inner = folder.join(format!("inner{}", depth + 1)).display().to_string();
    let mut text = String::new();
    for _ in 0..1 + dice.roll(5) {
        match dice.roll(24) {
            0..=2 if depth < 2 => writeln!(text, "auth substack {inner}"),
            3 if depth < 2 => writeln!(text, "-auth include {inner}"),
            4 if depth < 2 => writeln!(text, "@include {inner}"),
            5 => writeln!(text, "account required pam_deny.so # auth"),
            6 => writeln!(text, "auth {} \\\n  pam_deny.so", control(dice)),
            7 => writeln!(text, "AUTH\t{} pam_permit.so # auth required pam_deny.so \\", control(dice)),
            8 => writeln!(text, "-auth {} pam_no_such_module.so", control(dice)),
            // Only at the top: below an include, Debian's libpam gives a failed @include the control of the line before.
            9 if depth == 0 && dice.roll(6) == 0 => writeln!(text, "@include no_such_file"),
            9 if dice.roll(3) == 0 => writeln!(text, "auth {} no_such_file", dice.pick(&["include", "substack"])),
            9 if dice.roll(2) == 0 => writeln!(text, "oath {} pam_permit.so", control(dice)),
            9 => writeln!(text, "auth {}", control(dice)),
            10 => writeln!(
                text,
                "auth {}pam_debug.so [auth={}]",
                control(dice).replace("]", "]\t") + " ",
                dice.pick(&CODES)
            ),
            _ => writeln!(text, "auth {} pam_debug.so auth={}", control(dice), dice.pick(&CODES)),
        }
        .unwrap();
    }
    text
}

fn ours(folder: &Path) -> Option<Code> {
    let read = |name: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).ok()?;
        Some(stack::File { path: path.display().to_string(), text })
    };
    let stack = stack::load("try", &read);
    if stack.fatal.is_some() {
        return None;
    }
    let walk = walk::walk(&stack.lines, |line| match line.name() {
        "pam_permit" => Code::SUCCESS,
        "pam_deny" => Code::AUTH_ERR,
        "pam_debug" => {
            let arg = line.args.iter().find_map(|arg| arg.strip_prefix("auth=")).unwrap_or("success");
            Code::named(arg).unwrap_or(Code::SUCCESS) // what pam_debug does with a word it does not know
        }
        _ => Code::MODULE_UNKNOWN,
    });
    Some(walk.result)
}

fn theirs(folder: &Path, wrapper: &Path) -> String {
    // libpam_wrapper names its folders in /tmp so that two programs at a time take each other's stacks: whoever uses it
    // in this repository's tests holds this lock.
    let alone = std::fs::File::create(std::env::temp_dir().join("mfa-libpam_wrapper.lock")).unwrap();
    alone.lock().unwrap();
    let out = Command::new("pamtester")
        .args(["try", "root", "authenticate"])
        .env("LD_PRELOAD", wrapper)
        .env("PAM_WRAPPER", "1")
        .env("PAM_WRAPPER_SERVICE_DIR", folder)
        .env("LC_ALL", "C")
        .output()
        .expect("pamtester runs (apt-get install pamtester)");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    said.lines().rfind(|line| line.starts_with("pamtester: ")).unwrap_or(&said).trim().to_owned()
}

/// What pam_strerror(3) of Linux-PAM says in English.
fn message(code: Code) -> &'static str {
    match code.to_string().as_str() {
        "success" => "successfully authenticated",
        "auth_err" => "Authentication failure",
        "perm_denied" => "Permission denied",
        "ignore" => "The return value should be ignored by PAM dispatch",
        "maxtries" => "Have exhausted maximum number of retries for service",
        "abort" => "Critical error - immediate abort",
        "new_authtok_reqd" => "Authentication token is no longer valid; new one required",
        "user_unknown" => "User not known to the underlying authentication module",
        "module_unknown" => "Module is unknown",
        other => panic!("no stack of this test returns {other}"),
    }
}

fn wrapper() -> PathBuf {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let found = places.iter().map(|place| Path::new(place).join("libpam_wrapper.so")).find(|path| path.exists());
    found.expect("libpam_wrapper.so is needed: apt-get install libpam-wrapper pamtester")
}

fn assert_agree(folder: &Path, wrapper: &Path, about: &str) -> bool {
    let expected = ours(folder).map_or("Initialization failure", message);
    let seen = theirs(folder, wrapper);
    assert!(seen.ends_with(expected), "{about}: we say “{expected}”, libpam says “{seen}”");
    expected == "successfully authenticated"
}

#[test]
fn odd_lines_are_read_as_libpam_reads_them() {
    let wrapper = wrapper();
    for text in [
        "auth [SUCCESS=ok] pam_permit.so",
        "auth [success=OK] pam_permit.so",
        "auth [success=ok,default=die] pam_permit.so",
        "auth [success=okdefault=die] pam_permit.so",
        "auth [success=1x default=ok] pam_permit.so\nauth required pam_permit.so",
        "auth [default=die success=ok] pam_permit.so",
        "auth [success=ok success=die] pam_permit.so",
        "auth [default=ok default=die] pam_permit.so",
        "auth [] pam_permit.so",
        "auth [success=ok pam_permit.so",
        "auth [required] pam_permit.so",
        "auth required] pam_permit.so",
        "auth [success=+1 default=ok] pam_permit.so\nauth required pam_deny.so\nauth required pam_permit.so",
        "auth [success=01] pam_permit.so\nauth required pam_deny.so\nauth required pam_permit.so",
        "auth success=ok pam_permit.so",
        "auth[success=ok]pam_permit.so",
        "auth [success=ok]pam_permit.so",
        "auth required pam_debug.so [auth=auth_err]",
        "auth required pam_debug.so [auth=success",
        "auth required pam_debug.so auth=auth_err#\n",
        "auth required pam_permit.so \\",
        "auth required pam_permit.so \\ \nauth required pam_deny.so",
        "auth required pam_permit.so\r\nauth required pam_permit.so\r\n",
        "auth required pam_debug.so auth=auth_err\r\n",
        "  auth\trequired\tpam_permit.so\t\n",
        "--auth required pam_permit.so",
        "auth required\n",
        "auth [success=okdefault=ignore] pam_deny.so\nauth required pam_permit.so",
        "auth requisite pam_permit.so # \\\nauth required pam_deny.so",
        "auth required pam_permit.so\n \r\n",
        "@INCLUDE nothing\nauth required pam_permit.so",
        "session include nothing\nauth required pam_permit.so",
        "account nonsense\nauth required pam_permit.so",
        "nonsense\nauth required pam_permit.so",
        "auth sufficient pam_permit.so\nnonsense optional pam_deny.so",
        "",
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("try"), text).unwrap();
        std::fs::write(folder.path().join("other"), "auth required pam_debug.so auth=maxtries\n").unwrap();
        assert_agree(folder.path(), &wrapper, text);
    }
}

#[test]
fn random_stacks_end_as_libpam_ends_them() {
    let wrapper = wrapper();
    let mut granted = 0;
    for seed in 0..STACKS {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice(seed);
        let files = [("try", 0), ("inner1", 1), ("inner2", 2)]
            .map(|(name, depth)| (name, lines(&mut dice, depth, folder.path())));
        for (name, text) in &files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::write(folder.path().join("other"), "auth required pam_deny.so\n").unwrap();
        granted += u64::from(assert_agree(folder.path(), &wrapper, &format!("stack {seed}, {files:#?}")));
    }
    // Stacks that all fail would prove little.
    assert!(granted > STACKS / 20 && granted < STACKS / 2, "{granted} of {STACKS} let in");
}
