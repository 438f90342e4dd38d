//! Whose answer it is: a yes is a device's of its own user's programs, a no one of those that were asked.

use pam_mfa_tests::harness::{Device, Home, number_in, request_id};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

#[test]
fn a_yes_by_another_uid_counts_not_even_with_the_devices_own_signature() {
    let mut home = Home::new("push-sender", POLICY);
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let id = request_id(&home.device.presented());
    let signed = home.device.does(&format!("signed {id} {number}"));
    let send = signed.replacen("OK", "send", 1);
    for user in ["bob", "root"] {
        let mut other = Device::start(&home.house.world.user(user), 1);
        assert!(other.does(&send).contains("NoSuchRequest"), "{user}");
    }
    assert!(home.device.hears_no("WITHDRAWN", Duration::from_millis(300)), "it still waits");
    assert_eq!(home.device.does(&send), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}

#[test]
fn a_no_by_a_program_that_was_shown_nothing_ends_nothing() {
    let mut home = Home::new("push-no-sender", POLICY);
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let id = request_id(&home.device.presented());
    // alice's own, which never registered; and another user's.
    for user in ["alice", "bob"] {
        let mut other = Device::start(&home.house.world.user(user), 1);
        for word in ["deny", "report"] {
            assert!(other.does(&format!("{word} {id}")).contains("NoSuchRequest"), "{user} {word}");
        }
    }
    assert!(home.device.hears_no("WITHDRAWN", Duration::from_millis(300)), "it still waits");
    assert_eq!(home.device.does(&format!("approve {id} {number}")), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}
