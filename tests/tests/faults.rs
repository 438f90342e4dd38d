//! Whatever is broken, the answer is no, soon, with a log line that names the cause.

use pam_mfa_tests::harness::{
    FakeMfad, House, Mfactl, Mfad, Misbehaviour, PamClient, Program, World, built, calm_now, is_whole,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

/// One machine step may take five seconds; the rest is for two busy cores.
const SOON: Duration = Duration::from_secs(8);

/// A frame with this JSON.
fn frame(json: &str) -> Vec<u8> {
    let mut bytes = u32::try_from(json.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(json.as_bytes());
    bytes
}

fn granted(user: &str) -> String {
    format!(r#"{{"v":1,"t":{{"granted":{{"user":"{user}","method":"totp","reason":"code-accepted"}}}}}}"#)
}

/// One call through our module alone: its PAM code, its log line, and that it did not take long.
fn call(world: &World, arguments: &str) -> (String, String) {
    world.pam("door", &[&world.module("required", arguments)]);
    let (mark, start) = (world.log().mark(), Instant::now());
    let code = PamClient::new("door", "alice").verdict(&["123456"]);
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    let line = world.log().expect_new(mark, &["pam_mfa(door:auth)", "user=\"alice\""]);
    let lines = world.log().lines().split_off(mark);
    assert_eq!(lines.iter().filter(|line| line.contains("pam_mfa(")).count(), 1, "one line a decision: {lines:#?}");
    (code, line)
}

#[test]
fn without_a_daemon_nobody_gets_in_and_the_line_says_why() {
    let world = World::new("absent");
    let (code, line) = call(&world, "first_factor=stack");
    assert_eq!(code, "PAM_AUTHINFO_UNAVAIL", "{line}");
    assert!(line.contains("result=refused"), "{line}");
    assert!(line.contains("root.sock") || line.contains("mfad"), "{line}");
}

/// Refused behind this misbehaviour, also where an unreachable daemon may be ignored.
fn refused_behind(world: &World, what: &str, how: &Misbehaviour) {
    for arguments in ["", "unreachable=ignore"] {
        let fake = FakeMfad::start(world, how.clone());
        let (code, line) = call(world, arguments);
        assert_eq!(code, "PAM_AUTHINFO_UNAVAIL", "{what} {arguments}: {line}");
        assert!(line.contains("result=refused"), "{what}: {line}");
        drop(fake);
    }
}

fn says(bytes: &[u8]) -> Misbehaviour {
    Misbehaviour::Says(vec![bytes.to_vec()])
}

fn prompt() -> Vec<u8> {
    frame(r#"{"v":1,"t":{"prompt":{"text":"Verification code: ","echo":false}}}"#)
}

#[test]
fn a_daemon_that_talks_nonsense_lets_nobody_in() {
    let world = World::new("nonsense");
    let whole = frame(&granted("alice"));
    let info = frame(r#"{"v":1,"t":{"info":{"text":"wait"}}}"#);
    for (what, how) in [
        ("closes", Misbehaviour::Closes),
        ("garbage", says(b"HTTP/1.1 200 OK\r\n\r\n")),
        ("an announcement of four gigabytes", says(&[0xff; 64])),
        ("half a frame and the end", Misbehaviour::SaysAndCloses(whole[..whole.len() / 2].to_vec())),
        ("only a length", Misbehaviour::SaysAndCloses(whole[..4].to_vec())),
        ("an empty frame", says(&frame(""))),
        ("another user's grant", says(&frame(&granted("bob")))),
        ("another version", says(&frame(&granted("alice").replace("\"v\":1", "\"v\":2")))),
        ("an unknown reason", says(&frame(&granted("alice").replace("code-accepted", "because")))),
        ("an unknown field", says(&frame(&granted("alice").replace("\"t\":", "\"x\":0,\"t\":")))),
        ("an unknown step", says(&frame(r#"{"v":1,"t":"granted"}"#))),
        ("a prompt and the end", Misbehaviour::SaysAndCloses(prompt())),
        ("infos without end", says(&info.repeat(2000))),
    ] {
        refused_behind(&world, what, &how);
    }
    // The same fake with an impeccable grant is believed: what was refused above was refused for its fault.
    let _fake = FakeMfad::start(&world, says(&whole));
    assert_eq!(call(&world, "").0, "PAM_SUCCESS");
}

#[test]
fn a_daemon_that_never_answers_lets_nobody_in() {
    refused_behind(&World::new("silent"), "never answers", &Misbehaviour::Silent);
}

#[test]
fn a_daemon_that_never_accepts_lets_nobody_in() {
    refused_behind(&World::new("deaf"), "never accepts", &Misbehaviour::NeverAccepts);
}

#[test]
fn a_daemon_that_stops_within_a_frame_lets_nobody_in() {
    let whole = frame(&granted("alice"));
    refused_behind(&World::new("half"), "half a frame and no more", &says(&whole[..whole.len() / 2]));
}

#[test]
fn a_daemon_that_falls_silent_after_its_prompt_lets_nobody_in() {
    refused_behind(&World::new("silenced"), "a prompt and silence", &says(&prompt()));
}

#[test]
fn only_a_missing_or_refusing_socket_counts_as_unreachable() {
    let house = House::new("unreachable", POLICY);
    let House { world, mut mfad, .. } = house;
    let line = world.module("required", "unreachable=ignore");
    world.pam("door", &["required pam_permit.so", &line]);
    let client = PamClient::new("door", "alice");
    mfad.freeze();
    let start = Instant::now();
    assert_eq!(client.verdict(&["123456"]), "PAM_AUTHINFO_UNAVAIL", "frozen is not unreachable");
    assert!(start.elapsed() < SOON);
    mfad.thaw();
    mfad.kill9();
    let mark = world.log().mark();
    assert_eq!(client.verdict(&[]), "PAM_SUCCESS", "a socket nobody listens on");
    world.log().expect_new(mark, &["<84>", "pam_mfa(door:auth)", "result=ignored"]);
    for socket in ["root.sock", "user.sock"] {
        let _ = fs::remove_file(world.run_dir().join(socket));
    }
    assert_eq!(client.verdict(&[]), "PAM_SUCCESS", "no socket");
    // A folder that others can write to could hold anybody's socket.
    fs::set_permissions(world.run_dir(), Permissions::from_mode(0o777)).unwrap();
    assert_ne!(client.verdict(&[]), "PAM_SUCCESS", "a loose folder is not an absent daemon");
}

#[test]
fn a_misspelt_argument_lets_nobody_in_and_is_named() {
    let house = House::new("arguments", "require = \"off\"\n");
    for bad in ["requre", "unreachable=permit", "first_factor=none", "debug=yes", "run_dir=relative", "nullok"] {
        let (code, line) = call(&house.world, bad);
        assert_ne!(code, "PAM_SUCCESS", "{bad}");
        assert_ne!(code, "PAM_IGNORE", "{bad}");
        assert!(line.contains("result=refused") && line.contains(bad.split('=').next().unwrap()), "{bad}: {line}");
    }
}

#[test]
fn a_frozen_daemon_delays_a_login_but_lets_nobody_in() {
    let house = House::new("frozen", POLICY);
    house.mfad.freeze();
    let (code, line) = call(&house.world, "first_factor=stack");
    house.mfad.thaw();
    assert_eq!(code, "PAM_AUTHINFO_UNAVAIL", "{line}");
}

#[test]
fn a_bad_configuration_keeps_the_daemon_from_starting_and_is_named() {
    let world = World::new("config");
    let mfad = Mfad::new(&world, POLICY);
    let config = mfad.config().to_owned();
    let restore = || world.write(&config, POLICY, 0o644);
    let refused = |what: &str, words: &[&str]| {
        let (code, errors) = mfad.fails_to_start();
        assert_ne!(code, 0, "{what}");
        for word in words {
            assert!(errors.contains(word), "{what}: {word} is not in: {errors}");
        }
        let (code, line) = call(&world, "");
        assert_eq!(code, "PAM_AUTHINFO_UNAVAIL", "{what}: {line}");
    };
    fs::remove_file(&config).unwrap();
    refused("missing", &["mfa.toml"]);
    for (what, text, words) in [
        ("truncated", "require = \"requ", vec!["mfa.toml", "1"]),
        ("an unknown key", "require = \"required\"\nrequre = \"off\"\n", vec!["mfa.toml", "2", "requre"]),
        ("an unknown value", "tries = 1\nrequire = \"sometimes\"\n", vec!["mfa.toml", "2", "require"]),
        ("an exemption of everybody", "[[rule]]\nrequire = \"off\"\n", vec!["mfa.toml"]),
    ] {
        world.write(&config, text, 0o644);
        refused(what, &words);
    }
    restore();
    for (what, mode) in [("writable by all", 0o646), ("writable by its group", 0o664)] {
        fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
        refused(what, &["mfa.toml"]);
    }
    restore();
    world.give_to_daemon(&config, 0o644);
    refused("not root's", &["mfa.toml"]);
    nix::unistd::chown(&config, Some(nix::unistd::Uid::from_raw(0)), None).unwrap();
    fs::set_permissions(world.state_dir(), Permissions::from_mode(0o755)).unwrap();
    refused("a loose state folder", &["state"]);
}

#[test]
fn an_empty_configuration_is_the_strict_default() {
    let house = House::new("empty", "");
    let (code, line) = call(&house.world, "first_factor=stack");
    assert_ne!(code, "PAM_SUCCESS", "{line}");
    assert!(line.contains("reason=enrolment-required"), "{line}");
}

#[test]
fn a_bad_new_configuration_leaves_the_old_one_in_force() {
    let house = House::new("reload", POLICY);
    house.mfad.reload("require = \"off\"\nrequre = \"off\"\n");
    let named = |wanted: &str| {
        let end = Instant::now() + SOON;
        while !house.mfad.errors().contains(wanted) {
            assert!(Instant::now() < end, "{wanted} is not in: {}", house.mfad.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    named("requre");
    assert_eq!(house.knock("alice", "123456").reason, "enrolment-required", "the old policy");
    house.mfad.reload("require = \"off\"\n");
    let end = Instant::now() + SOON;
    while house.knock("alice", "123456").reason != "not-required" {
        assert!(Instant::now() < end, "the new policy never came into force");
    }
}

#[test]
fn ten_thousand_connections_of_a_user_leave_roots_logins_alone() {
    let house = House::new("flood", POLICY);
    let recovery = house.enroll("alice", "totp").recovery_codes;
    let bob = house.world.user("bob");
    // The limit is raised before the user is changed.
    let flood = Program::new("prlimit")
        .args(["--nofile=20000:20000", "setpriv"])
        .args([format!("--reuid={}", bob.uid), format!("--regid={}", bob.uid), "--clear-groups".to_owned()])
        .arg(built("flood"))
        .arg(house.world.run_dir().join("user.sock"))
        .arg("10000");
    let mut child = flood.command().stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // It may never come to its end: mfad need not accept what it does not want.
    std::thread::sleep(Duration::from_secs(2));
    for code in recovery.iter().take(3) {
        let start = Instant::now();
        assert_eq!(house.knock("alice", code).code, "PAM_SUCCESS");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    assert_eq!(child.try_wait().unwrap(), None, "the flood ended early");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_daemon_short_of_descriptors_refuses_and_recovers() {
    let house = House::new("emfile", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let pid = house.mfad.pid();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    // The lowest that is free once the connections so far have gone: the next descriptor would be this one.
    let lowest = || (0..).find(|fd| fs::symlink_metadata(format!("/proc/{pid}/fd/{fd}")).is_err()).unwrap();
    let lowest: usize = (0..10).map(|_| (std::thread::sleep(Duration::from_millis(20)), lowest()).1).min().unwrap();
    // By mfad's own user, who needs no privilege for it; the hard limit stays, so that the soft one can be given back.
    let prlimit = |words: &[&str]| {
        let program = Program::new("setpriv").args(["--reuid=_mfad", "--regid=_mfad", "--clear-groups", "prlimit"]);
        program.args(["--pid", &pid.to_string()]).args(words).run("").ok().stdout
    };
    let allow = |descriptors: usize| drop(prlimit(&[&format!("--nofile={descriptors}:")]));
    let before: usize = prlimit(&["--nofile", "--noheadings", "--output=SOFT"]).trim().parse().unwrap();
    let mut counter = 1;
    let (mut refused, mut served) = (0, 0);
    // From not even one for the connection to enough for everything a login opens.
    for spare in 0..10 {
        allow(lowest + spare);
        let start = Instant::now();
        let first = house.knock("alice", &codes.hotp(counter));
        assert!(start.elapsed() < SOON, "{spare} to spare: {:?}", start.elapsed());
        if spare == 0 {
            assert_ne!(first.code, "PAM_SUCCESS", "without a descriptor for its connection");
            assert!(house.mfad.errors().contains("Too many open files"), "never short: {}", house.mfad.errors());
        }
        allow(before);
        // Accepting begins again after a pause of its own.
        let second = house.knock("alice", &codes.hotp(counter));
        assert!(first.code != "PAM_SUCCESS" || second.reason == "replay", "{spare} to spare: {first:?}, {second:?}");
        assert_eq!(house.knock("alice", &codes.hotp(counter + 1)).code, "PAM_SUCCESS", "{spare} to spare");
        counter += 2;
        *(if first.code == "PAM_SUCCESS" { &mut served } else { &mut refused }) += 1;
    }
    println!("{lowest} descriptors and 0 to 9 more: {refused} logins refused, {served} served");
    assert!(refused > 0 && served > 0, "{refused} refused, {served} served: the limits were all too low or too high");
    is_whole(&house, &"after a want of descriptors");
}

#[test]
fn connections_that_say_nothing_take_the_places_but_no_descriptor_of_a_file() {
    let world = World::new("places");
    let house = House { mfad: Mfad::start_with_descriptors(&world, POLICY, 40), mfactl: Mfactl::new(&world), world };
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    // Of so few descriptors mfad gives root's connections one place: the first of these has it until it is given up.
    let held: Vec<UnixStream> =
        (0..80).filter_map(|_| UnixStream::connect(house.world.run_dir().join("root.sock")).ok()).collect();
    let start = Instant::now();
    let crowded = house.knock("alice", &codes.totp(now));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(crowded.code, "PAM_AUTHINFO_UNAVAIL", "{crowded:?}");
    assert!(!house.mfad.errors().contains("Too many open files"), "{}", house.mfad.errors());
    drop(held);
    // The daemon sees only in a moment that the held ones are gone.
    let end = Instant::now() + SOON;
    while house.knock("alice", &codes.totp(now)).code != "PAM_SUCCESS" {
        assert!(Instant::now() < end, "after {crowded:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
