//! Dialogues as tables.

use super::*;
use crate::place::Place;
use crate::policy::{ALL_METHODS, Deadline, Set, Way};
use crate::wire::UNMAPPED;

mod approve;
mod bypass;
mod mute;
mod push;
mod refused;

pub(super) fn decision(require: Require, kind: Kind, tries: u8) -> Decision {
    let require = Set { value: require, place: Place::built_in("x") };
    let approvers = (require.value == Require::Approved).then(|| Approvers { group: "ops".into(), count: 1 });
    let methods = ALL_METHODS.to_vec();
    Decision {
        require,
        from: None,
        refused: None,
        approvers,
        methods,
        remember: 0,
        enrol: Vec::new(),
        time: None,
        tries,
        echo: false,
        number: true,
        kind,
        heard: Vec::new(),
        floor: Vec::new(),
    }
}

/// The step after the user's own factor, where nobody else has a say.
pub(super) fn after(settled: Settled) -> Next {
    match settled {
        Settled::Next(next) => next,
        Settled::AskApproval(approvers) => panic!("asks {approvers}"),
    }
}

fn standing(evidence: bool) -> Standing {
    if evidence { Standing::Evidence } else { Standing::Stranger }
}

pub(super) fn judged(accepted: bool, reason: Reason) -> Judgement {
    Judgement { accepted, reason, method: Method::Totp, factor: None, wait: 41, disabled: Vec::new(), code_bytes: None }
}

fn prompt(text: &str) -> Step {
    Step::Prompt { text: text.into(), echo: false }
}

pub(super) fn end(next: &Next) -> String {
    match &next.step {
        Step::Granted(verdict) => format!("granted {}", verdict.reason),
        Step::Ignored(verdict) => format!("ignored {}", verdict.reason),
        Step::Refused { ending, verdict, .. } => format!("refused {ending} {}", verdict.reason),
        Step::Prompt { .. } | Step::Info { .. } | Step::Show { .. } | Step::Wait { .. } => String::from("goes on"),
    }
}

#[test]
fn what_each_kind_of_user_meets_at_the_start() {
    use Require::{Approved, Off, Optional, Required};
    use Subject::{Barred, Bypassed, Enrolled, Unenrolled};
    let damaged = Barred(Reason::EnrolmentDamaged);
    for (require, subject, evidence, expected) in [
        (Off, Enrolled, true, "ignored not-required"),
        (Off, Unenrolled, false, "ignored not-required"),
        (Off, damaged, true, "ignored not-required"),
        (Optional, Enrolled, false, "goes on"),
        (Optional, Unenrolled, false, "ignored not-enrolled"),
        (Optional, damaged, true, "refused unavailable enrolment-damaged"),
        (Optional, damaged, false, "goes on"),
        (Required, Enrolled, true, "goes on"),
        (Required, Unenrolled, true, "refused stop enrolment-required"),
        (Required, Unenrolled, false, "goes on"),
        (Required, damaged, false, "goes on"),
        (Approved, Enrolled, true, "goes on"),
        (Approved, Unenrolled, true, "refused stop enrolment-required"),
        (Approved, Unenrolled, false, "goes on"),
        (Required, Barred(Reason::NoAllowedMethod), true, "refused stop no-allowed-method"),
        (Required, Barred(Reason::Suspended), true, "refused stop suspended"),
        (Optional, Barred(Reason::Suspended), true, "refused stop suspended"),
        (Optional, Barred(Reason::Suspended), false, "goes on"),
        (Off, Bypassed, true, "ignored not-required"),
        (Optional, Bypassed, true, "ignored not-enrolled"),
        (Required, Bypassed, true, "goes on"),
        (Required, Bypassed, false, "goes on"),
        (Approved, Bypassed, true, "goes on"),
    ] {
        let (_, next) = Login::begin("a", &decision(require, Kind::Sshd, 3), subject, standing(evidence));
        assert_eq!(end(&next), expected, "{require} {subject:?} evidence={evidence}");
    }
}

#[test]
fn without_evidence_every_refused_dialogue_is_the_same() {
    let transcript = |subject, reason: Reason| {
        let (mut login, first) =
            Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), subject, Standing::Stranger);
        let mut seen = vec![(first.info, first.step)];
        loop {
            let judgement = judged(false, reason);
            let next = after(login.settle(login.judges().then_some(&judgement)));
            let done = next.verdict().is_some();
            let step = match next.step {
                // The verdict is for the log; the person sees the ending alone.
                Step::Refused { ending, kind, .. } => Step::Info { text: format!("{ending} {kind}") },
                step => step,
            };
            seen.push((next.info, step));
            if done {
                return seen;
            }
        }
    };
    let wrong = transcript(Subject::Enrolled, Reason::WrongCode);
    assert_eq!(wrong.len(), 4);
    for (subject, reason) in [
        (Subject::Enrolled, Reason::Locked),
        (Subject::Enrolled, Reason::Disabled),
        (Subject::Enrolled, Reason::Replay),
        (Subject::Enrolled, Reason::Malformed),
        (Subject::Enrolled, Reason::DummyAnswer),
        (Subject::Enrolled, Reason::StateLost),
        (Subject::Enrolled, Reason::Suspended),
        (Subject::Barred(Reason::Suspended), Reason::WrongCode),
        (Subject::Unenrolled, Reason::WrongCode),
        (Subject::Bypassed, Reason::WrongCode),
        (Subject::Bypassed, Reason::ConsentMissing),
        (Subject::Bypassed, Reason::Malformed),
        (Subject::Barred(Reason::UnknownUser), Reason::WrongCode),
        (Subject::Barred(Reason::EnrolmentDamaged), Reason::WrongCode),
        (Subject::Barred(Reason::UidMismatch), Reason::WrongCode),
    ] {
        assert_eq!(transcript(subject, reason), wrong, "{subject:?} {reason}");
    }
}

#[test]
fn a_wrong_code_leaves_a_try_and_the_last_one_stops() {
    let (mut login, first) =
        Login::begin("a", &decision(Require::Required, Kind::Sudo, 2), Subject::Enrolled, Standing::Evidence);
    assert_eq!(first.step, prompt(PROMPT));
    assert_eq!(after(login.settle(Some(&judged(false, Reason::WrongCode)))).step, prompt(PROMPT_AGAIN));
    assert_eq!(end(&after(login.settle(Some(&judged(false, Reason::WrongCode))))), "refused stop wrong-code");
}

#[test]
fn callers_that_ask_once_may_call_again() {
    for kind in [Kind::Locker, Kind::Display, Kind::Other] {
        let (mut login, _) =
            Login::begin("a", &decision(Require::Required, kind, 1), Subject::Enrolled, Standing::Evidence);
        assert_eq!(end(&after(login.settle(Some(&judged(false, Reason::WrongCode))))), "refused retry wrong-code");
    }
}

#[test]
fn only_an_accepted_code_grants() {
    for subject in [Subject::Unenrolled, Subject::Barred(Reason::UnknownUser), Subject::Enrolled] {
        let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Su, 1), subject, Standing::Stranger);
        let granted = end(&after(login.settle(Some(&judged(true, Reason::CodeAccepted))))).starts_with("granted");
        assert_eq!(granted, subject == Subject::Enrolled, "{subject:?}");
        let (mut login, _) = Login::begin("a", &decision(Require::Required, Kind::Su, 1), subject, Standing::Stranger);
        assert!(!end(&after(login.settle(None))).starts_with("granted"));
    }
}

#[test]
fn who_is_locked_is_told_how_long_once_a_first_factor_is_in_evidence() {
    let (mut login, _) =
        Login::begin("a", &decision(Require::Required, Kind::Su, 3), Subject::Enrolled, Standing::Evidence);
    let next = after(login.settle(Some(&judged(false, Reason::Locked))));
    assert_eq!(next.info.as_deref(), Some("Too many wrong codes. Try again in 41 seconds."));
    assert_eq!(end(&next), "refused stop locked");
}

#[test]
fn a_first_factor_is_in_evidence_only_as_declared() {
    let base = Context { user: "a".into(), real_uid: 1000, tty: Some("pts/1".into()), ..Context::default() };
    let ssh = |methods: &[&str]| Context {
        ssh_auth_info: methods.iter().map(|m| (*m).to_owned()).collect(),
        real_uid: 0,
        tty: Some("ssh".into()),
        ..base.clone()
    };
    for (context, kind, uid, expected) in [
        (ssh(&["publickey"]), Kind::Sshd, Some(1000), true),
        (ssh(&["publickey"]), Kind::Su, Some(1000), false),
        (ssh(&[]), Kind::Sshd, Some(1000), false),
        (ssh(&[]), Kind::Sshd, Some(0), false),
        (Context { first_factor_stack: true, ..ssh(&[]) }, Kind::Other, None, true),
        (base.clone(), Kind::Sudo, Some(1000), true),
        (base.clone(), Kind::Sudo, Some(1001), false),
        (base.clone(), Kind::Sudo, None, false),
        (Context { rhost: Some("192.0.2.1".into()), ..base.clone() }, Kind::Sudo, Some(1000), false),
        (Context { tty: Some("ssh".into()), ..base.clone() }, Kind::Sudo, Some(1000), false),
        (Context { real_uid: 0, ..base.clone() }, Kind::Su, Some(0), false),
        (Context { real_uid: UNMAPPED, ..base.clone() }, Kind::Su, Some(UNMAPPED), false),
    ] {
        assert_eq!(!first_factors(&context, kind, uid).is_empty(), expected, "{context:?} {kind} {uid:?}");
    }
}

#[test]
fn every_text_fits_a_pam_message_and_never_says_password() {
    let (_, next) = Login::begin(
        &"x".repeat(600),
        &decision(Require::Required, Kind::Su, 1),
        Subject::Unenrolled,
        Standing::Evidence,
    );
    let info = next.info.unwrap();
    assert!(info.len() < clean::PAM_MESSAGE_BYTES);
    for text in [PROMPT, PROMPT_AGAIN, &info] {
        assert!(!text.to_lowercase().contains("password") && !text.contains('\n'));
    }
}

#[test]
fn a_method_that_policy_does_not_accept_is_neither_pushed_nor_granted() {
    let decision = Decision { methods: vec![Method::Hotp], ..decision(Require::Required, Kind::Su, 3) };
    let (mut login, _) = Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence);
    assert!(!login.may_push());
    assert!(!end(&after(login.settle(Some(&judged(true, Reason::CodeAccepted))))).starts_with("granted"));
}

#[test]
fn a_program_of_the_users_own_is_pushed_where_policy_accepts_it_and_charged_to_its_own_budget() {
    let decision = decision(Require::Required, Kind::Locker, 1);
    let (login, _) = Login::begin("a", &decision, Subject::Enrolled, Standing::OwnProgram);
    assert!(login.may_push() && login.hides());
    assert_eq!(login.budget(None), Budget::Own);
}

#[test]
fn before_a_deadline_the_unenrolled_pass_and_are_told() {
    let deadline = Some(Deadline { at: 1_764_417_600, left: 3 * 86_400 });
    let decision = Decision { from: deadline, ..decision(Require::Optional, Kind::Sshd, 3) };
    let (_, next) = Login::begin("a", &decision, Subject::Unenrolled, Standing::Evidence);
    assert_eq!(end(&next), "ignored not-enrolled");
    let info = "From 2025-11-29 12:00 UTC on a second factor is required here (in 3 days). Set one up before.";
    assert_eq!(next.info.as_deref(), Some(info));
    // A stranger is not told who has none.
    let (_, next) = Login::begin("a", &decision, Subject::Unenrolled, Standing::Stranger);
    assert_eq!((end(&next).as_str(), next.info), ("ignored not-enrolled", None));
    // Who has a factor is asked as ever.
    let (_, next) = Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence);
    assert_eq!(next, Next::step(prompt(PROMPT)));
}

#[test]
fn a_first_factor_is_set_up_in_a_login_only_behind_one_that_was_shown_and_where_it_can_be_read() {
    use Require::{Approved, Off, Optional, Required};
    let ways = vec![Way::App, Way::Token];
    let by = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let grace = Some(Deadline { at: 9, left: 5 });
    for (require, from, kind, factors, expected) in [
        (Required, None, Kind::Sshd, by(&["publickey"]), 2),
        (Approved, None, Kind::Sudo, by(&["session", "stack"]), 2),
        (Optional, grace, Kind::Su, by(&["stack"]), 2),
        (Optional, None, Kind::Su, by(&["stack"]), 0),
        (Off, grace, Kind::Su, by(&["stack"]), 0),
        // Any program of the user's has the user's uid.
        (Required, None, Kind::Sudo, by(&["session"]), 0),
        (Required, None, Kind::Sudo, by(&[]), 0),
        (Required, None, Kind::Polkit, by(&["stack"]), 0),
        (Required, None, Kind::Locker, by(&["stack"]), 0),
        (Required, None, Kind::Display, by(&["stack"]), 0),
        (Required, None, Kind::Other, by(&["stack"]), 0),
        (Required, None, Kind::Login, by(&["stack"]), 2),
    ] {
        let decision = Decision { from, enrol: ways.clone(), ..decision(require, kind, 3) };
        let standing = standing(!factors.is_empty());
        let (login, _) = Login::begin("anna", &decision, Subject::Unenrolled, standing);
        assert_eq!(login.enrols_by(&decision, &factors).len(), expected, "{require} {kind} {factors:?}");
        let (other, _) = Login::begin("anna", &decision, Subject::Enrolled, standing);
        assert!(other.enrols_by(&decision, &factors).is_empty());
        assert!(login.without_prompts().enrols_by(&decision, &factors).is_empty());
    }
    let totp = Decision { methods: vec![Method::Totp], enrol: ways.clone(), ..decision(Required, Kind::Su, 3) };
    let (login, _) = Login::begin("anna", &totp, Subject::Unenrolled, Standing::Evidence);
    assert_eq!(login.enrols_by(&totp, &by(&["stack"])), [Way::App], "what would not open it is not set up");
}

#[test]
fn an_enrolment_that_comes_to_nothing_refuses_where_a_factor_is_required_and_passes_in_the_grace() {
    use crate::enrolling::Turn;
    let grace = Decision { from: Some(Deadline { at: 0, left: 5 }), ..decision(Require::Optional, Kind::Su, 3) };
    let must = decision(Require::Required, Kind::Su, 3);
    let begun = |decision| Login::begin("anna", decision, Subject::Unenrolled, Standing::Evidence).0;
    assert_eq!(end(&begun(&must).turn(Turn::Over, &must)), "refused stop enrolment-failed");
    assert_eq!(end(&begun(&must).cannot_enrol(&must)), "refused retry no-conversation");
    for next in [
        begun(&grace).turn(Turn::Over, &grace),
        begun(&grace).turn(Turn::Later, &grace),
        begun(&grace).cannot_enrol(&grace),
    ] {
        assert_eq!(end(&next), "ignored not-enrolled");
        assert!(next.info.is_some_and(|told| told.starts_with("From 1970-01-01")));
    }
    assert_eq!(end(&after(begun(&must).set_up(Method::Totp))), "granted enrolled");
    let approved = decision(Require::Approved, Kind::Su, 3);
    assert!(matches!(begun(&approved).set_up(Method::Totp), Settled::AskApproval(_)), "others still decide");
}
