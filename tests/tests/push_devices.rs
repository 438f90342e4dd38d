//! A user with two devices: the one that did not answer hears how it ended, and of two answers at once one counts.

use pam_mfa_tests::harness::{Device, Event, Home, another_than, number_in, request_id};
use std::time::Duration;

const POLICY: &str = "require = \"required\"\n";

/// Rounds of two answers at once for each user, half of them with the yes begun first.
const ROUNDS: u64 = 7;

fn with_a_second(name: &str) -> (Home, Device) {
    let mut home = Home::new(name, POLICY);
    let second = paired(Device::start(&home.house.world.user("alice"), 2), &home.enrolled.recovery_codes[1]);
    let _ = home.device.is_told("added");
    (home, second)
}

#[test]
fn the_device_that_did_not_answer_hears_how_it_ended() {
    let (mut home, mut second) = with_a_second("push-other");
    let door = home.house.door("door", "alice", "first_factor=stack");
    for (end, code) in [("approved", "PAM_SUCCESS"), ("denied", "PAM_MAXTRIES"), ("wrong-number", "PAM_MAXTRIES")] {
        let mut call = door.start();
        let number = number_in(&call.prompt());
        let (asked, also) = (home.device.presented(), second.presented());
        assert_eq!(asked, also, "both are asked the same");
        let id = request_id(&asked);
        let answer = match end {
            "approved" => home.device.does(&format!("approve {id} {number}")),
            "denied" => home.device.does(&format!("deny {id}")),
            _ => home.device.does(&format!("approve {id} {}", another_than(&number))),
        };
        assert!(answer == "OK" || answer.contains("WrongNumber"), "{answer}");
        assert_eq!(second.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} {end}"));
        assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} {end}"));
        for late in [format!("approve {id} {number}"), format!("deny {id}"), format!("report {id}")] {
            assert!(second.does(&late).contains("NoSuchRequest"), "{end}: {late}");
        }
        call.answer("");
        assert_eq!(call.verdict(), code, "{end}");
    }
}

#[test]
fn a_lost_device_hears_that_nothing_waits_for_it_and_the_other_answers() {
    let (mut home, mut second) = with_a_second("push-lost");
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let id = request_id(&home.device.presented());
    let _ = second.presented();
    let lost = format!("lost {} {}", home.id, home.enrolled.recovery_codes[2]);
    assert_eq!(second.does(&lost), "OK");
    assert_eq!(home.device.hears(&["WITHDRAWN"]), format!("WITHDRAWN {id} cancelled"));
    assert!(home.device.does(&format!("approve {id} {number}")).contains("NoSuchDevice"), "a yes counts no more");
    assert!(home.device.does(&format!("deny {id}")).contains("NoSuchRequest"), "nor does a no");
    assert!(second.hears_no("WITHDRAWN", Duration::from_millis(300)));
    assert_eq!(second.does(&format!("approve {id} {number}")), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}

#[test]
fn a_yes_that_waits_for_enter_counts_no_more_once_its_device_is_gone() {
    let mut home = Home::new("push-kept", POLICY);
    let mut code = 1;
    for how in ["suspend", "revoke"] {
        let mut call = home.house.door("door", "alice", "first_factor=stack").start();
        let number = number_in(&call.prompt());
        let id = request_id(&home.device.presented());
        assert_eq!(home.device.does(&format!("approve {id} {number}")), "OK");
        assert_eq!(home.house.mfactl.run(&["device", how, "alice", &home.id], "").code, 0);
        call.answer("");
        assert!(
            matches!(call.next_event(), Some(Event::Says { text, .. }) if text.starts_with("That approval no longer counts")),
            "{how}"
        );
        assert_eq!(call.prompt(), "Verification code: ", "{how}");
        call.answer(&home.enrolled.recovery_codes[code]);
        assert_eq!(call.verdict(), "PAM_SUCCESS", "{how}");
        let mut next = Device::start(&home.house.world.user("alice"), 7);
        home.id = next.pair(&home.enrolled.recovery_codes[code + 1]);
        (home.device, code) = (next, code + 2);
    }
}

#[test]
fn a_yes_and_a_no_at_once_end_in_exactly_one_of_them() {
    let Home { device, enrolled, house, bus: _bus, .. } = Home::new("push-both", POLICY);
    let start = |user: &str, seed| Device::start(&house.world.user(user), seed);
    let second = paired(start("alice", 2), &enrolled.recovery_codes[1]);
    // Three users: mfad takes sixteen answers of each at once, and then four in a second.
    let others = [("bob", 3), ("carol", 5)].map(|(user, seed)| {
        let codes = house.enroll(user, "totp").recovery_codes;
        (user, paired(start(user, seed), &codes[0]), paired(start(user, seed + 1), &codes[1]))
    });
    let mut yeses = 0;
    for (user, mut one, mut other) in [("alice", device, second)].into_iter().chain(others) {
        let door = house.door("door", user, "first_factor=stack");
        let before = yeses;
        for round in 0..ROUNDS {
            let mut call = door.start();
            let number = number_in(&call.prompt());
            call.answer("");
            let id = request_id(&one.presented());
            let _ = other.presented();
            // In turn, so that neither the order nor the device decides.
            let (yes, no) = if round % 4 < 2 { (&mut one, &mut other) } else { (&mut other, &mut one) };
            let [approve, deny] = [format!("approve {id} {number}"), format!("deny {id}")];
            let (yes, no) = if round % 2 == 0 {
                yes.begins(&approve);
                // A yes takes longer, with a signature and a flush: a head start now and then, up to a sure one.
                std::thread::sleep(Duration::from_millis(3 * round));
                no.begins(&deny);
                (yes.done(), no.done())
            } else {
                no.begins(&deny);
                yes.begins(&approve);
                (yes.done(), no.done())
            };
            let approved = match (yes.as_str(), no.as_str()) {
                ("OK", late) if late.contains("NoSuchRequest") => true,
                (late, "OK") if late.contains("NoSuchRequest") => false,
                both => panic!("{user}, {round}: {both:?}"),
            };
            yeses += u64::from(approved);
            assert_eq!(call.verdict(), if approved { "PAM_SUCCESS" } else { "PAM_MAXTRIES" }, "{user}, {round}");
            let end = format!("WITHDRAWN {id} {}", if approved { "approved" } else { "denied" });
            assert_eq!([one.hears(&["WITHDRAWN"]), other.hears(&["WITHDRAWN"])], [end.clone(), end], "{user}, {round}");
            // Five in ten minutes are all there are.
            let _ = house.mfactl.run(&["unlock", user], "").ok();
        }
        let trail = house.mfactl.run(&["log", "--user", user, "--json"], "").ok().stdout;
        let said = ["push.approved", "push.denied"].map(|event| trail.matches(event).count() as u64);
        assert_eq!(said, [yeses - before, ROUNDS - (yeses - before)], "{user}: each end is told once");
    }
    eprintln!("{yeses} of {} were a yes", 3 * ROUNDS);
}

fn paired(mut device: Device, code: &str) -> Device {
    let _ = device.pair(code);
    device
}

#[test]
fn a_device_that_was_set_aside_is_not_asked_and_the_other_is() {
    let (mut home, mut second) = with_a_second("push-aside");
    assert_eq!(home.house.mfactl.run(&["device", "suspend", "alice", &home.id], "").code, 0);
    let mut call = home.house.door("door", "alice", "first_factor=stack").start();
    let number = number_in(&call.prompt());
    let id = request_id(&second.presented());
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)), "whoever holds it learns of no login");
    assert_eq!(second.does(&format!("approve {id} {number}")), "OK");
    call.answer("");
    assert_eq!(call.verdict(), "PAM_SUCCESS");
}

#[test]
fn while_a_request_waits_another_login_sends_none() {
    let mut home = Home::new("push-one", POLICY);
    let door = home.house.door("door", "alice", "first_factor=stack");
    let mut first = door.start();
    let number = number_in(&first.prompt());
    let id = request_id(&home.device.presented());
    let mut second = door.start();
    assert_eq!(second.prompt(), "Verification code: ");
    assert!(home.device.hears_no("PRESENTED", Duration::from_millis(300)), "a yes must be to the one that was seen");
    assert_eq!(home.device.does(&format!("approve {id} {number}")), "OK");
    first.answer("");
    assert_eq!(first.verdict(), "PAM_SUCCESS");
}
