//! What a real journald keeps of logins, of sshd, sudo and mfad: their lines, and nothing that was typed or is secret, in any encoding.

use pam_mfa_tests::harness::canary::{keep_quiet_about, told_in};
use pam_mfa_tests::harness::{
    House, Journal, Mfactl, Mfad, PASSWORD, PamClient, Program, Ssh, Sshd, Terminal, World, calm_now,
};
use std::fs;

const CODE: &str = "erification code: ";

#[test]
fn the_journal_holds_every_decision_and_no_secret() {
    let world = World::new("journal");
    let journal = Journal::start(&world);
    let mut mfad = Mfad::new(&world, "require = \"required\"\n").logging_to_the_journal();
    mfad.run();
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    let stack = ["requisite pam_unix.so", &house.world.module("required", "first_factor=stack debug")];
    for service in ["sshd", "sudo"] {
        house.world.pam(service, &stack);
    }
    house.world.sudoers("Defaults timestamp_timeout=0\nalice ALL=(ALL) ALL");
    let enrolled = house.enroll("alice", "totp");
    let (codes, now) = (enrolled.oathtool(), calm_now());
    let (right, wrong) = (codes.totp(now), codes.wrong(now));
    let bypass = house.mfactl.run(&["bypass", "bob", "--for", "1h", "--reason", "a lost phone", "--json"], "").ok();
    let ticket = house.mfactl.run(&["ticket", "carol", "--json"], "").ok();
    for (made, key) in [(bypass, "code"), (ticket, "ticket")] {
        keep_quiet_about(made.json()[key].as_str().unwrap());
    }
    ["hunter2hunter2", PASSWORD].into_iter().for_each(keep_quiet_about);

    let sshd = Sshd::start(&house.world, "LogLevel DEBUG3\nMaxAuthTries 20");
    let mut ssh = Terminal::start(&Ssh::to(&sshd, "alice").command("echo let in"));
    ssh.answer("assword", PASSWORD);
    for answer in ["hunter2hunter2", &wrong, &right] {
        ssh.answer(CODE, answer);
    }
    assert_eq!(ssh.finish().code, 0, "{}", sshd.log());
    let mut sudo = Terminal::start(&Program::new("sudo").arg("id").as_user(&house.world.user("alice")));
    sudo.answer("assword", PASSWORD);
    sudo.answer(CODE, &enrolled.recovery_codes[0]);
    assert_eq!(sudo.finish().code, 0);
    // A damaged file, whose secret stands where a key should.
    let file = house.world.state_dir().join("users/alice.toml");
    let whole = fs::read_to_string(&file).unwrap();
    house.mfad.stop();
    fs::write(&file, whole.replace("secret = ", "")).unwrap();
    house.mfad.run();
    house.world.pam("door", &[&house.world.module("required", "first_factor=stack")]);
    assert_ne!(PamClient::new("door", "alice").verdict(&[&right]), "PAM_SUCCESS");
    house.mfad.stop();

    for text in ["pam_mfa", "reason=code-accepted", "alice.toml", "stopped by a signal", "PRIORITY=7", "debug="] {
        journal.expect(text);
    }
    let export = journal.export();
    assert!(export.contains("SYSLOG_FACILITY=10") && export.contains("SYSLOG_IDENTIFIER=mfad"), "{export}");
    let mut places = vec![("the journal".to_owned(), export.clone().into_bytes())];
    for file in journal.files() {
        places.push((file.display().to_string(), fs::read(&file).unwrap()));
    }
    assert!(places.len() > 1 && places[1].1.windows(6).any(|part| part == b"reason"), "the file is packed");
    assert_eq!(told_in(places), Vec::<String>::new());
    for code in [right, wrong] {
        let mut messages = export.lines().filter(|line| line.starts_with("MESSAGE=") && line.contains(&code));
        assert_eq!(messages.next(), None, "{code}");
    }
}
