//! Hygiene for a whole company: logins go on meanwhile, and a look at nothing costs nothing.

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

/// Files of people whose factors were made in 2023 and never used.
fn idle_people(world: &World, number: u32) {
    let folder = |name: &str| {
        let folder = world.state_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
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
            pending: false,
            created: 1_700_000_000,
            otp: Otp::new(secret, Algorithm::Sha1, 6, Moving::Time { period: 30 }, ShortSecret::Refuse).unwrap(),
            counter: 0,
            upkeep: Upkeep::default(),
        });
        let file = users.join(format!("{}.toml", enrollment.name));
        std::fs::write(&file, enrollment.print().unwrap().as_bytes()).unwrap();
        world.give_to_daemon(&file, 0o600);
        let file = states.join(&enrollment.name);
        std::fs::write(&file, record::first(&State::new(id)).unwrap()).unwrap();
        world.give_to_daemon(&file, 0o600);
    }
}

/// 2,000 people in every run, a hundred thousand under `tests/run.sh --all`.
#[test]
fn nobody_waits_at_a_login_while_the_factors_of_a_whole_company_are_suspended() {
    let number = if std::env::var_os("MFA_LONG").is_some() { 100_000 } else { 2000 };
    let world = World::new("hygiene-many");
    idle_people(&world, number);
    let mfad = Mfad::start_with_own_clock(&world, UNUSED);
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    let began = Instant::now();
    while !house.mfad.errors().contains("users have a file") {
        assert!(began.elapsed() < Duration::from_secs(120), "{}", house.mfad.errors());
        std::thread::sleep(Duration::from_millis(100));
    }
    let alice = house.enroll("alice", "hotp").oathtool();
    let _ = house.mfad.stop();
    house.mfad.set_clock(DAY);
    house.mfad.run();
    let (mut logins, mut slowest) = (0, Duration::ZERO);
    let began = Instant::now();
    while house.mfad.errors().matches("hygiene: suspended").count() == 0 {
        let login = Instant::now();
        assert_eq!(house.knock("alice", &alice.hotp(logins)).code, "PAM_SUCCESS");
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
