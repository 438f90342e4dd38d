//! Enrolments of other products come over and keep accepting what their users' apps show.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use pam_mfa_tests::harness::{House, Oathtool, Program, calm_now};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

#[test]
fn what_google_authenticator_wrote_itself_is_taken() {
    let house = House::new("google", POLICY);
    let alice = house.world.user("alice");
    let file = alice.home.join(".google_authenticator");
    let flags = ["-t", "-d", "-f", "-r", "3", "-R", "30", "-w", "3", "-q", "-C"];
    let _ = Program::new("google-authenticator").args(flags).as_user(&alice).run("").ok();
    let secret = std::fs::read_to_string(&file).unwrap().lines().next().unwrap().to_owned();
    let path = file.to_string_lossy().into_owned();
    let _ = house.mfactl.run(&["import", "google-authenticator", &path, "--user", "alice"], "").ok();
    let codes = Oathtool::new(&secret);
    let now = calm_now();
    assert_eq!(house.knock("alice", &codes.wrong(now)).reason, "wrong-code");
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "code-accepted");
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "replay");
}

#[test]
fn a_users_oath_is_taken_line_by_line() {
    let house = House::new("oath", POLICY);
    let secret = BASE32_NOPAD.encode(b"12345678901234567890");
    let hex = HEXLOWER.encode(b"12345678901234567890");
    let file = house.world.folder().join("users.oath");
    let text =
        format!("# a comment\n\nHOTP/T30/6\talice\t-\t{hex}\nHOTP/E/8\tbob\t-\t{hex}\t4\nHOTP\tcarol\t-\t{hex}\n");
    house.world.write(&file, &text, 0o600);
    let path = file.to_string_lossy().into_owned();
    let _ = house.mfactl.run(&["import", "oath", &path], "").ok();
    let codes = Oathtool::new(&secret);
    assert_eq!(house.knock("alice", &codes.totp(calm_now())).reason, "code-accepted");
    assert_eq!(house.knock("bob", &codes.clone().digits(8).hotp(5)).reason, "code-accepted");
    assert_eq!(house.knock("carol", &codes.hotp(0)).reason, "code-accepted");
}

#[test]
fn one_bad_line_keeps_everything_out_unless_told_otherwise() {
    let house = House::new("bad-line", POLICY);
    let hex = HEXLOWER.encode(b"12345678901234567890");
    let file = house.world.folder().join("users.oath");
    house.world.write(&file, &format!("HOTP/T30/6\talice\t-\t{hex}\nHOTP/T30/6\tbob\t-\tnot hex\n"), 0o600);
    let path = file.to_string_lossy().into_owned();
    let refused = house.mfactl.run(&["import", "oath", &path], "");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stdout.contains('2') || refused.stderr.contains('2'), "the line is named: {refused:?}");
    assert_eq!(house.knock("alice", "123456").reason, "enrolment-required");
    let _ = house.mfactl.run(&["import", "oath", &path, "--skip-bad"], "").ok();
    let codes = Oathtool::new(&BASE32_NOPAD.encode(b"12345678901234567890"));
    assert_eq!(house.knock("alice", &codes.totp(calm_now())).reason, "code-accepted");
}
