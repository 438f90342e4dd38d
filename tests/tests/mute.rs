//! Callers that cannot ask: `sudo -n`, a locker without prompts. A device opens them only where it needs no number, which
//! nobody could read.

use pam_mfa_tests::harness::{Event, Home, PamClient, Program, Terminal, request_id};
use std::time::{Duration, Instant};

const NO_NUMBER: &str = "require = \"required\"\nnumber = false\n";
const NUMBER: &str = "require = \"required\"\n";

fn furnish(home: &Home) {
    let world = &home.house.world;
    world.pam("sudo", &[&world.module("required", "")]);
    world.sudoers("Defaults noninteractive_auth, timestamp_timeout=0\nalice ALL=(ALL) ALL");
}

fn sudo_n(home: &Home) -> Terminal {
    let alice = home.house.world.user("alice");
    Terminal::start(&Program::new("sudo").args(["-n", "id", "-un"]).as_user(&alice))
}

#[test]
fn sudo_without_prompts_opens_by_a_device_that_needs_no_number() {
    let mut home = Home::new("mute-sudo", NO_NUMBER);
    furnish(&home);
    let terminal = sudo_n(&home);
    let request = home.device.presented();
    assert_eq!(request["number_due"].as_bool(), Some(false));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(home.device.does(&format!("approve {} -", request_id(&request))), "OK");
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}", ended.text());
    home.logged("approved");
}

#[test]
fn a_no_ends_it_and_it_is_not_asked_again() {
    let mut home = Home::new("mute-deny", NO_NUMBER);
    furnish(&home);
    let terminal = sudo_n(&home);
    let request = home.device.presented();
    assert_eq!(home.device.does(&format!("deny {}", request_id(&request))), "OK");
    assert_ne!(terminal.finish().code, 0);
    home.logged("push-denied");
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(500)), "sudo does not try three times");
}

#[test]
fn where_the_number_is_due_it_is_refused_at_once() {
    let home = Home::new("mute-number", NUMBER);
    furnish(&home);
    let start = Instant::now();
    let terminal = sudo_n(&home);
    assert_ne!(terminal.finish().code, 0);
    assert!(start.elapsed() < Duration::from_secs(10), "it waits for nothing: {:?}", start.elapsed());
    home.logged("no-conversation");
}

#[test]
fn an_interrupt_at_the_prompt_is_not_taken_for_a_caller_without_prompts() {
    let mut home = Home::new("mute-int", NO_NUMBER);
    let world = &home.house.world;
    world.pam("sudo", &[&world.module("required", "")]);
    world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nalice ALL=(ALL) ALL");
    let alice = world.user("alice");
    let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
    terminal.expect("press Enter): ");
    let id = request_id(&home.device.presented());
    // sudo loses a ^C that comes between its prompt and its read.
    terminal.is_being_read();
    let start = Instant::now();
    terminal.keys(b"\x03");
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"));
    assert_ne!(terminal.finish().code, 0);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    home.logged("no-conversation");
}

/// A locker of alice's own that fails each conversation.
fn locker(home: &Home) -> PamClient {
    let world = &home.house.world;
    world.pam("swaylock", &[&world.module("required", "")]);
    let alice = world.user("alice");
    PamClient::new("swaylock", "alice").option("--hostile", "conv-err").program(|program| program.as_user(&alice))
}

fn result(events: &[Event]) -> Option<&str> {
    events.iter().rev().find_map(|event| match event {
        Event::Result { code, .. } => Some(code.as_str()),
        _ => None,
    })
}

#[test]
fn a_users_own_locker_starts_a_push_only_where_a_rule_names_it() {
    let mut home = Home::new("mute-locker", NO_NUMBER);
    let refused = locker(&home).run(&[]);
    assert_eq!(result(&refused), Some("PAM_AUTH_ERR"), "{refused:?}");
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)));
    let rule = "[[rule]]\nmatch = { service = [\"own-program\"] }\nrequire = \"required\"\nmethods = [\"push\"]\n";
    home.house.mfad.reload(&format!("{NO_NUMBER}{rule}"));
    std::thread::sleep(Duration::from_millis(300));
    let mut call = locker(&home).start();
    let id = request_id(&home.device.presented());
    assert_eq!(home.device.does(&format!("approve {id} -")), "OK");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}
