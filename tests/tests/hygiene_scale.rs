//! A whole company: hygiene while logins go on, lists of everybody, and a login beside so many others.

use mfa_core::enrollment::{Enrollment, Factor, FactorId, StateId};
use mfa_core::otp::{Algorithm, Moving, Otp, ShortSecret};
use mfa_core::record;
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::upkeep::Upkeep;
use mfa_core::wire::Method;
use pam_mfa_tests::harness::{House, Mfactl, Mfad, World};
use std::time::{Duration, Instant};

const UNUSED: &str = "require = \"required\"\n[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"0\"\ndrop_pending = \"0\"\n";

const DAY: i64 = 86_400;

/// Files of people whose factors were made in 2023 and never used; those of whom `pending` says so never confirmed theirs.
fn idle_people(world: &World, number: u32, pending: fn(u32) -> bool) {
    let folder = |name: &str| {
        let folder = world.state_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        world.give_to_daemon(&folder, 0o700);
        folder
    };
    let (users, states) = (folder("users"), folder("state"));
    for person in 0..number {
        let id = StateId::new(u128::from(person).to_be_bytes());
        let mut enrollment = Enrollment::new(&format!("user{person:06}"), 200_000 + person, id.clone());
        let secret = Secret::new([&person.to_be_bytes()[..], &[7; 16]].concat());
        enrollment.factors.push(Factor {
            id: FactorId::new(Method::Totp, person.to_be_bytes()),
            label: String::new(),
            token: None,
            pending: pending(person),
            created: 1_700_000_000,
            otp: Otp::new(secret, Algorithm::Sha1, 6, Moving::Time { period: 30 }, ShortSecret::Refuse).unwrap(),
            counter: 0,
            upkeep: Upkeep::default(),
        });
        let file = users.join(format!("{}.toml", enrollment.name));
        std::fs::write(&file, enrollment.print().unwrap().as_bytes()).unwrap();
        world.give_to_daemon(&file, 0o600);
        let file = states.join(&enrollment.name);
        std::fs::write(&file, record::first(&State::new(id, enrollment.uid)).unwrap()).unwrap();
        world.give_to_daemon(&file, 0o600);
    }
}

/// 2,000 people in every run, a hundred thousand under `tests/run.sh --all`.
fn company() -> u32 {
    if std::env::var_os("MFA_LONG").is_some() { 100_000 } else { 2000 }
}

fn wait_for_files(mfad: &Mfad) {
    let began = Instant::now();
    while !mfad.errors().contains("users have a file") {
        assert!(began.elapsed() < Duration::from_secs(120), "{}", mfad.errors());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn nobody_waits_at_a_login_while_the_factors_of_a_whole_company_are_suspended() {
    let number = company();
    let world = World::new("hygiene-many");
    idle_people(&world, number, |_| false);
    let mfad = Mfad::start_with_own_clock(&world, UNUSED);
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    wait_for_files(&house.mfad);
    let mut codes = house.enroll("alice", "hotp").oathtool().lone_hotps(100_000).into_iter();
    let _ = house.mfad.stop();
    house.mfad.set_clock(DAY);
    house.mfad.run();
    let (mut logins, mut slowest) = (0, Duration::ZERO);
    let began = Instant::now();
    while house.mfad.errors().matches("hygiene: suspended").count() == 0 {
        let login = Instant::now();
        assert_eq!(house.knock("alice", &codes.next().unwrap()).code, "PAM_SUCCESS");
        (logins, slowest) = (logins + 1, slowest.max(login.elapsed()));
        assert!(
            began.elapsed() < Duration::from_secs(1800),
            "{}",
            house.mfad.errors().lines().last().unwrap_or_default()
        );
    }
    println!("{number} suspended in {:?}; {logins} logins meanwhile, the slowest {slowest:?}", began.elapsed());
    assert!(logins > 2 && slowest < Duration::from_secs(2), "{logins} {slowest:?}");
    assert!(house.mfad.errors().contains(&format!("hygiene: suspended {number}, announced 0")), "alice goes on");
    let looked = Instant::now();
    assert!(house.mfactl.run(&["hygiene", "--dry-run"], "").ok().stdout.contains("nothing to do"));
    assert!(
        looked.elapsed() < Duration::from_secs(2),
        "the roster tells that there is nothing to do: {:?}",
        looked.elapsed()
    );
}

const BY_GROUP: &str =
    "require = \"optional\"\n[[rule]]\nmatch = { service = [\"sudo\"], group = [\"ops\"] }\nrequire = \"required\"\n";

#[test]
fn whoever_is_overdue_is_listed_at_once_and_a_login_takes_as_long_as_it_does_alone() {
    let number = company();
    let mut world = World::new("list-many");
    // Every tenth has no factor; of three of them a rule wants one, and the name service is asked about the group of each.
    world.add_group("ops", 3000, &["user000007", "user001007", "user000017", "user000018"]);
    let mfad = Mfad::start(&world, BY_GROUP);
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    let alice = house.enroll("alice", "hotp").oathtool();
    let codes = alice.lone_hotps(44);
    let mut used = codes.iter();
    let median = |house: &House, used: &mut dyn Iterator<Item = &String>| {
        let mut times: Vec<Duration> = used
            .take(21)
            .map(|code| {
                let begun = Instant::now();
                assert_eq!(house.knock("alice", code).code, "PAM_SUCCESS");
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[10]
    };
    let alone = median(&house, &mut used);
    let _ = house.mfad.stop();
    idle_people(&house.world, number, |person| person % 10 == 7);
    house.mfad.run();
    while house.mfad.errors().matches("users have a file").count() < 2 {
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        let listed = house.mfactl.run(&["list", "--overdue", "--json"], "").ok().stdout;
        fastest = fastest.min(begun.elapsed());
        let rows: Vec<serde_json::Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<&str> = rows.iter().map(|row| row["user"].as_str().unwrap()).collect();
        assert_eq!(names, ["user000007", "user000017", "user001007"], "18 has a factor");
    }
    let beside = median(&house, &mut used);
    // A world that ends looks for its secrets in every file: not in those that were written before there were any.
    let _ = house.mfad.stop();
    for person in 0..number {
        std::fs::remove_file(house.world.state_dir().join(format!("state/user{person:06}"))).unwrap();
    }
    println!("{number} people: list --overdue {fastest:?}; a login {alone:?} alone, {beside:?} beside them");
    // The goal is one second, and no difference.
    assert!(fastest < Duration::from_secs(4), "{fastest:?}");
    assert!(beside < alone * 4 + Duration::from_millis(20), "{alone:?} {beside:?}");
}
