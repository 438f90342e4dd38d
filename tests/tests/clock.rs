//! mfad's clock is set back, forward and to 1970: no code works twice, and codes of true time work
//! once it is right again. Only mfad's wall clock is changed.

use pam_mfa_tests::harness::{House, calm_now, now};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

const ACCEPTED: (&str, &str) = ("PAM_SUCCESS", "code-accepted");

#[test]
fn a_used_code_stays_used_when_the_clock_is_set_back() {
    let house = House::with_own_clock("back", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    assert_eq!(house.knock("alice", &codes.totp(now)).short(), ACCEPTED);
    for back in [30, 60, 3600, 86400] {
        house.mfad.set_clock(-back);
        let again = house.knock("alice", &codes.totp(now));
        assert_ne!(again.code, "PAM_SUCCESS", "set back by {back} s: {again:?}");
    }
    house.mfad.set_clock(-3600);
    assert_eq!(house.knock("alice", &codes.totp(now - 3600)).reason, "replay", "a step below the mark");
    house.mfad.set_clock(0);
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "replay");
    assert_eq!(house.knock("alice", &codes.totp(now + 30)).short(), ACCEPTED, "true time works again");
}

#[test]
fn a_clock_ahead_takes_no_code_of_true_time_and_costs_none_later() {
    let house = House::with_own_clock("ahead", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    house.mfad.set_clock(3600);
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "wrong-code");
    house.mfad.set_clock(0);
    assert_eq!(house.knock("alice", &codes.totp(now)).short(), ACCEPTED);
    house.mfad.set_clock(3600);
    assert_ne!(house.knock("alice", &codes.totp(now)).code, "PAM_SUCCESS");
}

#[test]
fn a_mark_that_a_clock_ahead_raised_is_lowered_by_resync() {
    let house = House::with_own_clock("resync", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    house.mfad.set_clock(3600);
    assert_eq!(house.knock("alice", &codes.totp(now + 3600)).short(), ACCEPTED);
    house.mfad.set_clock(0);
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "replay");
    let pair = format!("{}\n{}\n", codes.totp(now - 30), codes.totp(now));
    let _ = house.mfactl.run(&["resync", "alice"], &pair).ok();
    assert_ne!(house.knock("alice", &codes.totp(now)).code, "PAM_SUCCESS", "resync spent it");
    assert_eq!(house.knock("alice", &codes.totp(now + 30)).short(), ACCEPTED);
}

#[test]
fn a_telephones_clock_is_not_followed_by_resync() {
    let house = House::with_own_clock("resync-far", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    // A hardware token's clock runs on by itself; a telephone's owner sets it right.
    for first in [now + 60, now + 300, now - 300] {
        let pair = format!("{}\n{}\n", codes.totp(first), codes.totp(first + 30));
        let far = house.mfactl.run(&["resync", "alice"], &pair);
        assert!(far.code == 1 && far.stderr.contains("not two successive codes of now"), "{first}: {far:?}");
    }
    assert_eq!(house.knock("alice", &codes.totp(now)).short(), ACCEPTED);
}

#[test]
fn in_1970_nothing_is_accepted_twice_and_afterwards_true_time_works() {
    let house = House::with_own_clock("1970", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let time = calm_now();
    assert_eq!(house.knock("alice", &codes.totp(time)).short(), ACCEPTED);
    house.mfad.set_clock(-now());
    assert_ne!(house.knock("alice", &codes.totp(time)).code, "PAM_SUCCESS");
    assert_ne!(house.knock("alice", &codes.totp(15)).code, "PAM_SUCCESS", "a step far below the mark");
    house.mfad.set_clock(0);
    assert_eq!(house.knock("alice", &codes.totp(time + 30)).short(), ACCEPTED);
}

#[test]
fn where_seconds_outgrow_their_types_nothing_is_accepted_twice_and_nothing_ends() {
    let house = House::with_own_clock("calendars", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let time = calm_now();
    assert_eq!(house.knock("alice", &codes.totp(time)).short(), ACCEPTED);
    // Seconds since 1970: a second before and after 31 and 32 bits are full, and the year 10000.
    for date in [(1_i64 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 253_402_300_800] {
        house.mfad.set_clock(date - now());
        let then = house.knock("alice", &codes.totp(time));
        assert!(["replay", "wrong-code"].contains(&then.reason.as_str()), "{date}: {then:?}");
        house.mfad.set_clock(0);
    }
    let _ = house.mfactl.run(&["unlock", "alice"], "").ok();
    assert_eq!(house.knock("alice", &codes.totp(time + 30)).short(), ACCEPTED);
}

#[test]
fn a_delay_is_not_shortened_by_the_wall_clock() {
    let house = House::with_own_clock("delay", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    for _ in 0..5 {
        assert_eq!(house.knock("alice", &codes.wrong(now)).reason, "wrong-code");
    }
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "locked");
    house.mfad.set_clock(7200);
    assert_eq!(house.knock("alice", &codes.totp(now + 7200)).reason, "locked");
}
