//! An account whose uid is enrolled under another name: it was renamed, or is an alias.
//!
//! Logins and administration ask. What must never happen: such an account being taken for one without a factor, or an
//! administrator being told of a step that cannot be taken.

use crate::accounts::Account;
use crate::authority::Authority;
use crate::store::StillReading;
use mfa_core::clean;
use mfa_core::policy::Own;

/// The other name.
#[derive(Debug)]
pub struct Elsewhere {
    name: String,
    /// What is required of the user by it: it is required of the account.
    pub own: Own,
    damaged: bool,
}

impl Elsewhere {
    /// By which other name the account's uid is enrolled.
    ///
    /// # Errors
    /// While that is not known.
    pub fn of(authority: &Authority, account: &Account) -> Result<Option<Self>, StillReading> {
        let other = authority.store.roster().name_of(account.uid)?.filter(|name| *name != account.name);
        Ok(other.map(|name| {
            let (own, damaged) = match authority.store.enrollment(&name) {
                Ok(Some(enrollment)) => (Own::Known(enrollment.require), false),
                Ok(None) => (Own::Unknown, false),
                Err(_) => (Own::Unknown, true),
            };
            Self { name, own, damaged }
        }))
    }

    /// What is the matter, and what to do about it.
    #[must_use]
    pub fn told(&self, account: &Account) -> String {
        let (uid, quoted, other) = (account.uid, clean::quoted(&self.name), clean::field(&self.name));
        if self.damaged {
            return format!(
                "uid {uid} is enrolled as {quoted}, whose file cannot be read; mfactl status {other} says what to do"
            );
        }
        format!(
            "uid {uid} is enrolled as {quoted}; if the account was renamed, mfactl rename {other} {}",
            clean::field(&account.name)
        )
    }

    /// The same to one who wants the account rid of it.
    #[must_use]
    pub fn told_at_reset(&self, account: &Account) -> String {
        let told = self.told(account);
        if self.damaged { told } else { format!("{told}, else mfactl reset {}", clean::field(&self.name)) }
    }
}
