//! Offers as tables: who tries what, when, and what is left.

use super::*;
use data_encoding::HEXLOWER;
use mfa_core::now::Boot;

fn now(boottime: u64) -> Now {
    Now { wall: 0, boot: Boot(1), boottime }
}

/// The public keys of RFC 8032, section 7.1, tests 1 and 2.
fn key(test: u8) -> DeviceKey {
    let hex = match test {
        1 => "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        _ => "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    };
    DeviceKey::new(&HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap()
}

fn offers() -> (Offers, String, Secret) {
    let offers = Offers::default();
    let (name, number) = offers.make(1001, ":1.5", ("desk", key(1)), now(100)).unwrap();
    (offers, name, number)
}

fn wrong(number: &Secret) -> Secret {
    let other = if number.expose_str() == Some("000000") { "000001" } else { "000000" };
    Secret::from(other.to_owned())
}

#[test]
fn an_offer_is_taken_once_after_its_number_was_typed_and_never_before() {
    let (offers, name, number) = offers();
    assert!(offers.take(1001, &name, now(100)).is_none(), "nobody typed the number");
    assert_eq!(offers.shown(1001, now(100)).unwrap().offer, name);
    assert!(offers.shown(1002, now(100)).is_none(), "it is of its uid alone");
    assert_eq!(offers.tried(1002, &name, &number, now(100)), Tried::Gone);
    assert_eq!(offers.tried(1001, &name, &number, now(101)), Tried::Right);
    let end = offers.end_of(1001, ":1.5", &name).unwrap();
    assert!(offers.end_of(1001, ":1.6", &name).is_none(), "another connection is told nothing");
    let taken = offers.take(1001, &name, now(102)).unwrap();
    assert_eq!(taken.key, key(1));
    taken.paired(DeviceId::typed("device-1"));
    assert_eq!(*end.borrow(), Some(Ended::Paired(DeviceId::typed("device-1"))));
    assert!(offers.take(1001, &name, now(102)).is_none(), "used up");
}

#[test]
fn five_wrong_numbers_over_all_logins_end_it() {
    let (offers, name, number) = offers();
    let end = offers.end_of(1001, ":1.5", &name).unwrap();
    for _ in 0..4 {
        assert_eq!(offers.tried(1001, &name, &wrong(&number), now(100)), Tried::Wrong);
    }
    assert_eq!(offers.tried(1001, &name, &wrong(&number), now(100)), Tried::Gone);
    assert_eq!(offers.tried(1001, &name, &number, now(100)), Tried::Gone, "nor by the right one");
    assert!(matches!(*end.borrow(), Some(Ended::Over(_))));
}

#[test]
fn it_ends_with_its_time_its_connection_and_the_next_offer() {
    let (offers, name, number) = offers();
    assert_eq!(offers.tried(1001, &name, &number, now(699)), Tried::Right);
    assert!(offers.take(1001, &name, now(700)).is_none(), "ten minutes are over");
    let (name, _) = offers.make(1001, ":1.5", ("desk", key(1)), now(800)).unwrap();
    offers.gone(":1.4");
    assert!(offers.shown(1001, now(800)).is_some());
    let end = offers.end_of(1001, ":1.5", &name).unwrap();
    let (second, number) = offers.make(1001, ":1.6", ("evil", key(2)), now(800)).unwrap();
    assert!(matches!(*end.borrow(), Some(Ended::Over(_))), "the older one is told");
    assert_eq!(offers.tried(1001, &name, &number, now(800)), Tried::Gone);
    offers.gone(":1.6");
    assert_eq!(offers.tried(1001, &second, &number, now(800)), Tried::Gone);
}

#[test]
fn however_many_are_made_one_of_each_uid_is_kept() {
    let offers = Offers::default();
    for round in 0..1000 {
        offers.make(1000 + round % 3, ":1.5", ("desk", key(1)), now(100)).unwrap();
    }
    assert_eq!(offers.out.lock().unwrap().len(), 3);
}
