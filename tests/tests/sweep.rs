//! One system call fails, at every place where one is made: in a login, an enrolment, an import of tokens, an approval.
//!
//! strace makes the k-th call of each name fail, or kills the process before it, in mfad and in the program that hosts the
//! module. Whatever that does to the login at hand, nobody gets in without a proof, no proof counts twice, no file is lost or
//! half written, and the next login is served.

use pam_mfa_tests::harness::faults::{sweep, with_mfad_failing};
use pam_mfa_tests::harness::strace::{Fault, Strace, counted, happened};
use pam_mfa_tests::harness::{
    BOTH, Event, Home, House, Oathtool, PamCall, PamClient, Program, is_whole, number_in, request_id,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const POLICY: &str = "require = \"required\"\n";

/// Whether a call of PAM let somebody in; one that ended without a result did not.
fn let_in(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Result { code, .. } if code == "PAM_SUCCESS"))
}

#[test]
fn no_failing_call_of_the_daemon_gives_a_code_two_lives() {
    let mut house = House::new("sweep-login", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let mut counter = 0;
    let mut next = || {
        counter += 1;
        codes.hotp(counter - 1)
    };
    let door = house.door("door", "alice", "first_factor=stack");
    let watched = Strace::watch(&house.world, house.mfad.pid());
    assert_eq!(door.verdict(&[&next()]), "PAM_SUCCESS");
    let calls = watched.calls();
    let (mut served, mut refused) = (0, 0);
    let came_to_pass = sweep(&calls, |fault| {
        let code = next();
        let (first, happened) = with_mfad_failing(&mut house, fault, |_| let_in(&door.run(&[&code])));
        let second = let_in(&door.run(&[&code]));
        assert!(!(first && second), "{fault}: a code was accepted twice");
        assert_eq!(door.verdict(&[&next()]), "PAM_SUCCESS", "{fault}: the next login:\n{}", house.mfad.errors());
        is_whole(&house, fault);
        *(if first { &mut served } else { &mut refused }) += 1;
        happened
    });
    println!("{came_to_pass} faults of mfad in a login: {served} served all the same, {refused} refused");
    // Here and below: half of what comes to pass on a quiet machine (docs/testing.md).
    assert!(came_to_pass > 30 && served > 10 && refused > 10, "the faults met nothing");
}

#[test]
fn no_failing_call_of_the_daemon_lets_a_wrong_code_in() {
    let mut house = House::new("sweep-wrong", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let door = house.door("door", "alice", "first_factor=stack");
    let mut counter = 0;
    let watched = Strace::watch(&house.world, house.mfad.pid());
    assert_ne!(door.verdict(&["000000"]), "PAM_SUCCESS");
    let calls = watched.calls();
    let came_to_pass = sweep(&calls, |fault| {
        let (let_in, happened) = with_mfad_failing(&mut house, fault, |_| let_in(&door.run(&["000000"])));
        assert!(!let_in, "{fault}");
        // A right one forgets the failures: otherwise nothing more would be evaluated after the fifth.
        assert_eq!(door.verdict(&[&codes.hotp(counter)]), "PAM_SUCCESS", "{fault}:\n{}", house.mfad.errors());
        counter += 1;
        happened
    });
    println!("{came_to_pass} faults of mfad in a login by a wrong code");
    assert!(came_to_pass > 30, "the faults met nothing");
}

#[test]
fn no_failing_call_in_the_host_of_the_module_opens_the_door() {
    let house = House::new("sweep-module", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    // Behind a module that says yes, a mere "ignore" of ours would be the open door; one line allows it for an absent daemon alone.
    for (service, arguments) in [("strict", ""), ("ignoring", "unreachable=ignore")] {
        let module = house.world.module("required", &format!("first_factor=stack {arguments}"));
        house.world.pam(service, &["required pam_permit.so", &module]);
    }
    let door = PamClient::new("strict", "alice");
    let failing = |service: &str, fault: Option<&Fault>, code: &str| {
        let mut log = None;
        let door = PamClient::new(service, "alice").program(|program| {
            let (program, file) = program.failing(&house.world, fault);
            log = Some(file);
            program
        });
        (let_in(&door.run(&[code])), log.unwrap())
    };
    let (let_in_whole, log) = failing("strict", None, &codes.hotp(0));
    assert!(let_in_whole);
    let calls = counted(&log);
    let mut counter = 1;
    let (mut served, mut refused) = (0, 0);
    let came_to_pass = sweep(&calls, |fault| {
        let mut met = false;
        for service in ["strict", "ignoring"] {
            let (open, log) = failing(service, Some(fault), "000000");
            assert!(!open, "{service}, {fault}: a wrong code let in:\n{:#?}", house.world.log().lines().last());
            met |= happened(&log);
        }
        let code = codes.hotp(counter);
        let (first, log) = failing("strict", Some(fault), &code);
        met |= happened(&log);
        let second = let_in(&door.run(&[&code]));
        assert!(!(first && second), "{fault}: a code was accepted twice");
        assert_eq!(door.verdict(&[&codes.hotp(counter + 1)]), "PAM_SUCCESS", "{fault}: the next login");
        counter += 2;
        *(if first { &mut served } else { &mut refused }) += 1;
        met
    });
    println!("{came_to_pass} faults of the host in a login: {served} served all the same, {refused} refused");
    assert!(came_to_pass > 100 && served > 10 && refused > 10, "the faults met nothing");
}

#[test]
fn no_failing_call_leaves_half_an_enrolment() {
    let mut house = House::new("sweep-enrol", POLICY);
    let alice = house.enroll("alice", "hotp").oathtool();
    let enrol = |house: &House| house.mfactl.run(&["enroll", "bob", "--type", "hotp", "--no-confirm", "--json"], "");
    let watched = Strace::watch(&house.world, house.mfad.pid());
    let _ = enrol(&house).ok();
    let calls = watched.calls();
    assert!(!calls.keys().any(|call| call.contains("chmod") || call.contains("chown")), "files are born as they stay");
    let (mut whole, mut none) = (0, 0);
    let came_to_pass = sweep(&calls, |fault| {
        let _ = house.mfactl.run(&["reset", "bob"], "").ok();
        let (ran, happened) = with_mfad_failing(&mut house, fault, enrol);
        let status = house.mfactl.run(&["status", "bob", "--json"], "").ok().json();
        assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "{fault}: {status}");
        let factors = status["factors"].as_array().map_or(0, Vec::len);
        if ran.code == 0 {
            let codes = Oathtool::new(ran.json()["secret"].as_str().unwrap());
            let knock = house.knock("bob", &codes.hotp(0));
            assert_eq!(knock.code, "PAM_SUCCESS", "{fault}: it said it was done: {knock:?} {status}");
            whole += 1;
        } else {
            assert!(!ran.stderr.is_empty() || ran.stdout.contains("error"), "{fault}: refused without a word: {ran:?}");
            // Refused or cut off after it was kept: then all of it was kept.
            assert!(factors <= 1, "{fault}: {status}");
            assert_eq!(status["recovery_left"], 10 * factors, "{fault}: {status}");
            none += 1;
        }
        is_whole(&house, fault);
        happened
    });
    assert_eq!(house.knock("alice", &alice.hotp(0)).code, "PAM_SUCCESS", "whatever happened to bob");
    println!("{came_to_pass} faults of mfad in an enrolment: {whole} enrolled, {none} refused");
    assert!(came_to_pass > 50 && whole > 10 && none > 10, "the faults met nothing");
}

#[test]
fn no_failing_call_leaves_half_an_import_of_tokens() {
    const ROWS: usize = 40;
    let mut house = House::new("sweep-tokens", POLICY);
    let _ = house.enroll("alice", "hotp");
    let rows: String =
        (0..ROWS).map(|row| format!("C{row:05},{:040x},TOTP,6,30\n", 0xabcd_ef01_u64 + row as u64)).collect();
    let file = house.world.folder().join("tokens.csv");
    house.world.write(&file, &rows, 0o600);
    let import = |house: &House| house.mfactl.run(&["token", "import", file.to_str().unwrap()], "");
    let watched = Strace::watch(&house.world, house.mfad.pid());
    let _ = import(&house).ok();
    let calls = watched.calls();
    let (mut all, mut none) = (0, 0);
    let came_to_pass = sweep(&calls, |fault| {
        house.mfad.kill9();
        let _ = fs::remove_file(house.world.state_dir().join("tokens.toml"));
        house.mfad.run();
        let (ran, happened) = with_mfad_failing(&mut house, fault, import);
        let listed = house.mfactl.run(&["token", "list", "--json"], "").ok().stdout.lines().count();
        assert!(listed == 0 || listed == ROWS, "{fault}: {listed} of {ROWS}: {ran:?}");
        assert!(ran.code != 0 || listed == ROWS, "{fault}: it said it was done: {ran:?}");
        is_whole(&house, fault);
        *(if listed == 0 { &mut none } else { &mut all }) += 1;
        happened
    });
    println!("{came_to_pass} faults of mfad in an import of tokens: {all} imported, {none} refused");
    assert!(came_to_pass > 40 && all > 5 && none > 5, "the faults met nothing");
}

#[test]
fn no_failing_call_makes_an_approval_of_none() {
    let mut home = Home::new("sweep-push", POLICY);
    let start_again = |home: &mut Home, saved: &Path| {
        home.house.mfad.kill9();
        // What was charged to earlier rounds would end the pushes after the fifth.
        let copied = Program::new("sh").args(["-c", "rm -rf \"$2\"/* && cp -a \"$1\"/. \"$2\"", "sh"]);
        let _ = copied.arg(saved).arg(home.house.world.state_dir()).run("").ok();
        let times = home.house.mfad.errors().matches("on the system bus").count();
        home.house.mfad.run();
        home.house.mfad.is_on_the_bus(times + 1);
        assert_eq!(home.device.does(&format!("register {}", home.id)), "OK");
    };
    let saved = home.house.world.folder().join("saved");
    let copied = Program::new("cp").arg("-a").arg(home.house.world.state_dir()).arg(&saved);
    let _ = copied.run("").ok();
    let door = home.house.door("door", "alice", "first_factor=stack");
    start_again(&mut home, &saved);
    // A clean one, to count what mfad calls while it is answered.
    let (calls, opened, _) = one_push(&mut home, &door, None, true);
    assert!(opened);
    let (mut approved, mut refused) = (0, 0);
    let came_to_pass = sweep(&calls, |fault| {
        let mut met = false;
        for right in [false, true] {
            start_again(&mut home, &saved);
            let (_, opened, happened) = one_push(&mut home, &door, Some(fault), right);
            assert!(right || !opened, "{fault}: a wrong number opened the door");
            if fault.how == "signal=KILL" && happened {
                assert!(!opened || right, "{fault}");
            } else if right {
                let again = home.device.does("replay");
                assert!(again.starts_with("ERROR"), "{fault}: an approval counted twice: {again}");
            }
            if right {
                *(if opened { &mut approved } else { &mut refused }) += 1;
            }
            met |= happened;
            if fault.how == "signal=KILL" {
                home.house.mfad.restart();
            }
            is_whole(&home.house, fault);
        }
        met
    });
    println!("{came_to_pass} faults of mfad in an approval: {approved} approved all the same, {refused} refused");
    assert!(came_to_pass > 35 && approved > 5 && refused > 0, "the faults met nothing");
}

/// One login by push whose answer meets this fault: what was called, whether the door opened, whether the fault came to pass.
fn one_push(
    home: &mut Home,
    door: &PamClient,
    fault: Option<&Fault>,
    right: bool,
) -> (BTreeMap<String, usize>, bool, bool) {
    let mut call = door.start();
    let prompt = call.prompt();
    assert!(prompt.ends_with(BOTH), "{prompt}");
    let shown = number_in(&prompt);
    let number = if right { shown } else { format!("{:06}", (shown.parse::<u32>().unwrap() + 1) % 1_000_000) };
    let request = request_id(&home.device.presented());
    let pid = home.house.mfad.pid();
    let strace = match fault {
        None => Strace::watch(&home.house.world, pid),
        Some(fault) => Strace::inject(&home.house.world, pid, fault),
    };
    let answered = home.device.does(&format!("approve {request} {number}"));
    let happened = match fault {
        None => return (strace.calls(), answered == "OK" && is_opened(&mut call), false),
        Some(_) => strace.happened(),
    };
    // Who is told that the answer did not arrive gives it once more, and then gives up.
    let gave_up = answered != "OK" && home.device.does(&format!("approve {request} {number}")) != "OK";
    let opened = !gave_up && is_opened(&mut call);
    (BTreeMap::new(), opened, happened)
}

/// Enter at the prompt that offers a push, and whether that lets in.
fn is_opened(call: &mut PamCall) -> bool {
    call.answer("");
    let_in(&call.rest())
}

#[test]
fn the_sweep_sees_what_it_injects() {
    let house = House::new("sweep-proof", POLICY);
    let log = house.world.folder().join("out");
    let fault = Fault { call: "openat".to_owned(), how: "error=EIO", when: 1 };
    let (program, trace) = Program::new("cat").arg(log).failing(&house.world, Some(&fault));
    assert_ne!(program.run("").code, 0);
    assert!(happened(&trace));
}
