//! mfad killed at any instant of a login: nothing is lost, no code lives twice.
//!
//! 25 times in every run; a thousand times under `tests/run.sh --all` (`MFA_LONG`).

use pam_mfa_tests::harness::House;
use std::time::Duration;

/// SplitMix64: other instants in every round, the same in every run.
fn drawn(round: u64) -> u64 {
    let mut z = round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn a_daemon_killed_at_any_instant_gives_no_code_two_lives_and_loses_nothing() {
    let rounds = if std::env::var_os("MFA_LONG").is_some() { 1000 } else { 25 };
    let mut house = House::new("kills", "require = \"required\"\n");
    let codes = house.enroll("alice", "hotp").oathtool();
    let door = house.door("door", "alice", "first_factor=stack");
    let (mut let_in, mut taken_back) = (0, 0);
    for round in 0..rounds {
        let code = codes.hotp(round);
        let mut call = door.start();
        call.prompt();
        call.answer(&code);
        std::thread::sleep(Duration::from_micros(drawn(round) % 3000));
        house.mfad.kill9();
        let first = call.verdict();
        house.mfad.run();
        let second = door.verdict(&[&code]);
        assert!(
            first != "PAM_SUCCESS" || second != "PAM_SUCCESS",
            "round {round}: a code was accepted twice, the second time after a kill"
        );
        let_in += u32::from(first == "PAM_SUCCESS");
        taken_back += u32::from(first != "PAM_SUCCESS" && second != "PAM_SUCCESS");
        let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
        assert_eq!(status["enrolled"], true, "round {round}: {status}");
        assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "round {round}: {status}");
    }
    assert_eq!(house.knock("alice", &codes.hotp(rounds)).code, "PAM_SUCCESS");
    let trail = house.mfactl.run(&["log", "verify"], "");
    assert_eq!(trail.code, 0, "{trail:?}");
    // Otherwise every kill came too early or too late, and nothing was shown.
    assert!(let_in < u32::try_from(rounds).unwrap(), "no kill came before the answer");
    println!("{rounds} kills: {let_in} let in before, {taken_back} spent without an answer");
}
