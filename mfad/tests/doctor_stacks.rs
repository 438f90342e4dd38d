//! Stacks as they stand on real hosts, good and bad, and what the doctor must say of each.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test stops at the first thing that is not as expected")]

use mfa_core::wire::Kind;
use mfad::ctl::doctor::findings::Severity::{self, Fine, LetsBy, LocksOut, Warning};
use mfad::ctl::doctor::rules::{self, BeforePam, Subject};
use mfad::ctl::doctor::{lines, stack};
use std::path::Path;

const OURS: &str = "auth [success=ok ignore=ignore default=die] pam_mfa.so first_factor=stack\n";

/// Debian's common-auth as pam-auth-update writes it, up to its Additional block.
const DEBIAN: &str =
    "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n";

struct Case {
    about: &'static str,
    kind: Kind,
    asked: Option<bool>,
    before: BeforePam,
    text: String,
    expected: Vec<(Severity, &'static str)>,
}

fn case(about: &'static str, text: impl Into<String>, expected: &[(Severity, &'static str)]) -> Case {
    let expected = expected.to_vec();
    Case { about, kind: Kind::Login, asked: Some(true), before: BeforePam::Nothing, text: text.into(), expected }
}

impl Case {
    fn ssh(self, before: BeforePam) -> Self {
        Self { kind: Kind::Sshd, before, ..self }
    }

    fn check(self) {
        let files = [("svc", self.text.as_str()), ("other", "auth required pam_deny.so\n"), ("debian", DEBIAN)];
        let stack = stack::load("svc", &|name| {
            let (_, text) = files.iter().find(|(known, _)| *known == name)?;
            Some(stack::File { path: name.to_owned(), text: (*text).to_owned() })
        });
        let Self { kind, asked, before, .. } = self;
        let mut found = rules::judge(&Subject { name: "svc", kind, asked, before, stack: &stack });
        let site =
            lines::Site { run_dir: Path::new("/run/pam_mfa"), module_missing: &|module| module.contains("gone") };
        found.extend(lines::judge("svc", kind, &stack, &site));
        let fits = found.len() == self.expected.len()
            && self.expected.iter().all(|(severity, part)| {
                found.iter().any(|finding| {
                    finding.severity == *severity && format!("{} {}", finding.places[0], finding.text).contains(part)
                })
            });
        assert!(fits, "{}\n{}\nexpected {:?}\nfound {found:#?}", self.about, self.text, self.expected);
    }
}

#[test]
fn stacks_in_order_are_called_so() {
    let fine = &[(Fine, "refuse")];
    for case in [
        case("Debian with our profile", format!("{DEBIAN}{OURS}auth optional pam_cap.so\n"), fine),
        case("Debian included", format!("@include debian\n{OURS}"), fine),
        case("Debian included as auth", format!("auth include debian\n{OURS}"), fine),
        case("su", format!("auth sufficient pam_rootok.so\n{DEBIAN}{OURS}"), fine),
        case("requisite", format!("auth requisite pam_unix.so\n{OURS}"), fine),
        case(
            "required ourselves",
            "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack debug",
            fine,
        ),
        case(
            "two first factors",
            format!(
                "auth [success=2 default=ignore] pam_sss.so\nauth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n{OURS}"
            ),
            fine,
        ),
        case("fingerprint by jump", format!("auth [success=2 default=ignore] pam_fprintd.so\n{DEBIAN}{OURS}"), fine),
        case(
            "faillock",
            "auth required pam_faillock.so preauth\nauth [success=1 default=bad] pam_unix.so\nauth [default=die] pam_faillock.so authfail\nauth sufficient pam_faillock.so authsucc\n",
            &[(LetsBy, "no auth line runs pam_mfa")],
        ),
        case(
            "Fedora with jumps",
            format!(
                "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\nauth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n{OURS}"
            ),
            fine,
        ),
        case("a key, then us", "auth required pam_mfa.so\nauth required pam_permit.so", fine).ssh(BeforePam::Method),
        case(
            "a key, then us, or the password of those we ask nothing",
            format!("auth [success=done ignore=ignore default=die] pam_mfa.so\n{DEBIAN}"),
            fine,
        )
        .ssh(BeforePam::Method),
        case(
            "password and code in one prompt",
            "auth required pam_mfa.so forward_pass\nauth required pam_unix.so use_first_pass",
            fine,
        ),
        case(
            "the stacked password first",
            "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack try_first_pass",
            fine,
        ),
        case("nothing asked, nothing there", "auth required pam_unix.so", &[]).tap(|case| case.asked = Some(false)),
        case("asked where nobody gets in", "auth required pam_deny.so", &[]),
    ] {
        case.check();
    }
}

#[test]
fn ways_past_the_second_factor_are_found() {
    for case in [
        case(
            "we suffice for ordinary users",
            "auth requisite pam_succeed_if.so uid >= 1000\nauth sufficient pam_mfa.so\nauth required pam_unix.so",
            &[(LetsBy, "A code alone"), (LetsBy, "“no” does not count")],
        ),
        case("our line missing", DEBIAN, &[(LetsBy, "svc Policy asks for a second factor, but no auth line")]),
        case(
            "only in the account stack",
            format!("{DEBIAN}account required pam_mfa.so"),
            &[(LetsBy, "no auth line runs")],
        ),
        case(
            "optional",
            "auth requisite pam_unix.so\nauth optional pam_mfa.so first_factor=stack",
            &[(LetsBy, "svc:2 pam_mfa's “no” does not count (optional)")],
        ),
        case(
            "default=ignore",
            "auth requisite pam_unix.so\nauth [success=ok default=ignore] pam_mfa.so first_factor=stack",
            &[(LetsBy, "“no” does not count")],
        ),
        case(
            "some errors pass",
            format!(
                "{DEBIAN}auth [success=ok ignore=ignore authinfo_unavail=ignore default=die] pam_mfa.so first_factor=stack"
            ),
            &[(
                LetsBy,
                "Some refusals of pam_mfa do not count ([success=ok ignore=ignore authinfo_unavail=ignore default=die]): authinfo_unavail let in",
            )],
        ),
        case(
            "a missing module passes",
            format!(
                "{DEBIAN}auth [success=ok ignore=ignore module_unknown=ignore default=die] pam_mfa.so first_factor=stack"
            ),
            &[(LetsBy, "ever be missing")],
        ),
        case(
            "Fedora, behind a sufficient pam_unix",
            format!("auth required pam_env.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n{OURS}"),
            &[(LetsBy, "svc:2 Whoever passes pam_unix"), (LocksOut, "a stranger's wrong codes")],
        ),
        case(
            "a jump too far",
            format!(
                "auth [success=3 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n{OURS}auth required pam_permit.so"
            ),
            &[(LocksOut, "")],
        ),
        case(
            "a jump over us",
            format!(
                "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n{OURS}auth required pam_permit.so"
            ),
            &[(LetsBy, "svc:1 Whoever passes pam_unix gets in with that alone")],
        ),
        case(
            "a fingerprint past us",
            format!("auth sufficient pam_fprintd.so\n{DEBIAN}{OURS}"),
            &[(LetsBy, "svc:1 Whoever passes pam_fprintd")],
        ),
        case(
            "a group past us",
            format!("auth sufficient pam_succeed_if.so user ingroup nomfa\n{DEBIAN}{OURS}"),
            &[(Warning, "svc:1 Whoever meets the condition “pam_succeed_if user ingroup nomfa”")],
        ),
        case(
            "we suffice",
            "auth sufficient pam_mfa.so\nauth required pam_unix.so",
            &[(LetsBy, "“no” does not count"), (LetsBy, "A code alone lets in")],
        ),
        case(
            "us alone",
            "auth required pam_mfa.so\nauth required pam_permit.so",
            &[(LetsBy, "A code alone"), (LetsBy, "policy asks nothing get in with nothing")],
        ),
        case(
            "us behind an optional password",
            "auth optional pam_unix.so\nauth required pam_mfa.so",
            &[(LetsBy, "A code alone")],
        ),
        case(
            "everybody",
            "auth requisite pam_unix.so\nauth [default=ignore] pam_mfa.so first_factor=stack\nauth sufficient pam_permit.so",
            &[(LetsBy, "“no” does not count")],
        ),
        case(
            "with nothing",
            "auth sufficient pam_permit.so\nauth required pam_unix.so\nauth required pam_mfa.so",
            &[(LetsBy, "svc:1 Everybody gets in"), (LetsBy, "Anybody gets in")],
        ),
        case(
            "mfad down",
            format!("{DEBIAN}auth required pam_mfa.so first_factor=stack unreachable=ignore"),
            &[(Fine, ""), (Warning, "while mfad does not run")],
        ),
    ] {
        case.check();
    }
}

#[test]
fn lock_outs_are_found() {
    for case in [
        case(
            "a substack does not end the stack",
            format!("auth substack debian\n{OURS}"),
            &[(LocksOut, "a stranger's wrong codes")],
        ),
        case(
            "su where only root gets in",
            format!("auth sufficient pam_rootok.so\nauth required pam_deny.so\n{OURS}"),
            &[(LocksOut, "pam_deny at svc:2 fails")],
        ),
        case(
            "a jump onto pam_deny",
            format!("auth [success=1 default=ignore] pam_sss.so\n{DEBIAN}{OURS}"),
            &[(LocksOut, "svc:1 Whoever passes pam_sss alone is refused")],
        ),
        case(
            "a stack of only ignores",
            "auth required pam_mfa.so",
            &[(LocksOut, "of whom policy asks nothing are refused")],
        )
        .ssh(BeforePam::Method),
        case(
            "ignore counts as failure",
            format!("{DEBIAN}auth [success=ok default=die] pam_mfa.so first_factor=stack"),
            &[(LocksOut, "the control [success=ok default=die] takes “ignore”")],
        ),
        case(
            "behind pam_deny",
            format!("auth required pam_deny.so\n{OURS}"),
            &[(LocksOut, "pam_deny at svc:1 fails the stack")],
        ),
        case(
            "a missing include",
            format!("@include gone\n{OURS}"),
            &[(LocksOut, "svc:1 libpam cannot load this service")],
        ),
        case(
            "a broken control",
            "auth requisite pam_unix.so\nauth [success=okay default=die] pam_mfa.so first_factor=stack",
            &[(LocksOut, "pam_mfa at svc:2 fails"), (Warning, "“ay” is no PAM result")],
        ),
        case(
            "a mistyped argument",
            format!("{DEBIAN}auth required pam_mfa.so first_factor=stack requre"),
            &[(Fine, ""), (LocksOut, "“requre” is no argument")],
        ),
        case(
            "arguments that contradict one another",
            format!("{DEBIAN}auth required pam_mfa.so first_factor=stack use_first_pass try_first_pass"),
            &[(Fine, ""), (LocksOut, "contradict one another")],
        ),
        case(
            "nobody asks for what is to be taken",
            "auth required pam_mfa.so use_first_pass\nauth required pam_permit.so",
            &[(Fine, ""), (LocksOut, "can come from nowhere")],
        )
        .ssh(BeforePam::Method),
        case(
            "another folder",
            format!("{DEBIAN}auth required pam_mfa.so first_factor=stack run_dir=/run/x"),
            &[(Fine, ""), (LocksOut, "looks for mfad in /run/x")],
        ),
        case(
            "the module is not installed",
            format!("{DEBIAN}auth required /gone/pam_mfa.so first_factor=stack"),
            &[(Fine, ""), (LocksOut, "/gone/pam_mfa.so is not there: nobody")],
        ),
        case(
            "not installed, and nobody notices",
            format!("{DEBIAN}auth optional /gone/pam_mfa.so first_factor=stack"),
            &[(LetsBy, "“no” does"), (LetsBy, "is not there: the first factor alone")],
        ),
        case(
            "a stranger reaches us",
            "auth required pam_unix.so\nauth required pam_mfa.so first_factor=stack",
            &[(LocksOut, "a stranger's wrong codes")],
        ),
        case(
            "a stranger reaches us first",
            "auth required pam_mfa.so first_factor=stack\nauth required pam_unix.so",
            &[(LocksOut, "a stranger's wrong codes")],
        ),
    ] {
        case.check();
    }
}

#[test]
fn what_could_be_better_is_said() {
    for case in [
        case(
            "before the first factor",
            "auth required pam_mfa.so\nauth required pam_unix.so",
            &[(Warning, "asked before the first factor")],
        ),
        case(
            "no evidence",
            "auth requisite pam_unix.so\nauth required pam_mfa.so",
            &[(Warning, "is not told that a first factor")],
        ),
        case(
            "a wrong password is asked on",
            "auth required pam_unix.so\nauth required pam_mfa.so",
            &[(Warning, "still asked for a code")],
        ),
        case(
            "a group without a password",
            "auth [success=1 default=ignore] pam_succeed_if.so user ingroup x\nauth requisite pam_unix.so\nauth required pam_permit.so\nauth required pam_mfa.so first_factor=stack",
            &[(Warning, "“pam_succeed_if user ingroup x” needs no first factor")],
        ),
        case(
            "a password for nobody",
            format!("{DEBIAN}auth required pam_mfa.so first_factor=stack forward_pass"),
            &[(Fine, ""), (Warning, "no module behind this line checks a password")],
        ),
        case("twice", format!("{DEBIAN}{OURS}{OURS}"), &[(Warning, "twice")]),
        case(
            "a file of the user's",
            format!("auth required pam_env.so user_readenv=1\n{DEBIAN}{OURS}"),
            &[(Fine, ""), (Warning, "svc:1 pam_env reads a file of the user's")],
        )
        .ssh(BeforePam::Nothing),
        case(
            "sshd not read",
            "auth required pam_mfa.so\nauth required pam_permit.so",
            &[(Warning, "A code alone"), (Warning, "nothing at all")],
        )
        .ssh(BeforePam::Unknown),
        case(
            "said where sshd knows",
            "auth required pam_mfa.so first_factor=stack\nauth required pam_permit.so",
            &[(Warning, "sshd itself tells")],
        )
        .ssh(BeforePam::Method),
        case(
            "a hole in a continued line",
            format!("{DEBIAN}auth requisite pam_mfa.so \\\n# old\n first_factor=stack"),
            &[(Warning, "svc:4 a blank or comment line")],
        ),
        case("no file of its own", "session required pam_unix.so", &[]),
    ] {
        case.check();
    }
}

trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for Case {}
