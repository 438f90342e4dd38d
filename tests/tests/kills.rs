//! mfad killed at any instant of a login, an enrolment, an import of tokens: nothing is lost or half there, no code lives twice.
//!
//! A few times in every run; a thousand logins and two hundred of the others under `tests/run.sh --all` (`MFA_LONG`).

use pam_mfa_tests::harness::{House, Oathtool, Ran, is_whole};
use std::fs;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// SplitMix64: other instants in every round, the same in every run.
fn drawn(round: u64) -> u64 {
    let mut z = round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Instants around the one at which it is done, on this machine, now: after a kill that came too late the next ones come
/// earlier, and the other way round. So about half of them come before the end.
struct Instants {
    micros: f64,
    rounds: u64,
    before: u64,
    after: u64,
}

impl Instants {
    /// Of something that takes so long when nobody is killed: so many in every run, and so many in the long one.
    fn of(took: Duration, rounds: u64, long: u64) -> Self {
        let rounds = if std::env::var_os("MFA_LONG").is_some() { long } else { rounds };
        Self { micros: took.as_secs_f64() * 1e6, rounds, before: 0, after: 0 }
    }

    /// How long to wait in this round, from nothing to twice as long as it takes.
    fn wait(&self, round: u64) -> Duration {
        let share = (drawn(round) % 1000) as f64 / 500.0;
        Duration::from_micros((share * self.micros) as u64)
    }

    /// Whether it was done before this kill.
    fn came(&mut self, done: bool) {
        *(if done { &mut self.after } else { &mut self.before }) += 1;
        self.micros *= if done { 1.0 / 1.2 } else { 1.2 };
    }

    /// Kills that all came too early or all too late would have shown nothing.
    fn met_both(&self, what: &str) {
        println!("{} kills in {what}: {} before it was done, {} after", self.rounds, self.before, self.after);
        assert!(self.before >= self.rounds / 8, "{what}: hardly a kill came before the end");
        assert!(self.after >= self.rounds / 8, "{what}: hardly a kill came after the end");
    }
}

#[test]
fn a_daemon_killed_at_any_instant_gives_no_code_two_lives_and_loses_nothing() {
    let mut house = House::new("kills", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let door = house.door("door", "alice", "first_factor=stack");
    let mut call = door.start();
    call.prompt();
    let start = Instant::now();
    call.answer(&codes.hotp(0));
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    let mut instants = Instants::of(start.elapsed(), 25, 1000);
    let mut spent = 0;
    for round in 0..instants.rounds {
        let code = codes.hotp(round + 1);
        let mut call = door.start();
        call.prompt();
        let wait = instants.wait(round);
        call.answer(&code);
        std::thread::sleep(wait);
        house.mfad.kill9();
        let first = call.verdict() == "PAM_SUCCESS";
        house.mfad.run();
        let second = door.verdict(&[&code]) == "PAM_SUCCESS";
        assert!(!(first && second), "round {round}: a code was accepted twice, the second time after a kill");
        spent += u32::from(!first && !second);
        instants.came(first);
        is_whole(&house, &format!("round {round}, killed after {wait:?}"));
    }
    assert_eq!(house.knock("alice", &codes.hotp(instants.rounds + 1)).code, "PAM_SUCCESS");
    instants.met_both("a login");
    println!("{spent} codes were spent without an answer");
}

/// What mfactl says while mfad is killed after so long, and mfad started again.
fn killed(house: &mut House, wait: Duration, args: &[&str]) -> Ran {
    let (mfad, mfactl) = (&mut house.mfad, &house.mfactl);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(wait);
            mfad.kill9();
        });
        mfactl.run(args, "")
    });
    mfad.run();
    ran
}

/// Removes these files of the state folder, where they are, while no mfad runs.
fn without(house: &mut House, files: &[&str]) {
    house.mfad.kill9();
    for file in files {
        match fs::remove_file(house.world.state_dir().join(file)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => panic!("{file}: {e}"),
            _ => {}
        }
    }
    house.mfad.run();
}

#[test]
fn a_daemon_killed_at_any_instant_leaves_no_half_enrolment() {
    let mut house = House::new("kills-enrol", POLICY);
    let alice = house.enroll("alice", "hotp").oathtool();
    let enrol = ["enroll", "bob", "--type", "hotp", "--no-confirm", "--json"];
    let start = Instant::now();
    let _ = house.mfactl.run(&enrol, "").ok();
    let mut instants = Instants::of(start.elapsed(), 15, 200);
    let mut kept = 0;
    for round in 0..instants.rounds {
        without(&mut house, &["users/bob.toml", "state/bob"]);
        // Every other time he is not new: a file without factors is replaced.
        if round % 2 == 1 {
            let _ = house.enroll("bob", "hotp");
            let _ = house.mfactl.run(&["reset", "bob"], "").ok();
        }
        let wait = instants.wait(round);
        let ran = killed(&mut house, wait, &enrol);
        let what = format!("round {round}, killed after {wait:?}");
        is_whole(&house, &what);
        let status = house.mfactl.run(&["status", "bob", "--json"], "").ok().json();
        let factors = status["factors"].as_array().map_or(0, Vec::len);
        if ran.code == 0 {
            let codes = Oathtool::new(ran.json()["secret"].as_str().unwrap());
            assert_eq!(house.knock("bob", &codes.hotp(0)).code, "PAM_SUCCESS", "{what}: it said it was done: {status}");
        } else {
            assert!(factors <= 1, "{what}: {status}");
            kept += factors;
        }
        instants.came(ran.code == 0);
    }
    assert_eq!(house.knock("alice", &alice.hotp(0)).code, "PAM_SUCCESS", "whatever happened to bob");
    instants.met_both("an enrolment");
    println!("{kept} enrolments were kept without an answer");
}

#[test]
fn a_daemon_killed_at_any_instant_imports_all_tokens_or_none() {
    const ROWS: usize = 40;
    let mut house = House::new("kills-tokens", POLICY);
    let _ = house.enroll("alice", "hotp");
    let rows: String =
        (0..ROWS).map(|row| format!("C{row:05},{:040x},TOTP,6,30\n", 0xabcd_ef01_u64 + row as u64)).collect();
    let file = house.world.folder().join("tokens.csv");
    house.world.write(&file, &rows, 0o600);
    let import = ["token", "import", file.to_str().unwrap()];
    let start = Instant::now();
    let _ = house.mfactl.run(&import, "").ok();
    let mut instants = Instants::of(start.elapsed(), 15, 200);
    let mut kept = 0;
    for round in 0..instants.rounds {
        without(&mut house, &["tokens.toml"]);
        let wait = instants.wait(round);
        let ran = killed(&mut house, wait, &import);
        let what = format!("round {round}, killed after {wait:?}");
        is_whole(&house, &what);
        let listed = house.mfactl.run(&["token", "list", "--json"], "").ok().stdout.lines().count();
        assert!(listed == 0 || listed == ROWS, "{what}: {listed} of {ROWS}: {ran:?}");
        assert!(ran.code != 0 || listed == ROWS, "{what}: it said it was done: {ran:?}");
        kept += usize::from(ran.code != 0 && listed == ROWS);
        instants.came(ran.code == 0);
    }
    instants.met_both("an import of tokens");
    println!("{kept} imports were kept without an answer");
}
