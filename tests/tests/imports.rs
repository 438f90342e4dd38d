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

#[test]
fn everybodys_file_is_taken_at_once_with_a_word_about_each_of_them() {
    let mut house = House::new("homes", POLICY);
    let (alice, bob, carol) = (house.world.user("alice"), house.world.user("bob"), house.world.user("carol"));
    let dave = house.world.add_user("dave", 1004);
    let flags = ["-t", "-d", "-f", "-r", "3", "-R", "30", "-w", "3", "-q", "-C"];
    let secret = |user: &pam_mfa_tests::harness::User| {
        let _ = Program::new("google-authenticator").args(flags).as_user(user).run("").ok();
        std::fs::read_to_string(user.home.join(".google_authenticator")).unwrap().lines().next().unwrap().to_owned()
    };
    let [of_alice, of_bob] = [&alice, &bob].map(secret);
    // Of root's, and a link to it: neither is the user's own.
    house.world.write(carol.home.join(".google_authenticator"), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n", 0o600);
    std::os::unix::fs::symlink(alice.home.join(".google_authenticator"), dave.home.join(".google_authenticator"))
        .unwrap();
    let key = "K".repeat(88);
    let _ = house.world.write_home(&dave, ".config/Yubico/u2f_keys", &format!("dave:handle,{key},es256,+presence\n"));
    let all = ["import", "google-authenticator", "--all-homes"];
    let refused = house.mfactl.run(&all, "");
    assert_eq!(refused.code, 1, "{refused:?}");
    for told in [
        "alice: taken: ",
        "bob: taken: ",
        "carol: refused: the file is not this user's own",
        "dave: refused: a symbolic link",
        "dave: left out: .config/Yubico/u2f_keys is a file of pam_u2f",
    ] {
        assert!(refused.stdout.contains(told), "{told}: {}", refused.stdout);
    }
    assert_eq!(house.knock("alice", "123456").reason, "enrolment-required", "nothing was written");
    let _ = house.mfactl.run(&[&all[..], &["--skip-bad", "--dry-run"]].concat(), "").ok();
    assert_eq!(house.knock("alice", "123456").reason, "enrolment-required");
    let _ = house.mfactl.run(&[&all[..], &["--skip-bad"]].concat(), "").ok();
    let now = calm_now();
    for (user, secret) in [("alice", of_alice), ("bob", of_bob)] {
        assert_eq!(house.knock(user, &Oathtool::new(&secret).totp(now)).reason, "code-accepted");
    }
    assert_eq!(house.knock("dave", "123456").reason, "enrolment-required");
}

#[test]
fn fido_keys_are_recognised_whatever_they_are_called_and_refused_with_a_word() {
    let house = House::new("fido", POLICY);
    let file = house.world.folder().join("keys");
    house.world.write(&file, &format!("alice:handle,{},es256,+presence\n", "K".repeat(88)), 0o600);
    let path = file.to_string_lossy().into_owned();
    for words in [&["google-authenticator", &path, "--user", "alice"][..], &["oath", &path]] {
        let refused = house.mfactl.run(&[&["import"], words].concat(), "");
        assert!(refused.code == 1 && refused.stderr.contains("FIDO keys"), "{refused:?}");
    }
    assert_eq!(house.mfactl.run(&["import", "google-authenticator"], "").code, 2);
    assert_eq!(house.mfactl.run(&["import", "google-authenticator", &path], "").code, 2, "whose is it?");
}
