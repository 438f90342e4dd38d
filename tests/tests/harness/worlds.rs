//! A world and what is looked for in it: accounts, processes, disks, secrets, a state folder.

use pam_mfa_tests::harness::{Program, World};
use std::path::Path;

#[test]
fn accounts_live_in_the_world_alone() {
    let machine = std::fs::read_to_string("/etc/passwd").unwrap();
    assert!(!machine.contains("alice"));
    {
        let mut world = World::new("accounts");
        world.add_user("dave", 1004);
        world.add_group("ops", 2000, &["alice", "dave"]);
        assert!(Program::new("id").arg("dave").run("").ok().stdout.contains("2000(ops)"));
        world.change_uid("dave", 1005);
        assert_eq!(Program::new("id").args(["-u", "dave"]).run("").ok().stdout, "1005\n");
        world.remove_user("dave");
        assert_ne!(Program::new("id").arg("dave").run("").code, 0);
        let as_bob = Program::new("sh").args(["-c", "id -un; id -Gn; pwd"]).as_user(&world.user("bob")).run("").ok();
        assert_eq!(as_bob.stdout, format!("bob\nbob\n{}\n", world.user("bob").home.display()));
    }
    assert_eq!(std::fs::read_to_string("/etc/passwd").unwrap(), machine);
    assert!(!Path::new("/run/mfa-accounts").exists());
}

#[test]
fn a_world_takes_its_processes_with_it() {
    let world = World::new("end");
    let lost = Program::new("sh").args(["-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"]).run("").ok();
    assert_eq!(world.processes().len(), 1, "{lost:?}");
    let pid = world.processes()[0];
    drop(world);
    assert!(std::fs::read_link(format!("/proc/{pid}/exe")).is_err(), "it still runs");
}

#[test]
fn a_disk_can_be_full() {
    let world = World::new("disk");
    world.small_state_disk("size=16k");
    let error = std::fs::write(world.state_dir().join("big"), vec![0; 64 * 1024]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn a_secret_in_a_log_is_found_however_it_is_written() {
    use pam_mfa_tests::harness::canary::{keep_quiet_about, told, written};
    let world = World::new("told");
    let secrets = ["MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U", "7K2M-9QXD-4HTB-V0PA-J8CE-3WNR"];
    secrets.iter().for_each(|secret| keep_quiet_about(secret));
    assert!(told(&world).is_empty());
    let log = world.folder().join("mfad.err");
    let ways: Vec<_> = secrets.iter().flat_map(|secret| written(secret)).collect();
    assert!(ways.contains(&b"6162636465666768696a6b6c6d6e6f7071727374".to_vec()), "hexadecimal, too");
    assert!(ways.contains(&b"7k2m9qxd4htbv0paj8ce3wnr".to_vec()), "without its groups, too");
    for way in ways {
        std::fs::write(&log, [b"an answer: ".as_slice(), &way, b"\n"].concat()).unwrap();
        assert!(!told(&world).is_empty(), "{:?}", String::from_utf8_lossy(&way));
    }
    std::fs::remove_file(&log).unwrap();
}

#[test]
fn a_secret_in_the_environment_of_a_running_daemon_fails_the_test_it_belongs_to() {
    use pam_mfa_tests::harness::{House, Mfactl, Mfad, canary::keep_quiet_about};
    let secret = "LPQXS2DNMVXGIZLBNZSGKZDBMRSGKZDB";
    keep_quiet_about(secret);
    let world = World::new("told-by-mfad");
    let mut mfad = Mfad::new(&world, "require = \"required\"\n").env("LEFT_BEHIND", secret);
    mfad.run();
    let pid = mfad.pid();
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(house)));
    let told = ended.expect_err("the secret was not found").downcast::<String>().unwrap();
    assert!(told.contains(&format!("/proc/{pid}/environ: {secret}")), "{told}");
    assert!(std::fs::read_link(format!("/proc/{pid}/exe")).is_err(), "it still runs");
}

#[test]
fn a_state_folder_that_is_not_whole_is_noticed() {
    use pam_mfa_tests::harness::{House, is_whole};
    let house = House::new("whole", "require = \"required\"\n");
    let _ = house.enroll("alice", "hotp");
    let _ = house.enroll("bob", "hotp");
    assert_eq!(is_whole(&house, &"as it should be"), 2);
    let state = house.world.state_dir();
    let bob = std::fs::read_to_string(state.join("users/bob.toml")).unwrap();
    let (factor, recovery) = bob.split_at(bob.find("[recovery]").expect("a table of its own"));
    let header = factor.split("[[factor]]").next().unwrap();
    let record = std::fs::read(state.join("state/bob")).unwrap();
    for (file, bytes, complaint) in [
        ("users/.new-abc", b"".as_slice(), "left in \"users\""),
        ("state/.new-abc", b"", "left in \"state\""),
        (".new-abc", b"", "left in \"\""),
        ("users/bob.toml", &bob.as_bytes()[..bob.len() / 2], "bob.toml"),
        ("users/bob.toml", factor.as_bytes(), "bob has a factor without recovery codes"),
        ("users/bob.toml", format!("{header}{recovery}").as_bytes(), "bob"),
        ("state/bob", &record[..100], "state/bob cannot be read, all 100 bytes of it"),
        ("tokens.toml", b"version = ", "the stock of tokens"),
    ] {
        let file = state.join(file);
        let before = std::fs::read(&file).ok();
        std::fs::write(&file, bytes).unwrap();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| is_whole(&house, &"broken")));
        let told = ended.expect_err(complaint).downcast::<String>().unwrap();
        assert!(told.contains(complaint), "{complaint}: {told}");
        match before {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
    assert_eq!(is_whole(&house, &"as it was"), 2);
}
