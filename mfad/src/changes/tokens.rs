//! Hardware tokens between the stock and those who hold them.
//!
//! What was used up of a token's codes goes along with it, there and back. The stock is written before the enrolment where a token is
//! handed out, and after it where it comes back, so that a crash in between leaves it held. What must never happen: a token that two
//! people hold, or a spent code that lives again with the next holder.

use super::{Refusal, add_factor, begin_set, change_state, enrollment_of, first_recovery, refuse, save};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, Factor, FactorId};
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::stock::{Away, Reached, Stock, Token};

/// A token in somebody's hands.
#[derive(Debug)]
pub struct Assigned {
    /// Its serial number.
    pub serial: String,
    /// The factor it is.
    pub factor: FactorId,
    /// Recovery codes, where the factor is in use and these are the first.
    pub recovery: Vec<Secret>,
}

/// Gives a token to an account. `pending`: until one of its codes proves that it arrived.
///
/// # Errors
/// When it is not to be had, or nothing could be written.
pub fn assign(authority: &Authority, account: &Account, typed: &str, pending: bool) -> Result<Assigned, Refusal> {
    let (mut enrollment, fresh) = enrollment_of(authority, account)?;
    let stock = authority.store.stock()?;
    let (serial, token) = to_be_had(&stock, typed, &account.name)?;
    if let Some(factor) = enrollment.factors.iter().find(|factor| factor.token.as_deref() == Some(serial)) {
        let way = if factor.pending { ", and waits for a code of it" } else { "" };
        return refuse(format!(
            "{} has the token {serial} already, as {}{way}",
            clean::field(&account.name),
            factor.id
        ));
    }
    let now = authority.clock.now().wall;
    let Some(factor) = token.factor(serial, random()?, pending, now) else {
        return refuse(format!("the token {serial} has no key any more"));
    };
    let (id, reached) = (factor.id.clone(), token.reached);
    add_factor(&mut enrollment, factor)?;
    let recovery = if pending { Vec::new() } else { first_recovery(authority, &mut enrollment)? };
    hold(authority, serial, &account.name)?;
    if fresh {
        save(authority, &mut Enrollment { factors: Vec::new(), recovery: None, ..enrollment.clone() }, true)?;
    }
    let note = |state: &mut State| {
        let known = state.factor(&id);
        (known.mark, known.drift) = (reached.mark, reached.drift);
    };
    if recovery.is_empty() {
        change_state(authority, &enrollment, note)?;
    } else {
        begin_set(authority, &enrollment, note)?;
    }
    save(authority, &mut enrollment, false)?;
    Ok(Assigned { serial: serial.to_owned(), factor: id, recovery })
}

/// Notes in the stock that the token is `user`'s.
///
/// # Errors
/// When somebody else has taken it meanwhile.
pub fn hold(authority: &Authority, serial: &str, user: &str) -> Result<(), Refusal> {
    authority.store.change_stock(|stock| {
        to_be_had(stock, serial, user)?;
        if let Some(token) = stock.tokens.get_mut(serial) {
            token.holder = Some(user.to_owned());
        }
        Ok(())
    })
}

/// The token that is meant, where `user` may take it.
///
/// # Errors
/// When there is none, or it is not to be had.
pub fn to_be_had<'a>(stock: &'a Stock, typed: &str, user: &str) -> Result<(&'a str, &'a Token), Refusal> {
    let (serial, token) = known(stock, typed)?;
    if token.is_for(user) {
        return Ok((serial, token));
    }
    refuse(match (token.away, &token.holder) {
        (Some(Away::Lost), _) => {
            format!("the token {serial} is lost; if it has turned up: mfactl token found {serial}")
        }
        (Some(Away::Retired), _) => format!("the token {serial} is retired"),
        (None, Some(holder)) => {
            format!("the token {serial} is {}'s; mfactl token unassign {serial} takes it back", clean::field(holder))
        }
        (None, None) => format!("the token {serial} has no key"),
    })
}

/// The token that is meant.
///
/// # Errors
/// When there is none.
pub fn known<'a>(stock: &'a Stock, typed: &str) -> Result<(&'a str, &'a Token), Refusal> {
    match stock.serial(typed).and_then(|serial| stock.tokens.get_key_value(serial)) {
        Some((serial, token)) => Ok((serial, token)),
        None => refuse(format!("there is no token with the serial number {}", clean::quoted(typed))),
    }
}

/// Tokens that a user's file will have no more, with how far they had got.
#[derive(Debug)]
pub(super) struct Left {
    user: String,
    tokens: Vec<(String, Reached)>,
}

/// What `user`'s file holds now and `factors` do not.
pub(super) fn left(authority: &Authority, user: &str, factors: &[Factor]) -> Result<Left, Refusal> {
    let mut left = Left { user: user.to_owned(), tokens: Vec::new() };
    // A file that cannot be read is replaced by what repairs it; its tokens stay this user's.
    let Ok(Some(old)) = authority.store.enrollment(user) else { return Ok(left) };
    let gone = |factor: &&Factor| {
        factor.token.is_some() && !factors.iter().any(|kept| kept.token == factor.token && kept.id == factor.id)
    };
    if !old.factors.iter().any(|factor| gone(&factor)) {
        return Ok(left);
    }
    let state = authority.store.state(user)?.take().filter(|state| state.state_id == old.state_id);
    for factor in old.factors.iter().filter(gone) {
        let Some(serial) = factor.token.clone() else { continue };
        let known = state.as_ref().and_then(|state| state.factors.get(&factor.id)).cloned().unwrap_or_default();
        let counter = known.next.unwrap_or(factor.counter);
        left.tokens.push((serial, Reached { counter, mark: known.mark, drift: known.drift }));
    }
    Ok(left)
}

impl Left {
    /// Notes in the stock how far the tokens had got: before their factors go, which is where it stands.
    pub(super) fn note(&self, authority: &Authority) -> Result<(), Refusal> {
        self.change(authority, |token, reached| {
            token.reached = Reached {
                counter: token.reached.counter.max(reached.counter),
                mark: token.reached.mark.max(reached.mark),
                drift: reached.drift,
            };
        })
    }

    /// They are nobody's: after their factors are gone.
    pub(super) fn give_back(&self, authority: &Authority) -> Result<(), Refusal> {
        self.change(authority, |token, _| token.holder = None)
    }

    fn change(&self, authority: &Authority, change: impl Fn(&mut Token, &Reached)) -> Result<(), Refusal> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        authority.store.change_stock(|stock| {
            for (serial, reached) in &self.tokens {
                let held = stock.tokens.get_mut(serial).filter(|token| token.holder.as_deref() == Some(&self.user));
                if let Some(token) = held {
                    change(token, reached);
                }
            }
            Ok(())
        })
    }
}

/// What `from` held, `to` holds: the same person under another name.
pub fn renamed(authority: &Authority, from: &str, to: &str) -> Result<(), Refusal> {
    let holds = |token: &Token| token.holder.as_deref() == Some(from);
    if !authority.store.stock()?.tokens.values().any(holds) {
        return Ok(());
    }
    authority.store.change_stock(|stock| {
        for token in stock.tokens.values_mut().filter(|token| holds(token)) {
            token.holder = Some(to.to_owned());
        }
        Ok(())
    })
}
