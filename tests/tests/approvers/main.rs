//! Logins that others must approve: alice's own factor first, then the word of people of a group, never her own.

mod asker;
mod many;

use pam_mfa_tests::harness::{Device, Event, Home, Terminal, calm_now, number_in, request_id};
use std::time::Duration;

/// sudo needs the approval of one of `ops`, which alice is in herself.
const ONE: &str = r#"
require = "required"
[[rule]]
match = { service = ["sudo", "su", "sshd"] }
require = "approved"
approvers = { group = "ops", count = 1 }
"#;

const ASKED: &str = "must approve this. Tell them";

fn home(name: &str, policy: &str) -> Home {
    let mut home = Home::new(name, policy);
    home.house.world.add_group("ops", 4000, &["alice", "bob", "carol"]);
    home
}

/// sudo by alice, past her own code, at the prompt for the approval; the number it shows.
fn at_the_approval(home: &mut Home) -> (Terminal, String) {
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.oathtool().totp(calm_now()));
    terminal.expect(ASKED);
    let prompt = terminal.expect("Enter: ");
    (terminal, number_in(&prompt))
}

fn ended(mut terminal: Terminal) -> (i32, String) {
    terminal.line("");
    let ended = terminal.finish();
    (ended.code, ended.text())
}

#[test]
fn sudo_by_alice_opens_when_one_of_ops_says_yes_with_the_number() {
    let mut home = home("approve", ONE);
    let mut bob = home.neighbour("bob", 2);
    let (terminal, number) = at_the_approval(&mut home);
    let request = bob.presented();
    assert_eq!((request["user"].as_str(), request["approver"].as_str()), (Some("alice"), Some("bob")));
    assert_eq!(request["command"].as_str(), Some("sudo id -un"), "who approves sees what for");
    assert!(!request.to_string().contains(&number), "the number is not in the request");
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)), "nobody approves for themselves");
    assert_eq!(bob.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let (code, text) = ended(terminal);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("root"));
    home.house.world.log().expect(&["user=\"alice\"", "method=totp", "reason=approved"]);
    let trail = home.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("approval.sent") && trail.contains("approval.given") && trail.contains("by bob"), "{trail}");
    assert!(!trail.contains("id -un") && !trail.contains(&number), "neither command nor number is kept: {trail}");
}

#[test]
fn the_users_own_push_comes_first_and_is_not_the_approval() {
    let mut home = home("approve-push", ONE);
    let mut bob = home.neighbour("bob", 2);
    let (mut terminal, number, request) = home.sudo();
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)), "not before alice has shown her factor");
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    terminal.expect(ASKED);
    let second = number_in(&terminal.expect("Enter: "));
    let asked = bob.presented();
    assert!(home.device.does(&format!("approve {} {second}", request_id(&request))).contains("NoSuchRequest"));
    assert_eq!(bob.does(&format!("approve {} {second}", request_id(&asked))), "OK");
    let (code, text) = ended(terminal);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn who_is_denied_reported_or_given_a_wrong_number_is_refused() {
    let mut home = home("approve-no", ONE);
    let mut bob = home.neighbour("bob", 2);
    let mut code_at = 0;
    for (answer, reason) in [("deny", "approval-denied"), ("wrong", "wrong-number"), ("report", "approval-denied")] {
        // A recovery code each: the app's code is good once in thirty seconds.
        let (mut terminal, _, _) = home.sudo();
        code_at += 1;
        terminal.line(&home.enrolled.recovery_codes[code_at]);
        terminal.expect(ASKED);
        let number = number_in(&terminal.expect("Enter: "));
        let id = request_id(&bob.presented());
        let said = match answer {
            "wrong" => bob.does(&format!("approve {id} {}", if number == "000000" { "000001" } else { "000000" })),
            other => bob.does(&format!("{other} {id}")),
        };
        assert!(said == "OK" || said.contains("WrongNumber"), "{said}");
        let (code, text) = ended(terminal);
        assert_ne!(code, 0, "{text}");
        home.logged(reason);
    }
    // Reported: such requests of alice's are off for half an hour, and she is told that nobody can be asked.
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.recovery_codes[4]);
    terminal.expect("cannot be asked just now");
    assert_ne!(terminal.finish().code, 0);
    home.logged("no-approver");
}

#[test]
fn where_two_must_approve_one_is_not_enough_whatever_devices_they_have() {
    let policy = ONE.replace("count = 1", "count = 2");
    let mut home = home("approve-two", &policy);
    let mut bob = home.neighbour("bob", 2);
    // With bob alone there are not two who could.
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.recovery_codes[1]);
    terminal.expect("cannot be asked just now");
    assert_ne!(terminal.finish().code, 0);
    let mut carol = home.neighbour("carol", 3);
    let (mut terminal, number) = at_the_approval(&mut home);
    let (by_bob, by_carol) = (bob.presented(), carol.presented());
    assert_ne!(request_id(&by_bob), request_id(&by_carol));
    let once = format!("approve {} {number}", request_id(&by_bob));
    assert_eq!(bob.does(&once), "OK");
    assert!(bob.does(&once).contains("NoSuchRequest"), "bob counts once");
    terminal.line("");
    assert!(!terminal.shows("root", Duration::from_millis(500)), "one of two is not enough");
    // bob cannot answer what carol was asked.
    assert!(bob.does(&format!("deny {}", request_id(&by_carol))).contains("NoSuchRequest"));
    assert_eq!(carol.does(&format!("approve {} {number}", request_id(&by_carol))), "OK");
    let end = terminal.finish();
    assert_eq!(end.code, 0, "{}", end.text());
}

#[test]
fn of_two_the_first_counts_no_more_once_the_device_that_said_yes_is_revoked() {
    let mut home = home("approve-two-gone", &ONE.replace("count = 1", "count = 2"));
    let (mut bob, mut carol) = (home.neighbour("bob", 2), home.neighbour("carol", 3));
    let (terminal, number) = at_the_approval(&mut home);
    let (by_bob, by_carol) = (bob.presented(), carol.presented());
    assert_eq!(bob.does(&format!("approve {} {number}", request_id(&by_bob))), "OK");
    let status = home.house.mfactl.run(&["status", "bob", "--json"], "").ok().json();
    let device = status["devices"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(home.house.mfactl.run(&["device", "revoke", "bob", &device], "").code, 0);
    assert_eq!(carol.does(&format!("approve {} {number}", request_id(&by_carol))), "OK");
    let (code, text) = ended(terminal);
    assert!(code != 0 && text.contains("That approval no longer counts"), "{text}");
    home.logged("approval-void");
}

#[test]
fn who_is_reset_while_others_are_asked_is_not_let_in_by_their_yes() {
    let home = home("approve-reset", ONE);
    let mut bob = home.neighbour("bob", 2);
    let carol = home.house.enroll("carol", "totp");
    let mut call = home.house.door("su", "carol", "first_factor=stack").option("--ruser", "carol").start();
    call.prompt();
    call.answer(&carol.recovery_codes[0]);
    let number = number_in(&call.prompt());
    let id = request_id(&bob.presented());
    let _ = home.house.mfactl.run(&["reset", "carol"], "").ok();
    assert_eq!(bob.does(&format!("approve {id} {number}")), "OK");
    call.answer("");
    assert!(
        matches!(call.next_event(), Some(Event::Says { text, .. }) if text.starts_with("That approval no longer counts"))
    );
    assert_eq!(call.verdict(), "PAM_MAXTRIES");
}

#[test]
fn one_no_of_several_withdraws_the_request_from_all() {
    let mut home = home("approve-veto", ONE);
    let (mut bob, mut carol) = (home.neighbour("bob", 2), home.neighbour("carol", 3));
    let (terminal, number) = at_the_approval(&mut home);
    let (by_bob, by_carol) = (bob.presented(), carol.presented());
    assert_eq!(carol.does(&format!("deny {}", request_id(&by_carol))), "OK");
    assert_eq!(bob.hears(&["WITHDRAWN"]), format!("WITHDRAWN {} denied", request_id(&by_bob)));
    assert!(bob.does(&format!("approve {} {number}", request_id(&by_bob))).contains("NoSuchRequest"));
    assert_ne!(ended(terminal).0, 0);
}

#[test]
fn who_left_the_group_or_lost_the_device_since_does_not_count() {
    let mut home = home("approve-left", ONE);
    let (mut bob, mut carol) = (home.neighbour("bob", 2), home.neighbour("carol", 3));
    let (terminal, number) = at_the_approval(&mut home);
    let (by_bob, by_carol) = (bob.presented(), carol.presented());
    home.house.world.add_group("ops", 4000, &["alice", "carol"]);
    assert!(bob.does(&format!("approve {} {number}", request_id(&by_bob))).contains("NotAuthorized"));
    let status = home.house.mfactl.run(&["status", "carol", "--json"], "").ok().json();
    let device = status["devices"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(home.house.mfactl.run(&["device", "suspend", "carol", &device], "").code, 0);
    assert_eq!(carol.hears(&["WITHDRAWN"]), format!("WITHDRAWN {} cancelled", request_id(&by_carol)));
    assert!(carol.does(&format!("approve {} {number}", request_id(&by_carol))).contains("NoSuchRequest"));
    let mut terminal = terminal;
    terminal.line("");
    std::thread::sleep(Duration::from_millis(300));
    terminal.keys(b"\x03");
    assert_ne!(terminal.finish().code, 0);
    assert_eq!(bob.hears(&["WITHDRAWN"]), format!("WITHDRAWN {} cancelled", request_id(&by_bob)), "alice gave up");
}

#[test]
fn a_login_over_ssh_shows_the_number_with_the_prompt_and_waits() {
    let mut home = home("approve-ssh", ONE);
    let mut bob = home.neighbour("bob", 2);
    let (sshd, way) = home.sshd();
    let mut terminal = Terminal::start(&way);
    terminal.answer("erification code", &home.enrolled.recovery_codes[1]);
    terminal.expect(ASKED);
    let number = number_in(&terminal.expect("Enter: "));
    terminal.line("");
    let request = bob.presented();
    assert_eq!(request["rhost"].as_str(), Some("127.0.0.1"));
    assert_eq!(bob.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let end = terminal.finish();
    assert_eq!(end.code, 0, "{}\n{}", end.text(), sshd.log());
    let _ = home.device.hears(&["WITHDRAWN"]);
}

#[test]
fn strangers_and_people_outside_the_group_are_never_asked() {
    let mut home = home("approve-others", ONE);
    home.house.world.add_user("dave", 1010);
    let mut dave = home.neighbour("dave", 4);
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.oathtool().totp(calm_now()));
    terminal.expect("cannot be asked just now");
    assert_ne!(terminal.finish().code, 0);
    assert!(dave.hears_no("PRESENTED", Duration::from_millis(300)));
    // A wrong code asks nobody.
    let mut bob: Device = home.neighbour("bob", 2);
    let (mut terminal, _, _) = home.sudo();
    terminal.line("000000");
    terminal.expect("not accepted");
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
}
