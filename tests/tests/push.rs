//! Pushes: the terminal shows a number, a device signs it, and nothing else opens the door.

use pam_mfa_tests::harness::{Device, Enrolled, House, PASSWORD, Program, Ssh, Sshd, SystemBus, Terminal, calm_now};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";
const BOTH: &str = "on your desktop and press Enter): ";

/// A house on a bus, with alice enrolled and one device of hers.
struct Home {
    device: Device,
    id: String,
    enrolled: Enrolled,
    house: House,
    _bus: SystemBus,
}

fn home(name: &str, policy: &str) -> Home {
    let world = pam_mfa_tests::harness::World::new(name);
    let bus = SystemBus::start(&world);
    let mfad = pam_mfa_tests::harness::Mfad::start(&world, policy);
    let house = House { mfad, mfactl: pam_mfa_tests::harness::Mfactl::new(&world), world };
    let end = Instant::now() + Duration::from_secs(10);
    while !house.mfad.errors().contains("on the system bus") {
        assert!(Instant::now() < end, "{}", house.mfad.errors());
        std::thread::sleep(Duration::from_millis(20));
    }
    let enrolled = house.enroll("alice", "totp");
    let mut device = Device::start(&house.world.user("alice"), 1);
    let id = device.pair(&enrolled.recovery_codes[0]);
    Home { device, id, enrolled, house, _bus: bus }
}

/// The number a prompt shows, as it is typed on a device.
fn number_in(prompt: &str) -> String {
    let after = prompt.split("approve ").nth(1).unwrap_or_else(|| panic!("no number in {prompt:?}"));
    after.chars().take(7).filter(char::is_ascii_digit).collect()
}

fn request_id(request: &serde_json::Value) -> String {
    request["id"].as_str().unwrap().to_owned()
}

impl Home {
    /// sudo by alice on a terminal, at the prompt; and the request her device is shown.
    fn sudo(&mut self) -> (Terminal, String, serde_json::Value) {
        self.house
            .world
            .pam("sudo", &["requisite pam_unix.so", &self.house.world.module("required", "first_factor=stack")]);
        self.house.world.sudoers("Defaults passwd_tries=1, timestamp_timeout=0\nalice ALL=(ALL) ALL");
        let alice = self.house.world.user("alice");
        let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
        terminal.answer("assword", PASSWORD);
        let prompt = terminal.expect(BOTH);
        let request = self.device.presented();
        (terminal, number_in(&prompt), request)
    }

    fn logged(&self, reason: &str) {
        self.house.world.log().expect(&["user=\"alice\"", &format!("reason={reason}")]);
    }
}

#[test]
fn sudo_opens_by_the_number_typed_on_the_device() {
    let mut home = home("push-sudo", POLICY);
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
    let mut home = home("push-ssh", POLICY);
    home.house.world.pam("sshd", &[&home.house.world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(&home.house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Ssh::to(&sshd, "alice").key(&home.house.world, &alice).command("id -un"));
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

#[test]
fn a_client_that_leaves_withdraws_the_request_within_a_second() {
    let mut home = home("push-gone", POLICY);
    home.house.world.pam("sshd", &[&home.house.world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(&home.house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Ssh::to(&sshd, "alice").key(&home.house.world, &alice).command("id -un"));
    terminal.expect(BOTH);
    let request = home.device.presented();
    terminal.line("");
    std::thread::sleep(Duration::from_millis(400));
    let start = Instant::now();
    drop(terminal);
    let line = home.device.hears(&["WITHDRAWN"]);
    assert_eq!(line, format!("WITHDRAWN {} cancelled", request_id(&request)));
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    home.logged("client-left");
}

#[test]
fn an_interrupt_during_the_wait_withdraws_it() {
    let mut home = home("push-int", POLICY);
    let (mut terminal, _, request) = home.sudo();
    terminal.line("");
    std::thread::sleep(Duration::from_millis(400));
    terminal.keys(b"\x03");
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {} cancelled", request_id(&request)));
    assert_ne!(terminal.finish().code, 0);
}

#[test]
fn a_denied_push_ends_the_login_and_a_code_does_not_save_it() {
    let mut home = home("push-deny", POLICY);
    let (mut terminal, _, request) = home.sudo();
    assert_eq!(home.device.does(&format!("deny {}", request_id(&request))), "OK");
    let code = home.enrolled.oathtool().totp(calm_now());
    terminal.line(&code);
    assert_ne!(terminal.finish().code, 0);
    home.logged("push-denied");
}

#[test]
fn a_wrong_number_ends_the_request() {
    let mut home = home("push-wrong", POLICY);
    let (mut terminal, number, request) = home.sudo();
    let wrong = if number == "000000" { "000001" } else { "000000" };
    let id = request_id(&request);
    assert!(home.device.does(&format!("approve {id} {wrong}")).contains("WrongNumber"));
    assert!(home.device.does(&format!("approve {id} {number}")).contains("NoSuchRequest"), "it is over");
    terminal.line("");
    assert_ne!(terminal.finish().code, 0);
    home.logged("wrong-number");
}

#[test]
fn a_code_settles_the_login_and_withdraws_the_push() {
    let mut home = home("push-code", POLICY);
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.oathtool().totp(calm_now()));
    assert_eq!(terminal.finish().code, 0);
    assert!(home.device.hears(&["WITHDRAWN"]).ends_with("cancelled"));
}

#[test]
fn no_other_signature_device_user_or_request_opens_the_door() {
    let mut home = home("push-forge", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let code = home.enrolled.recovery_codes[1].clone();
    second.pair(&code);
    assert!(home.device.hears(&["ANNOUNCED"]).contains("added"), "the other device is told");
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
    let home = home("push-pair", POLICY);
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
fn no_push_goes_out_without_a_first_factor() {
    let mut home = home("push-none", POLICY);
    home.house.world.pam("sshd", &[&home.house.world.module("required", "")]);
    let sshd = Sshd::start(&home.house.world, "AuthenticationMethods keyboard-interactive\nPermitRootLogin no");
    for user in ["alice", "root", "nobody-here"] {
        let mut terminal = Terminal::start(&Ssh::to(&sshd, user).command("id"));
        terminal.expect("Verification code: ");
        drop(terminal);
    }
    home.house
        .world
        .pam("sudo", &["requisite pam_unix.so", &home.house.world.module("required", "first_factor=stack")]);
    home.house.world.sudoers("Defaults passwd_tries=1\nalice ALL=(ALL) ALL");
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Program::new("sudo").arg("id").as_user(&alice));
    terminal.answer("assword", "not the one");
    assert_ne!(terminal.finish().code, 0);
    assert!(home.device.hears_no("PRESENTED", Duration::from_secs(1)));
}

#[test]
fn a_daemon_restarted_in_between_lets_nobody_in_by_the_old_request() {
    let mut home = home("push-restart", POLICY);
    let (mut terminal, number, request) = home.sudo();
    home.house.mfad.kill9();
    home.house.mfad.run();
    std::thread::sleep(Duration::from_millis(500));
    let answer = home.device.does(&format!("approve {} {number}", request_id(&request)));
    assert!(answer.starts_with("ERROR"), "{answer}");
    terminal.line("");
    assert_ne!(terminal.finish().code, 0);
}

#[test]
fn fifty_logins_in_a_row_give_five_pushes() {
    let mut home = home("push-flood", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    let mut prompts = 0;
    for _ in 0..50 {
        let mut call = door.start();
        prompts += u32::from(call.prompt().contains("desktop"));
        drop(call);
    }
    // One that is given up costs nothing; five can wait at once for nobody's answer, one after another.
    assert!(prompts >= 1);
    let mut shown = 0;
    while !home.device.hears_no("PRESENTED", Duration::from_millis(300)) {
        home.device.presented();
        shown += 1;
    }
    assert_eq!(shown, prompts);
}
