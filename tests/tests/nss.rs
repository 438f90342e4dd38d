//! A name service in trouble: it makes nobody absent, nobody a non-member, and hangs for those alone who ask it.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, Program, Raw, World, admin, begin};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// A name service that answers nothing (`UNAVAIL`, `ENOENT`) while the file `trouble` is there, and takes a minute for
/// names that begin with `slow`.
const TROUBLED: &str = r#"
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
static enum nss_status answer(int *error)
{
    if (access("FOLDER/trouble", F_OK) != 0) return NSS_STATUS_NOTFOUND;
    *error = ENOENT;
    return NSS_STATUS_UNAVAIL;
}
enum nss_status _nss_troubled_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size, int *error)
{
    if (strncmp(name, "slow", 4) == 0) sleep(60);
    return answer(error);
}
enum nss_status _nss_troubled_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t size, int *error)
{
    return answer(error);
}
"#;

/// A house whose mfad asks that service first (`[UNAVAIL=return]`) about users, and after the files about groups.
fn troubled(name: &str, policy: &str) -> House {
    let world = World::new(name);
    let folder = world.folder();
    world.write(folder.join("nss.c"), &TROUBLED.replace("FOLDER", &folder.to_string_lossy()), 0o644);
    let compiled = Program::new("cc").args(["-shared", "-fPIC", "-o"]).arg(folder.join("libnss_troubled.so.2"));
    let _ = compiled.arg(folder.join("nss.c")).run("").ok();
    world.write("/etc/nsswitch.conf", "passwd: troubled [UNAVAIL=return] files\ngroup: files troubled\n", 0o644);
    let mut mfad = Mfad::new(&world, policy).env("LD_LIBRARY_PATH", &folder.to_string_lossy());
    mfad.run();
    House { mfad, mfactl: Mfactl::new(&world), world }
}

#[test]
fn a_name_service_in_trouble_makes_nobody_absent() {
    let house = troubled("nss-trouble", "require = \"optional\"\n");
    let _ = house.enroll("alice", "totp");
    let trouble = house.world.folder().join("trouble");
    house.world.write(&trouble, "", 0o644);
    for user in ["alice", "bob"] {
        assert_eq!(house.knock(user, "123456").reason, "lookup-failed", "{user}: not \"not-enrolled\"");
    }
    let purged = admin(&house, &json!({"orphans": {"after": null, "purge": true}}));
    assert!(purged["refused"].is_object(), "nobody's factors go because nobody can be looked up: {purged}");
    fs::remove_file(&trouble).unwrap();
    assert_eq!(admin(&house, &json!({"status": {"user": "alice"}}))["status"]["enrolled"], true);
}

#[test]
fn a_group_that_cannot_be_looked_up_is_not_one_the_user_is_not_in() {
    let rule = "require = \"off\"\n[[rule]]\nmatch = { group = [\"elsewhere\"] }\nrequire = \"required\"\n";
    let house = troubled("nss-groups", rule);
    assert_eq!(house.knock("bob", "123456").reason, "not-required");
    // Users come from the files alone now; groups from a service that cannot answer.
    house.world.write("/etc/nsswitch.conf", "passwd: files\ngroup: files troubled\n", 0o644);
    house.world.write(house.world.folder().join("trouble"), "", 0o644);
    let mut house = house;
    house.mfad.restart();
    assert_eq!(house.knock("bob", "123456").reason, "enrolment-required");
}

#[test]
fn look_ups_that_hang_for_strangers_programs_and_admins_leave_logins_their_turn() {
    let house = troubled("nss-hangs", POLICY);
    let codes = house.enroll("alice", "totp").recovery_codes;
    let mut held = Vec::new();
    for n in 0..40 {
        let mut stranger = Raw::to(&house, "root.sock");
        stranger.say(
            &json!({"begin": {"user": format!("slow-{n}"), "service": "sshd", "rhost": "192.0.2.1", "real_uid": 0}}),
        );
        held.push(stranger);
        let mut admin = Raw::to(&house, "root.sock");
        for _ in 0..3 {
            admin.say(&json!({"admin": {"by": null, "ask": {"status": {"user": format!("slow-{n}")}}}}));
        }
        held.push(admin);
    }
    for _ in 0..12 {
        let mut program = Raw::to(&house, "user.sock");
        program.say(&begin("slow-program", 0));
        held.push(program);
    }
    std::thread::sleep(Duration::from_millis(100));
    for code in codes.iter().take(2) {
        let start = Instant::now();
        assert_eq!(house.knock("alice", code).code, "PAM_SUCCESS");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
