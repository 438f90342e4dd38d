//! New recovery codes while the disk fails: the old set stands, or the new one is shown, and no code counts twice; nor does one of
//! an enrolment that is put back.

use pam_mfa_tests::harness::strace::{Fault, Strace};
use pam_mfa_tests::harness::{House, is_whole};

/// What may fail of a change on the disk. The answer's way to mfactl is not among them: codes that were made and whose answer is
/// lost are made anew.
const DISK: [&str; 8] = ["openat", "openat2", "pwrite64", "fdatasync", "fsync", "rename", "renameat", "renameat2"];

fn fresh(house: &House) -> Vec<String> {
    codes(&house.mfactl.run(&["recovery", "new", "alice", "--json"], "").ok().json())
}

fn codes(told: &serde_json::Value) -> Vec<String> {
    told["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_failing_disk_takes_the_old_recovery_codes_before_the_new_ones_are_shown() {
    let house = House::new("recovery-disk", "require = \"required\"\n");
    let mut set = house.enroll("alice", "hotp").recovery_codes;
    let opens = |code: &str| house.mfactl.run(&["verify", "alice"], &format!("{code}\n")).code == 0;
    // Marks on every other place, so that those of one set would be seen on the other.
    assert!(opens(&set[0]));
    let watched = Strace::watch(&house.world, house.mfad.pid());
    set = fresh(&house);
    let calls = watched.calls();
    let (mut shown, mut kept) = (0, 0);
    for call in DISK.iter().filter(|call| calls.contains_key(**call)) {
        for when in 1..=calls[*call] + 2 {
            assert!(opens(&set[0]), "{call} {when}: a new set has all its codes");
            let fault = Fault { call: (*call).to_owned(), how: "error=EIO", when };
            let strace = Strace::inject(&house.world, house.mfad.pid(), &fault);
            let ran = house.mfactl.run(&["recovery", "new", "alice", "--json"], "");
            if !strace.happened() {
                set = if ran.code == 0 { codes(&ran.json()) } else { panic!("{fault}: {ran:?}") };
                break;
            }
            assert!(!opens(&set[0]), "{fault}: a code counted twice: {ran:?}");
            if ran.code == 0 {
                assert!(!opens(&set[1]), "{fault}: the old set lives beside the new one");
                set = codes(&ran.json());
                assert!(opens(&set[0]), "{fault}: the new set was shown: {ran:?}");
                shown += 1;
            } else {
                assert!(opens(&set[1]), "{fault}: neither the old set nor a new one: {ran:?}\n{}", house.mfad.errors());
                let left = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
                assert_eq!(left["recovery_left"], 8, "{fault}");
                kept += 1;
            }
            is_whole(&house, &fault);
            set = fresh(&house);
        }
    }
    println!("new recovery codes on a failing disk: {shown} shown, {kept} times the old ones kept");
    assert!(kept >= 3, "the faults met nothing: {calls:?}");
}

#[test]
fn an_older_enrolment_put_back_alone_opens_nothing_by_its_codes_before_somebody_adopts_it() {
    let house = House::new("recovery-put-back", "require = \"required\"\n");
    let old = house.enroll("alice", "totp").recovery_codes;
    let opens = |code: &str| house.mfactl.run(&["verify", "alice"], &format!("{code}\n"));
    assert_eq!(opens(&old[0]).code, 0);
    let file = house.world.state_dir().join("users/alice.toml");
    let backup = std::fs::read(&file).unwrap();
    let new = fresh(&house);
    assert_eq!(opens(&new[0]).code, 0);
    std::fs::write(&file, backup).unwrap();
    for code in &old[..2] {
        let refused = opens(code);
        assert!(refused.code != 0 && format!("{refused:?}").contains("state-lost"), "{refused:?}");
    }
    assert!(house.mfad.errors().contains("is of later recovery codes than its file's"), "{}", house.mfad.errors());
    let _ = house.mfactl.run(&["adopt", "alice"], "").ok();
    assert_eq!(opens(&old[1]).code, 0, "on the administrator's word");
    // The safer way: a new set, which the record does not stand against.
    assert_eq!(opens(&fresh(&house)[0]).code, 0);
}
