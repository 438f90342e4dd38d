//! The whole way of a request, from the program that asks to what the desktop shows: real mfad, bus, agent and keyring, and a
//! shell that records.

use pam_mfa_tests::harness::{
    Device, Home, House, Mfactl, Mfad, Notifier, PamClient, Session, SystemBus, Terminal, User, World, number_in,
    request_id,
};
use std::fs::File;
use std::process::Child;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// A user's desktop, paired, with its agent.
struct Desk {
    agent: Child,
    notifier: Notifier,
    session: Session,
    house: House,
    _bus: SystemBus,
}

impl Desk {
    /// Of a user of this name, with a notification server that reads markup.
    fn new(world: &str, name: &str) -> Self {
        let mut world = World::new(world);
        let user: User = world.add_user(name, 1010);
        let bus = SystemBus::start(&world);
        let mfad = Mfad::start(&world, POLICY);
        let house = House { mfad, mfactl: Mfactl::new(&world), world };
        house.mfad.is_on_the_bus(1);
        let enrolled = house.enroll(name, "totp");
        let session = Session::start(&house.world, &user);
        let notifier = Notifier::start(&house.world, &session, true);
        let _ = session.authenticator(&["pair"]).run(&format!("{}\n", enrolled.recovery_codes[0])).ok();
        let agent = session.agent();
        session.agent_serves(1);
        Self { agent, notifier, session, house, _bus: bus }
    }

    /// The requests that wait, as other programs are told.
    fn listed(&self) -> Vec<serde_json::Value> {
        let json = self.session.authenticator(&["requests", "--json"]).run("").ok().json();
        json.as_array().unwrap().clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

/// Whether a text holds nothing that steers a terminal or turns the direction of what is read.
fn is_harmless(text: &str) -> bool {
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    !text.contains(|c| steers(c) || ('\u{2066}'..='\u{2069}').contains(&c))
}

const WILD: &str = "<img src=x>&amp;\"'\u{202e}\u{2066}\u{1b}[2J\u{9b}2J";

#[test]
fn hostile_words_reach_notification_list_log_and_trail_short_and_harmless() {
    let mallory = format!("{WILD}mallory");
    let desk = Desk::new("desk-words", &mallory);
    let long = format!("{WILD}\r\n2026-01-01T00:00:00.000000Z  INFO forged {}", "y".repeat(10_000));
    desk.house.world.pam("other", &[&desk.house.world.module("required", "first_factor=stack")]);
    let mark = desk.house.world.log().mark();
    for (at, field) in ["--rhost", "--tty", "--ruser", "service"].into_iter().enumerate() {
        let client = match field {
            "service" => PamClient::new(&long, &mallory),
            field => PamClient::new("door", &mallory).option(field, &long),
        };
        let logged = desk.house.world.log().mark();
        let mut call = client.start();
        let prompt = call.prompt();
        assert!(prompt.contains("approve"), "{field}: {prompt}");
        desk.notifier.has_shown(at + 1);
        let shown = desk.notifier.requests().remove(at);
        let (title, body) = (shown["title"].as_str().unwrap(), shown["body"].as_str().unwrap());
        assert_eq!(title, "Is this you signing in?", "nothing of theirs is the headline");
        assert!(is_harmless(body) && !body.contains(['<', '>', '"', '\'']), "{field}: {body:?}");
        assert!(
            body.contains("&lt;img src=x&gt;&amp;amp;") && body.contains("mallory"),
            "{field}: escaped once: {body}"
        );
        assert!(body.len() < 1500 && body.lines().count() < 12, "{field}: {body}");

        let listed = desk.listed();
        assert_eq!(listed.len(), 1, "{listed:?}");
        for (name, value) in listed[0].as_object().unwrap() {
            let text = value.as_str().unwrap_or_default();
            assert!(is_harmless(text) && !text.contains('\n') && text.chars().count() < 150, "{field}, {name}: {text}");
        }
        let text = desk.session.authenticator(&["requests"]).run("").ok().stdout;
        assert!(is_harmless(&text) && text.len() < 2048 && text.lines().count() < 12, "{field}: {text:?}");
        // It is a request as any other, and its yes opens.
        let id = listed[0]["id"].as_str().unwrap();
        let said = desk.session.authenticator(&["approve", id, &number_in(&prompt)]).run("").ok().stdout;
        assert!(is_harmless(&said) && said.len() < 1024, "{field}: {said:?}");
        call.answer("");
        // libpam's own record for the kernel's audit takes no such host or terminal, and makes an error of any success with one.
        let _ = call.verdict();
        desk.house.world.log().expect_new(logged, &["result=granted", "reason=approved"]);
        desk.notifier.is_empty();
    }
    // A name that long is no account's; it reaches the log alone.
    assert_ne!(desk.house.door("door", &long, "first_factor=stack").verdict(&["000000"]), "PAM_SUCCESS");
    desk.house.world.log().expect_new(mark, &["reason=unknown-user"]);
    let lines = desk.house.world.log().lines().split_off(mark);
    for line in lines {
        assert!(is_harmless(&line) && !line.contains('\n') && line.len() < 2048, "{line:?}");
    }
    let said = desk.house.mfad.errors();
    assert!(is_harmless(&said), "{said:?}");
    for line in said.lines() {
        assert!(
            line.len() < 2048 && line.starts_with("20") && !line.starts_with("2026-01-01"),
            "no line of theirs: {line:?}"
        );
    }
    let trail = desk.house.mfactl.run(&["log", "--json"], "").ok().stdout;
    assert!(is_harmless(&trail) && trail.lines().all(|line| line.len() < 2048), "{trail}");
}

#[test]
fn fifty_logins_in_a_minute_are_five_notifications_and_what_is_dismissed_waits_on() {
    let mut desk = Desk::new("desk-fifty", "dora");
    let door = desk.house.door("door", "dora", "first_factor=stack");
    let mut offered = 0;
    let start = Instant::now();
    for _ in 0..50 {
        let mut call = door.start();
        if call.prompt().contains("approve") {
            offered += 1;
            desk.notifier.has_shown(offered);
        }
        drop(call);
        desk.notifier.is_empty();
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!((offered, desk.notifier.requests().len()), (5, 5));

    let _ = desk.house.mfactl.run(&["unlock", "dora"], "").ok();
    let mut call = door.start();
    let number = number_in(&call.prompt());
    desk.notifier.has_shown(6);
    desk.notifier.dismiss(last(&desk.notifier));
    std::thread::sleep(Duration::from_millis(300));
    let listed = desk.listed();
    assert_eq!(listed.len(), 1, "it is no answer");
    assert_eq!(desk.notifier.requests().len(), 6, "nor shown anew");
    let _ = desk.session.authenticator(&["approve", listed[0]["id"].as_str().unwrap(), &number]).run("").ok();
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    // The other button.
    let mut call = door.start();
    call.prompt();
    call.answer("");
    desk.notifier.has_shown(7);
    desk.notifier.press(last(&desk.notifier), "deny");
    assert_eq!(call.verdict(), "PAM_MAXTRIES");
    desk.house.world.log().expect(&["user=\"dora\"", "reason=push-denied"]);
}

/// The number of the newest notification about a request.
fn last(notifier: &Notifier) -> u64 {
    notifier.requests().last().unwrap()["number"].as_u64().unwrap()
}

#[test]
fn another_devices_yes_pairs_a_computer_and_suspends_a_lost_one_and_a_watcher_sees_the_requests() {
    let mut home = Home::new("desk-pair", POLICY);
    let session = Session::start(&home.house.world, &home.house.world.user("alice"));
    let mut pairing = Terminal::start(&session.authenticator(&["pair", "--label", "desk"]));
    pairing.answer("or Enter to ask another device of yours: ", "");
    let number = asked_for(&mut pairing);
    let request = home.device.presented();
    assert!(request["purpose"]["add-device"]["fingerprint"].is_string(), "{request}");
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let paired = pairing.finish();
    assert!(paired.code == 0 && paired.text().contains("can approve your sign-ins"), "{}", paired.text());

    let mut agent = session.agent();
    session.agent_serves(1);
    let seen = home.house.world.folder().join("watch.out");
    let mut command = session.authenticator(&["requests", "--watch"]).bound_to_the_test().command();
    let mut watcher = command.stdout(File::create(&seen).unwrap()).spawn().expect("a watcher");
    let sees = |what: &str, times: usize| {
        let end = Instant::now() + Duration::from_secs(10);
        let text = || std::fs::read_to_string(&seen).unwrap();
        while text().matches(what).count() < times {
            assert!(Instant::now() < end, "not {times} times {what:?}: {}", text());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    sees("No requests.", 1);
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    call.prompt();
    sees("login for alice on", 1);
    sees("service: door", 1);
    drop(call);
    sees("No requests.", 2);
    let _ = home.device.presented();

    let mut lost = Terminal::start(&session.authenticator(&["lost", &home.id]));
    lost.answer("or Enter to ask another device of yours: ", "");
    let number = asked_for(&mut lost);
    sees(&format!("suspend-device {}", home.id), 1);
    let listed = session.authenticator(&["requests", "--json"]).run("").ok().json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let _ = session.authenticator(&["approve", &id, &number]).run("").ok();
    let ended = lost.finish();
    assert!(ended.code == 0 && ended.text().contains("is suspended"), "{}", ended.text());
    sees("No requests.", 3);
    assert!(home.device.hears_no("PRESENTED", Duration::ZERO), "the lost one is not asked");
    assert!(home.device.does(&format!("register {}", home.id)).contains("NoSuchDevice"));
    // A no pairs nothing and suspends nothing.
    let mut third = Device::start(&home.house.world.user("alice"), 3);
    let answer = third.does("challenge add-device");
    let challenge = answer.split(' ').nth(1).unwrap().to_owned();
    third.begins(&format!("pair third {challenge}"));
    sees("add-device", 1);
    let listed = session.authenticator(&["requests", "--json"]).run("").ok().json();
    let _ = session.authenticator(&["deny", listed[0]["id"].as_str().unwrap()]).run("").ok();
    assert!(third.done().contains("NotAuthorized"));
    for child in [&mut watcher, &mut agent] {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The number that another device is to be given.
fn asked_for(terminal: &mut Terminal) -> String {
    terminal.expect("asks for this number: ");
    number_in(terminal.expect("\n").trim())
}
