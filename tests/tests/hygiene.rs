//! Factors nobody uses or renews: mfad suspends them at the stated hour, says so everywhere, and takes them back when told.

use pam_mfa_tests::harness::{
    Device, Ended, Enrolled, House, Mfactl, Mfad, PASSWORD, Program, Ssh, Sshd, SystemBus, Terminal, World, now,
};
use std::time::{Duration, Instant};

/// At half past three, by the host's clock.
const UNUSED: &str = "require = \"required\"\ntries = 1\n[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"0\"\ndrop_pending = \"7d\"\n";

const RENEW: &str = "require = \"required\"\ntries = 1\n[hygiene]\nat = \"03:30\"\nsuspend_unused = \"0\"\nrenew_after = \"365d\"\noverlap = \"14d\"\ndrop_pending = \"0\"\n";

const DAY: i64 = 86_400;

/// Waits until mfad has looked for the `times`th time.
fn looked(mfad: &Mfad, times: usize) {
    let end = Instant::now() + Duration::from_secs(25);
    while mfad.errors().matches("hygiene: suspended").count() < times {
        assert!(Instant::now() < end, "it does not look:\n{}", mfad.errors());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A code of that day.
fn code(enrolled: &Enrolled, days: i64) -> String {
    // A step that is not about to end.
    while now() % 30 > 24 {
        std::thread::sleep(Duration::from_millis(100));
    }
    enrolled.oathtool().totp(now() + days * DAY)
}

fn looks(mfactl: &Mfactl) -> usize {
    mfactl.run(&["log", "--json"], "").ok().stdout.matches("\"hygiene.ran\"").count()
}

/// Nobody looks until that day: what was missed is made up for at the start.
fn nights(house: &mut House, days: i64, times: usize) {
    let _ = house.mfad.stop();
    house.mfad.set_clock(days * DAY);
    house.mfad.run();
    looked(&house.mfad, times);
}

/// bob logs in on that day, so that there is somebody who uses a factor.
fn bob_logs_in(house: &House, bob: &Enrolled, days: i64) {
    house.mfad.set_clock(days * DAY);
    assert_eq!(house.knock("bob", &code(bob, days)).code, "PAM_SUCCESS");
}

#[test]
fn a_factor_nobody_uses_is_suspended_by_night_opens_nothing_over_ssh_and_comes_back() {
    let house = House::with_own_clock("hygiene", UNUSED);
    let world = &house.world;
    let (alice, bob) = (house.enroll("alice", "totp"), house.enroll("bob", "totp"));
    bob_logs_in(&house, &bob, 60);
    house.mfad.set_clock(89 * DAY);
    assert!(house.mfactl.run(&["hygiene", "--dry-run"], "").ok().stdout.contains("nothing to do"));
    // One look makes up for all that were missed.
    house.mfad.set_clock(91 * DAY);
    looked(&house.mfad, 1);
    let log = house.mfad.errors();
    let warned =
        |words: &[&str]| log.lines().any(|line| line.contains("WARN") && words.iter().all(|word| line.contains(word)));
    assert!(warned(&[&alice.factor, "of alice was suspended", "mfactl resume alice"]), "{log}");
    assert!(!log.contains(&format!("{} of bob was", bob.factor)), "{log}");

    world.pam("sshd", &[&world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(world, "AuthenticationMethods publickey,keyboard-interactive");
    let user = world.user("alice");
    let ssh = |answer: &str| -> Ended {
        let mut terminal = Terminal::start(&Ssh::to(&sshd, "alice").key(world, &user).command("id -un"));
        terminal.answer("erification code: ", answer);
        terminal.finish()
    };
    let refused = ssh(&code(&alice, 91));
    assert!(refused.code != 0 && refused.text().contains("This factor is suspended."), "{}", refused.text());
    world.log().expect(&["user=\"alice\"", "method=totp", "result=refused", "reason=suspended"]);
    let log = house.mfad.errors();
    assert!(
        log.contains("\"alice\" is refused") && log.contains("mfactl resume alice takes it back, mfactl bypass alice"),
        "{log}"
    );
    let by_recovery = ssh(&alice.recovery_codes[0]);
    assert_eq!(by_recovery.code, 0, "{}", by_recovery.text());

    let status = house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(
        status.contains(": suspended") && status.contains("it was not used for so long; mfactl resume alice"),
        "{status}"
    );
    assert!(
        status.contains("alice (uid 1001): enrolled") && status.contains("Problem: everything is suspended"),
        "{status}"
    );
    let listed = house.mfactl.run(&["list", "--suspended"], "").ok().stdout;
    assert!(listed.contains("alice") && listed.contains("SUSPENDED") && !listed.contains("bob"), "{listed}");

    assert!(
        house.mfactl.run(&["resume", "alice", &alice.factor], "").ok().stdout.contains("Taken back, as if just used: ")
    );
    let inside = ssh(&code(&alice, 91));
    assert!(inside.code == 0 && inside.text().contains("alice"), "{}", inside.text());
    let again = house.mfactl.run(&["resume", "alice"], "");
    assert!(again.code == 1 && again.stderr.contains("suspended nothing of alice"), "{again:?}");
    let trail = house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("\"factor.suspended\"") && trail.contains("\"factor.resumed\""), "{trail}");
}

#[test]
fn a_look_that_was_missed_is_made_up_for_at_the_start_and_no_day_has_two() {
    let mut house = House::with_own_clock("hygiene-missed", UNUSED);
    let _ = house.enroll("alice", "totp");
    let bob = house.enroll("bob", "totp");
    nights(&mut house, 60, 1);
    bob_logs_in(&house, &bob, 60);
    nights(&mut house, 100, 2);
    let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
    assert_eq!(status["factors"][0]["upkeep"]["suspended"]["why"], "unused");
    // Asked, the trail is on disk before mfad is killed.
    assert_eq!(looks(&house.mfactl), 2);
    for _ in 0..2 {
        house.mfad.restart();
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(looks(&house.mfactl), 2);
    // The clock goes back and forth: neither again, nor never again.
    let _ = house.mfad.stop();
    house.mfad.set_clock(50 * DAY);
    house.mfad.run();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(looks(&house.mfactl), 2);
    nights(&mut house, 52, 3);
}

#[test]
fn an_old_factor_is_announced_at_each_login_and_stops_on_the_day_that_was_said() {
    let mut house = House::with_own_clock("hygiene-old", RENEW);
    let alice = house.enroll("alice", "totp");
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    let bob = house.world.user("bob");
    let su = |answer: &str| {
        let mut terminal = Terminal::start(&Program::new("su").args(["alice", "-c", "id -un"]).as_user(&bob));
        terminal.answer("assword", PASSWORD);
        terminal.answer("erification code: ", answer);
        terminal.finish()
    };
    assert!(!su(&alice.recovery_codes[1]).text().contains("is old"));
    nights(&mut house, 366, 1);
    let trail = house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    let day = trail.split("is old and stops on ").nth(1).unwrap_or_else(|| panic!("{trail}"))[..10].to_owned();
    for answer in [code(&alice, 366), alice.recovery_codes[2].clone()] {
        let told = su(&answer);
        let line = format!("{} is old and stops on {day}. Set up another one before.", alice.factor);
        assert!(told.code == 0 && told.text().contains(&line), "{}", told.text());
    }
    // Another one is set up in the meantime.
    let second = house.enroll("alice", "hotp");
    let told = su(&second.oathtool().hotp(0));
    assert!(told.text().contains("You have another one; this one can be removed."), "{}", told.text());
    nights(&mut house, 379, 2);
    assert_eq!(su(&code(&alice, 379)).code, 0, "the day before it still opens");
    nights(&mut house, 381, 3);
    let status = house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(status.contains("it was not renewed in time; mfactl resume alice takes it back"), "{status}");
    let refused = su(&code(&alice, 381));
    assert_ne!(refused.code, 0, "{}", refused.text());
    assert_eq!(su(&second.oathtool().hotp(1)).code, 0);
    assert!(house.mfactl.run(&["factor", "remove", "alice", &alice.factor], "").ok().stdout.contains("Removed"));
}

#[test]
fn over_ssh_the_line_about_an_old_factor_is_seen() {
    let mut house = House::with_own_clock("hygiene-ssh", RENEW);
    let alice = house.enroll("alice", "totp");
    nights(&mut house, 366, 1);
    house.world.pam("sshd", &[&house.world.module("required", ""), "required pam_permit.so"]);
    let sshd = Sshd::start(&house.world, "AuthenticationMethods publickey,keyboard-interactive");
    let user = house.world.user("alice");
    let mut terminal = Terminal::start(&Ssh::to(&sshd, "alice").key(&house.world, &user).command("id -un"));
    terminal.answer("erification code: ", &code(&alice, 366));
    let ended = terminal.finish();
    assert!(ended.code == 0 && ended.text().contains("is old and stops on"), "{}", ended.text());
}

#[test]
fn an_enrolment_nobody_confirmed_goes() {
    let mut house = House::with_own_clock("hygiene-pending", UNUSED);
    let ran = house.mfactl.run(&["enroll", "alice", "--no-qr"], "");
    assert!(ran.code == 1 && ran.stderr.contains("stays pending"), "{ran:?}");
    let factors = |house: &House| {
        let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
        status["factors"].as_array().unwrap().len()
    };
    nights(&mut house, 6, 1);
    assert_eq!(factors(&house), 1);
    nights(&mut house, 8, 2);
    assert_eq!(factors(&house), 0);
    let trail = house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("\"factor.removed\"") && trail.contains("nobody confirmed it for 7 days"), "{trail}");
}

#[test]
fn files_that_cannot_be_read_keep_nobody_else_from_being_looked_at() {
    let mut house = House::with_own_clock("hygiene-damaged", UNUSED);
    for user in ["alice", "bob"] {
        let _ = house.enroll(user, "totp");
    }
    let carol = house.enroll("carol", "totp");
    let file = house.world.state_dir().join("state/alice");
    nights(&mut house, 60, 1);
    assert_eq!(house.knock("carol", &code(&carol, 60)).code, "PAM_SUCCESS");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    nights(&mut house, 91, 2);
    let log = house.mfad.errors();
    assert!(
        log.contains("nobody looks after the factors of \"alice\"") && log.contains("of bob was suspended"),
        "{log}"
    );
    assert!(!log.contains("of carol was"), "{log}");
}

#[test]
fn the_last_one_is_never_locked_out_by_night_and_by_hand_not_silently() {
    let policy = format!(
        "{UNUSED}[[rule]]\nmatch = {{ service = [\"narrow\"] }}\nrequire = \"required\"\nmethods = [\"totp\"]\n"
    );
    let mut house = House::with_own_clock("hygiene-last", &policy);
    let alice = house.enroll("alice", "totp");
    nights(&mut house, 91, 1);
    let log = house.mfad.errors();
    assert!(log.lines().any(|l| l.contains("ERROR") && l.contains("would leave nobody a factor")), "{log}");
    assert!(house.mfactl.run(&["log", "--json"], "").ok().stdout.contains("\"hygiene.held\""));
    let before = std::fs::read(house.world.state_dir().join("users/alice.toml")).unwrap();
    let would = house.mfactl.run(&["hygiene", "--dry-run"], "").ok().stdout;
    assert!(
        would.contains("alice: ")
            && would.contains("would be suspended")
            && would.contains("nothing else opens a login"),
        "{would}"
    );
    assert!(would.contains("Would be: 1 suspended, 0 announced, 0 removed. Nothing was changed."), "{would}");
    let objects = house.mfactl.run(&["hygiene", "--dry-run", "--json"], "").ok().json();
    assert_eq!(
        (&objects["user"], &objects["act"]["suspend"], &objects["opens"]),
        (&"alice".into(), &"unused".into(), &false.into())
    );
    assert_eq!(std::fs::read(house.world.state_dir().join("users/alice.toml")).unwrap(), before);
    // What an administrator says is done.
    assert!(house.mfactl.run(&["hygiene"], "").ok().stdout.contains("1 suspended"));
    assert!(house.mfactl.run(&["hygiene"], "").ok().stdout.contains("nothing to do"));
    assert_eq!(house.knock("alice", &code(&alice, 91)).reason, "suspended");
    // Where no recovery code is accepted in its place she is told at once, and nobody else is.
    let told = format!("{:?}", house.door("narrow", "alice", "first_factor=stack").run(&[]));
    assert!(told.contains("Your second factor is suspended") && told.contains("mfactl resume"), "{told}");
    let stranger = format!("{:?}", house.door("narrow", "alice", "").run(&["123456"]));
    assert!(!stranger.contains("suspended"), "{stranger}");
    let explained = house.mfactl.run(&["explain", "alice", "narrow"], "").ok().stdout;
    assert!(explained.contains("hygiene suspended what the user has"), "{explained}");
    // It must not make anybody pass who was asked before.
    house.mfad.reload(&policy.replace("\"required\"\ntries", "\"optional\"\ntries"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.knock("alice", &code(&alice, 91)).reason, "suspended");
    assert_eq!(house.knock("alice", &alice.recovery_codes[0]).code, "PAM_SUCCESS");
}

#[test]
fn devices_that_approve_nothing_are_suspended_and_taken_back_but_those_reported_lost_are_not() {
    let world = World::new("hygiene-device");
    let _bus = SystemBus::start(&world);
    let mfad = Mfad::start_with_own_clock(&world, UNUSED);
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    let alice = house.enroll("alice", "totp");
    let user = house.world.user("alice");
    let (mut laptop, mut lost) = (Device::start(&user, 1), Device::start(&user, 2));
    let (kept, gone) = (laptop.pair(&alice.recovery_codes[0]), lost.pair(&alice.recovery_codes[1]));
    let _ = house.mfactl.run(&["device", "suspend", "alice", &gone], "").ok();
    house.mfad.set_clock(60 * DAY);
    assert_eq!(house.knock("alice", &code(&alice, 60)).code, "PAM_SUCCESS");
    house.mfad.set_clock(91 * DAY);
    looked(&house.mfad, 1);
    assert!(laptop.is_told("it was not used for so long").contains(&kept), "her agents are told");
    let listed = || house.mfactl.run(&["status", "alice", "--json"], "").ok().json()["devices"].clone();
    assert_eq!(
        (&listed()[0]["suspended"], &listed()[0]["upkeep"]["suspended"]["why"]),
        (&true.into(), &"unused".into())
    );
    let events = house.door("door", "alice", "first_factor=stack").run(&[]);
    assert!(!format!("{events:?}").contains("press Enter"), "it is asked nothing: {events:?}");
    let refused = house.mfactl.run(&["resume", "alice", &gone], "");
    assert!(refused.code == 1 && refused.stderr.contains("paired anew"), "{refused:?}");
    assert!(house.mfactl.run(&["resume", "alice"], "").ok().stdout.contains(&kept));
    assert_eq!((&listed()[0]["suspended"], &listed()[1]["suspended"]), (&false.into(), &true.into()));
    let mut asked = house.door("door", "alice", "first_factor=stack").start();
    assert!(asked.prompt().contains("press Enter"));
}

#[test]
fn where_hygiene_is_off_nothing_is_looked_for_and_mfactl_says_how_to_switch_it_on() {
    const OFF: &str = "require = \"required\"\n";
    let mut house = House::with_own_clock("hygiene-off", OFF);
    let alice = house.enroll("alice", "totp");
    for arguments in [&["hygiene"][..], &["hygiene", "--dry-run"]] {
        let ran = house.mfactl.run(arguments, "");
        assert!(ran.code == 1 && ran.stderr.contains("[hygiene] in mfa.toml"), "{ran:?}");
    }
    let later = |house: &mut House, days: i64| {
        let _ = house.mfad.stop();
        house.mfad.set_clock(days * DAY);
        house.mfad.run();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(looks(&house.mfactl), 0);
    };
    later(&mut house, 4000);
    assert_eq!(house.knock("alice", &code(&alice, 4000)).code, "PAM_SUCCESS");
    // Switched on it begins with the next hour, and makes up for nothing; off and on again, it begins anew.
    for (days, policy) in [(4100, UNUSED), (4200, OFF), (4300, UNUSED)] {
        std::fs::write(house.mfad.config(), policy).unwrap();
        later(&mut house, days);
    }
    let nobody = house.mfactl.run(&["resume", "bob"], "");
    assert!(nobody.code == 1 && nobody.stderr.contains("is not enrolled"), "{nobody:?}");
}
