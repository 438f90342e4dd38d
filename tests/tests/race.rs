//! A code works once, however many knock with it at the same moment.

use pam_mfa_tests::harness::{Gate, House, Oathtool, PamClient, calm_now};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

/// Rounds with a fresh user each.
const ROUNDS: u32 = 30;

/// The same under `tests/run.sh --all`.
const LONG: u32 = 200;

#[derive(Debug, Clone, Copy)]
enum Code {
    Totp,
    Hotp,
    Recovery,
}

/// Brings `many` clients to the prompt of `door`, gives each its answer and lets all go at once;
/// how each ended.
fn together(house: &House, name: &str, client: &PamClient, answers: &[String]) -> Vec<String> {
    let gate = Gate::closed(&house.world, name);
    let client = client.clone().gate(&gate);
    let mut calls: Vec<_> = answers.iter().map(|_| client.start()).collect();
    for (call, answer) in calls.iter_mut().zip(answers) {
        assert_eq!(call.prompt(), "Verification code: ");
        call.answer(answer);
        call.ready();
    }
    gate.open();
    calls.iter_mut().map(|call| call.verdict()).collect()
}

fn race(name: &str, kind: Code, many: usize) {
    let mut house = House::new(name, POLICY);
    let rounds = if std::env::var_os("MFA_LONG").is_some() { LONG } else { ROUNDS };
    for round in 0..rounds {
        let user = format!("user{round}");
        house.world.add_user(&user, 2000 + round);
        let enrolled = house.enroll(&user, if matches!(kind, Code::Hotp) { "hotp" } else { "totp" });
        let code = match kind {
            Code::Totp => enrolled.oathtool().totp(calm_now()),
            Code::Hotp => enrolled.oathtool().hotp(0),
            Code::Recovery => enrolled.recovery_codes[0].clone(),
        };
        let client = house.door("door", &user, "first_factor=stack");
        let ends = together(&house, &user, &client, &vec![code; many]);
        let inside = ends.iter().filter(|code| *code == "PAM_SUCCESS").count();
        assert_eq!(inside, 1, "{kind:?}, {many} at once, round {round}: {ends:?}");
    }
}

#[test]
fn of_2_with_one_totp_code_exactly_one_gets_in() {
    race("totp-2", Code::Totp, 2);
}

#[test]
fn of_8_with_one_totp_code_exactly_one_gets_in() {
    race("totp-8", Code::Totp, 8);
}

#[test]
fn of_32_with_one_totp_code_exactly_one_gets_in() {
    race("totp-32", Code::Totp, 32);
}

#[test]
fn of_64_with_one_totp_code_exactly_one_gets_in() {
    race("totp-64", Code::Totp, 64);
}

#[test]
fn of_2_with_one_hotp_code_exactly_one_gets_in() {
    race("hotp-2", Code::Hotp, 2);
}

#[test]
fn of_8_with_one_hotp_code_exactly_one_gets_in() {
    race("hotp-8", Code::Hotp, 8);
}

#[test]
fn of_32_with_one_hotp_code_exactly_one_gets_in() {
    race("hotp-32", Code::Hotp, 32);
}

#[test]
fn of_64_with_one_hotp_code_exactly_one_gets_in() {
    race("hotp-64", Code::Hotp, 64);
}

#[test]
fn of_2_with_one_recovery_code_exactly_one_gets_in() {
    race("recovery-2", Code::Recovery, 2);
}

#[test]
fn of_8_with_one_recovery_code_exactly_one_gets_in() {
    race("recovery-8", Code::Recovery, 8);
}

#[test]
fn of_32_with_one_recovery_code_exactly_one_gets_in() {
    race("recovery-32", Code::Recovery, 32);
}

#[test]
fn of_64_with_one_recovery_code_exactly_one_gets_in() {
    race("recovery-64", Code::Recovery, 64);
}

#[test]
fn a_code_stays_used_though_the_daemon_is_killed_right_after() {
    let mut house = House::new("killed", POLICY);
    for round in 0..ROUNDS {
        let user = format!("user{round}");
        house.world.add_user(&user, 2000 + round);
        let enrolled = house.enroll(&user, if round % 2 == 0 { "totp" } else { "hotp" });
        let code = match round % 3 {
            0 => enrolled.recovery_codes[0].clone(),
            _ if round % 2 == 0 => enrolled.oathtool().totp(calm_now()),
            _ => enrolled.oathtool().hotp(0),
        };
        assert_eq!(house.knock(&user, &code).code, "PAM_SUCCESS", "round {round}");
        house.mfad.restart();
        assert_ne!(house.knock(&user, &code).code, "PAM_SUCCESS", "round {round}");
    }
}

#[test]
fn a_daemon_killed_in_the_middle_of_a_race_lets_at_most_one_in() {
    let mut house = House::new("killed-amid", POLICY);
    for round in 0..ROUNDS {
        let user = format!("user{round}");
        house.world.add_user(&user, 2000 + round);
        let code = house.enroll(&user, "hotp").oathtool().hotp(0);
        let gate = Gate::closed(&house.world, &user);
        let client = house.door("door", &user, "first_factor=stack").gate(&gate);
        let mut calls: Vec<_> = (0..8).map(|_| client.start()).collect();
        for call in &mut calls {
            call.prompt();
            call.answer(&code);
            call.ready();
        }
        gate.open();
        // A different moment each time: before, during and after the first is served.
        std::thread::sleep(std::time::Duration::from_micros(u64::from(round) * 200));
        house.mfad.restart();
        let inside = calls.iter_mut().map(|call| call.verdict()).filter(|code| code == "PAM_SUCCESS").count();
        assert!(inside <= 1, "round {round}: {inside} got in");
        let later = house.knock(&user, &code).code == "PAM_SUCCESS";
        assert!(!(later && inside == 1), "round {round}: the code worked again");
    }
}

#[test]
fn of_a_hundred_wrong_codes_at_once_exactly_five_are_evaluated() {
    let house = House::new("hundred", POLICY);
    let codes: Oathtool = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    let client = house.door("door", "alice", "first_factor=stack");
    let ends = together(&house, "hundred", &client, &vec![codes.wrong(now); 100]);
    assert!(ends.iter().all(|code| code != "PAM_SUCCESS"), "{ends:?}");
    // The system log may lose lines when a hundred write at once; the audit trail may not.
    let trail = house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    let evaluated = trail.matches("\"wrong-code\"").count();
    let turned_away = trail.matches("\"locked\"").count();
    // On a busy machine a module may be without an answer for five seconds: it refuses then by itself.
    let unanswered = ends.iter().filter(|code| *code == "PAM_AUTHINFO_UNAVAIL").count();
    assert!(evaluated == 5 && turned_away + unanswered >= 95, "{evaluated}, {turned_away}, {unanswered}: {trail}");
    // The delay holds for the right code as well, and is not charged.
    assert_eq!(house.knock("alice", &codes.totp(now)).reason, "locked");
}
