//! What is logged of everything that can be had by logins and `mfactl` alone, line by line, against `tests/golden/`: a change of a
//! line is a change for whoever reads it. That no test has another word or form written is `harness::form`'s.

use pam_mfa_tests::harness::form::Words;
use pam_mfa_tests::harness::{House, PATIENCE, PamClient, calm_now};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

const POLICY: &str = "require = \"required\"\ntries = 1\n\
    [[rule]]\nmatch = { service = [\"*\"], user = [\"bob\"], from = [\"*\"] }\nrequire = \"optional\"\n\
    [[rule]]\nmatch = { service = [\"*\"], user = [\"carol\"], from = [\"*\"] }\nrequire = \"off\"\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn knock(user: &str, answer: &str) {
    let client = PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh");
    let _ = client.run(&[answer]);
}

fn mfactl(house: &House, words: &str, stdin: &str) {
    let _ = house.mfactl.run(&words.split(' ').collect::<Vec<_>>(), stdin).ok();
}

/// Logins of every kind that need no second person and no time to pass.
fn logins(house: &mut House) {
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    for (user, uid) in [("dave", 1004), ("erin", 1005), ("frank", 1006)] {
        house.world.add_user(user, uid);
    }
    let [alice, erin] = [("alice", "totp"), ("erin", "hotp")].map(|(user, kind)| house.enroll(user, kind));
    let now = calm_now();
    let codes = alice.oathtool();
    for answer in
        [codes.totp(now), codes.totp(now), codes.wrong(now), "hunter2".to_owned(), alice.recovery_codes[0].clone()]
    {
        knock("alice", &answer);
    }
    knock("erin", &erin.oathtool().hotp(0));
    for user in ["nobody-of-that-name", "bob", "carol", "dave"] {
        knock(user, "123456");
    }
    let made = house.mfactl.run_by(1002, &["bypass", "dave", "--for", "1h", "--reason", "phone lost", "--json"]).ok();
    knock("dave", made.json()["code"].as_str().unwrap());
    for _ in 0..6 {
        knock("erin", &erin.oathtool().wrong(now));
    }
    mfactl(house, "unlock erin", "");
    house.mfad.kill9();
    fs::remove_file(house.world.state_dir().join("state/erin")).unwrap();
    house.mfad.run();
    knock("erin", &erin.oathtool().hotp(1));
    mfactl(house, "adopt erin", "");
    house.world.change_uid("erin", 1010);
    house.mfad.restart();
    knock("erin", "123456");
    // The module alone.
    let sshd = PamClient::new("sshd", "alice").option("--rhost", "192.0.2.7").option("--tty", "ssh");
    let _ = sshd.clone().option("--hostile", "conv-err").run(&[]);
    let _ = sshd.clone().option("--user-meanwhile", "bob").run(&["123456"]);
    // mfad notices for itself that this one is gone.
    let end = Instant::now() + PATIENCE;
    while !house.mfactl.run(&["log", "--json"], "").ok().stdout.contains("\"cancelled\"") {
        assert!(Instant::now() < end, "nobody noticed");
    }
    house.mfad.stop();
    let _ = sshd.run(&[]);
    house.world.pam("sshd", &[&house.world.module("required", "unreachable=ignore")]);
    let _ = sshd.run(&[]);
    house.world.pam("sshd", &[&house.world.module("required", "requre")]);
    let _ = sshd.run(&[]);
}

/// What administrators change, of which the trail tells.
fn changes(house: &House) {
    let _ = house.enroll("frank", "totp");
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
    for (words, stdin) in [
        ("require frank --after 0", ""),
        ("ticket frank", ""),
        ("recovery new frank", ""),
        ("token add T-1 --period 30", secret),
        ("token assign T-1 frank --no-confirm", ""),
        ("token lost T-1", ""),
        ("token found T-1", ""),
        ("token retire T-1", ""),
        ("reset frank", ""),
    ] {
        mfactl(house, words, stdin);
    }
}

/// Compares with the golden file of this name, or writes it anew.
fn is_golden(name: &str, written: &str, worlds_own: &str) {
    let golden = root().join("tests/golden").join(name);
    let written = written.replace(worlds_own, "/WORLD");
    if std::env::var_os("MFA_GOLDEN").is_some() {
        fs::write(&golden, &written).unwrap();
    }
    let before = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(written, before, "{name}: MFA_GOLDEN=1 writes it anew; say so in CHANGELOG.md");
}

/// A line of the module, with another process id.
fn plain(line: &str) -> String {
    let (head, rest) = line.split_once("auth)[").unwrap();
    format!("{head}auth)[4711{}", &rest[rest.find(']').unwrap()..])
}

const MOMENT: &str = "0000-00-00T00:00:00Z";

fn is_moment(text: &str) -> bool {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    text.chars().take(MOMENT.len()).map(digits).eq(MOMENT.chars())
}

/// A line of the trail, with what differs each time made the same.
fn event(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let mut line = line.replace(&text("prev"), "PREV").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    line = line.replace(&format!("\"time\":{}", event["time"]), "\"time\":0");
    // Every moment: 2026-11-27T00:00:00Z.
    while let Some(at) = line.match_indices("20").map(|(at, _)| at).find(|at| is_moment(&line[*at..])) {
        line.replace_range(at..at + MOMENT.len(), "AT");
    }
    let names = line.match_indices("otp-").map(|(at, _)| line[at + 4..].chars().take(8).collect::<String>());
    for name in names.collect::<BTreeSet<_>>() {
        line = line.replace(&name, "00000000");
    }
    line
}

#[test]
fn everything_that_is_logged_of_logins_and_changes_is_golden() {
    let mut house = House::new("golden-all", POLICY);
    logins(&mut house);
    house.mfad.run();
    changes(&house);
    house.mfad.stop();
    // The last line may still be on its way.
    let end = Instant::now() + PATIENCE;
    while house.world.log().lines_with("reason=bad-argument").is_empty() {
        assert!(Instant::now() < end, "{:#?}", house.world.log().lines());
    }
    let own = house.world.folder().to_string_lossy().into_owned();
    let lines: Vec<_> = house.world.log().lines_with("pam_mfa(").iter().map(|line| plain(line) + "\n").collect();
    is_golden("module.log", &lines.concat(), &own);
    let mut files: Vec<_> =
        fs::read_dir(house.world.state_dir().join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let trail: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let events: Vec<_> = trail.lines().map(|line| event(line) + "\n").collect();
    is_golden("audit.jsonl", &events.concat(), &own);
}

/// What stands in quotes behind each `mark` of a source.
fn behind<'a>(source: &'a str, mark: &str) -> BTreeSet<&'a str> {
    source.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_word_that_can_be_logged_is_explained_and_no_other() {
    let words = Words::documented();
    let events = fs::read_to_string(root().join("mfa-core/src/event.rs")).unwrap();
    assert_eq!(behind(&events, "#[serde(rename = \""), words.events);
    let wire = fs::read_to_string(root().join("mfa-core/src/wire.rs")).unwrap();
    let (_, reasons) = wire.split_once("pub enum Reason {").unwrap();
    let names = reasons.split('}').next().unwrap().lines().filter_map(|line| line.trim().strip_suffix(','));
    let kebab = names.filter(|name| name.chars().all(char::is_alphanumeric)).map(|name| {
        let dashed = name.chars().map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.into() });
        dashed.collect::<String>().trim_start_matches('-').to_owned()
    });
    assert_eq!(kebab.collect::<BTreeSet<_>>(), words.of_mfad.iter().map(|word| (*word).to_owned()).collect());
    let read = |file: &str| fs::read_to_string(root().join("pam_mfa/src").join(file)).unwrap();
    let (log, client) = (read("log.rs"), read("client.rs"));
    let mut ours = behind(&log, "failed(\"refused\", \"");
    let (_, of_client) = client.split_once("fn reason(&self)").unwrap();
    ours.extend(behind(of_client.split("\n    }\n").next().unwrap(), "=> \""));
    assert_eq!(ours, words.of_module);
}

#[test]
fn a_line_of_another_form_is_noticed() {
    let words = Words::documented();
    let who = "pam_mfa(sshd:auth)[1]: user=\"a\\\"b\" ruser=\"\" rhost=\"\" tty=\"ssh\" ";
    for (line, fits) in [
        ("method=totp result=granted reason=code-accepted", true),
        ("method=none result=refused reason=unreachable detail=\"/run/x: no\"", true),
        ("debug=\"a word\"", true),
        ("method=totp result=granted reason=code-accepted detail=\"x\"", false),
        ("method=totp result=granted reason=unheard-of", false),
        ("method=totp result=yes reason=code-accepted", false),
        ("method=fax result=granted reason=code-accepted", false),
        ("result=granted method=totp reason=code-accepted", false),
        ("method=none result=refused reason=unreachable", false),
        ("method=none result=refused reason=unreachable detail=\"cut", false),
        ("method=totp result=granted reason=code-accepted more", false),
    ] {
        assert_eq!(words.fault_of_line(&format!("{who}{line}")).is_none(), fits, "{line}");
    }
    assert!(words.fault_of_line("pam_mfa(sshd:auth)[1]: ruser=\"\" method=totp").is_some());
    let zeros = "0".repeat(64);
    let begun = format!("{{\"seq\":1,\"prev\":\"{zeros}\",\"at\":\"2026-11-27T00:00:00Z\",\"time\":1,");
    for (rest, fits) in [
        ("\"event\":\"auth.success\",\"user\":\"a\"}", true),
        ("\"user\":\"a\",\"event\":\"auth.success\"}", false),
        ("\"event\":\"auth.unheard\"}", false),
        ("\"event\":\"auth.success\",\"zone\":\"x\"}", false),
        ("\"event\":\"auth.success\",\"reason\":\"unheard-of\"}", false),
        ("\"by_uid\":\"0\",\"event\":\"auth.success\"}", false),
        ("\"user\":\"a\"}", false),
        ("", false),
    ] {
        assert_eq!(words.fault_of_event(&format!("{begun}{rest}")).is_none(), fits, "{rest}");
    }
}
