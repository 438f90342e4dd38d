//! Enrolments as tables of what is typed and what comes of it.

use super::*;
use crate::enrollment::FactorId;
use crate::now::Boot;
use crate::otp::{Algorithm, ShortSecret};

const T0: u64 = 1_700_000_000;

fn now() -> Now {
    Now { wall: T0, boot: Boot(1), boottime: 100 }
}

fn otp(seed: u8, moving: Moving) -> Otp {
    Otp::new(Secret::new(vec![seed; 20]), Algorithm::Sha1, 6, moving, ShortSecret::Refuse).unwrap()
}

const BY_TIME: Moving = Moving::Time { period: 30 };

fn material(ways: &[Way]) -> Material {
    let factor = Factor {
        id: FactorId::typed("totp-00000001"),
        label: String::new(),
        token: None,
        pending: false,
        created: T0,
        otp: otp(1, BY_TIME),
        counter: 0,
        upkeep: crate::upkeep::Upkeep::default(),
    };
    let picture = vec![Zeroizing::new(String::from("█▀▄"))];
    Material {
        app: ways.contains(&Way::App).then(|| App { factor, issuer: String::from("host"), picture }),
        token: ways.contains(&Way::Token),
        desktop: ways.contains(&Way::Desktop).then(|| Desktop {
            offer: String::from("offer"),
            label: String::from("desk"),
            fingerprint: "0f".repeat(32),
        }),
        recovery: crate::recovery::generate(|bytes| {
            bytes.fill(7);
            Ok::<_, ()>(())
        })
        .unwrap(),
    }
}

fn begin(ways: &[Way], in_grace: bool) -> (Enrolling, Turn) {
    let deadline = in_grace.then_some(Deadline { at: T0 + 300_000, left: 300_000 });
    Enrolling::begin("anna", ways, deadline, material(ways)).unwrap()
}

/// What is on the screen, pages and prompt.
fn shown(turn: &Turn) -> String {
    match turn {
        Turn::Ask { pages, text, .. } => {
            let mut screen: String = pages.iter().map(|page| format!("{}\n", *page.text())).collect();
            screen.push_str(text);
            screen
        }
        Turn::LookFor { serial } => format!("<looks for {serial}>"),
        Turn::TryNumber { offer, number } => format!("<tries {} of {offer}>", number.expose_str().unwrap()),
        Turn::Keep(proved) => format!("<keeps {:?} {}>", proved.by.method(), proved.recovery.len()),
        Turn::Later => String::from("<later>"),
        Turn::Over => String::from("<over>"),
    }
}

fn typed(enrolling: &mut Enrolling, text: &str) -> Turn {
    enrolling.answer(Some(&Secret::from(text.to_owned())), now())
}

fn code(otp: &Otp, step: u64) -> String {
    otp.code(step).expose_str().unwrap().to_owned()
}

#[test]
fn one_way_and_no_choice_begins_with_the_key_and_its_picture() {
    let (mut enrolling, first) = begin(&[Way::App], false);
    let screen = shown(&first);
    for text in [
        "A second factor is required here, and anna has none yet.",
        "Key: AEAQ CAIB AEAQ",
        "█▀▄",
        "For anna at host; 6 digits",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    assert!(screen.find("Key: ") < screen.find('█'), "the key stands above the picture");
    assert!(screen.ends_with("Verification code the app shows now: "));
    let codes = typed(&mut enrolling, &code(&otp(1, BY_TIME), T0 / 30));
    let screen = shown(&codes);
    assert_eq!(screen.matches("0W3G-E1R7-0W3G-E1R7-0W3G-E1R7").count(), 10, "{screen}");
    assert!(screen.ends_with("Press Enter when you have kept them: "));
    assert_eq!(shown(&typed(&mut enrolling, "")), "<keeps Totp 10>");
}

#[test]
fn the_menu_offers_what_is_there_and_in_the_grace_it_may_wait() {
    let all = [Way::Desktop, Way::App, Way::Token];
    let (mut enrolling, menu) = begin(&all, false);
    let screen = shown(&menu);
    assert!(
        screen.contains("  1  the desktop that waits to be paired: \"desk\"\n  2  an authenticator app"),
        "{screen}"
    );
    assert!(screen.ends_with("Your choice (1 to 3): "));
    assert!(shown(&typed(&mut enrolling, "")).starts_with("A second factor"), "Enter chooses nothing");
    assert!(shown(&typed(&mut enrolling, "4")).ends_with("There is no such choice. Your choice (1 to 3): "));
    assert!(shown(&typed(&mut enrolling, " 3 ")).contains("Serial number"));
    let (mut enrolling, menu) = begin(&[Way::App], true);
    let screen = shown(&menu);
    assert!(screen.contains("In 4 days a second factor will be required here"), "{screen}");
    assert!(screen.ends_with("Your choice (1, or Enter for later): "), "{screen}");
    assert_eq!(shown(&typed(&mut enrolling, "")), "<later>");
    assert!(Enrolling::begin("anna", &[Way::Token], None, material(&[Way::App])).is_none(), "nothing behind it");
}

#[test]
fn a_token_is_looked_for_by_its_serial_number_and_proved_by_a_code() {
    for moving in [BY_TIME, Moving::Counter] {
        let (mut enrolling, first) = begin(&[Way::Token], false);
        assert!(shown(&first).ends_with("Serial number printed on your token: "));
        assert_eq!(shown(&typed(&mut enrolling, " ft-1 ")), "<looks for ft-1>");
        assert!(shown(&enrolling.token(None)).starts_with("There is no such token for you."));
        assert_eq!(shown(&typed(&mut enrolling, "ft-2")), "<looks for ft-2>");
        let token = Token {
            name: String::new(),
            model: String::new(),
            added: 0,
            holder: None,
            away: None,
            otp: Some(otp(2, moving)),
            reached: Reached { counter: 5, mark: Some(T0 / 30), drift: 0 },
        };
        assert!(shown(&enrolling.token(Some(("FT-2", &token)))).starts_with("Verification code the token shows"));
        // What was spent by the one before opens nothing.
        let (spent, right) = if moving == Moving::Counter { (4, 6) } else { (T0 / 30, T0 / 30 + 15) };
        assert!(shown(&typed(&mut enrolling, &code(&otp(2, moving), spent))).starts_with("That is not the code."));
        assert!(shown(&typed(&mut enrolling, &code(&otp(2, moving), right))).contains("Recovery codes"));
        let Turn::Keep(Proved { by: By::Token { serial, step, .. }, .. }) = typed(&mut enrolling, "") else { panic!() };
        assert_eq!((serial.as_str(), step), ("FT-2", right));
    }
}

#[test]
fn a_desktop_is_proved_by_the_number_it_shows() {
    let (mut enrolling, first) = begin(&[Way::Desktop], false);
    let screen = shown(&first);
    assert!(screen.contains("\"desk\" waits. Its key begins with 0f0f 0f0f 0f0f 0f0f"), "{screen}");
    assert!(shown(&typed(&mut enrolling, "no number")).starts_with("That is not the number."), "not even tried");
    assert_eq!(shown(&typed(&mut enrolling, "482 914")), "<tries 482914 of offer>");
    assert!(shown(&enrolling.number(Tried::Wrong)).starts_with("That is not the number."));
    assert_eq!(shown(&typed(&mut enrolling, "482-913")), "<tries 482913 of offer>");
    assert!(shown(&enrolling.number(Tried::Right)).contains("Recovery codes"));
    assert_eq!(shown(&typed(&mut enrolling, "x")), "<keeps Push 10>");
}

#[test]
fn a_desktop_that_left_is_offered_no_more_and_was_proved_by_nobody() {
    let (mut enrolling, _) = begin(&[Way::Desktop], false);
    assert_eq!(shown(&enrolling.number(Tried::Gone)), "<over>");
    let (mut enrolling, _) = begin(&[Way::Desktop, Way::App], false);
    assert_eq!(shown(&enrolling.number(Tried::Right)), "<over>", "nobody tried one");
    typed(&mut enrolling, "1");
    let screen = shown(&enrolling.number(Tried::Gone));
    assert!(!screen.contains("the desktop that waits") && screen.contains("  1  an authenticator app"), "{screen}");
    assert!(screen.ends_with("The desktop does not wait any more. Your choice (1): "), "{screen}");
}

#[test]
fn wrong_answers_have_an_end_and_nothing_is_kept_then() {
    for answer in [Some(""), Some("000000"), Some("\u{8}INCORRECT"), None] {
        let (mut enrolling, _) = begin(&[Way::App], false);
        let mut given = 0;
        let last = loop {
            given += 1;
            match enrolling.answer(answer.map(|text| Secret::from(text.to_owned())).as_ref(), now()) {
                Turn::Ask { text, .. } => assert!(text.starts_with("That is not the code.")),
                other => break other,
            }
        };
        assert_eq!((given, shown(&last).as_str()), (5, "<over>"), "{answer:?}");
    }
}

#[test]
fn a_token_that_nobody_asked_for_changes_nothing() {
    let (mut enrolling, _) = begin(&[Way::App], false);
    assert_eq!(shown(&enrolling.token(None)), "<over>");
}
