//! The list of requests that wait for the user, and of those that are over.
//!
//! Called by the agent, which passes the time in: nothing here reads a clock or talks to anybody. What must never
//! happen: a request being signed in other bytes than were shown, or one that is over being answered.

use crate::catalogue::Text;
use mfa_core::approval::{LONGEST_LIFETIME, MAX_BYTES, Purpose, Request, typed};
use mfa_core::bus::{Decided, Listed, Withdrawn};
use mfa_core::clean;
pub use mfa_core::device::short_fingerprint;
use mfa_core::secret::Secret;
use std::collections::VecDeque;

/// Most requests that wait at once; mfad asks one user one thing at a time, an approver of a group may see several.
pub const MOST_OPEN: usize = 32;

/// Decisions that are remembered.
pub const MOST_REMEMBERED: usize = 100;

/// [`Listed::purpose`] of a login.
pub const LOGIN: &str = "login";

/// [`Listed::purpose`] of a device to be added.
pub const ADD_DEVICE: &str = "add-device";

/// [`Listed::purpose`] of a device to be suspended.
pub const SUSPEND_DEVICE: &str = "suspend-device";

/// [`Listed::purpose`] of a generator of codes to be added.
pub const ADD_FACTOR: &str = "add-factor";

/// [`Listed::purpose`] of one to be removed.
pub const REMOVE_FACTOR: &str = "remove-factor";

/// [`Listed::purpose`] of new recovery codes.
pub const RENEW_RECOVERY: &str = "renew-recovery";

/// [`Listed::purpose`] of the end of all factors.
pub const DISABLE: &str = "disable";

/// Why a request is not taken into the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotListed {
    /// Not a request of this version, too long, or with a name that is none.
    #[error("it is not a request this version understands")]
    NotUnderstood,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Another one has this name.
    #[error("another request has this name")]
    NameTaken,
    /// Too many wait already.
    #[error("{MOST_OPEN} requests wait already")]
    Full,
}

/// Why a request cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswerable {
    /// No such request, or it is over.
    #[error("{}", Text("No such request waits. It may have been answered elsewhere, or its time is over."))]
    Unknown,
    /// An answer is under way.
    #[error("{}", Text("This request is being answered already."))]
    Busy,
    /// The number is not six digits.
    #[error("{}", Text("Type the six digits that the login screen shows."))]
    NumberDue,
    /// A number where none is due.
    #[error("{}", Text("This request asks for no number."))]
    NoNumberDue,
    /// A login from another host without a number: mfad never asks that.
    #[error("{}", Text("This request comes from another host and asks for no number. It can only be denied."))]
    NumberMissing,
}

/// What is needed to sign an approval.
#[derive(Debug)]
pub struct Answer {
    /// What was shown.
    pub request: Request,
    /// The bytes that are signed.
    pub bytes: Vec<u8>,
    /// What the user typed, when it is due.
    pub number: Option<Secret>,
    /// Seconds since 1970 after which no answer counts.
    pub until: u64,
}

#[derive(Debug)]
struct Waiting {
    request: Request,
    bytes: Vec<u8>,
    until: u64,
    answering: bool,
}

/// The list. Times are seconds since 1970.
#[derive(Debug, Default)]
pub struct Requests {
    waiting: Vec<Waiting>,
    over: VecDeque<Decided>,
}

impl Requests {
    /// An empty list that remembers `over`, newest first.
    #[must_use]
    pub fn remembering(over: Vec<Decided>) -> Self {
        let mut over = VecDeque::from(over);
        over.truncate(MOST_REMEMBERED);
        Self { waiting: Vec::new(), over }
    }

    /// Takes in a request as it came from mfad; `None` when these very bytes wait already.
    ///
    /// # Errors
    /// When it is not to be shown.
    pub fn present(&mut self, bytes: &[u8], now: u64) -> Result<Option<Request>, NotListed> {
        if bytes.len() > MAX_BYTES {
            return Err(NotListed::NotUnderstood);
        }
        let request: Request = serde_json::from_slice(bytes).map_err(|_| NotListed::NotUnderstood)?;
        if !is_name(request.id.as_str()) {
            return Err(NotListed::NotUnderstood);
        }
        if let Some(known) = self.waiting.iter().find(|w| w.request.id == request.id) {
            return if known.bytes == bytes { Ok(None) } else { Err(NotListed::NameTaken) };
        }
        if self.over.iter().any(|d| d.request.id == request.id.as_str()) {
            return Err(NotListed::Expired);
        }
        let until = request.expires.min(now.saturating_add(LONGEST_LIFETIME));
        if until <= now {
            return Err(NotListed::Expired);
        }
        if self.waiting.len() >= MOST_OPEN {
            return Err(NotListed::Full);
        }
        self.waiting.push(Waiting { request: request.clone(), bytes: bytes.to_vec(), until, answering: false });
        Ok(Some(request))
    }

    /// Moves a request to the history; whether it was waiting.
    pub fn end(&mut self, id: &str, how: Withdrawn, now: u64) -> bool {
        let Some(index) = self.waiting.iter().position(|w| w.request.id.as_str() == id) else { return false };
        let gone = self.waiting.remove(index);
        self.over.push_front(Decided { request: listed(&gone.request), outcome: how.as_str().to_owned(), at: now });
        self.over.truncate(MOST_REMEMBERED);
        true
    }

    /// Ends what nobody answered in time; the names.
    pub fn expire(&mut self, now: u64) -> Vec<String> {
        self.end_all(|w| w.until <= now, Withdrawn::Expired, now)
    }

    /// Ends everything, because mfad is gone; the names.
    pub fn forget(&mut self, now: u64) -> Vec<String> {
        self.end_all(|_| true, Withdrawn::Cancelled, now)
    }

    fn end_all(&mut self, which: impl Fn(&Waiting) -> bool, how: Withdrawn, now: u64) -> Vec<String> {
        let names: Vec<String> =
            self.waiting.iter().filter(|w| which(w)).map(|w| w.request.id.as_str().to_owned()).collect();
        for name in &names {
            self.end(name, how, now);
        }
        names
    }

    /// Whether anything waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A waiting request, for showing.
    #[must_use]
    pub fn waiting(&self, id: &str) -> Option<Listed> {
        self.waiting.iter().map(|w| &w.request).find(|r| r.id.as_str() == id).map(listed)
    }

    /// What waits, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        self.waiting.iter().map(|w| listed(&w.request)).collect()
    }

    /// What is over, newest first.
    #[must_use]
    pub fn history(&self) -> Vec<Decided> {
        self.over.iter().cloned().collect()
    }

    /// Begins a yes: hands out what is to be signed and holds the request until [`Self::end`] or [`Self::release`].
    ///
    /// # Errors
    /// When there is no such request, or the number does not have the form it must have.
    pub fn answer(&mut self, id: &str, number: &str, now: u64) -> Result<Answer, NotAnswerable> {
        let waiting = self
            .waiting
            .iter_mut()
            .find(|w| w.request.id.as_str() == id && w.until > now)
            .ok_or(NotAnswerable::Unknown)?;
        if waiting.answering {
            return Err(NotAnswerable::Busy);
        }
        let request = &waiting.request;
        let number = match (request.number_due, number.is_empty()) {
            (true, _) => Some(typed(number).ok_or(NotAnswerable::NumberDue)?),
            (false, false) => return Err(NotAnswerable::NoNumberDue),
            (false, true) if request.purpose == Purpose::Login && request.rhost.is_some() => {
                return Err(NotAnswerable::NumberMissing);
            }
            (false, true) => None,
        };
        waiting.answering = true;
        Ok(Answer { request: request.clone(), bytes: waiting.bytes.clone(), number, until: waiting.until })
    }

    /// The yes did not come about; the request waits on.
    pub fn release(&mut self, id: &str) {
        if let Some(waiting) = self.waiting.iter_mut().find(|w| w.request.id.as_str() == id) {
            waiting.answering = false;
        }
    }
}

/// Whether this is the name of a request: 32 hex digits.
fn is_name(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A request for the session bus. mfad cleaned its texts; they are cleaned again, because nothing is lost by it.
fn listed(request: &Request) -> Listed {
    let optional = |text: &Option<String>| text.as_deref().map(clean::field).unwrap_or_default();
    let subject = match &request.purpose {
        Purpose::AddDevice { fingerprint } => short_fingerprint(fingerprint),
        other => clean::field(&other.subject()),
    };
    Listed {
        id: request.id.as_str().to_owned(),
        host: clean::field(&request.host),
        user: clean::field(&request.user),
        service: clean::field(&request.service),
        ruser: optional(&request.ruser),
        rhost: optional(&request.rhost),
        tty: optional(&request.tty),
        approver: clean::field(&request.approver),
        command: request.command.as_deref().map(clean::command).unwrap_or_default(),
        purpose: request.purpose.name().to_owned(),
        subject,
        number_due: request.number_due,
        issued: request.issued,
        expires: request.expires,
    }
}

#[cfg(test)]
mod tests;
