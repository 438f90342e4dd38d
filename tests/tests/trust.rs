//! The enrolment file and its state: lost, swapped or damaged ones, and accounts that changed, let
//! nobody in and never look like "not enrolled".

use pam_mfa_tests::harness::{House, Mfad, calm_now};
use std::fs;
use std::path::PathBuf;

/// Users without a factor pass: what is refused here is refused for its fault.
const POLICY: &str = "require = \"optional\"\ntries = 1\n";

fn state(house: &House, user: &str) -> PathBuf {
    house.world.state_dir().join("state").join(user)
}

fn enrolment(house: &House, user: &str) -> PathBuf {
    house.world.state_dir().join("users").join(format!("{user}.toml"))
}

/// Does something to mfad's files while it is down.
fn meanwhile(mfad: &mut Mfad, change: impl FnOnce()) {
    mfad.stop();
    change();
    mfad.run();
}

/// After its state is gone, no code of alice's past is good again until an admin says so.
fn nothing_is_revived(name: &str, lose: impl FnOnce(&House)) {
    let mut house = House::new(name, POLICY);
    let totp = house.enroll("alice", "totp");
    let hotp = house.enroll("bob", "hotp");
    let now = calm_now();
    for (user, code) in [
        ("alice", &totp.oathtool().totp(now)),
        ("alice", &totp.recovery_codes[0]),
        ("bob", &hotp.oathtool().hotp(0)),
        ("bob", &hotp.recovery_codes[0]),
    ] {
        assert_eq!(house.knock(user, code).code, "PAM_SUCCESS", "{user}");
    }
    house.mfad.stop();
    lose(&house);
    house.mfad.run();
    for (user, code) in [
        ("alice", &totp.oathtool().totp(now)),
        ("alice", &totp.oathtool().totp(now + 30)),
        ("alice", &totp.recovery_codes[0]),
        ("alice", &totp.recovery_codes[1]),
        ("bob", &hotp.oathtool().hotp(0)),
        ("bob", &hotp.oathtool().hotp(1)),
        ("bob", &hotp.recovery_codes[0]),
    ] {
        let verdict = house.knock(user, code);
        assert_ne!(verdict.code, "PAM_SUCCESS", "{user}: {verdict:?}");
        assert!(!["wrong-code", "not-enrolled"].contains(&verdict.reason.as_str()), "{user}: {verdict:?}");
    }
    let _ = house.mfactl.run(&["adopt", "bob"], "").ok();
    assert_eq!(house.knock("bob", &hotp.oathtool().hotp(1)).code, "PAM_SUCCESS");
    assert_eq!(house.knock("bob", &hotp.recovery_codes[1]).code, "PAM_SUCCESS");
}

#[test]
fn deleted_state_revives_no_code() {
    nothing_is_revived("deleted", |house| {
        for user in ["alice", "bob"] {
            fs::remove_file(state(house, user)).unwrap();
        }
    });
}

#[test]
fn with_the_state_goes_what_is_known_against_a_login_and_counts_as_seen() {
    for sign in ["failures = 1", "denied = true"] {
        let raise = format!("require = \"required\"\n[[raise]]\nwhen = {{ {sign} }}\ndemand = [\"refuse\"]\n");
        let house = House::new("lost-signs", &raise);
        let codes = house.enroll("alice", "totp").recovery_codes;
        assert_eq!(house.knock("alice", &codes[0]).code, "PAM_SUCCESS", "{sign}");
        fs::remove_file(state(&house, "alice")).unwrap();
        assert_eq!(house.knock("alice", &codes[1]).reason, "refused-by-policy", "{sign}");
        let _ = house.mfactl.run(&["adopt", "alice"], "").ok();
        assert_eq!(house.knock("alice", &codes[2]).code, "PAM_SUCCESS", "{sign}");
    }
}

#[test]
fn emptied_state_revives_no_code() {
    nothing_is_revived("emptied", |house| {
        for user in ["alice", "bob"] {
            fs::write(state(house, user), "").unwrap();
        }
    });
}

#[test]
fn swapped_state_revives_no_code() {
    nothing_is_revived("swapped", |house| {
        let (a, b) = (state(house, "alice"), state(house, "bob"));
        let spare = a.with_extension("spare");
        fs::rename(&a, &spare).unwrap();
        fs::rename(&b, &a).unwrap();
        fs::rename(&spare, &b).unwrap();
    });
}

#[test]
fn an_account_whose_uid_changed_is_refused() {
    let mut house = House::new("uid", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    house.world.change_uid("alice", 1501);
    let verdict = house.knock("alice", &codes.totp(calm_now()));
    assert_ne!(verdict.code, "PAM_SUCCESS");
    assert_eq!(verdict.reason, "uid-mismatch");
}

#[test]
fn another_name_for_an_enrolled_uid_is_refused() {
    let mut house = House::new("alias", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    house.world.add_user("alias", 1001);
    let verdict = house.knock("alias", &codes.totp(calm_now()));
    assert_ne!(verdict.code, "PAM_SUCCESS");
    assert_eq!(verdict.reason, "uid-mismatch", "and not \"not-enrolled\"");
}

#[test]
fn a_renamed_account_is_refused_until_its_enrolment_is_renamed() {
    let mut house = House::new("renamed", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    house.world.remove_user("alice");
    house.world.add_user("alicia", 1001);
    assert_eq!(house.knock("alicia", &codes.totp(calm_now())).reason, "uid-mismatch");
    let _ = house.mfactl.run(&["rename", "alice", "alicia"], "").ok();
    assert_eq!(house.knock("alicia", &codes.totp(calm_now())).reason, "code-accepted");
}

#[test]
fn an_enrolment_whose_account_was_renamed_is_nobodys_orphan() {
    let mut house = House::new("renamed-purge", "require = \"optional\"\n");
    for user in ["alice", "bob"] {
        let _ = house.enroll(user, "totp");
        house.world.remove_user(user);
    }
    house.world.add_user("alicia", 1001);
    let purged = house.mfactl.run(&["purge", "--orphans"], "").ok().stdout;
    assert_eq!(purged, "removed bob\n");
    assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch", "not \"not-enrolled\"");
    let status = house.mfactl.run(&["status", "alice"], "").ok().stdout;
    assert!(status.contains("mfactl rename alice alicia") && status.contains("mfactl reset alice"), "{status}");
    let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    assert_eq!(house.knock("alicia", "123456").reason, "not-enrolled", "it was another's");
}

#[test]
fn what_was_required_of_a_user_is_required_of_the_account_by_its_new_name() {
    let mut house = House::new("renamed-required", "require = \"off\"\n");
    let codes = house.enroll("alice", "totp").oathtool();
    assert_eq!(house.knock("alice", "").reason, "not-required");
    let _ = house.mfactl.run(&["require", "alice", "required"], "").ok();
    house.world.remove_user("alice");
    house.world.add_user("alicia", 1001);
    let refused = house.knock("alicia", &codes.totp(calm_now()));
    assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("PAM_AUTHINFO_UNAVAIL", "uid-mismatch"));
}

#[test]
fn a_stale_file_under_the_new_name_does_not_hide_what_was_required_by_the_old_one() {
    let mut house = House::new("renamed-stale", "require = \"off\"\n");
    house.world.add_user("dave", 1004);
    for user in ["alice", "dave"] {
        let _ = house.enroll(user, "totp");
    }
    let _ = house.mfactl.run(&["require", "alice", "required"], "").ok();
    // The account dave is gone, its file is not; alice is called dave now.
    house.world.remove_user("dave");
    house.world.remove_user("alice");
    house.world.add_user("dave", 1001);
    let refused = house.knock("dave", "123456");
    assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("PAM_AUTHINFO_UNAVAIL", "uid-mismatch"));
}

#[test]
fn a_reset_of_a_stale_file_leaves_the_renamed_user_who_they_are() {
    let mut house = House::new("renamed-reset", "require = \"optional\"\n");
    house.world.add_user("dave", 1004);
    for user in ["alice", "dave"] {
        let _ = house.enroll(user, "totp");
        house.world.remove_user(user);
    }
    house.world.add_user("dave", 1001);
    let later = house.mfactl.run(&["reset", "dave", "--after", "3d"], "");
    assert!(later.code == 1 && later.stderr.contains("mfactl rename alice dave"), "{later:?}");
    let reset = house.mfactl.run(&["reset", "dave"], "").ok().stdout;
    assert!(reset.contains("mfactl rename alice dave"), "{reset}");
    assert_eq!(house.knock("dave", "123456").reason, "uid-mismatch", "not \"not-enrolled\"");
    let _ = house.mfactl.run(&["rename", "alice", "dave"], "").ok();
    assert_eq!(house.knock("dave", "123456").reason, "wrong-code");
}

#[test]
fn of_two_files_of_one_uid_the_other_is_found_when_one_goes() {
    for gone in ["alice", "zoe"] {
        let mut house = House::new("twins", "require = \"optional\"\n");
        let _ = house.enroll("alice", "totp");
        house.mfad.stop();
        let users = house.world.state_dir().join("users");
        let text = fs::read_to_string(users.join("alice.toml")).unwrap().replace("\"alice\"", "\"zoe\"");
        fs::write(users.join("zoe.toml"), text).unwrap();
        house.world.give_to_daemon(&users.join("zoe.toml"), 0o600);
        house.mfad.run();
        house.world.remove_user("alice");
        house.world.add_user("alicia", 1001);
        assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch");
        let _ = house.mfactl.run(&["reset", gone], "").ok();
        assert_eq!(house.knock("alicia", "123456").reason, "uid-mismatch", "without {gone}: not \"not-enrolled\"");
    }
}

#[test]
fn a_damaged_enrolment_is_refused_and_is_not_no_enrolment() {
    let mut house = House::new("damaged", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let file = enrolment(&house, "alice");
    let whole = fs::read_to_string(&file).unwrap();
    let foreign = whole.replace("1001", "1002");
    let unknown = format!("surprise = 1\n{whole}");
    for (what, text) in [
        ("empty", ""),
        ("truncated", &whole[..whole.len() / 2]),
        ("another uid", foreign.as_str()),
        ("an unknown key", unknown.as_str()),
        ("garbage", "\u{0}\u{1}\u{2}"),
    ] {
        meanwhile(&mut house.mfad, || fs::write(&file, text).unwrap());
        let verdict = house.knock("alice", &codes.totp(calm_now()));
        assert!(
            ["PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR", "PAM_MAXTRIES"].contains(&verdict.code.as_str()),
            "{what}: {verdict:?}"
        );
        assert!(["enrolment-damaged", "uid-mismatch"].contains(&verdict.reason.as_str()), "{what}: {verdict:?}");
    }
    meanwhile(&mut house.mfad, || fs::write(&file, &whole).unwrap());
    assert_eq!(house.knock("alice", &codes.totp(calm_now())).reason, "code-accepted");
}

#[test]
fn an_enrolment_that_is_a_link_or_too_open_is_refused() {
    let mut house = House::new("loose", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let file = enrolment(&house, "alice");
    let elsewhere = house.world.folder().join("elsewhere.toml");
    meanwhile(&mut house.mfad, || {
        fs::copy(&file, &elsewhere).unwrap();
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    });
    let verdict = house.knock("alice", &codes.totp(calm_now()));
    assert_ne!(verdict.code, "PAM_SUCCESS", "{verdict:?}");
    assert_ne!(verdict.reason, "not-enrolled", "{verdict:?}");
}

#[test]
fn without_a_factor_and_without_a_fault_optional_passes_by() {
    let house = House::new("control", POLICY);
    // A stack of ignores alone is libpam's refusal; the reason is what counts.
    assert_eq!(house.knock("alice", "123456").reason, "not-enrolled");
}
