//! Who acts: the one who typed the command, where that is not the one whose factor is asked for.
//!
//! Called where a round is opened. `PAM_USER` is whose password was asked for: under sudo's `targetpw`, su and polkit another than
//! who runs them. What must never happen: the name of the one taken for that of the other.

use crate::accounts::{Lookup, by_name, by_uid};
use mfa_core::clean;
use mfa_core::wire::{Context, Kind};

/// The name of who acts, cleaned, for those who decide; `None`: nothing says so.
pub(super) fn name(context: &Context, kind: Kind) -> Option<String> {
    remote_user(context, kind).map(clean::field).or_else(|| match (context.real_uid, by_uid(context.real_uid)) {
        (0, _) => None,
        (_, Lookup::Found(account)) => Some(clean::field(&account.name)),
        // Whoever decides is told the number rather than nothing.
        (uid, Lookup::Absent | Lookup::Failed(_)) => Some(uid.to_string()),
    })
}

/// The uids of those who want in: the account's, that of who ran the program, and that of who says so.
///
/// # Errors
/// When it is not known who must not approve: nobody does then.
pub(super) fn uids(user: &str, context: &Context, kind: Kind) -> Result<Vec<u32>, String> {
    // sshd and login run as root: that says nothing of who wants in.
    let mut uids = Vec::from_iter((context.real_uid != 0).then_some(context.real_uid));
    match by_name(user) {
        Lookup::Found(account) => uids.push(account.uid),
        Lookup::Absent => return Err(String::from("the name service knows no such account any more")),
        Lookup::Failed(why) => return Err(why),
    }
    match remote_user(context, kind).map(by_name) {
        Some(Lookup::Found(account)) => uids.push(account.uid),
        // It may be a name of another host; whoever runs a program of this one is known by the real uid.
        None | Some(Lookup::Absent) if context.real_uid != 0 || !acts_for_another(kind) => {}
        // polkit's helper where systemd starts it, or a wrapper of root's.
        None | Some(Lookup::Absent) => return Err(String::from("PAM does not say who asks")),
        Some(Lookup::Failed(why)) => return Err(why),
    }
    Ok(uids)
}

/// `PAM_RUSER`, where it is who acts. polkit's helper puts the one there whose password it asks for.
fn remote_user(context: &Context, kind: Kind) -> Option<&str> {
    context.ruser.as_deref().filter(|name| !name.is_empty() && kind != Kind::Polkit)
}

/// Whether such an application is run by one user to act as another.
fn acts_for_another(kind: Kind) -> bool {
    matches!(kind, Kind::Sudo | Kind::Su | Kind::Polkit)
}
