use super::super::control::Code;
use super::*;

fn stack(service: &str, files: &[(&str, &str)]) -> Stack {
    load(service, &|name| {
        let (_, text) = files.iter().find(|(known, _)| *known == name)?;
        Some(File { path: format!("/etc/pam.d/{name}"), text: (*text).to_owned() })
    })
}

fn shape(stack: &Stack) -> Vec<String> {
    stack.lines.iter().map(|l| format!("{} {} {} {}", l.place(), l.level, l.control.text(), l.module)).collect()
}

#[test]
fn includes_keep_the_file_and_line_they_came_from() {
    let found = stack(
        "SSHD",
        &[
            (
                "sshd",
                "# head\n@include common-auth\naccount required pam_nologin.so\nauth substack inner\n-AUTH include inner\n",
            ),
            (
                "common-auth",
                "\nauth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth requisite pam_deny.so # no\n",
            ),
            ("inner", "auth required /lib/security/pam_mfa.so [run_dir=/a b] debug\nsession optional pam_x.so\n"),
        ],
    );
    assert_eq!(
        shape(&found),
        [
            "/etc/pam.d/common-auth:2 0 [success=1 default=ignore] pam_unix.so",
            "/etc/pam.d/common-auth:3 0 requisite pam_deny.so",
            "/etc/pam.d/sshd:4 0  inner",
            "/etc/pam.d/inner:1 1 required /lib/security/pam_mfa.so",
            "/etc/pam.d/inner:1 0 required /lib/security/pam_mfa.so",
        ]
    );
    assert_eq!(found.lines[3].args, ["run_dir=/a b", "debug"]);
    assert_eq!(found.lines[3].name(), "pam_mfa");
}

#[test]
fn continued_lines_are_one_line() {
    let found = stack("x", &[("x", "auth \\\n  required \\\n  pam_a.so one\\\ntwo\nauth required pam_b.so\n")]);
    assert_eq!(shape(&found), ["/etc/pam.d/x:1 0 required pam_a.so", "/etc/pam.d/x:5 0 required pam_b.so"]);
    assert_eq!(found.lines[0].args, ["one", "two"]);
}

#[test]
fn a_service_without_auth_lines_is_judged_by_other() {
    let files = [("other", "auth required pam_deny.so"), ("cron", "session required pam_x.so")];
    assert!(stack("cron", &files).from_other);
    assert!(stack("nothing", &files).from_other);
    assert_eq!(stack("nothing", &[]).file, None);
}

#[test]
fn what_libpam_cannot_use_fails() {
    let found = stack(
        "x",
        &[(
            "x",
            "oath required pam_a.so\nauth required\nauth\nauth include gone\nauth include x\nauth [success=oky] pam_a.so",
        )],
    );
    let broken = found.lines.iter().filter(|line| matches!(line.kind, Kind::Broken(_))).count();
    assert!(broken > 4, "{found:?}");
    let last = found.lines.last().unwrap();
    assert_eq!((last.kind.clone(), last.control.on(Code::SUCCESS)), (Kind::Module, Action::Bad));
}
