//! What is kept, what is not, and what a damaged or planted file does.

use super::*;
use mfa_core::bus::Listed;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn decided(id: u64) -> Decided {
    let request = Listed {
        id: format!("{id:032x}"),
        host: "web-1".into(),
        user: "alice".into(),
        service: "sshd".into(),
        approver: "alice".into(),
        ruser: String::new(),
        rhost: String::new(),
        tty: String::new(),
        command: String::new(),
        purpose: "login".into(),
        subject: String::new(),
        number_due: true,
        issued: id,
        expires: id + 45,
    };
    Decided { request, outcome: "approved".into(), at: id }
}

fn ids(decisions: &[Decided]) -> Vec<u64> {
    decisions.iter().map(|decision| decision.at).collect()
}

fn history(folder: &Path) -> History {
    History { path: folder.join("state/mfa-authenticator/history.json") }
}

#[test]
fn decisions_are_kept_newest_first_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    assert!(history.load().unwrap().is_empty());
    history.save(vec![decided(2), decided(1)]).unwrap();
    assert_eq!(ids(&history.load().unwrap()), [2, 1]);
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!((mode(&history.path), mode(history.path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn what_another_session_added_stays_and_the_oldest_leave() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (history(folder.path()), history(folder.path()));
    one.save(vec![decided(3), decided(1)]).unwrap();
    other.save(vec![decided(3), decided(2)]).unwrap();
    assert_eq!(ids(&one.load().unwrap()), [3, 2, 1]);
    one.save((0..150).map(decided).collect()).unwrap();
    let kept = ids(&one.load().unwrap());
    assert_eq!((kept.len(), kept[0]), (MOST_REMEMBERED, 149));
}

#[test]
fn a_file_that_is_not_understood_is_set_aside_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    history.save(vec![decided(1)]).unwrap();
    let good = std::fs::read_to_string(&history.path).unwrap();
    for wrong in ["", "{", &good.replace("\"version\":1", "\"version\":2"), &"x".repeat(LONGEST as usize + 1)] {
        std::fs::write(&history.path, wrong).unwrap();
        assert!(history.load().unwrap().is_empty());
        assert_eq!(std::fs::read_to_string(history.path.with_extension("json.damaged")).unwrap(), wrong);
        assert!(!history.path.exists());
    }
    history.save(vec![decided(1)]).unwrap();
    assert_eq!(ids(&history.load().unwrap()), [1]);
}

#[test]
fn neither_a_link_nor_a_fifo_is_read_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    history.save(Vec::new()).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::write(&elsewhere, "mine").unwrap();
    std::fs::remove_file(&history.path).unwrap();
    symlink(&elsewhere, &history.path).unwrap();
    assert!(history.load().is_err() && history.save(vec![decided(1)]).is_err());
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "mine");
    std::fs::remove_file(&history.path).unwrap();
    nix::unistd::mkfifo(&history.path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(history.load().is_err() && history.save(vec![decided(1)]).is_err());
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_old_file() {
    if nix::unistd::Uid::effective().is_root() {
        // Root may write everywhere: a file in the folder's place stands in for it.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state"), "").unwrap();
        assert!(history(folder.path()).save(vec![decided(1)]).is_err());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    history.save(vec![decided(1)]).unwrap();
    let parent = history.path.parent().unwrap();
    std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o500)).unwrap();
    assert!(history.save(vec![decided(2)]).is_err());
    assert_eq!(ids(&history.load().unwrap()), [1]);
    std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o700)).unwrap();
}
