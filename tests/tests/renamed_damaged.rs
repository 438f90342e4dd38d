//! An account was renamed and the enrolment file of its old name cannot be read: it is known by the uid in the record of used
//! codes, refused, and nobody else is.

use pam_mfa_tests::harness::{House, calm_now};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Users without a factor pass: what is refused here is refused for its fault.
const POLICY: &str = "require = \"optional\"\ntries = 1\n";

fn file(house: &House) -> PathBuf {
    house.world.state_dir().join("users/alice.toml")
}

fn record(house: &House) -> PathBuf {
    house.world.state_dir().join("state/alice")
}

/// alice is enrolled, has another name since, and her file was damaged while mfad was down.
fn renamed(name: &str, policy: &str, damage: impl FnOnce(&House, &Path)) -> House {
    let mut house = House::new(name, policy);
    let _ = house.enroll("alice", "totp");
    house.mfad.stop();
    damage(&house, &file(&house));
    house.world.remove_user("alice");
    house.world.add_user("alicia", 1001);
    house.mfad.run();
    house
}

fn emptied(_: &House, file: &Path) {
    fs::write(file, "").unwrap();
}

#[test]
fn whoever_is_renamed_is_not_unenrolled_because_the_old_file_cannot_be_read() {
    type Damage = fn(&Path, &str);
    let damages: [(&str, Damage); 7] = [
        ("empty", |file, _| fs::write(file, "").unwrap()),
        ("zeros", |file, text| fs::write(file, vec![0; text.len()]).unwrap()),
        ("cut before the uid", |file, text| fs::write(file, &text[..text.find("uid").unwrap()]).unwrap()),
        ("cut within the uid", |file, text| fs::write(file, &text[..text.find("01\n").unwrap()]).unwrap()),
        ("a quote is missing", |file, text| fs::write(file, text.replacen('"', "", 1)).unwrap()),
        ("too open", |file, _| fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap()),
        ("a link", |file, _| {
            fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink("/dev/null", file).unwrap();
        }),
    ];
    for (what, damage) in damages {
        let house = renamed("damaged", POLICY, |_, file| damage(file, &fs::read_to_string(file).unwrap()));
        assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch", "{what}: not \"not-enrolled\"");
        assert_eq!(house.knock("bob", "123456").reason, "not-enrolled", "{what}: somebody else");
        let told = house.mfad.errors();
        let refused = "\"alicia\" is refused: its uid 1001 is enrolled as \"alice\", whose file cannot be read";
        assert!(told.contains(refused) && told.contains("mfactl status alice"), "{what}: {told}");
    }
}

#[test]
fn the_record_that_a_login_wrote_still_says_whose_it_is() {
    let mut house = House::new("damaged-later", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    assert_eq!(house.knock("alice", &codes.totp(calm_now())).reason, "code-accepted");
    house.mfad.stop();
    fs::remove_file(record(&house)).unwrap();
    house.mfad.run();
    // A record that had to be made anew.
    assert_eq!(house.knock("alice", "123456").reason, "wrong-code");
    house.mfad.stop();
    fs::write(file(&house), "").unwrap();
    house.world.remove_user("alice");
    house.world.add_user("alicia", 1001);
    house.mfad.run();
    assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch");
}

#[test]
fn what_may_be_required_by_the_old_name_is_not_dropped_with_its_file() {
    let house = renamed("damaged-required", "require = \"off\"\n", emptied);
    let refused = house.knock("alicia", "123456");
    assert_eq!(refused.short(), ("PAM_AUTHINFO_UNAVAIL", "uid-mismatch"));
}

#[test]
fn a_file_put_back_is_renamed_as_any_other() {
    let mut whole = String::new();
    let house = renamed("damaged-back", POLICY, |_, file| {
        whole = fs::read_to_string(file).unwrap();
        fs::write(file, "").unwrap();
    });
    let refused = house.mfactl.run(&["rename", "alice", "alicia"], "");
    assert!(refused.code == 1 && refused.stderr.contains("put back a copy"), "{refused:?}");
    fs::write(file(&house), &whole).unwrap();
    let _ = house.mfactl.run(&["rename", "alice", "alicia"], "").ok();
    assert_eq!(house.knock("alicia", "123456").reason, "wrong-code");
}

#[test]
fn every_command_about_either_name_says_what_to_do() {
    let house = renamed("damaged-told", POLICY, emptied);
    let listed = house.mfactl.run(&["list"], "").ok().stdout;
    assert!(listed.contains("alice") && listed.contains("1001") && listed.contains("PROBLEMS"), "{listed}");
    let old = house.mfactl.run(&["status", "alice"], "");
    let steps = ["users/alice.toml", "of uid 1001", "mfactl rename alice alicia", "mfactl reset alice"];
    assert!(old.code == 1 && steps.iter().all(|step| old.stderr.contains(step)), "{old:?}");
    let new = house.mfactl.run(&["status", "alicia"], "").ok().stdout;
    assert!(
        new.contains("enrolled as \"alice\", whose file cannot be read") && new.contains("mfactl status alice"),
        "{new}"
    );
    let oath = house.world.folder().join("users.oath");
    house.world.write(&oath, "HOTP/T30/6\talicia\t-\t3132333435363738393031323334353637383930\n", 0o600);
    let oath = oath.to_string_lossy().into_owned();
    let commands = [
        &["enroll", "alicia"][..],
        &["import", "oath", &oath],
        &["reset", "alicia"],
        &["reset", "alicia", "--after", "3d"],
    ];
    for args in commands {
        let refused = house.mfactl.run(args, "");
        assert_eq!(refused.code, 1, "{args:?}: {refused:?}");
        let said = [refused.stdout, refused.stderr].concat();
        assert!(said.contains("mfactl status alice"), "{args:?}: {said}");
    }
    assert!(!house.world.state_dir().join("users/alicia.toml").exists());
}

#[test]
fn a_file_that_cannot_be_read_is_no_orphan_while_an_account_has_its_uid() {
    let house = renamed("damaged-purge", POLICY, emptied);
    let purged = house.mfactl.run(&["purge", "--orphans"], "").ok().stdout;
    assert!(!purged.contains("alice") && file(&house).exists(), "{purged}");
    assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch");
}

#[test]
fn with_a_reset_of_the_old_name_its_uid_is_free_at_once() {
    type Damage = fn(&House, &Path);
    let half = |_: &House, file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        // The uid stands in the first half.
        fs::write(file, &text[..text.len() / 2]).unwrap();
    };
    let damages: [(&str, Damage); 2] = [("emptied", emptied), ("half", half)];
    for (what, damage) in damages {
        let house = renamed("damaged-reset", POLICY, damage);
        assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch", "{what}");
        let _ = house.mfactl.run(&["reset", "alice"], "").ok();
        assert_eq!(house.knock("alicia", "123456").reason, "not-enrolled", "{what}: an administrator said so");
        let _ = house.enroll("alicia", "totp");
        assert_eq!(house.knock("alicia", "123456").reason, "wrong-code", "{what}");
    }
}

#[test]
fn the_log_names_a_file_whose_uid_nobody_knows() {
    let house = renamed("damaged-both", POLICY, |house, file| {
        fs::write(file, "").unwrap();
        fs::write(record(house), "").unwrap();
    });
    // The limit that docs/operations.md states: whose file it is stood in these two alone.
    assert_eq!(house.knock("alicia", "123456").reason, "not-enrolled");
    let told = house.mfad.errors();
    assert!(told.contains("users/alice.toml") && told.contains("say whose it is"), "{told}");
}

#[test]
fn a_record_that_others_could_write_is_not_believed() {
    let house = renamed("damaged-loose", POLICY, |house, file| {
        fs::write(file, "").unwrap();
        fs::set_permissions(record(house), fs::Permissions::from_mode(0o666)).unwrap();
    });
    assert_eq!(house.knock("alicia", "123456").reason, "not-enrolled");
    let told = house.mfad.errors();
    assert!(told.contains("say whose it is") && told.contains("state/alice: open to others"), "{told}");
}
