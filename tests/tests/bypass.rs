//! Break-glass: a code in place of a second factor, on an administrator's word, for a time, and loud.

use pam_mfa_tests::harness::{
    Gate, Home, House, Mfactl, PASSWORD, PamClient, Program, Ssh, Sshd, Terminal, calm_now, number_in, request_id,
};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

/// bob, as an administrator by his login uid.
const BOB: u32 = 1002;

/// Makes one for an hour, with these arguments besides; its code.
fn made(mfactl: &Mfactl, user: &str, more: &[&str]) -> String {
    let arguments = [&["bypass", user, "--for", "1h", "--reason", "phone lost", "--json"], more].concat();
    code(&mfactl.run_by(BOB, &arguments).ok().json())
}

fn code(made: &serde_json::Value) -> String {
    made["code"].as_str().unwrap_or_else(|| panic!("no code in {made}")).to_owned()
}

fn trail(mfactl: &Mfactl, user: &str) -> String {
    mfactl.run(&["log", "--user", user, "--json"], "").ok().stdout
}

#[test]
fn over_ssh_it_lets_one_in_who_has_no_factor_once_and_every_log_says_so() {
    let house = House::new("bypass-ssh", POLICY);
    let world = &house.world;
    world.pam("sshd", &[&world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(world, "AuthenticationMethods publickey,keyboard-interactive");
    let alice = world.user("alice");
    let ssh = || Terminal::start(&Ssh::to(&sshd, "alice").key(world, &alice).command("id -un"));
    let refused = ssh().finish();
    assert!(refused.code != 0 && refused.text().contains("mfactl enroll alice"), "{}", refused.text());

    let code = made(&house.mfactl, "alice", &[]);
    assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [5; 5]);
    let mut terminal = ssh();
    terminal.answer("erification code: ", &code.to_lowercase());
    let inside = terminal.finish();
    assert!(inside.code == 0 && inside.text().contains("alice"), "{}", inside.text());
    world.log().expect(&["<84>pam_mfa(sshd:auth)", "user=\"alice\"", "method=bypass", "result=granted"]);

    let mut terminal = ssh();
    terminal.answer("erification code: ", &code);
    terminal.expect("not accepted");
    drop(terminal);
    let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
    assert_eq!((status["enrolled"].as_bool(), status["bypass"]["standing"].as_str()), (Some(false), Some("used-up")));
    let trail = trail(&house.mfactl, "alice");
    for said in
        ["\"bypass.made\"", "\"bypass.used\"", "\"by_uid\":1002", "phone lost", "1 of 1", "\"method\":\"bypass\""]
    {
        assert!(trail.contains(said), "no {said} in {trail}");
    }
    let log = house.mfad.errors();
    let loud: Vec<&str> =
        log.lines().filter(|line| line.contains("WARN") && line.contains("bypass of \"alice\"")).collect();
    assert_eq!(loud.len(), 2, "{log}");
    assert!(loud[0].contains("was made by uid 1002") && loud[1].contains("let a login in, 1 of 1"), "{loud:?}");
    assert!(!log.contains(&code) && !trail.contains(&code), "the code is in no log");
    let file = std::fs::read_to_string(world.state_dir().join("users/alice.toml")).unwrap();
    assert!(!file.contains(&code) && !file.contains(&code.replace('-', "")), "{file}");
}

#[test]
fn by_su_it_stands_in_for_a_factor_that_is_not_to_be_had_and_the_factor_goes_on() {
    let mut home = Home::new("bypass-su", POLICY);
    let world = &home.house.world;
    world.pam("su", &["requisite pam_unix.so", &world.module("required", "first_factor=stack")]);
    let bob = world.user("bob");
    let su = || {
        let mut terminal = Terminal::start(&Program::new("su").args(["alice", "-c", "id -un"]).as_user(&bob));
        terminal.answer("assword", PASSWORD);
        terminal
    };
    let code = made(&home.house.mfactl, "alice", &["--uses", "2"]);
    let _ = home.device.is_told("made a bypass");
    for _ in 0..2 {
        let mut terminal = su();
        terminal.answer("press Enter): ", &code);
        let inside = terminal.finish();
        assert!(inside.code == 0 && inside.text().contains("alice"), "{}", inside.text());
        let _ = home.device.is_told("let in by a bypass");
    }
    let mut terminal = su();
    terminal.answer("press Enter): ", &code);
    terminal.expect("not accepted");
    terminal.answer("press Enter): ", &home.enrolled.oathtool().totp(calm_now()));
    assert_eq!(terminal.finish().code, 0);
    let _ = home.house.mfactl.run(&["bypass", "alice", "--revoke"], "").ok();
    let _ = home.device.is_told("was ended");
}

#[test]
fn of_many_who_race_with_it_exactly_as_many_get_in_as_was_said() {
    let mut house = House::new("bypass-race", "require = \"required\"\ntries = 1\n");
    for (round, times) in [1_usize, 1, 1, 5, 5, 5].into_iter().enumerate() {
        let user = format!("user{round}");
        house.world.add_user(&user, 2000 + u32::try_from(round).unwrap());
        let code = made(&house.mfactl, &user, &["--uses", &times.to_string()]);
        let gate = Gate::closed(&house.world, &user);
        let client = house.door("door", &user, "first_factor=stack").gate(&gate);
        let mut calls: Vec<_> = (0..32).map(|_| client.start()).collect();
        for call in &mut calls {
            assert_eq!(call.prompt(), "Verification code: ");
            call.answer(&code);
            call.ready();
        }
        gate.open();
        let inside = calls.iter_mut().map(|call| call.verdict()).filter(|code| code == "PAM_SUCCESS").count();
        assert_eq!(inside, times, "round {round}");
        house.mfad.restart();
        let again = house.knock(&user, &code);
        assert!(again.code != "PAM_SUCCESS" && again.reason == "replay", "round {round}: after a kill: {again:?}");
    }
}

#[test]
fn a_daemon_killed_in_the_middle_lets_nobody_in_once_too_often() {
    let mut house = House::new("bypass-kill", "require = \"required\"\ntries = 1\n");
    for round in 0..15_u32 {
        let user = format!("user{round}");
        house.world.add_user(&user, 2000 + round);
        let code = made(&house.mfactl, &user, &[]);
        let gate = Gate::closed(&house.world, &user);
        let client = house.door("door", &user, "first_factor=stack").gate(&gate);
        let mut calls: Vec<_> = (0..8).map(|_| client.start()).collect();
        for call in &mut calls {
            call.prompt();
            call.answer(&code);
            call.ready();
        }
        gate.open();
        std::thread::sleep(Duration::from_micros(u64::from(round) * 300));
        house.mfad.restart();
        let mut inside = calls.iter_mut().map(|call| call.verdict()).filter(|code| code == "PAM_SUCCESS").count();
        inside += usize::from(house.knock(&user, &code).code == "PAM_SUCCESS");
        assert!(inside <= 1, "round {round}: {inside} got in");
    }
}

#[test]
fn after_its_end_it_is_a_wrong_code_and_goes_with_the_next_change() {
    let house = House::with_own_clock("bypass-end", POLICY);
    let code = made(&house.mfactl, "alice", &["--any-number"]);
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    house.mfad.set_clock(3500);
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    house.mfad.set_clock(3600);
    // With a first factor she is told what one without a factor is told.
    assert_eq!(house.knock("alice", &code).reason, "enrolment-required");
    assert!(house.mfactl.run(&["bypass"], "").ok().stdout.contains("No bypass is open"));
    // One with a factor is asked as ever, and the code is none.
    house.mfad.set_clock(0);
    let _ = house.enroll("bob", "totp");
    let code = made(&house.mfactl, "bob", &["--any-number"]);
    house.mfad.set_clock(3600);
    assert_eq!(house.knock("bob", &code).reason, "wrong-code");
    let _ = house.mfactl.run(&["require", "bob", "required"], "").ok();
    house.mfad.set_clock(0);
    assert_ne!(house.knock("bob", &code).code, "PAM_SUCCESS", "what is over goes with the next change");
}

#[test]
fn wrong_codes_cost_what_those_of_recovery_codes_cost() {
    let house = House::new("bypass-wrong", "require = \"required\"\ntries = 1\n");
    let code = made(&house.mfactl, "alice", &[]);
    let wrong = if code.ends_with('7') { code.replace('7', "8") } else { format!("{}7", &code[..28]) };
    for _ in 0..5 {
        assert_eq!(house.knock("alice", &wrong).reason, "wrong-code");
    }
    assert_eq!(house.knock("alice", &code).reason, "locked");
    let _ = house.mfactl.run(&["unlock", "alice"], "").ok();
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
}

#[test]
fn where_the_record_of_uses_is_lost_it_opens_nothing_until_a_new_one_is_made() {
    let mut house = House::new("bypass-lost", POLICY);
    let code = made(&house.mfactl, "alice", &["--any-number"]);
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    let _ = house.mfad.stop();
    std::fs::remove_file(house.world.state_dir().join("state/alice")).unwrap();
    house.mfad.run();
    assert_eq!(house.knock("alice", &code).reason, "state-lost");
    let again = ["bypass", "alice", "--for", "1h", "--reason", "again", "--json"];
    let refused = house.mfactl.run(&again, "");
    assert!(refused.code == 1 && refused.stdout.contains("mfactl adopt alice"), "{refused:?}");
    let _ = house.mfactl.run(&["adopt", "alice"], "").ok();
    assert_eq!(house.knock("alice", &code).reason, "state-lost", "how often it was used nobody knows");
    let new = self::code(&house.mfactl.run(&again, "").ok().json());
    assert_eq!(house.knock("alice", &new).code, "PAM_SUCCESS");
    assert_eq!(house.knock("alice", &code).reason, "wrong-code");
}

#[test]
fn it_replaces_the_code_alone_others_still_approve_and_refuse_stays_refuse() {
    let policy = r#"
require = "required"
[[rule]]
match = { service = ["sudo"] }
require = "approved"
approvers = { group = "ops", count = 1 }
[[raise]]
when = { service = ["door"] }
demand = ["refuse"]
"#;
    let mut home = Home::new("bypass-approved", policy);
    home.house.world.add_group("ops", 4000, &["bob"]);
    let mut bob = home.neighbour("bob", 2);
    let code = made(&home.house.mfactl, "alice", &["--any-number"]);
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&code);
    terminal.expect("must approve this. Tell them");
    let number = number_in(&terminal.expect("Enter: "));
    let request = bob.presented();
    assert_eq!(bob.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    let ended = terminal.finish();
    assert!(ended.code == 0 && ended.text().contains("root"), "{}", ended.text());
    home.house.world.log().expect(&["user=\"alice\"", "method=bypass", "reason=approved"]);
    assert_eq!(home.house.knock("alice", &code).reason, "refused-by-policy");
}

#[test]
fn a_login_by_it_is_not_remembered_and_it_proves_nothing_but_a_login() {
    let mut home = Home::new("bypass-only-logins", "require = \"required\"\nremember = \"8h\"\n");
    let code = made(&home.house.mfactl, "alice", &["--any-number"]);
    home.furnish_sudo();
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
    terminal.answer("assword", PASSWORD);
    terminal.answer("press Enter): ", &code);
    assert_eq!(terminal.finish().code, 0);
    assert!(home.house.mfactl.run(&["grants", "alice"], "").ok().stdout.contains("No login"));
    let refused = home.device.does(&format!("lost {} {code}", home.id));
    assert!(refused.contains("NotAuthorized"), "{refused}");
    let judged = home.house.mfactl.run(&["verify", "alice"], &code);
    assert!(judged.code == 1 && judged.stdout.contains("no-allowed-method"), "{judged:?}");
}

#[test]
fn a_stranger_cannot_tell_who_has_one() {
    let house = House::new("bypass-silence", POLICY);
    let _ = made(&house.mfactl, "alice", &[]);
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    for answer in ["123456", "", "00000-00000-00000-00000-00000", "0000-0000-0000-0000-0000-0000"] {
        let met = ["alice", "carol", "ghost"].map(|user| {
            PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh").run(&[answer; 3])
        });
        assert_eq!(met[0], met[1], "{answer:?}");
        assert_eq!(met[0], met[2], "{answer:?}");
    }
}
