//! What bounds pushes, and what they show of hostile words: whoever has the password must not wear the user out.

use pam_mfa_tests::harness::{
    Device, Enrolled, Home, PASSWORD, PamClient, Program, Terminal, another_than, calm_now, number_in, request_id,
};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

/// Ends one push after the other in these ways, over fifty logins; how many pushes that were. Time is let pass up to `passed`.
fn fifty(home: &mut Home, door: &PamClient, ends: &[&str], passed: &mut i64) -> usize {
    let mut pushes = 0;
    for _ in 0..50 {
        let mut call = door.start();
        let prompt = call.prompt();
        if !prompt.contains("desktop") {
            continue;
        }
        let end = *ends.get(pushes).unwrap_or_else(|| panic!("one push more than {ends:?}"));
        pushes += 1;
        let (id, number) = (request_id(&home.device.presented()), number_in(&prompt));
        match end {
            "approved" => drop(home.device.does(&format!("approve {id} {number}"))),
            "wrong-number" => drop(home.device.does(&format!("approve {id} {}", another_than(&number)))),
            "denied" => drop(home.device.does(&format!("deny {id}"))),
            "reported" => drop(home.device.does(&format!("report {id}"))),
            "expired" => {
                *passed += 46;
                home.house.mfad.lets_pass(*passed);
            }
            _ => drop(call),
        }
        let told = home.device.hears(&["WITHDRAWN"]);
        let said = if end == "reported" { "denied" } else { end };
        assert!(told.ends_with(said), "{end}: {told}");
        // The budget is settled a moment after the devices are told.
        std::thread::sleep(Duration::from_millis(40));
    }
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(200)));
    pushes
}

#[test]
fn fifty_logins_in_a_minute_give_five_pushes_however_each_of_them_ends() {
    let mut home = Home::with_own_timers("push-flood", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    let mut passed = 0;
    for (ends, why) in [
        (["approved", "denied", "wrong-number", "cancelled", "expired"].as_slice(), "five in ten minutes"),
        (&["cancelled"; 5], "whoever hangs up gets no more"),
        (&["expired", "denied", "wrong-number"], "three in a row without a yes"),
        (&["wrong-number", "cancelled", "denied", "expired"], "one who left says nothing of the user"),
        (&["reported"], "it was somebody else"),
    ] {
        assert_eq!(fifty(&mut home, &door, ends, &mut passed), ends.len(), "{why}");
        let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
    }
}

#[test]
fn logins_that_a_code_settles_use_up_no_pushes() {
    let mut home = Home::new("push-free", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    for code in &home.enrolled.recovery_codes[1..8].to_vec() {
        let mut call = door.start();
        assert!(call.prompt().contains("desktop"), "the push is there");
        let _ = home.device.presented();
        call.answer(code);
        assert_eq!(call.verdict(), "PAM_SUCCESS");
        assert!(home.device.hears(&["WITHDRAWN"]).ends_with("cancelled"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_report_switches_pushes_off_and_codes_stay() {
    let mut home = Home::new("push-report", POLICY);
    let (mut terminal, _, request) = home.sudo();
    assert_eq!(home.device.does(&format!("report {}", request_id(&request))), "OK");
    terminal.line("");
    assert_ne!(terminal.finish().code, 0);
    let trail = home.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("push.reported"), "{trail}");
    let door = home.house.door("door", "alice", "first_factor=stack");
    let mut call = door.start();
    assert_eq!(call.prompt(), "Verification code: ");
    call.answer(&home.enrolled.recovery_codes[1]);
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}

#[test]
fn the_words_of_whoever_wants_in_reach_the_device_short_and_harmless() {
    let mut home = Home::new("push-words", POLICY);
    let hostile = format!("<b>x</b>\u{202e}\u{1b}[2J\n{}", "y".repeat(3000));
    home.house.world.pam("door", &[&home.house.world.module("required", "first_factor=stack")]);
    let client = PamClient::new("door", "alice")
        .option("--rhost", &hostile)
        .option("--tty", &hostile)
        .option("--ruser", &hostile);
    let mut call = client.start();
    let prompt = call.prompt();
    assert!(prompt.contains("approve"), "{prompt}");
    let request = home.device.presented();
    for field in ["rhost", "tty", "ruser"] {
        let text = request[field].as_str().unwrap();
        assert!(text.starts_with("<b>x</b>"), "markup is the sink's to escape: {text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\n']) && text.chars().count() < 150, "{text}");
    }
    assert!(request.to_string().len() < 2048);
}

#[test]
fn a_signature_is_taken_once_and_serves_no_later_request() {
    let mut home = Home::new("push-replay", POLICY);
    let (mut terminal, number, request) = home.sudo();
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    assert!(home.device.does("replay").contains("NoSuchRequest"));
    terminal.line("");
    assert_eq!(terminal.finish().code, 0);
    let (mut terminal, _, _) = home.sudo();
    assert!(home.device.does("replay").contains("NoSuchRequest"));
    terminal.line("");
    assert!(!terminal.shows("root", Duration::from_millis(700)), "it still waits");
}

#[test]
fn of_many_numbers_at_once_one_is_judged_and_a_wrong_one_ends_the_request() {
    let mut home = Home::new("push-rush", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    for round in 0..2 {
        let mut call = door.start();
        let number: u32 = number_in(&call.prompt()).parse().unwrap();
        let request = home.device.presented();
        let numbers: Vec<String> = (1..=8).map(|more| format!("{:06}", (number + more) % 1_000_000)).collect();
        let ends = home.device.does(&format!("rush {} {}", request_id(&request), numbers.join(" ")));
        let count = |name: &str| ends.split(' ').filter(|end| *end == name).count();
        assert_eq!((count("WrongNumber"), count("NoSuchRequest")), (1, 7), "{round}: {ends}");
        call.answer("");
        assert_ne!(call.verdict(), "PAM_SUCCESS");
        let trail = home.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
        assert_eq!(trail.matches("push.number").count(), round + 1, "{trail}");
    }
}

#[test]
fn a_yes_to_one_users_request_opens_no_other_users() {
    let mut home = Home::new("push-two", POLICY);
    let mut bob = home.neighbour("bob", 2);
    let (mut terminal, _, _) = home.sudo();
    let mut call = home.house.door("door", "bob", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let request = bob.presented();
    assert_eq!(bob.does(&format!("approve {} {number}", request_id(&request))), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    terminal.line("");
    assert!(!terminal.shows("root", Duration::from_millis(700)), "alice's still waits");
}

#[test]
fn a_user_reset_between_request_and_answer_is_not_let_in() {
    let mut home = Home::new("push-reset", POLICY);
    let (mut terminal, number, request) = home.sudo();
    assert_eq!(home.house.mfactl.run(&["reset", "alice"], "").code, 0);
    let answer = home.device.does(&format!("approve {} {number}", request_id(&request)));
    assert!(answer.starts_with("ERROR"), "{answer}");
    terminal.line("");
    assert!(!terminal.shows("root", Duration::from_millis(700)));
}

/// One who wants sudo's approval by bob: past the own code, at the prompt; the number it shows.
fn asks_bob(home: &Home, user: &str, code: &str) -> (Terminal, String) {
    let account = home.house.world.user(user);
    let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&account));
    terminal.answer("assword", PASSWORD);
    terminal.expect("erification code");
    terminal.line(code);
    terminal.expect("Tell them");
    let prompt = terminal.expect("Enter: ");
    (terminal, number_in(&prompt))
}

#[test]
fn an_approver_locked_between_request_and_answer_lets_nobody_in() {
    let policy = "require = \"required\"\n[[rule]]\nmatch = { service = [\"sudo\"] }\nrequire = \"approved\"\n\
                  approvers = { group = \"ops\", count = 1 }\n";
    let mut home = Home::new("push-locked", policy);
    home.house.world.add_group("ops", 4000, &["bob"]);
    home.house.world.add_user("dave", 1010);
    let mut bob: Device = home.neighbour("bob", 2);
    let (carol, dave): (Enrolled, Enrolled) = (home.house.enroll("carol", "totp"), home.house.enroll("dave", "totp"));
    home.furnish_sudo();
    home.house.world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nALL ALL=(ALL) ALL");
    let (mut waiting, right) = asks_bob(&home, "dave", &dave.recovery_codes[0]);
    let id = request_id(&bob.presented());
    let alice = home.enrolled.clone();
    let wrongs = [("alice", &alice, 1), ("alice", &alice, 2), ("carol", &carol, 0), ("carol", &carol, 1)];
    for (user, enrolled, code) in wrongs.into_iter().chain([("alice", &alice, 3)]) {
        let (terminal, number) = asks_bob(&home, user, &enrolled.recovery_codes[code]);
        let wrong = if number == "000000" { "000001" } else { "000000" };
        let other = request_id(&bob.presented());
        assert!(bob.does(&format!("approve {other} {wrong}")).contains("WrongNumber"));
        drop(terminal);
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = bob.does(&format!("approve {id} {right}"));
    assert!(answer.contains("Later"), "five wrong numbers: bob's word counts for nothing now: {answer}");
    waiting.line("");
    assert!(!waiting.shows("root", Duration::from_millis(700)));
    // He can still say no.
    assert_eq!(bob.does(&format!("deny {id}")), "OK");
    assert_ne!(waiting.finish().code, 0);
}

#[test]
fn where_policy_says_so_wrong_numbers_keep_pushes_away_sooner_and_codes_stay() {
    let mut home = Home::new("push-limits-policy", &format!("{POLICY}[limits]\nwait_after = 2\ndisable_after = 5\n"));
    let door = home.house.door("door", "alice", "first_factor=stack");
    for _ in 0..2 {
        let mut call = door.start();
        let prompt = call.prompt();
        let other = another_than(&number_in(&prompt));
        let id = request_id(&home.device.presented());
        assert!(home.device.does(&format!("approve {id} {other}")).contains("WrongNumber"));
        drop(call);
        assert!(home.device.hears(&["WITHDRAWN"]).ends_with("wrong-number"));
    }
    let mut call = door.start();
    assert_eq!(call.prompt(), "Verification code: ");
    call.answer(&home.enrolled.recovery_codes[1]);
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}

#[test]
fn after_a_report_what_was_remembered_is_asked_again() {
    let mut home = Home::new("push-report-remembered", &format!("{POLICY}remember = \"8h\"\n"));
    home.house.world.pam("door", &[&home.house.world.module("required", "first_factor=stack")]);
    let from = |rhost: &str| PamClient::new("door", "alice").option("--rhost", rhost).start();
    let mut call = from("192.0.2.7");
    call.prompt();
    let _ = home.device.presented();
    call.answer(&home.enrolled.oathtool().totp(calm_now()));
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    assert_eq!(from("192.0.2.7").verdict(), "PAM_SUCCESS", "not asked again");
    let mut call = from("192.0.2.8");
    call.prompt();
    let id = request_id(&home.device.presented());
    assert_eq!(home.device.does(&format!("report {id}")), "OK");
    call.answer("");
    assert_ne!(call.verdict(), "PAM_SUCCESS");
    assert_eq!(from("192.0.2.7").prompt(), "Verification code: ");
}
