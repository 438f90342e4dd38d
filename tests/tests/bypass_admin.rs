//! What administrators do with bypasses: make, consent, list, end; and what they may not.

use pam_mfa_tests::harness::{House, Mfactl, Program, built};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

/// alice, bob and carol, as administrators by their login uids.
const ALICE: u32 = 1001;
const BOB: u32 = 1002;
const CAROL: u32 = 1003;

/// Makes one for an hour, with these arguments besides; its code.
fn made(mfactl: &Mfactl, user: &str, more: &[&str]) -> String {
    let arguments = [&["bypass", user, "--for", "1h", "--reason", "phone lost", "--json"], more].concat();
    let made = mfactl.run_by(BOB, &arguments).ok().json();
    made["code"].as_str().unwrap_or_else(|| panic!("no code in {made}")).to_owned()
}

/// The name that alice's has, as the hint of `mfactl bypass alice` gives it or as programs read it.
fn id(mfactl: &Mfactl) -> String {
    let shown = mfactl.run(&["bypass", "alice", "--json"], "").ok().json();
    shown["id"].as_str().unwrap_or_else(|| panic!("no id in {shown}")).to_owned()
}

fn trail(mfactl: &Mfactl, user: &str) -> String {
    mfactl.run(&["log", "--user", user, "--json"], "").ok().stdout
}

#[test]
fn with_consent_it_opens_nothing_until_another_administrator_says_yes() {
    let policy = "require = \"required\"\n[bypass]\nmax = \"4h\"\nconsent = true\n";
    let house = House::new("bypass-consent", policy);
    let mfactl = &house.mfactl;
    let make = ["bypass", "alice", "--for", "1h", "--reason", "phone lost"];
    let nobody = mfactl.run_by(u32::MAX, &make);
    assert!(nobody.code == 1 && nobody.stderr.contains("log in as yourself"), "{nobody:?}");
    let told = mfactl.run_by(BOB, &make).ok().stdout;
    assert!(told.contains("until another administrator consents: mfactl bypass alice shows it"), "{told}");
    let code = told.lines().map(str::trim).find(|line| line.len() == 29).expect("a code").to_owned();
    assert_eq!(house.knock("alice", &code).reason, "consent-missing");
    let shown = mfactl.run(&["bypass"], "").ok().stdout;
    assert!(
        shown.contains("alice: Bypass, waits for the consent") && shown.contains("by uid 1002: phone lost"),
        "{shown}"
    );
    let id = id(mfactl);
    assert!(shown.contains(&format!("to consent: mfactl bypass alice --consent {id}\n")), "{shown}");
    let consent = ["bypass", "alice", "--consent", &id];
    for (who, why) in
        [(BOB, "you made it yourself"), (ALICE, "it is for you"), (0, "log in as yourself"), (u32::MAX, "log in")]
    {
        let refused = mfactl.run_by(who, &consent);
        assert!(refused.code == 1 && refused.stderr.contains(why), "{who}: {refused:?}");
        assert_eq!(house.knock("alice", &code).reason, "consent-missing", "{who}");
    }
    let _ = mfactl.run_by(CAROL, &consent).ok();
    let again = mfactl.run_by(CAROL, &consent);
    assert!(again.code == 1 && again.stderr.contains("consented already"), "{again:?}");
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    let trail = trail(mfactl, "alice");
    assert!(trail.contains("\"bypass.consented\"") && trail.contains("\"by_uid\":1003"), "{trail}");
    let log = house.mfad.errors();
    assert!(log.lines().any(|l| l.contains("WARN") && l.contains("was consented to by uid 1003")), "{log}");
}

#[test]
fn who_consented_to_one_that_was_made_anew_since_has_consented_to_nothing() {
    let house = House::new("bypass-anew", "require = \"required\"\n[bypass]\nmax = \"4h\"\nconsent = true\n");
    let _ = made(&house.mfactl, "alice", &[]);
    let looked_at = id(&house.mfactl);
    let _ = house.mfactl.run_by(BOB, &["bypass", "alice", "--revoke"]).ok();
    let wider = made(&house.mfactl, "alice", &["--any-number"]);
    let refused = house.mfactl.run_by(CAROL, &["bypass", "alice", "--consent", &looked_at]);
    assert!(
        refused.code == 1
            && refused.stderr.contains("has changed since")
            && refused.stderr.contains("mfactl bypass alice"),
        "{refused:?}"
    );
    assert_eq!(house.knock("alice", &wider).reason, "consent-missing");
    // As it is read aloud, too.
    let _ = house.mfactl.run_by(CAROL, &["bypass", "alice", "--consent", &id(&house.mfactl).to_uppercase()]).ok();
    assert_eq!(house.knock("alice", &wider).code, "PAM_SUCCESS");
}

#[test]
fn one_who_passes_without_a_factor_passes_as_before() {
    let house = House::new("bypass-optional", "require = \"optional\"\n");
    let code = made(&house.mfactl, "alice", &[]);
    assert_eq!(house.knock("alice", &code).reason, "not-enrolled");
    let explained = house.mfactl.run(&["explain", "alice", "door"], "").ok().stdout;
    assert!(explained.contains("has no factor and is asked nothing"), "{explained}");
    // Where it is required the code, not used yet, opens.
    let _ = house.mfactl.run(&["require", "alice", "required"], "").ok();
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
}

#[test]
fn one_made_before_consent_was_wanted_waits_for_it_from_then_on() {
    let house = House::new("bypass-later", POLICY);
    let code = made(&house.mfactl, "alice", &["--any-number"]);
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    house.mfad.reload("require = \"required\"\n[bypass]\nmax = \"24h\"\nconsent = true\n");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.knock("alice", &code).reason, "consent-missing");
    let _ = house.mfactl.run_by(CAROL, &["bypass", "alice", "--consent", &id(&house.mfactl)]).ok();
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
}

#[test]
fn one_that_is_longer_than_policy_says_by_now_ends_when_policy_says() {
    let policy = |max: &str| format!("{POLICY}[bypass]\nmax = \"{max}\"\nconsent = false\n");
    let house = House::with_own_clock("bypass-shorter", &policy("4h"));
    let mfactl = &house.mfactl;
    let _ = house.enroll("bob", "totp");
    let (alices, bobs) = (made(mfactl, "alice", &["--any-number"]), made(mfactl, "bob", &["--any-number"]));
    assert_eq!(house.knock("alice", &alices).code, "PAM_SUCCESS");
    let until = || mfactl.run(&["bypass", "alice", "--json"], "").ok().json()["until"].as_u64().unwrap();
    let before = until();
    house.mfad.reload(&policy("30m"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(before - until(), 1800, "what is shown is what holds");
    house.mfad.set_clock(1700);
    for (user, code) in [("alice", &alices), ("bob", &bobs)] {
        assert_eq!(house.knock(user, code).code, "PAM_SUCCESS", "{user}");
    }
    house.mfad.set_clock(1900);
    // alice has no factor: she is one again who has nothing to show.
    assert_eq!(
        (house.knock("alice", &alices).reason, house.knock("bob", &bobs).reason),
        ("enrolment-required".into(), "wrong-code".into())
    );
    assert_eq!(mfactl.run(&["bypass", "--json"], "").ok().stdout.matches("\"id\"").count(), 0);
    let explained = mfactl.run(&["explain", "bob", "door"], "").ok().stdout;
    assert!(explained.contains("Factors: totp, recovery\n"), "{explained}");
    // It is in the way of no other.
    let again = ["bypass", "alice", "--for", "20m", "--reason", "phone lost", "--json"];
    let again = mfactl.run_by(BOB, &again).ok().json()["code"].as_str().unwrap().to_owned();
    assert_eq!(house.knock("alice", &again).code, "PAM_SUCCESS");
}

#[test]
fn mfactl_says_what_may_not_be_and_ends_what_is_open() {
    let house = House::new("bypass-mfactl", "require = \"required\"\n[bypass]\nmax = \"2h\"\nconsent = false\n");
    let mfactl = |arguments: &[&str]| house.mfactl.run(&[&["bypass"], arguments].concat(), "");
    for (arguments, code, words) in [
        (&["alice", "--for", "1h"][..], 2, "--reason"),
        (&["alice", "--reason", "x"], 2, "--for"),
        (&["--for", "1h", "--reason", "x"], 2, "USER"),
        (&["alice", "--for", "1", "--reason", "x"], 2, "expected a number and s, m, h"),
        (&["alice", "--for", "1h", "--reason", "x", "--uses", "0"], 2, "--uses"),
        (&["alice", "--for", "1h", "--reason", "x", "--uses", "2", "--any-number"], 2, "cannot be used with"),
        (&["--consent", "00000000"], 2, "USER"),
        (&["alice", "--consent"], 2, "--consent <ID>"),
        (&["alice", "--consent", "00000000", "--revoke"], 2, "cannot be used with"),
        (&["alice", "--uses", "2"], 2, "--for"),
        (&["alice", "--for", "3h", "--reason", "x"], 1, "60 s at least and 2 h at most here"),
        (&["alice", "--for", "30s", "--reason", "x"], 1, "60 s at least and 2 h at most here"),
        (&["alice", "--for", "1h", "--reason", " "], 1, "1 to 160 plain characters"),
        (&["alice", "--for", "1h", "--reason", "a\u{1b}[2Jb"], 1, "1 to 160 plain characters"),
        (&["ghost", "--for", "1h", "--reason", "x"], 1, "there is no account"),
        (&["alice", "--revoke"], 1, "is not enrolled"),
        (&["alice", "--consent", "00000000"], 1, "is not enrolled"),
        (&["alice"], 0, "alice has no bypass"),
        (&[], 0, "No bypass is open"),
    ] {
        let ran = mfactl(arguments);
        assert!(ran.code == code && format!("{}{}", ran.stdout, ran.stderr).contains(words), "{arguments:?}: {ran:?}");
    }
    let first = made(&house.mfactl, "alice", &[]);
    let twice = mfactl(&["alice", "--for", "1h", "--reason", "x"]);
    assert!(twice.code == 1 && twice.stderr.contains("has a bypass already"), "{twice:?}");
    let consent = house.mfactl.run_by(CAROL, &["bypass", "alice", "--consent", &id(&house.mfactl)]);
    assert!(consent.code == 1 && consent.stderr.contains("it opens already"), "{consent:?}");
    let listed = house.mfactl.run(&["list"], "").ok().stdout;
    assert!(listed.contains("OVERDUE; BYPASS"), "a bypass makes nobody enrolled: {listed}");
    let explained = house.mfactl.run(&["explain", "alice", "sshd"], "").ok().stdout;
    assert!(explained.contains("is asked for the code of the bypass"), "{explained}");
    assert!(mfactl(&["alice", "--revoke"]).ok().stdout.contains("ended"));
    assert_eq!(house.knock("alice", &first).reason, "enrolment-required");
    let second = made(&house.mfactl, "alice", &[]);
    assert!(house.mfactl.run(&["reset", "alice"], "").ok().stdout.contains("alice"));
    assert_eq!(house.knock("alice", &second).reason, "enrolment-required", "a reset takes it along");
    assert!(trail(&house.mfactl, "alice").matches("bypass.revoked").count() == 2);
}

#[test]
fn where_nobody_sees_the_code_no_bypass_is_left() {
    let house = House::new("bypass-unseen", POLICY);
    let line = "\"$@\" > /dev/full";
    let program = Program::new("sh").args(["-c", line, "sh"]).arg(built("mfactl"));
    let run_dir = house.world.run_dir();
    let ran = program.arg("--run-dir").arg(&run_dir).args(["bypass", "alice", "--for", "1h", "--reason", "x"]).run("");
    assert!(ran.code == 1 && ran.stderr.contains("the bypass was ended again"), "{ran:?}");
    assert!(house.mfactl.run(&["bypass"], "").ok().stdout.contains("No bypass is open"));
}

#[test]
fn to_one_whose_maker_cannot_be_told_nobody_consents() {
    let house = House::new("bypass-nobodys", POLICY);
    let mfactl = &house.mfactl;
    let make = ["bypass", "alice", "--for", "1h", "--reason", "phone lost", "--json"];
    let made = mfactl.run_by(0, &make).ok().json();
    house.mfad.reload("require = \"required\"\n[bypass]\nmax = \"24h\"\nconsent = true\n");
    std::thread::sleep(Duration::from_millis(300));
    // Who made it might be the one who consents.
    let refused = mfactl.run_by(CAROL, &["bypass", "alice", "--consent", &id(mfactl)]);
    assert!(refused.code == 1 && refused.stderr.contains("not known who made it"), "{refused:?}");
    assert_eq!(house.knock("alice", made["code"].as_str().unwrap()).reason, "consent-missing");
}

#[test]
fn root_itself_makes_none_that_lasts_longer_than_policy_says() {
    let house = House::new("bypass-root", "require = \"required\"\n[bypass]\nmax = \"2h\"\nconsent = false\n");
    for (hours, code) in [("3h", 1), ("2h", 0)] {
        let ran = house.mfactl.run_by(0, &["bypass", "alice", "--for", hours, "--reason", "phone lost"]);
        assert_eq!(ran.code, code, "{ran:?}");
    }
}
