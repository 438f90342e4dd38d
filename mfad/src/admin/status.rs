//! One user's state, as `mfactl status` shows it.

use super::{Refusal, account, file_user};
use crate::accounts::{Account, Lookup, by_name, by_uid};
use crate::authority::Authority;
use crate::changes::Elsewhere;
use crate::store::StoreError;
use mfa_core::admin::{AdminReply, FactorStatus, UserStatus};
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId};
use mfa_core::limits::{ADMIN_AT, Counter, OWN_AT, STRANGERS_AT};
use mfa_core::now::Now;
use mfa_core::policy::{Groups, Own, Require};
use mfa_core::state::State;

/// Longest label shown: hand-written files may hold any.
const LABEL_CHARS: usize = 64;

/// The status of an account. The caller holds the user's lock.
///
/// # Errors
/// When its file cannot be read.
pub fn of_account(authority: &Authority, account: &Account) -> Result<UserStatus, Refusal> {
    Ok(match authority.store.enrollment(&account.name)? {
        Some(enrollment) => status_of(authority, &enrollment),
        None => nothing(authority, account),
    })
}

pub(super) fn status(authority: &Authority, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let read = authority.store.enrollment(&user).map_err(|why| damaged(authority, &user, &why))?;
    match read {
        Some(enrollment) => Ok(AdminReply::Status(Box::new(status_of(authority, &enrollment)))),
        None => {
            let account = account(typed)?;
            let mut status = nothing(authority, &account);
            if let Ok(Some(elsewhere)) = Elsewhere::of(authority, &account) {
                status.problems.push(format!("its {}", elsewhere.told(&account)));
            }
            Ok(AdminReply::Status(Box::new(status)))
        }
    }
}

/// What there is to do about a file that cannot be read. Logins of this user are refused meanwhile, and of the account that has its
/// uid now.
pub(super) fn damaged(authority: &Authority, user: &str, why: &StoreError) -> Refusal {
    let shown = clean::field(user);
    if let Ok(Some(uid)) = authority.store.owner(user)
        && !matches!(by_name(user), Lookup::Found(account) if account.uid == uid)
        && let Lookup::Found(now) = by_uid(uid)
    {
        let now = clean::field(&now.name);
        return Refusal(format!(
            "{why}. It is of uid {uid}, which is {now} now. Logins of {shown} and {now} are refused until it is repaired: put back a \
             copy of the file and, if the account was renamed, mfactl rename {shown} {now}; or remove what is there and begin anew \
             (mfactl reset {shown})"
        ));
    }
    Refusal(format!(
        "{why}. Logins of {shown} are refused until it is repaired: put back a copy of the file, or remove what is there and begin anew \
         (mfactl reset {shown})"
    ))
}

/// The status of one who has nothing.
fn nothing(authority: &Authority, account: &Account) -> UserStatus {
    let (required, deadline) = required(authority, &account.name, Some(account), Own::Known(None));
    UserStatus {
        user: account.name.clone(),
        uid: account.uid,
        enrolled: false,
        require: None,
        required,
        deadline,
        activated: None,
        disabled: None,
        preferred: None,
        factors: Vec::new(),
        devices: Vec::new(),
        recovery_left: 0,
        bypass: None,
        last_success: None,
        problems: Vec::new(),
    }
}

/// The strictest that any login of the account is asked, and from when more is.
fn required(authority: &Authority, user: &str, account: Option<&Account>, own: Own) -> (Require, Option<u64>) {
    let (in_force, requirements) = (authority.in_force(), authority.requirements());
    let requiring = requirements.group.keys().map(String::as_str);
    let named: Vec<&str> = in_force.policy.groups_named().chain(requiring).collect();
    let groups = match account {
        Some(account) => account.groups(&named),
        None => Ok(Vec::new()),
    };
    let groups = groups.as_deref().map_or(Groups::Unknown, Groups::Known);
    in_force.policy.standing(&requirements, user, (groups, own), authority.clock.now().wall)
}

/// What keeps pushes from being sent or answered.
fn of_pushes(state: &State, now: Now) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(known) = state.factors.get(&FactorId::push()) {
        let wait = known.evidence.wait(now);
        if known.disabled {
            problems
                .push(String::from("pushes are disabled after too many wrong numbers; mfactl unlock re-enables them"));
        } else if wait > 0 {
            problems.push(format!("answers to pushes wait for {wait} s after wrong numbers; mfactl unlock ends that"));
        }
    }
    let off = state.pushes.off_for(now);
    if off > 0 {
        problems.push(format!(
            "no push is sent for {off} s: the user reported one, or said yes to none of several; codes work, mfactl unlock ends it"
        ));
    }
    problems
}

fn status_of(authority: &Authority, enrollment: &Enrollment) -> UserStatus {
    let now = authority.clock.now();
    let mut problems = Vec::new();
    let state = match authority.store.state(&enrollment.name) {
        Ok(mut file) => State::of(enrollment, file.take(), now).0,
        Err(why) => {
            problems.push(why.to_string());
            State::new(enrollment.state_id.clone(), enrollment.uid)
        }
    };
    let looked_up = by_name(&enrollment.name);
    match &looked_up {
        Lookup::Found(account) if account.uid != enrollment.uid => problems.push(format!(
            "the account's uid is {}, the enrolled one {}: logins are refused",
            account.uid, enrollment.uid
        )),
        Lookup::Found(_) => {}
        Lookup::Absent => problems.push(match by_uid(enrollment.uid) {
            Lookup::Found(now) => format!(
                "there is no such account, its uid is that of {}: if it was renamed, mfactl rename {} {}; if it is another's, mfactl reset {1}",
                clean::quoted(&now.name),
                clean::field(&enrollment.name),
                clean::field(&now.name)
            ),
            Lookup::Absent | Lookup::Failed(_) => String::from("there is no such account; see mfactl purge --orphans"),
        }),
        Lookup::Failed(why) => problems.push(format!("the account cannot be looked up: {why}")),
    }
    let account = match &looked_up {
        Lookup::Found(account) => Some(account),
        Lookup::Absent | Lookup::Failed(_) => None,
    };
    let (required, deadline) = required(authority, &enrollment.name, account, Own::Known(enrollment.require));
    if state.lost.as_ref().is_some_and(|lost| !lost.adopted) {
        problems.push(String::from("the record of used codes was lost: HOTP and recovery codes wait for mfactl adopt"));
    }
    let recovery_id = FactorId::recovery();
    if state.factors.get(&recovery_id).is_some_and(|known| known.disabled) {
        problems
            .push(String::from("recovery codes are disabled after too many failures; mfactl unlock re-enables them"));
    }
    problems.extend(of_pushes(&state, now));
    for id in enrollment.factors.iter().map(|factor| factor.id.clone()).chain([FactorId::recovery()]) {
        let Some(known) = state.factors.get(&id) else { continue };
        let locked = |counter: Counter, most: u32| counter.failures >= most || counter.wait(now) > 0;
        if locked(known.admin, ADMIN_AT) {
            problems.push(format!("mfactl verify has tried too many wrong codes of {id}: it waits, or mfactl unlock"));
        }
        if locked(known.own, OWN_AT) {
            problems.push(format!("the user's own programs have tried too many wrong codes of {id}: theirs wait"));
        }
    }
    if state.strangers >= STRANGERS_AT {
        problems.push(String::from(
            "too many wrong codes without a first factor: only logins that show one are looked at, until one succeeds",
        ));
    }
    let factors = enrollment.factors.iter().map(|factor| {
        let known = state.factors.get(&factor.id).cloned().unwrap_or_default();
        if known.disabled {
            problems.push(format!("{} is disabled after too many failures; mfactl unlock re-enables it", factor.id));
        }
        FactorStatus {
            id: factor.id.clone(),
            method: factor.method(),
            label: factor.label.chars().take(LABEL_CHARS).collect(),
            token: factor.token.clone(),
            pending: factor.pending,
            created: factor.created,
            last_used: known.last_used,
            failures: known.evidence.failures,
            wait: known.evidence.wait(now),
            disabled: known.disabled,
            upkeep: factor.upkeep,
        }
    });
    let factors = factors.collect();
    if !enrollment.opens() && enrollment.suspended().next().is_some() {
        let user = clean::field(&enrollment.name);
        problems.push(format!(
            "everything is suspended: recovery codes alone open a login; mfactl resume {user} takes the factors back"
        ));
    }
    UserStatus {
        user: enrollment.name.clone(),
        uid: enrollment.uid,
        enrolled: enrollment.is_enrolled(),
        require: enrollment.require,
        required,
        deadline,
        activated: enrollment.activated,
        disabled: enrollment.disabled,
        preferred: enrollment.preferred,
        factors,
        devices: enrollment.devices.iter().map(super::devices::status_of).collect(),
        recovery_left: u32::try_from(state.recovery_left(enrollment.recovery.as_ref())).unwrap_or(0),
        bypass: super::bypass::status_of(authority, enrollment, &state, now),
        last_success: state.last_success,
        problems,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::enrollment::StateId;
    use mfa_core::limits::{Budget, DISABLE_AT, Lockout};
    use mfa_core::now::Boot;
    use mfa_core::policy::Policy;
    use mfa_core::pushes::Ended;

    #[test]
    fn what_keeps_pushes_away_is_told() {
        let now = Now { wall: 1000, boot: Boot(1), boottime: 5 };
        let lockout: Lockout = Policy::built_in().lockout();
        let mut state = State::new(StateId::new([1; 16]), 1000);
        state.enter(now);
        assert_eq!(of_pushes(&state, now), Vec::<String>::new());
        state.pushes.end(Ended::Reported, now);
        assert!(of_pushes(&state, now)[0].starts_with("no push is sent for 1800 s"));
        (0..DISABLE_AT).for_each(|_| state.charge(&[&FactorId::push()], &Budget::Evidence, now, lockout));
        assert!(of_pushes(&state, now)[0].starts_with("answers to pushes wait for"));
        state.factor(&FactorId::push()).disabled = true;
        assert!(of_pushes(&state, now)[0].starts_with("pushes are disabled"));
    }
}
