//! Answers that end with a code.

use super::*;

/// What becomes of a text that ends with a code, and how much of it the code is.
fn at_end(user: &mut User, text: &str, seconds: u64) -> (Reason, Option<u8>) {
    let (mut state, _) = State::of(&user.enrollment, Some(user.state.clone()), now(seconds));
    let text = Secret::from(text.to_owned());
    let judgement = judge_at_end(&user.enrollment, RULES, &mut state, &Budget::Evidence, Some(&text), now(seconds));
    user.state = state;
    (judgement.reason, judgement.code_bytes)
}

fn failures(user: &User) -> Vec<u32> {
    user.enrollment.factors.iter().map(|f| user.state.factors.get(&f.id).map_or(0, |s| s.evidence.failures)).collect()
}

#[test]
fn a_code_at_the_end_of_digits_is_found_and_worked_once() {
    let mut user = User::totp();
    let code = user.at(0);
    assert_eq!(user.says(&format!("99{code}"), now(0)), Reason::Malformed, "elsewhere an answer is the code alone");
    assert_eq!(at_end(&mut user, &format!("99{code}"), 0), (Reason::CodeAccepted, Some(6)));
    for text in [format!("99{code}"), format!("8{code}"), code] {
        assert_eq!(at_end(&mut user, &text, 1), (Reason::Replay, None));
    }
    assert_eq!(user.says(&user.at(30), now(1)), Reason::CodeAccepted, "without what stood before it");
    assert_eq!(user.answer(&user.at(60), &Budget::Evidence, now(31)).code_bytes, None);
}

#[test]
fn factors_of_different_lengths_read_their_own_digits_in_one_attempt() {
    let mut long = factor(9, Moving::Time { period: 30 });
    long.otp = Otp::new(Secret::new(vec![9; 20]), Algorithm::Sha1, 8, Moving::Time { period: 30 }, ShortSecret::Refuse)
        .unwrap();
    let code = long.otp.code(T0 / 30).expose_str().unwrap().to_owned();
    let mut user = User::new(vec![factor(1, Moving::Time { period: 30 }), long]);
    assert_eq!(at_end(&mut user, &code, 0), (Reason::CodeAccepted, Some(8)));
    assert_eq!(failures(&user), [0, 0], "what it cost the other is given back");
    let short = format!("77{}", user.at(0));
    assert_eq!(at_end(&mut user, &short, 0), (Reason::CodeAccepted, Some(6)));

    let wrong = format!("77{}", wrong(&user, 0));
    assert_eq!(at_end(&mut user, &wrong, 0).0, Reason::WrongCode);
    assert_eq!(failures(&user), [1, 1], "each once");
    assert_eq!(at_end(&mut user, &wrong[2..], 0).0, Reason::WrongCode);
    assert_eq!(failures(&user), [2, 1], "six digits are no code of eight");
}

#[test]
fn a_recovery_code_at_the_end_says_its_length() {
    let mut user = User::totp();
    let grouped = user.recovery[0].expose_str().unwrap().to_owned();
    let bare = user.recovery[1].expose_str().unwrap().replace('-', "");
    assert_eq!(at_end(&mut user, &grouped, 0), (Reason::CodeAccepted, Some(29)));
    assert_eq!(at_end(&mut user, &bare, 0), (Reason::CodeAccepted, Some(24)));
    assert_eq!(at_end(&mut user, &bare, 0).0, Reason::Replay);
}

#[test]
fn limits_hold_for_a_code_at_the_end_as_elsewhere() {
    let mut user = User::totp();
    let wrong = format!("77{}", wrong(&user, 0));
    for _ in 0..5 {
        assert_eq!(at_end(&mut user, &wrong, 0).0, Reason::WrongCode);
    }
    let right = user.at(0);
    assert_eq!(at_end(&mut user, &right, 0).0, Reason::Locked);
    for text in ["", "12345", "horse", "\u{8}\n\r\u{7f}INCORRECT123456"] {
        assert!(matches!(at_end(&mut user, text, 0).0, Reason::Malformed | Reason::DummyAnswer), "{text}");
    }
    assert_eq!(failures(&user), [5]);
}
