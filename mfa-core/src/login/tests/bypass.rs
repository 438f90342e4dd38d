//! Logins on an administrator's word.

use super::*;

#[test]
fn a_bypass_stands_in_for_the_code_alone() {
    let by_bypass = Judgement { method: Method::Bypass, ..judged(true, Reason::CodeAccepted) };
    for subject in [Subject::Bypassed, Subject::Enrolled] {
        // Whatever methods policy accepts.
        let narrow = Decision { methods: vec![Method::Push], ..decision(Require::Required, Kind::Sshd, 3) };
        let (mut login, _) = Login::begin("a", &narrow, subject, Standing::Evidence);
        let next = after(login.settle(Some(&by_bypass)));
        assert_eq!((end(&next).as_str(), next.verdict().unwrap().method), ("granted code-accepted", Method::Bypass));
        let approved = decision(Require::Approved, Kind::Sudo, 3);
        let (mut login, _) = Login::begin("a", &approved, subject, Standing::Evidence);
        assert!(matches!(login.settle(Some(&by_bypass)), Settled::AskApproval(_)), "others still have to say yes");
        let refused = Decision { refused: Some(Place::built_in("x")), ..decision(Require::Required, Kind::Su, 3) };
        let (login, next) = Login::begin("a", &refused, subject, Standing::Evidence);
        assert_eq!(end(&next), "refused stop refused-by-policy");
        assert!(!login.judges(), "the code is not even looked at");
    }
    let (login, _) =
        Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), Subject::Bypassed, Standing::Evidence);
    assert!(
        !login.may_push() && !login.may_be_remembered(),
        "who has no factor has no device and no login to remember"
    );
}

#[test]
fn who_shows_a_first_factor_is_told_what_a_bypass_waits_for() {
    let (mut login, _) =
        Login::begin("a", &decision(Require::Required, Kind::Sshd, 3), Subject::Bypassed, Standing::Evidence);
    let next = after(login.settle(Some(&judged(false, Reason::ConsentMissing))));
    assert!(next.info.as_deref().unwrap().contains("consent of another administrator (mfactl bypass)"), "{next:?}");
    assert_eq!(end(&next), "refused stop consent-missing");
}
