//! What a caller shows of a first factor, and how long its person may take.

use crate::wire::{Context, Kind, UNMAPPED};
use std::time::Duration;

/// A caller whose real uid is the user's: the weakest of them.
pub(super) const SESSION: &str = "session";

/// The first factors in evidence, as policy names them; empty: none is.
///
/// `user_uid` is the account's uid. The PAM environment's `SSH_AUTH_INFO_0` counts for services of kind
/// sshd alone (elsewhere `pam_env user_readenv=1` could plant it); a local caller counts when its real uid is the
/// user's, not 0 and not unmapped, with no remote host and a terminal that is not sshd's.
#[must_use]
pub fn first_factors(context: &Context, kind: Kind, user_uid: Option<u32>) -> Vec<String> {
    let by_session = user_uid.is_some_and(|uid| uid != 0 && uid != UNMAPPED && uid == context.real_uid)
        && context.rhost.as_deref().unwrap_or("").is_empty()
        && context.tty.as_deref() != Some("ssh");
    let mut given = if kind == Kind::Sshd { context.ssh_auth_info.clone() } else { Vec::new() };
    if context.first_factor_stack {
        given.push(String::from("stack"));
    }
    if by_session {
        given.push(String::from(SESSION));
    }
    given
}

/// Time a person has for the whole dialogue, by what the caller itself allows: login(1) ends after 60 s
/// (`LOGIN_TIMEOUT`), sshd after 120 s (`LoginGraceTime`).
#[must_use]
pub fn time_for(kind: Kind) -> Duration {
    Duration::from_secs(match kind {
        Kind::Sshd | Kind::Sudo | Kind::Su => 110,
        Kind::Login | Kind::Display | Kind::Other => 55,
        Kind::Locker | Kind::Polkit => 30,
    })
}
