//! Pushes: the terminal shows a number, a device signs it, and nothing else opens the door.

use pam_mfa_tests::harness::{
    BOTH, Device, Home, PASSWORD, Program, Terminal, another_than, calm_now, number_in, request_id,
};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

#[test]
fn sudo_opens_by_the_number_typed_on_the_device() {
    let mut home = Home::new("push-sudo", POLICY);
    let (mut terminal, number, request) = home.sudo();
    assert_eq!((request["user"].as_str(), request["service"].as_str()), (Some("alice"), Some("sudo")));
    assert!(!request.to_string().contains(&number), "the number is not in the request");
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert!(ended.text().contains("root"));
    assert!(home.device.hears(&["WITHDRAWN"]).ends_with("approved"));
    home.logged("approved");
}

#[test]
fn ssh_after_a_key_waits_for_the_device_and_opens() {
    let mut home = Home::new("push-ssh", POLICY);
    let (sshd, way) = home.sshd();
    let mut terminal = Terminal::start(&way);
    let number = number_in(&terminal.expect(BOTH));
    let request = home.device.presented();
    assert_eq!(request["rhost"].as_str(), Some("127.0.0.1"));
    // The person presses Enter first and answers on the desktop then.
    terminal.line("");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}\n{}", ended.text(), sshd.log());
    home.logged("approved");
}

/// Whoever leaves in this way has the request withdrawn within a second: of three tries the best, since a busy machine can only
/// add to it. `leave` gives the terminal's end away and says when that was.
fn within_a_second(home: &mut Home, start: impl Fn(&mut Home) -> Terminal, leave: impl Fn(Terminal) -> Instant) {
    let mut taken = Vec::new();
    for _ in 0..3 {
        let terminal = start(home);
        let id = request_id(&home.device.presented());
        // It waits by now, or stands at its prompt.
        std::thread::sleep(Duration::from_millis(400));
        let left = leave(terminal);
        assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"));
        taken.push(left.elapsed());
        if left.elapsed() < Duration::from_secs(1) {
            eprintln!("withdrawn {taken:?} after the client was gone");
            return;
        }
    }
    panic!("withdrawn only {taken:?} after the client was gone");
}

/// `sudo id -un` by alice, past the password.
fn sudo(home: &mut Home) -> Terminal {
    home.furnish_sudo();
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
    terminal.answer("assword", PASSWORD);
    terminal.expect(BOTH);
    terminal
}

#[test]
fn a_client_that_leaves_withdraws_the_request_within_a_second() {
    let mut home = Home::new("push-gone", POLICY);
    let (_sshd, way) = home.sshd();
    for presses_enter in [true, false] {
        let start = |_: &mut Home| {
            let mut terminal = Terminal::start(&way);
            terminal.expect(BOTH);
            if presses_enter {
                terminal.line("");
            }
            terminal
        };
        within_a_second(&mut home, start, |terminal| {
            drop(terminal);
            Instant::now()
        });
        if presses_enter {
            home.logged("client-left");
        }
    }
}

#[test]
fn an_interrupt_and_a_kill_during_the_wait_withdraw_it_within_a_second() {
    let mut home = Home::new("push-int", POLICY);
    let start = |home: &mut Home| {
        let mut terminal = sudo(home);
        terminal.line("");
        terminal
    };
    within_a_second(&mut home, start, |mut terminal| {
        let pressed = Instant::now();
        terminal.keys(b"\x03");
        assert_ne!(terminal.finish().code, 0);
        pressed
    });
    within_a_second(&mut home, start, |terminal| {
        // The process that holds the module.
        drop(terminal);
        Instant::now()
    });
}

#[test]
fn a_denied_push_ends_the_login_and_a_code_does_not_save_it() {
    let mut home = Home::new("push-deny", POLICY);
    let (mut terminal, _, request) = home.sudo();
    assert_eq!(home.device.does(&format!("deny {}", request_id(&request))), "OK");
    let code = home.enrolled.oathtool().totp(calm_now());
    terminal.line(&code);
    assert_ne!(terminal.finish().code, 0);
    home.logged("push-denied");
}

#[test]
fn a_wrong_number_ends_the_request() {
    let mut home = Home::new("push-wrong", POLICY);
    let (mut terminal, number, request) = home.sudo();
    let id = request_id(&request);
    assert!(home.device.does(&format!("approve {id} {}", another_than(&number))).contains("WrongNumber"));
    assert!(home.device.does(&format!("approve {id} {number}")).contains("NoSuchRequest"), "it is over");
    terminal.line("");
    assert_ne!(terminal.finish().code, 0);
    home.logged("wrong-number");
}

#[test]
fn a_code_settles_the_login_and_withdraws_the_push() {
    let mut home = Home::new("push-code", POLICY);
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.oathtool().totp(calm_now()));
    assert_eq!(terminal.finish().code, 0);
    assert!(home.device.hears(&["WITHDRAWN"]).ends_with("cancelled"));
}

#[test]
fn no_other_signature_device_user_or_request_opens_the_door() {
    let mut home = Home::new("push-forge", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let code = home.enrolled.recovery_codes[1].clone();
    second.pair(&code);
    let _ = home.device.is_told("added");
    let mut stranger = Device::start(&home.house.world.user("bob"), 3);
    let (terminal, number, request) = home.sudo();
    let id = request_id(&request);
    assert!(home.device.does(&format!("forge {id} {number}")).contains("signature"));
    assert!(stranger.does(&format!("deny {id}")).contains("NoSuchRequest"));
    assert!(stranger.does(&format!("register {}", home.id)).contains("NoSuchDevice"));
    let shown = second.presented();
    assert_eq!(shown, request, "every device is asked the same");
    // Lost in between: what it signs counts no more.
    let lost = format!("lost {} {}", home.id, home.enrolled.recovery_codes[2]);
    assert_eq!(second.does(&lost), "OK");
    assert!(home.device.does(&format!("approve {id} {number}")).contains("NoSuchDevice"));
    assert_eq!(second.does(&format!("approve {id} {number}")), "OK");
    let mut terminal = terminal;
    terminal.line("");
    assert_eq!(terminal.finish().code, 0);
    assert!(second.does(&format!("approve {id} {number}")).contains("NoSuchRequest"), "taken once");
}

#[test]
fn pairing_needs_more_than_the_uid() {
    let home = Home::new("push-pair", POLICY);
    let mut device = Device::start(&home.house.world.user("alice"), 5);
    for proof in ["", "000000", "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"] {
        assert!(device.does(&format!("pair x {proof}")).starts_with("ERROR NotAuthorized"), "{proof}");
    }
    assert!(device.does(&format!("pair x {}", home.enrolled.recovery_codes[0])).contains("NotAuthorized"), "spent");
    let mut unenrolled = Device::start(&home.house.world.user("bob"), 6);
    assert!(unenrolled.does("pair x 123456").starts_with("ERROR NotAuthorized"));
    assert!(unenrolled.does("devices").starts_with("OK []"));
}

#[test]
fn a_bus_that_stands_still_delays_no_code_and_a_later_push_finds_its_device() {
    let mut home = Home::new("push-frozen-bus", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    let code = home.enrolled.oathtool().totp(calm_now());
    home.bus.freeze();
    let start = Instant::now();
    let mut call = door.start();
    call.prompt();
    call.answer(&code);
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    assert!(start.elapsed() < Duration::from_secs(4), "the code waited for the bus: {:?}", start.elapsed());
    // One that is waited for ends as unanswered does: nobody hangs, nobody gets in.
    let mut waiting = door.start();
    waiting.prompt();
    waiting.answer("");
    std::thread::sleep(Duration::from_millis(300));
    home.bus.thaw();
    drop(waiting);
    for _ in 0..2 {
        assert_eq!(home.device.presented()["service"].as_str(), Some("door"), "what came late");
        home.device.hears(&["WITHDRAWN"]);
    }
    let (mut terminal, number, request) = home.sudo();
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    assert_eq!(terminal.finish().code, 0);
}

#[test]
fn a_daemon_restarted_in_between_lets_nobody_in_by_the_old_request() {
    let mut home = Home::new("push-restart", POLICY);
    let (mut terminal, number, request) = home.sudo();
    home.house.mfad.kill9();
    home.house.mfad.run();
    std::thread::sleep(Duration::from_millis(500));
    let answer = home.device.does(&format!("approve {} {number}", request_id(&request)));
    assert!(answer.starts_with("ERROR"), "{answer}");
    terminal.line("");
    assert_ne!(terminal.finish().code, 0);
}
