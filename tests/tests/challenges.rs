//! A device's yes as the proof for a change of factors: this change, this user, once.

use pam_mfa_tests::harness::strace::{Fault, Strace};
use pam_mfa_tests::harness::{Device, Home, request_id};
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

/// A challenge by `device`: its name and number.
fn challenge(device: &mut Device, what: &str) -> (String, String) {
    let answer = device.does(&format!("challenge {what}"));
    let words: Vec<&str> = answer.split(' ').collect();
    let ["OK", name, number] = *words.as_slice() else { panic!("{answer}") };
    (name.to_owned(), number.to_owned())
}

#[test]
fn a_second_device_is_added_by_the_first_ones_yes_to_its_very_key() {
    let mut home = Home::new("challenge-add", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let (name, number) = challenge(&mut second, "add-device");
    let request = home.device.presented();
    let fingerprint = request["purpose"]["add-device"]["fingerprint"].as_str().unwrap_or_else(|| panic!("{request}"));
    assert_eq!(fingerprint.len(), 64);
    assert_eq!(request["number_due"].as_bool(), Some(true), "whatever policy says of logins");
    second.begins(&format!("pair second {name}"));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let id = second.done();
    let id = id.strip_prefix("OK ").unwrap_or_else(|| panic!("{id}"));
    let _ = home.device.is_told("added");
    assert_eq!(second.does(&format!("register {id}")), "OK");
    let mut third = Device::start(&home.house.world.user("alice"), 3);
    assert!(third.does(&format!("pair third {name}")).contains("NotAuthorized"), "it proves one change, once");
}

#[test]
fn a_yes_serves_no_other_key_user_or_change() {
    let mut home = Home::new("challenge-other", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let mut third = Device::start(&home.house.world.user("alice"), 3);
    let mut bob = Device::start(&home.house.world.user("bob"), 4);
    let (name, number) = challenge(&mut second, "add-device");
    let request = home.device.presented();
    assert!(bob.does(&format!("pair bob {name}")).contains("NotAuthorized"), "not another user's");
    third.begins(&format!("pair third {name}"));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    assert!(third.done().contains("NotAuthorized"), "not for another key");
    let (name, number) = challenge(&mut second, "add-device");
    let request = home.device.presented();
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    let lost = second.does(&format!("lost {} {name}", home.id));
    assert!(lost.contains("NotAuthorized"), "not for another change: {lost}");
    let status = home.house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
    assert_eq!(status["devices"].as_array().map(Vec::len), Some(1), "{status}");
}

#[test]
fn a_no_a_wrong_number_and_silence_add_nothing() {
    let mut home = Home::new("challenge-no", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    for (answer, error) in [("deny", "NotAuthorized"), ("wrong", "WrongNumber")] {
        let (name, number) = challenge(&mut second, "add-device");
        let id = request_id(&home.device.presented());
        second.begins(&format!("pair second {name}"));
        std::thread::sleep(Duration::from_millis(200));
        match answer {
            "deny" => assert_eq!(home.device.does(&format!("deny {id}")), "OK"),
            _ => {
                let wrong = if number == "000000" { "000001" } else { "000000" };
                assert!(home.device.does(&format!("approve {id} {wrong}")).contains("WrongNumber"));
            }
        }
        let answer = second.done();
        assert!(answer.contains(error), "{answer}");
    }
}

#[test]
fn a_lost_device_is_suspended_by_another_and_is_not_asked_itself() {
    let mut home = Home::new("challenge-lost", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let code = home.enrolled.recovery_codes[1].clone();
    let other = second.pair(&code);
    let _ = home.device.hears(&["ANNOUNCED"]);
    let (name, number) = challenge(&mut second, &format!("suspend-device {}", home.id));
    let request = second.presented();
    assert_eq!(request["purpose"]["suspend-device"]["device"].as_str(), Some(home.id.as_str()));
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)));
    assert_eq!(second.does(&format!("approve {} {number}", request_id(&request))), "OK");
    assert_eq!(second.does(&format!("lost {} {name}", home.id)), "OK");
    assert!(home.device.does(&format!("register {}", home.id)).contains("NoSuchDevice"));
    // The only one that is left cannot vouch for its own loss.
    let own = second.does(&format!("challenge suspend-device {other}"));
    assert!(own.contains("Later"), "{own}");
}

#[test]
fn a_program_that_leaves_takes_its_question_with_it() {
    let mut home = Home::new("challenge-gone", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let (name, _) = challenge(&mut second, "add-device");
    let id = request_id(&home.device.presented());
    drop(second);
    let start = Instant::now();
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"));
    assert!(start.elapsed() < Duration::from_secs(2));
    // While it waits for the answer as well.
    let mut third = Device::start(&home.house.world.user("alice"), 3);
    let (again, _) = challenge(&mut third, "add-device");
    assert_ne!(name, again);
    let id = request_id(&home.device.presented());
    third.begins(&format!("pair third {again}"));
    std::thread::sleep(Duration::from_millis(300));
    drop(third);
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"));
}

#[test]
fn questions_are_bounded_as_pushes_are() {
    let mut home = Home::new("challenge-flood", POLICY);
    let mut second = Device::start(&home.house.world.user("alice"), 2);
    let mut asked = 0;
    for _ in 0..20 {
        let answer = second.does("challenge add-device");
        if answer.starts_with("OK") {
            asked += 1;
            let id = request_id(&home.device.presented());
            assert_eq!(home.device.does(&format!("deny {id}")), "OK");
        }
    }
    assert_eq!(asked, 3, "after three noes nobody is asked for half an hour");
}

#[test]
fn a_yes_that_is_kept_until_its_device_is_gone_or_its_user_was_reset_proves_nothing() {
    for how in ["device suspend", "device revoke", "reset"] {
        let mut home = Home::new(&format!("challenge-kept-{}", how.replace(' ', "-")), POLICY);
        let mut second = Device::start(&home.house.world.user("alice"), 2);
        let (name, number) = challenge(&mut second, "add-device");
        let request = home.device.presented();
        assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
        let words = how.split(' ').chain(["alice"]).chain((how != "reset").then_some(home.id.as_str()));
        let _ = home.house.mfactl.run(&words.collect::<Vec<_>>(), "").ok();
        let answer = second.does(&format!("pair second {name}"));
        assert!(answer.contains("NotAuthorized"), "{how}: {answer}");
    }
}

#[test]
fn one_whose_files_are_slow_holds_up_nobody_else_by_asking_anew() {
    let home = Home::new("challenge-slow", POLICY);
    let start = |user: &str, seed| Device::start(&home.house.world.user(user), seed);
    let (mut second, mut bob, passer) = (start("alice", 2), start("bob", 3), start("bob", 4));
    let _ = challenge(&mut second, "add-device");
    let mut call = home.house.door("door", "alice", "").start();
    assert_eq!(call.prompt(), "Verification code: ");
    let fault = Fault { call: String::from("fdatasync"), how: "delay_enter=4000000", when: 1 };
    let _slow = Strace::inject(&home.house.world, home.house.mfad.pid(), &fault);
    call.answer(&home.enrolled.recovery_codes[1]);
    std::thread::sleep(Duration::from_millis(500));
    // The older challenge has to be withdrawn first, which waits for her files.
    second.begins("challenge add-device");
    std::thread::sleep(Duration::from_millis(300));
    // Of whoever leaves the bus the challenges are looked through.
    drop(passer);
    std::thread::sleep(Duration::from_millis(200));
    assert!(bob.does("devices").starts_with("OK"));
    let answered = Instant::now();
    assert_eq!(call.verdict(), "PAM_SUCCESS");
    assert!(answered.elapsed() > Duration::from_secs(1), "bob was answered only when alice's files were free");
}
