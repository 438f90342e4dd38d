//! A table of policy cases through real sshd and su: what each login meets, and the line that `mfactl explain` says decided it.

use pam_mfa_tests::harness::{House, Oathtool, PASSWORD, Program, Ssh, Sshd, Terminal, calm_now};
use std::time::{Duration, Instant};

/// Each line has a number in the file, by which the cases name it.
const POLICY: &str = r#"require = "optional"
[[rule]]
match = { service = ["sshd"], user = ["alice"], from = ["127.0.0.1"] }
require = "off"
[[rule]]
match = { service = ["su"], user = ["bob"] }
require = "required"
methods = ["hotp", "recovery"]
[[rule]]
match = { service = ["sshd"], first_factor = ["stack", "password", "none"] }
require = "required"
[[rule]]
match = { service = ["su"], target = ["carol"] }
require = "required"
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    /// Let in without a second factor.
    Nothing,
    /// Asked for a code, and let in with it.
    Code,
    /// Refused without a question, or whatever is answered.
    Refusal,
}

/// Logs in; `code` answers the second prompt, if there is one.
fn meets(program: &Program, password: bool, code: &str) -> Meets {
    let mut terminal = Terminal::start(program);
    if password {
        terminal.answer("assword: ", PASSWORD);
    }
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let screen = String::from_utf8_lossy(terminal.transcript()).into_owned();
        if screen.contains("letted in") {
            return Meets::Nothing;
        }
        if screen.contains("erification code") {
            terminal.line(code);
            return if terminal.shows("letted in", Duration::from_secs(3)) { Meets::Code } else { Meets::Refusal };
        }
        // ssh asks for the password again after a refusal.
        if screen.contains("is required") || Instant::now() > end {
            return Meets::Refusal;
        }
        let _ = terminal.shows("never shown", Duration::from_millis(50));
    }
}

fn explained(house: &House, words: &[&str]) -> (String, String) {
    let json = house.mfactl.run(&[&["explain", "--json"], words].concat(), "").ok().json();
    let place = json["decided_by"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (json["require"].as_str().unwrap().to_owned(), place)
}

#[test]
fn each_login_meets_what_explain_says_and_by_the_line_it_names() {
    let house = House::new("policy-doors", POLICY);
    let world = &house.world;
    for service in ["sshd", "su"] {
        world.pam(
            service,
            &["requisite pam_unix.so", &world.module("required", "first_factor=stack"), "required pam_permit.so"],
        );
    }
    let by_password = Sshd::start(world, "");
    let enrolled: Vec<_> = ["alice", "bob"].map(|user| house.enroll(user, "totp")).into();
    let echo = "echo let''ted in";
    let su = |user: &str| Program::new("su").args([user, "-c", echo]).as_user(&house.world.user("alice"));
    let code = Oathtool::new(&enrolled[1].secret).totp(calm_now());
    let (stack, here) = (["--first-factor", "stack"], ["--rhost", "127.0.0.1"]);
    let over_ssh = |user: &'static str| [&[user, "sshd"][..], &here, &stack].concat();
    let by_su = |user: &'static str| [&[user, "su"][..], &stack].concat();
    for (what, meets, expected, words, decided) in [
        (
            "alice, who has a factor, from the network that is exempt",
            meets(&Ssh::to(&by_password, "alice").command(echo), true, ""),
            Meets::Nothing,
            over_ssh("alice"),
            ("off", "mfa.toml:4: require"),
        ),
        (
            "bob by password",
            meets(&Ssh::to(&by_password, "bob").command(echo), true, &code),
            Meets::Code,
            over_ssh("bob"),
            ("required", "mfa.toml:11: require"),
        ),
        (
            "carol, who has no factor, by password",
            meets(&Ssh::to(&by_password, "carol").command(echo), true, ""),
            Meets::Refusal,
            over_ssh("carol"),
            ("required", "mfa.toml:11: require"),
        ),
        (
            "carol by su",
            meets(&su("carol"), true, ""),
            Meets::Refusal,
            by_su("carol"),
            ("required", "mfa.toml:14: require"),
        ),
        (
            "bob by su, by a code of a kind that does not count",
            meets(&su("bob"), true, &Oathtool::new(&enrolled[1].secret).totp(calm_now() + 30)),
            Meets::Refusal,
            by_su("bob"),
            ("required", "mfa.toml:7: require"),
        ),
        (
            "bob by su, by a recovery code",
            meets(&su("bob"), true, &enrolled[1].recovery_codes[0]),
            Meets::Code,
            by_su("bob"),
            ("required", "mfa.toml:7: require"),
        ),
    ] {
        assert_eq!(meets, expected, "{what}");
        let (require, place) = explained(&house, &words);
        assert_eq!((require.as_str(), place.as_str()), decided, "{what}");
    }
    // By a key the rule about passwords says nothing.
    world.pam("sshd", &[&world.module("required", ""), "required pam_permit.so"]);
    let by_key = Sshd::start(world, "AuthenticationMethods publickey,keyboard-interactive:pam");
    let carol = Ssh::to(&by_key, "carol").key(world, &world.user("carol")).command(echo);
    assert_eq!(meets(&carol, false, ""), Meets::Nothing);
    let (require, place) = explained(&house, &["carol", "sshd", "--first-factor", "publickey"]);
    assert_eq!((require.as_str(), place.as_str()), ("optional", "mfa.toml:1: require"));
    // Somebody from elsewhere is not exempt, whoever it is.
    assert_eq!(explained(&house, &["alice", "sshd", "--rhost", "192.0.2.7"]).0, "required");
}

const FLOORED: &str = r#"require = "optional"
[[rule]]
match = { service = ["sshd"], new_source = true }
require = "required"
methods = ["recovery", "hotp"]
[[rule]]
match = { service = ["su"], user = ["*"], from = ["*"] }
require = "off"
tries = 5
[floor]
require = "optional"
methods = ["totp", "recovery", "push"]
tries = 1
number = true
remember = "0"
enrol = ["app", "token", "desktop"]
deadline = "110s"
"#;

#[test]
fn a_new_network_and_the_floor_are_met_at_sshd_and_su_as_explain_says() {
    // Recovery codes alone are nobody's policy: the floor has to leave more of the rule.
    let refused = pam_mfa_tests::harness::World::new("policy-floor-none");
    let (_, said) = pam_mfa_tests::harness::Mfad::new(&refused, FLOORED).fails_to_start();
    assert!(said.contains("mfa.toml:5: methods: the floor") && said.contains("leaves nothing"), "{said}");
    drop(refused);
    let house = House::new(
        "policy-floor",
        &FLOORED.replace("\"totp\", \"recovery\", \"push\"", "\"totp\", \"hotp\", \"recovery\""),
    );
    let world = &house.world;
    for service in ["sshd", "su"] {
        let module = world.module("required", "first_factor=stack");
        world.pam(service, &["requisite pam_unix.so", &module, "required pam_permit.so"]);
    }
    let sshd = Sshd::start(world, "MaxAuthTries 1");
    let alice = house.enroll("alice", "totp");
    let echo = "echo let''ted in";
    let from = |from: &str| Ssh::to(&sshd, "alice").option(&format!("BindAddress={from}")).command(echo);
    let su = Program::new("su").args(["alice", "-c", echo]).as_user(&world.user("bob"));
    let now = calm_now();
    let here = ["alice", "sshd", "--rhost", "127.0.0.1", "--first-factor", "stack"];
    let elsewhere = ["alice", "sshd", "--rhost", "127.0.0.9", "--first-factor", "stack"];
    let new = (String::from("required"), String::from("mfa.toml:4: require"));
    let known = (String::from("optional"), String::from("mfa.toml:1: require"));
    // From a network they never came from their app does not count; a recovery code does, and then it is known.
    assert_eq!(explained(&house, &here), new);
    assert_eq!(meets(&from("127.0.0.1"), true, &alice.oathtool().totp(now)), Meets::Refusal);
    assert_eq!(meets(&from("127.0.0.1"), true, &alice.recovery_codes[0]), Meets::Code);
    assert_eq!(explained(&house, &here), known);
    assert_eq!(meets(&from("127.0.0.1"), true, &alice.oathtool().totp(now)), Meets::Code);
    assert_eq!(explained(&house, &elsewhere), new);
    assert_eq!(meets(&from("127.0.0.9"), true, &alice.oathtool().totp(now + 30)), Meets::Refusal);
    assert_eq!(explained(&house, &["carol", "sshd", "--rhost", "127.0.0.1"]), new, "of whom nothing is known");
    // su is exempt by its rule, and not by the floor: one who has a factor is asked, once.
    let by_su = ["alice", "su", "--first-factor", "stack"];
    assert_eq!(explained(&house, &by_su), (String::from("optional"), String::from("mfa.toml:11: require")));
    let told = house.mfactl.run(&[&["explain"], &by_su[..]].concat(), "").ok().stdout;
    assert!(told.contains("Cut by the floor:") && told.contains("mfa.toml:13: tries = 1\n"), "{told}");
    assert_eq!(meets(&su, true, &alice.oathtool().wrong(now)), Meets::Refusal);
    world.log().expect(&["pam_mfa(su:auth)", "user=\"alice\"", "result=refused", "reason=wrong-code"]);
    assert_eq!(meets(&su, true, &alice.recovery_codes[1]), Meets::Code);
    let carol = Program::new("su").args(["carol", "-c", echo]).as_user(&world.user("bob"));
    assert_eq!(meets(&carol, true, ""), Meets::Nothing);
}

#[test]
fn limits_that_policy_tightens_hold_at_logins_and_for_an_administrators_tries() {
    let house = House::new("policy-limits", "require = \"required\"\n[limits]\nwait_after = 2\ndisable_after = 5\n");
    let [alice, bob] = ["alice", "bob"].map(|user| house.enroll(user, "hotp"));
    let wrong = |codes: &Oathtool| if codes.hotp(0) == "000000" { "000001" } else { "000000" };
    let codes = alice.oathtool();
    for reason in ["wrong-code", "wrong-code", "locked"] {
        assert_eq!(house.knock("alice", wrong(&codes)).reason, reason);
    }
    assert_eq!(house.knock("alice", &codes.hotp(0)).reason, "locked");
    let codes = bob.oathtool();
    let verify = |code: &str| house.mfactl.run(&["verify", "bob"], &format!("{code}\n"));
    for words in ["wrong-code", "wrong-code", "locked"] {
        let refused = verify(wrong(&codes));
        assert!(refused.code == 1 && format!("{}{}", refused.stdout, refused.stderr).contains(words), "{refused:?}");
    }
    assert_eq!(verify(&codes.hotp(0)).code, 1);
}
