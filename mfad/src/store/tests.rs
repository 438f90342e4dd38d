//! The store on a real file system.

use super::*;
use mfa_core::enrollment::StateId;
use mfa_core::now::{Boot, Now};
use mfa_core::state::State;
use std::os::unix::fs::symlink;

/// Below one that others may write: whoever builds a package has no other.
fn folder() -> tempfile::TempDir {
    let closed = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("mfa-test-").permissions(closed).tempdir().unwrap()
}

fn enrollment(user: &str) -> Enrollment {
    Enrollment::new(user, 1000, StateId::new([1; 16]))
}

#[test]
fn an_enrolment_is_found_again_and_another_is_not_there() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    store.save_enrollment(&enrollment("alice")).unwrap();
    assert_eq!(store.enrollment("alice").unwrap().unwrap().uid, 1000);
    assert_eq!(store.owner("alice").unwrap(), Some(1000));
    assert!(store.enrollment("bob").unwrap().is_none());
    assert_eq!(store.users().unwrap(), ["alice"]);
    store.remove("alice").unwrap();
    assert!(store.enrollment("alice").unwrap().is_none());
}

#[test]
fn a_second_process_is_told_that_the_folder_is_in_use() {
    let dir = folder();
    let _first = Store::open_checked(dir.path()).unwrap();
    assert!(matches!(Store::open_checked(dir.path()), Err(StoreError::Busy(_))));
}

#[test]
fn a_state_is_written_in_place_and_read_back() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    let mut state = State::new(StateId::new([1; 16]), 1000);
    assert!(store.state("alice").unwrap().take().is_none());
    store.state("alice").unwrap().save(&state).unwrap();
    let inode = || std::fs::metadata(dir.path().join("state/alice")).unwrap();
    let before = std::os::unix::fs::MetadataExt::ino(&inode());
    for n in 0..5 {
        state.spent.push(n);
        let mut file = store.state("alice").unwrap();
        file.save(&state).unwrap();
        assert_eq!(store.state("alice").unwrap().take().unwrap(), state);
    }
    assert_eq!(std::os::unix::fs::MetadataExt::ino(&inode()), before);
    assert_eq!(inode().len(), record_file_length());
}

fn record_file_length() -> u64 {
    mfa_core::record::FILE as u64
}

#[test]
fn a_damaged_state_is_said_to_be_damaged_and_can_be_replaced() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    let state = State::new(StateId::new([1; 16]), 1000);
    for bytes in [vec![], vec![0; 100], vec![0xff; mfa_core::record::FILE]] {
        let path = dir.path().join("state/alice");
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut file = store.state("alice").unwrap();
        assert!(file.is_damaged() && file.take().is_none());
        file.save(&state).unwrap();
        assert_eq!(store.state("alice").unwrap().take().unwrap(), state);
    }
}

#[test]
fn nothing_but_a_closed_regular_file_of_ours_is_read() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    store.save_enrollment(&enrollment("victim")).unwrap();
    let victim = dir.path().join("users/victim.toml");
    let plant = |make: &dyn Fn(&Path)| {
        let path = dir.path().join("users/alice.toml");
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir(&path);
        make(&path);
        let started = std::time::Instant::now();
        let error = store.enrollment("alice").map(|e| e.is_some()).unwrap_err().to_string();
        assert!(started.elapsed().as_secs() < 2, "blocked: {error}");
        assert!(error.contains("users/alice.toml:"), "{error}");
        error
    };
    assert!(plant(&|path| symlink(&victim, path).unwrap()).contains("symbolic link"));
    assert!(plant(&|path| symlink("/dev/zero", path).unwrap()).contains("symbolic link"));
    assert!(plant(&|path| std::fs::hard_link(&victim, path).unwrap()).contains("more than one name"));
    assert!(plant(&|path| std::fs::create_dir(path).unwrap()).contains("not a regular file"));
    assert!(
        plant(&|path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        })
        .contains("not a regular file")
    );
    assert!(
        plant(&|path| {
            // Not by bind(2), whose path has 108 bytes: some builders' TMPDIR has more.
            let closed = nix::sys::stat::Mode::from_bits_truncate(0o600);
            nix::sys::stat::mknod(path, nix::sys::stat::SFlag::S_IFSOCK, closed, 0).unwrap();
        })
        .contains("alice")
    );
    assert!(
        plant(&|path| {
            std::fs::write(path, "version = 1\n").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
        })
        .contains("open to others")
    );
    for text in ["", "version = 1\nname = \"alice", "version = 2\nname=\"alice\"\nuid=1\nstate_id=\"x\"\n", "\0\0\0"] {
        plant(&|path| {
            std::fs::write(path, text).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        });
    }
}

#[test]
fn a_loose_folder_is_refused() {
    let dir = folder();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
    let error = Store::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("0700"), "{error}");
    let error = Store::open(Path::new("/nonexistent/mfa")).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/mfa"), "{error}");
}

#[test]
fn what_a_killed_process_left_is_swept() {
    let dir = folder();
    drop(Store::open_checked(dir.path()).unwrap());
    let left = dir.path().join("users/.new-abc");
    std::fs::write(&left, "x").unwrap();
    let store = Store::open_checked(dir.path()).unwrap();
    assert!(!left.exists());
    assert!(store.users().unwrap().is_empty());
}

#[test]
fn whose_a_file_was_is_not_forgotten_when_it_cannot_be_read_any_more() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    let now = Now { wall: 1000, boot: Boot(1), boottime: 5 };
    let called = || store.roster().name_of(1000).unwrap();
    store.save_enrollment(&enrollment("alice")).unwrap();
    store.fill_roster(now).unwrap();
    std::fs::write(dir.path().join("users/alice.toml"), "").unwrap();
    assert!(store.owner("alice").is_err(), "there is no record either");
    store.fill_roster(now).unwrap();
    assert_eq!(called().as_deref(), Some("alice"));
    store.remove("alice").unwrap();
    assert_eq!(called(), None, "with the file its uid is free");
}

#[test]
fn a_file_says_itself_whose_it_is_and_its_record_where_it_does_not() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    store.save_enrollment(&enrollment("alice")).unwrap();
    store.state("alice").unwrap().save(&State::new(StateId::new([1; 16]), 2000)).unwrap();
    let file = dir.path().join("users/alice.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let owner = |text: &str| {
        std::fs::write(&file, text).unwrap();
        store.owner("alice").map_err(|why| why.to_string())
    };
    assert_eq!(owner(&text), Ok(Some(1000)));
    assert_eq!(owner(&text.replace("state_id", "surprise")), Ok(Some(1000)), "the line of the uid is whole");
    let (before, _) = text.split_once("00\n").unwrap();
    assert!(before.ends_with("uid = 10"), "{before}");
    assert_eq!(owner(before), Ok(Some(2000)), "half a number is none");
    std::fs::remove_file(dir.path().join("state/alice")).unwrap();
    assert!(owner(before).unwrap_err().ends_with("say whose it is: there is none"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(store.owner("alice").unwrap(), None);
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    store.save_enrollment(&enrollment("alice")).unwrap();
    let mut large = enrollment("alice");
    let otp = mfa_core::otp::Otp::new(
        mfa_core::secret::Secret::new(vec![1; 20]),
        mfa_core::otp::Algorithm::Sha1,
        6,
        mfa_core::otp::Moving::Counter,
        mfa_core::otp::ShortSecret::Refuse,
    );
    large.factors.push(mfa_core::enrollment::Factor {
        id: mfa_core::enrollment::FactorId::typed("hotp-1"),
        label: "x".repeat(70_000),
        token: None,
        pending: false,
        created: 0,
        otp: otp.unwrap(),
        counter: 0,
        upkeep: mfa_core::upkeep::Upkeep::default(),
    });
    assert!(matches!(store.save_enrollment(&large), Err(StoreError::Unwritable { .. })));
    assert!(store.enrollment("alice").unwrap().unwrap().factors.is_empty(), "the old file stands");
}

#[test]
fn what_another_hand_writes_is_read_though_the_file_was_parsed_before() {
    let dir = folder();
    let store = Store::open_checked(dir.path()).unwrap();
    store.save_enrollment(&enrollment("alice")).unwrap();
    let file = dir.path().join("users/alice.toml");
    // Until its time stamps tell a later write from this one.
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let uid = || store.enrollment("alice").map(|found| found.unwrap().uid);
    assert_eq!(uid().unwrap(), 1000);
    let seen = || Seen::of(&rustix::fs::stat(&file).unwrap());
    assert!(store.parsed.known("alice", seen()).is_some(), "it was kept");
    assert_eq!(uid().unwrap(), 1000);
    // In place and as long as before; by a new file; damaged; too open; gone.
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("1000"), "{text}");
    std::fs::write(&file, text.replace("1000", "2000")).unwrap();
    assert_eq!(uid().unwrap(), 2000);
    let beside = dir.path().join("users/.new");
    std::fs::copy(&file, &beside).unwrap();
    std::fs::write(&beside, text.replace("1000", "3000")).unwrap();
    std::fs::rename(&beside, &file).unwrap();
    assert_eq!(uid().unwrap(), 3000);
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    assert!(uid().is_err());
    std::fs::write(&file, &text).unwrap();
    assert_eq!(uid().unwrap(), 1000);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(uid().is_err());
    std::fs::remove_file(&file).unwrap();
    assert!(store.enrollment("alice").unwrap().is_none());
}
