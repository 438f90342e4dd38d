//! A first factor set up in the login: the material, the tokens of the stock, and the keeping of what was proved.
//!
//! The turns are `mfa_core::enrolling`. What must never happen: anything kept before the last Enter, or for one who has a
//! factor by then.

use super::{Session, record};
use crate::accounts::{Account, Lookup, by_name};
use crate::authority::Authority;
use crate::changes::{self, Refusal};
use crate::clock::random;
use crate::picture;
use mfa_core::clean;
use mfa_core::enrolling::{App, By, Enrolling, Material, Proved, Tried, Turn};
use mfa_core::enrollment::{Factor, FactorId};
use mfa_core::event::{Event, Kind as Happened};
use mfa_core::login::{Next, Settled};
use mfa_core::now::Now;
use mfa_core::otp::{Algorithm, Moving, NEW_SECRET_BYTES, Otp, ShortSecret};
use mfa_core::policy::Way;
use mfa_core::recovery;
use mfa_core::secret::Secret;
use mfa_core::upkeep::Upkeep;
use mfa_core::wire::{Context, Kind, Method, Reason};

/// What every app takes: RFC 6238 with the values of Google's Key URI Format.
const DIGITS: u8 = 6;
const PERIOD: u32 = 30;

/// Begins, where policy allows a way and there is something behind it.
pub(super) fn begin(authority: &Authority, session: &mut Session, first_factors: &[String]) -> Option<Next> {
    let ways = session.login.enrols_by(&session.decision, first_factors);
    if ways.is_empty() {
        return None;
    }
    let material = material(authority, session, &ways).unwrap_or_else(|Refusal(why)| {
        tracing::error!("{} cannot set up a factor in the login: {why}", clean::quoted(&session.user));
        None
    })?;
    let deadline = session.decision.from;
    let (enrolling, turn) = Enrolling::begin(&session.user, &ways, deadline, material)?;
    session.enrolling = Some(enrolling);
    Some(session.login.turn(turn, &session.decision))
}

fn material(authority: &Authority, session: &Session, ways: &[Way]) -> Result<Option<Material>, Refusal> {
    let Lookup::Found(account) = by_name(&session.user) else { return Ok(None) };
    // A file that somebody else's uid is in the way of would refuse what is proved at the end.
    changes::enrollment_of(authority, &account)?;
    let app = if ways.contains(&Way::App) { Some(app(authority, session, &account)?) } else { None };
    let token = ways.contains(&Way::Token) && {
        let stock = authority.store.stock()?;
        stock.tokens.values().any(|token| token.is_for(&account.name))
    };
    let desktop = authority.offers.shown(account.uid, authority.clock.now()).filter(|_| ways.contains(&Way::Desktop));
    Ok(Some(Material { app, token, desktop, recovery: recovery::generate(getrandom::fill)? }))
}

fn app(authority: &Authority, session: &Session, account: &Account) -> Result<App, Refusal> {
    let secret = Secret::new(random::<NEW_SECRET_BYTES>()?.to_vec());
    let otp = Otp::new(secret, Algorithm::default(), DIGITS, Moving::Time { period: PERIOD }, ShortSecret::Refuse)
        .map_err(|why| Refusal(why.to_string()))?;
    let factor = Factor {
        id: FactorId::new(Method::Totp, random()?),
        label: String::new(),
        token: None,
        pending: false,
        created: authority.clock.now().wall,
        otp,
        counter: 0,
        upkeep: Upkeep::default(),
    };
    let uri = changes::otpauth(authority, &account.name, &factor);
    let issuer = uri.issuer.clone().unwrap_or_default();
    let shown = shows_pictures(&session.context, session.decision.kind);
    let picture = if shown { picture::rows(uri.brief().expose_str().unwrap_or_default()) } else { Vec::new() };
    Ok(App { factor, issuer, picture })
}

/// Whether the terminal shows half blocks, as far as it can be told: through sshd nothing is known of it.
fn shows_pictures(context: &Context, kind: Kind) -> bool {
    let serial = context.tty.as_deref().is_some_and(|tty| tty.trim_start_matches("/dev/").starts_with("ttyS"));
    !serial && (kind == Kind::Sshd || !context.ascii)
}

/// The next step after an answer. The caller holds the user's lock.
pub(super) fn answer(authority: &Authority, session: &mut Session, typed: Option<&Secret>, now: Now) -> Settled {
    let Some(mut enrolling) = session.enrolling.take() else {
        return Settled::Next(session.login.fail(Reason::Protocol));
    };
    let turn = match enrolling.answer(typed, now) {
        Turn::LookFor { serial } => look_for(authority, session, &mut enrolling, &serial),
        Turn::TryNumber { offer, number } => {
            let tried = session.uid.map_or(Tried::Gone, |uid| authority.offers.tried(uid, &offer, &number, now));
            enrolling.number(tried)
        }
        other => other,
    };
    let settled = match turn {
        Turn::Keep(proved) => keep(authority, session, &proved),
        turn @ Turn::Ask { .. } => {
            session.enrolling = Some(enrolling);
            Settled::Next(session.login.turn(turn, &session.decision))
        }
        turn => Settled::Next(session.login.turn(turn, &session.decision)),
    };
    if let Settled::Next(next) = &settled {
        record::end(authority, session, next, None);
    }
    settled
}

fn look_for(authority: &Authority, session: &Session, enrolling: &mut Enrolling, typed: &str) -> Turn {
    match authority.store.stock() {
        Ok(stock) => enrolling.token(changes::tokens::to_be_had(&stock, typed, &session.user).ok()),
        Err(why) => {
            tracing::error!("the stock of tokens cannot be read: {why}");
            Turn::Over
        }
    }
}

fn keep(authority: &Authority, session: &mut Session, proved: &Proved) -> Settled {
    let kept = match by_name(&session.user) {
        Lookup::Found(account) if Some(account.uid) == session.uid => {
            changes::keep_proved(authority, &account, proved).map(|factor| (account, factor))
        }
        _ => Err(Refusal(String::from("the account changed during the login"))),
    };
    match kept {
        Ok((account, factor)) => {
            let about = |kind| Event::new(kind).about(&account.name).by(account.uid);
            let kind = match &proved.by {
                By::App { .. } | By::Token { .. } => Happened::EnrollCompleted,
                By::Desktop { .. } => Happened::DeviceAdded,
            };
            let mut event = about(kind).detail(format!("at login by {}", clean::field(&session.context.service)));
            event.factor = Some(factor);
            authority.note(event);
            authority.note(about(Happened::RecoveryGenerated));
            session.login.set_up(proved.by.method())
        }
        Err(Refusal(why)) => {
            tracing::error!("what {} set up in the login is not kept: {why}", clean::quoted(&session.user));
            Settled::Next(session.login.fail(Reason::StorageFailed))
        }
    }
}
