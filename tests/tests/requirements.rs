//! A factor is required from a day on: what logins meet before and after it, and what administrators see.

use pam_mfa_tests::harness::{House, PASSWORD, Program, Ssh, Sshd, Terminal, calm_now};

const DAY: i64 = 86_400;

/// What the user is told by su, and whether it lets them in.
fn su(house: &House, user: &str) -> (bool, String) {
    house.world.pam(
        "su",
        &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack"), "required pam_permit.so"],
    );
    let alice = house.world.user("alice");
    let mut terminal = Terminal::start(&Program::new("su").args([user, "-c", "echo let''ted in"]).as_user(&alice));
    terminal.answer("assword: ", PASSWORD);
    let ended = terminal.finish();
    (ended.text().contains("letted in"), ended.text())
}

fn names(house: &House, filter: &[&str]) -> Vec<String> {
    let listed = house.mfactl.run(&[&["list", "--json"], filter].concat(), "").ok().stdout;
    let rows = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|user| user["user"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn inside_the_grace_a_login_passes_with_a_notice_that_counts_down_and_after_it_none_does() {
    let house = House::with_own_clock("grace", "require = \"optional\"\n");
    let _ = house.mfactl.run(&["require", "bob", "--after", "3d"], "").ok();
    for (passed, told) in [(0, "in 3 days"), (2 * DAY + 3600, "in 23 hours"), (3 * DAY - 600, "in 10 minutes")] {
        house.mfad.set_clock(passed);
        let (let_in, screen) = su(&house, "bob");
        assert!(
            let_in && screen.contains("a second factor is required here") && screen.contains(told),
            "{told}: {screen}"
        );
    }
    assert!(su(&house, "carol").0, "nobody else is asked");
    house.mfad.set_clock(3 * DAY + 5);
    let (let_in, screen) = su(&house, "bob");
    assert!(!let_in && screen.contains("mfactl enroll bob"), "{screen}");
    house.world.log().expect(&["user=\"bob\"", "result=refused", "reason=enrolment-required"]);
    assert!(su(&house, "carol").0);
    assert_eq!(names(&house, &["--overdue"]), ["bob"]);
    let status = house.mfactl.run(&["status", "bob"], "").ok().stdout;
    assert!(status.to_lowercase().contains("required"), "{status}");
}

#[test]
fn a_deadline_for_everybody_and_one_for_a_group_meet_their_people() {
    let mut house = House::with_own_clock("grace-group", "require = \"optional\"\n");
    house.world.add_group("ops", 2000, &["bob"]);
    let _ = house.mfactl.run(&["require", "@ops", "--after", "0"], "").ok();
    let _ = house.mfactl.run(&["require", "--all", "--after", "60h"], "").ok();
    assert!(!su(&house, "bob").0, "at once");
    let (let_in, screen) = su(&house, "carol");
    assert!(let_in && screen.contains("in 3 days"), "{screen}");
    house.mfad.set_clock(3 * DAY);
    assert!(!su(&house, "carol").0);
    // A restart forgets nothing: the day is absolute.
    house.mfad.restart();
    assert!(!su(&house, "carol").0);
    let _ = house.mfactl.run(&["require", "--all", "--lift"], "").ok();
    assert!(su(&house, "carol").0 && !su(&house, "bob").0);
}

#[test]
fn a_reset_with_a_day_takes_the_factors_and_leaves_a_grace_in_one_step() {
    let house = House::with_own_clock("grace-reset", "require = \"optional\"\n");
    let codes = house.enroll("bob", "totp").oathtool();
    let reset = house.mfactl.run(&["reset", "bob", "--after", "3d"], "").ok().stdout;
    assert!(reset.contains("All factors and recovery codes of bob are gone"), "{reset}");
    let (let_in, screen) = su(&house, "bob");
    assert!(let_in && screen.contains("in 3 days"), "{screen}");
    let status = house.mfactl.run(&["status", "bob", "--json"], "").ok().json();
    assert!(status["activated"].is_null() || status["disabled"]["by_uid"] == 0, "{status}");
    assert_eq!(status["disabled"]["by_uid"], 0, "{status}");
    assert!(status["deadline"].as_u64().is_some() && !status["enrolled"].as_bool().unwrap(), "{status}");
    house.mfad.set_clock(4 * DAY);
    assert!(!su(&house, "bob").0);
    assert_ne!(house.knock("bob", &codes.totp(calm_now() + 4 * DAY)).code, "PAM_SUCCESS", "the old key is gone");
    let log = house.mfactl.run(&["log", "--user", "bob", "--json"], "").ok().stdout;
    assert!(log.lines().any(|line| line.contains("admin.reset") && line.contains("\"by_uid\":0")), "{log}");
}

#[test]
fn lists_tell_who_is_unenrolled_overdue_locked_and_inactive() {
    let house = House::with_own_clock("lists", "require = \"optional\"\n");
    house.mfad.set_clock(-100 * DAY);
    let _ = house.enroll("bob", "totp");
    house.mfad.set_clock(0);
    let alice = house.enroll("alice", "totp").oathtool();
    assert_eq!(house.knock("alice", &alice.totp(calm_now())).reason, "code-accepted");
    let _ = house.mfactl.run(&["require", "--all", "--after", "0"], "").ok();
    assert!(names(&house, &["--unenrolled"]).contains(&String::from("carol")), "an account without a file");
    assert!(names(&house, &["--overdue"]).contains(&String::from("carol")));
    assert!(!names(&house, &["--overdue"]).contains(&String::from("bob")));
    let now = calm_now();
    for _ in 0..5 {
        let _ = house.knock("alice", &alice.wrong(now));
    }
    assert_eq!(names(&house, &["--locked"]), ["alice"]);
    let status = house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(status.contains("not looked at for another"), "{status}");
    assert_eq!(names(&house, &["--inactive", "90d"]), ["bob"]);
    assert!(names(&house, &["--inactive", "101d"]).is_empty());
    let _ = house.mfactl.run(&["unlock", "alice"], "").ok();
    assert!(names(&house, &["--locked"]).is_empty());
}

#[test]
fn over_ssh_the_notice_is_shown_and_nothing_is_asked() {
    let house = House::new("grace-ssh", "require = \"optional\"\n");
    let _ = house.mfactl.run(&["require", "alice", "--after", "60h"], "").ok();
    house.world.pam(
        "sshd",
        &["required pam_unix.so", &house.world.module("required", "first_factor=stack"), "required pam_permit.so"],
    );
    let sshd = Sshd::start(&house.world, "");
    let mut ssh = Terminal::start(&Ssh::to(&sshd, "alice").command("echo let in"));
    ssh.answer("assword: ", PASSWORD);
    let ended = ssh.finish();
    assert!(
        ended.code == 0 && ended.text().contains("in 3 days") && ended.text().contains("let in"),
        "{}",
        ended.text()
    );
}

#[test]
fn overdue_is_whom_a_rule_their_own_group_or_the_floor_would_refuse() {
    let rules = "require = \"optional\"\n[[rule]]\nmatch = { service = [\"sudo\"], group = [\"carol\"] }\nrequire = \"required\"\n";
    let mut house = House::new("overdue", rules);
    let _ = house.world.add_user("dave", 1004);
    // They have a file, and a day that is to come. Each has a group of their own, in which nobody is named.
    for user in ["alice", "bob", "carol"] {
        let _ = house.mfactl.run(&["require", user, "--after", "3d"], "").ok();
    }
    assert_eq!(names(&house, &["--overdue"]), ["carol"], "by the rule");
    let _ = house.mfactl.run(&["require", "@bob", "--after", "0"], "").ok();
    let _ = house.mfactl.run(&["require", "@dave", "--after", "0"], "").ok();
    assert_eq!(names(&house, &["--overdue"]), ["bob", "carol", "dave"], "dave has no file");
    let status = house.mfactl.run(&["status", "bob", "--json"], "").ok().json();
    assert_eq!((status["required"].as_str(), status["deadline"].is_null()), (Some("required"), true), "{status}");
    // What the list says is what they meet.
    assert!(!su(&house, "bob").0 && su(&house, "alice").0);
    let _ = house.enroll("bob", "totp");
    assert_eq!(names(&house, &["--overdue"]), ["carol", "dave"]);
    house.mfad.reload(&format!("{rules}[floor]\nrequire = \"required\"\n"));
    let begun = std::time::Instant::now();
    while su(&house, "alice").0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "the floor holds");
    }
    assert_eq!(names(&house, &["--overdue"]), ["alice", "carol", "root", "dave"]);
}

/// Seconds from now to noon of the next such day, Monday being 0, by UTC: a world has no other zone.
fn noon(weekday: i64) -> i64 {
    let now = pam_mfa_tests::harness::now();
    let today = now / DAY;
    // 1970 began on a Thursday.
    let days = (weekday - (today + 3)).rem_euclid(7);
    (today + days) * DAY + DAY / 2 - now
}

#[test]
fn rules_by_the_hour_hold_at_sshd_and_at_su_while_it_lasts() {
    let policy = "require = \"optional\"\n[[rule]]\nmatch = { service = [\"sshd\", \"su\"], time = [\"Sat,Sun\", \"22:00-06:00\"] }\nrequire = \"required\"\n";
    let house = House::with_own_clock("hours", policy);
    let module = house.world.module("required", "first_factor=stack");
    house.world.pam("sshd", &["requisite pam_unix.so", &module, "required pam_permit.so"]);
    let sshd = Sshd::start(&house.world, "");
    let code = house.enroll("bob", "hotp").oathtool();
    for (clock, let_in) in [(noon(2), true), (noon(2) + 11 * 3600, false), (noon(6), false), (noon(6) + DAY, true)] {
        house.mfad.set_clock(clock);
        let mut ssh = Terminal::start(&Ssh::to(&sshd, "carol").command("echo let''ted in"));
        ssh.answer("assword: ", PASSWORD);
        ssh.expect(if let_in { "letted in" } else { "mfactl enroll carol" });
        assert_eq!(su(&house, "carol").0, let_in, "{clock}");
    }
    // Who has a factor is asked at any hour.
    assert_eq!(house.knock("bob", &code.hotp(0)).reason, "code-accepted");
}

#[test]
fn a_clock_that_stands_before_the_day_a_deadline_was_set_on_puts_none_off() {
    let house = House::with_own_clock("grace-back", "require = \"optional\"\n");
    let _ = house.mfactl.run(&["require", "bob", "--after", "3d"], "").ok();
    let _ = house.mfactl.run(&["require", "--all", "--after", "3d"], "").ok();
    for (passed, let_in) in [(0, true), (-30 * DAY, false), (3600, true)] {
        house.mfad.set_clock(passed);
        for user in ["bob", "carol"] {
            assert_eq!(su(&house, user).0, let_in, "{user} after {passed} seconds");
        }
    }
    let far = house.mfactl.run(&["require", "bob", "--after", "400d"], "");
    assert!(far.code == 1 && far.stderr.contains("more than a year away"), "{far:?}");
}
