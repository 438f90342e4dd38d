//! Who presses keys that interrupt, hangs up or lets the prompt time out is outside, at each prompt and however often, and what they
//! had typed is shown nowhere.

use pam_mfa_tests::harness::{Ended, HOSTILE, House, PASSWORD, PamClient, Program, Terminal, calm_now};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

const CODE: &str = "erification code: ";

/// What is shown behind a door; the terminal's echo of the command shows it in two parts.
const INSIDE: &str = "let-inside";

/// The keys: ^Z (nobody could let it go on) and ^C, ^C, ^D, ^\, ^C three times, behind digits, ^D on an emptied line.
const KEYS: [&[u8]; 7] = [b"\x1a\x03", b"\x03", b"\x04", b"\x1c", b"\x03\x03\x03", b"12\x03", b"12\x15\x04"];

/// A house whose doors ask for a password and a code. `controls` is our line's, and what stands below it.
fn house(name: &str, control: &str, below: &[&str]) -> House {
    let house = House::new(name, POLICY);
    let module = house.world.module(control, "first_factor=stack");
    let stack: Vec<_> = ["requisite pam_unix.so nodelay", &module].into_iter().chain(below.iter().copied()).collect();
    for service in ["su", "sudo", "login"] {
        house.world.pam(service, &stack);
    }
    house.world.sudoers("Defaults timestamp_timeout=0\nalice ALL=(ALL) ALL");
    // Nobody waits for su's own sleep after a refusal (login.defs(5)).
    house.world.write("/etc/login.defs", "FAIL_DELAY 0\n", 0o644);
    // What a login shell of alice's does.
    let alice = house.world.user("alice");
    let _ = house.world.write_home(&alice, ".profile", &format!("echo {INSIDE}; exit 0\n"));
    house
}

/// The line that a shell takes for this program.
fn command(name: &str) -> &'static str {
    if name == "sudo" { "sudo sh -c 'echo let-in''side'" } else { "su alice -c 'echo let-in''side'" }
}

/// Knocks by this program, up to the first prompt for a code, or the one after a wrong code.
fn at_the_prompt(house: &House, name: &str, wrong: Option<&str>) -> Terminal {
    let person = |name| house.world.user(name);
    let inside = format!("echo {INSIDE}");
    let program = match name {
        "sudo" => Program::new("sudo").args(["sh", "-c", &inside]).as_user(&person("alice")),
        "su" => Program::new("su").args(["alice", "-c", &inside]).as_user(&person("bob")),
        _ => Program::new("login").arg("alice"),
    };
    let mut terminal = Terminal::start(&program);
    terminal.answer("assword", PASSWORD);
    if let Some(wrong) = wrong {
        terminal.answer(CODE, wrong);
        terminal.expect("That code was not accepted.");
    }
    terminal.expect(CODE);
    terminal.is_being_read();
    terminal
}

fn is_outside(ended: &Ended, what: &str) {
    assert!(ended.code != 0 && !ended.text().contains(INSIDE), "{what}: {}", ended.text());
}

/// Every key at the first prompt and, one of them, at the second; then a lost terminal; then the door opens as ever.
fn interrupted(name: &str) {
    let house = house(&format!("keys-{name}"), "required", &[]);
    let enrolled = house.enroll("alice", "totp");
    let wrong = enrolled.oathtool().wrong(calm_now());
    let prompts = KEYS.iter().map(|keys| (*keys, None)).chain([(KEYS[0], Some(wrong.as_str())), (KEYS[1], None)]);
    for (keys, wrong) in prompts {
        let what = format!("{name}, {keys:?} after {wrong:?}");
        let mut terminal = at_the_prompt(&house, name, wrong);
        if name == "login" {
            // It minds no signal, and asks again for a name where a login failed.
            terminal.keys(keys);
            assert!(!terminal.shows(INSIDE, Duration::from_millis(400)), "{what}");
        } else {
            // ^D is an empty answer to su, which is asked for another until the tries are used up.
            for _ in 0..if name == "su" && keys.ends_with(b"\x04") { 2 } else { 0 } {
                terminal.keys(keys);
                terminal.expect("That code was not accepted.");
                terminal.is_being_read();
            }
            is_outside(&terminal.finish_by(keys), &what);
        }
    }
    let mark = house.world.log().mark();
    drop(at_the_prompt(&house, name, None));
    let granted = house.world.log().wait_for(mark, Duration::from_millis(500), |line| line.contains("result=granted"));
    assert_eq!(granted, None, "a lost terminal");
    let mut terminal = at_the_prompt(&house, name, None);
    terminal.line(&enrolled.recovery_codes[0]);
    terminal.expect(INSIDE);
}

#[test]
fn keys_that_interrupt_sudo_at_its_prompt_open_nothing() {
    interrupted("sudo");
}

#[test]
fn keys_that_interrupt_su_at_its_prompt_open_nothing() {
    interrupted("su");
}

#[test]
fn keys_that_interrupt_login_at_its_prompt_open_nothing() {
    interrupted("login");
}

/// A shell with job control, in which this program of the user asks for the code.
fn in_a_shell(house: &House, name: &str) -> Terminal {
    let user = house.world.user(if name == "sudo" { "alice" } else { "bob" });
    let shell = Program::new("bash").args(["--norc", "--noprofile", "-i"]).env("PS1", "shell> ").as_user(&user);
    let mut terminal = Terminal::start(&shell);
    terminal.answer("shell> ", command(name));
    terminal.answer("assword", PASSWORD);
    terminal.expect(CODE);
    terminal
}

#[test]
fn who_stops_sudo_or_su_at_its_prompt_and_goes_on_is_outside_still() {
    let house = house("keys-stop", "required", &[]);
    let _ = house.enroll("alice", "totp");
    for name in ["sudo", "su"] {
        let mut terminal = in_a_shell(&house, name);
        std::thread::sleep(Duration::from_millis(200));
        terminal.keys(b"\x1a");
        // libpam's own conversation holds the key back until something is entered.
        if !terminal.shows("Stopped", Duration::from_millis(500)) {
            terminal.line("");
            terminal.expect("Stopped");
        }
        terminal.expect("shell> ");
        terminal.line("fg");
        terminal.expect("let-in");
        // sudo gives up at once, su goes on asking.
        if !terminal.shows("shell> ", Duration::from_millis(700)) {
            terminal.keys(b"\x03");
            terminal.expect("shell> ");
        }
        terminal.line("echo it is $? now");
        let said = terminal.expect(" now\r\n") + &terminal.expect(" now\r\n");
        assert!(!said.contains("it is 0 now"), "{name}: {said}");
        assert!(!String::from_utf8_lossy(terminal.transcript()).contains(INSIDE), "{name}");
    }
}

#[test]
fn a_stack_that_ignores_what_is_no_success_is_not_fallen_through() {
    let house =
        house("keys-through", "[success=1 default=ignore]", &["requisite pam_deny.so", "required pam_permit.so"]);
    let enrolled = house.enroll("alice", "totp");
    for name in ["sudo", "su"] {
        let mut terminal = at_the_prompt(&house, name, None);
        for _ in 0..2 {
            terminal.keys(b"\x03");
            std::thread::sleep(Duration::from_millis(50));
        }
        is_outside(&terminal.finish_by(b"\x03"), name);
    }
    // A conversation that fails, three times in one process.
    let module = house.world.module("[success=1 default=ignore]", "first_factor=stack");
    house.world.pam("door", &[&module, "requisite pam_deny.so", "required pam_permit.so"]);
    let client = PamClient::new("door", "alice").option("--repeat", "3");
    for hostile in HOSTILE {
        let events = format!("{:?}", client.clone().option("--hostile", hostile).run(&[]));
        assert!(!events.contains("PAM_SUCCESS"), "{hostile}: {events}");
    }
    assert_eq!(PamClient::new("door", "alice").verdict(&[&enrolled.recovery_codes[0]]), "PAM_SUCCESS");
}

#[test]
fn what_was_typed_when_the_prompt_timed_out_is_neither_shown_nor_left_to_the_shell() {
    let house = house("keys-late", "required", &[]);
    let _ = house.enroll("alice", "totp");
    // Hundredths of a minute: of sudo's own prompt, which is ours.
    house.world.sudoers("Defaults timestamp_timeout=0, passwd_timeout=0.02\nalice ALL=(ALL) ALL");
    let mut terminal = in_a_shell(&house, "sudo");
    terminal.keys(b"qxzj");
    terminal.expect("shell> ");
    terminal.line("echo my shell");
    terminal.expect("my shell\r\nmy shell\r\n");
    let shown = String::from_utf8_lossy(terminal.transcript()).into_owned();
    assert!(shown.contains("timed out") && !shown.contains("qxzj") && !shown.contains(INSIDE), "{shown}");
    assert!(!house.world.log().lines().join("\n").contains("qxzj"));
}
