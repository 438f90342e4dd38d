//! The stock of hardware tokens: add, list, assign, unassign, lost, found, retire, resync.
//!
//! What must never happen: a token in stock twice, in somebody's hands after it was reported lost, or a key that stays after its
//! token was retired.

use super::pages::PAGE_BYTES;
use super::{Refusal, account, done, factors, refuse};
use crate::authority::Authority;
use crate::changes::tokens::{Assigned, assign, known};
use crate::changes::{self, current_state};
use mfa_core::admin::{AdminReply, ListedToken, NewToken, TokenAsk, Unfit};
use mfa_core::base32;
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};
use mfa_core::otp::{Moving, Otp, SECRET_BITS, ShortSecret};
use mfa_core::secret::Secret;
use mfa_core::stock::{Away, Reached, Stock, Token};
use mfa_core::tokens::{MAX_ROWS, is_serial};
use mfa_core::wire::Method;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// What one administrator's connection knows of the stock.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    staged: BTreeMap<String, Token>,
    /// The keys in stock and staged, by their hash: no key is kept twice.
    keys: Option<HashMap<[u8; 32], String>>,
    /// As it was when the list was begun.
    listed: Option<Stock>,
}

pub(super) fn act(authority: &Authority, by: u32, desk: &mut Tokens, ask: TokenAsk) -> Result<AdminReply, Refusal> {
    match ask {
        TokenAsk::Stage { tokens } => desk.stage(authority, tokens),
        TokenAsk::Commit { short_secrets } => {
            let staged = std::mem::take(&mut desk.staged);
            desk.keys = None;
            commit(authority, by, staged, short_secrets)
        }
        TokenAsk::List { after } => desk.list(authority, after.as_deref()),
        TokenAsk::Assign { serial, user, confirm } => hand_out(authority, by, &serial, &user, confirm),
        TokenAsk::Unassign { serial } => unassign(authority, by, &serial),
        TokenAsk::Lost { serial } => lost(authority, by, &serial),
        TokenAsk::Found { serial } => found(authority, by, &serial),
        TokenAsk::Retire { serial } => retire(authority, by, &serial),
        TokenAsk::Resync { serial, first, second } => resync(authority, by, &serial, &first, &second),
    }
}

impl Tokens {
    fn stage(&mut self, authority: &Authority, tokens: Vec<NewToken>) -> Result<AdminReply, Refusal> {
        let keys = match &mut self.keys {
            Some(keys) => keys,
            None => self.keys.insert(keys_of(&authority.store.stock()?)),
        };
        let now = authority.clock.now().wall;
        let mut refused = Vec::new();
        for (index, new) in (0..).zip(tokens) {
            match token(new, now, ShortSecret::Allow).and_then(|(serial, token)| {
                let key = digest(&token);
                if self.staged.contains_key(&serial) {
                    return refuse("a token with this serial number is in the file twice");
                }
                match keys.get(&key) {
                    Some(other) if *other == serial => refuse("this token is in stock already"),
                    Some(other) => refuse(format!("the token {other} has the same key")),
                    None => {
                        keys.insert(key, serial.clone());
                        self.staged.insert(serial, token);
                        Ok(())
                    }
                }
            }) {
                Ok(()) => {}
                Err(Refusal(why)) => refused.push(Unfit { index, why }),
            }
        }
        Ok(AdminReply::Staged { refused })
    }

    fn list(&mut self, authority: &Authority, after: Option<&str>) -> Result<AdminReply, Refusal> {
        use std::ops::Bound::{Excluded, Unbounded};
        let stock = match (&mut self.listed, after) {
            (Some(stock), Some(_)) => stock,
            (listed, _) => listed.insert(authority.store.stock()?),
        };
        let from = after.map_or(Unbounded, Excluded);
        let (mut tokens, mut bytes, mut next) = (Vec::new(), 0, None);
        for (serial, token) in stock.tokens.range::<str, _>((from, Unbounded)) {
            if bytes > PAGE_BYTES {
                next = tokens.last().map(|last: &ListedToken| last.serial.clone());
                break;
            }
            let listed = listed(authority, serial, token);
            bytes += serde_json::to_string(&listed).map_or(0, |text| text.len() + 1);
            tokens.push(listed);
        }
        if next.is_none() {
            self.listed = None;
        }
        Ok(AdminReply::Tokens { tokens, next })
    }
}

fn keys_of(stock: &Stock) -> HashMap<[u8; 32], String> {
    let kept = stock.tokens.iter().filter(|(_, token)| token.otp.is_some());
    kept.map(|(serial, token)| (digest(token), serial.clone())).collect()
}

fn digest(token: &Token) -> [u8; 32] {
    token.otp.as_ref().map_or([0; 32], |otp| Sha256::digest(otp.secret().expose()).into())
}

fn token(new: NewToken, added: u64, short: ShortSecret) -> Result<(String, Token), Refusal> {
    if !is_serial(&new.serial) {
        return refuse("a serial number is 1 to 64 letters, digits and -_.:/");
    }
    if clean::field(&new.name) != new.name || clean::field(&new.model) != new.model {
        return refuse("a name and a model are at most 64 plain characters");
    }
    let secret = base32::decode(new.secret.expose_str().unwrap_or_default())
        .map_err(|_| Refusal(String::from("the key is not base32")))?;
    let moving = match new.method {
        Method::Totp => Moving::Time { period: new.period },
        Method::Hotp => Moving::Counter,
        Method::None | Method::Recovery | Method::Push | Method::Bypass => return refuse("a token is totp or hotp"),
    };
    let otp = Otp::new(secret, new.algorithm, new.digits, moving, short).map_err(|why| Refusal(why.to_string()))?;
    let reached = Reached { counter: new.counter, ..Reached::default() };
    let (name, model) = (new.name, new.model);
    Ok((new.serial, Token { name, model, added, holder: None, away: None, otp: Some(otp), reached }))
}

fn commit(
    authority: &Authority,
    by: u32,
    staged: BTreeMap<String, Token>,
    short_secrets: bool,
) -> Result<AdminReply, Refusal> {
    if staged.is_empty() {
        return refuse("nothing was staged");
    }
    let otps = staged.iter().filter_map(|(serial, token)| Some((serial, token.otp.as_ref()?)));
    if !short_secrets && let Some((serial, _)) = otps.into_iter().find(|(_, otp)| otp.is_short()) {
        return refuse(format!(
            "the key of {serial} has less than {SECRET_BITS} bits; nothing was added. mfactl's --allow-short-secret takes keys of 80 \
             bits and more, if the token is nothing else"
        ));
    }
    let (number, first) = (staged.len(), staged.keys().next().cloned().unwrap_or_default());
    authority.store.change_stock(|stock| {
        // Again, under the lock: somebody else may have added some of them meanwhile.
        let keys = keys_of(stock);
        if stock.tokens.len() + staged.len() > MAX_ROWS {
            return refuse(format!("there would be more than {MAX_ROWS} tokens; nothing was added"));
        }
        for (serial, token) in staged {
            if let Some(other) = keys.get(&digest(&token)) {
                return refuse(format!("the token {other} has the key of {serial}; nothing was added"));
            }
            if stock.tokens.contains_key(&serial) {
                return refuse(format!("a token {serial} is in stock already; nothing was added"));
            }
            stock.tokens.insert(serial, token);
        }
        Ok(())
    })?;
    let text = if number == 1 { first } else { format!("{number} tokens") };
    authority.note(Event::new(Kind::TokenAdded).by(by).detail(text.clone()));
    Ok(done(format!("added to the stock: {text}")))
}

fn listed(authority: &Authority, serial: &str, token: &Token) -> ListedToken {
    let mut listed = ListedToken {
        serial: serial.to_owned(),
        name: token.name.clone(),
        model: token.model.clone(),
        method: token.otp.as_ref().map(|otp| match otp.moving() {
            Moving::Time { .. } => Method::Totp,
            Moving::Counter => Method::Hotp,
        }),
        added: token.added,
        holder: token.holder.clone(),
        factor: None,
        pending: false,
        since: None,
        last_used: None,
        drift: token.reached.drift,
        away: token.away,
    };
    // A holder's file that cannot be read shows in mfactl status; the list goes on.
    let holder = token.holder.as_deref().and_then(|holder| authority.store.enrollment(holder).ok().flatten());
    let Some(enrollment) = holder else { return listed };
    let Some(factor) = enrollment.factors.iter().find(|factor| factor.token.as_deref() == Some(serial)) else {
        return listed;
    };
    listed.factor = Some(factor.id.clone());
    listed.pending = factor.pending;
    listed.since = Some(factor.created);
    if let Ok(state) = current_state(authority, &enrollment)
        && let Some(known) = state.factors.get(&factor.id)
    {
        listed.last_used = known.last_used;
        listed.drift = known.drift;
    }
    listed
}

fn hand_out(authority: &Authority, by: u32, serial: &str, typed: &str, confirm: bool) -> Result<AdminReply, Refusal> {
    let account = account(typed)?;
    let _held = authority.locks.blocking(&account.name);
    let Assigned { serial, factor, recovery } = assign(authority, &account, serial, confirm)?;
    let mut event = Event::new(Kind::TokenAssigned).about(&account.name).by(by).detail(serial.clone());
    event.factor = Some(factor.to_string());
    authority.note(event);
    if !confirm {
        factors::record(authority, Kind::EnrollCompleted, &account.name, by, Some(&factor));
    }
    if !recovery.is_empty() {
        factors::record(authority, Kind::RecoveryGenerated, &account.name, by, None);
    }
    Ok(AdminReply::Assigned { user: account.name, serial, factor, recovery })
}

/// Takes a token from its holder, whose lock is taken for it, and does `then` in the stock; what became of the holder, in words.
fn take_back(
    authority: &Authority,
    typed: &str,
    then: impl FnOnce(&mut Token),
) -> Result<(String, Option<String>, &'static str), Refusal> {
    let stock = authority.store.stock()?;
    let (serial, token) = known(&stock, typed)?;
    let holder = token.holder.clone();
    let _held = holder.as_deref().map(|holder| authority.locks.blocking(holder));
    let mut left = "";
    if let Some(holder) = &holder
        && let Some(mut enrollment) = authority.store.enrollment(holder)?
    {
        let (before, was_enrolled) = (enrollment.factors.len(), enrollment.is_enrolled());
        enrollment.factors.retain(|factor| factor.token.as_deref() != Some(serial));
        if enrollment.factors.len() < before {
            left = left_with(&mut enrollment, was_enrolled);
            changes::save(authority, &mut enrollment, false)?;
        }
    }
    authority.store.change_stock(|stock| match stock.tokens.get_mut(serial) {
        // Given to another between the look at it and the lock of its holder.
        Some(token) if token.holder.is_some() && token.holder != holder => {
            refuse(format!("the token {serial} changed hands just now; look again"))
        }
        Some(token) => {
            token.holder = None;
            then(token);
            Ok(())
        }
        None => refuse(format!("the token {serial} is gone from the stock")),
    })?;
    Ok((serial.to_owned(), holder, left))
}

/// What a user is left with, in words.
fn left_with(enrollment: &mut Enrollment, was_enrolled: bool) -> &'static str {
    if enrollment.is_enrolled() || !was_enrolled {
        return "";
    }
    enrollment.recovery = None;
    "; no factor is left, the recovery codes are gone as well"
}

fn changed(authority: &Authority, kind: Kind, by: u32, serial: &str, holder: Option<&str>) {
    let event = Event::new(kind).by(by).detail(serial.to_owned());
    authority.note(match holder {
        Some(holder) => event.about(holder),
        None => event,
    });
}

fn unassign(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let (serial, holder, left) = take_back(authority, typed, |_| {})?;
    let Some(holder) = holder else { return refuse(format!("the token {serial} is nobody's")) };
    changed(authority, Kind::TokenUnassigned, by, &serial, Some(&holder));
    Ok(done(format!("the token {serial} is nobody's now; it was {}'s{left}", clean::field(&holder))))
}

fn lost(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    if let Ok((serial, Token { away: Some(Away::Retired), .. })) = known(&authority.store.stock()?, typed) {
        return refuse(format!("the token {serial} is retired"));
    }
    let (serial, holder, left) = take_back(authority, typed, |token| token.away = Some(Away::Lost))?;
    changed(authority, Kind::TokenLost, by, &serial, holder.as_deref());
    let whose = holder.map_or_else(String::new, |holder| format!("; it was {}'s{left}", clean::field(&holder)));
    Ok(done(format!("the token {serial} is lost, and opens nothing{whose}")))
}

fn found(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let serial = authority.store.change_stock(|stock| {
        let serial = known(stock, typed)?.0.to_owned();
        match stock.tokens.get_mut(&serial) {
            Some(token) if token.away == Some(Away::Lost) => {
                token.away = None;
                Ok(serial)
            }
            _ => refuse(format!("the token {serial} is not lost")),
        }
    })?;
    changed(authority, Kind::TokenFound, by, &serial, None);
    Ok(done(format!("the token {serial} can be assigned again")))
}

fn retire(authority: &Authority, by: u32, typed: &str) -> Result<AdminReply, Refusal> {
    let (serial, holder, left) = take_back(authority, typed, |token| {
        (token.away, token.otp, token.reached) = (Some(Away::Retired), None, Reached::default());
    })?;
    changed(authority, Kind::TokenRetired, by, &serial, holder.as_deref());
    let whose = holder.map_or_else(String::new, |holder| format!("; it was {}'s{left}", clean::field(&holder)));
    Ok(done(format!("the token {serial} is retired, its key is wiped{whose}")))
}

fn resync(authority: &Authority, by: u32, typed: &str, first: &Secret, second: &Secret) -> Result<AdminReply, Refusal> {
    let stock = authority.store.stock()?;
    let (serial, token) = known(&stock, typed)?;
    let Some(holder) = &token.holder else {
        return refuse(format!("the token {serial} is nobody's: it is set right when it is assigned and confirmed"));
    };
    let enrollment = authority.store.enrollment(holder)?;
    let factor = enrollment.iter().flat_map(|enrollment| &enrollment.factors);
    let Some(factor) = factor.into_iter().find(|factor| factor.token.as_deref() == Some(serial)) else {
        return refuse(format!("{} has no factor of the token {serial}; assign it again", clean::field(holder)));
    };
    factors::resync(authority, by, holder, Some(&factor.id), first, second)
}
