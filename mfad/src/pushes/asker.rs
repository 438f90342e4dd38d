//! Who acts: the one who typed the command, where that is not the one whose factor is asked for.
//!
//! Called where a round is opened. `PAM_USER` is whose password was asked for: under sudo's `targetpw`, su and polkit another than
//! who runs them. What must never happen: the name of the one taken for that of the other.

use crate::accounts::{Lookup, by_name, by_uid};
use mfa_core::clean;
use mfa_core::wire::{Context, Kind, UNMAPPED};

/// The name of who acts, cleaned, for those who decide; `None`: nothing says so.
pub(super) fn name(context: &Context, kind: Kind) -> Option<String> {
    remote_user(context, kind).map(clean::field).or_else(|| {
        uid(context, kind).map(|uid| match by_uid(uid) {
            Lookup::Found(account) => clean::field(&account.name),
            // Whoever decides is told the number rather than nothing.
            Lookup::Absent | Lookup::Failed(_) => uid.to_string(),
        })
    })
}

/// The context with who asks in the place where polkit's helper puts the one who is asked: the trail names who asks. It may ask the
/// name service, which nothing that follows may.
pub fn told(context: Context, kind: Kind) -> Context {
    if kind == Kind::Polkit { Context { ruser: name(&context, kind), ..context } } else { context }
}

/// The uids of those who want in: the account's, that of who ran the program, and that of who says so.
///
/// # Errors
/// When it is not known who must not approve: nobody does then.
pub(super) fn uids(user: &str, context: &Context, kind: Kind) -> Result<Vec<u32>, String> {
    let ran = uid(context, kind);
    let mut uids = Vec::from_iter(ran);
    match by_name(user) {
        Lookup::Found(account) => uids.push(account.uid),
        Lookup::Absent => return Err(String::from("the name service knows no such account any more")),
        Lookup::Failed(why) => return Err(why),
    }
    match remote_user(context, kind).map(by_name) {
        Some(Lookup::Found(account)) if account.uid != UNMAPPED => uids.push(account.uid),
        // It may be a name of another host; whoever runs a program of this one is known by the real uid.
        None | Some(Lookup::Absent | Lookup::Found(_)) if ran.is_some() || !acts_for_another(kind) => {}
        // A wrapper of root's, polkit's helper for an agent of root's, or somebody without a number here.
        None | Some(Lookup::Absent | Lookup::Found(_)) => return Err(String::from("PAM does not say who asks")),
        Some(Lookup::Failed(why)) => return Err(why),
    }
    Ok(uids)
}

/// The uid of who runs the program; `None`: nothing says so. sshd and login run as root, and so does polkit's helper where systemd starts it:
/// there it is the agent's, at the other end of its standard input, and polkitd takes the helper's word for a session of that uid alone.
pub fn uid(context: &Context, kind: Kind) -> Option<u32> {
    match (context.real_uid, context.stdin_peer) {
        (UNMAPPED, _) => None,
        // An agent with the rights of root, as pkexec's own, is anybody's.
        (0, Some(agent)) if kind == Kind::Polkit && agent != 0 && agent != UNMAPPED => Some(agent),
        (0, _) => None,
        (uid, _) => Some(uid),
    }
}

/// `PAM_RUSER`, where it is who acts. polkit's helper puts the one there whose password it asks for.
fn remote_user(context: &Context, kind: Kind) -> Option<&str> {
    context.ruser.as_deref().filter(|name| !name.is_empty() && kind != Kind::Polkit)
}

/// Whether such an application is run by one user to act as another.
fn acts_for_another(kind: Kind) -> bool {
    matches!(kind, Kind::Sudo | Kind::Su | Kind::Polkit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_at_the_helpers_standard_input_counts_for_polkit_alone_and_only_where_root_runs_it() {
        let asks = |real_uid, stdin_peer, kind| uid(&Context { real_uid, stdin_peer, ..Context::default() }, kind);
        assert_eq!(asks(0, Some(1002), Kind::Polkit), Some(1002));
        assert_eq!(
            asks(1001, Some(1002), Kind::Polkit),
            Some(1001),
            "whoever runs a setuid helper chooses its standard input"
        );
        assert_eq!(asks(1001, None, Kind::Sudo), Some(1001));
        for nobody in [None, Some(0), Some(UNMAPPED)] {
            assert_eq!(asks(0, nobody, Kind::Polkit), None, "{nobody:?}");
        }
        assert_eq!(asks(UNMAPPED, None, Kind::Sudo), None, "whoever has no number here may be anybody");
        for kind in [Kind::Sshd, Kind::Sudo, Kind::Su, Kind::Login, Kind::Display, Kind::Locker, Kind::Other] {
            assert_eq!(asks(0, Some(1002), kind), None, "{kind:?}");
        }
    }
}
