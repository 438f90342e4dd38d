//! Many at once: agents of one person who may approve, and requests to one person.

use super::{ONE, home};
use pam_mfa_tests::harness::{Device, number_in, request_id};
use std::time::Duration;

#[test]
fn one_person_with_several_agents_is_one_person() {
    let mut home = home("approve-agents", &ONE.replace("count = 1", "count = 2"));
    let codes = home.house.enroll("bob", "totp").recovery_codes;
    let bob = home.house.world.user("bob");
    let (mut first, mut second) = (Device::start(&bob, 2), Device::start(&bob, 3));
    let id = first.pair(&codes[0]);
    let _ = second.pair(&codes[1]);
    // The same device from one more connection, too.
    let mut third = Device::start(&bob, 2);
    assert_eq!(third.does(&format!("register {id}")), "OK");
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.recovery_codes[1]);
    terminal.expect("cannot be asked just now");
    assert_ne!(terminal.finish().code, 0);
    for device in [&mut first, &mut second, &mut third] {
        assert!(device.hears_no("PRESENTED", Duration::from_millis(300)));
    }
    // With another they are two: every agent of bob's is asked the same, and counts once.
    let mut carol = home.neighbour("carol", 4);
    let (mut terminal, _, _) = home.sudo();
    terminal.line(&home.enrolled.recovery_codes[2]);
    terminal.expect(super::ASKED);
    let number = number_in(&terminal.expect("Enter: "));
    let asked = [&mut first, &mut second, &mut third].map(Device::presented);
    assert!(asked.iter().all(|request| *request == asked[0]), "{asked:?}");
    assert_eq!(second.does(&format!("approve {} {number}", request_id(&asked[0]))), "OK");
    assert!(first.does(&format!("approve {} {number}", request_id(&asked[0]))).contains("NoSuchRequest"));
    terminal.line("");
    assert!(!terminal.shows("root", Duration::from_millis(500)), "one of two is not enough");
    let by_carol = request_id(&carol.presented());
    assert_eq!(carol.does(&format!("approve {by_carol} {number}")), "OK");
    assert_eq!(terminal.finish().code, 0);
}

#[test]
fn sixteen_requests_wait_for_one_person_and_no_more() {
    let mut home = home("approve-room", ONE);
    let mut bob = home.neighbour("bob", 2);
    let users: Vec<String> = (0..17).map(|at| format!("user{at}")).collect();
    let mut codes = Vec::new();
    for (uid, user) in (1100..).zip(&users) {
        home.house.world.add_user(user, uid);
        codes.push(home.house.enroll(user, "totp").recovery_codes[0].clone());
    }
    let ask = |at: usize| {
        let door = home.house.door("su", &users[at], "first_factor=stack").option("--ruser", &users[at]);
        let mut call = door.start();
        call.prompt();
        call.answer(&codes[at]);
        call
    };
    // One after the other: which number is whose is told by their order alone.
    let (mut waiting, asked): (Vec<_>, Vec<_>) = (0..16)
        .map(|at| {
            let mut call = ask(at);
            let asked = (number_in(&call.prompt()), request_id(&bob.presented()));
            (call, asked)
        })
        .unzip();
    assert_ne!(ask(16).verdict(), "PAM_SUCCESS");
    home.house.world.log().expect(&["user=\"user16\"", "reason=no-approver"]);
    assert!(bob.hears_no("PRESENTED", Duration::from_millis(300)));
    // Nor does a request of bob's own come on top.
    let mut own = home.house.door("door", "bob", "first_factor=stack").start();
    assert_eq!(own.prompt(), "Verification code: ");
    // Of those that wait none is lost, and an answer makes room.
    assert_eq!(bob.does(&format!("approve {} {}", asked[15].1, asked[15].0)), "OK");
    waiting[15].answer("");
    assert_eq!(waiting[15].verdict(), "PAM_SUCCESS");
    let mut own = home.house.door("door", "bob", "first_factor=stack").start();
    let _ = own.prompt();
    let _ = bob.presented();
}
