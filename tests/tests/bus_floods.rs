//! What one user sends mfad over the bus, much and large: it costs no memory, and others nothing.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, Program, SystemBus, World, built};
use std::process::Child;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A house on a bus.
fn house(name: &str) -> (House, SystemBus) {
    let world = World::new(name);
    let bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, "require = \"required\"\n");
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    (house, bus)
}

/// The most memory mfad has held, in KiB.
fn peak(house: &House) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.mfad.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Calls `Factors1`'s method with a text of so many bytes, so many times over each of so many connections.
fn flood(house: &House, user: &str, method: &str, numbers: [usize; 3]) -> Child {
    let numbers = numbers.map(|number| number.to_string());
    let program = Program::new(built("bus_flood")).arg(method).args(numbers).as_user(&house.world.user(user));
    program.bound_to_the_test().command().spawn().unwrap()
}

/// Lines of the trail about alice.
fn told(house: &House) -> usize {
    let lines = house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    lines.lines().count()
}

#[test]
fn a_user_fills_no_trail_over_the_bus_and_a_few_changes_are_made_at_once() {
    let (house, _bus) = house("bus-trail");
    let _ = house.enroll("alice", "totp");
    // A wrong code; and a change that wants no proof.
    for (method, bytes) in [("Verify", 6), ("Prefer", 0)] {
        let (before, start) = (told(&house), Instant::now());
        assert!(flood(&house, "alice", method, [bytes, 2000, 8]).wait().unwrap().success());
        // Sixteen at once, then four in a second; and those that waited still when the flood was over.
        let more = told(&house) - before;
        let most = 16 + 4 * (start.elapsed().as_secs() + 2);
        assert!(more > 0 && more as u64 <= most, "{method}: {more} events, {most} at most");
    }
    let prefers = || Mfactl::me(&house.world.user("alice"), &["prefer", "totp"], "").code == 0;
    let end = Instant::now() + PATIENCE;
    while !prefers() {
        assert!(Instant::now() < end, "the flood is over, and alice is not served");
    }
    assert!((0..4).all(|_| prefers()), "who waits for each answer is served");
}

#[test]
fn large_messages_of_one_user_cost_mfad_no_memory_and_others_nothing() {
    let (house, _bus) = house("large");
    let codes = house.enroll("alice", "totp").recovery_codes;
    let mut codes = codes.iter();
    let mut alice_is_served = || {
        assert_eq!(house.knock("alice", codes.next().unwrap()).code, "PAM_SUCCESS");
        // dbus-daemon itself turns calls away as long as what it holds for mfad is too much.
        let end = Instant::now() + PATIENCE;
        while Mfactl::me(&house.world.user("alice"), &[], "").code != 0 {
            assert!(Instant::now() < end, "alice is not served");
        }
    };
    // Larger than any call that means something, and just small enough to be looked at.
    for (bytes, count, connections) in [(30 << 20, 2, 6), (16_000, 1000, 16)] {
        let mut flood = flood(&house, "bob", "Verify", [bytes, count, connections]);
        alice_is_served();
        assert!(flood.wait().unwrap().success());
        alice_is_served();
        let peak = peak(&house);
        assert!(peak < 60 * 1024, "{peak} KiB after {connections} times {count} messages of {bytes} bytes");
    }
    assert!(house.mfad.errors().contains("thrown away: a message of 3145"), "{}", house.mfad.errors());
}
