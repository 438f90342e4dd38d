//! Changes of factors that a user's own devices are asked about: one challenge, one change.
//!
//! Called by `Factors1`. A challenge is a push whose purpose names the change; the one who asked hands its name in as the
//! proof. It lives no longer than the connection that made it, nor than its request. What must never happen: a yes to one change
//! serving another, another user's, or two; one that is kept for later.

use super::{Asked, Ticket, event, open_own};
use crate::accounts::Account;
use crate::authority::Authority;
use crate::clock::random;
use mfa_core::approval::{LIFETIME, Purpose};
use mfa_core::bus::Error;
use mfa_core::event::Kind;
use mfa_core::login::Pushed;
use mfa_core::now::Now;
use mfa_core::secret::Secret;
use mfa_core::wire::Context;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What stands in for the service in requests that are no login.
const SERVICE: &str = "factors";

/// What a caller shows for a change.
#[derive(Debug)]
pub enum Proof {
    /// As typed: a code, a recovery code, a ticket.
    Typed(Secret),
    /// A device said yes.
    Approved(Yes),
    /// polkit asked the user, just now: good for a first factor, and for nothing else.
    Polkit,
}

/// A device's yes to one change.
#[derive(Debug)]
pub struct Yes {
    purpose: Purpose,
    ticket: Ticket,
}

impl Yes {
    /// Whether it counts for this change now. The caller holds the user's lock.
    #[must_use]
    pub fn counts_for(&self, change: &Purpose) -> bool {
        self.purpose == *change && self.ticket.stands()
    }
}

/// The challenges that are out, one of each user.
#[derive(Debug, Default)]
pub struct Challenges {
    out: Mutex<HashMap<u32, Challenge>>,
}

#[derive(Debug)]
struct Challenge {
    name: String,
    /// The connection that made it.
    caller: String,
    purpose: Purpose,
    /// `CLOCK_BOOTTIME` seconds from which it is good for nothing, whatever was answered.
    until: u64,
    ticket: Option<Ticket>,
    left: Arc<Notify>,
}

/// Asks the account's devices about one change, for the connection `caller`; the challenge's name, the number to type there.
///
/// # Errors
/// When the change is none that can be asked about, no device can be asked, or the budget is spent.
pub fn challenge(
    authority: &Arc<Authority>,
    challenges: &Challenges,
    account: &Account,
    caller: &str,
    (purpose, subject): (&str, &str),
) -> Result<(String, Secret), Error> {
    let unknown = || Error::BadValue(String::from("there is no such change that devices are asked about"));
    let purpose = Purpose::change(purpose, subject).ok_or_else(unknown)?;
    let excluded = match &purpose {
        // Who has lost a device must not need it.
        Purpose::SuspendDevice { device } => Some(device.clone()),
        Purpose::Login
        | Purpose::AddDevice { .. }
        | Purpose::AddFactor
        | Purpose::RemoveFactor { .. }
        | Purpose::RenewRecovery
        | Purpose::Disable => None,
    };
    // An older one of the user's is void, and its request withdrawn before the next is sent.
    challenges.forget(account.uid);
    let context = Context { user: account.name.clone(), service: String::from(SERVICE), ..Context::default() };
    let asked = Asked { context: &context, purpose: purpose.clone(), number_due: true, by: None, lifetime: LIFETIME };
    let failed = |why| {
        tracing::error!("devices cannot be asked: {why}");
        Error::Unavailable(String::from("your devices could not be asked; mfad's log says why"))
    };
    let none = || Error::Later(String::from("no other device of yours can be asked just now; use a code"));
    let ticket = open_own(authority, &account.name, &asked, excluded).map_err(failed)?.ok_or_else(none)?;
    let number = ticket.number.clone().ok_or_else(none)?;
    authority.note(event(Kind::PushSent, &account.name, &context).detail(detail(&purpose)));
    let name = random::<16>().map_err(|why| failed(why.to_string()))?;
    let name = data_encoding::HEXLOWER.encode(&name);
    let left = Arc::new(Notify::new());
    let (caller, until) = (caller.to_owned(), ticket.until);
    let made = Challenge { name: name.clone(), caller, purpose, until, ticket: Some(ticket), left };
    challenges.lock().insert(account.uid, made);
    Ok((name, number))
}

impl Challenges {
    /// What `text` proves for a program of `uid` now: waits for the devices where it names a challenge.
    ///
    /// # Errors
    /// When they said no, or nothing, or it is handed in too late.
    pub async fn proof(&self, uid: u32, text: &str, now: Now) -> Result<Proof, Error> {
        let Some((purpose, mut ticket, left)) = self.take(uid, text, now)? else {
            return Ok(Proof::Typed(Secret::from(text.to_owned())));
        };
        let pushed = tokio::select! {
            pushed = ticket.wait() => pushed,
            // Dropped with the ticket, the request is withdrawn.
            () = left.notified() => Pushed::Expired,
        };
        self.over(uid, text);
        match pushed {
            Pushed::Approved => Ok(Proof::Approved(Yes { purpose, ticket })),
            Pushed::Denied => Err(Error::NotAuthorized(String::from("it was denied on your other device"))),
            Pushed::WrongNumber => Err(Error::WrongNumber(String::from("the number typed there was another"))),
            Pushed::Expired | Pushed::Void => {
                Err(Error::Later(String::from("nobody answered on your other device in time")))
            }
        }
    }

    /// A connection is gone: what it asked is withdrawn.
    pub fn gone(&self, caller: &str) {
        self.lock().retain(|_, challenge| {
            let its = challenge.caller == caller;
            if its {
                challenge.left.notify_one();
            }
            !its
        });
    }

    fn forget(&self, uid: u32) {
        // By itself: what follows waits for the user's lock and the disk, and all users' challenges would wait with it.
        let old = self.lock().remove(&uid);
        if let Some(old) = old {
            old.left.notify_one();
            if let Some(ticket) = old.ticket {
                ticket.withdraw();
            }
        }
    }

    /// The challenge of this name is over; one that was made since is not.
    fn over(&self, uid: u32, name: &str) {
        self.lock().retain(|of, challenge| *of != uid || challenge.name != name);
    }

    fn take(&self, uid: u32, name: &str, now: Now) -> Result<Option<(Purpose, Ticket, Arc<Notify>)>, Error> {
        let mut out = self.lock();
        let Some(challenge) = out.get_mut(&uid).filter(|challenge| challenge.name == name) else { return Ok(None) };
        if now.boottime >= challenge.until {
            out.remove(&uid);
            return Err(Error::Later(String::from("the challenge is over; begin anew")));
        }
        let taken = challenge.ticket.take();
        Ok(taken.map(|ticket| (challenge.purpose.clone(), ticket, Arc::clone(&challenge.left))))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Challenge>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn detail(purpose: &Purpose) -> String {
    format!("{} {}", purpose.name(), mfa_core::clean::field(&purpose.subject())).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::now::Boot;

    fn named(name: &str) -> Challenge {
        let (caller, left) = (String::from(":1.7"), Arc::default());
        Challenge { name: name.to_owned(), caller, purpose: Purpose::AddFactor, until: 100, ticket: None, left }
    }

    #[test]
    fn the_end_of_a_challenge_is_not_that_of_the_next() {
        let challenges = Challenges::default();
        challenges.lock().insert(1001, named("next"));
        challenges.over(1001, "first");
        assert!(challenges.lock().contains_key(&1001));
        challenges.over(1001, "next");
        assert!(challenges.lock().is_empty());
    }

    #[test]
    fn a_challenge_is_handed_in_while_its_request_waits_or_never() {
        let now = |boottime| Now { wall: 0, boot: Boot(1), boottime };
        let challenges = Challenges::default();
        challenges.lock().insert(1001, named("one"));
        assert!(challenges.take(1001, "one", now(99)).is_ok());
        assert!(challenges.take(1001, "another", now(100)).is_ok(), "that is no challenge at all");
        assert!(matches!(challenges.take(1001, "one", now(100)), Err(Error::Later(_))));
        assert!(challenges.lock().is_empty());
    }
}
