//! What policy asks of a login, and what is known of its user. Also the heart of `mfactl explain`.
//!
//! What must never happen: a fault of the name service or of a file being taken for "no group" or "not enrolled".

use super::Caller;
use super::signals::Seen;
use crate::accounts::{Account, Lookup, by_name};
use crate::authority::Authority;
use crate::bypasses;
use crate::changes::Elsewhere;
use crate::clock;
use crate::seldom::{Each, Seldom, due, due_about};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::login::{Subject, first_factors};
use mfa_core::policy::{
    ALL_METHODS, Circumstances, Decision, Groups, Own, Policy, Query, Require, Requirement, Requirements, Target,
};
use mfa_core::typed;
use mfa_core::wire::{Context, Kind, Method, Reason};
use std::sync::Mutex;

/// Everybody can begin logins as often as they like, and so have these written. The trail has each.
static NOT_LOOKED_UP: Mutex<Seldom> = Mutex::new(Seldom::new());
static GROUPS_UNKNOWN: Mutex<Seldom> = Mutex::new(Seldom::new());
static BARRED: Mutex<Each> = Mutex::new(Each::new());
static SUSPENDED: Mutex<Each> = Mutex::new(Each::new());

/// Of nobody (`nobody`, nearly everywhere).
const NOBODY: u32 = 65534;

/// A login as policy sees it.
#[derive(Debug)]
pub struct Appraisal {
    /// What is asked.
    pub decision: Decision,
    /// What is known of the user.
    pub subject: Subject,
    /// The first factors in evidence.
    pub first_factors: Vec<String>,
}

/// Asks policy and the user's files about a login at `wall`, in seconds since 1970.
#[must_use]
pub fn appraise(authority: &Authority, caller: Caller, context: &Context, looked_up: &Lookup, wall: u64) -> Appraisal {
    let in_force = authority.in_force();
    let requirements = authority.requirements();
    let kind = if caller == Caller::Root { in_force.policy.kind(&context.service) } else { Kind::Locker };
    let uid = match looked_up {
        Lookup::Found(account) => Some(account.uid),
        Lookup::Absent | Lookup::Failed(_) => None,
    };
    let first_factors = if caller == Caller::Root { first_factors(context, kind, uid) } else { Vec::new() };
    let target = target(context, kind, looked_up, in_force.policy.looks_at_targets());
    let seen = Seen::of(authority, &in_force, context, looked_up);
    let circumstances = Circumstances {
        rhost: context.rhost.as_deref(),
        tty: context.tty.as_deref(),
        first_factors: &first_factors,
        target: as_target(target.as_ref()),
        time: clock::local(wall, &in_force.zone),
        wall,
        signals: seen.signals(),
    };
    let decide = |user: &str, groups: Groups<'_>, own: Own| {
        // Of what the name service does not tell, a name that was typed may be an alias.
        let user_known = matches!(looked_up, Lookup::Found(_));
        let query = Query { service: &context.service, user, user_known, groups, own, circumstances };
        let mut decision = in_force.policy.decide(&requirements, &query);
        if caller != Caller::Root {
            (decision.kind, decision.tries) = (Kind::Locker, 1);
        }
        decision
    };
    let typed = &context.user;
    let (decision, subject) = match looked_up {
        Lookup::Found(account) => {
            let groups = groups_of(account, &in_force.policy, &requirements);
            let groups = groups.as_deref().map_or(Groups::Unknown, Groups::Known);
            of_account(authority, caller, account, wall, &|own| decide(&account.name, groups, own))
        }
        Lookup::Absent => {
            // A file of that name says that there was an account: a name service in trouble may have forgotten it.
            let forgotten = !matches!(authority.store.enrollment(typed), Ok(None));
            let own = if forgotten { Own::Unknown } else { Own::Known(None) };
            // As long as it takes for an account. What comes of it does not matter.
            let nobody = Account { name: typed.clone(), uid: NOBODY, gid: NOBODY };
            let _ = nobody.groups(&named_groups(&in_force.policy, &requirements));
            // It may have forgotten others as well. What asks them, and who that is, is not known.
            let decision = decide(typed, Groups::Unknown, own);
            // Where policy lets all of the unenrolled pass, a name without an account is no different; but whoever has shown a first
            // factor has one.
            let passes = decision.require.value == Require::Optional && !forgotten && first_factors.is_empty();
            (decision, if passes { Subject::Unenrolled } else { Subject::Barred(Reason::UnknownUser) })
        }
        Lookup::Failed(why) => {
            if let Some(times) = due(&NOT_LOOKED_UP) {
                tracing::error!("the name service cannot look up {}: {why}{times}", clean::quoted(typed));
            }
            (decide(typed, Groups::Unknown, Own::Unknown), Subject::Barred(Reason::LookupFailed))
        }
    };
    Appraisal { decision, subject, first_factors }
}

/// Whom su or sudo is to make of the user, by the account's own name: one that was typed may be an alias. sudo does not tell PAM:
/// what was typed does, but for what sudoers makes of it. `None`: the question does not arise.
fn target(context: &Context, kind: Kind, looked_up: &Lookup, wanted: bool) -> Option<Result<String, Unknown>> {
    let name_of = |looked_up: &Lookup| match looked_up {
        Lookup::Found(account) => Ok(account.name.clone()),
        Lookup::Absent | Lookup::Failed(_) => Err(Unknown),
    };
    match kind {
        Kind::Su => Some(name_of(looked_up)),
        Kind::Sudo if !wanted => Some(Err(Unknown)),
        Kind::Sudo => {
            let user = typed::sudo(context).filter(|_| !context.arguments.is_empty()).and_then(|sudo| sudo.user);
            // Without -u it is sudoers that says whom, root unless it says otherwise; `#0` is a uid.
            let user = user.filter(|user| !user.starts_with('#')).ok_or(Unknown);
            Some(user.and_then(|user| name_of(&by_name(&user))))
        }
        Kind::Sshd | Kind::Login | Kind::Display | Kind::Polkit | Kind::Locker | Kind::Other => None,
    }
}

/// It cannot be told whom.
struct Unknown;

fn as_target(target: Option<&Result<String, Unknown>>) -> Target<'_> {
    match target {
        None => Target::None,
        Some(Ok(user)) => Target::Known(user),
        Some(Err(Unknown)) => Target::Unknown,
    }
}

fn of_account(
    authority: &Authority,
    caller: Caller,
    account: &Account,
    wall: u64,
    decide: &dyn Fn(Own) -> Decision,
) -> (Decision, Subject) {
    match subject(authority, caller, account, wall) {
        Ok(Known { own, enrollment }) => {
            let mut decision = decide(Own::Known(own));
            if let Some(preferred) = enrollment.as_ref().and_then(|enrollment| enrollment.preferred) {
                // What is named first; nothing is accepted by it that was not.
                decision.methods.sort_by_key(|method| *method != preferred);
            }
            let bypassed = enrollment.as_ref().is_some_and(|enrollment| bypasses::has_time(authority, enrollment));
            let subject = match enrollment.filter(Enrollment::is_enrolled) {
                // Who passes without a factor needs nobody's word.
                None if bypassed && decision.require.value >= Require::Required => Subject::Bypassed,
                None => Subject::Unenrolled,
                Some(enrollment) if !bypassed && is_suspended(&enrollment, &decision.methods) => {
                    if decision.require.value > Require::Off {
                        tell_suspended(&account.name);
                    }
                    Subject::Barred(Reason::Suspended)
                }
                Some(enrollment) if bypassed || can_answer(&enrollment, &decision.methods) => Subject::Enrolled,
                Some(_) => Subject::Barred(Reason::NoAllowedMethod),
            };
            (decision, subject)
        }
        Err(Bar { why, reason, own }) => {
            let decision = decide(own);
            // A rule that exempts this login holds even where the file is damaged.
            let to_blame = match caller {
                Caller::Own(uid) if reason == Reason::NotYourself => format!("uid {uid}"),
                Caller::Own(_) | Caller::Root => account.name.clone(),
            };
            if decision.require.value > Require::Off
                && let Some(times) = due_about(&BARRED, &to_blame)
            {
                tracing::error!("{} is refused: {why}{times}", clean::quoted(&account.name));
            }
            (decision, Subject::Barred(reason))
        }
    }
}

/// The groups of this account, of those that are named by what decides; `Err` where they are not known.
fn groups_of(account: &Account, policy: &Policy, requirements: &Requirements) -> Result<Vec<String>, ()> {
    account.groups(&named_groups(policy, requirements)).map_err(|why| {
        if let Some(times) = due(&GROUPS_UNKNOWN) {
            tracing::error!(
                "the groups of {} are not known: {why}; the strictest rule applies{times}",
                clean::quoted(&account.name)
            );
        }
    })
}

/// The groups that decide anything.
fn named_groups<'a>(policy: &'a Policy, requirements: &'a Requirements) -> Vec<&'a str> {
    policy.groups_named().chain(requirements.group.keys().map(String::as_str)).collect()
}

/// Whether the user has any factor of these methods.
fn can_answer(enrollment: &Enrollment, methods: &[Method]) -> bool {
    if ALL_METHODS.iter().all(|method| methods.contains(method)) {
        return true;
    }
    enrollment.confirmed().any(|factor| methods.contains(&factor.method()))
        || (methods.contains(&Method::Push) && !enrollment.devices.is_empty())
        || (methods.contains(&Method::Recovery) && enrollment.recovery.is_some())
}

/// Whether nothing of the user's opens anything because hygiene suspended it, and no recovery code is accepted in its place.
fn is_suspended(enrollment: &Enrollment, methods: &[Method]) -> bool {
    !enrollment.opens()
        && enrollment.suspended().next().is_some()
        && !(methods.contains(&Method::Recovery) && enrollment.recovery.is_some())
}

/// The log line of a refusal for what hygiene did: what to do about it.
pub(super) fn tell_suspended(user: &str) {
    let Some(times) = due_about(&SUSPENDED, user) else { return };
    let shown = clean::field(user);
    tracing::warn!(
        "{} is refused: what the user has was suspended, not used or not renewed for too long. mfactl resume {shown} takes it back, \
         mfactl bypass {shown} stands in for it, a recovery code works as ever{times}",
        clean::quoted(user)
    );
}

/// What the user's files say of an account.
struct Known {
    /// What they require of the user alone.
    own: Option<Requirement>,
    /// The enrolment, where there is a file; it may be without factors.
    enrollment: Option<Enrollment>,
}

/// Why nobody can be let in by an account's files, and what they require all the same.
struct Bar {
    why: String,
    reason: Reason,
    own: Own,
}

fn subject(authority: &Authority, caller: Caller, account: &Account, wall: u64) -> Result<Known, Bar> {
    let bar = |why: String, reason, own| Err(Bar { why, reason, own });
    if let Caller::Own(uid) = caller
        && uid != account.uid
    {
        // What is required of others is not told.
        return bar(format!("a program of uid {uid} asked for another user"), Reason::NotYourself, Own::Unknown);
    }
    match authority.store.enrollment(&account.name) {
        // What was required stood in that file.
        Err(why) => bar(why.to_string(), Reason::EnrolmentDamaged, Own::Unknown),
        Ok(Some(enrollment)) if enrollment.name != account.name || enrollment.uid != account.uid => {
            let why = format!(
                "its enrolment is of {} with uid {}, the account's uid is {}; see mfactl rename and mfactl reset",
                clean::quoted(&enrollment.name),
                enrollment.uid,
                account.uid
            );
            // It may be left of an account that is gone, whose name was given to one that is enrolled by another.
            let own = match Elsewhere::of(authority, account) {
                Ok(None) => Own::Known(enrollment.require),
                Ok(Some(elsewhere)) => elsewhere.own.and(Own::Known(enrollment.require), wall),
                Err(_) => Own::Unknown,
            };
            bar(why, Reason::UidMismatch, own)
        }
        Ok(Some(enrollment)) => {
            let own = enrollment.require;
            Ok(Known { own, enrollment: Some(enrollment) })
        }
        Ok(None) => match Elsewhere::of(authority, account) {
            Err(why) => bar(why.to_string(), Reason::StorageFailed, Own::Unknown),
            Ok(Some(elsewhere)) => bar(format!("its {}", elsewhere.told(account)), Reason::UidMismatch, elsewhere.own),
            Ok(None) => Ok(Known { own: None, enrollment: None }),
        },
    }
}
