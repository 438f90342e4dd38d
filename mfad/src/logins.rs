//! A login at the authority: who knocks is looked up, policy asked, answers judged in a transaction.
//!
//! `service` calls [`begin`] for the first frame and [`answer`] for each answer, with the user's lock held. The
//! decisions are `mfa_core::login` and `mfa_core::verify`; here are the reads and writes around them. What
//! must never happen: "granted" before the state that says so is on disk.

use crate::accounts::{Account, Lookup, by_name};
use crate::authority::Authority;
use crate::pushes::{self, Ticket};
use crate::store::StoreError;
use mfa_core::clean;
use mfa_core::event::{Event, Kind as Happened};
use mfa_core::limits::Budget;
use mfa_core::login::{Login, Next, Offer, Pushed, Subject, first_factor_in_evidence};
use mfa_core::now::Now;
use mfa_core::policy::{Decision, Groups, Own, Query, Require};
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::verify::{Judgement, judge};
use mfa_core::wire::{Context, Kind, Method, Reason, Step};
use std::sync::Arc;

/// The service name of logins over the user socket, whatever the program says it is.
pub const OWN_PROGRAM: &str = "own-program";

/// Who is at the other end of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Root: believed.
    Root,
    /// A program of this uid: only its answers are believed.
    Own(u32),
}

/// A login under way.
#[derive(Debug)]
pub struct Session {
    login: Login,
    /// Canonical name; the key of the lock and the files.
    user: String,
    /// The account's uid, where there is an account.
    uid: Option<u32>,
    context: Context,
    budget: Budget,
    /// A push under way; dropped with the login, which withdraws it.
    push: Option<Ticket>,
}

impl Session {
    /// Whose files its answers need; `None` when nothing is judged and no lock needed.
    #[must_use]
    pub fn judged_user(&self) -> Option<&str> {
        self.login.judges().then_some(self.user.as_str())
    }

    /// Whether this answer means "I approve on my desktop", and its push with it.
    pub fn waits_for(&mut self, answer: Option<&Secret>) -> Option<&mut Ticket> {
        if self.login.waits(answer) { self.push.as_mut() } else { None }
    }

    /// How the push ended while the person looked at the prompt, if it has: then no code counts any more.
    #[must_use]
    pub fn refused_by_push(&self) -> Option<Pushed> {
        let ended = self.push.as_ref().and_then(Ticket::ended)?;
        matches!(ended, Pushed::Denied | Pushed::WrongNumber).then_some(ended)
    }

    /// The state machine, for endings that are not answers.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }
}

/// Looks the user up, asks policy and takes the first step.
#[must_use]
pub fn begin(authority: &Arc<Authority>, caller: Caller, context: Context) -> (Session, Next) {
    let context = match caller {
        Caller::Root => context,
        Caller::Own(uid) => {
            Context { user: context.user, service: String::from(OWN_PROGRAM), real_uid: uid, ..Context::default() }
        }
    };
    let looked_up = by_name(&context.user);
    let (decision, subject) = appraise(authority, caller, &context.service, &context.user, &looked_up);
    let account = match &looked_up {
        Lookup::Found(account) => Some(account),
        Lookup::Absent | Lookup::Failed(_) => None,
    };
    let evidence = caller == Caller::Root && first_factor_in_evidence(&context, decision.kind, account.map(|a| a.uid));
    let (mut login, mut next) = Login::begin(&context.user, &decision, subject, evidence);
    let budget = match caller {
        Caller::Root => login.budget(context.rhost.as_deref()),
        Caller::Own(_) => Budget::Own,
    };
    let user = account.map_or_else(|| context.user.clone(), |account| account.name.clone());
    let uid = account.map(|account| account.uid);
    let push = match next.step {
        // Most users have no agent: they cost no second look at their files.
        Step::Prompt { .. } if login.may_push() && account.is_some_and(|a| authority.pushes.has_agent(a.uid)) => {
            pushes::open(authority, &user, &context).unwrap_or_else(|why| {
                tracing::error!("no push is sent for {}: {why}", clean::quoted(&user));
                None
            })
        }
        _ => None,
    };
    if let Some(ticket) = &push {
        let codes = authority.store.enrollment(&user).ok().flatten().is_some_and(|e| e.confirmed().next().is_some());
        next = login.offer(Offer { number: ticket.number.clone(), codes });
    }
    let session = Session { login, user, uid, context, budget, push };
    record_end(authority, &session, &next, None);
    (session, next)
}

/// What policy asks of a login, and what is known of its user. Also the heart of `mfactl explain`.
#[must_use]
pub fn appraise(
    authority: &Authority,
    caller: Caller,
    service: &str,
    typed: &str,
    looked_up: &Lookup,
) -> (Decision, Subject) {
    let in_force = authority.in_force();
    let requirements = authority.requirements();
    let decide = |user: &str, groups: Groups<'_>, own: Own| {
        let user_known = !matches!(looked_up, Lookup::Failed(_));
        let mut decision = in_force.policy.decide(&requirements, &Query { service, user, user_known, groups, own });
        if caller != Caller::Root {
            decision.kind = Kind::Locker;
            decision.tries = 1;
        }
        decision
    };
    let account = match looked_up {
        Lookup::Found(account) => account,
        Lookup::Absent => {
            // A file of that name says that there was an account: a name service in trouble may have forgotten it.
            let forgotten = !matches!(authority.store.enrollment(typed), Ok(None));
            let own = if forgotten { Own::Unknown } else { Own::Known(None) };
            let decision = decide(typed, Groups::Known(&[]), own);
            // Where policy lets the unenrolled pass, a name without an account is no different.
            let passes = decision.require.value == Require::Optional && !forgotten;
            return (decision, if passes { Subject::Unenrolled } else { Subject::Barred(Reason::UnknownUser) });
        }
        Lookup::Failed(why) => {
            tracing::error!("the name service cannot look up {}: {why}", clean::quoted(typed));
            return (decide(typed, Groups::Unknown, Own::Unknown), Subject::Barred(Reason::LookupFailed));
        }
    };
    let requiring = requirements.group.keys().map(String::as_str);
    let named: Vec<&str> = in_force.policy.groups_named().chain(requiring).collect();
    let groups = if named.is_empty() {
        Ok(Vec::new())
    } else {
        account.groups(&named).map_err(|why| {
            tracing::error!(
                "the groups of {} are not known: {why}; the strictest rule applies",
                clean::quoted(&account.name)
            );
        })
    };
    let groups = groups.as_deref().map_or(Groups::Unknown, Groups::Known);
    // A rule that exempts this login holds even where the file is damaged.
    let (own, subject) = match subject(authority, caller, account) {
        Ok((own, subject)) => (Own::Known(own), subject),
        Err(Bar { why, reason, own }) => {
            if decide(&account.name, groups, own).require.value > Require::Off {
                tracing::error!("{} is refused: {why}", clean::quoted(&account.name));
            }
            (own, Subject::Barred(reason))
        }
    };
    (decide(&account.name, groups, own), subject)
}

/// Why nobody can be let in by an account's files, and what they require all the same.
struct Bar {
    why: String,
    reason: Reason,
    own: Own,
}

/// What the user's files say of an account; or why nobody can be let in by them.
fn subject(authority: &Authority, caller: Caller, account: &Account) -> Result<(Option<Require>, Subject), Bar> {
    let none = Own::Known(None);
    let bar = |why: String, reason, own| Err(Bar { why, reason, own });
    if caller != Caller::Root && caller != Caller::Own(account.uid) {
        return bar(String::from("a program asked for another user than its own"), Reason::NotYourself, none);
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
            bar(why, Reason::UidMismatch, Own::Known(enrollment.require))
        }
        Ok(Some(enrollment)) => {
            let subject = if enrollment.is_enrolled() { Subject::Enrolled } else { Subject::Unenrolled };
            Ok((enrollment.require, subject))
        }
        Ok(None) => match authority.uids.name_of(account.uid) {
            Err(why) => bar(why.to_string(), Reason::StorageFailed, none),
            Ok(Some(name)) if name != account.name => {
                let why = format!(
                    "its uid {} is enrolled as {}; if the account was renamed: mfactl rename {} {}",
                    account.uid,
                    clean::quoted(&name),
                    clean::field(&name),
                    clean::field(&account.name)
                );
                bar(why, Reason::UidMismatch, none)
            }
            Ok(_) => Ok((None, Subject::Unenrolled)),
        },
    }
}

/// The next step after the session's push ended.
#[must_use]
pub fn settle_push(authority: &Authority, session: &mut Session, pushed: Pushed) -> Next {
    session.push = None;
    let next = session.login.settle_push(pushed);
    record_end(authority, session, &next, None);
    next
}

/// Judges an answer. The caller holds the user's lock where [`Session::judged_user`] names one.
#[must_use]
pub fn answer(authority: &Authority, session: &mut Session, text: Option<&Secret>) -> Next {
    if session.judged_user().is_none() {
        let next = session.login.settle(None);
        record_answer(authority, session, &next, None);
        return next;
    }
    let now = authority.clock.now();
    match transact(authority, &session.user, session.uid, &session.budget, text, now) {
        Ok(judgement) => {
            let next = session.login.settle(Some(&judgement));
            record_answer(authority, session, &next, Some(&judgement));
            next
        }
        Err((why, reason)) => {
            tracing::error!("{} is refused: {why}", clean::quoted(&session.user));
            let next = session.login.fail(reason);
            record_answer(authority, session, &next, None);
            next
        }
    }
}

/// Charge, read, decide, write, sync; the answer is given after this returns.
///
/// # Errors
/// When anything could not be read or made durable, or the enrolment is not `uid`'s (if given): nothing is then decided.
pub fn transact(
    authority: &Authority,
    user: &str,
    uid: Option<u32>,
    budget: &Budget,
    text: Option<&Secret>,
    now: Now,
) -> Result<Judgement, (String, Reason)> {
    let enrollment = match authority.store.enrollment(user) {
        Ok(Some(enrollment)) => enrollment,
        Ok(None) => return Err((String::from("its factors were removed during the login"), Reason::Cancelled)),
        Err(why) => return Err((why.to_string(), Reason::EnrolmentDamaged)),
    };
    if uid.is_some_and(|uid| uid != enrollment.uid) {
        return Err((String::from("its enrolment became another uid's during the login"), Reason::UidMismatch));
    }
    let failed = |why: StoreError| (why.to_string(), Reason::StorageFailed);
    let mut file = authority.store.state(user).map_err(failed)?;
    let stored = file.take();
    let before = stored.clone();
    let damaged = file.is_damaged();
    let (mut state, noticed) = State::of(&enrollment, stored, now);
    let judgement = judge(&enrollment, &mut state, budget, text, now);
    if before.as_ref() != Some(&state) {
        file.save(&state).map_err(failed)?;
    }
    if noticed {
        let how = if damaged { "damaged" } else { "missing or another enrolment's" };
        tracing::error!(
            "the record of used codes of {} is {how}: HOTP and recovery codes wait for: mfactl adopt {}",
            clean::quoted(user),
            clean::field(user)
        );
        authority.audit.record(Event::new(Happened::StateLost).about(user).detail(how));
    }
    for factor in &judgement.disabled {
        tracing::warn!("{factor} of {} is disabled after too many failures; see mfactl unlock", clean::quoted(user));
        let mut event = Event::new(Happened::FactorDisabled).about(user);
        event.factor = Some(factor.to_string());
        authority.audit.record(event);
    }
    if judgement.accepted && judgement.method == Method::Recovery {
        authority.audit.record(Event::new(Happened::RecoveryUsed).about(user));
    }
    Ok(judgement)
}

/// Records a login that was given up or cut off.
pub fn record_abandoned(authority: &Authority, session: &Session, next: &Next) {
    record_end(authority, session, next, None);
}

fn record_answer(authority: &Authority, session: &Session, next: &Next, judgement: Option<&Judgement>) {
    if next.verdict().is_some() {
        return record_end(authority, session, next, judgement);
    }
    // A wrong answer with tries left is an event of its own.
    let mut event = event(session, Happened::AuthFailed);
    event.reason = session.login.standing();
    if let Some(judgement) = judgement {
        event.event = happened(judgement.reason);
        (event.method, event.reason) = (Some(judgement.method), Some(judgement.reason));
        event.factor = judgement.factor.as_ref().map(ToString::to_string);
    }
    authority.audit.record(event);
}

fn record_end(authority: &Authority, session: &Session, next: &Next, judgement: Option<&Judgement>) {
    let Some(verdict) = next.verdict() else { return };
    let mut event = event(session, happened(verdict.reason));
    (event.method, event.reason) = (Some(verdict.method), Some(verdict.reason));
    event.factor = judgement.and_then(|j| j.factor.as_ref()).map(ToString::to_string);
    authority.audit.record(event);
}

fn event(session: &Session, happened: Happened) -> Event {
    let shown = |text: &Option<String>| text.as_deref().map(clean::field);
    let mut event = Event::new(happened).about(&clean::field(&session.user));
    event.service = Some(clean::field(&session.context.service));
    event.tty = shown(&session.context.tty);
    event.rhost = shown(&session.context.rhost);
    event.ruser = shown(&session.context.ruser);
    event
}

fn happened(reason: Reason) -> Happened {
    match reason {
        Reason::CodeAccepted | Reason::Approved => Happened::AuthSuccess,
        Reason::NotRequired | Reason::NotEnrolled => Happened::AuthIgnored,
        Reason::Locked => Happened::AuthLocked,
        Reason::Replay => Happened::AuthReplay,
        Reason::EnrolmentRequired
        | Reason::UnknownUser
        | Reason::PushDenied
        | Reason::PushExpired
        | Reason::WrongNumber
        | Reason::WrongCode
        | Reason::Disabled
        | Reason::Malformed
        | Reason::DummyAnswer
        | Reason::Timeout
        | Reason::Cancelled
        | Reason::StateLost
        | Reason::EnrolmentDamaged
        | Reason::UidMismatch
        | Reason::NotYourself
        | Reason::LookupFailed
        | Reason::StorageFailed
        | Reason::Protocol => Happened::AuthFailed,
    }
}
