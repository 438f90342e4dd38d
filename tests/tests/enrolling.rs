//! A first factor is set up in the login itself: through sshd, su, sudo and login, by picture, by key and by token.

use data_encoding::BASE32_NOPAD;
use pam_mfa_tests::harness::{House, Oathtool, PASSWORD, Program, Ssh, Sshd, Terminal, calm_now};
use std::fmt::Write as _;

const MUST: &str = "require = \"required\"\nenrol = [\"app\", \"token\"]\n";

/// The key in what a terminal showed.
fn key(screen: &str) -> String {
    let line = screen.lines().find_map(|line| line.trim().strip_prefix("Key: ")).expect("a key");
    line.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Recovery codes in what a terminal showed.
fn recovery_codes(screen: &str) -> Vec<String> {
    let is_code = |word: &&str| word.len() == 29 && word.matches('-').count() == 5;
    screen.split_whitespace().filter(is_code).map(str::to_owned).collect()
}

/// What a camera reads from a terminal: light on dark, as terminals are.
fn scanned(house: &House, screen: &str) -> String {
    let rows: Vec<&str> =
        screen.lines().filter(|line| line.contains('█')).map(|line| line.trim_end_matches('\r')).collect();
    let width = rows.iter().map(|row| row.chars().count()).max().expect("a picture");
    let scale = 6;
    let mut image = format!("P2\n{} {}\n1\n", width * scale, rows.len() * 2 * scale);
    for row in &rows {
        for half in 0..2 {
            let mut line = String::new();
            for cell in row.chars().chain(std::iter::repeat(' ')).take(width) {
                let light = matches!((cell, half), ('█', _) | ('▀', 0) | ('▄', 1));
                line.push_str(&if light { "1 " } else { "0 " }.repeat(scale));
            }
            for _ in 0..scale {
                let _ = writeln!(image, "{line}");
            }
        }
    }
    let file = house.world.folder().join("screen.pgm");
    house.world.write(&file, &image, 0o600);
    let read =
        Program::new("zbarimg").args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(&file).run("").ok();
    read.stdout.trim().to_owned()
}

fn factors(house: &House, user: &str) -> usize {
    house.mfactl.run(&["status", user, "--json"], "").ok().json()["factors"].as_array().unwrap().len()
}

/// An ssh login up to the first prompt behind the password.
fn ssh(house: &House, sshd: &Sshd, user: &str) -> Terminal {
    let mut ssh = Terminal::start(&Ssh::to(sshd, user).command("echo let in"));
    ssh.answer("assword: ", PASSWORD);
    let _ = house;
    ssh
}

fn furnish(house: &House, service: &str) {
    let world = &house.world;
    world.pam(service, &["requisite pam_unix.so", &world.module("required", "first_factor=stack")]);
}

#[test]
fn over_ssh_the_picture_is_scanned_a_code_proves_it_and_the_codes_are_shown_once() {
    let house = House::new("enrol-ssh", MUST);
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let mut first = ssh(&house, &sshd, "alice");
    let screen = first.expect("the app shows now: ");
    let uri = scanned(&house, &screen);
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&format!("secret={}", key(&screen))), "{uri}: {screen}");
    let codes = Oathtool::new(&key(&screen));
    let now = calm_now();
    first.line(&codes.wrong(now));
    first.expect("That is not the code.");
    first.line(&codes.totp(now));
    let screen = first.expect("Press Enter when you have kept them: ");
    assert_eq!(factors(&house, "alice"), 0, "nothing is kept before the Enter");
    first.line("");
    first.expect("let in");
    assert_eq!(first.finish().code, 0);
    house.world.log().expect(&["user=\"alice\"", "method=totp", "result=granted", "reason=enrolled"]);
    assert_eq!(factors(&house, "alice"), 1);
    let recovery = recovery_codes(&screen);
    assert_eq!(recovery.len(), 10, "{screen}");
    // The code that proved it is spent; the next one and the recovery codes open logins.
    for (code, opens) in [(codes.totp(now), false), (codes.totp(now + 30), true), (recovery[9].clone(), true)] {
        let mut again = ssh(&house, &sshd, "alice");
        again.answer("erification code: ", &code);
        assert_eq!(again.shows("let in", std::time::Duration::from_secs(3)), opens, "{code}");
    }
    let log = house.mfactl.run(&["log", "--user", "alice"], "").ok().stdout;
    assert!(log.contains("enroll.completed") && log.contains("recovery.generated"), "{log}");
}

#[test]
fn who_leaves_half_way_has_set_up_nothing_and_begins_anew() {
    let house = House::new("enrol-left", MUST);
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let mut first = ssh(&house, &sshd, "alice");
    let one = key(&first.expect("the app shows now: "));
    first.line(&Oathtool::new(&one).totp(calm_now()));
    first.expect("Press Enter when you have kept them: ");
    // The connection is lost.
    drop(first);
    let mut second = ssh(&house, &sshd, "alice");
    let two = key(&second.expect("the app shows now: "));
    assert_ne!(one, two, "another key");
    assert_eq!(factors(&house, "alice"), 0);
    for _ in 0..4 {
        second.line("000000");
        second.expect("That is not the code.");
    }
    second.line("000000");
    second.expect("No second factor was set up.");
    assert_eq!(factors(&house, "alice"), 0);
    house.world.log().expect(&["user=\"alice\"", "result=refused", "reason=enrolment-failed"]);
}

#[test]
fn of_two_logins_that_set_up_at_once_one_is_kept() {
    let house = House::new("enrol-twice", MUST);
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let [mut one, mut two] = [(), ()].map(|()| ssh(&house, &sshd, "alice"));
    for terminal in [&mut one, &mut two] {
        let shown = key(&terminal.expect("the app shows now: "));
        terminal.line(&Oathtool::new(&shown).totp(calm_now()));
        terminal.expect("Press Enter when you have kept them: ");
    }
    one.line("");
    one.expect("let in");
    two.line("");
    assert!(!two.shows("let in", std::time::Duration::from_secs(2)));
    assert_eq!(factors(&house, "alice"), 1);
}

#[test]
fn su_sudo_and_login_lead_through_it_as_well_and_a_dumb_terminal_gets_the_key_alone() {
    let house = House::new("enrol-doors", MUST);
    for service in ["su", "sudo", "login"] {
        furnish(&house, service);
    }
    house.world.sudoers("Defaults timestamp_timeout=0\nalice ALL=(ALL) ALL");
    let alice = house.world.user("alice");
    let su = Program::new("su").args(["bob", "-c", "echo let in"]).as_user(&alice).env("TERM", "xterm");
    let sudo = Program::new("sudo").args(["echo", "let in"]).as_user(&alice);
    let login = Program::new("login").arg("carol").env("TERM", "linux");
    for (program, pictured) in [(su, true), (sudo, false), (login, true)] {
        let mut terminal = Terminal::start(&program);
        terminal.answer("assword", PASSWORD);
        let screen = terminal.expect("the app shows now: ");
        assert_eq!(screen.contains('█'), pictured, "{screen}");
        terminal.line(&Oathtool::new(&key(&screen)).totp(calm_now()));
        terminal.answer("Press Enter when you have kept them: ", "");
        if terminal.shows("let in", std::time::Duration::from_secs(1)) {
            continue;
        }
        terminal.line("echo let''ting in");
        terminal.expect("letting in");
    }
    for user in ["alice", "bob", "carol"] {
        assert_eq!(factors(&house, user), 1, "{user}");
    }
}

#[test]
fn a_uid_alone_sets_up_nothing() {
    let house = House::new("enrol-uid", MUST);
    let world = &house.world;
    world.pam("sudo", &[&world.module("required", "")]);
    world.sudoers("alice ALL=(ALL) ALL");
    let mut terminal = Terminal::start(&Program::new("sudo").args(["echo", "let in"]).as_user(&world.user("alice")));
    terminal.expect("mfactl enroll alice");
    assert_eq!(factors(&house, "alice"), 0);
}

#[test]
fn a_token_is_taken_by_its_serial_number() {
    let house = House::new("enrol-token", MUST);
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let secret = BASE32_NOPAD.encode(b"a token's secret key");
    for (serial, secret) in [("FT-1", secret.clone()), ("FT-2", BASE32_NOPAD.encode(b"another secret key!!"))] {
        let _ = house.mfactl.run(&["token", "add", serial], &secret).ok();
    }
    let _ = house.mfactl.run(&["token", "assign", "FT-2", "bob"], "").ok();
    let mut login = ssh(&house, &sshd, "alice");
    login.expect("  2  a hardware token");
    login.answer("Your choice (1 to 2): ", "2");
    login.answer("printed on your token: ", "FT-2");
    login.expect("There is no such token for you.");
    login.line("ft-1");
    login.answer("the token shows now: ", &Oathtool::new(&secret).totp(calm_now()));
    login.answer("Press Enter when you have kept them: ", "");
    login.expect("let in");
    let status = house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(status.contains("token FT-1: in use"), "{status}");
    let refused = house.mfactl.run(&["token", "assign", "FT-1", "bob"], "");
    assert!(refused.code == 1 && refused.stderr.contains("is alice's"), "{refused:?}");
}

#[test]
fn in_the_grace_it_is_offered_and_may_wait() {
    let house = House::new("enrol-grace", "require = \"optional\"\nenrol = [\"app\"]\n");
    let _ = house.mfactl.run(&["require", "alice", "--after", "3d"], "").ok();
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let mut later = ssh(&house, &sshd, "alice");
    later.expect("In 3 days a second factor will be required here");
    later.answer("Your choice (1, or Enter for later): ", "");
    later.expect("let in");
    assert_eq!(factors(&house, "alice"), 0);
    let mut now = ssh(&house, &sshd, "alice");
    now.answer("Your choice (1, or Enter for later): ", "1");
    let shown = key(&now.expect("the app shows now: "));
    now.line(&Oathtool::new(&shown).totp(calm_now()));
    now.answer("Press Enter when you have kept them: ", "");
    now.expect("let in");
    assert_eq!(factors(&house, "alice"), 1);
    // At su as well, and of whom nothing will be required nothing is said.
    furnish(&house, "su");
    let _ = house.mfactl.run(&["require", "carol", "--after", "3d"], "").ok();
    let su = |user: &str| Program::new("su").args([user, "-c", "echo let''ted in"]).as_user(&house.world.user("alice"));
    let mut later = Terminal::start(&su("carol"));
    later.answer("assword: ", PASSWORD);
    later.answer("Your choice (1, or Enter for later): ", "");
    later.expect("letted in");
    let mut never = Terminal::start(&su("bob"));
    never.answer("assword: ", PASSWORD);
    let seen = never.expect("letted in");
    assert!(!seen.contains("required") && factors(&house, "carol") == 0, "{seen}");
    let explained = house.mfactl.run(&["explain", "bob", "sshd"], "").ok().stdout;
    assert!(explained.contains("has no factor and is asked nothing"), "{explained}");
}

#[test]
fn when_the_day_has_come_the_next_login_sets_one_up_and_the_one_after_asks_for_it() {
    let house = House::with_own_clock("enrol-due", "require = \"optional\"\nenrol = [\"app\"]\n");
    let _ = house.mfactl.run(&["require", "alice", "--after", "3d"], "").ok();
    furnish(&house, "sshd");
    let sshd = Sshd::start(&house.world, "");
    let mut later = ssh(&house, &sshd, "alice");
    later.answer("Your choice (1, or Enter for later): ", "");
    later.expect("let in");
    let passed = 3 * 86_400 + 60;
    house.mfad.set_clock(passed);
    // There is no "later" any more: who leaves it is not let in.
    let mut left = ssh(&house, &sshd, "alice");
    let screen = left.expect("the app shows now: ");
    assert!(!screen.contains("for later"), "{screen}");
    drop(left);
    let mut first = ssh(&house, &sshd, "alice");
    let codes = Oathtool::new(&key(&first.expect("the app shows now: ")));
    let now = calm_now() + passed;
    first.line(&codes.totp(now));
    first.answer("Press Enter when you have kept them: ", "");
    first.expect("let in");
    let mut second = ssh(&house, &sshd, "alice");
    second.answer("erification code: ", &codes.totp(now + 30));
    second.expect("let in");
    house.world.log().expect(&["user=\"alice\"", "method=totp", "result=granted", "reason=code-accepted"]);
    assert!(house.mfactl.run(&["list", "--overdue", "--json"], "").ok().stdout.is_empty());
}

#[test]
fn explain_says_that_a_login_sets_one_up() {
    let house = House::new("enrol-explain", MUST);
    // Of a stock without tokens it cannot be told in advance; the login offers what there is.
    let behind = house.mfactl.run(&["explain", "alice", "sshd", "--first-factor", "publickey"], "").ok().stdout;
    assert!(behind.contains("is led through setting one up in the login: app or token"), "{behind}");
    let nothing_shown = house.mfactl.run(&["explain", "alice", "sshd"], "").ok().stdout;
    assert!(nothing_shown.contains("behind a first factor (--first-factor) the login would set one up"));
}
