//! --offline: the same commands on the state folder itself, never beside a running mfad.

use crate::house::{House, MFACTL, NOBODY, run, totp};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

#[test]
fn offline_waits_for_mfad_to_stop_and_leaves_files_mfad_can_use() {
    let mut house = House::new();
    let key = house.enrolled("games", "totp");
    house.offline(&["list"]).refused(1, "another mfad");
    house.stop();
    assert!(house.offline(&["status", "games"]).ok().contains("enrolled"));
    let made = house.offline(&["enroll", "man", "--no-confirm", "--json"]).json();
    let file = house.write("users.oath", "HOTP bin - 3132333435363738393031323334353637383930\n");
    // Root alone may read it: it is read before root is given away.
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    house.offline(&["import", "oath", &file]).ok();
    house.offline(&["require", "--all", "optional"]).ok();
    for file in ["users/man.toml", "state/man", "users/bin.toml", "requirements.toml", "audit/00000001.jsonl"] {
        let seen = std::fs::metadata(house.state_dir().join(file)).unwrap();
        assert_eq!((seen.uid(), seen.mode() & 0o137), (NOBODY, 0), "{file}");
    }
    house.start();
    house.typing(&["verify", "games"], &totp(&key)).ok();
    house.typing(&["verify", "man"], &totp(made["secret"].as_str().unwrap())).ok();
    assert!(house.mfactl(&["log", "verify"]).ok().contains("whole"));
}

#[test]
fn offline_names_what_is_wrong_with_the_folder() {
    let house = House::silent();
    house.offline(&["list"]).refused(1, "there is no state folder");
    std::fs::create_dir(house.state_dir()).unwrap();
    house.offline(&["list"]).refused(1, "belongs to root");
    std::os::unix::fs::chown(house.state_dir(), Some(NOBODY), Some(NOBODY)).unwrap();
    house.offline(&["list"]).refused(1, "chmod 0700");
    std::fs::set_permissions(house.state_dir(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert!(house.offline(&["list"]).ok().contains("Nobody has a file"));
    house.write("mfa.toml", "require = \"maybe\"\n");
    house.offline(&["list"]).refused(1, "mfa.toml:1: require");
    let mut both = Command::new(MFACTL);
    both.args(["--offline", "--run-dir", "/run/x", "list"]);
    run(both, "").refused(2, "--run-dir");
}
