//! The harness proved on the system's own parts: before it judges ours, it must tell right from wrong.

use pam_mfa_tests::harness::{
    Ended, Event, FakeMfad, Gate, HOSTILE, Misbehaviour, Oathtool, PASSWORD, PamClient, Program, Ssh, Sshd, Terminal,
    World, calm_now,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The secret of RFC 4226, base32.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const ONE_TRY: &str = "NumberOfPasswordPrompts=1";

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

#[test]
fn oathtool_gives_the_codes_of_the_standards() {
    // RFC 4226, appendix D, and RFC 6238, appendix B.
    assert_eq!(Oathtool::new(SECRET).hotps(0, 4), ["755224", "287082", "359152", "969429"]);
    assert_eq!(Oathtool::new(SECRET).hotp(9), "520489");
    assert_eq!(Oathtool::new(SECRET).digits(8).totp(59), "94287082");
    let long = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    assert_eq!(Oathtool::new(long).algorithm("sha256").digits(8).step(30).totp(1_111_111_109), "68084774");
}

#[test]
fn a_pam_client_tells_what_it_is_asked_and_told() {
    let world = World::new("client");
    world.pam("door", &["optional pam_echo.so hello %u from %H", "required pam_unix.so"]);
    let client = PamClient::new("door", "alice").option("--rhost", "far.example").phases("authenticate,acct_mgmt");
    let events = client.run(&[PASSWORD]);
    let result = |phase: &str| Event::Result { phase: phase.into(), code: "PAM_SUCCESS".into() };
    let expected = [
        Event::Says { error: false, text: "hello alice from far.example".into() },
        Event::Prompt { echo: false, text: "Password: ".into() },
        result("authenticate"),
        result("acct_mgmt"),
    ];
    assert_eq!(events, expected);
    assert_eq!(client.clone().phases("authenticate").verdict(&["incorrect horse"]), "PAM_AUTH_ERR");
    // No answer at all: the conversation fails.
    assert_ne!(client.phases("authenticate").verdict(&[]), "PAM_SUCCESS");
}

#[test]
fn hostile_answers_reach_the_module() {
    let world = World::new("hostile");
    world.pam("door", &["required pam_unix.so nodelay"]);
    for kind in HOSTILE {
        let verdict = PamClient::new("door", "alice").option("--hostile", kind).verdict(&[PASSWORD]);
        assert_ne!(verdict, "PAM_SUCCESS", "{kind}");
    }
}

#[test]
fn a_permitting_module_leaves_the_process_as_it_was() {
    let world = World::new("snapshot");
    world.pam("door", &["required pam_permit.so"]);
    let events = PamClient::new("door", "alice")
        .option("--repeat", "1000")
        .flag("--snapshot")
        .phases("authenticate,setcred")
        .run(&[]);
    let snapshots: Vec<_> = events.iter().filter(|event| matches!(event, Event::Snapshot(_))).collect();
    assert_eq!(snapshots.len(), 2);
    assert_eq!(snapshots[0], snapshots[1]);
    assert_eq!(events.len(), 2002);
    let Event::Snapshot(first) = snapshots[0] else { unreachable!() };
    assert_eq!(first["Threads"], "1", "{first}");
    assert!(first["fds"].as_object().unwrap().len() >= 3, "{first}");
}

#[test]
fn sixty_four_clients_stand_at_a_gate_and_go_together() {
    let world = World::new("gate");
    world.pam("door", &["required pam_unix.so"]);
    let gate = Gate::closed(&world, "door");
    let client = PamClient::new("door", "alice").gate(&gate);
    let mut calls: Vec<_> = (0..64).map(|_| client.start()).collect();
    for call in &mut calls {
        assert_eq!(call.prompt(), "Password: ");
        call.answer(PASSWORD);
        call.ready();
    }
    gate.open();
    let through = calls.iter_mut().map(|call| call.verdict()).filter(|code| code == "PAM_SUCCESS").count();
    assert_eq!(through, 64);
}

#[test]
fn a_real_uid_can_be_another() {
    let world = World::new("uid");
    world.pam("door", &["required pam_permit.so"]);
    let client = PamClient::new("door", "alice").flag("--snapshot").program(|program| program.with_real_uid(1001));
    let events = client.run(&[]);
    let Some(Event::Snapshot(taken)) = events.last() else { panic!("{events:?}") };
    assert_eq!(taken["Uid"], "1001\t0\t0\t0");
}

#[test]
fn a_fake_daemon_misbehaves_as_told() {
    let world = World::new("fake");
    let socket = world.run_dir().join("root.sock");
    let heard = |misbehaviour| {
        let fake = FakeMfad::start(&world, misbehaviour);
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream.write_all(b"begin").unwrap();
        let mut buffer = [0; 16];
        let read = stream.read(&mut buffer).map(|length| buffer[..length].to_vec()).map_err(|e| e.kind());
        assert_eq!(fake.received(), b"begin");
        read
    };
    assert_eq!(heard(Misbehaviour::Says(vec![b"garbage".to_vec()])), Ok(b"garbage".to_vec()));
    assert_eq!(heard(Misbehaviour::SaysAndCloses(b"half".to_vec())), Ok(b"half".to_vec()));
    assert_eq!(heard(Misbehaviour::Closes), Ok(Vec::new()));
    assert_eq!(heard(Misbehaviour::Silent), Err(std::io::ErrorKind::WouldBlock));
    let full = FakeMfad::start(&world, Misbehaviour::NeverAccepts);
    let (tell, told) = std::sync::mpsc::channel();
    let connecting = std::thread::spawn(move || tell.send(UnixStream::connect(&socket).is_ok()));
    assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "somebody accepted");
    drop(full);
    let _ = connecting.join();
}

#[test]
fn accounts_live_in_the_world_alone() {
    let machine = std::fs::read_to_string("/etc/passwd").unwrap();
    assert!(!machine.contains("alice"));
    {
        let mut world = World::new("accounts");
        world.add_user("dave", 1004);
        world.add_group("ops", 2000, &["alice", "dave"]);
        assert!(Program::new("id").arg("dave").run("").ok().stdout.contains("2000(ops)"));
        world.change_uid("dave", 1005);
        assert_eq!(Program::new("id").args(["-u", "dave"]).run("").ok().stdout, "1005\n");
        world.remove_user("dave");
        assert_ne!(Program::new("id").arg("dave").run("").code, 0);
        let as_bob = Program::new("sh").args(["-c", "id -un; id -Gn; pwd"]).as_user(&world.user("bob")).run("").ok();
        assert_eq!(as_bob.stdout, format!("bob\nbob\n{}\n", world.user("bob").home.display()));
    }
    assert_eq!(std::fs::read_to_string("/etc/passwd").unwrap(), machine);
    assert!(!Path::new("/run/mfa-accounts").exists());
}

#[test]
fn a_world_takes_its_processes_with_it() {
    let world = World::new("end");
    let lost = Program::new("sh").args(["-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"]).run("").ok();
    assert_eq!(world.processes().len(), 1, "{lost:?}");
    let pid = world.processes()[0];
    drop(world);
    assert!(std::fs::read_link(format!("/proc/{pid}/exe")).is_err(), "it still runs");
}

#[test]
fn a_disk_can_be_full() {
    let world = World::new("disk");
    world.small_state_disk("size=16k");
    let error = std::fs::write(world.state_dir().join("big"), vec![0; 64 * 1024]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn a_secret_in_a_log_is_found_however_it_is_written() {
    use pam_mfa_tests::harness::canary::{keep_quiet_about, told, written};
    let world = World::new("told");
    let secrets = ["MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U", "7K2M-9QXD-4HTB-V0PA-J8CE-3WNR"];
    secrets.iter().for_each(|secret| keep_quiet_about(secret));
    assert!(told(&world).is_empty());
    let log = world.folder().join("mfad.err");
    let ways: Vec<_> = secrets.iter().flat_map(|secret| written(secret)).collect();
    assert!(ways.contains(&b"6162636465666768696a6b6c6d6e6f7071727374".to_vec()), "hexadecimal, too");
    assert!(ways.contains(&b"7k2m9qxd4htbv0paj8ce3wnr".to_vec()), "without its groups, too");
    for way in ways {
        std::fs::write(&log, [b"an answer: ".as_slice(), &way, b"\n"].concat()).unwrap();
        assert!(!told(&world).is_empty(), "{:?}", String::from_utf8_lossy(&way));
    }
    std::fs::remove_file(&log).unwrap();
}

#[test]
fn a_secret_in_the_environment_of_a_running_daemon_fails_the_test_it_belongs_to() {
    use pam_mfa_tests::harness::{House, Mfactl, Mfad, canary::keep_quiet_about};
    let secret = "LPQXS2DNMVXGIZLBNZSGKZDBMRSGKZDB";
    keep_quiet_about(secret);
    let world = World::new("told-by-mfad");
    let mut mfad = Mfad::new(&world, "require = \"required\"\n").env("LEFT_BEHIND", secret);
    mfad.run();
    let pid = mfad.pid();
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(house)));
    let told = ended.expect_err("the secret was not found").downcast::<String>().unwrap();
    assert!(told.contains(&format!("/proc/{pid}/environ: {secret}")), "{told}");
    assert!(std::fs::read_link(format!("/proc/{pid}/exe")).is_err(), "it still runs");
}

#[test]
fn a_state_folder_that_is_not_whole_is_noticed() {
    use pam_mfa_tests::harness::{House, is_whole};
    let house = House::new("whole", "require = \"required\"\n");
    let _ = house.enroll("alice", "hotp");
    let _ = house.enroll("bob", "hotp");
    assert_eq!(is_whole(&house, &"as it should be"), 2);
    let state = house.world.state_dir();
    let bob = std::fs::read_to_string(state.join("users/bob.toml")).unwrap();
    let (factor, recovery) = bob.split_at(bob.find("[recovery]").expect("a table of its own"));
    let header = factor.split("[[factor]]").next().unwrap();
    let record = std::fs::read(state.join("state/bob")).unwrap();
    for (file, bytes, complaint) in [
        ("users/.new-abc", b"".as_slice(), "left in \"users\""),
        ("state/.new-abc", b"", "left in \"state\""),
        (".new-abc", b"", "left in \"\""),
        ("users/bob.toml", &bob.as_bytes()[..bob.len() / 2], "bob.toml"),
        ("users/bob.toml", factor.as_bytes(), "bob has a factor without recovery codes"),
        ("users/bob.toml", format!("{header}{recovery}").as_bytes(), "bob"),
        ("state/bob", &record[..100], "state/bob cannot be read, all 100 bytes of it"),
        ("tokens.toml", b"version = ", "the stock of tokens"),
    ] {
        let file = state.join(file);
        let before = std::fs::read(&file).ok();
        std::fs::write(&file, bytes).unwrap();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| is_whole(&house, &"broken")));
        let told = ended.expect_err(complaint).downcast::<String>().unwrap();
        assert!(told.contains(complaint), "{complaint}: {told}");
        match before {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
    assert_eq!(is_whole(&house, &"as it was"), 2);
}
