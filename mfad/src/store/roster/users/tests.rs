//! Names in order, uids, and what is left when people go.

use super::*;

fn names(users: &Users, after: Option<&str>) -> Vec<String> {
    users.after(after).map(|(name, _)| name.to_owned()).collect()
}

fn of(uid: u32) -> Entry {
    Entry { uid, ..Entry::default() }
}

fn uid(users: &Users, name: &str) -> Option<u32> {
    users.of(name).map(|entry| entry.uid)
}

#[test]
fn names_stay_in_order_and_alone() {
    let mut users = Users::default();
    users.makes_room_for(3, 20);
    for name in ["carol", "alice", "dave", "bob", "alice"] {
        users.put(name, of(7));
    }
    assert_eq!(names(&users, None), ["alice", "bob", "carol", "dave"]);
    assert_eq!(names(&users, Some("bob")), ["carol", "dave"]);
    assert_eq!(names(&users, Some("bobby")), ["carol", "dave"], "a page goes on behind who is gone");
    assert_eq!(names(&users, Some("zoe")), Vec::<String>::new());
    users.entry("bill").unwrap().uid = 8;
    users.entry("bob").unwrap().uid = 9;
    assert_eq!((uid(&users, "bill"), uid(&users, "bob")), (Some(8), Some(9)));
    assert_eq!(uid(&users, "alice"), Some(7));
    users.remove("alice");
    users.remove("alice");
    assert!(users.of("alice").is_none());
    assert_eq!(users.count(), 4);
}

#[test]
fn who_comes_after_somebody_left_has_nothing_of_theirs() {
    let mut users = Users::default();
    users.put("alice", Entry { disabled: true, ..of(1) });
    users.put("bob", of(2));
    users.remove("alice");
    assert_eq!(users.entry("carol"), Some(&mut Entry::default()));
    assert_eq!((uid(&users, "bob"), users.entries.len()), (Some(2), 2));
}

#[test]
fn a_uid_calls_one_user_and_goes_with_them_alone() {
    let mut users = Users::default();
    users.call(1, "alice");
    assert_eq!(users.called(1), Some("alice"), "before there is an entry");
    users.put("alice", of(1));
    users.put("bob", of(1));
    users.call(1, "bob");
    users.remove("alice");
    assert_eq!(users.called(1), Some("bob"));
    users.call_no_more(1, "alice");
    assert_eq!(users.called(1), Some("bob"));
    users.remove("bob");
    assert_eq!(users.called(1), None);
    for name in ["carol", "dave", "erin"] {
        users.put(name, of(1));
        users.call(1, name);
    }
    for (gone, left) in [("erin", Some("carol")), ("carol", Some("dave")), ("dave", None)] {
        users.remove(gone);
        assert_eq!(users.called(1), left, "whose it is as well is found without {gone}");
    }
}

#[test]
fn names_of_people_who_come_and_go_do_not_add_up() {
    let mut users = Users::default();
    users.call(5000, "not-read-yet");
    for n in 0..300 {
        users.put(&format!("stays{n:03}"), of(n));
        users.call(n, &format!("stays{n:03}"));
    }
    let held = users.names.used();
    for round in 0..50 {
        for n in 0..100 {
            let name = format!("guest-{round}-{n}");
            users.put(&name, of(1000 + n));
            users.call(1000 + n, &name);
        }
        for n in 0..100 {
            users.remove(&format!("guest-{round}-{n}"));
        }
    }
    assert_eq!(users.names.used(), held);
    assert!(!users.names.is_mostly_waste());
    assert_eq!(users.called(5000), Some("not-read-yet"));
    for n in 0..300 {
        let name = format!("stays{n:03}");
        assert_eq!((users.called(n), uid(&users, &name)), (Some(name.as_str()), Some(n)));
    }
    assert_eq!(users.count(), 300);
    assert!(names(&users, None).is_sorted());
}
