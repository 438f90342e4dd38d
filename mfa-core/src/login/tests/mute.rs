//! Applications that cannot ask, or must not.

use super::approve::{approval, with_approvers};
use super::*;

#[test]
fn an_application_that_cannot_ask_waits_only_for_a_push_without_a_number() {
    let refused = "refused retry no-conversation";
    let of = |kind| Login::begin("a", &decision(Require::Required, kind, 3), Subject::Enrolled, Standing::Evidence).0;
    let begin = || of(Kind::Other);
    for kind in [Kind::Sshd, Kind::Sudo, Kind::Su, Kind::Login, Kind::Polkit] {
        let mut login = of(kind);
        login.offer(Offer { number: None, codes: true });
        assert_eq!(end(&login.cannot_ask().unwrap()), refused, "{kind}: somebody gave up");
    }
    assert_eq!(end(&begin().cannot_ask().unwrap()), refused, "no push is out");
    let mut login = begin();
    login.offer(Offer { number: Some(Secret::from(String::from("482913"))), codes: true });
    assert_eq!(end(&login.cannot_ask().unwrap()), refused, "nobody has seen the number");
    let mut login = begin();
    login.offer(Offer { number: None, codes: true });
    assert_eq!(login.cannot_ask(), None);
    assert_eq!(end(&after(login.clone().settle_push(Pushed::Approved))), "granted approved");
    assert_eq!(
        end(&after(login.settle_push(Pushed::Expired))),
        "refused stop push-expired",
        "it cannot ask for a code"
    );
    for (number, waits) in [(true, false), (false, true)] {
        let mut login = with_approvers(Kind::Other);
        login.ask_approval(Some(approval(number)));
        assert_eq!(login.cannot_ask().is_none(), waits);
    }
}

#[test]
fn where_nothing_may_be_asked_a_device_that_needs_no_number_is_waited_for_at_once() {
    let begin = || {
        let decision = decision(Require::Approved, Kind::Sudo, 3);
        Login::begin("a", &decision, Subject::Enrolled, Standing::Evidence).0.without_prompts()
    };
    assert!(!begin().waits_unasked(), "no push is out");
    for (number, waits) in [(true, false), (false, true)] {
        let mut login = begin();
        login.offer(Offer { number: number.then(|| Secret::from(String::from("482913"))), codes: true });
        assert_eq!(login.waits_unasked(), waits);
        login.settle_push(Pushed::Approved);
        assert!(!login.waits_unasked(), "nobody is asked to approve yet");
        login.ask_approval(Some(approval(number)));
        assert_eq!(login.waits_unasked(), waits);
    }
}
