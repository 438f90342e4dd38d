//! A tour of everything that is typed, shown or stored, and then a search: nothing of it stands in a log, a record, an argument
//! or an environment, in any encoding.

use pam_mfa_tests::harness::canary::{keep_quiet_about, places, told};
use pam_mfa_tests::harness::{
    BOTH, Home, Oathtool, PASSWORD, Program, Ssh, Sshd, Terminal, calm_now, number_in, request_id,
};
use std::os::unix::fs::MetadataExt;

const POLICY: &str = "require = \"required\"\nenrol = [\"app\"]\n";

/// Six digits are in a log where they stand alone: not within a time of day, a longer number or a process id.
fn stands_alone(text: &str, digits: &str) -> bool {
    text.match_indices(digits).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + digits.len()..].chars().next();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || ".[:_".contains(c));
        !joins(before) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

#[test]
fn nothing_that_was_typed_or_shown_stands_anywhere_afterwards() {
    let mut home = Home::new("canary", POLICY);
    let mut typed: Vec<String> = vec![PASSWORD.to_owned(), "hunter2hunter2".to_owned()];
    let codes = home.enrolled.oathtool();

    // A push by number, through sudo.
    let (mut terminal, number, request) = home.sudo();
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    terminal.line("");
    assert_eq!(terminal.finish().code, 0);
    typed.push(number);

    // A word that is no code, a wrong code and a right one, through sshd behind a password.
    home.house
        .world
        .pam("sshd", &["requisite pam_unix.so", &home.house.world.module("required", "first_factor=stack debug")]);
    // Not 3: there newer versions of OpenSSH log each message that a login shows (docs/logs.md).
    let sshd = Sshd::start(&home.house.world, "LogLevel DEBUG2\nMaxAuthTries 20");
    let (wrong, right) = (codes.wrong(calm_now()), codes.totp(calm_now()));
    for (answer, opens) in [("hunter2hunter2", false), (wrong.as_str(), false), (right.as_str(), true)] {
        let ssh = Ssh::to(&sshd, "alice").option("NumberOfPasswordPrompts=1").command("echo let in");
        let mut terminal = Terminal::start(&ssh);
        terminal.answer("assword", PASSWORD);
        let prompt = terminal.expect(BOTH);
        typed.push(number_in(&prompt));
        terminal.line(answer);
        if opens {
            assert_eq!(terminal.finish().code, 0, "{}", sshd.log());
        } else {
            drop(terminal);
        }
    }
    typed.extend([wrong, right]);

    // A recovery code through su, an admin's stand-in code, a ticket, codes on mfactl's input.
    home.house.world.pam("su", &[&home.house.world.module("required", "first_factor=stack")]);
    let mut terminal = Terminal::start(
        &Program::new("su").args(["alice", "-c", "echo let in"]).as_user(&home.house.world.user("bob")),
    );
    terminal.answer(": ", &home.enrolled.recovery_codes[1]);
    let ended = terminal.finish();
    assert!(ended.text().contains("let in"), "{}", ended.text());
    let bypass = home.house.mfactl.run(&["bypass", "alice", "--for", "1h", "--reason", "canary", "--json"], "").ok();
    typed.push(bypass.json()["code"].as_str().unwrap().to_owned());
    let ticket = home.house.mfactl.run(&["ticket", "bob", "--json"], "").ok();
    typed.push(ticket.json()["ticket"].as_str().unwrap().to_owned());
    let _ = home.house.mfactl.run(&["verify", "alice"], "135790\n");
    typed.push("135790".to_owned());

    // A token of a maker's file, and a first factor set up in the login itself.
    let seed = "aabbccddeeff00112233445566778899aabbccdd";
    let file = home.house.world.folder().join("tokens.csv");
    home.house.world.write(&file, &format!("T-1,{seed},TOTP,6,30\n"), 0o600);
    let _ = home.house.mfactl.run(&["token", "import", file.to_str().unwrap()], "").ok();
    let _ = home.house.mfactl.run(&["token", "assign", "T-1", "bob"], "").ok();
    keep_quiet_about(&data_encoding::BASE32_NOPAD.encode(&data_encoding::HEXLOWER.decode(seed.as_bytes()).unwrap()));
    let (key, shown, code) = enrolled_at_login(&sshd);
    keep_quiet_about(&key);
    typed.push(code);
    assert_eq!(shown.len(), 10);
    shown.iter().for_each(|code| keep_quiet_about(code));

    let held: Vec<_> = places(&home.house.world);
    assert!(held.iter().any(|(place, bytes)| place.ends_with("mfad.err") && !bytes.is_empty()), "mfad said nothing");
    for secret in &typed {
        for (place, bytes) in &held {
            let text = String::from_utf8_lossy(bytes);
            let found = if secret.len() == 6 { stands_alone(&text, secret) } else { text.contains(secret.as_str()) };
            assert!(!found, "{secret} stands in {place}:\n{text}");
        }
    }
    assert_eq!(told(&home.house.world), Vec::<String>::new());

    // No core file can be made, nor memory read by others of the same user: the kernel gives what is not dumpable to root.
    let environ = std::fs::metadata(format!("/proc/{}/environ", home.house.mfad.pid())).unwrap();
    assert_eq!(environ.uid(), 0, "mfad is dumpable");
}

/// carol sets up her first factor in her login; the key and the recovery codes that her terminal showed, and what she typed.
fn enrolled_at_login(sshd: &Sshd) -> (String, Vec<String>, String) {
    let mut terminal = Terminal::start(&Ssh::to(sshd, "carol").command("echo let in"));
    terminal.answer("assword: ", PASSWORD);
    let screen = terminal.expect("the app shows now: ");
    let line = screen.lines().find_map(|line| line.trim().strip_prefix("Key: ")).expect("a key");
    let key: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    let code = Oathtool::new(&key).totp(calm_now());
    terminal.line(&code);
    let screen = terminal.expect("Press Enter when you have kept them: ");
    terminal.line("");
    assert_eq!(terminal.finish().code, 0);
    let is_code = |word: &&str| word.len() == 29 && word.matches('-').count() == 5;
    (key, screen.split_whitespace().filter(is_code).map(str::to_owned).collect(), code)
}
