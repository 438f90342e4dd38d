//! Two hosts with one enrolment, carried from one to the other: what a device signed for a request of the one opens nothing on
//! the other.

use pam_mfa_tests::harness::{Device, Home, House, Mfactl, Mfad, SystemBus, World, number_in, request_id};
use std::path::PathBuf;

const POLICY: &str = "require = \"required\"\n";

fn enrolment(world: &World) -> PathBuf {
    world.state_dir().join("users/alice.toml")
}

#[test]
fn what_was_signed_for_one_host_opens_nothing_on_another() {
    let mut here = Home::new("host-here", POLICY);
    let mut call = here.house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let ours = here.device.presented();
    let signed = here.device.does(&format!("signed {} {number}", request_id(&ours)));
    let signed = signed.strip_prefix("OK ").unwrap_or_else(|| panic!("{signed}")).to_owned();
    // It is good, where it belongs.
    assert_eq!(here.device.does(&format!("send {signed}")), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    let (id, carried) = (here.id.clone(), std::fs::read_to_string(enrolment(&here.house.world)).unwrap());
    drop((call, here));

    let world = World::new("host-there");
    std::fs::write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n").unwrap();
    let _bus = SystemBus::start(&world);
    let users = world.state_dir().join("users");
    std::fs::create_dir(&users).unwrap();
    world.give_to_daemon(&users, 0o700);
    world.write(enrolment(&world), &carried, 0o600);
    world.give_to_daemon(&enrolment(&world), 0o600);
    let mfad = Mfad::start(&world, POLICY);
    let there = House { mfad, mfactl: Mfactl::new(&world), world };
    there.mfad.is_on_the_bus(1);
    // The same key by the same name: nothing but the host is another.
    let mut device = Device::start(&there.world.user("alice"), 1);
    assert_eq!(device.does(&format!("register {id}")), "OK");
    let mut call = there.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let theirs = device.presented();
    let [ours, theirs] = [ours, theirs].map(|request| {
        let host = request["host_id"].as_str().expect("a host").to_owned();
        (request_id(&request), host)
    });
    assert_ne!(ours.1, theirs.1);
    let again = device.does(&format!("send {signed}"));
    assert!(again.contains("NoSuchRequest"), "as it was: {again}");
    let (approval, signature) = signed.split_once(' ').unwrap();
    let approval = String::from_utf8(data_encoding::HEXLOWER.decode(approval.as_bytes()).unwrap()).unwrap();
    let renamed = data_encoding::HEXLOWER.encode(approval.replace(&ours.0, &theirs.0).as_bytes());
    let lifted = device.does(&format!("send {renamed} {signature}"));
    assert!(lifted.contains("signature"), "the signature lifted onto the other's request: {lifted}");
    // A host that shows the other's request as its own gets a signature that the other does not take.
    let relayed = device.does(&format!("altered {} {number} {} {}", theirs.0, theirs.1, ours.1));
    assert!(relayed.contains("signature"), "{relayed}");
    // With its own host in it, and nothing else changed, it opens.
    assert_eq!(device.does(&format!("altered {} {number} {} {}", theirs.0, theirs.1, theirs.1)), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}
