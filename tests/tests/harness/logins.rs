//! Real logins by the system's own modules: sshd, sudo, su, and google-authenticator.

use crate::{ONE_TRY, SECRET};
use pam_mfa_tests::harness::{Ended, Oathtool, PASSWORD, Program, Ssh, Sshd, Terminal, World, calm_now};

/// Alice's secret where `pam_google_authenticator` looks for it, with its own protection against reuse.
fn google(world: &World) {
    let file = format!("{SECRET}\n\" DISALLOW_REUSE\n\" WINDOW_SIZE 3\n\" TOTP_AUTH\n");
    world.write_home(&world.user("alice"), ".google_authenticator", &file);
}

fn with_password(world: &World, password: &str) -> Ended {
    world.pam("sshd", &["required pam_unix.so"]);
    let sshd = Sshd::start(world, "");
    let mut ssh = Terminal::start(&Ssh::to(&sshd, "alice").option(ONE_TRY).command("id -un"));
    ssh.answer("Password: ", password);
    ssh.finish()
}

#[test]
fn the_right_password_logs_in_over_ssh() {
    let world = World::new("right");
    let ended = with_password(&world, PASSWORD);
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert_eq!(ended.text(), "\r(alice@127.0.0.1) Password: \r\nalice\r\n");
    // sshd itself writes to its own file; what pam_unix says goes to the world's log.
    assert_eq!(world.log().lines_with("authentication failure"), Vec::<String>::new());
}

#[test]
fn a_wrong_password_does_not_log_in_over_ssh() {
    let world = World::new("wrong");
    let ended = with_password(&world, "incorrect horse");
    assert_eq!(ended.code, 255, "{}", ended.text());
    assert!(ended.text().contains("Permission denied (publickey,keyboard-interactive)"), "{}", ended.text());
    world.log().expect(&["pam_unix(sshd:auth)", "authentication failure", "rhost=127.0.0.1", "user=alice"]);
}

#[test]
fn a_key_logs_in_over_ssh_and_only_its_owner() {
    let world = World::new("key");
    let sshd = Sshd::start(&world, "AuthenticationMethods publickey");
    world.pam("sshd", &["required pam_deny.so"]);
    let alice = Ssh::to(&sshd, "alice").key(&world, &world.user("alice"));
    let ended = Terminal::start(&alice.command("id -un")).finish();
    assert_eq!((ended.code, ended.text().as_str()), (0, "alice\r\n"));
    let file = world.folder().join("key-alice");
    let bob = Ssh::to(&sshd, "bob")
        .option("PreferredAuthentications=publickey")
        .option(&format!("IdentityFile={}", file.display()));
    let ended = Terminal::start(&bob.command("id -un")).finish();
    assert_eq!(ended.code, 255, "{}", ended.text());
}

#[test]
fn a_key_and_then_a_password_are_both_asked_for() {
    let world = World::new("both");
    world.pam("sshd", &["required pam_unix.so"]);
    let sshd = Sshd::start(&world, "AuthenticationMethods publickey,keyboard-interactive");
    let alice = Ssh::to(&sshd, "alice").option(ONE_TRY).key(&world, &world.user("alice"));
    let mut ssh = Terminal::start(&alice.command("id -un"));
    ssh.answer("Password: ", PASSWORD);
    let ended = ssh.finish();
    assert_eq!(ended.code, 0, "{}\n{}", ended.text(), sshd.log());
    let without = Terminal::start(&Ssh::to(&sshd, "alice").command("id -un")).finish();
    assert_eq!(without.code, 255, "{}", without.text());
}

#[test]
fn an_interactive_shell_works_over_ssh() {
    let world = World::new("shell");
    world.pam("sshd", &["required pam_unix.so"]);
    let sshd = Sshd::start(&world, "");
    let mut ssh = Terminal::start(&Ssh::to(&sshd, "alice").command(""));
    ssh.answer("Password: ", PASSWORD);
    ssh.expect("$ ");
    ssh.line("tty; echo $((40 + 2))");
    ssh.expect("/dev/pts/");
    ssh.expect("42\r\n");
    ssh.line("exit 7");
    assert_eq!(ssh.finish().code, 7);
}

#[test]
fn scp_and_sftp_carry_a_file() {
    let world = World::new("scp");
    world.pam("sshd", &["required pam_unix.so"]);
    let sshd = Sshd::start(&world, "");
    let ssh = Ssh::to(&sshd, "alice");
    let file = world.folder().join("letter");
    world.write(&file, "a letter", 0o644);
    let batch = world.folder().join("batch");
    world.write(&batch, &format!("put {} by-sftp\n", file.display()), 0o644);
    for (program, name) in [(ssh.copy_to(&file, "by-scp"), "by-scp"), (ssh.transfer(&batch), "by-sftp")] {
        let mut terminal = Terminal::start(&program);
        terminal.answer("Password: ", PASSWORD);
        let ended = terminal.finish();
        assert_eq!(ended.code, 0, "{}\n{}", ended.text(), sshd.log());
        assert_eq!(std::fs::read_to_string(world.user("alice").home.join(name)).unwrap(), "a letter");
    }
}

#[test]
fn sudo_asks_on_a_terminal() {
    let world = World::new("sudo");
    world.pam("sudo", &["required pam_unix.so"]);
    world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nalice ALL=(ALL) ALL");
    let sudo = Program::new("sudo").arg("id").arg("-un").as_user(&world.user("alice"));
    let mut right = Terminal::start(&sudo);
    right.answer("[sudo] password for alice: ", PASSWORD);
    let ended = right.finish();
    assert_eq!((ended.code, ended.text().lines().last()), (0, Some("root")), "{}", ended.text());
    let mut wrong = Terminal::start(&sudo);
    wrong.answer("[sudo] password for alice: ", "incorrect horse");
    let ended = wrong.finish();
    assert_eq!(ended.code, 1, "{}", ended.text());
    assert!(ended.text().contains("1 incorrect password attempt"), "{}", ended.text());
    world.log().expect(&["pam_unix(sudo:auth)", "user=alice"]);
    let not_in_sudoers =
        Program::new("sudo").args(["-S", "id"]).as_user(&world.user("bob")).run(&format!("{PASSWORD}\n"));
    assert_eq!(not_in_sudoers.code, 1);
    assert!(not_in_sudoers.stderr.contains("bob is not in the sudoers file"), "{}", not_in_sudoers.stderr);
}

#[test]
fn su_asks_on_a_terminal() {
    let world = World::new("su");
    world.pam("su", &["required pam_unix.so"]);
    let su = Program::new("su").args(["alice", "-c", "id -un"]).as_user(&world.user("bob"));
    for (password, code) in [(PASSWORD, 0), ("incorrect horse", 1)] {
        let mut terminal = Terminal::start(&su);
        terminal.answer("Password: ", password);
        let ended = terminal.finish();
        assert_eq!(ended.code, code, "{}", ended.text());
        assert_eq!(ended.text().contains("alice"), code == 0, "{}", ended.text());
    }
}

#[test]
fn a_code_of_oathtool_is_taken_once_by_google_authenticator() {
    let world = World::new("google");
    google(&world);
    world.pam("sshd", &["requisite pam_unix.so", "required pam_google_authenticator.so"]);
    let sshd = Sshd::start(&world, "");
    let code = Oathtool::new(SECRET).totp(calm_now());
    for expected in [0, 255] {
        let mut ssh = Terminal::start(&Ssh::to(&sshd, "alice").option(ONE_TRY).command("id -un"));
        ssh.answer("Password: ", PASSWORD);
        ssh.answer("Verification code: ", &code);
        let ended = ssh.finish();
        assert_eq!(ended.code, expected, "{}\n{}", ended.text(), world.log().lines().join("\n"));
    }
    world.log().expect(&["sshd(pam_google_authenticator)"]);
}
