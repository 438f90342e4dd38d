//! A host's mfad while an administrator works on it: reloads with many users, restarts under logins, what other programs leave in its
//! folders.

use pam_mfa_tests::harness::strace::{Fault, Strace};
use pam_mfa_tests::harness::{House, Mfactl, Mfad, World};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\ntries = 1\n";

/// How long whatever is made slow may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The messages that came by now.
fn told(socket: &UnixDatagram) -> Vec<String> {
    let (mut all, mut bytes) = (Vec::new(), [0; 512]);
    loop {
        match socket.recv(&mut bytes) {
            Ok(length) => all.push(String::from_utf8_lossy(&bytes[..length]).into_owned()),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return all,
            Err(e) => panic!("{e}"),
        }
    }
}

#[test]
fn a_reload_that_takes_longer_than_the_watchdog_waits_is_not_killed_by_it() {
    let world = World::new("long-reload");
    let path = world.folder().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_nonblocking(true).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let mfad = Mfad::new(&world, POLICY).env("NOTIFY_SOCKET", path.to_str().unwrap()).env("WATCHDOG_USEC", "1000000");
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    // The variable names the process it is for (sd_watchdog_enabled(3)).
    let to_itself = ["sh", "-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\""].map(Into::into).to_vec();
    assert_eq!(house.mfad.comes_up_behind(to_itself), None);
    let waits_for = |text: &str| {
        let start = Instant::now();
        while !house.mfad.errors().contains(text) {
            assert!(start.elapsed() < PATIENCE, "{}", house.mfad.errors());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    waits_for("0 users have a file");
    // Each is opened, and named in the log: so it shows when all were read.
    let users: Vec<String> = (0..16).map(|number| format!("nobody{number}")).collect();
    for user in &users {
        let file = house.world.state_dir().join("users").join(format!("{user}.toml"));
        fs::write(&file, "damaged").unwrap();
        house.world.give_to_daemon(&file, 0o600);
    }
    let slow = Fault { call: String::from("openat2"), how: "delay_enter=200000", when: 1 };
    let strace = Strace::inject_from(&house.world, house.mfad.pid(), &slow);
    let _ = told(&systemd);
    let start = Instant::now();
    house.mfad.reload(POLICY);
    users.iter().for_each(|user| waits_for(&format!("reset {user}\n")));
    let took = start.elapsed();
    assert!(took > Duration::from_secs(4), "the reload was not slow: {took:?}");
    let beats = told(&systemd).iter().filter(|message| message.contains("WATCHDOG=1")).count();
    assert!(beats >= 3, "{beats} signs of life in {took:?}: systemd would have killed it");
    drop(strace);
}

#[test]
fn whoever_is_let_in_while_mfad_stops_stands_in_the_trail() {
    let world = World::new("stops");
    // Lines of its own are written by the same call.
    let mfad = Mfad::new(&world, POLICY).logging_as_installed();
    let mut house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.run();
    let codes = house.enroll("alice", "hotp").oathtool();
    let client = house.door("door", "alice", "first_factor=stack");
    let (mut counter, mut granted) = (0, 0);
    for _ in 0..4 {
        // The trail is written slowly: what it owes when mfad is told to stop is much.
        let slow = Fault { call: String::from("write"), how: "delay_enter=300000", when: 1 };
        let strace = Strace::inject_from(&house.world, house.mfad.pid(), &slow);
        let (mfad, codes, client) = (&mut house.mfad, &codes, &client);
        let let_in = &AtomicU64::new(0);
        std::thread::scope(|scope| {
            let logins = scope.spawn(move || {
                let mut counter = counter;
                while client.verdict(&[&codes.hotp(counter)]) == "PAM_SUCCESS" {
                    let_in.fetch_add(1, Ordering::Relaxed);
                    counter += 1;
                }
                counter + 1
            });
            while let_in.load(Ordering::Relaxed) < 3 && !logins.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(mfad.stop(), 0);
            counter = logins.join().unwrap();
        });
        granted += let_in.load(Ordering::Relaxed);
        drop(strace);
        house.mfad.run();
    }
    let trail = house.mfactl.run(&["log", "--json"], "").ok().stdout;
    let kept = trail.lines().filter(|line| line.contains("\"auth.success\"")).count() as u64;
    assert!(granted >= 12, "{granted} logins");
    // One a stop may be decided whose answer does not arrive.
    assert!((granted..=granted + 4).contains(&kept), "{granted} logins let in, {kept} in the trail:\n{trail}");
    assert_eq!(house.mfactl.run(&["log", "verify"], "").code, 0);
}

#[test]
fn a_start_that_a_file_of_anothers_stops_names_the_file() {
    let mut house = House::new("restored", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    house.mfad.stop();
    let state = house.world.state_dir();
    // A backup that was unpacked without its owners, and put right but for one.
    for file in ["audit/00000001.jsonl", "lock", "users", "audit", "state"] {
        let path = state.join(file);
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        nix::unistd::chown(&path, Some(0.into()), Some(0.into())).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(if path.is_dir() { 0o700 } else { 0o600 })).unwrap();
        let (code, errors) = house.mfad.fails_to_start();
        assert_eq!(code, 1, "{file}: {errors}");
        assert!(errors.contains(path.to_str().unwrap()), "{file} is not named: {errors}");
        house.world.give_to_daemon(&path, mode);
    }
    house.mfad.run();
    assert_eq!(house.knock("alice", &codes.hotp(1)).code, "PAM_SUCCESS");
}

#[test]
fn an_enrolment_that_went_by_other_hands_than_mfads_is_not_none() {
    let mut house = House::new("gone", "require = \"optional\"\ntries = 1\n");
    let codes = house.enroll("alice", "hotp").oathtool();
    let _ = house.enroll("bob", "hotp");
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    let file = house.world.state_dir().join("users/alice.toml");
    let kept = fs::read(&file).unwrap();
    // Half a restore, or a folder that is kept in step with another host's: while mfad runs, and while it does not.
    for is_restarted in [false, true] {
        fs::remove_file(&file).unwrap();
        if is_restarted {
            house.mfad.restart();
        }
        assert_eq!(house.knock("alice", &codes.hotp(1)).reason, "enrolment-damaged", "{is_restarted}");
        assert_eq!(house.knock("carol", "").reason, "not-enrolled", "who never had one");
        let told = house.mfactl.run(&["status", "alice"], "");
        assert!(told.code == 1 && told.stderr.contains("put back a copy"), "{told:?}");
        let anew = house.mfactl.run(&["enroll", "alice", "--no-confirm"], "");
        assert!(anew.code == 1 && anew.stderr.contains("users/alice.toml"), "{anew:?}");
        fs::write(&file, &kept).unwrap();
        house.world.give_to_daemon(&file, 0o600);
    }
    assert_eq!(house.knock("alice", &codes.hotp(1)).code, "PAM_SUCCESS", "put back it is as before");
    // Nor under another name of the account's.
    let uid = house.world.user("alice").uid;
    fs::remove_file(&file).unwrap();
    house.world.remove_user("alice");
    let _ = house.world.add_user("alicia", uid);
    house.mfad.restart();
    assert_eq!(house.knock("alicia", &codes.hotp(2)).reason, "uid-mismatch");
    house.world.remove_user("alicia");
    let _ = house.world.add_user("alice", uid);
    // Nor where the record is spoiled as well.
    let record = house.world.state_dir().join("state/alice");
    let whole = fs::read(&record).unwrap();
    fs::write(&record, "spoiled").unwrap();
    assert_eq!(house.knock("alice", &codes.hotp(2)).reason, "enrolment-damaged");
    fs::write(&record, whole).unwrap();
    let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    assert_eq!(house.knock("alice", "").reason, "not-enrolled", "an administrator's word");
    // Of what was never used a lost file cannot be told from none.
    fs::remove_file(house.world.state_dir().join("users/bob.toml")).unwrap();
    assert_eq!(house.knock("bob", "").reason, "not-enrolled");
}

#[test]
fn a_rename_that_was_cut_short_behind_its_first_write_is_done_again() {
    let mut house = House::new("renamed-half", POLICY);
    let codes = house.enroll("alice", "hotp").oathtool();
    assert_eq!(house.knock("alice", &codes.hotp(0)).code, "PAM_SUCCESS");
    let uid = house.world.user("alice").uid;
    house.world.remove_user("alice");
    let _ = house.world.add_user("alicia", uid);
    let state = house.world.state_dir().join("state");
    fs::copy(state.join("alice"), state.join("alicia")).unwrap();
    house.world.give_to_daemon(&state.join("alicia"), 0o600);
    assert_ne!(house.knock("alicia", &codes.hotp(1)).code, "PAM_SUCCESS");
    let _ = house.mfactl.run(&["rename", "alice", "alicia"], "").ok();
    assert_eq!(house.knock("alicia", &codes.hotp(0)).reason, "replay", "its counter went along");
    assert_eq!(house.knock("alicia", &codes.hotp(1)).code, "PAM_SUCCESS");
}
