//! A name service in trouble: it makes nobody absent, nobody a non-member, and hangs for those alone who ask it.

use pam_mfa_tests::harness::{
    Device, House, Mfactl, Mfad, PamClient, Program, Raw, SystemBus, World, admin, begin, built, calm_now,
};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// A name service that answers nothing (`UNAVAIL`, `ENOENT`) while the file `trouble` is there, says of everybody that there is no such
/// user while `forgetful` is there, takes a minute for names that begin with `slow` and a second for those (of groups, too) that begin with `late`, and knows one
/// account by each way of writing `spelled`.
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
    if (strncmp(name, "late", 4) == 0) sleep(1);
    if (strcasecmp(name, "spelled") == 0) {
        strncpy(buffer, name, size);
        *pw = (struct passwd){.pw_name = buffer, .pw_passwd = "x", .pw_uid = 1009, .pw_gid = 1009,
                              .pw_gecos = "", .pw_dir = "/", .pw_shell = "/bin/sh"};
        return NSS_STATUS_SUCCESS;
    }
    if (access("FOLDER/forgetful", F_OK) == 0 || access("FOLDER/trouble", F_OK) == 0) return answer(error);
    // The next one is asked, whatever is done about users there are not.
    *error = EAGAIN;
    return NSS_STATUS_TRYAGAIN;
}
enum nss_status _nss_troubled_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t size, int *error)
{
    if (strncmp(name, "late", 4) == 0) sleep(1);
    return answer(error);
}
"#;

/// A house whose mfad asks that service first (`[UNAVAIL=return]`) about users, and after the files about groups.
fn troubled(name: &str, policy: &str) -> House {
    asking_first("[UNAVAIL=return]", name, policy)
}

/// A house whose mfad believes that service where it says that there is no such user.
fn forgetful(name: &str, policy: &str) -> House {
    asking_first("[NOTFOUND=return]", name, policy)
}

fn asking_first(and: &str, name: &str, policy: &str) -> House {
    in_world(World::new(name), and, policy)
}

fn in_world(world: World, and: &str, policy: &str) -> House {
    let folder = world.folder();
    world.write(folder.join("nss.c"), &TROUBLED.replace("FOLDER", &folder.to_string_lossy()), 0o644);
    let compiled = Program::new("cc").args(["-shared", "-fPIC", "-o"]).arg(folder.join("libnss_troubled.so.2"));
    let _ = compiled.arg(folder.join("nss.c")).run("").ok();
    world.write("/etc/nsswitch.conf", &format!("passwd: troubled {and} files\ngroup: files troubled\n"), 0o644);
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
fn groups_are_looked_up_for_a_name_without_an_account_as_well() {
    let rule = "[[rule]]\nmatch = { group = [\"late-ops\"] }\nrequire = \"required\"\ntries = 1\n";
    let house = troubled("nss-late-group", &format!("{POLICY}{rule}"));
    let [carol, ghost] = ["carol", "ghost"].map(|user| {
        let start = Instant::now();
        let context = json!({"user": user, "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh", "real_uid": 0});
        let first = Raw::to(&house, "root.sock").ask(&json!({"begin": context})).unwrap();
        assert!(first["prompt"].is_object(), "{first}");
        start.elapsed()
    });
    assert!(ghost > carol / 2, "{ghost:?}, and {carol:?} where there is an account");
}

/// What a login from elsewhere without a first factor comes to.
fn stranger(house: &House, user: &str) -> String {
    house.world.pam("sshd", &[&house.world.module("required", "")]);
    let mark = house.world.log().mark();
    let _ = PamClient::new("sshd", user).option("--rhost", "192.0.2.7").option("--tty", "ssh").run(&["123456"; 3]);
    let line = house.world.log().expect_new(mark, &["pam_mfa(sshd:auth)", &format!("user=\"{user}\"")]);
    line.split("reason=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn an_account_that_the_name_service_denies_meets_the_strictest_rule_that_may_be_its_own() {
    const OPTIONAL: &str = "require = \"optional\"\n";
    let mut house = forgetful("nss-denied", OPTIONAL);
    house.world.add_group("ops", 3000, &["bob"]);
    let denied = house.world.folder().join("forgetful");
    let restart = |house: &mut House, policy: &str| {
        house.world.write(house.mfad.config(), policy, 0o644);
        house.mfad.restart();
    };
    for rule in ["group = [\"ops\"]", "user = [\"bob\"]"] {
        restart(&mut house, &format!("{OPTIONAL}[[rule]]\nmatch = {{ {rule} }}\nrequire = \"required\"\n"));
        assert_eq!(stranger(&house, "bob"), "enrolment-required", "{rule}");
        assert_eq!(stranger(&house, "carol"), "not-enrolled", "{rule}");
        house.world.write(&denied, "", 0o644);
        // The name that was typed may be another one of the same account.
        for user in ["bob", "BOB", "carol"] {
            assert_eq!(stranger(&house, user), "unknown-user", "{user}, {rule}");
        }
        fs::remove_file(&denied).unwrap();
    }
    restart(&mut house, OPTIONAL);
    house.world.write(&denied, "", 0o644);
    assert_eq!(stranger(&house, "carol"), "not-enrolled", "no rule is for anybody: the same as with an account");
    assert_eq!(house.knock("carol", "123456").reason, "unknown-user", "whose first factor was right has an account");
}

#[test]
fn a_name_service_in_trouble_does_not_fill_the_log() {
    let house = troubled("nss-log", "require = \"optional\"\n");
    house.world.write(house.world.folder().join("trouble"), "", 0o644);
    for user in ["alice", "bob", "carol", "alice", "bob", "carol"] {
        assert_eq!(house.knock(user, "123456").reason, "lookup-failed");
    }
    let log = house.mfad.errors();
    assert_eq!(log.matches("the name service cannot look up").count(), 1, "{log}");
}

#[test]
fn the_doctor_finds_a_user_of_a_rule_whom_the_name_service_spells_as_typed() {
    let rule = "require = \"optional\"\n[[rule]]\nmatch = { user = [\"spelled\", \"bob\"] }\nrequire = \"required\"\n";
    let house = troubled("nss-spelled", rule);
    assert_eq!(house.knock("spelled", "123456").reason, "enrolment-required");
    assert_eq!(house.knock("Spelled", "123456").reason, "not-enrolled");
    let doctor = Program::new(built("mfactl")).env("LD_LIBRARY_PATH", house.world.folder()).arg("--run-dir");
    let doctor = doctor.arg(house.world.run_dir()).args(["doctor", "--config"]).arg(house.mfad.config()).run("");
    assert!(doctor.stdout.contains("\"spelled\" \"SPELLED\" where that is typed"), "{doctor:?}");
    assert!(!doctor.stdout.contains("\"bob\""), "{doctor:?}");
}

#[test]
fn groups_are_looked_up_for_the_policy_that_decides() {
    let rule = |when: &str| format!("[[rule]]\nmatch = {{ {when} }}\nrequire = \"required\"\n");
    let rules = rule("service = [\"sudo\"], target = [\"root\"]") + &rule("group = [\"ops\"]");
    let mut house = troubled("nss-reload", &format!("require = \"optional\"\n{rules}"));
    let _ = house.world.add_user("late", 1004);
    house.world.add_group("ops", 3000, &["bob"]);
    let mut sudo = Raw::to(&house, "root.sock");
    let arguments = ["sudo", "-u", "late", "id"];
    let context = json!({"user": "bob", "service": "sudo", "tty": "pts/1", "real_uid": 1002, "arguments": arguments});
    sudo.say(&json!({"begin": context}));
    // The name service thinks about whom sudo is to make of bob. Both policies ask bob for a factor.
    std::thread::sleep(Duration::from_millis(300));
    house.mfad.reload("require = \"required\"\n");
    let said = std::iter::from_fn(|| sudo.hear()).find(|step| step.get("info").is_none()).unwrap().to_string();
    assert!(said.contains("enrolment-required"), "{said}");
}

#[test]
fn a_reset_while_a_name_service_is_in_trouble_takes_away_nothing_that_is_required() {
    let house = troubled("nss-reset", "require = \"off\"\n");
    let _ = house.enroll("alice", "totp");
    let _ = house.mfactl.run(&["require", "alice", "required"], "").ok();
    let trouble = house.world.folder().join("trouble");
    house.world.write(&trouble, "", 0o644);
    let reset = house.mfactl.run(&["reset", "alice"], "");
    assert!(reset.code == 1 && reset.stderr.contains("cannot look up"), "{reset:?}");
    fs::remove_file(&trouble).unwrap();
    assert_eq!(house.knock("alice", "123456").reason, "wrong-code", "not \"not-required\"");
}

#[test]
fn a_group_by_its_other_name_is_the_same_group() {
    let rule = "require = \"optional\"\n[[rule]]\nmatch = { group = [\"operators\"] }\nrequire = \"required\"\n";
    let mut house = House::new("nss-twins", rule);
    house.world.add_group("ops", 3000, &["bob"]);
    house.world.add_group("operators", 3000, &[]);
    assert_eq!(house.knock("bob", "123456").reason, "enrolment-required");
    assert_eq!(house.knock("carol", "123456").reason, "not-enrolled");
}

#[test]
fn nobody_approves_for_themselves_though_the_name_service_forgets_them() {
    let policy = "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }\n";
    let world = World::new("nss-approves");
    let _bus = SystemBus::start(&world);
    let mut house = in_world(world, "[NOTFOUND=return]", policy);
    house.mfad.is_on_the_bus(1);
    house.world.add_group("ops", 3000, &["alice", "bob"]);
    let enrolled = house.enroll("alice", "totp");
    let mut device = Device::start(&house.world.user("alice"), 1);
    let _ = device.pair(&enrolled.recovery_codes[0]);
    let mut login = Raw::to(&house, "root.sock");
    let context = json!({"user": "alice", "service": "sshd", "rhost": "192.0.2.7", "tty": "ssh", "real_uid": 0,
                         "ssh_auth_info": ["publickey"]});
    assert!(login.ask(&json!({"begin": context})).unwrap()["prompt"].is_object());
    let _ = device.presented();
    house.world.write(house.world.folder().join("forgetful"), "", 0o644);
    login.say(&json!({"answer": {"text": enrolled.oathtool().totp(calm_now())}}));
    let said = std::iter::from_fn(|| login.hear()).find(|step| step.get("info").is_none()).unwrap().to_string();
    assert!(said.contains("no-approver"), "{said}");
    assert!(device.hears_no("PRESENTED", Duration::from_millis(300)));
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
