//! Single-use tickets by which an administrator lets a user pair a first device: 128 bits, ten minutes.
//!
//! In memory: a ticket is handed over at once or made anew. It ends with the enrolment it was made for: by a reset, and when a first
//! factor comes into use. What must never happen: one that was made for a user without a factor adding something to the factors that
//! came since.

use crate::clock::random;
use data_encoding::BASE32_NOPAD;
use mfa_core::now::Now;
use mfa_core::secret::Secret;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// Seconds a ticket is good for.
pub const LIFETIME: u64 = 600;

/// The tickets that are out, one of each user.
#[derive(Debug, Default)]
pub struct Tickets {
    out: Mutex<HashMap<String, Ticket>>,
}

#[derive(Debug)]
struct Ticket {
    hash: [u8; 32],
    until: u64,
}

impl Tickets {
    /// A new ticket for `user`; an older one is void.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn issue(&self, user: &str, now: Now) -> Result<Secret, getrandom::Error> {
        let text = Secret::from(BASE32_NOPAD.encode(&random::<16>()?));
        let ticket = Ticket { hash: hash(&text), until: now.boottime.saturating_add(LIFETIME) };
        self.out.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_owned(), ticket);
        Ok(text)
    }

    /// Whether `typed` is `user`'s ticket; it is used up then. No budget is needed against guessing 128 bits.
    pub fn redeem(&self, user: &str, typed: &Secret, now: Now) -> bool {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.retain(|_, ticket| ticket.until > now.boottime);
        let right = out.get(user).is_some_and(|ticket| bool::from(ticket.hash.ct_eq(&hash(typed))));
        if right {
            out.remove(user);
        }
        right
    }

    /// `user` has no ticket any more.
    pub fn void(&self, user: &str) {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).remove(user);
    }
}

fn hash(text: &Secret) -> [u8; 32] {
    let plain: Vec<u8> =
        text.expose().iter().filter(|b| !matches!(b, b' ' | b'-')).map(u8::to_ascii_uppercase).collect();
    Sha256::digest(Secret::new(plain).expose()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::now::Boot;

    fn now(boottime: u64) -> Now {
        Now { wall: 0, boot: Boot(1), boottime }
    }

    #[test]
    fn a_ticket_is_good_once_for_its_user_and_ten_minutes() {
        let tickets = Tickets::default();
        let ticket = tickets.issue("alice", now(100)).unwrap();
        assert!(!tickets.redeem("bob", &ticket, now(100)));
        assert!(!tickets.redeem("alice", &Secret::from(String::from("X")), now(100)));
        let typed = Secret::from(ticket.expose_str().unwrap().to_lowercase());
        assert!(tickets.redeem("alice", &typed, now(699)));
        assert!(!tickets.redeem("alice", &ticket, now(100)), "used up");
        let late = tickets.issue("alice", now(100)).unwrap();
        assert!(!tickets.redeem("alice", &late, now(700)));
        let first = tickets.issue("alice", now(100)).unwrap();
        let second = tickets.issue("alice", now(100)).unwrap();
        assert!(!tickets.redeem("alice", &first, now(100)) && tickets.redeem("alice", &second, now(100)));
        let (hers, his) = (tickets.issue("alice", now(100)).unwrap(), tickets.issue("bob", now(100)).unwrap());
        tickets.void("alice");
        assert!(!tickets.redeem("alice", &hers, now(100)) && tickets.redeem("bob", &his, now(100)));
    }
}
