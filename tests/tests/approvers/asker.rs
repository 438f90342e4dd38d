//! Who asks: the one who runs the command never approves it, and is named to those who may.

use super::{ASKED, ONE, home};
use pam_mfa_tests::harness::{
    Device, Home, PASSWORD, PamClient, PolkitHelper, Program, Terminal, number_in, request_id,
};
use std::time::Duration;

#[test]
fn who_runs_su_does_not_approve_it_either() {
    let home = home("approve-su", ONE);
    let mut bob = home.neighbour("bob", 2);
    let mut carol = home.neighbour("carol", 3);
    let world = &home.house.world;
    world.pam("su", &["requisite pam_unix.so", &world.module("required", "first_factor=stack")]);
    // alice's account is the target: it is her second factor that su asks for, and bob who typed it.
    let mut terminal = Terminal::start(&Program::new("su").args(["alice", "-c", "id -un"]).as_user(&world.user("bob")));
    terminal.answer("assword", PASSWORD);
    terminal.answer("erification code", &home.enrolled.recovery_codes[1]);
    terminal.expect(ASKED);
    let number = number_in(&terminal.expect("Enter: "));
    let request = carol.presented();
    assert_eq!((request["ruser"].as_str(), request["command"].as_str()), (Some("bob"), Some("su alice -c 'id -un'")));
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
    assert_eq!(carol.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    let end = terminal.finish();
    assert_eq!(end.code, 0, "{}", end.text());
}

#[test]
fn who_runs_sudo_for_another_does_not_approve_it_and_is_named_whatever_sudo_keeps_to_itself() {
    let mut home = home("approve-targetpw", ONE);
    let mut bob = home.neighbour("bob", 2);
    let carol = home.house.enroll("carol", "totp");
    for (at, defaults) in
        ["targetpw", "targetpw, !pam_ruser", "runaspw, runas_default=carol, !pam_ruser"].iter().enumerate()
    {
        home.furnish_sudo();
        home.house.world.sudoers(&format!("Defaults timestamp_timeout=0, {defaults}\nalice ALL=(ALL) ALL"));
        let alice = home.house.world.user("alice");
        let sudo = Program::new("sudo").args(["-u", "carol", "id", "-un"]).as_user(&alice);
        let mut terminal = Terminal::start(&sudo);
        terminal.answer("assword", PASSWORD);
        terminal.answer("erification code", &carol.recovery_codes[at]);
        terminal.expect(ASKED);
        let request = bob.presented();
        assert_eq!((request["user"].as_str(), request["ruser"].as_str()), (Some("carol"), Some("alice")), "{defaults}");
        assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)), "{defaults}");
        terminal.keys(b"\x03");
        assert_ne!(terminal.finish().code, 0);
        let _ = bob.hears(&["WITHDRAWN"]);
    }
}

#[test]
fn where_nothing_says_who_acts_for_another_nobody_is_asked_to_approve_it() {
    let services = "\"sshd\", \"polkit-1\", \"polkit-1-biometric\"";
    let home = home("approve-unnamed", &ONE.replace("\"sshd\"", services));
    let mut bob = home.neighbour("bob", 2);
    let carol = home.house.enroll("carol", "totp");
    // polkit's helper that systemd starts is root by its real uid, and its PAM_RUSER is PAM_USER. It may be bob who asks.
    for (at, (service, ruser)) in
        [("polkit-1", "carol"), ("polkit-1-biometric", "carol"), ("sudo", ""), ("su", "")].iter().enumerate()
    {
        let mut call = home.house.door(service, "carol", "first_factor=stack").option("--ruser", ruser).start();
        call.prompt();
        call.answer(&carol.recovery_codes[at]);
        assert_ne!(call.verdict(), "PAM_SUCCESS");
        assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)), "{service}");
    }
    home.house.world.log().expect(&["user=\"carol\"", "reason=no-approver"]);
    assert!(home.house.mfad.errors().contains("PAM does not say who asks"), "{}", home.house.mfad.errors());
}

#[test]
fn what_polkit_asks_for_is_shown_with_who_asks_and_not_by_them() {
    let home = home("approve-polkit", &ONE.replace("\"sshd\"", "\"sshd\", \"polkit-1\""));
    let (mut bob, mut carol) = (home.neighbour("bob", 2), home.neighbour("carol", 3));
    // polkit's setuid helper, run by bob's session for alice's password.
    let uid = home.house.world.user("bob").uid;
    let door = home.house.door("polkit-1", "alice", "first_factor=stack").option("--ruser", "alice");
    let mut call = door.program(|program| program.with_real_uid(uid)).start();
    call.prompt();
    call.answer(&home.enrolled.recovery_codes[1]);
    let request = carol.presented();
    assert_eq!((request["user"].as_str(), request["ruser"].as_str()), (Some("alice"), Some("bob")));
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
}

/// bob and carol at their desks, with polkit's helper behind our module.
fn behind_polkit(name: &str) -> (Home, Device, Device) {
    let home = home(name, &ONE.replace("\"sshd\"", "\"sshd\", \"polkit-1\""));
    let (bob, carol) = (home.neighbour("bob", 2), home.neighbour("carol", 3));
    home.house.world.pam("polkit-1", &[&home.house.world.module("required", "first_factor=stack debug")]);
    (home, bob, carol)
}

#[test]
fn whose_agent_talks_to_the_helper_that_systemd_starts_is_named_and_does_not_approve() {
    let (home, mut bob, mut carol) = behind_polkit("approve-agent");
    let mut helper = PolkitHelper::started_for(&home.house.world, home.house.world.user("bob").uid, "alice");
    helper.expect("PAM_PROMPT");
    helper.answer(&home.enrolled.recovery_codes[1]);
    helper.expect(ASKED);
    let number = number_in(&helper.expect("Enter: "));
    let request = carol.presented();
    assert_eq!((request["user"].as_str(), request["ruser"].as_str()), (Some("alice"), Some("bob")));
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
    assert_eq!(carol.does(&format!("approve {} {number}", request_id(&request))), "OK");
    helper.answer("");
    home.house.world.log().expect(&["pam_mfa(polkit-1:auth)", "user=\"alice\"", "reason=approved"]);
    // The helper says alice in PAM_RUSER.
    let trail = home.house.mfactl.run(&["log", "--json"], "").ok().stdout;
    let asked = trail.lines().filter(|line| line.contains("\"service\":\"polkit-1\""));
    let asked = asked.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["ruser"].clone());
    let said: Vec<_> = asked.filter(|ruser| !ruser.is_null()).collect();
    assert!(said.len() >= 2 && said.iter().all(|ruser| ruser == "bob"), "{trail}");
}

#[test]
fn an_agent_outside_of_the_helpers_container_is_known_as_well() {
    let (home, mut bob, mut carol) = behind_polkit("approve-outer-agent");
    let mut helper = PolkitHelper::entered_for(&home.house.world, home.house.world.user("bob").uid, "alice");
    helper.expect("PAM_PROMPT");
    helper.answer(&home.enrolled.recovery_codes[1]);
    helper.expect(ASKED);
    let request = carol.presented();
    assert_eq!((request["user"].as_str(), request["ruser"].as_str()), (Some("alice"), Some("bob")));
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
}

#[test]
fn an_agent_that_leaves_the_helper_that_systemd_starts_has_its_push_withdrawn() {
    let (mut home, _bob, _carol) = behind_polkit("approve-left-agent");
    let mut helper = PolkitHelper::started_for(&home.house.world, home.house.world.user("alice").uid, "alice");
    helper.expect("PAM_PROMPT");
    let _ = home.device.presented();
    helper.answer("");
    home.house.world.log().expect(&["pam_mfa(polkit-1:auth)", "mfad waits for a device"]);
    helper.leave();
    let _ = home.device.hears(&["WITHDRAWN"]);
    home.house.world.log().expect(&["pam_mfa(polkit-1:auth)", "reason=client-left"]);
}

#[test]
fn an_agent_with_the_rights_of_root_says_nothing_of_who_asks() {
    // pkexec's own agent is setuid root: it may be bob who started it.
    let (home, mut bob, mut carol) = behind_polkit("approve-root-agent");
    let mut helper = PolkitHelper::started_for(&home.house.world, 0, "alice");
    helper.expect("PAM_PROMPT");
    helper.answer(&home.enrolled.recovery_codes[1]);
    home.house.world.log().expect(&["pam_mfa(polkit-1:auth)", "user=\"alice\"", "reason=no-approver"]);
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)) && carol.hears_no("PRESENTED", Duration::ZERO));
    assert!(home.house.mfad.errors().contains("PAM does not say who asks"), "{}", home.house.mfad.errors());
}

#[test]
fn where_root_asks_for_them_neither_the_user_nor_whoever_is_said_to_want_in_is_asked() {
    let mut home = home("approve-own", &ONE.replace("\"sshd\"", "\"sshd\", \"door\""));
    // The program's own uid says nothing of who wants in: what it is told must.
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    call.prompt();
    let _ = home.device.presented();
    call.answer(&home.enrolled.recovery_codes[1]);
    assert_ne!(call.verdict(), "PAM_SUCCESS");
    home.logged("no-approver");
    let bob = home.house.enroll("bob", "totp");
    let mut call = PamClient::new("door", "bob").option("--ruser", "alice").start();
    call.prompt();
    call.answer(&bob.recovery_codes[0]);
    assert_ne!(call.verdict(), "PAM_SUCCESS");
    home.house.world.log().expect(&["user=\"bob\"", "reason=no-approver"]);
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)), "nobody approves for themselves");
}

#[test]
fn a_program_of_the_users_own_asks_nobody_for_an_approval() {
    let everywhere = "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }\n";
    let home = home("approve-program", everywhere);
    let mut bob = home.neighbour("bob", 2);
    home.house.world.pam("swaylock", &[&home.house.world.module("required", "")]);
    let alice = home.house.world.user("alice");
    let mut call = PamClient::new("swaylock", "alice").program(|program| program.as_user(&alice)).start();
    call.prompt();
    call.answer(&home.enrolled.recovery_codes[1]);
    assert_ne!(call.verdict(), "PAM_SUCCESS");
    home.logged("no-approver");
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)), "it could ask all day");
}
