//! The user's side for real: mfa-authenticator in alice's own session with a real keyring, against the real mfad.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, PASSWORD, Program, Session, SystemBus, Terminal, World, number_in};
use std::time::{Duration, Instant};

#[test]
fn a_desktop_pairs_shows_and_approves_a_sudo() {
    let world = World::new("desktop");
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let enrolled = house.enroll("alice", "totp");
    let alice = house.world.user("alice");
    let session = Session::start(&house.world, &alice);
    house.mfad.is_on_the_bus(1);
    let refused = session.authenticator(&["pair", "--label", "desk"]).run("000000\n");
    assert_eq!(refused.code, 1, "{refused:?}");
    let paired = session.authenticator(&["pair", "--label", "desk"]).run(&format!("{}\n", enrolled.recovery_codes[0]));
    let paired = paired.ok();
    let mut agent = session.agent();

    house.world.pam("sudo", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    house.world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nalice ALL=(ALL) ALL");
    // The agent registers a moment after it starts.
    let end = Instant::now() + Duration::from_secs(15);
    let (mut terminal, prompt) = loop {
        let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
        terminal.answer("assword", PASSWORD);
        terminal.expect("erification code");
        let prompt = terminal.expect(": ");
        if prompt.contains("approve") {
            break (terminal, prompt);
        }
        drop(terminal);
        assert!(Instant::now() < end, "no push: {}\n{paired:?}", house.mfad.errors());
        std::thread::sleep(Duration::from_millis(300));
    };
    let number = number_in(&prompt);
    let listed = session.authenticator(&["requests", "--json"]).run("").ok();
    assert!(listed.stdout.contains("\"sudo\"") && !listed.stdout.contains(&number), "{}", listed.stdout);
    let id = listed.stdout.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let _ = session.authenticator(&["approve", &id, &number]).run("").ok();
    terminal.line("");
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert!(ended.text().contains("root"));
    let history = session.authenticator(&["history"]).run("").ok();
    assert!(history.stdout.contains("sudo"), "{}", history.stdout);
    let devices = house.mfactl.run(&["device", "list", "alice"], "").ok();
    assert!(devices.stdout.contains("desk"), "{}", devices.stdout);
    let _ = agent.kill();
    let _ = agent.wait();
}

#[test]
fn a_first_device_comes_by_an_administrators_ticket() {
    let world = World::new("ticket");
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let bob = house.world.user("bob");
    let session = Session::start(&house.world, &bob);
    house.mfad.is_on_the_bus(1);
    let ticket = house.mfactl.run(&["ticket", "bob", "--json"], "").ok().json()["ticket"].as_str().unwrap().to_owned();
    let _ = session.authenticator(&["pair", "--ticket"]).run(&format!("{ticket}\n")).ok();
    let again = session.authenticator(&["pair", "--ticket"]).run(&format!("{ticket}\n"));
    assert_eq!(again.code, 1, "a ticket is good once: {again:?}");
    let devices = session.authenticator(&["devices"]).run("").ok();
    assert!(devices.stdout.contains("device-"), "{}", devices.stdout);
    let id = devices.stdout.split("device-").nth(1).unwrap().chars().take(8).collect::<String>();
    assert_eq!(house.mfactl.run(&["device", "suspend", "bob", &format!("device-{id}")], "").code, 0);
    assert_eq!(house.mfactl.run(&["device", "revoke", "bob", &format!("device-{id}")], "").code, 0);
    assert_eq!(house.mfactl.run(&["device", "revoke", "bob", &format!("device-{id}")], "").code, 1);
}

#[test]
fn a_first_device_comes_by_a_login_at_which_its_number_is_typed() {
    let world = World::new("offered");
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\nenrol = [\"desktop\"]\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    let session = Session::start(&house.world, &house.world.user("alice"));
    house.mfad.is_on_the_bus(1);
    let mut pairing = Terminal::start(&session.authenticator(&["pair", "--label", "desk"]));
    let fingerprint = pairing.expect("You have no factor yet.");
    let fingerprint = fingerprint.split("new key: ").nth(1).unwrap().lines().next().unwrap().trim().to_owned();
    let number = number_in(pairing.expect("withdraws").lines().next().unwrap().trim());
    let bob = house.world.user("bob");
    let mut login = Terminal::start(&Program::new("su").args(["alice", "-c", "echo let in"]).as_user(&bob));
    login.answer("assword: ", PASSWORD);
    let screen = login.expect("Number your desktop shows: ");
    assert!(screen.contains(&fingerprint), "{fingerprint} in {screen}");
    login.line(&number);
    login.answer("Press Enter when you have kept them: ", "");
    login.expect("let in");
    let paired = pairing.finish();
    assert!(paired.code == 0 && paired.text().contains("can approve your sign-ins"), "{}", paired.text());
    let devices = session.authenticator(&["devices"]).run("").ok();
    assert!(devices.stdout.contains("desk") && devices.stdout.contains("key in this keyring"), "{}", devices.stdout);
}

#[test]
fn the_agent_comes_back_to_a_restarted_mfad_and_a_restarted_bus() {
    let world = World::new("returns");
    let bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    let enrolled = house.enroll("alice", "totp");
    let session = Session::start(&house.world, &house.world.user("alice"));
    house.mfad.is_on_the_bus(1);
    let _ = session.authenticator(&["pair"]).run(&format!("{}\n", enrolled.recovery_codes[0])).ok();
    let mut agent = session.agent();
    let door = house.door("door", "alice", "first_factor=stack");
    let answers = |house: &House, answer: &str, expected: &str| {
        let end = Instant::now() + Duration::from_secs(60);
        let (mut call, prompt) = loop {
            let mut call = door.start();
            let prompt = call.prompt();
            if prompt.contains("approve") {
                break (call, prompt);
            }
            assert!(Instant::now() < end, "no push: {}", house.mfad.errors());
            std::thread::sleep(Duration::from_millis(300));
        };
        let number = number_in(&prompt);
        let listed = session.authenticator(&["requests", "--json"]).run("").ok();
        let id = listed.stdout.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let words = if answer == "approve" { vec!["approve", &id, &number] } else { vec!["deny", &id] };
        let _ = session.authenticator(&words).run("").ok();
        call.answer("");
        assert_eq!(call.verdict(), expected);
    };
    answers(&house, "approve", "PAM_SUCCESS");
    house.mfad.restart();
    answers(&house, "approve", "PAM_SUCCESS");
    drop(bus);
    let mut call = door.start();
    assert_eq!(call.prompt(), "Verification code: ");
    call.answer(&enrolled.recovery_codes[3]);
    assert_eq!(call.verdict(), "PAM_SUCCESS", "codes need no bus");
    std::fs::remove_file("/run/dbus/system_bus_socket").unwrap();
    let _bus = SystemBus::start(&house.world);
    // gnome-keyring ends with the system bus and comes back locked: a no needs no key.
    answers(&house, "deny", "PAM_MAXTRIES");
    let _ = agent.kill();
    let _ = agent.wait();
}
