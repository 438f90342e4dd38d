//! The process that calls the module is left as it was found, whatever the module is answered.

use pam_mfa_tests::harness::{Event, House, PamClient, World, built, calm_now};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

/// The two snapshots of a client that ran with `--snapshot`.
fn snapshots(events: &[Event]) -> [&serde_json::Value; 2] {
    let taken: Vec<_> =
        events.iter().filter_map(|event| if let Event::Snapshot(taken) = event { Some(taken) } else { None }).collect();
    taken.try_into().unwrap_or_else(|_| panic!("two snapshots in {events:?}"))
}

#[test]
fn a_thousand_logins_leave_the_process_as_it_was() {
    let house = House::new("thousand", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool().lone_hotps(1000);
    let answers: Vec<_> = codes.iter().map(String::as_str).collect();
    let client = house.door("door", "alice", "first_factor=stack").phases("authenticate,setcred,acct_mgmt");
    let events = client.option("--repeat", "1000").flag("--snapshot").run(&answers);
    let granted = Event::Result { phase: "authenticate".into(), code: "PAM_SUCCESS".into() };
    assert_eq!(events.iter().filter(|event| **event == granted).count(), 1000);
    let [first, last] = snapshots(&events);
    assert_eq!(first, last);
    assert_eq!(first["Threads"], "1");
}

#[test]
fn a_thousand_refusals_leave_the_process_as_it_was() {
    let world = World::new("refusals");
    let module = world.module("required", "");
    world.pam("door", &[&module]);
    // No daemon: the paths of failure must not leak either.
    let events = PamClient::new("door", "alice").option("--repeat", "1000").flag("--snapshot").run(&[]);
    assert!(!events.iter().any(|event| matches!(event, Event::Result { code, .. } if code == "PAM_SUCCESS")));
    let [first, last] = snapshots(&events);
    assert_eq!(first, last);
}

#[test]
fn the_first_call_changes_nothing_but_what_loading_a_module_must() {
    let house = House::new("first", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    let ours = house.door("door", "alice", "first_factor=stack").flag("--snapshot").run(&[&codes.hotp(0)]);
    house.world.pam("permit", &["required pam_permit.so"]);
    let permit = PamClient::new("permit", "alice").flag("--snapshot").run(&[]);
    let (mut ours, mut permit) = (snapshots(&ours)[1].clone(), snapshots(&permit)[1].clone());
    // Pipes have other numbers in each process.
    let count = |taken: &serde_json::Value| taken["fds"].as_object().unwrap().len();
    assert_eq!(count(&ours), count(&permit));
    for taken in [&mut ours, &mut permit] {
        taken.as_object_mut().unwrap().remove("fds");
    }
    assert_eq!(ours, permit);
}

#[test]
fn what_is_typed_never_reaches_the_log() {
    let house = House::new("quiet", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let secret_words = ["hunter2hunter2", "135790", "\u{1b}[31mred"];
    let client = house.door("door", "alice", "first_factor=stack debug");
    for word in secret_words {
        assert_ne!(client.verdict(&[word]), "PAM_SUCCESS");
    }
    let code = codes.totp(calm_now());
    assert_eq!(client.verdict(&[&code]), "PAM_SUCCESS");
    let told = house.world.log().lines().join("\n") + &house.mfad.errors();
    for word in secret_words.into_iter().chain([code.as_str()]) {
        assert!(!told.contains(word), "{word:?} in {told}");
    }
}

#[test]
fn what_a_caller_is_called_cannot_forge_a_log_line() {
    let house = House::new("forge", POLICY);
    house.world.pam("door", &[&house.world.module("required", "")]);
    let user = "x\" result=granted reason=code-accepted\n<86>pam_mfa(sshd:auth): user=\"root";
    let client =
        PamClient::new("door", user).option("--rhost", "h\u{202e}\u{1b}[2J\" result=granted").option("--tty", "t\r\nx");
    assert_ne!(client.verdict(&["123456"]), "PAM_SUCCESS");
    let line = house.world.log().expect(&["pam_mfa(door:auth)"]);
    assert!(line.contains("result=refused"), "{line}");
    assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    assert!(!line.replace("\\\"", "").contains("\" result=granted"), "{line}");
}

#[test]
fn a_panic_in_the_module_ends_in_abort_and_the_process_lives() {
    let house = House::new("panic", POLICY);
    let probe = built("../panic-probe/debug/libpam_mfa.so");
    let line = format!("required {} run_dir={}", probe.display(), house.world.run_dir().display());
    house.world.pam("door", &[&line]);
    let events = PamClient::new("door", "alice").option("--repeat", "3").flag("--snapshot").run(&["1", "1", "1"]);
    let aborted = Event::Result { phase: "authenticate".into(), code: "PAM_ABORT".into() };
    assert_eq!(events.iter().filter(|event| **event == aborted).count(), 3, "{events:?}");
    let [first, last] = snapshots(&events);
    assert_eq!(first, last);
}

#[test]
fn the_other_hooks_say_nothing_of_a_login() {
    let house = House::new("hooks", POLICY);
    let module = house.world.module("required", "");
    let stack: String =
        ["auth", "account", "session", "password"].iter().map(|facility| format!("{facility} {module}\n")).collect();
    house.world.pam_file("door", &stack);
    let phases = "acct_mgmt,setcred,open_session,close_session,chauthtok";
    for event in PamClient::new("door", "alice").phases(phases).run(&[]) {
        let Event::Result { phase, code } = &event else { panic!("{event:?}") };
        // Alone in its stack, a module that ignores is libpam's "permission denied".
        assert_eq!(code, "PAM_PERM_DENIED", "{phase}");
    }
}

#[test]
fn credentials_are_set_though_sudo_makes_the_target_the_user_in_between() {
    let house = House::new("changed", POLICY);
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    let client = house.door("door", "alice", "first_factor=stack").option("--later-user", "bob");
    let events = client.phases("authenticate,setcred").run(&[&code]);
    let result = |wanted: &str| {
        events.iter().find_map(|event| match event {
            Event::Result { phase, code } if phase == wanted => Some(code.clone()),
            _ => None,
        })
    };
    assert_eq!(result("authenticate").as_deref(), Some("PAM_SUCCESS"));
    assert_eq!(result("setcred").as_deref(), Some("PAM_SUCCESS"), "the same handle authenticated");
}
