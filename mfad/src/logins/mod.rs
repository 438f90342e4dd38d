//! A login at the authority: who knocks is looked up, policy asked, answers judged in a transaction.
//!
//! `service` calls [`begin`] for the first frame and [`answer`] for each answer, with the user's lock held. The
//! decisions are `mfa_core::login` and `mfa_core::verify`; here are the reads and writes around them. What
//! must never happen: "granted" before the state that says so is on disk.

mod appraise;
mod enrol;
mod record;
mod signals;
mod transact;

pub use appraise::{Appraisal, appraise};
use transact::transact_at_end;
pub use transact::{Answerer, transact};

use crate::accounts::{Lookup, by_name};
use crate::authority::Authority;
use crate::hygiene;
use crate::pushes::{self, Ticket};
use crate::seldom::{Each, due_about};
use mfa_core::clean;
use mfa_core::enrolling::Enrolling;
use mfa_core::limits::Budget;
use mfa_core::login::{Approval, Login, Next, Offer, Pushed, Settled, Standing, time_for};
use mfa_core::policy::{Approvers, Decision, OWN_PROGRAM};
use mfa_core::secret::Secret;
use mfa_core::typed;
use mfa_core::verify::Rules;
use mfa_core::wire::{Ask, Context, Kind, Method, Reason, Step};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of answers that something stood in the way of: as often as somebody answers.
static NOT_JUDGED: Mutex<Each> = Mutex::new(Each::new());

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
    caller: Caller,
    standing: Standing,
    decision: Decision,
    /// Canonical name; the key of the lock and the files.
    user: String,
    /// The account's uid, where there is an account.
    uid: Option<u32>,
    context: Context,
    budget: Budget,
    /// The requests under way: to the user's devices, or to those who may approve. Dropped with the login, which withdraws them.
    push: Option<Ticket>,
    /// The factor that is set up in this login.
    enrolling: Option<Enrolling>,
}

impl Session {
    /// Whose files its answers need; `None` when nothing is judged and no lock needed.
    #[must_use]
    pub fn judged_user(&self) -> Option<&str> {
        (self.login.judges() || self.enrolling.is_some()).then_some(self.user.as_str())
    }

    /// Who is at the other end.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// Whether this answer means "I wait for the devices".
    #[must_use]
    pub fn waits(&self, answer: Option<&Secret>) -> bool {
        self.push.is_some() && self.login.waits(answer)
    }

    /// Whether the devices are waited for instead of this step: it would ask, and nothing may be asked.
    #[must_use]
    pub fn waits_unasked(&self, next: &Next) -> bool {
        matches!(next.step, Step::Prompt { .. }) && self.push.is_some() && self.login.waits_unasked()
    }

    /// The requests under way.
    pub fn push(&mut self) -> Option<&mut Ticket> {
        self.push.as_mut()
    }

    /// How the push ended while the person looked at the prompt, if it has: then no code counts any more.
    #[must_use]
    pub fn refused_by_push(&self) -> Option<Pushed> {
        let ended = self.push.as_ref().and_then(Ticket::ended)?;
        matches!(ended, Pushed::Denied | Pushed::WrongNumber).then_some(ended)
    }

    /// The application cannot ask. `None`: a request is out that needs no number, and is waited for.
    pub fn cannot_ask(&mut self) -> Option<Next> {
        match self.enrolling.take() {
            Some(_) => Some(self.login.cannot_enrol(&self.decision)),
            None => self.login.cannot_ask(),
        }
    }

    /// How long the person may take.
    #[must_use]
    pub fn time(&self) -> Duration {
        let most = time_for(self.login.kind());
        self.decision.time.map_or(most, |seconds| most.min(Duration::from_secs(seconds)))
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
            let (user, service, first_pass) = (context.user, String::from(OWN_PROGRAM), context.first_pass);
            Context { user, service, real_uid: uid, first_pass, ..Context::default() }
        }
    };
    let looked_up = by_name(&context.user);
    let Appraisal { decision, subject, first_factors } =
        appraise(authority, caller, &context, &looked_up, authority.clock.now().wall);
    let standing = match caller {
        Caller::Own(_) => Standing::OwnProgram,
        Caller::Root if first_factors.is_empty() => Standing::Stranger,
        Caller::Root => Standing::Evidence,
    };
    let (login, next) = Login::begin(&context.user, &decision, subject, standing);
    let (mut login, mut next) = login.with_first_pass(context.first_pass, next);
    if decision.kind == Kind::Sudo && typed::sudo(&context).is_some_and(|sudo| sudo.non_interactive) {
        login = login.without_prompts();
    }
    let (user, uid) = match &looked_up {
        Lookup::Found(account) => (account.name.clone(), Some(account.uid)),
        Lookup::Absent | Lookup::Failed(_) => (context.user.clone(), None),
    };
    let context = pushes::told(context, decision.kind);
    let budget = login.budget(context.rhost.as_deref());
    if let (Lookup::Found(account), true) = (&looked_up, login.may_be_remembered() && decision.remember > 0)
        && signals::is_remembered(authority, account, &context, &decision)
    {
        next = login.remembered();
    }
    let mut session =
        Session { login, caller, standing, decision, user, uid, context, budget, push: None, enrolling: None };
    if let Some(first) = enrol::begin(authority, &mut session, &first_factors) {
        return (session, first);
    }
    let next = match next.step {
        Step::Prompt { .. } if session.login.may_push() => offer(authority, &mut session).unwrap_or(next),
        _ => next,
    };
    let next = with_notice(authority, &session, next);
    record::end(authority, &session, &next, None);
    (session, next)
}

/// With a word about a factor that stops, where the login is let in.
fn with_notice(authority: &Authority, session: &Session, next: Next) -> Next {
    if next.info.is_some() || !matches!(next.step, Step::Granted(_)) {
        return next;
    }
    Next { info: hygiene::notice(authority, &session.user).map(|text| clean::message(&text)), ..next }
}

/// The first prompt with a push to the user's own devices, where one can be sent.
fn offer(authority: &Arc<Authority>, session: &mut Session) -> Option<Next> {
    // Most users have no agent: they cost no second look at their files.
    if !session.uid.is_some_and(|uid| authority.pushes.has_agent(uid)) {
        return None;
    }
    let ticket = pushes::open(authority, &session.user, &session.context, &session.decision).unwrap_or_else(|why| {
        tracing::error!("no push is sent for {}: {why}", clean::quoted(&session.user));
        None
    })?;
    let methods = session.login.methods();
    let codes = authority
        .store
        .enrollment(&session.user)
        .ok()
        .flatten()
        .is_some_and(|enrollment| enrollment.confirmed().any(|factor| methods.contains(&factor.method())));
    let next = session.login.offer(Offer { number: ticket.number.clone(), codes });
    session.push = Some(ticket);
    Some(next)
}

/// The next step after the session's push ended, or with that to those who may approve. `left`: seconds the login has.
/// The caller must not hold the user's lock.
#[must_use]
pub fn settle_push(authority: &Arc<Authority>, session: &mut Session, pushed: Pushed, left: u64) -> Next {
    let pushed = match session.push.take() {
        // What was said at the desktop is used when Enter comes here, and that may be a while later.
        Some(ticket) if pushed == Pushed::Approved && !ticket.stands() => Pushed::Void,
        Some(_) | None => pushed,
    };
    let next = if session.login.is_with_approvers() {
        session.login.settle_approval(pushed)
    } else {
        match session.login.settle_push(pushed) {
            Settled::Next(next) => next,
            Settled::AskApproval(approvers) => ask_approval(authority, session, &approvers, left),
        }
    };
    if let Some(method) = let_in_by(&next) {
        let _held = authority.locks.blocking(&session.user);
        signals::note_success(authority, session, method);
    }
    record::end(authority, session, &next, None);
    with_notice(authority, session, next)
}

/// Asks those who may approve, now that the user's own factor was shown. The caller must not hold the user's lock.
#[must_use]
pub fn ask_approval(authority: &Arc<Authority>, session: &mut Session, approvers: &Approvers, left: u64) -> Next {
    // A push of the login itself is settled by now.
    session.push = None;
    let opened = match session.caller {
        // A program of the user's own could ask others all day.
        Caller::Own(_) => Ok(None),
        Caller::Root => {
            pushes::open_approval(authority, &session.user, &session.context, &session.decision, approvers, left)
        }
    };
    let ticket = opened.unwrap_or_else(|why| {
        tracing::error!("nobody is asked to approve a login of {}: {why}", clean::quoted(&session.user));
        None
    });
    let asked = ticket.as_ref().map(|ticket| Approval {
        count: approvers.count,
        group: approvers.group.clone(),
        number: ticket.number.clone(),
    });
    session.push = ticket;
    session.login.ask_approval(asked)
}

/// Judges an answer. The caller holds the user's lock where [`Session::judged_user`] names one, and calls
/// [`ask_approval`] without it where that is what comes next; the end of that is recorded by [`record_end`].
#[must_use]
pub fn answer(authority: &Authority, session: &mut Session, answer: &Ask) -> Settled {
    if session.enrolling.is_some() {
        let typed = if let Ask::Answer { text } = answer { text.as_ref() } else { None };
        return enrol::answer(authority, session, typed, authority.clock.now());
    }
    if session.judged_user().is_none() {
        let settled = session.login.settle(None);
        if let Settled::Next(next) = &settled {
            record::answer(authority, session, next, None);
        }
        return settled;
    }
    let now = authority.clock.now();
    let by = Answerer {
        user: &session.user,
        uid: session.uid,
        rules: Rules { methods: session.login.methods(), lockout: authority.in_force().policy.lockout() },
        budget: &session.budget,
    };
    let judged = match answer {
        Ask::Answer { text } => transact(authority, by, text.as_ref(), now),
        Ask::AnswerAtEnd { text } => transact_at_end(authority, by, text.as_ref(), now),
        Ask::Begin(_) | Ask::CannotAsk | Ask::Cancel => Err((String::from("it gave no answer"), Reason::Protocol)),
    };
    match judged {
        Ok(judgement) => {
            if judgement.accepted {
                session.push.iter_mut().for_each(Ticket::is_unneeded);
            }
            match session.login.settle(Some(&judgement)) {
                Settled::Next(next) => {
                    if let Some(method) = let_in_by(&next) {
                        signals::note_success(authority, session, method);
                    }
                    record::answer(authority, session, &next, Some(&judgement));
                    Settled::Next(with_notice(authority, session, next))
                }
                asks @ Settled::AskApproval(_) => asks,
            }
        }
        Err((why, reason)) => {
            if let Some(times) = due_about(&NOT_JUDGED, &session.user) {
                tracing::error!("{} is refused: {why}{times}", clean::quoted(&session.user));
            }
            let next = session.login.fail(reason);
            record::answer(authority, session, &next, None);
            Settled::Next(next)
        }
    }
}

/// The factor by which a login is let in: on an administrator's word nothing is learnt and nothing remembered.
fn let_in_by(next: &Next) -> Option<Method> {
    match &next.step {
        Step::Granted(verdict) if verdict.method != Method::Bypass => Some(verdict.method),
        _ => None,
    }
}

/// Records the end of a login, where `next` is one.
pub fn record_end(authority: &Authority, session: &Session, next: &Next) {
    record::end(authority, session, next, None);
}
