//! What a login would meet, and which line of which file says so.

use crate::accounts::{Lookup, by_name};
use crate::authority::Authority;
use crate::bypasses;
use crate::logins::{self, Appraisal, Caller};
use mfa_core::admin::{AdminReply, Explanation, Outcome};
use mfa_core::login::{Login, Standing, Subject, needs_number};
use mfa_core::policy::{OWN_PROGRAM, Require};
use mfa_core::wire::{Context, Method, Reason};

pub(super) fn explain(authority: &Authority, mut context: Context, at: Option<u64>) -> AdminReply {
    context.service = context.service.to_lowercase();
    let looked_up = by_name(&context.user);
    let wall = at.unwrap_or_else(|| authority.clock.now().wall);
    let caller = if context.service == OWN_PROGRAM { own(&looked_up) } else { Caller::Root };
    let Appraisal { decision, subject, first_factors } =
        logins::appraise(authority, caller, &context, &looked_up, wall);
    let subject = subject.under(&decision);
    let (login, _) = Login::begin(&context.user, &decision, subject, Standing::Evidence);
    let ways: Vec<String> = login.enrols_by(&decision, &first_factors).iter().map(ToString::to_string).collect();
    let ways = ways.join(" or ");
    let absent = looked_up == Lookup::Absent;
    let account = match looked_up {
        Lookup::Found(account) => Some(account.name),
        Lookup::Absent | Lookup::Failed(_) => None,
    };
    let mut methods = account.as_deref().map(|name| methods(authority, name)).unwrap_or_default();
    methods.retain(|method| decision.accepts(*method) || *method == Method::Bypass);
    let number = needs_number(&context, &decision);
    let (outcome, meets) = match (decision.require.value, subject) {
        // A mistyped name must not look like somebody who is let in.
        _ if absent => (
            Outcome::NoAccount,
            String::from(
                "is no account on this host; whoever knocks by that name gets no further than the first factor",
            ),
        ),
        _ if decision.refused.is_some() => (Outcome::Barred, barred(Reason::RefusedByPolicy)),
        (Require::Off, _) => (Outcome::Exempt, String::from("is asked nothing by pam_mfa")),
        (_, Subject::Enrolled) => {
            let tries = if decision.tries == 1 { "try" } else { "tries" };
            let approved = decision
                .approvers
                .as_ref()
                .map_or_else(String::new, |approvers| format!(", then for the approval of {approvers}"));
            (Outcome::Asked, format!("is asked for a verification code, {} {tries}{approved}", decision.tries))
        }
        (Require::Required | Require::Approved, Subject::Bypassed) => (
            Outcome::Asked,
            String::from("has no factor and is asked for the code of the bypass; mfactl bypass shows it"),
        ),
        (Require::Optional, Subject::Unenrolled | Subject::Bypassed) => {
            let offered = if ways.is_empty() { "" } else { "; setting one up in the login is offered: " };
            (Outcome::NotEnrolledIgnored, format!("has no factor and is asked nothing{offered}{ways}"))
        }
        (Require::Required | Require::Approved, Subject::Unenrolled) if ways.is_empty() => {
            let behind = !login.enrols_by(&decision, &[String::from("stack")]).is_empty();
            let meets = if behind {
                "has no factor and is refused; behind a first factor (--first-factor) the login would set one up"
            } else {
                "has no factor and is refused; mfactl enroll adds one"
            };
            (Outcome::NotEnrolledRefused, meets.to_owned())
        }
        (Require::Required | Require::Approved, Subject::Unenrolled) => {
            (Outcome::Enrols, format!("has no factor and is led through setting one up in the login: {ways}"))
        }
        (_, Subject::Barred(reason)) => (Outcome::Barred, barred(reason)),
    };
    AdminReply::Explained(Box::new(Explanation {
        account,
        service: context.service,
        kind: decision.kind,
        require: decision.require.value,
        approvers: decision.approvers,
        decided_by: decision.refused.unwrap_or(decision.require.place).to_string(),
        heard: decision.heard,
        floor: decision.floor,
        tries: decision.tries,
        meets,
        outcome,
        methods,
        number,
    }))
}

fn own(looked_up: &Lookup) -> Caller {
    match looked_up {
        Lookup::Found(account) => Caller::Own(account.uid),
        Lookup::Absent | Lookup::Failed(_) => Caller::Own(u32::MAX),
    }
}

fn methods(authority: &Authority, user: &str) -> Vec<Method> {
    let Ok(Some(enrollment)) = authority.store.enrollment(user) else { return Vec::new() };
    let mut methods: Vec<Method> = Vec::new();
    for factor in enrollment.confirmed() {
        if !methods.contains(&factor.method()) {
            methods.push(factor.method());
        }
    }
    if enrollment.active_devices().next().is_some() {
        methods.push(Method::Push);
    }
    if !methods.is_empty() && enrollment.recovery.is_some() {
        methods.push(Method::Recovery);
    }
    if bypasses::has_time(authority, &enrollment) {
        methods.push(Method::Bypass);
    }
    methods
}

fn barred(reason: Reason) -> String {
    match reason {
        Reason::UnknownUser => String::from("is no account: prompted like everybody and refused"),
        Reason::LookupFailed => String::from("cannot be looked up just now: prompted like everybody and refused"),
        Reason::Suspended => {
            String::from("is refused: hygiene suspended what the user has; mfactl resume takes it back")
        }
        Reason::RefusedByPolicy => String::from(
            "is refused: a [[raise]] finds it too unusual; where failures or a denial are the reason, mfactl unlock forgets them",
        ),
        Reason::NoAllowedMethod => String::from("is refused: policy accepts none of the user's factors here"),
        other => format!("is refused whatever is answered ({other}); mfactl status says more"),
    }
}
