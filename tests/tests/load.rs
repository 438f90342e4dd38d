//! Many at once: 64 people at a real sshd, ten thousand logins of a hundred users, a flood by one of them.
//!
//! Everybody with a right code gets in, nobody waits for another's flood, and mfad holds no more in the end than after the
//! beginning. Under `MFA_LONG` the ten thousand are made, else a tenth of them.

use mfa_core::otp::LOOK_AHEAD;
use pam_mfa_tests::harness::{
    Ended, Event, Gate, House, Oathtool, PamCall, PamClient, Program, Raw, Ssh, Sshd, Terminal, begin,
};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// Two cores and 64 key exchanges.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody with an HOTP factor, and how they come in.
struct Person {
    codes: Oathtool,
    ssh: Program,
}

/// This many people with an account, a key and a factor.
fn people(house: &mut House, sshd: &Sshd, count: u32) -> Vec<Person> {
    let key = house.world.user("alice");
    let _ = Ssh::to(sshd, "alice").key(&house.world, &key);
    let people = (0..count).map(|n| {
        let user = house.world.add_user(&format!("user{n}"), 2000 + n);
        let shared = std::fs::read_to_string(house.world.folder().join("key-alice.pub")).unwrap();
        house.world.write_home(&user, ".ssh/authorized_keys", &shared);
        let identity = format!("IdentityFile={}", house.world.folder().join("key-alice").display());
        let ssh = Ssh::to(sshd, &user.name)
            .option(&identity)
            .option("PreferredAuthentications=publickey,keyboard-interactive")
            .option("ConnectTimeout=100")
            .command("echo let in");
        Person { codes: house.enroll(&user.name, "hotp").oathtool(), ssh }
    });
    people.collect()
}

fn sshd(house: &House, max_startups: &str) -> Sshd {
    house.world.pam("sshd", &[&house.world.module("required", ""), "required pam_permit.so"]);
    let keys = "AuthenticationMethods publickey,keyboard-interactive";
    Sshd::start(&house.world, &format!("{max_startups}\n{keys}"))
}

fn is_in(ended: &Ended) -> bool {
    ended.code == 0 && ended.text().contains("let in")
}

#[test]
fn sixty_four_people_at_sshd_at_once_all_get_in() {
    let mut house = House::new("load-ssh", POLICY);
    let sshd = sshd(&house, "MaxStartups 100");
    let people = people(&mut house, &sshd, 64);
    let mut terminals: Vec<_> = people.iter().map(|person| Terminal::start(&person.ssh).patience(PATIENCE)).collect();
    // All stand at their prompt before the first answers.
    for terminal in &mut terminals {
        terminal.expect("Verification code: ");
    }
    for (terminal, person) in terminals.iter_mut().zip(&people) {
        terminal.line(&person.codes.hotp(0));
    }
    for terminal in terminals {
        let ended = terminal.finish();
        assert!(is_in(&ended), "{}\n{}", ended.text(), sshd.log());
    }
}

#[test]
fn whom_max_startups_turns_away_comes_in_by_the_same_code_as_soon_as_a_place_is_free() {
    const PLACES: usize = 10;
    let mut house = House::new("load-startups", POLICY);
    let sshd = sshd(&house, &format!("MaxStartups {PLACES}:100:{PLACES}"));
    let people = people(&mut house, &sshd, 64);
    let mut outside: Vec<&Person> = people.iter().collect();
    let mut rounds = 0;
    while !outside.is_empty() {
        rounds += 1;
        assert!(rounds <= 64, "{} never came in:\n{}", outside.len(), sshd.log());
        // The place of somebody who came in is free as soon as sshd has heard of it, a moment after their command ran.
        let terminals: Vec<_> =
            outside.iter().map(|person| (*person, Terminal::start(&person.ssh).patience(PATIENCE))).collect();
        let mut turned_away = Vec::new();
        for (person, mut terminal) in terminals {
            // A connection that was turned away ends at once; a prompt is what the others get.
            if terminal.shows("Verification code: ", PATIENCE) {
                terminal.line(&person.codes.hotp(0));
            }
            let ended = terminal.finish();
            if !is_in(&ended) {
                assert!(!ended.text().contains("Verification code"), "asked and refused:\n{}", ended.text());
                turned_away.push(person);
            }
        }
        if rounds == 1 {
            assert!(!turned_away.is_empty(), "MaxStartups turned nobody away: {}", sshd.log());
        }
        outside = turned_away;
    }
    println!("64 people through {PLACES} places of MaxStartups: all in after {rounds} rounds");
}

/// What mfad holds when its connections have ended: resident memory in KiB, descriptors, threads. `idle`: how many descriptors
/// it has then.
fn held(house: &House, idle: usize) -> (usize, usize, usize) {
    // A client that was let in does not wait until mfad has seen its connection's end.
    let end = Instant::now() + Duration::from_secs(5);
    while descriptors(house) > idle + 2 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.mfad.pid())).unwrap();
    let number = |key: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    (number("VmRSS:"), descriptors(house), number("Threads:"))
}

fn descriptors(house: &House) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", house.mfad.pid())).unwrap().count()
}

/// Whether one of these codes is that of a counter close by as well: mfad goes on behind the later one, and takes it for a replay behind
/// the earlier. That comes to pass once in some ten thousand logins, and is not what is tested.
fn has_twins(codes: &[String]) -> bool {
    let near = usize::try_from(LOOK_AHEAD).unwrap();
    codes.iter().enumerate().any(|(at, code)| codes.iter().skip(at + 1).take(near).any(|other| other == code))
}

#[test]
fn thousands_of_logins_of_a_hundred_users_all_succeed_and_leave_nothing_behind() {
    const USERS: u32 = 100;
    let each = if std::env::var_os("MFA_LONG").is_some() { 100 } else { 10 };
    let mut house = House::new("load-many", POLICY);
    let users: Vec<_> = (0..USERS).map(|n| house.world.add_user(&format!("user{n}"), 2000 + n).name).collect();
    let enrolled = users.into_iter().map(|user| (house.enroll(&user, "hotp").oathtool(), user));
    let (keys, users): (Vec<_>, Vec<_>) =
        enrolled.filter(|(key, _)| !has_twins(&key.hotps(0, each + LOOK_AHEAD))).unzip();
    assert!(users.len() > 90);
    let door = house.world.module("required", "first_factor=stack");
    house.world.pam("door", &[&door]);
    // Each round: a hundred programs at once, one for each user, each logging in several times.
    let rounds = 5;
    let idle = descriptors(&house);
    let mut after = Vec::new();
    let start = Instant::now();
    for round in 0..rounds {
        let gate = Gate::closed(&house.world, &format!("gate{round}"));
        let per_round = each / rounds;
        let mut calls: Vec<PamCall> = users
            .iter()
            .map(|user| PamClient::new("door", user).option("--repeat", &per_round.to_string()).gate(&gate).start())
            .collect();
        for (call, key) in calls.iter_mut().zip(&keys) {
            for code in key.hotps(round * per_round, per_round) {
                call.answer(&code);
            }
        }
        for call in &mut calls {
            call.ready();
        }
        gate.open();
        for (call, user) in calls.iter_mut().zip(&users) {
            let results: Vec<_> =
                call.rest().into_iter().filter(|event| matches!(event, Event::Result { .. })).collect();
            assert_eq!(results.len() as u64, per_round, "{user}: {results:?}");
            let all = results.iter().all(|event| matches!(event, Event::Result { code, .. } if code == "PAM_SUCCESS"));
            assert!(all, "{user}: {results:?} {}", house.mfad.errors());
        }
        after.push(held(&house, idle));
    }
    println!(
        "{} logins of {} users in {:?}; memory (KiB), descriptors, threads by fifths: {after:?}",
        users.len() as u64 * each,
        users.len(),
        start.elapsed()
    );
    // In a thousand logins the allocator still settles; in ten thousand a leak of 130 bytes for each would show. How many threads
    // a round needs is the scheduler's affair; each keeps its stack's used pages and what the allocator holds for it.
    let settles = if each == 100 { 1024 } else { 4096 };
    let (second, last) = (after[1], after[after.len() - 1]);
    let threads = last.2.saturating_sub(second.2) * 128;
    assert!(after.iter().all(|held| held.1 <= idle + 2), "descriptors grow from {idle}: {after:?}");
    assert!(last.0 <= second.0 + settles + threads, "memory grows: {after:?}");
    // As many as its unit allows (TasksMax=).
    assert!(last.2 <= 256, "threads grow: {after:?}");
    let _ = house.mfactl.run(&["log", "verify"], "").ok();
}

#[test]
fn a_flood_by_one_user_leaves_anothers_login_under_a_second() {
    const LOGINS: usize = 60;
    let house = House::new("load-flood", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool().lone_hotps(LOGINS);
    let _ = house.enroll("bob", "totp");
    let bob = house.world.user("bob");
    let door = house.door("door", "alice", "first_factor=stack");
    let sockets = ["root.sock", "user.sock"].map(|socket| house.world.run_dir().join(socket));
    let (ends, floods) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut took: Vec<Duration> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // bob's programs answer for bob and do not wait for what they are told, by su and by lockers.
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    for socket in &sockets {
                        let Ok(stream) = UnixStream::connect(socket) else { continue };
                        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                        let mut raw = Raw(stream);
                        if raw.ask(&begin("bob", bob.uid)).is_some() {
                            raw.say(&serde_json::json!({"answer": {"text": "000000"}}));
                        }
                        floods.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for code in &codes {
            let start = Instant::now();
            assert_eq!(door.verdict(&[code]), "PAM_SUCCESS");
            took.push(start.elapsed());
        }
        ends.store(true, Ordering::Relaxed);
    });
    took.sort();
    let [half, most, slowest] = [29, 56, 59].map(|at| took[at]);
    println!(
        "{LOGINS} logins beside {} attempts of a flood: median {half:?}, 95 in a hundred within {most:?}, slowest {slowest:?}",
        floods.load(Ordering::Relaxed),
    );
    assert!(floods.load(Ordering::Relaxed) > 100, "that was no flood");
    // What is promised, of which it takes a tenth; the slowest may have met a busy machine as well.
    assert!(most < Duration::from_secs(1) && slowest < Duration::from_secs(4), "{took:?}");
}
