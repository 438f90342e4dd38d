//! The lines that admins and their tools rest on: golden, and read by the real fail2ban.

use pam_mfa_tests::harness::{House, PATIENCE, PamClient, calm_now};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The `count` lines that the module wrote, with each process's number replaced by another. The last may still be on its way to the log
/// when its login is over.
fn lines(house: &House, count: usize) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let lines = house.world.log().lines();
        let ours: Vec<String> = lines.iter().filter(|line| line.contains("pam_mfa(")).map(|line| plain(line)).collect();
        if ours.len() >= count || Instant::now() > end {
            assert_eq!(ours.len(), count, "{ours:#?}");
            return ours;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn plain(line: &str) -> String {
    let (head, rest) = line.split_once("auth)[").unwrap();
    format!("{head}auth)[4711]{}", &rest[rest.find(']').unwrap() + 1..])
}

/// Every kind of login that a filter must tell apart, from 192.0.2.7.
fn all_kinds(house: &House) {
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let enrolled = house.enroll("alice", "totp");
    let codes = enrolled.oathtool();
    let now = calm_now();
    let (right, wrong) = (codes.totp(now), codes.wrong(now));
    let try_as = |user: &str, answer: &str| {
        let client = PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh");
        let _ = client.run(&[answer]);
    };
    for answer in [right.as_str(), &right, &wrong, "hunter2"] {
        try_as("alice", answer);
    }
    try_as("nobody-of-that-name", "123456");
}

#[test]
fn the_lines_of_logins_are_those_of_the_golden_file() {
    let house = House::new("golden", POLICY);
    all_kinds(&house);
    let written = lines(&house, 5).join("\n") + "\n";
    let golden = root().join("tests/golden/authpriv.log");
    if std::env::var_os("MFA_GOLDEN").is_some() {
        std::fs::write(&golden, &written).unwrap();
    }
    assert_eq!(
        written,
        std::fs::read_to_string(&golden).unwrap(),
        "MFA_GOLDEN=1 writes it anew; say so in CHANGELOG.md"
    );
    let documented = std::fs::read_to_string(root().join("docs/logs.md")).unwrap();
    for line in written.lines() {
        let line = line.split_once('>').unwrap().1;
        assert!(documented.contains(line), "docs/logs.md does not show {line}");
    }
}

/// The addresses that fail2ban's filter finds in `log`.
fn found(folder: &Path, log: &[String]) -> Vec<String> {
    let file = folder.join("log");
    let dated: Vec<String> = log
        .iter()
        .map(|line| format!("2026-11-26T10:00:00.000000+00:00 host {}\n", line.split_once('>').unwrap().1))
        .collect();
    std::fs::write(&file, dated.concat()).unwrap();
    // Beside what it includes, as where it is installed.
    let filter = folder.join("pam-mfa.conf");
    std::fs::copy(root().join("config/fail2ban/filter.d/pam-mfa.conf"), &filter).unwrap();
    std::fs::copy("/etc/fail2ban/filter.d/common.conf", folder.join("common.conf")).unwrap();
    let output = Command::new("fail2ban-regex").args(["-o", "ip"]).arg(&file).arg(&filter).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn fail2ban_counts_guesses_by_their_source_and_nothing_else() {
    let house = House::new("fail2ban", POLICY);
    all_kinds(&house);
    let all = lines(&house, 5);
    let counted =
        all.iter().filter(|line| ["wrong-code", "malformed", "unknown-user"].iter().any(|r| line.ends_with(r)));
    assert_eq!(counted.count(), 3, "{all:#?}");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(found(folder.path(), &all), ["192.0.2.7"; 3]);
}

#[test]
fn nobody_has_fail2ban_ban_somebody_else() {
    let house = House::new("framed", POLICY);
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let _ = house.enroll("alice", "totp");
    let forged = "x\" ruser=\"\" rhost=\"203.0.113.9\" tty=\"ssh\" method=totp result=refused reason=wrong-code";
    for (user, rhost, ruser) in [
        (forged, "192.0.2.7", ""),
        ("alice", forged, ""),
        ("alice", "203.0.113.9 192.0.2.7", ""),
        ("alice", "192.0.2.7\" x=\"203.0.113.9", ""),
        ("alice", "", "rhost=\"203.0.113.9\""),
        ("carol\\", "192.0.2.7", "\\\""),
    ] {
        let client = PamClient::new("sshd", user).option("--rhost", rhost).option("--ruser", ruser);
        let _ = client.run(&["123456"]);
    }
    let all = lines(&house, 6);
    let folder = tempfile::tempdir().unwrap();
    let found = found(folder.path(), &all);
    assert!(found.iter().all(|address| address == "192.0.2.7"), "{found:?} of {all:#?}");
    assert_eq!(found.len(), 2, "a quote in a name hides nobody: {all:#?}");
}

#[test]
fn the_jail_is_off_until_somebody_switches_it_on() {
    let jail = std::fs::read_to_string(root().join("config/fail2ban/jail.d/pam-mfa.conf")).unwrap();
    assert!(jail.contains("\nenabled  = false\n"));
}
