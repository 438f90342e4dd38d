//! What one user sends mfad over the bus, much and large: it costs no memory, and others nothing.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, Program, SystemBus, World, built};
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
        let numbers = [bytes, count, connections].map(|number: usize| number.to_string());
        let flood = Program::new(built("bus_flood")).args(&numbers).as_user(&house.world.user("bob"));
        let mut flood = flood.bound_to_the_test().command().spawn().unwrap();
        alice_is_served();
        assert!(flood.wait().unwrap().success());
        alice_is_served();
        let peak = peak(&house);
        assert!(peak < 60 * 1024, "{peak} KiB after {connections} times {count} messages of {bytes} bytes");
    }
    assert!(house.mfad.errors().contains("thrown away: a message of 3145"), "{}", house.mfad.errors());
}
