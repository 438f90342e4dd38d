//! How a push ends when nobody says yes, through real sshd and sudo: no answer, no, "not me", a wrong number; and who says yes
//! when it counts no more: a device revoked, a user locked.

use pam_mfa_tests::harness::{BOTH, Device, Event, Home, Program, Terminal, another_than, number_in, request_id};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

/// su must be approved by one of `ops`.
const OPS: &str = r#"
[[rule]]
match = { service = ["su"] }
require = "approved"
approvers = { group = "ops", count = 1 }
"#;

/// Past the 45 seconds that a request to the user's own devices waits.
const EXPIRED: i64 = 46;

/// Past the 90 seconds of one to those who may approve.
const APPROVERS_EXPIRED: i64 = 91;

fn told(event: Option<Event>) -> String {
    let Some(Event::Says { text, .. }) = event else { panic!("{event:?} instead of a notice") };
    text
}

#[test]
fn a_request_that_nobody_answers_expires_and_a_code_still_opens() {
    let rules = "[[rule]]\nmatch = { service = [\"desk\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"required\"\nmethods = [\"push\"]\n";
    let mut home = Home::with_own_timers("push-late", &format!("{POLICY}{rules}{OPS}"));
    home.house.world.add_user("dave", 1010);
    home.house.world.add_group("ops", 4000, &["bob"]);
    let mut others = [("bob", 2), ("carol", 3), ("dave", 4)].map(|(user, seed)| {
        let enrolled = home.house.enroll(user, "totp");
        let mut device = Device::start(&home.house.world.user(user), seed);
        let _ = device.pair(&enrolled.recovery_codes[0]);
        (device, enrolled)
    });
    // alice has pressed Enter and waits, in sshd; dave waits where there are no codes; bob and carol have typed nothing yet.
    let (sshd, way) = home.sshd();
    let mut ssh = Terminal::start(&way);
    let number = number_in(&ssh.expect(BOTH));
    ssh.line("");
    let [mut bob, mut carol, mut dave] = [("door", "bob"), ("door", "carol"), ("desk", "dave")]
        .map(|(service, user)| home.house.door(service, user, "first_factor=stack").start());
    for call in [&mut bob, &mut carol, &mut dave] {
        assert!(call.prompt().contains("pprove"));
    }
    dave.answer("");
    let asked = request_id(&home.device.presented());
    let ids = [0, 1, 2].map(|at| request_id(&others[at].0.presented()));
    // Both are waited for by now: the module says so in no other way.
    std::thread::sleep(Duration::from_millis(500));
    assert!(home.device.hears_no("WITHDRAWN", Duration::ZERO) && !ssh.shows("Nobody", Duration::ZERO));
    home.house.mfad.lets_pass(EXPIRED);

    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {asked} expired"));
    for ((device, _), id) in others.iter_mut().zip(&ids) {
        assert_eq!(device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} expired"));
    }
    assert!(home.device.does(&format!("approve {asked} {number}")).contains("NoSuchRequest"), "a late yes");
    assert!(home.device.does(&format!("deny {asked}")).contains("NoSuchRequest"), "a late no");
    for user in ["alice", "bob", "carol", "dave"] {
        let trail = home.house.mfactl.run(&["log", "--user", user, "--json"], "").ok().stdout;
        assert_eq!(trail.matches("push.expired").count(), 1, "{user}: {trail}");
    }
    // Who waited is asked for a code, which opens.
    ssh.expect("Nobody approved in time.");
    ssh.answer("Verification code: ", &home.enrolled.recovery_codes[1]);
    let ended = ssh.finish();
    assert!(ended.code == 0 && ended.text().contains("alice"), "{}\n{}", ended.text(), sshd.log());
    // Who had typed nothing types a code where the push was offered.
    bob.answer(&others[0].1.recovery_codes[1]);
    assert_eq!(bob.verdict(), "PAM_SUCCESS");
    // Who presses Enter only now is told at once.
    carol.answer("");
    assert_eq!(told(carol.next_event()), "Nobody approved in time.");
    assert_eq!(carol.prompt(), "Verification code: ");
    carol.answer(&others[1].1.recovery_codes[1]);
    assert_eq!(carol.verdict(), "PAM_SUCCESS");
    // Where a device is the only way in, that is the end.
    assert_eq!(told(dave.next_event()), "Nobody approved in time.");
    assert_eq!(dave.verdict(), "PAM_MAXTRIES");
    home.house.world.log().expect(&["user=\"dave\"", "result=refused", "method=push", "reason=push-expired"]);

    // Those who may approve others' have longer, and not for ever.
    let mut su = home.house.door("su", "carol", "first_factor=stack").option("--ruser", "carol").start();
    su.prompt();
    su.answer(&others[1].1.recovery_codes[2]);
    assert!(su.prompt().contains("One of ops must approve this"));
    su.answer("");
    let asked = request_id(&others[0].0.presented());
    std::thread::sleep(Duration::from_millis(300));
    home.house.mfad.lets_pass(EXPIRED + APPROVERS_EXPIRED);
    assert_eq!(others[0].0.hears(&["WITHDRAWN"]), format!("WITHDRAWN {asked} expired"));
    assert_eq!(told(su.next_event()), "Nobody approved in time.");
    assert_eq!(su.verdict(), "PAM_MAXTRIES");
    home.house.world.log().expect(&["user=\"carol\"", "result=refused", "reason=approval-expired"]);
    let trail = home.house.mfactl.run(&["log", "--user", "carol", "--json"], "").ok().stdout;
    assert_eq!(trail.matches("approval.expired").count(), 1, "{trail}");
}

/// One login over ssh after a key, at the prompt that offers a push; the number and the request.
fn at_the_prompt(home: &mut Home, way: &Program) -> (Terminal, String, String) {
    let mut terminal = Terminal::start(way);
    let number = number_in(&terminal.expect(BOTH));
    let id = request_id(&home.device.presented());
    (terminal, number, id)
}

/// How often this happened to alice.
fn in_the_trail(home: &Home, event: &str) -> usize {
    home.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout.matches(event).count()
}

/// What the device answers instead of a yes.
fn says(device: &mut Device, word: &str, id: &str, number: &str) {
    let answer = match word {
        "wrong" => device.does(&format!("approve {id} {}", another_than(number))),
        word => device.does(&format!("{word} {id}")),
    };
    assert!(answer == "OK" || answer.contains("WrongNumber"), "{word}: {answer}");
}

#[test]
fn over_ssh_a_no_a_report_and_a_wrong_number_end_the_login_at_once_and_a_code_does_not_save_it() {
    let mut home = Home::new("push-ssh-no", POLICY);
    let (sshd, way) = home.sshd();
    for (word, reason, event, waits) in [
        ("deny", "push-denied", "push.denied", true),
        ("deny", "push-denied", "push.denied", false),
        ("wrong", "wrong-number", "push.number_mismatch", true),
        ("report", "push-denied", "push.reported", false),
    ] {
        let mark = home.house.world.log().mark();
        let (mut terminal, number, id) = at_the_prompt(&mut home, &way);
        if waits {
            terminal.line("");
            std::thread::sleep(Duration::from_millis(300));
        }
        let before = in_the_trail(&home, event);
        says(&mut home.device, word, &id, &number);
        if !waits {
            terminal.line(&home.enrolled.recovery_codes[1]);
        }
        let ended = terminal.finish();
        assert_eq!(ended.code, 255, "{word}: {}\n{}", ended.text(), sshd.log());
        assert_eq!(ended.text().matches("erification code").count(), 1, "{word}: asked once: {}", ended.text());
        home.house.world.log().expect_new(mark, &["pam_mfa(sshd:auth)", &format!("reason={reason}")]);
        assert!(home.device.does(&format!("approve {id} {number}")).contains("NoSuchRequest"), "{word}: it is over");
        assert_eq!(in_the_trail(&home, event), before + 1, "{word}");
        assert!(home.device.hears_no("PRESENTED", Duration::ZERO), "{word}: one request for each login");
        // What switches pushes off is another test's.
        let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
    }
    // The code that did not save it was not used up either, and opens the next one.
    let (mut terminal, _, _) = at_the_prompt(&mut home, &way);
    terminal.line(&home.enrolled.recovery_codes[1]);
    assert_eq!(terminal.finish().code, 0, "{}", sshd.log());
}

#[test]
fn a_no_a_report_and_a_wrong_number_end_sudo_whatever_tries_it_has_left() {
    let mut home = Home::new("push-sudo-no", POLICY);
    for (word, reason) in [("deny", "push-denied"), ("wrong", "wrong-number"), ("report", "push-denied")] {
        let (mut terminal, number, request) = home.sudo_with(3);
        says(&mut home.device, word, &request_id(&request), &number);
        terminal.line(&home.enrolled.recovery_codes[1]);
        let ended = terminal.finish();
        assert_eq!(ended.code, 1, "{word}: {}", ended.text());
        let text = ended.text();
        let prompts = (text.matches("password for").count(), text.matches("erification code").count());
        assert_eq!(prompts, (1, 1), "{word}: {text}");
        home.logged(reason);
        assert!(home.device.hears_no("PRESENTED", Duration::ZERO), "{word}: sudo asks for no second push");
        let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
    }
    // The tries were there: a wrong password takes one of them.
    home.furnish_sudo_with(3);
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(&Program::new("sudo").args(["id", "-un"]).as_user(&alice));
    terminal.answer("assword", "not the one");
    terminal.expect("try again");
    terminal.expect("assword");
}

#[test]
fn a_device_suspended_or_revoked_in_between_opens_nothing() {
    let mut home = Home::new("push-revoked", &format!("{POLICY}tries = 1\n"));
    // Her only device goes in the one way, and the next one in the other.
    for (how, code) in [("suspend", 1), ("revoke", 2)] {
        let (mut terminal, number, request) = home.sudo();
        let id = request_id(&request);
        terminal.line("");
        assert_eq!(home.house.mfactl.run(&["device", how, "alice", &home.id], "").code, 0);
        // It is off the screen at once, and whoever waits is asked for a code.
        assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"), "{how}");
        terminal.expect("Verification code: ");
        for late in [format!("approve {id} {number}"), format!("deny {id}")] {
            let answer = home.device.does(&late);
            assert!(answer.contains("NoSuchRequest"), "{how}: {late}: {answer}");
        }
        assert!(!terminal.shows("root", Duration::from_millis(500)), "{how}: it still waits");
        let register = home.device.does(&format!("register {}", home.id));
        assert!(register.contains("NoSuchDevice"), "{how}: {register}");
        terminal.line("000000");
        assert_ne!(terminal.finish().code, 0, "{how}");
        if how == "suspend" {
            let mut anew = Device::start(&home.house.world.user("alice"), 5);
            home.id = anew.pair(&home.enrolled.recovery_codes[code]);
            home.device = anew;
        }
    }
    home.logged("wrong-code");
}

#[test]
fn an_approver_whose_device_is_gone_is_asked_no_more_and_the_others_are() {
    let mut home = Home::new("push-approver-gone", &format!("{POLICY}{OPS}"));
    home.house.world.add_group("ops", 4000, &["alice", "bob"]);
    let mut bob = home.neighbour("bob", 2);
    let carol = home.house.enroll("carol", "totp");
    let mut su = home.house.door("su", "carol", "first_factor=stack").option("--ruser", "carol").start();
    su.prompt();
    su.answer(&carol.recovery_codes[0]);
    let number = number_in(&su.prompt());
    let (hers, his) = (request_id(&home.device.presented()), request_id(&bob.presented()));
    assert_eq!(home.house.mfactl.run(&["device", "revoke", "alice", &home.id], "").code, 0);
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {hers} cancelled"));
    assert!(home.device.does(&format!("approve {hers} {number}")).contains("NoSuchRequest"));
    assert!(bob.hears_no("WITHDRAWN", Duration::from_millis(300)), "others are asked as before");
    assert_eq!(bob.does(&format!("approve {his} {number}")), "OK");
    su.answer("");
    assert_eq!(su.verdict(), "PAM_SUCCESS");
}

#[test]
fn a_user_locked_in_between_is_not_let_in_until_an_administrator_unlocks() {
    let mut home = Home::new("push-own-lock", &format!("{POLICY}{OPS}[limits]\nwait_after = 5\ndisable_after = 5\n"));
    home.house.world.add_group("ops", 4000, &["alice"]);
    let (mut terminal, number, request) = home.sudo();
    terminal.line("");
    // Five wrong numbers of hers, about logins of others that she may approve.
    let [bob, carol] = ["bob", "carol"].map(|user| home.house.enroll(user, "totp"));
    for (user, code) in
        [("bob", &bob.recovery_codes[0]), ("bob", &bob.recovery_codes[1]), ("carol", &carol.recovery_codes[0])]
            .into_iter()
            .chain([("carol", &carol.recovery_codes[1]), ("bob", &bob.recovery_codes[2])])
    {
        let mut call = home.house.door("su", user, "first_factor=stack").option("--ruser", user).start();
        call.prompt();
        call.answer(code);
        let other = number_in(&call.prompt());
        let id = request_id(&home.device.presented());
        assert!(home.device.does(&format!("approve {id} {}", another_than(&other))).contains("WrongNumber"));
    }
    let yes = format!("approve {} {number}", request_id(&request));
    let answer = home.device.does(&yes);
    assert!(answer.contains("Later"), "alice is locked by now: {answer}");
    let status = home.house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(status.contains("pushes are disabled after too many wrong numbers"), "{status}");
    assert!(!terminal.shows("root", Duration::from_millis(500)), "it still waits");
    // Nothing else was in the way: unlocked, the same yes opens.
    let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
    assert_eq!(home.device.does(&yes), "OK");
    let ended = terminal.finish();
    assert_eq!(ended.code, 0, "{}", ended.text());
}
