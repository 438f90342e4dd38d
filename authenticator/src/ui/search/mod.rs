//! Accounts in the desktop's own search (GNOME Shell's overview): names, never codes, and only after a word that means them.
//!
//! [`Search`] decides, purely; `provider` answers the shell (feature `gui`). What must never happen: a result of an earlier search
//! opening something, or accounts turning up in a search that was for something else.

#[cfg(feature = "gui")]
mod provider;

#[cfg(feature = "gui")]
pub(super) use provider::{Provider, export};

use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

/// The words of which a search must begin with one, before accounts are looked at: the shell asks for everything that is typed.
pub const TRIGGERS: [&str; 3] = ["otp", "2fa", "mfa"];

/// Most results: the shell shows five.
pub const MOST: usize = 5;

/// What is shown of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Result {
    /// What the storage calls it.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What stands below that.
    pub text: String,
}

/// The words behind the trigger, in lower case; `None` where the search does not mean accounts.
#[must_use]
pub fn meant(terms: &[String]) -> Option<Vec<String>> {
    let (first, words) = terms.split_first()?;
    let is_trigger = TRIGGERS.iter().any(|trigger| trigger.eq_ignore_ascii_case(first.trim()));
    (is_trigger && !words.is_empty()).then(|| words.iter().map(|word| word.to_lowercase()).collect())
}

/// The results of the last search, by names that mean nothing.
#[derive(Debug, Default)]
pub struct Search {
    out: BTreeMap<String, Result>,
}

impl Search {
    /// Puts the first of `found` into the place of all that was found before; their names, of random bytes.
    pub fn offer(&mut self, found: Vec<Result>, mut random: impl FnMut() -> Option<[u8; 16]>) -> Vec<String> {
        self.out.clear();
        let mut names = Vec::new();
        for result in found.into_iter().take(MOST) {
            let Some(name) = random().map(|bytes| HEXLOWER.encode(&bytes)) else { break };
            self.out.insert(name.clone(), result);
            names.push(name);
        }
        names
    }

    /// What is shown of one.
    #[must_use]
    pub fn shown(&self, name: &str) -> Option<&Result> {
        self.out.get(name)
    }

    /// The one that is opened: once, and all others go with it.
    pub fn take(&mut self, name: &str) -> Option<Result> {
        let taken = self.out.remove(name)?;
        self.out.clear();
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_a_search_that_begins_with_a_trigger_means_accounts() {
        assert_eq!(meant(&words("otp Git Hub")), Some(words("git hub")));
        assert_eq!(meant(&words("2FA bank")), Some(words("bank")));
        for other in ["otp", "github", "github otp", "", "otpx github"] {
            assert_eq!(meant(&words(other)), None, "{other}");
        }
        assert_eq!(meant(&[]), None);
    }

    #[test]
    fn a_result_is_opened_once_and_not_after_another_search() {
        let mut next = 0;
        let mut random = || {
            next += 1;
            Some([next; 16])
        };
        let found = |count: usize| -> Vec<Result> {
            let one = |at| Result { id: format!("id{at}"), title: "ACME".into(), text: "alice".into() };
            (0..count).map(one).collect()
        };
        let mut search = Search::default();
        let names = search.offer(found(9), &mut random);
        assert_eq!(names.len(), MOST);
        assert!(!names[0].contains("id0"), "names tell nothing");
        assert_eq!(search.shown(&names[1]).unwrap().id, "id1");
        assert_eq!(search.take(&names[1]).unwrap().id, "id1");
        assert!(names.iter().all(|name| search.take(name).is_none() && search.shown(name).is_none()));
        let old = search.offer(found(1), &mut random);
        search.offer(found(1), &mut random);
        assert!(search.take(&old[0]).is_none());
        assert!(search.offer(found(1), || None).is_empty(), "without randomness nothing is offered");
    }
}
