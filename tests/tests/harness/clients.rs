//! What stands in for a program or for mfad: the PAM client, the gate, the fake daemon, oathtool.

use crate::SECRET;
use pam_mfa_tests::harness::{Event, FakeMfad, Gate, HOSTILE, Misbehaviour, Oathtool, PASSWORD, PamClient, World};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn oathtool_gives_the_codes_of_the_standards() {
    // RFC 4226, appendix D, and RFC 6238, appendix B.
    assert_eq!(Oathtool::new(SECRET).hotps(0, 4), ["755224", "287082", "359152", "969429"]);
    assert_eq!(Oathtool::new(SECRET).hotp(9), "520489");
    assert_eq!(Oathtool::new(SECRET).digits(8).totp(59), "94287082");
    let long = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    assert_eq!(Oathtool::new(long).algorithm("sha256").digits(8).step(30).totp(1_111_111_109), "68084774");
}

#[test]
fn a_pam_client_tells_what_it_is_asked_and_told() {
    let world = World::new("client");
    world.pam("door", &["optional pam_echo.so hello %u from %H", "required pam_unix.so"]);
    let client = PamClient::new("door", "alice").option("--rhost", "far.example").phases("authenticate,acct_mgmt");
    let events = client.run(&[PASSWORD]);
    let result = |phase: &str| Event::Result { phase: phase.into(), code: "PAM_SUCCESS".into() };
    let expected = [
        Event::Says { error: false, text: "hello alice from far.example".into() },
        Event::Prompt { echo: false, text: "Password: ".into() },
        result("authenticate"),
        result("acct_mgmt"),
    ];
    assert_eq!(events, expected);
    assert_eq!(client.clone().phases("authenticate").verdict(&["incorrect horse"]), "PAM_AUTH_ERR");
    // No answer at all: the conversation fails.
    assert_ne!(client.phases("authenticate").verdict(&[]), "PAM_SUCCESS");
}

#[test]
fn hostile_answers_reach_the_module() {
    let world = World::new("hostile");
    world.pam("door", &["required pam_unix.so nodelay"]);
    for kind in HOSTILE {
        let verdict = PamClient::new("door", "alice").option("--hostile", kind).verdict(&[PASSWORD]);
        assert_ne!(verdict, "PAM_SUCCESS", "{kind}");
    }
}

#[test]
fn a_permitting_module_leaves_the_process_as_it_was() {
    let world = World::new("snapshot");
    world.pam("door", &["required pam_permit.so"]);
    let events = PamClient::new("door", "alice")
        .option("--repeat", "1000")
        .flag("--snapshot")
        .phases("authenticate,setcred")
        .run(&[]);
    let snapshots: Vec<_> = events.iter().filter(|event| matches!(event, Event::Snapshot(_))).collect();
    assert_eq!(snapshots.len(), 2);
    assert_eq!(snapshots[0], snapshots[1]);
    assert_eq!(events.len(), 2002);
    let Event::Snapshot(first) = snapshots[0] else { unreachable!() };
    assert_eq!(first["Threads"], "1", "{first}");
    assert!(first["fds"].as_object().unwrap().len() >= 3, "{first}");
}

#[test]
fn sixty_four_clients_stand_at_a_gate_and_go_together() {
    let world = World::new("gate");
    world.pam("door", &["required pam_unix.so"]);
    let gate = Gate::closed(&world, "door");
    let client = PamClient::new("door", "alice").gate(&gate);
    let mut calls: Vec<_> = (0..64).map(|_| client.start()).collect();
    for call in &mut calls {
        assert_eq!(call.prompt(), "Password: ");
        call.answer(PASSWORD);
        call.ready();
    }
    gate.open();
    let through = calls.iter_mut().map(|call| call.verdict()).filter(|code| code == "PAM_SUCCESS").count();
    assert_eq!(through, 64);
}

#[test]
fn a_real_uid_can_be_another() {
    let world = World::new("uid");
    world.pam("door", &["required pam_permit.so"]);
    let client = PamClient::new("door", "alice").flag("--snapshot").program(|program| program.with_real_uid(1001));
    let events = client.run(&[]);
    let Some(Event::Snapshot(taken)) = events.last() else { panic!("{events:?}") };
    assert_eq!(taken["Uid"], "1001\t0\t0\t0");
}

#[test]
fn a_fake_daemon_misbehaves_as_told() {
    let world = World::new("fake");
    let socket = world.run_dir().join("root.sock");
    let heard = |misbehaviour| {
        let fake = FakeMfad::start(&world, misbehaviour);
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream.write_all(b"begin").unwrap();
        let mut buffer = [0; 16];
        let read = stream.read(&mut buffer).map(|length| buffer[..length].to_vec()).map_err(|e| e.kind());
        assert_eq!(fake.received(), b"begin");
        read
    };
    assert_eq!(heard(Misbehaviour::Says(vec![b"garbage".to_vec()])), Ok(b"garbage".to_vec()));
    assert_eq!(heard(Misbehaviour::SaysAndCloses(b"half".to_vec())), Ok(b"half".to_vec()));
    assert_eq!(heard(Misbehaviour::Closes), Ok(Vec::new()));
    assert_eq!(heard(Misbehaviour::Silent), Err(std::io::ErrorKind::WouldBlock));
    let full = FakeMfad::start(&world, Misbehaviour::NeverAccepts);
    let (tell, told) = std::sync::mpsc::channel();
    let connecting = std::thread::spawn(move || tell.send(UnixStream::connect(&socket).is_ok()));
    assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "somebody accepted");
    drop(full);
    let _ = connecting.join();
}
