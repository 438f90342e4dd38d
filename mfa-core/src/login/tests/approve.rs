//! Logins that others approve.

use super::*;

/// A login of an enrolled user that others must approve, after the user's own code.
pub(super) fn with_approvers(kind: Kind) -> Login {
    let (mut login, _) =
        Login::begin("a", &decision(Require::Approved, kind, 3), Subject::Enrolled, Standing::Stranger);
    let asked = login.settle(Some(&judged(true, Reason::CodeAccepted)));
    assert_eq!(asked, Settled::AskApproval(Approvers { group: "ops".into(), count: 1 }));
    login
}

pub(super) fn approval(number: bool) -> Approval {
    Approval { count: 2, group: "ops".into(), number: number.then(|| Secret::from(String::from("482913"))) }
}

#[test]
fn where_others_must_approve_the_users_own_factor_alone_opens_nothing() {
    for (pushed_as, expected) in [
        (Pushed::Approved, "granted approved"),
        (Pushed::Denied, "refused stop approval-denied"),
        (Pushed::WrongNumber, "refused stop wrong-number"),
        (Pushed::Expired, "refused stop approval-expired"),
        (Pushed::Void, "refused stop approval-void"),
    ] {
        let mut login = with_approvers(Kind::Sudo);
        let asked = login.ask_approval(Some(approval(true)));
        assert_eq!(asked.step, prompt("2 of ops must approve this. Tell them 482 913, then press Enter: "));
        for answer in ["", "123456", "anything"] {
            assert!(login.waits(Some(&Secret::from(String::from(answer)))), "nothing typed decides now");
        }
        assert!(login.waits(None));
        assert_eq!(end(&login.settle_approval(pushed_as)), expected);
    }
}

#[test]
fn where_nobody_can_be_asked_the_login_is_refused_and_says_so() {
    let mut login = with_approvers(Kind::Sshd);
    let next = login.ask_approval(None);
    assert_eq!(next.info.as_deref(), Some("One of ops must approve this, and cannot be asked just now."));
    assert_eq!(end(&next), "refused stop no-approver");
}

#[test]
fn an_approval_before_the_users_own_factor_opens_nothing() {
    let of = |subject| Login::begin("a", &decision(Require::Approved, Kind::Su, 3), subject, Standing::Evidence).0;
    assert!(!end(&of(Subject::Enrolled).settle_approval(Pushed::Approved)).starts_with("granted"));
    assert!(!end(&of(Subject::Enrolled).ask_approval(Some(approval(true)))).starts_with("goes on"));
    assert!(matches!(of(Subject::Unenrolled).settle(Some(&judged(true, Reason::CodeAccepted))), Settled::Next(_)));
    // An own push that was never sent is no factor either.
    assert!(matches!(of(Subject::Enrolled).settle_push(Pushed::Approved), Settled::Next(_)));
}

#[test]
fn an_own_push_is_a_factor_to_be_approved_like_any() {
    let (mut login, _) =
        Login::begin("a", &decision(Require::Approved, Kind::Sudo, 3), Subject::Enrolled, Standing::Evidence);
    login.offer(Offer { number: None, codes: true });
    assert!(matches!(login.settle_push(Pushed::Approved), Settled::AskApproval(_)));
    assert_eq!(end(&after(login.settle_push(Pushed::Approved))), "refused unavailable protocol", "it counts once");
}
