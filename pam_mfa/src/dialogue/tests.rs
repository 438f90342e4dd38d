//! Talks with an mfad and a person made of lists.

use super::*;
use crate::args::Arguments;
use mfa_core::wire::{MAX_ANSWER, Method, Reason};
use std::collections::VecDeque;

/// An mfad that says what it was told to say, and keeps what it was sent.
struct Mfad {
    steps: VecDeque<Result<Step, ClientError>>,
    heard: Vec<String>,
}

impl Mfad {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().map(Ok).collect(), heard: Vec::new() }
    }
}

impl Authority for Mfad {
    fn ask(&mut self, ask: &Ask) -> Result<Step, ClientError> {
        self.heard.push(match ask {
            Ask::Begin(context) => format!("begin {}", context.user),
            Ask::Answer { text: Some(text) } => format!("answer {:?}", text.expose_str().unwrap()),
            Ask::Answer { text: None } => "no answer".into(),
            Ask::AnswerAtEnd { text: Some(text) } => format!("end {:?}", text.expose_str().unwrap()),
            Ask::AnswerAtEnd { text: None } => "no end".into(),
            Ask::CannotAsk => "cannot ask".into(),
            Ask::Cancel => "cancel".into(),
        });
        self.listen()
    }
    fn listen(&mut self) -> Result<Step, ClientError> {
        self.steps.pop_front().unwrap_or(Err(ClientError::Closed))
    }
    fn wait(&mut self, seconds: u32, gone: &dyn Fn() -> bool) -> Result<Option<Step>, ClientError> {
        self.heard.push(format!("wait {seconds}"));
        if gone() { Ok(None) } else { self.listen().map(Some) }
    }
    fn cancel(&mut self) {
        self.heard.push("cancel".into());
    }
}

/// A person who types what is on the list, then gives up.
#[derive(Default)]
struct Person {
    types: VecDeque<Option<Vec<u8>>>,
    seen: Vec<String>,
    notes: Vec<String>,
    user_after: Option<&'static str>,
    gone: bool,
}

impl Person {
    fn typing(answers: &[&[u8]]) -> Self {
        Self { types: answers.iter().map(|a| Some(a.to_vec())).collect(), ..Self::default() }
    }
}

impl Terminal for Person {
    fn prompt(&mut self, text: &str, echo: bool) -> Result<Option<Secret>, ConversationFailed> {
        self.seen.push(format!("{}{text}", if echo { "+" } else { "-" }));
        Ok(self.types.pop_front().ok_or(ConversationFailed)?.map(Secret::new))
    }
    fn tell(&mut self, text: &str) {
        self.seen.push(format!("i{text}"));
    }
    fn is_gone(&self) -> bool {
        self.gone
    }
    fn user_is(&self, user: &str) -> bool {
        self.user_after.is_none_or(|now| now == user)
    }
    fn note(&mut self, what: &str) {
        self.notes.push(what.into());
    }
}

fn anna() -> Context {
    Context { user: "anna".into(), service: "sshd".into(), ..Context::default() }
}

fn verdict(user: &str) -> Verdict {
    Verdict { user: user.into(), method: Method::Totp, reason: Reason::CodeAccepted, code_bytes: None }
}

fn prompt() -> Step {
    Step::Prompt { text: "Verification code: ".into(), echo: false }
}

fn refused() -> Step {
    Step::Refused { ending: Ending::Retry, kind: Kind::Sshd, verdict: verdict("anna") }
}

/// A talk of a module line that says nothing of the stacked password.
fn hold_plain(context: &Context, ignore: bool, mfad: &mut Mfad, person: &mut Person) -> Outcome {
    hold(context, ignore, &mut stacked(&[], b"horse123456"), mfad, person)
}

fn stacked(line: &[&std::ffi::CStr], token: &[u8]) -> Stacked {
    Stacked::new(&Arguments::parse(line).unwrap(), || Some(Secret::new(token.to_vec())))
}

#[test]
fn a_code_is_asked_for_passed_on_and_granted() {
    let mut mfad = Mfad::new([prompt(), Step::Granted(verdict("anna"))]);
    let mut person = Person::typing(&[b"123 456"]);
    assert_eq!(hold_plain(&anna(), false, &mut mfad, &mut person), Outcome::Granted(verdict("anna")));
    assert_eq!(mfad.heard, ["begin anna", "answer \"123 456\""]);
    assert_eq!(person.seen, ["-Verification code: "]);
    assert!(person.notes.iter().all(|note| !note.contains("123")));
}

#[test]
fn a_notice_is_shown_and_nothing_is_sent_for_it() {
    let shown = Step::Prompt { text: "Code: ".into(), echo: true };
    let mut mfad = Mfad::new([Step::Info { text: "Wrong.\u{1b}[2J".into() }, shown, refused()]);
    let mut person = Person::typing(&[b""]);
    let outcome = hold_plain(&anna(), false, &mut mfad, &mut person);
    assert!(matches!(outcome, Outcome::Refused { ending: Ending::Retry, kind: Kind::Sshd, .. }));
    assert_eq!(mfad.heard, ["begin anna", "answer \"\""]);
    assert_eq!(person.seen, ["iWrong.\\u{1b}[2J", "+Code: "]);
}

#[test]
fn an_exemption_needs_no_conversation() {
    let mut mfad = Mfad::new([Step::Ignored(verdict("anna"))]);
    let mut person = Person::default();
    assert_eq!(hold_plain(&anna(), false, &mut mfad, &mut person), Outcome::Ignored(verdict("anna")));
    assert!(person.seen.is_empty());
}

#[test]
fn a_verdict_about_another_user_decides_nothing() {
    for step in [
        Step::Granted(verdict("bert")),
        Step::Ignored(verdict("Anna")),
        Step::Refused { ending: Ending::Stop, kind: Kind::Sudo, verdict: verdict("") },
    ] {
        assert_eq!(hold_plain(&anna(), true, &mut Mfad::new([step]), &mut Person::default()), Outcome::AnotherUser);
    }
}

#[test]
fn a_user_changed_during_the_conversation_is_refused_before_the_code_is_used() {
    let mut mfad = Mfad::new([prompt(), Step::Granted(verdict("anna"))]);
    let mut person = Person { user_after: Some("root"), ..Person::typing(&[b"123456"]) };
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut person), Outcome::UserChanged);
    assert_eq!(mfad.heard, ["begin anna", "cancel"]);
    let mut mfad = Mfad::new([Step::Granted(verdict("anna"))]);
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut person), Outcome::UserChanged);
}

#[test]
fn a_conversation_that_fails_because_somebody_left_cancels() {
    let mut mfad = Mfad::new([prompt(), Step::Granted(verdict("anna"))]);
    let mut person = Person { gone: true, ..Person::default() };
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut person), Outcome::NoConversation);
    assert_eq!(mfad.heard, ["begin anna", "cancel"]);
}

#[test]
fn an_application_that_cannot_ask_may_still_wait_for_a_device() {
    let mut mfad = Mfad::new([prompt(), Step::Wait { seconds: 45 }, Step::Granted(verdict("anna"))]);
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut Person::default()), Outcome::Granted(verdict("anna")));
    assert_eq!(mfad.heard, ["begin anna", "cannot ask", "wait 45"]);
    let refused = Verdict { reason: Reason::NoConversation, ..verdict("anna") };
    let mut mfad =
        Mfad::new([prompt(), Step::Refused { ending: Ending::Retry, kind: Kind::Sudo, verdict: refused.clone() }]);
    let outcome = hold_plain(&anna(), true, &mut mfad, &mut Person::default());
    assert_eq!(outcome, Outcome::Refused { ending: Ending::Retry, kind: Kind::Sudo, verdict: refused });
}

#[test]
fn answers_no_code_can_be_are_passed_on_as_none() {
    let long = [b'1'; MAX_ANSWER + 1];
    let huge = vec![b'1'; 1 << 20];
    for (typed, sent) in [
        (None, "no answer"),
        (Some(long.to_vec()), "no answer"),
        (Some(huge), "no answer"),
        (Some(vec![0xff, 0xfe]), "no answer"),
        (Some(vec![b'1'; 63]), &format!("answer {:?}", "1".repeat(63))),
        (Some(vec![b'1'; MAX_ANSWER]), &format!("answer {:?}", "1".repeat(MAX_ANSWER))),
        (Some("١٢٣".into()), "answer \"١٢٣\""),
        (Some(b"\x1b[A\r".to_vec()), "answer \"\\u{1b}[A\\r\""),
    ] {
        let mut mfad = Mfad::new([prompt(), refused()]);
        let mut person = Person { types: [typed].into(), ..Person::default() };
        hold_plain(&anna(), false, &mut mfad, &mut person);
        assert_eq!(mfad.heard[1], sent);
    }
}

#[test]
fn a_talk_has_an_end() {
    let mut mfad = Mfad::new((0..100).map(|_| Step::Info { text: "Wait".into() }));
    let mut person = Person::default();
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut person), Outcome::Endless);
    assert_eq!(person.seen.len(), MAX_STEPS);
    let mut mfad = Mfad::new((0..100).map(|_| prompt()));
    let mut person = Person { types: (0..100).map(|_| Some(vec![])).collect(), ..Person::default() };
    assert_eq!(hold_plain(&anna(), true, &mut mfad, &mut person), Outcome::Endless);
    assert_eq!(person.seen.len(), MAX_STEPS);
    assert_eq!(mfad.heard.last().unwrap(), "cancel");
}

#[test]
fn only_a_missing_daemon_is_passed_by_and_only_where_the_line_says_so() {
    for error in ClientError::one_of_each() {
        for ignore in [false, true] {
            let absent = matches!(error, ClientError::Absent { .. });
            let mut mfad = Mfad { steps: [Err(error.clone())].into(), heard: vec![] };
            let outcome = hold_plain(&anna(), ignore, &mut mfad, &mut Person::default());
            let passed_by = matches!(outcome, Outcome::PassedBy(_));
            assert_eq!(passed_by, ignore && absent, "{error}");
            assert!(passed_by || matches!(outcome, Outcome::Unavailable(_)), "{error}");
        }
    }
}

#[test]
fn a_wait_ends_with_the_step_that_follows() {
    let granted = verdict("anna");
    let mut mfad = Mfad::new([
        Step::Prompt { text: "x: ".into(), echo: false },
        Step::Wait { seconds: 45 },
        Step::Granted(granted.clone()),
    ]);
    let outcome = hold_plain(&anna(), false, &mut mfad, &mut Person::typing(&[b""]));
    assert_eq!(outcome, Outcome::Granted(granted));
    assert!(mfad.heard.contains(&"wait 45".to_owned()));
}

#[test]
fn who_leaves_during_a_wait_cancels_it() {
    let mut mfad = Mfad::new([Step::Wait { seconds: 45 }, Step::Granted(verdict("anna"))]);
    let mut person = Person { gone: true, ..Person::default() };
    assert_eq!(hold_plain(&anna(), false, &mut mfad, &mut person), Outcome::Left);
    assert_eq!(mfad.heard.last().map(String::as_str), Some("cancel"));
}

#[test]
fn a_stacked_code_is_sent_without_a_prompt_and_refused_ones_are_asked_for() {
    let mut mfad = Mfad::new([prompt(), prompt(), Step::Granted(verdict("anna"))]);
    let mut person = Person::typing(&[b"654321"]);
    let mut tried = stacked(&[c"try_first_pass"], b"horse123456");
    assert!(matches!(hold(&anna(), false, &mut tried, &mut mfad, &mut person), Outcome::Granted(_)));
    assert_eq!(mfad.heard, ["begin anna", "end \"123456\"", "answer \"654321\""]);
    assert_eq!(person.seen, ["-Verification code: "]);
    assert!(person.notes.iter().all(|note| !note.contains("123") && !note.contains("horse")));
}

#[test]
fn use_first_pass_asks_nobody_whatever_mfad_wants() {
    for (token, heard) in [
        (&b"horse123456"[..], &["begin anna", "end \"123456\"", "cannot ask"][..]),
        (b"horse", &["begin anna", "cannot ask"]),
    ] {
        let mut mfad = Mfad::new([prompt(), prompt()]);
        let mut person = Person::typing(&[b"654321"]);
        hold(&anna(), false, &mut stacked(&[c"use_first_pass"], token), &mut mfad, &mut person);
        assert_eq!(
            (&mfad.heard[..heard.len()], person.seen.len()),
            (&heard.iter().map(ToString::to_string).collect::<Vec<_>>()[..], 0)
        );
    }
}

#[test]
fn forward_pass_hides_what_is_typed_and_sends_its_end() {
    let shown = || Step::Prompt { text: "Password & verification code: ".into(), echo: true };
    let mut mfad = Mfad::new([shown(), shown(), Step::Granted(verdict("anna"))]);
    let mut person = Person::typing(&[b"horse", b"horse12345678"]);
    let mut forwarding = stacked(&[c"forward_pass"], b"");
    assert!(matches!(hold(&anna(), false, &mut forwarding, &mut mfad, &mut person), Outcome::Granted(_)));
    assert_eq!(mfad.heard, ["begin anna", "no end", "end \"12345678\""]);
    assert!(person.seen.iter().all(|prompt| prompt == "-Password & verification code: "));
    assert_eq!(forwarding.left(Some(6)).unwrap().unwrap().expose(), b"horse12");
}

#[test]
fn a_stacked_code_is_not_used_for_a_user_who_changed() {
    let mut mfad = Mfad::new([prompt(), Step::Granted(verdict("anna"))]);
    let mut person = Person { user_after: Some("root"), ..Person::default() };
    let outcome = hold(&anna(), true, &mut stacked(&[c"use_first_pass"], b"123456"), &mut mfad, &mut person);
    assert_eq!((outcome, &mfad.heard[..]), (Outcome::UserChanged, &["begin anna".to_owned(), "cancel".into()][..]));
}
