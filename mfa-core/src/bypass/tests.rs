//! When a bypass opens, and that its file says so in full.

use super::*;
use crate::enrollment::{Enrollment, StateId};
use crate::state::Lost;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

const NOW: Now = Now { wall: 1_764_590_400, boot: Boot(7), boottime: 5000 };
const HOUR: u64 = 3600;

fn after(seconds: i64) -> Now {
    Now { wall: NOW.wall.saturating_add_signed(seconds), boottime: NOW.boottime.saturating_add_signed(seconds), ..NOW }
}

fn made(uses: Uses, consent: bool) -> (String, Bypass, State) {
    let wanted = Wanted { seconds: HOUR, uses, reason: String::from("phone lost"), by_uid: 1001, consent };
    let mut counter = 0_u64;
    let (shown, bypass) = make(wanted, NOW, |buffer: &mut [u8]| {
        counter += 1;
        let block = Sha256::digest(counter.to_be_bytes());
        buffer.copy_from_slice(&block[..buffer.len()]);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    let mut state = State::new(StateId::new([1; 16]), 1000);
    state.begin_bypass(&bypass);
    (shown.expose_str().unwrap().to_owned(), bypass, state)
}

#[test]
fn its_code_has_a_shape_of_its_own() {
    let (code, bypass, _) = made(Uses::Times(1), false);
    assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [5; 5]);
    assert!(has_shape(&code) && !crate::recovery::has_shape(&code) && crate::otp::normalise(&code).is_none());
    assert!(bypass.is_code(&code) && bypass.is_code(&code.to_lowercase().replace('-', " ")));
    assert!(!bypass.is_code(&code[1..]) && !bypass.is_code("123456"));
    assert!(code.len() <= crate::wire::MAX_ANSWER);
}

#[test]
fn it_is_over_by_whichever_clock_says_so_first() {
    let (_, bypass, _) = made(Uses::Times(1), false);
    let reboot = |wall: u64| Now { wall, boot: Boot(8), boottime: 1 };
    for (now, over) in [
        (NOW, false),
        (after(3599), false),
        (after(3600), true),
        // The wall clock alone was set ahead, or back.
        (Now { wall: NOW.wall + HOUR, ..NOW }, true),
        (Now { wall: NOW.wall - 86_400, ..NOW }, false),
        (Now { wall: NOW.wall - 86_400, ..after(3600) }, true),
        (reboot(NOW.wall + 60), false),
        (reboot(NOW.wall + HOUR), true),
        (reboot(NOW.wall - 1), true),
    ] {
        assert_eq!(bypass.is_over(now), over, "{now:?}");
    }
    let edited = Bypass { until: NOW.wall + 40 * HOUR, until_boot: u64::MAX, ..bypass };
    assert!(!edited.is_over(after(86_399)) && edited.is_over(after(86_400)), "a day at most, whatever the file says");
}

#[test]
fn none_is_longer_than_a_day() {
    let wanted = Wanted { seconds: 90 * HOUR, uses: Uses::AnyNumber, reason: String::new(), by_uid: 0, consent: false };
    let (_, bypass) = make(wanted, NOW, |_: &mut [u8]| Ok::<(), Infallible>(())).unwrap();
    assert_eq!(bypass.until - bypass.made, LONGEST);
}

#[test]
fn how_a_bypass_stands() {
    let used = |times| move |state: &mut State| state.bypass.as_mut().unwrap().times = times;
    let given = Consent::Given { by_uid: 1002, at: NOW.wall };
    type Change = Box<dyn Fn(&mut State)>;
    for (uses, consent, change, expected) in [
        (Uses::Times(1), Consent::NotAsked, Box::new(used(0)) as Change, Standing::Open),
        (Uses::Times(1), Consent::NotAsked, Box::new(used(1)), Standing::UsedUp),
        (Uses::Times(3), Consent::NotAsked, Box::new(used(2)), Standing::Open),
        (Uses::Times(0), Consent::NotAsked, Box::new(used(0)), Standing::UsedUp),
        (Uses::AnyNumber, Consent::NotAsked, Box::new(used(u16::MAX)), Standing::Open),
        (Uses::Times(1), Consent::Waits, Box::new(used(0)), Standing::Waits),
        (Uses::Times(1), given, Box::new(used(0)), Standing::Open),
        (Uses::Times(1), Consent::NotAsked, Box::new(|state| state.bypass = None), Standing::Lost),
        (
            Uses::AnyNumber,
            Consent::NotAsked,
            Box::new(|state| state.bypass.as_mut().unwrap().id = BypassId::new([0; 4])),
            Standing::Lost,
        ),
        (
            Uses::AnyNumber,
            Consent::NotAsked,
            Box::new(|state| state.lost = Some(Lost { noticed: 1, adopted: false })),
            Standing::Lost,
        ),
        (
            Uses::AnyNumber,
            Consent::NotAsked,
            Box::new(|state| state.lost = Some(Lost { noticed: 1, adopted: true })),
            Standing::Open,
        ),
    ] {
        let (_, bypass, mut state) = made(uses, false);
        let bypass = Bypass { consent, ..bypass };
        change(&mut state);
        assert_eq!(bypass.standing(&state, NOW), expected, "{uses:?} {consent:?} {state:?}");
        assert_eq!(bypass.standing(&state, after(3600)), Standing::Over);
    }
}

#[test]
fn consent_that_is_demanded_later_is_waited_for_and_one_that_was_given_stays() {
    let (_, mut bypass, state) = made(Uses::Times(1), false);
    bypass.demand_consent();
    assert_eq!(bypass.standing(&state, NOW), Standing::Waits);
    bypass.consent = Consent::Given { by_uid: 1002, at: 1 };
    bypass.demand_consent();
    assert_eq!(bypass.standing(&state, NOW), Standing::Open);
}

#[test]
fn it_survives_the_file_makes_nobody_enrolled_and_says_everything_in_so_many_words() {
    for (uses, consent) in [
        (Uses::Times(3), Consent::NotAsked),
        (Uses::AnyNumber, Consent::Waits),
        (Uses::AnyNumber, Consent::Given { by_uid: 1002, at: 5 }),
    ] {
        let (code, bypass, _) = made(uses, false);
        let mut enrollment = Enrollment::new("anna", 1003, StateId::new([1; 16]));
        enrollment.bypass = Some(Bypass { consent, ..bypass });
        let text = enrollment.print().unwrap();
        assert!(!text.contains(&code) && !text.contains(&code.replace('-', "")), "{}", *text);
        let read = Enrollment::parse("anna.toml", &text).unwrap();
        assert_eq!(read.bypass, enrollment.bypass);
        assert!(!read.is_enrolled());
        // No key of it can be lost without the file being refused.
        let keys = ["id", "reason", "by_uid", "made", "until", "boot", "until_boot", "salt", "hash"];
        for key in keys {
            let within = text.find("[bypass").unwrap();
            let without: Vec<&str> = text[within..].lines().filter(|l| !l.starts_with(&format!("{key} ="))).collect();
            let less = format!("{}{}", &text[..within], without.join("\n"));
            // The consent's own by_uid is taken with it.
            assert!(Enrollment::parse("anna.toml", &less).is_err(), "{key}: {less}");
        }
    }
}

#[test]
fn one_that_policy_shortens_ends_by_both_clocks_and_none_is_made_longer() {
    let (_, made, _) = made(Uses::AnyNumber, false);
    let mut bypass = made.clone();
    bypass.shorten(2 * HOUR);
    assert_eq!(bypass, made);
    bypass.shorten(HOUR / 2);
    assert_eq!(bypass.until, NOW.wall + HOUR / 2);
    let wall_stands = Now { wall: NOW.wall, ..after(1800) };
    let boot_stands = Now { boottime: NOW.boottime, ..after(1800) };
    for (now, over) in [(after(1799), false), (after(1800), true), (wall_stands, true), (boot_stands, true)] {
        assert_eq!(bypass.is_over(now), over, "{now:?}");
        assert!(!made.is_over(now));
    }
}
