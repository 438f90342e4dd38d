//! What is sent of each kind of password, and what is left of it.

use super::*;

fn stacked(line: &[&std::ffi::CStr], token: Option<&[u8]>) -> Stacked {
    Stacked::new(&Arguments::parse(line).unwrap(), || token.map(|token| Secret::new(token.to_vec())))
}

fn said(ask: Option<Ask>) -> String {
    match ask {
        None => "asks".into(),
        Some(Ask::CannotAsk) => "cannot ask".into(),
        Some(Ask::AnswerAtEnd { text }) => {
            text.map_or("nothing".into(), |text| format!("{:?}", text.expose_str().unwrap()))
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn only_what_may_be_a_code_is_sent_and_once() {
    for (token, first) in [
        (Some(&b"123456"[..]), "\"123456\""),
        (Some(b"horse12123456"), "\"12123456\""),
        (Some(b"\xff\xfe123456"), "\"123456\""),
        (Some(b"horse7ZQ4-0123-ABCD-EFGH-JKMN-PQRS"), "\"7ZQ4-0123-ABCD-EFGH-JKMN-PQRS\""),
        (Some(b"\x08\n\r\x7fINCORRECT\x08\n\r\x7f123456"), "\"\\u{8}\\n\\r\\u{7f}\""),
        (Some(b"correct horse"), "asks"),
        (Some(b""), "asks"),
        (None, "asks"),
    ] {
        for line in [&[c"try_first_pass"] as &[&std::ffi::CStr], &[c"forward_pass"]] {
            let mut tried = stacked(line, token);
            assert_eq!(tried.first_pass().at_hand, first != "asks");
            assert_eq!((said(tried.unasked()), said(tried.unasked())), (first.into(), "asks".into()));
        }
        let mut used = stacked(&[c"use_first_pass"], token);
        let only = if first == "asks" { "cannot ask" } else { first };
        assert_eq!((said(used.unasked()), said(used.unasked())), (only.into(), "cannot ask".into()));
    }
    let looks = || -> Option<Secret> { panic!("the line does not ask for it") };
    assert_eq!(said(Stacked::new(&Arguments::parse(&[]).unwrap(), looks).unasked()), "asks");
}

#[test]
fn a_line_without_a_code_does_not_replace_what_was_typed() {
    let mut stacked = stacked(&[c"forward_pass"], None);
    let line = |text: &str| Some(Secret::from(text.to_owned()));
    assert_eq!(said(Some(stacked.typed(line("horse123456")))), "\"123456\"");
    assert_eq!(said(Some(stacked.typed(line("")))), "nothing");
    assert_eq!(said(Some(stacked.typed(None))), "nothing");
    assert_eq!(stacked.left(Some(6)).unwrap().unwrap().expose(), b"horse");
}

#[test]
fn the_password_before_the_accepted_code_is_left() {
    for (typed, code, left) in [
        (&b"horse123456"[..], 6, Some(&b"horse"[..])),
        (b"horse12123456", 6, Some(b"horse12")),
        (b"horse12123456", 8, Some(b"horse")),
        (b"123456", 6, Some(b"")),
        (b"\xff\xfe123456", 6, Some(b"\xff\xfe")),
        // mfad cannot have read seven digits where there were six.
        (b"horse123456", 7, None),
        (b"horse", 6, None),
    ] {
        let mut stacked = stacked(&[c"forward_pass"], None);
        let _ = stacked.typed(Some(Secret::new(typed.to_vec())));
        let found = stacked.left(Some(code));
        assert_eq!(found.ok().flatten().as_ref().map(Secret::expose), left, "{typed:?} {code}");
    }
    let at_hand = stacked(&[c"forward_pass", c"use_first_pass"], Some(b"horse123456"));
    assert_eq!(at_hand.left(Some(6)).unwrap().unwrap().expose(), b"horse");
    assert!(at_hand.left(None).unwrap().is_none(), "no code of it was accepted");
    let kept = stacked(&[c"try_first_pass"], Some(b"horse123456"));
    assert!(kept.left(Some(6)).unwrap().is_none(), "the line does not say forward_pass");
}
