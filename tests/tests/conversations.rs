//! Applications whose conversation misbehaves: no answer, no array, no function, far too much, bytes that are no text, another
//! call of PAM in the middle. None of it lets anybody in, brings the host down, or has it read memory that is not its own.

use pam_mfa_tests::harness::{Event, HOSTILE, House, PATIENCE, Program, calm_now};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// What it does before it answers rightly.
const CALLS: [&str; 4] = ["calls-authenticate", "calls-setcred", "calls-open_session", "calls-another"];

#[test]
fn no_hostile_answer_gets_in_or_brings_the_process_down() {
    let house = House::new("hostile", POLICY);
    let _ = house.enroll("alice", "totp");
    let client = house.door("door", "alice", "first_factor=stack");
    for kind in HOSTILE {
        let start = Instant::now();
        let verdict = client.clone().option("--hostile", kind).verdict(&["ignored"]);
        assert!(
            matches!(verdict.as_str(), "PAM_AUTH_ERR" | "PAM_CONV_ERR" | "PAM_MAXTRIES" | "PAM_AUTHINFO_UNAVAIL"),
            "{kind}: {verdict}"
        );
        assert!(start.elapsed() < Duration::from_secs(8), "{kind}: {:?}", start.elapsed());
    }
    let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().stdout;
    assert!(!status.contains("\"disabled\":true"), "{status}");
}

#[test]
fn a_conversation_that_calls_pam_again_changes_nothing_for_the_call_that_waits() {
    let house = House::new("calls", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let client = house.door("door", "alice", "first_factor=stack");
    for (counter, kind) in (0..).zip(CALLS) {
        let calling = client.clone().option("--hostile", kind);
        assert_ne!(calling.verdict(&["000000"]), "PAM_SUCCESS", "{kind}");
        let events = calling.run(&[&codes.hotp(counter)]);
        let results: Vec<_> = events.iter().filter(|event| matches!(event, Event::Result { .. })).collect();
        let is = |event: &Event, wanted: &str| matches!(event, Event::Result { code, .. } if code == wanted);
        assert!(is(results.last().unwrap(), "PAM_SUCCESS"), "{kind}: {events:?}");
        let others = &results[..results.len() - 1];
        assert!(!others.iter().any(|event| is(event, "PAM_SUCCESS")), "{kind}: the call in the middle: {events:?}");
        assert_eq!(others.len(), usize::from(kind == "calls-another"), "{kind}: {events:?}");
    }
}

/// The program behind valgrind, which ends with 99 for memory that is misused or lost.
fn examined(program: Program) -> Program {
    program.behind([
        "valgrind",
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
    ])
}

#[test]
fn valgrind_sees_what_is_looked_for() {
    let house = House::new("leak", POLICY);
    let (source, program) = (house.world.folder().join("leak.c"), house.world.folder().join("leak"));
    for (body, code) in [
        ("return 0;", 0),
        ("char *p = malloc(9); p = malloc(8); free(p); return 0;", 99),
        ("char *p = malloc(9); free(p); return *p == 7;", 99),
    ] {
        house.world.write(&source, &format!("#include <stdlib.h>\nint main() {{ {body} }}\n"), 0o644);
        let _ = Program::new("gcc").args(["-O0", "-w", "-o"]).arg(&program).arg(&source).run("").ok();
        assert_eq!(examined(Program::new(&program)).run("").code, code, "{body}");
    }
}

#[test]
fn no_conversation_has_the_module_misuse_memory() {
    let house = House::new("valgrind", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let client = house.door("door", "alice", "first_factor=stack").program(examined);
    for kind in HOSTILE.into_iter().chain(CALLS) {
        let mut call = client.clone().option("--hostile", kind).start();
        call.answer("000000");
        let (events, code) = (call.rest(), call.code(PATIENCE));
        assert_eq!(code, 0, "{kind}: {events:?}");
    }
    // A whole login, from account to session.
    let mut call = client.phases("authenticate,acct_mgmt,setcred,open_session,close_session").start();
    call.answer(&codes.totp(calm_now()));
    let events = call.rest();
    assert_eq!(call.code(PATIENCE), 0, "{events:?}");
    assert!(events.iter().any(|e| matches!(e, Event::Result { code, .. } if code == "PAM_SUCCESS")), "{events:?}");
}
