//! Who may ask for whom: the user's own programs over the user socket, strangers, and a name service that hangs.

use pam_mfa_tests::harness::{House, Mfactl, Mfad, PamClient, Program, Raw, World, begin, calm_now};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// A locker: the user's own program, without privileges.
fn locker(house: &House, as_user: &str, of: &str) -> PamClient {
    house.world.pam("swaylock", &[&house.world.module("required", "")]);
    let user = house.world.user(as_user);
    PamClient::new("swaylock", of).program(|program| program.as_user(&user))
}

#[test]
fn a_locker_verifies_its_own_user_and_the_code_is_spent() {
    let house = House::new("locker", POLICY);
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    assert_eq!(locker(&house, "alice", "alice").verdict(&[&code]), "PAM_SUCCESS");
    assert_ne!(locker(&house, "alice", "alice").verdict(&[&code]), "PAM_SUCCESS", "spent");
    assert_ne!(house.knock("alice", &code).code, "PAM_SUCCESS", "spent at every door");
}

#[test]
fn a_program_cannot_verify_another_user_nor_tell_who_is_enrolled() {
    let house = House::new("other-user", POLICY);
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    let asked = |of: &str| format!("{:?}", locker(&house, "bob", of).run(&[&code]));
    let of_alice = asked("alice");
    assert!(!of_alice.contains("PAM_SUCCESS"), "{of_alice}");
    assert_eq!(of_alice, asked("carol"), "enrolled or not");
    assert_eq!(of_alice, asked("nobody-of-that-name"), "known or not");
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS", "the code was not touched");
}

#[test]
fn what_is_required_of_a_user_is_not_passed_by_through_a_program_of_another() {
    let house = House::new("other-required", "require = \"off\"\n");
    let _ = house.mfactl.run(&["require", "alice", "required"], "").ok();
    house.world.pam("swaylock", &["required pam_permit.so", &house.world.module("required", "")]);
    let bob = house.world.user("bob");
    let asks = |of: &str| PamClient::new("swaylock", of).program(|program| program.as_user(&bob)).run(&["123456"]);
    let of_alice = format!("{:?}", asks("alice"));
    assert!(!of_alice.contains("PAM_SUCCESS"), "{of_alice}");
    assert_eq!(of_alice, format!("{:?}", asks("carol")), "nor is it told of whom it is required");
    assert!(format!("{:?}", asks("bob")).contains("PAM_SUCCESS"), "of bob nothing is required");
}

#[test]
fn a_program_that_asks_for_others_does_not_fill_the_log() {
    let house = House::new("other-log", POLICY);
    for user in ["alice", "bob", "carol", "alice", "bob", "carol"] {
        assert!(Raw::to(&house, "user.sock").ask(&begin(user, 0)).is_some());
    }
    let log = house.mfad.errors();
    assert_eq!(log.matches("asked for another user").count(), 1, "{log}");
    assert!(log.contains("a program of uid 0 asked for another user"), "{log}");
}

#[test]
fn programs_of_the_user_cannot_lock_out_the_user() {
    let house = House::new("own-budget", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    for _ in 0..12 {
        assert_ne!(locker(&house, "alice", "alice").verdict(&[&codes.wrong(now)]), "PAM_SUCCESS");
    }
    assert_ne!(locker(&house, "alice", "alice").verdict(&[&codes.totp(now)]), "PAM_SUCCESS", "theirs waits");
    assert_eq!(house.knock("alice", &codes.totp(now)).code, "PAM_SUCCESS", "the user's does not");
}

#[test]
fn what_a_program_says_of_itself_is_not_believed() {
    let house = House::new(
        "claims",
        "require = \"required\"\n[[rule]]\nmatch = { service = [\"open\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    house.world.pam("open", &["required pam_permit.so", &house.world.module("required", "first_factor=stack")]);
    let alice = house.world.user("alice");
    let of_root = PamClient::new("open", "alice");
    assert_eq!(of_root.verdict(&[]), "PAM_SUCCESS", "root says the service, and policy asks nothing there");
    let events = PamClient::new("open", "alice").program(|program| program.as_user(&alice)).run(&["123456"]);
    let events = format!("{events:?}");
    assert!(events.contains("Verification code") && !events.contains("PAM_SUCCESS"), "{events}");
    assert!(!events.contains("mfactl enroll"), "no evidence, no word about the enrolment: {events}");
}

#[test]
fn an_mfad_in_a_pid_namespace_of_its_own_serves_who_is_outside() {
    let world = World::new("contained");
    let mut mfad = Mfad::new(&world, POLICY);
    let container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    assert_eq!(mfad.comes_up_behind(container.map(OsString::from).to_vec()), None);
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let codes = house.enroll("alice", "totp");
    assert_eq!(house.knock("alice", &codes.recovery_codes[0]).code, "PAM_SUCCESS", "root, over its own socket");
    assert_eq!(locker(&house, "alice", "alice").verdict(&[&codes.recovery_codes[1]]), "PAM_SUCCESS");
}

/// What mfad says to a program whose effective uid is this.
fn told(house: &House, uid: u32) -> Option<Value> {
    let socket = house.world.run_dir().join("user.sock");
    let connecting = std::thread::spawn(move || {
        // Of this thread alone.
        set_thread_res_uid(None, Uid::from_raw(uid), None).unwrap();
        UnixStream::connect(socket).unwrap()
    });
    Raw(connecting.join().unwrap()).ask(&begin("alice", uid))
}

#[test]
fn a_program_whose_uid_has_no_number_here_is_not_served() {
    let house = House::new("unmapped", POLICY);
    assert!(told(&house, 65_000).is_some());
    assert_eq!(told(&house, 65_534), None, "it may be anybody's");
}

#[test]
fn logins_of_one_agent_through_polkits_helper_leave_room_for_others() {
    let world = World::new("agents-places");
    let house = House { mfad: Mfad::start_with_descriptors(&world, POLICY, 160), mfactl: Mfactl::new(&world), world };
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    let bob = house.world.user("bob").uid;
    let helper = json!({"begin": {"user": "alice", "service": "polkit-1", "real_uid": 0, "stdin_peer": bob}});
    let mut helpers: Vec<_> =
        (0..40).map(|_| Raw::to(&house, "root.sock")).map(|mut raw| (raw.ask(&helper), raw)).collect();
    helpers.retain(|(said, _)| said.is_some());
    assert!((1..40).contains(&helpers.len()), "{}", helpers.len());
    assert!(house.mfad.errors().contains(&format!("uid {bob} has ")), "{}", house.mfad.errors());
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
}

/// A name service that takes a minute for names that begin with `slow`.
const STALLING: &str = r#"
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
enum nss_status _nss_stall_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size, int *error)
{
    if (strncmp(name, "slow", 4) == 0) sleep(60);
    return NSS_STATUS_NOTFOUND;
}
"#;

#[test]
fn a_name_service_that_hangs_refuses_in_time_and_keeps_nobody_else_waiting() {
    let world = World::new("stalled");
    let folder = world.folder();
    world.write(folder.join("stall.c"), STALLING, 0o644);
    let compiled = Program::new("cc").args(["-shared", "-fPIC", "-o"]).arg(folder.join("libnss_stall.so.2"));
    let _ = compiled.arg(folder.join("stall.c")).run("").ok();
    world.write("/etc/nsswitch.conf", "passwd: files stall\ngroup: files\n", 0o644);
    let mut mfad = Mfad::new(&world, POLICY).env("LD_LIBRARY_PATH", &folder.to_string_lossy());
    mfad.run();
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    let door = house.door("door", "slow-one", "");
    let mut stalled: Vec<_> = (0..8).map(|_| door.start()).collect();
    let start = Instant::now();
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    for call in &mut stalled {
        assert_eq!(call.verdict(), "PAM_AUTHINFO_UNAVAIL");
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    house.world.log().expect(&["user=\"slow-one\"", "reason=lookup-failed"]);
}

#[test]
fn a_user_with_many_uids_leaves_others_their_programs() {
    let house = House::new("many-uids", POLICY);
    let enrolled = house.enroll("alice", "totp");
    let connect = |uid: u32| {
        nix::unistd::seteuid(uid.into()).unwrap();
        let stream = UnixStream::connect(house.world.run_dir().join("user.sock"));
        nix::unistd::seteuid(0.into()).unwrap();
        Raw(stream.unwrap())
    };
    // The uids that newuidmap(1) gives bob: as many programs as one may have, each of all of them, silent or with a word that is refused.
    for word in [None, Some(begin("alice", 0))] {
        let mut held: Vec<Raw> = (100_000..100_064).flat_map(|uid| (0..16).map(move |_| uid)).map(connect).collect();
        if let Some(word) = &word {
            held.iter_mut().for_each(|raw| raw.say(word));
            std::thread::sleep(Duration::from_millis(200));
        }
        let code = &enrolled.recovery_codes[usize::from(word.is_some())];
        assert_eq!(locker(&house, "alice", "alice").verdict(&[code]), "PAM_SUCCESS", "{word:?}");
        std::thread::sleep(Duration::from_secs(3));
    }
}
