//! Every outcome and its PAM code.

use super::*;
use crate::args::BadArgument;
use crate::client::ClientError;
use crate::host::NoUser;
use PamResultCode::*;
use mfa_core::wire::{Method, Reason};

const KINDS: [Kind; 8] =
    [Kind::Sshd, Kind::Sudo, Kind::Su, Kind::Login, Kind::Display, Kind::Polkit, Kind::Locker, Kind::Other];

fn verdict() -> Verdict {
    Verdict { user: "anna".into(), method: Method::Totp, reason: Reason::WrongCode, code_bytes: None }
}

fn refused(ending: Ending, kind: Kind) -> PamResultCode {
    pam_code(&Outcome::Refused { ending, kind, verdict: verdict() })
}

#[test]
fn every_refusal_of_every_kind_has_its_code() {
    for kind in KINDS {
        assert_eq!(refused(Ending::Retry, kind), PAM_AUTH_ERR, "{kind}");
        assert_eq!(refused(Ending::Unavailable, kind), PAM_AUTHINFO_UNAVAIL, "{kind}");
        let stop = if kind == Kind::Sudo { PAM_ABORT } else { PAM_MAXTRIES };
        assert_eq!(refused(Ending::Stop, kind), stop, "{kind}");
    }
}

#[test]
fn only_a_grant_is_a_success_and_an_exemption_is_none() {
    assert_eq!(pam_code(&Outcome::Granted(verdict())), PAM_SUCCESS);
    assert_eq!(pam_code(&Outcome::Ignored(verdict())), PAM_IGNORE);
}

#[test]
fn no_error_is_a_success_or_an_exemption() {
    let absent = || ClientError::Closed;
    assert_eq!(pam_code(&Outcome::PassedBy(absent())), PAM_IGNORE, "only by the module line");
    assert_eq!(pam_code(&Outcome::Unavailable(absent())), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(pam_code(&Outcome::AnotherUser), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(pam_code(&Outcome::Endless), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(pam_code(&Outcome::NotForwarded), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(pam_code(&Outcome::NoConversation), PAM_AUTH_ERR);
    assert_eq!(pam_code(&Outcome::Left), PAM_AUTH_ERR);
    assert_eq!(pam_code(&Outcome::UserChanged), PAM_AUTH_ERR);
    for why in [NoUser::Missing, NoUser::Empty, NoUser::NotText] {
        assert_eq!(pam_code(&Outcome::NoUser(why)), PAM_AUTH_ERR);
    }
    let bad = BadArgument { argument: "x".into(), why: "y" };
    assert_eq!(pam_code(&Outcome::BadArguments(bad)), PAM_SYSTEM_ERR);
    assert_eq!(pam_code(&Outcome::Panicked), PAM_ABORT);
}
