//! `use_first_pass`, `try_first_pass` and `forward_pass` in real stacks with `pam_unix`: programs with one prompt get password
//! and code in one line, the password goes on without the code, and nothing of it goes to mfad.

use mfa_core::wire::{Ending, Kind, Method, Reason, Step, Verdict, encode};
use pam_mfa_tests::harness::{
    Event, FakeMfad, House, Misbehaviour, PASSWORD, PamClient, Ssh, Sshd, Terminal, World, calm_now,
};

const POLICY: &str = "require = \"required\"\n";

/// What a one-prompt program such as OpenVPN's plug-in shows or answers blindly.
const BOTH: &str = "Password & verification code: ";

/// A service with these lines before `pam_unix` or behind it, called as OpenVPN calls it.
fn stack(house: &House, lines: &[&str]) -> PamClient {
    house.world.pam("openvpn", lines);
    PamClient::new("openvpn", "alice").option("--rhost", "192.0.2.7")
}

/// Our module before `pam_unix`.
fn in_front(house: &House, arguments: &str, unix: &str) -> PamClient {
    stack(house, &[&house.world.module("required", arguments), &format!("required pam_unix.so nodelay {unix}")])
}

/// The prompts of a call, `-` before hidden ones, and its code.
fn met(events: &[Event]) -> (Vec<String>, String) {
    let mut prompts = Vec::new();
    let mut end = String::new();
    for event in events {
        match event {
            Event::Prompt { echo, text } => prompts.push(format!("{}{text}", if *echo { '+' } else { '-' })),
            Event::Result { code, .. } => end.clone_from(code),
            Event::Says { .. } | Event::Ready | Event::Snapshot(_) => {}
        }
    }
    (prompts, end)
}

/// Why our module decided as it did in the last call.
fn reason(house: &House, mark: usize) -> String {
    let line = house.world.log().expect_new(mark, &["pam_mfa(openvpn:auth)"]);
    line.split("reason=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

fn run(house: &House, client: &PamClient, answers: &[&str]) -> (Vec<String>, String, String) {
    let mark = house.world.log().mark();
    let (prompts, end) = met(&client.run(answers));
    (prompts, end, reason(house, mark))
}

#[test]
fn one_hidden_prompt_for_both_lets_in_and_leaves_the_password_to_pam_unix() {
    let house = House::new("forward", POLICY);
    let enrolled = house.enroll("alice", "totp");
    let codes = enrolled.oathtool();
    let now = calm_now();
    for (unix, code) in
        [("use_first_pass", codes.totp(now - 30)), ("try_first_pass", codes.totp(now)), ("", codes.totp(now + 30))]
    {
        let client = in_front(&house, "forward_pass", unix);
        let both = format!("{PASSWORD}{code}");
        let asked = vec![format!("-{BOTH}")];
        assert_eq!(run(&house, &client, &[&both]), (asked.clone(), "PAM_SUCCESS".into(), "code-accepted".into()));
        let (prompts, end, reason) = run(&house, &in_front(&house, "forward_pass", "use_first_pass"), &[&both]);
        assert_eq!((prompts, &*reason), (asked, "replay"), "a code works once");
        assert_ne!(end, "PAM_SUCCESS");
    }
    let client = in_front(&house, "forward_pass", "use_first_pass");
    for code in [&enrolled.recovery_codes[0], &enrolled.recovery_codes[1].replace('-', "")] {
        let (_, end, reason) = run(&house, &client, &[&format!("{PASSWORD}{code}")]);
        assert_eq!((&*end, &*reason), ("PAM_SUCCESS", "code-accepted"), "{code}");
    }
    // The right code does not stand in for the right password, nor the other way round.
    let third = &enrolled.recovery_codes[2];
    let (_, end, reason) = run(&house, &client, &[&format!("wrong horse{third}")]);
    assert_eq!((&*end, &*reason), ("PAM_AUTH_ERR", "code-accepted"));
    for (answer, why) in [
        (format!("{PASSWORD}{}", codes.wrong(now)), "wrong-code"),
        (PASSWORD.to_owned(), "malformed"),
        (String::new(), "malformed"),
        (codes.wrong(now), "wrong-code"),
    ] {
        let (prompts, end, reason) = run(&house, &client, &[&answer, &answer, &answer]);
        assert_eq!((prompts.len(), &*reason), (1, why), "{answer}");
        assert_ne!(end, "PAM_SUCCESS", "{answer}");
    }
}

#[test]
fn digits_at_the_end_of_the_password_stay_the_passwords() {
    let house = House::new("digits", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    // pam_exec gets what is left as its input.
    let left = house.world.folder().join("left");
    let keep = format!("required pam_exec.so expose_authtok quiet /usr/bin/tee {}", left.display());
    let client = stack(&house, &[&house.world.module("required", "forward_pass"), &keep]);
    for (password, code) in [("horse 12", codes.totp(calm_now() - 30)), ("", codes.totp(calm_now()))] {
        let (_, end, reason) = run(&house, &client, &[&format!("{password}{code}")]);
        assert_eq!((&*end, &*reason), ("PAM_SUCCESS", "code-accepted"));
        let kept = std::fs::read_to_string(&left).unwrap();
        assert_eq!(kept.trim_end_matches('\0'), password);
    }
}

#[test]
fn behind_pam_unix_the_stacked_password_is_no_code_and_is_asked_for() {
    let house = House::new("behind", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let behind = |arguments: &str| {
        let ours = house.world.module("required", &format!("first_factor=stack {arguments}"));
        stack(&house, &["requisite pam_unix.so nodelay", &ours])
    };
    let now = calm_now();
    let (prompts, end, _) = run(&house, &behind("try_first_pass"), &[PASSWORD, &codes.totp(now)]);
    assert_eq!(prompts, ["-Password: ", "-Verification code: "]);
    assert_eq!(end, "PAM_SUCCESS");
    let (prompts, end, reason) = run(&house, &behind("use_first_pass"), &[PASSWORD, &codes.totp(now + 30)]);
    assert_eq!((prompts.len(), &*end, &*reason), (1, "PAM_AUTH_ERR", "no-conversation"));
    // Without these arguments the stacked password is not looked at.
    let (prompts, end, _) = run(&house, &behind(""), &[PASSWORD, &codes.totp(now + 30)]);
    assert_eq!((prompts.len(), &*end), (2, "PAM_SUCCESS"));
}

/// `pam_unix` takes any password and stacks it; ours decides.
fn after_any_password(house: &House, arguments: &str) -> PamClient {
    let ours = house.world.module("required", &format!("first_factor=stack {arguments}"));
    stack(house, &["optional pam_unix.so nodelay", &ours])
}

#[test]
fn a_stacked_code_is_taken_alone_and_behind_a_password() {
    let house = House::new("stacked", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    let client = after_any_password(&house, "use_first_pass");
    for answer in [codes.totp(now - 30), format!("{PASSWORD}{}", codes.totp(now))] {
        let (prompts, end, reason) = run(&house, &client, &[&answer]);
        assert_eq!((prompts.len(), &*end, &*reason), (1, "PAM_SUCCESS", "code-accepted"));
    }
    let wrong = codes.wrong(now);
    let (prompts, end, reason) = run(&house, &client, &[&wrong, &codes.totp(now + 30)]);
    assert_eq!((prompts.len(), &*end, &*reason), (1, "PAM_AUTH_ERR", "wrong-code"), "nobody is asked again");
    let client = after_any_password(&house, "try_first_pass");
    let (prompts, end, _) = run(&house, &client, &[&wrong, &codes.totp(now + 30)]);
    assert_eq!(prompts, ["-Password: ", "-That code was not accepted. Verification code: "]);
    assert_eq!(end, "PAM_SUCCESS");
}

#[test]
fn each_attempt_is_charged_once_and_the_fifth_locks() {
    let house = House::new("charged", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    let wrong = format!("{PASSWORD}99{}", codes.wrong(now));
    let client = after_any_password(&house, "use_first_pass");
    for _ in 0..4 {
        assert_eq!(run(&house, &client, &[&wrong]).2, "wrong-code");
    }
    assert_eq!(run(&house, &client, &[&codes.totp(now - 30)]).2, "code-accepted", "four are not five");
    for _ in 0..5 {
        assert_eq!(run(&house, &client, &[&wrong]).2, "wrong-code");
    }
    assert_eq!(run(&house, &client, &[&codes.totp(now)]).2, "locked");
}

#[test]
fn users_of_whom_nothing_is_asked_are_asked_for_the_password_by_pam_unix() {
    let house = House::new("exempt", "require = \"optional\"\n");
    let client = in_front(&house, "forward_pass", "try_first_pass");
    let (prompts, end, reason) = run(&house, &client, &[PASSWORD]);
    assert_eq!((prompts, &*end, &*reason), (vec!["-Password: ".into()], "PAM_SUCCESS", "not-enrolled"));
}

#[test]
fn strangers_meet_the_same_whoever_they_name() {
    let house = House::new("strangers", POLICY);
    let _ = house.enroll("alice", "totp");
    house.world.pam(
        "openvpn",
        &[&house.world.module("required", "forward_pass"), "required pam_unix.so nodelay use_first_pass"],
    );
    for answer in ["horse123456", "horse", "\u{8}\n\r\u{7f}INCORRECT"] {
        let met = ["alice", "carol", "ghost"].map(|user| {
            let events = PamClient::new("openvpn", user).option("--rhost", "192.0.2.8").run(&[answer; 3]);
            events.into_iter().filter(|event| !matches!(event, Event::Result { .. })).collect::<Vec<_>>()
        });
        assert_eq!(met[0], met[1], "{answer:?}");
        assert_eq!(met[0], met[2], "{answer:?}");
    }
}

/// What reaches mfad's socket when this is typed.
fn sent(world: &World, typed: &str, arguments: &str) -> String {
    let verdict = Verdict { user: "alice".into(), method: Method::None, reason: Reason::Malformed, code_bytes: None };
    let steps = [
        Step::Prompt { text: BOTH.into(), echo: false },
        Step::Refused { ending: Ending::Retry, kind: Kind::Other, verdict },
    ];
    let fake =
        FakeMfad::start(world, Misbehaviour::Says(steps.iter().map(|step| encode(step).unwrap().to_vec()).collect()));
    world.pam("openvpn", &[&world.module("required", arguments)]);
    assert_eq!(PamClient::new("openvpn", "alice").verdict(&[typed]), "PAM_AUTH_ERR");
    String::from_utf8_lossy(&fake.received()).into_owned()
}

#[test]
fn nothing_of_the_password_reaches_mfad() {
    let world = World::new("sent");
    for (typed, code) in [
        ("Tr0ub4dor&3-123456", Some("123456")),
        ("Tr0ub4dor&312345678", Some("12345678")),
        ("correcthorsebatterystaple123456", Some("123456")),
        ("correct horse battery staple", None),
        ("correcthorsebatterystaple", None),
    ] {
        let sent = sent(&world, typed, "forward_pass");
        let answer = sent.split("answer-at-end").nth(1).unwrap_or_else(|| panic!("{sent}"));
        match code {
            Some(code) => assert!(answer.contains(&format!("{{\"text\":\"{code}\"}}")), "{answer}"),
            None => assert!(answer.contains("{\"text\":null}"), "{answer}"),
        }
        for part in ["Tr0", "dor", "horse", "staple", "312345"] {
            assert!(!sent.contains(part), "{part} of {typed}: {sent}");
        }
    }
}

#[test]
fn sshds_own_password_prompt_takes_both_in_one_line() {
    let house = House::new("sshd-forward", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    house
        .world
        .pam("sshd", &[&house.world.module("required", "forward_pass"), "required pam_unix.so nodelay use_first_pass"]);
    let sshd = Sshd::start(&house.world, "PasswordAuthentication yes");
    let ssh = |method: &str| {
        let options = Ssh::to(&sshd, "alice").option("NumberOfPasswordPrompts=1");
        Terminal::start(&options.option(&format!("PreferredAuthentications={method}")).command("id -un"))
    };
    let now = calm_now();
    let both = |code: &str| format!("{PASSWORD}{code}");
    // The password method answers every hidden prompt with the one line the person typed.
    for (method, prompt, code) in
        [("password", "'s password: ", codes.totp(now - 30)), ("keyboard-interactive", BOTH, codes.totp(now))]
    {
        let mut terminal = ssh(method);
        terminal.answer(prompt, &both(&code));
        let ended = terminal.finish();
        assert_eq!((ended.code, ended.text().contains("\nalice\r\n")), (0, true), "{}", ended.text());
    }
    for wrong in [both(&codes.totp(now)), both(&codes.wrong(now)), codes.totp(now + 30)] {
        let mut terminal = ssh("password");
        terminal.answer("'s password: ", &wrong);
        assert_ne!(terminal.finish().code, 0, "{wrong}");
    }
}
