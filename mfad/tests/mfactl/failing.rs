//! What a newcomer meets: no daemon, no rights, wrong words, a full disk, a reader that leaves.

use crate::house::{House, MFACTL, run};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

#[test]
fn without_mfad_every_command_says_so() {
    let house = House::silent();
    house.mfactl(&["list"]).refused(1, "mfad is not running");
    let said = house.mfactl(&["status", "games", "--json"]);
    assert_eq!(said.code, 1);
    let error: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        error["error"].as_str().unwrap().contains("mfad is not running: nothing answers at") && said.err.is_empty(),
        "{said:?}"
    );
    let mut elsewhere = Command::new(MFACTL);
    elsewhere.args(["--run-dir", "/tmp", "list"]);
    run(elsewhere, "").refused(1, "not trusted");
}

#[test]
fn only_root_is_served() {
    let house = House::new();
    let program = house.folder.join("mfactl");
    // By another process: a test that forks just now would inherit the file open for writing, and nobody can run it then.
    assert!(Command::new("cp").arg(MFACTL).arg(&program).status().unwrap().success());
    let mut command = Command::new(&program);
    command.args(["list"]).uid(65_534).gid(65_534);
    run(command, "").refused(1, "mfactl me");
    let mut command = Command::new(&program);
    command.args(["config", "check", "--config", &house.config()]).uid(65_534).gid(65_534);
    assert!(run(command, "").ok().contains("In order"));
}

#[test]
fn wrong_words_are_usage_errors_and_show_no_escapes() {
    let house = House::silent();
    for arguments in [
        &[][..],
        &["frob\u{1b}[2J"],
        &["enroll"],
        &["enroll", "games", "--digits", "9"],
        &["enroll", "games", "--type", "hotp", "--period", "30"],
        &["enroll", "games", "--algorithm", "md5\u{1b}[2J"],
        &["require", "games", "sometimes"],
        &["list", "--state-dir", "/x"],
        &["config", "frobnicate"],
    ] {
        let said = house.mfactl(arguments);
        assert_eq!((said.code, said.out.as_str(), said.err.contains('\u{1b}')), (2, "", false), "{said:?}");
    }
    house.mfactl(&["--help"]).ok();
}

#[test]
fn foreign_names_are_shown_escaped() {
    let house = House::new();
    for arguments in [&["status", "\u{1b}[2Jx"][..], &["explain", "\u{202e}x", "\u{9b}sshd"], &["enroll", "a\nb"]] {
        let said = house.mfactl(arguments);
        let all = said.out + &said.err;
        assert!(!all.contains(['\u{1b}', '\u{202e}', '\u{9b}']) && all.contains("\\u{"), "{all}");
    }
}

#[test]
fn a_key_that_could_not_be_shown_is_taken_back() {
    let house = House::new();
    let mut command = house.command(&["enroll", "games", "--no-confirm"]);
    let ended = command.stdout(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(said.contains("removed again") && said.contains("No space left"), "{said}");
    assert_eq!(house.status("games")["factors"], serde_json::json!([]));
}

#[test]
fn recovery_codes_that_could_not_be_shown_are_said_to_be_lost_with_the_old_ones() {
    let house = House::new();
    house.mfactl(&["enroll", "games", "--no-confirm"]).ok();
    for arguments in [&["recovery", "new", "games"][..], &["recovery", "new", "games", "--json"]] {
        let mut command = house.command(arguments);
        let ended = command.stdout(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(said.contains("the old ones of games are dead") && said.contains("No space left"), "{said}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let house = House::new();
    for arguments in [&["list"][..], &["--help"], &["log", "--json"]] {
        let mut child = house.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn a_configuration_is_checked_and_shown_with_origins() {
    let house = House::silent();
    let config = house.write("mfa.toml", "require = \"optional\"\n[floor]\nrequire = \"optional\"\n");
    let local = |arguments: &[&str]| {
        let mut command = Command::new(MFACTL);
        command.args(arguments).args(["--config", &config]);
        run(command, "")
    };
    assert!(local(&["config", "check"]).ok().contains(&config));
    assert_eq!(local(&["config", "check", "--json"]).json()["files"], serde_json::json!([config]));
    let text = local(&["config", "cat"]).ok();
    assert!(text.contains(&format!("# {config}:1\n")) && text.contains("# built-in default\n"), "{text}");
    let cat = local(&["config", "cat", "--json"]).json();
    assert_eq!(cat["floor"]["require"]["origin"], format!("{config}:3"));
    house.write("mfa.toml", "require = \"maybe\"\n");
    local(&["config", "check"]).refused(1, "mfa.toml:1: require");
    std::fs::remove_file(&config).unwrap();
    local(&["config", "check", "--json"]).refused(1, "No such file");
}
