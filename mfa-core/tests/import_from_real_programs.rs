//! Imports of files that the real google-authenticator, pam_google_authenticator and pam_oath have just written and
//! logged in with, checked against oathtool: their spent codes stay spent, their next codes work.
//!
//! Needs libpam-google-authenticator, libpam-oath, oathtool, pamtester and libpam-wrapper, no root.
#![cfg(feature = "authority")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of a test, which clippy.toml does not see as one"
)]

use jiff::tz::TimeZone;
use mfa_core::import::{Imported, Report, google_authenticator, oath};
use mfa_core::otp::{Check, ShortSecret};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "3132333435363738393031323334353637383930";
const OTHER_KEY: &str = "3132333435363738393031323334353637383931";

/// A folder of this test's own, with the PAM service `test` in it.
struct Stack {
    folder: PathBuf,
}

impl Stack {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("other"), "auth required pam_deny.so\n").unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("codes")
    }

    fn service(&self, line: &str) {
        fs::write(self.folder.join("test"), format!("auth required {line}\n")).unwrap();
    }

    fn log_in(&self, user: &str, code: &str, zone: &str) {
        // libpam_wrapper names its folders in /tmp so that two programs at a time take each other's stacks: whoever uses it
        // in this repository's tests holds this lock.
        let alone = fs::File::create(std::env::temp_dir().join("mfa-libpam_wrapper.lock")).unwrap();
        alone.lock().unwrap();
        let mut child = Command::new("pamtester")
            .args(["test", user, "authenticate"])
            .env("LD_PRELOAD", "libpam_wrapper.so")
            .env("PAM_WRAPPER", "1")
            .env("PAM_WRAPPER_SERVICE_DIR", &self.folder)
            .env("TZ", zone)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pamtester is needed");
        child.stdin.take().unwrap().write_all(format!("{code}\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{user} could not log in");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|_| panic!("{program} is needed"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn time_code(encoding: &str, secret: &str, period: u64, digits: u64, at: u64) -> String {
    let (period, digits, at) = (format!("{period}s"), digits.to_string(), format!("@{at}"));
    let mut arguments = vec!["--totp", "-s", &period, "-d", &digits, "-N", &at, secret];
    arguments.extend((encoding == "base32").then_some("-b"));
    output("oathtool", &arguments)
}

fn counter_code(encoding: &str, secret: &str, counter: u64) -> String {
    let counter = counter.to_string();
    let mut arguments = vec!["-c", &counter, secret];
    arguments.extend((encoding == "base32").then_some("-b"));
    output("oathtool", &arguments)
}

fn factor(mut report: Report, at: usize) -> Imported {
    assert_eq!(report.refused(), 0, "{report:?}");
    report.factors.remove(at)
}

/// A file of google-authenticator's, and the secret in it.
fn google(stack: &Stack, options: &[&str]) -> String {
    let file = stack.file();
    let file = file.to_str().unwrap();
    let mut arguments = vec!["-f", "-q", "-Q", "none", "-l", "test", "-i", "test", "-s", file];
    arguments.extend(options);
    output("google-authenticator", &arguments);
    stack
        .service(&format!("pam_google_authenticator.so secret={file} user={} no_strict_owner", output("id", &["-un"])));
    fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned()
}

fn google_factor(stack: &Stack) -> Imported {
    factor(google_authenticator::parse(&fs::read_to_string(stack.file()).unwrap(), ShortSecret::Refuse), 0)
}

#[test]
fn a_time_based_google_authenticator_file_goes_on_where_it_stood() {
    for (period, step) in [(15, "-S15"), (30, "-S30"), (60, "-S60")] {
        let stack = Stack::new(&format!("google-time-{period}"));
        let secret = google(&stack, &["-t", "-d", "-r3", "-R30", "-w3", step]);
        let at = now();
        let code = time_code("base32", &secret, period, 6, at);
        stack.log_in(&output("id", &["-un"]), &code, "UTC");
        let factor = google_factor(&stack);
        let step = at / period;
        assert_eq!(factor.mark, Some(step));
        assert_eq!(factor.otp.check_totp(&code, at, factor.mark, None), Check::Replay { step });
        let next = time_code("base32", &secret, period, 6, at + period);
        assert_eq!(factor.otp.check_totp(&next, at, factor.mark, None), Check::Accepted { step: step + 1 });
    }
}

#[test]
fn a_counter_based_google_authenticator_file_goes_on_where_it_stood() {
    let stack = Stack::new("google-counter");
    let secret = google(&stack, &["-c", "-u", "-w5"]);
    let code = counter_code("base32", &secret, 3);
    stack.log_in(&output("id", &["-un"]), &code, "UTC");
    let factor = google_factor(&stack);
    assert_eq!(factor.counter, Some(4));
    assert_eq!(factor.otp.check_hotp(&code, 4), Check::Replay { step: 3 });
    assert_eq!(factor.otp.check_hotp(&counter_code("base32", &secret, 4), 4), Check::Accepted { step: 4 });
}

#[test]
fn a_users_oath_file_goes_on_where_it_stood() {
    for (zone, name) in [(TimeZone::UTC, "UTC"), (TimeZone::posix("JST-9").unwrap(), "JST-9")] {
        let stack = Stack::new(&format!("oath-{name}"));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(stack.file()).unwrap();
        write!(file, "# tokens\nHOTP anna - {KEY} 5\nHOTP/T30 ben + {KEY}\nHOTP/T60/8 eve - {OTHER_KEY}\n").unwrap();
        stack.service(&format!("pam_oath.so usersfile={} window=20", stack.file().display()));

        let at = now();
        let counted = counter_code("hex", KEY, 7);
        let timed = time_code("hex", KEY, 30, 6, at);
        let ahead = time_code("hex", OTHER_KEY, 60, 8, at + 240);
        for (user, code) in [("anna", &counted), ("ben", &timed), ("eve", &ahead)] {
            stack.log_in(user, code, name);
        }
        let text = fs::read_to_string(stack.file()).unwrap();
        let read = |index| factor(oath::parse(&text, &zone, ShortSecret::Refuse), index);

        let anna = read(0);
        assert_eq!(anna.counter, Some(8));
        assert_eq!(anna.otp.check_hotp(&counted, 8), Check::Replay { step: 7 });
        assert_eq!(anna.otp.check_hotp(&counter_code("hex", KEY, 8), 8), Check::Accepted { step: 8 });

        let ben = read(1);
        assert_eq!(ben.mark, Some(at / 30));
        assert_eq!(ben.otp.check_totp(&timed, at, ben.mark, None), Check::Replay { step: at / 30 });
        let next = time_code("hex", KEY, 30, 6, at + 30);
        assert_eq!(ben.otp.check_totp(&next, at, ben.mark, None), Check::Accepted { step: at / 30 + 1 });

        let eve = read(2);
        assert_eq!(eve.mark, Some((at + 240) / 60));
    }
}
