//! What is suspended, announced and dropped, and when; as tables.

use super::*;
use crate::device::{DeviceId, DeviceKey};
use crate::enrollment::StateId;
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};
use crate::place::Place;
use crate::policy::Set;
use crate::secret::Secret;
use crate::upkeep::Upkeep;
use crate::wire::Method;
use ed25519_dalek::SigningKey;

/// When everything was made.
const MADE: u64 = 1_700_000_000;

fn rules(unused: u64, renew: u64, overlap: u64, pending: u64) -> HygieneRules {
    let days = |days: u64| Set { value: days * DAY, place: Place::built_in("x") };
    HygieneRules {
        at: Set { value: 210, place: Place::built_in("x") },
        suspend_unused: days(unused),
        renew_after: days(renew),
        overlap: (overlap > 0).then(|| days(overlap)),
        drop_pending: days(pending),
    }
}

fn usual() -> HygieneRules {
    rules(90, 365, 14, 7)
}

fn factor(number: u8) -> Factor {
    let (secret, moving) = (Secret::new(vec![number; 20]), Moving::Time { period: 30 });
    Factor {
        id: FactorId::new(Method::Totp, [0, 0, 0, number]),
        label: String::new(),
        token: None,
        pending: false,
        created: MADE,
        otp: Otp::new(secret, Algorithm::Sha1, 6, moving, ShortSecret::Refuse).unwrap(),
        counter: 0,
        upkeep: Upkeep::default(),
    }
}

fn device(number: u8) -> Device {
    Device {
        id: DeviceId::new([0, 0, 0, number]),
        label: String::new(),
        created: MADE,
        suspended: false,
        key: DeviceKey::new(SigningKey::from_bytes(&[number; 32]).verifying_key().as_bytes()).unwrap(),
        upkeep: Upkeep::default(),
    }
}

fn user(factors: Vec<Factor>, devices: Vec<Device>) -> (Enrollment, State) {
    let mut enrollment = Enrollment::new("anna", 1003, StateId::new([1; 16]));
    (enrollment.factors, enrollment.devices) = (factors, devices);
    (enrollment, State::new(StateId::new([1; 16]), 1000))
}

/// What is done where what is announced stops a whole overlap later.
fn plan(rules: &HygieneRules, enrollment: &Enrollment, state: &State, wall: u64) -> Vec<Change> {
    let overlap = rules.overlap.as_ref().map_or(0, |set| set.value);
    super::plan(rules, enrollment, state, wall, wall + overlap)
}

fn at(days: u64) -> u64 {
    MADE + days * DAY
}

#[test]
fn what_is_done_with_a_factor() {
    let suspended = Some(Suspended { at: at(1), why: Why::Unused });
    let announced = |stops| Upkeep { stops: Some(stops), ..Upkeep::default() };
    let resumed = |days| Upkeep { resumed: Some(at(days)), ..Upkeep::default() };
    let unused = Some(Act::Suspend(Why::Unused));
    let clear = Upkeep::default();
    for (rules, pending, upkeep, used, day, expected) in [
        (usual(), false, clear, None, 89, None),
        (usual(), false, clear, None, 90, unused),
        (usual(), false, clear, Some(50), 139, None),
        (usual(), false, clear, Some(50), 140, unused),
        (usual(), false, resumed(200), Some(50), 289, None),
        (usual(), false, resumed(200), Some(50), 290, unused),
        (usual(), false, Upkeep { suspended, ..clear }, None, 5000, None),
        (rules(0, 0, 0, 0), false, clear, None, 5000, None),
        (usual(), false, clear, Some(364), 364, None),
        (usual(), false, clear, Some(364), 365, Some(Act::Announce { stops: at(379) })),
        (usual(), false, clear, Some(700), 700, Some(Act::Announce { stops: at(714) })),
        (usual(), false, announced(at(379)), Some(378), 378, None),
        (usual(), false, announced(at(379)), Some(378), 379, Some(Act::Suspend(Why::Old))),
        // Policy gives it more time since, or all of it.
        (rules(0, 400, 14, 0), false, announced(at(379)), None, 370, Some(Act::Spare)),
        (rules(0, 0, 0, 0), false, announced(at(379)), None, 370, Some(Act::Spare)),
        (usual(), true, clear, None, 6, None),
        (usual(), true, clear, None, 7, Some(Act::Drop)),
        (rules(90, 365, 14, 0), true, clear, None, 5000, None),
    ] {
        let (mut enrollment, mut state) = user(vec![Factor { pending, upkeep, ..factor(1) }], Vec::new());
        let id = enrollment.factors[0].id.clone();
        if let Some(day) = used {
            state.factor(&id).last_used = Some(at(day));
        }
        let planned = plan(&rules, &enrollment, &state, at(day));
        let expected: Vec<Change> = expected.map(|act| Change { id: id.to_string(), act }).into_iter().collect();
        assert_eq!(planned, expected, "{pending} {upkeep:?} {used:?} {day}");
        apply(&mut enrollment, &planned, at(day));
        if day < 5000 && !planned.is_empty() {
            let acted = |act: &dyn Fn(Act) -> bool| planned.iter().any(|change| act(change.act));
            assert_eq!(enrollment.factors.is_empty(), acted(&|act| act == Act::Drop));
            assert_eq!(!pending && !enrollment.opens(), acted(&|act| matches!(act, Act::Suspend(_))));
            assert_eq!(
                enrollment.is_enrolled(),
                !pending,
                "a suspended factor is one: policy `optional` lets nobody by for it"
            );
        }
        assert_eq!(plan(&rules, &enrollment, &state, at(day)), [], "once done it is done");
    }
}

#[test]
fn a_clock_that_stands_before_everything_was_made_suspends_nothing() {
    let (enrollment, state) = user(vec![factor(1)], vec![device(2)]);
    assert_eq!(plan(&usual(), &enrollment, &state, 0), []);
}

#[test]
fn each_factor_stands_for_itself_and_devices_for_one_another() {
    let (mut enrollment, mut state) = user(vec![factor(1), factor(2)], vec![device(3), device(4)]);
    state.factor(&enrollment.factors[0].id.clone()).last_used = Some(at(100));
    let ids = |changes: Vec<Change>| changes.into_iter().map(|change| change.id).collect::<Vec<_>>();
    assert_eq!(
        ids(plan(&usual(), &enrollment, &state, at(120))),
        ["totp-00000002", "device-00000003", "device-00000004"]
    );
    state.factor(&FactorId::push()).last_used = Some(at(100));
    assert_eq!(ids(plan(&usual(), &enrollment, &state, at(120))), ["totp-00000002"]);
    // One that was reported lost is left as it is, one that was paired later has more time.
    state.factor(&FactorId::push()).last_used = None;
    enrollment.devices[0].suspended = true;
    enrollment.devices[1].created = at(60);
    assert_eq!(ids(plan(&usual(), &enrollment, &state, at(120))), ["totp-00000002"]);
    assert_eq!(ids(plan(&usual(), &enrollment, &state, at(150))), ["totp-00000002", "device-00000004"]);
}

#[test]
fn what_is_suspended_is_none_that_opens_and_comes_back_as_if_just_used() {
    let (mut enrollment, state) = user(vec![factor(1)], vec![device(2)]);
    let changes = plan(&usual(), &enrollment, &state, at(90));
    apply(&mut enrollment, &changes, at(90));
    assert!(!enrollment.opens() && !enrollment.devices[0].is_active() && enrollment.suspended().count() == 2);
    let read = Enrollment::parse("anna.toml", &enrollment.print().unwrap()).unwrap();
    assert_eq!(read.suspended().next(), Some(Suspended { at: at(90), why: Why::Unused }));
    assert!(!read.opens() && read.is_enrolled());
    enrollment.factors[0].upkeep.resume(at(91));
    enrollment.devices[0].upkeep.resume(at(91));
    assert!(enrollment.opens() && plan(&usual(), &enrollment, &state, at(180)).is_empty());
    assert_eq!(plan(&usual(), &enrollment, &state, at(181)).len(), 2);
}

/// Splitmix64: the same users at every run.
fn roll(seed: &mut u64, sides: u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % sides
}

#[test]
fn a_glance_never_overlooks_anything_and_spares_most_readings() {
    let (mut seed, mut due, mut spared) = (1, 0, 0);
    for _ in 0..20_000 {
        let mut some = |sides: u64| roll(&mut seed, sides);
        let rules = rules([0, 90][some(2) as usize], [0, 365][some(2) as usize], 14, [0, 7][some(2) as usize]);
        let upkeep = |some: &mut dyn FnMut(u64) -> u64| Upkeep {
            suspended: (some(4) == 0).then_some(Suspended { at: MADE, why: Why::Old }),
            stops: (some(6) == 0).then(|| at(some(500))),
            resumed: (some(6) == 0).then(|| at(some(500))),
        };
        let mut factors = Vec::new();
        for number in 0..some(4) {
            let made = Factor { created: at(some(400)), pending: some(4) == 0, ..factor(number as u8) };
            factors.push(Factor { upkeep: upkeep(&mut some), ..made });
        }
        let mut devices = Vec::new();
        for number in 0..some(3) {
            let made = Device { created: at(some(400)), suspended: some(4) == 0, ..device(number as u8) };
            devices.push(Device { upkeep: upkeep(&mut some), ..made });
        }
        let (enrollment, mut state) = user(factors, devices);
        let ids = enrollment.factors.iter().map(|factor| factor.id.clone());
        for id in ids.chain([FactorId::push(), FactorId::recovery(), FactorId::bypass()]) {
            state.factor(&id).last_used = (some(2) == 0).then(|| at(some(450)));
        }
        let wall = at(300 + some(200));
        let mut glance = Glance::default();
        // In either order, and over what was there before.
        if some(2) == 0 {
            glance.take_state(&State::new(StateId::new([2; 16]), 1000));
            glance.take_enrollment(&enrollment);
            glance.take_state(&state);
        } else {
            glance.take_state(&state);
            glance.take_enrollment(&enrollment);
        }
        let planned = plan(&rules, &enrollment, &state, wall);
        assert!(planned.is_empty() || glance.may_be_due(&rules, wall), "{planned:?} {enrollment:?} {state:?}");
        assert_eq!(glance.opens(), enrollment.opens());
        due += u32::from(!planned.is_empty());
        spared += u32::from(!glance.may_be_due(&rules, wall));
    }
    assert!(due > 1000 && spared > 3000, "{due} {spared}");
}

#[test]
fn whose_turn_it_is() {
    let clock = |day: u64, hour: u64, minute: u64| (20_000 + day) * DAY + hour * 3600 + minute * 60;
    for (last, ran, now, expected) in [
        // Switched on in the morning: the coming night is the first, or this evening.
        (clock(1, 9, 0), false, clock(1, 9, 1), Turn::Wait),
        (clock(1, 9, 0), false, clock(2, 3, 29), Turn::Wait),
        (clock(1, 9, 0), false, clock(2, 3, 30), Turn::Now),
        (clock(1, 2, 0), false, clock(1, 3, 30), Turn::Now),
        // Once a day.
        (clock(2, 3, 30), true, clock(2, 3, 31), Turn::Wait),
        (clock(2, 3, 30), true, clock(3, 3, 29), Turn::Wait),
        (clock(2, 3, 30), true, clock(3, 3, 30), Turn::Now),
        // Missed while nobody looked: made up for at once, and not twice on that day.
        (clock(2, 3, 30), true, clock(3, 14, 0), Turn::Now),
        (clock(2, 3, 30), true, clock(9, 1, 0), Turn::Now),
        (clock(9, 1, 0), true, clock(9, 3, 30), Turn::Wait),
        (clock(9, 1, 0), true, clock(10, 3, 30), Turn::Now),
        // The clock went back: neither again nor never again.
        (clock(9, 1, 0), true, clock(9, 0, 59), Turn::ClockWentBack),
        (clock(400, 1, 0), true, clock(9, 3, 30), Turn::ClockWentBack),
        (0, false, 0, Turn::Wait),
    ] {
        assert_eq!(turn(210, last, ran, now), expected, "{last} {ran} {now}");
    }
    assert_eq!(turn(0, clock(1, 9, 0), true, clock(2, 0, 0)), Turn::Now, "midnight");
}

#[test]
fn when_it_was_looked_survives_the_file() {
    let looked = Looked::new(1_764_590_400, true);
    assert_eq!(Looked::parse("hygiene.toml", &looked.print().unwrap()), Ok(looked));
    for text in
        ["", "version = 1\nat = 5\n", "version = 2\nat = 5\nran = true\n", "version = 1\nat = 5\nran = true\nx = 1\n"]
    {
        assert!(Looked::parse("hygiene.toml", text).is_err(), "{text}");
    }
}
