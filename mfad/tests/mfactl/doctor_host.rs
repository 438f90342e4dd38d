//! What the doctor says of mfad's sockets, folders and files: one thing wrong after another, and nothing where all is right.

use crate::house::{House, NOBODY, run};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

/// How bad it is that these words are said of this place; `None`: they are not.
fn said(house: &House, place: &Path, words: &str) -> Option<String> {
    let (pam, state) = (house.folder.join("pam.d"), house.state_dir());
    let (pam, state) = (pam.to_str().unwrap(), state.to_str().unwrap());
    let ran = house.mfactl(&["doctor", "--json", "--pam-dir", pam, "--config", &house.config(), "--state-dir", state]);
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|why| panic!("{why}: {ran:?}"));
    let place = place.to_str().unwrap();
    let is_it = |finding: &&Value| {
        let places = finding["places"].as_array().unwrap();
        places.iter().any(|known| known == place) && finding["text"].as_str().unwrap().contains(words)
    };
    let found = report["findings"].as_array().unwrap().iter().find(is_it)?;
    // The module itself need not be installed here, and its absence is another finding.
    assert!(ran.code == 1 || !["locks-out", "lets-by"].contains(&found["severity"].as_str().unwrap()), "{ran:?}");
    Some(found["severity"].as_str().unwrap().to_owned())
}

/// With a stack that asks mfad, so that somebody meets what is wrong.
fn house() -> House {
    let house = House::new();
    fs::create_dir(house.folder.join("pam.d")).unwrap();
    let line = "auth [success=ok ignore=ignore default=die] pam_mfa.so first_factor=stack";
    let (unix, run_dir) = ("auth requisite pam_unix.so", house.run_dir.to_str().unwrap());
    house.write("pam.d/su", &format!("{unix}\n{line} run_dir={run_dir}\n"));
    house
}

#[test]
fn what_others_could_change_or_speak_through_is_named_with_how_bad_it_is() {
    let house = house();
    let (root, user) = (house.run_dir.join("root.sock"), house.run_dir.join("user.sock"));
    let (config, state) = (house.folder.join("mfa.toml"), house.state_dir());
    for (place, mode, severity, words) in [
        (&root, 0o666, "lets-by", "others could speak as root"),
        (&user, 0o600, "warning", "some callers cannot reach mfad"),
        (&house.run_dir, 0o777, "locks-out", "Others than root can change this folder"),
        (&house.run_dir, 0o775, "locks-out", "Others than root can change this folder"),
        (&house.folder, 0o775, "locks-out", "Others than root can write this"),
        (&config, 0o646, "locks-out", "Others than root can write this"),
        (&state, 0o750, "locks-out", "Others than mfad's own user can get at this"),
        (&state.join("users"), 0o701, "locks-out", "Others than mfad's own user can get at this"),
    ] {
        let before = fs::metadata(place).unwrap().permissions();
        fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
        assert_eq!(said(&house, place, words).as_deref(), Some(severity), "{} {mode:o}", place.display());
        fs::set_permissions(place, before).unwrap();
        assert_eq!(said(&house, place, words), None, "{} as it was", place.display());
    }
    for (place, words) in [
        (&root, "belongs to uid 65534"),
        (&house.run_dir, "Others than root can change this folder"),
        (&config, "Others than root can write this"),
    ] {
        let owner = fs::metadata(place).unwrap().uid();
        chown(place, Some(NOBODY), None).unwrap();
        assert_eq!(said(&house, place, words).as_deref(), Some("locks-out"), "{}", place.display());
        chown(place, Some(owner), None).unwrap();
        assert_eq!(said(&house, place, words), None, "{} as it was", place.display());
    }
}

#[test]
fn a_kernel_that_gives_the_unmapped_another_number_is_named() {
    let house = house();
    let told = |number: &str| {
        let set = house.write("overflowuid", number);
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /proc/sys/kernel/overflowuid && exec \"$@\"", &set]);
        let doctor = house.command(&["doctor", "--pam-dir", house.folder.join("pam.d").to_str().unwrap()]);
        command.arg(doctor.get_program()).args(doctor.get_args());
        run(command, "").out
    };
    let changed = told("1005\n");
    assert!(changed.contains("kernel.overflowuid is 1005") && changed.contains("overflowuid=65534"), "{changed}");
    assert!(!told("65534\n").contains("overflowuid"));
}

#[test]
fn what_is_missing_or_no_socket_is_named() {
    let house = house();
    let (root, user) = (house.run_dir.join("root.sock"), house.run_dir.join("user.sock"));
    assert_eq!(said(&house, Path::new("mfad"), "Runs and answers").as_deref(), Some("fine"));
    fs::remove_file(&user).unwrap();
    assert_eq!(said(&house, &user, "this socket is not there").as_deref(), Some("warning"));
    fs::remove_file(&root).unwrap();
    fs::write(&root, "").unwrap();
    fs::set_permissions(&root, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(said(&house, &root, "This is no socket").as_deref(), Some("locks-out"));
    let state = house.state_dir();
    fs::rename(&state, house.folder.join("elsewhere")).unwrap();
    assert_eq!(said(&house, &state, "folder of the enrolments is not there").as_deref(), Some("warning"));
}
