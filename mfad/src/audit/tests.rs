//! The trail on a real file system.

use super::*;

fn trail(folder: &Path, users: &[&str]) {
    let audit = Audit::open(folder).unwrap();
    for user in users {
        audit.record(Event::new(Kind::AuthSuccess).about(user));
    }
    audit.flush();
}

fn text(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("00000001.jsonl")).unwrap()
}

#[test]
fn a_trail_goes_on_where_it_ended_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice", "bob"]);
    trail(folder.path(), &["carol"]);
    let walked = verify(folder.path()).unwrap();
    assert_eq!((walked.head.sequence, walked.broken), (3, vec![]));
    assert_eq!(text(folder.path()).lines().count(), 3);
}

#[test]
fn a_changed_removed_or_moved_line_is_found() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice", "bob", "carol", "dave"]);
    let path = folder.path().join("00000001.jsonl");
    let lines: Vec<String> = text(folder.path()).lines().map(str::to_owned).collect();
    let broken = |lines: &[String]| {
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        verify(folder.path()).unwrap().broken
    };
    let mut changed = lines.clone();
    changed[1] = changed[1].replace("bob", "eve");
    assert_eq!(broken(&changed).len(), 1);
    let mut removed = lines.clone();
    removed.remove(1);
    assert!(broken(&removed)[0].contains(":2: is number 3, expected 2"));
    let mut moved = lines.clone();
    moved.swap(1, 2);
    assert!(!broken(&moved).is_empty());
    assert!(broken(&lines).is_empty());
}

#[test]
fn a_line_cut_short_by_a_crash_is_dropped_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice", "bob"]);
    let whole = text(folder.path());
    for cut in [1, 20, whole.len() / 2 - 3] {
        std::fs::write(folder.path().join("00000001.jsonl"), &whole[..whole.len() - cut]).unwrap();
        trail(folder.path(), &["carol"]);
        let walked = verify(folder.path()).unwrap();
        assert_eq!((walked.head.sequence, walked.broken), (2, vec![]), "{cut}");
    }
}

#[test]
fn pages_hold_every_line_that_concerns_the_user_once() {
    let folder = tempfile::tempdir().unwrap();
    let users: Vec<String> = (0..300).map(|n| format!("user{}", n % 3)).collect();
    trail(folder.path(), &users.iter().map(String::as_str).collect::<Vec<_>>());
    for (user, expected) in [(None, 300), (Some("user1"), 100), (Some("nobody"), 0)] {
        let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let (lines, next) = lines_after(folder.path(), user, None, after.as_ref()).unwrap();
            found.extend(lines);
            pages += 1;
            after = next;
            if after.is_none() {
                break;
            }
        }
        found.dedup();
        assert_eq!(found.len(), expected, "{user:?} in {pages} pages");
        assert!(expected < 300 || pages > 1);
    }
    let (none, _) = lines_after(folder.path(), None, Some(u64::MAX), None).unwrap();
    assert!(none.is_empty());
}

#[test]
fn lines_a_power_cut_spoiled_are_found_by_the_walk_and_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice", "bob"]);
    let path = folder.path().join("00000001.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"\0\0\0\"user\":\"carol\"}\n");
    std::fs::write(&path, bytes).unwrap();
    trail(folder.path(), &["dave"]);
    let walked = verify(folder.path()).unwrap();
    assert_eq!(walked.head.sequence, 3, "dave's line follows bob's");
    assert!(walked.broken[0].contains(":3: not a line of the trail"), "{:?}", walked.broken);
}

#[test]
fn lines_that_are_no_text_or_too_long_for_a_frame_hide_nothing_that_comes_after_them() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice"]);
    let path = folder.path().join("00000001.jsonl");
    for spoiled in [b"\xff\xfe\n".to_vec(), [vec![0; 40_000], b"\n".to_vec()].concat(), vec![b'\n']] {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, [bytes, spoiled].concat()).unwrap();
        trail(folder.path(), &["bob"]);
    }
    for (user, expected) in [(None, 4), (Some("bob"), 3)] {
        let (lines, next) = lines_after(folder.path(), user, None, None).unwrap();
        assert_eq!((lines.iter().filter(|line| line.contains("auth.success")).count(), next), (expected, None));
        assert!(lines.iter().all(|line| line.len() < 2000), "none is too long for a frame");
    }
}

#[test]
fn of_lines_written_at_once_of_which_not_all_fit_those_that_do_are_kept_and_the_others_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut trail = Trail::open(folder.path()).unwrap();
    // Takes 64 KiB and no more, as a disk that fills up.
    let (mut read, write) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&write, true).unwrap();
    trail.file = File::from(std::os::fd::OwnedFd::from(write));
    let lines = 1000;
    for n in 0..lines {
        assert_eq!(trail.gather(n, &Event::new(Kind::AuthSuccess).about("alice")), 0);
    }
    let lost = trail.write();
    let mut taken = vec![0; 64 * 1024];
    io::Read::read_exact(&mut read, &mut taken).unwrap();
    let kept = usize::try_from(trail.length).unwrap();
    assert!(lost > 0 && kept > 0 && kept < taken.len() && !taken[kept..].contains(&b'\n'));
    let head = taken[..kept - 1].split(|byte| *byte == b'\n').try_fold(Head::start(), |head, line| head.follow(line));
    assert_eq!(head, Ok(trail.head.clone()));
    assert_eq!(trail.head.sequence + lost, lines);
    assert_eq!(trail.write(), 0, "what was counted as lost is not written later");
}

#[test]
fn what_was_lost_is_said_at_the_end_where_nothing_is_recorded_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut trail = Trail::open(folder.path()).unwrap();
    let (sender, notes) = sync_channel(1);
    sender.send(Note::End).unwrap();
    write_all(&mut trail, &notes, &AtomicU64::new(3));
    assert!(text(folder.path()).contains("3 events were not written"), "{:?}", text(folder.path()));
    assert_eq!(verify(folder.path()).unwrap().broken, Vec::<String>::new());
}

#[test]
fn a_line_that_is_being_written_is_no_fault_and_one_that_stays_unfinished_is() {
    let folder = tempfile::tempdir().unwrap();
    trail(folder.path(), &["alice", "bob"]);
    let whole = text(folder.path());
    let (begun, rest) = whole.split_at(whole.len() - 10);
    let path = folder.path().join("00000001.jsonl");
    std::fs::write(&path, begun).unwrap();
    let walked = std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(rest.as_bytes()).unwrap();
        });
        verify(folder.path()).unwrap()
    });
    assert_eq!((walked.head.sequence, walked.broken), (2, vec![]));
    std::fs::write(&path, begun).unwrap();
    let broken = verify(folder.path()).unwrap().broken;
    assert!(broken.len() == 1 && broken[0].ends_with(":2: an unfinished line"), "{broken:?}");
}
