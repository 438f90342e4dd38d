//! Frames that are understood, and all those that are not.

use super::*;

fn body(frame: &[u8]) -> &[u8] {
    assert_eq!(body_length(frame[..4].try_into().unwrap()).unwrap(), frame.len() - 4);
    &frame[4..]
}

#[test]
fn a_frame_is_a_length_and_versioned_json() {
    let frame = encode(&Ask::Answer { text: Some(Secret::from(String::from("123456"))) }).unwrap();
    assert_eq!(body(&frame), br#"{"v":1,"t":{"answer":{"text":"123456"}}}"#);
    assert!(matches!(decode::<Ask>(body(&frame)).unwrap(), Ask::Answer { text: Some(_) }));
}

#[test]
fn what_the_module_line_does_not_say_is_not_sent() {
    let frame = encode(&Ask::AnswerAtEnd { text: Some(Secret::from(String::from("99123456"))) }).unwrap();
    assert_eq!(body(&frame), br#"{"v":1,"t":{"answer-at-end":{"text":"99123456"}}}"#);
    let plain = Context { user: "anna".into(), ..Context::default() };
    assert!(!String::from_utf8_lossy(&encode(&Ask::Begin(plain.clone())).unwrap()).contains("first_pass"));
    let first_pass = FirstPass { at_hand: true, alone: false, with_password: true };
    let frame = encode(&Ask::Begin(Context { first_pass, ..plain })).unwrap();
    assert!(String::from_utf8_lossy(&frame).contains(r#""first_pass":{"at_hand":true,"with_password":true}"#));
    let Ask::Begin(context) = decode(body(&frame)).unwrap() else { panic!() };
    assert_eq!(context.first_pass, first_pass);
}

#[test]
fn steps_survive_the_wire() {
    let verdict = Verdict { user: "anna".into(), method: Method::Totp, reason: Reason::CodeAccepted, code_bytes: None };
    for step in [
        Step::Prompt { text: "Verification code: ".into(), echo: false },
        Step::Info { text: "x".into() },
        Step::Granted(verdict.clone()),
        Step::Ignored(verdict.clone()),
        Step::Refused { ending: Ending::Stop, kind: Kind::Sudo, verdict },
    ] {
        assert_eq!(decode::<Step>(body(&encode(&step).unwrap())).unwrap(), step);
    }
}

#[test]
fn what_is_not_known_is_refused() {
    for bad in [
        r#"{"v":2,"t":"cancel"}"#,
        r#"{"v":1,"t":"grant"}"#,
        r#"{"v":1,"t":{"granted":{}}}"#,
        r#"{"v":1,"t":{"granted":{"user":"a","method":"totp","reason":"because"}}}"#,
        r#"{"v":1,"t":"cancel","x":1}"#,
        r#"{"t":"cancel"}"#,
        r#"{"v":1}"#,
        "",
        "{",
        "null",
    ] {
        assert!(decode::<Step>(bad.as_bytes()).is_err(), "{bad}");
    }
    let newer = decode::<Ask>(br#"{"v":2,"t":"cancel"}"#).unwrap_err().to_string();
    assert!(newer.contains("version 2"), "{newer}");
}

#[test]
fn an_error_never_quotes_a_value() {
    let error = decode::<Ask>(br#"{"v":1,"t":{"answer":{"text":123456}}}"#).unwrap_err().to_string();
    assert!(!error.contains("123456"), "{error}");
}

#[test]
fn a_length_past_the_limit_is_refused_before_anything_is_read() {
    assert!(body_length(u32::MAX.to_be_bytes()).is_err());
    assert_eq!(body_length(16384u32.to_be_bytes()).unwrap(), MAX_FRAME);
}
