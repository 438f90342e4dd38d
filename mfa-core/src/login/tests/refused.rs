//! Logins that a raise refuses.

use super::*;
use crate::policy::Way;

#[test]
fn what_policy_refuses_ends_whatever_is_required_and_whoever_it_is() {
    use Require::{Off, Optional, Required};
    for require in [Off, Optional, Required] {
        for subject in [Subject::Enrolled, Subject::Unenrolled, Subject::Bypassed] {
            let refused = Decision {
                refused: Some(Place::built_in("x")),
                from: Some(Deadline { at: 9, left: 5 }),
                enrol: vec![Way::App],
                remember: 3600,
                ..decision(require, Kind::Su, 3)
            };
            let (login, next) = Login::begin("a", &refused, subject, Standing::Evidence);
            assert_eq!(end(&next), "refused stop refused-by-policy", "{require} {subject:?}");
            assert!(!login.judges() && !login.may_push() && !login.may_be_remembered(), "{require} {subject:?}");
            assert!(login.enrols_by(&refused, &[String::from("stack")]).is_empty(), "{require} {subject:?}");
            // A stranger does not learn it, and gets no further.
            let (mut login, next) = Login::begin("a", &refused, subject, Standing::Stranger);
            assert_eq!(end(&next), "goes on", "{require} {subject:?}");
            assert!(!login.judges());
            let accepted = judged(true, Reason::CodeAccepted);
            assert_eq!(end(&after(login.settle(Some(&accepted)))), "goes on", "{require} {subject:?}");
            assert_eq!(end(&after(login.settle(None))), "goes on", "{require} {subject:?}");
            assert_eq!(end(&after(login.settle(None))), "refused stop refused-by-policy", "{require} {subject:?}");
        }
    }
}
