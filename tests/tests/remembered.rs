//! Remembered logins, and signs that somebody else is logging in.

use pam_mfa_tests::harness::{Enrolled, House, PASSWORD, PamClient, Program, Ssh, Sshd, Terminal, calm_now};
use std::time::Duration;

const REMEMBER: &str = "require = \"required\"\nremember = \"8h\"\n";

fn furnish(house: &House) -> Enrolled {
    let world = &house.world;
    world.pam("sudo", &["requisite pam_unix.so", &world.module("required", "first_factor=stack")]);
    world.sudoers("Defaults timestamp_timeout=0\nalice ALL=(ALL) ALL");
    house.enroll("alice", "totp")
}

/// A shell of alice's on a terminal of its own.
fn shell(house: &House) -> Terminal {
    let mut terminal =
        Terminal::start(&Program::new("sh").arg("-i").as_user(&house.world.user("alice")).env("PS1", "> "));
    terminal.expect("> ");
    terminal
}

/// Whether sudo in this shell asks for a code; it is given then.
fn asks(terminal: &mut Terminal, code: &str) -> bool {
    asks_by(terminal, "sudo -k; sudo id -un", code)
}

/// Whether this command does.
fn asks_by(terminal: &mut Terminal, command: &str, code: &str) -> bool {
    terminal.line(&format!("{command}; echo end=$?"));
    terminal.answer("assword", PASSWORD);
    let a_moment = Duration::from_millis(50);
    let asked = loop {
        if terminal.shows("erification code: ", a_moment) {
            terminal.line(code);
            terminal.expect("end=0");
            break true;
        }
        if terminal.shows("end=0", a_moment) {
            break false;
        }
    };
    terminal.expect("> ");
    asked
}

#[test]
fn sudo_in_the_same_session_of_a_terminal_is_not_asked_again_and_in_another_is() {
    let house = House::new("remembered", REMEMBER);
    let codes = furnish(&house).recovery_codes;
    // A recovery code clears what is remembered before it, and then its own login is.
    let mut first = shell(&house);
    assert!(asks(&mut first, &codes[0]));
    assert!(!asks(&mut first, "never typed"));
    house.world.log().expect(&["user=\"alice\"", "method=none", "result=granted", "reason=remembered"]);
    let mut second = shell(&house);
    assert!(asks(&mut second, &codes[1]), "another session");
    assert!(!asks(&mut second, "never typed"));
    // su is another kind of application, and remembers by itself whom it makes of somebody.
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    let of_bob = house.enroll("bob", "totp").recovery_codes;
    let su = "su bob -c 'id -un'";
    assert!(asks_by(&mut second, su, &of_bob[0]) && !asks_by(&mut second, su, "never typed"));
    assert!(asks_by(&mut first, su, &of_bob[1]), "another session");
    house.world.log().expect(&["pam_mfa(su:auth)", "user=\"bob\"", "result=granted", "reason=remembered"]);
    let of_bob = house.mfactl.run(&["grants", "bob"], "").ok().stdout;
    assert!(of_bob.contains("su from") && !of_bob.contains("sudo"), "{of_bob}");
    let listed = house.mfactl.run(&["grants", "alice"], "").ok().stdout;
    assert!(listed.contains("sudo from") && listed.contains("pts/"), "{listed}");
    let _ = house.mfactl.run(&["grants", "alice", "--revoke-all"], "").ok();
    assert!(asks(&mut second, &codes[2]), "revoked");
    assert!(house.mfactl.run(&["grants", "carol"], "").ok().stdout.contains("No login of carol is remembered"));
}

#[test]
fn what_is_remembered_ends_with_a_change_of_factors_or_of_the_policy_and_not_with_mfad() {
    let mut house = House::new("remembered-change", REMEMBER);
    let enrolled = furnish(&house);
    let mut terminal = shell(&house);
    assert!(asks(&mut terminal, &enrolled.recovery_codes[0]));
    house.mfad.restart();
    assert!(!asks(&mut terminal, "never typed"));
    let _ = house.enroll("alice", "hotp");
    assert!(asks(&mut terminal, &enrolled.recovery_codes[1]));
    // Nor is it remembered for longer than the policy says by now.
    assert!(!asks(&mut terminal, "never typed"));
    house.mfad.reload("require = \"required\"\nremember = \"1s\"\n");
    std::thread::sleep(Duration::from_millis(1200));
    assert!(asks(&mut terminal, &enrolled.recovery_codes[2]), "tightened");
}

#[test]
fn ssh_from_the_same_network_is_not_asked_again_but_a_first_factor_is() {
    let house = House::new("remembered-ssh", REMEMBER);
    let codes = house.enroll("alice", "totp").recovery_codes;
    house.world.pam("sshd", &[&house.world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive");
    let alice = house.world.user("alice");
    let with_key = |from: &str| {
        let ssh = Ssh::to(&sshd, "alice").key(&house.world, &alice).option(&format!("BindAddress={from}"));
        Terminal::start(&ssh.command("id -un"))
    };
    let mut terminal = with_key("127.0.0.1");
    terminal.answer("erification code: ", &codes[0]);
    assert_eq!(terminal.finish().code, 0);
    let ended = with_key("127.0.0.1").finish();
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert!(!ended.text().contains("erification"), "{}", ended.text());
    with_key("127.0.0.7").expect("erification code: ");
    // Without the key nothing is remembered for anybody.
    Terminal::start(&Ssh::to(&sshd, "alice").command("id")).expect("erification code: ");
}

#[test]
fn a_program_of_the_users_own_neither_makes_nor_uses_one() {
    let house = House::new("remembered-own", REMEMBER);
    let codes = house.enroll("alice", "totp").recovery_codes;
    house.world.pam("swaylock", &[&house.world.module("required", "first_factor=stack")]);
    let alice = house.world.user("alice");
    let locker = PamClient::new("swaylock", "alice").option("--tty", "/dev/pts/7").program(|p| p.as_user(&alice));
    assert_eq!(locker.verdict(&[&codes[0]]), "PAM_SUCCESS");
    let listed = house.mfactl.run(&["grants", "alice"], "").ok().stdout;
    assert!(listed.contains("No login"), "{listed}");
}

#[test]
fn a_network_the_user_never_came_from_is_told_from_one_they_know() {
    let notes = "require = \"required\"\n[[raise]]\nwhen = { new_source = true }\ndemand = [\"fresh\"]\n";
    let house = House::new("new-source", notes);
    let codes = house.enroll("alice", "totp").recovery_codes;
    let door = |from: &str| {
        house.world.pam("door", &[&house.world.module("required", "first_factor=stack")]);
        PamClient::new("door", "alice").option("--rhost", from)
    };
    assert_eq!(door("192.0.2.7").verdict(&[&codes[0]]), "PAM_SUCCESS");
    house.mfad.reload("require = \"required\"\n[[raise]]\nwhen = { new_source = true }\ndemand = [\"refuse\"]\n");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(door("192.0.2.7").verdict(&[&codes[1]]), "PAM_SUCCESS");
    let refused = door("198.51.100.1").run(&[&codes[2]]);
    assert!(format!("{refused:?}").contains("too unusual"), "{refused:?}");
    house.world.log().expect(&["rhost=\"198.51.100.1\"", "reason=refused-by-policy"]);
    // The code was not looked at.
    assert_eq!(door("192.0.2.7").verdict(&[&codes[2]]), "PAM_SUCCESS");
}

#[test]
fn at_sshd_and_at_su_what_was_tried_before_counts_whatever_it_was_tried_at() {
    let policy = "require = \"required\"\ntries = 1\n[[raise]]\nwhen = { failures = 2 }\ndemand = [\"refuse\"]\n";
    let house = House::new("failures-doors", policy);
    let codes = house.enroll("bob", "hotp");
    for service in ["sshd", "su"] {
        let module = house.world.module("required", "first_factor=stack");
        house.world.pam(service, &["requisite pam_unix.so", &module, "required pam_permit.so"]);
    }
    let sshd = Sshd::start(&house.world, "MaxAuthTries 1");
    let alice = house.world.user("alice");
    let ssh = || Terminal::start(&Ssh::to(&sshd, "bob").command("echo let''ted in"));
    let su = || Terminal::start(&Program::new("su").args(["bob", "-c", "echo let''ted in"]).as_user(&alice));
    let lets_in = |mut terminal: Terminal, code: &str| {
        terminal.answer("assword: ", PASSWORD);
        terminal.answer("erification code: ", code);
        let ended = terminal.finish();
        ended.text().contains("letted in")
    };
    let wrong = codes.oathtool().wrong(calm_now());
    assert!(!lets_in(ssh(), &wrong) && lets_in(su(), &codes.oathtool().hotp(0)), "one is not two");
    assert!(!lets_in(su(), &wrong));
    for mut terminal in [ssh(), su()] {
        terminal.answer("assword: ", PASSWORD);
        let ended = terminal.finish();
        assert!(ended.text().contains("too unusual") && !ended.text().contains("erification code"), "{}", ended.text());
    }
}

#[test]
fn failures_of_the_last_hour_ask_for_more() {
    let policy = "require = \"required\"\n[[raise]]\nwhen = { failures = 3 }\ndemand = [\"refuse\"]\n";
    let house = House::new("failures", policy);
    let codes = house.enroll("alice", "totp").recovery_codes;
    for _ in 0..2 {
        assert_eq!(house.knock("alice", "000000").reason, "wrong-code");
    }
    assert_eq!(house.knock("alice", &codes[0]).code, "PAM_SUCCESS", "two are not three");
    let _ = house.knock("alice", "000000");
    assert_eq!(house.knock("alice", &codes[1]).reason, "refused-by-policy");
}
