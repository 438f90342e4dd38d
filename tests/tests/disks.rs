//! A disk in trouble: full, out of inodes, read-only, or short in its writes. What was there stays; what is new is there whole
//! or not at all; a code never lives twice.

use pam_mfa_tests::harness::strace::{Fault, Strace};
use pam_mfa_tests::harness::{House, Mfactl, Mfad, Ran, World, is_whole};
use std::fs;

const POLICY: &str = "require = \"required\"\ntries = 1\n";

/// A house whose state folder is a disk with these limits.
fn on_a_disk(name: &str, limits: &str) -> House {
    let world = World::new(name);
    world.small_state_disk(limits);
    House { mfad: Mfad::start(&world, POLICY), mfactl: Mfactl::new(&world), world }
}

/// Fills it to the last byte: what a failed write left of the file stays.
fn fill(house: &House) {
    let filler = house.world.state_dir().join("filler");
    let mut size = 256 * 1024;
    while size > 0 {
        let _ = fs::write(filler.with_extension(size.to_string()), vec![0; size]);
        size /= 2;
    }
}

fn empty(house: &House) {
    for entry in fs::read_dir(house.world.state_dir()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("filler") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// What an admin is told of a user's factors, and that nothing stands in their way.
fn factors(house: &House, user: &str) -> usize {
    let status = house.mfactl.run(&["status", user, "--json"], "").ok().json();
    assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "{status}");
    status["factors"].as_array().map_or(0, Vec::len)
}

fn enroll(house: &House, user: &str) -> Ran {
    house.mfactl.run(&["enroll", user, "--type", "hotp", "--no-confirm"], "")
}

#[test]
fn a_full_disk_never_gives_a_code_two_lives() {
    let mut house = on_a_disk("full", "size=256k");
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    fill(&house);
    let (mut served, mut started) = (0, 0);
    for counter in 1..4 {
        let first = house.knock("alice", &codes.hotp(counter)).code == "PAM_SUCCESS";
        house.mfad.kill9();
        // A daemon that cannot even start refuses as well; it then starts with space, and the disk is filled again.
        let starts = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| house.mfad.run())).is_ok();
        if !starts {
            assert!(
                house.mfad.errors().contains("No space left on device"),
                "the cause is named: {}",
                house.mfad.errors()
            );
            empty(&house);
            house.mfad = Mfad::start(&house.world, POLICY);
        }
        let second = house.knock("alice", &codes.hotp(counter)).code == "PAM_SUCCESS";
        assert!(!(first && second), "counter {counter} worked twice");
        fill(&house);
        served += u32::from(first);
        started += u32::from(starts);
    }
    println!("on a full disk {served} of 3 logins were served, and mfad started {started} times of 3");
    empty(&house);
    assert_eq!(house.knock("alice", &codes.hotp(4)).code, "PAM_SUCCESS");
    is_whole(&house, &"with space again");
}

#[test]
fn a_full_disk_takes_no_enrolment_and_loses_none() {
    let house = on_a_disk("full-enrol", "size=256k");
    let codes = house.enroll("alice", "hotp").oathtool();
    fill(&house);
    let refused = enroll(&house, "bob");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("No space left on device"), "the cause is named: {refused:?}");
    assert_eq!(factors(&house, "bob"), 0);
    let reset = house.mfactl.run(&["reset", "alice"], "");
    empty(&house);
    assert_eq!(factors(&house, "alice"), usize::from(reset.code != 0), "what was refused changed nothing: {reset:?}");
    if reset.code != 0 {
        assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    }
    let _ = enroll(&house, "bob").ok();
    assert_eq!(factors(&house, "bob"), 1, "with space again it goes on");
}

#[test]
fn a_disk_without_inodes_takes_no_enrolment_and_serves_every_login() {
    let house = on_a_disk("inodes", "size=4m,nr_inodes=64");
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    let mut number = 0;
    while fs::write(house.world.state_dir().join(format!("filler.{number}")), "").is_ok() {
        number += 1;
    }
    let refused = enroll(&house, "bob");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("No space left on device"), "the cause is named: {refused:?}");
    assert_eq!(factors(&house, "bob"), 0);
    // A login writes into a file that is there.
    assert_eq!(house.knock("alice", &codes.hotp(1)).code, "PAM_SUCCESS");
    assert_eq!(house.knock("alice", &codes.hotp(1)).reason, "replay");
    empty(&house);
    let _ = enroll(&house, "bob").ok();
    assert_eq!(factors(&house, "bob"), 1);
}

#[test]
fn a_disk_that_became_read_only_lets_nobody_in_and_revives_no_code() {
    let mut house = on_a_disk("read-only", "size=4m");
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    house.mfad.kill9();
    house.world.state_disk_is_read_only(true);
    // Whether it starts or not, it cannot keep what it would have to remember.
    let started = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| house.mfad.run())).is_ok();
    if started {
        let verdict = house.knock("alice", &codes.hotp(1));
        assert_ne!(verdict.code, "PAM_SUCCESS", "{verdict:?}");
        house.mfad.kill9();
    }
    assert!(house.mfad.errors().contains("Read-only file system"), "the cause is named: {}", house.mfad.errors());
    house.world.state_disk_is_read_only(false);
    house.mfad = Mfad::start(&house.world, POLICY);
    assert_eq!(house.knock("alice", &codes.hotp(0)).reason, "replay");
    assert_eq!(house.knock("alice", &codes.hotp(1)).code, "PAM_SUCCESS");
}

#[test]
fn a_write_that_is_cut_short_leaves_the_old_or_the_new() {
    let mut house = House::new("short", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let mut counter = 0;
    let (mut served, mut refused, mut enrolled, mut not) = (0, 0, 0, 0);
    // From nothing at all to past the end of every file there is: the trail is the longest.
    for bytes in (0..14_000).step_by(401) {
        house.mfad.stop();
        house.mfad.largest_file(Some(bytes));
        let started = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| house.mfad.run())).is_ok();
        let mut first = false;
        if started {
            first = house.knock("alice", &codes.hotp(counter)).code == "PAM_SUCCESS";
            let ran = enroll(&house, "bob");
            assert_eq!(factors(&house, "bob") > 0, ran.code == 0, "{bytes} bytes: {ran:?}");
            *(if ran.code == 0 { &mut enrolled } else { &mut not }) += 1;
            house.mfad.stop();
        }
        house.mfad.largest_file(None);
        house.mfad = Mfad::start(&house.world, POLICY);
        let second = house.knock("alice", &codes.hotp(counter)).code == "PAM_SUCCESS";
        assert!(!(first && second), "{bytes} bytes: a code worked twice");
        assert_eq!(house.knock("alice", &codes.hotp(counter + 1)).code, "PAM_SUCCESS", "{bytes} bytes");
        assert_eq!(factors(&house, "alice"), 1, "{bytes} bytes");
        let trail = house.mfactl.run(&["log", "verify"], "");
        assert_eq!(trail.code, 0, "{bytes} bytes: {trail:?}");
        let _ = house.mfactl.run(&["reset", "bob"], "");
        counter += 2;
        *(if first { &mut served } else { &mut refused }) += 1;
    }
    println!("writes cut short: {served} logins served, {refused} refused; {enrolled} enrolments done, {not} refused");
    assert!(refused > 3 && not > 3, "nothing was cut short");
}

#[test]
fn a_decision_that_cannot_be_flushed_lets_nobody_in() {
    let house = House::new("disk-flush", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    for (counter, how) in (0..).zip(["error=EIO", "error=ENOSPC", "error=EROFS"]) {
        // The first flush of each thread.
        let fault = Fault { call: String::from("fdatasync"), how, when: 1 };
        let strace = Strace::inject(&house.world, house.mfad.pid(), &fault);
        let decision = house.knock("alice", &codes.hotp(counter));
        assert!(strace.happened(), "{fault}: it met nothing");
        assert_eq!(
            (decision.code.as_str(), decision.reason.as_str()),
            ("PAM_AUTHINFO_UNAVAIL", "storage-failed"),
            "{fault}"
        );
    }
    assert_eq!(house.knock("alice", &codes.hotp(3)).code, "PAM_SUCCESS");
}
