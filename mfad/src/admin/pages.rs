//! Lists of users, page by page, so that no answer outgrows its frame and no list the memory.
//!
//! A desk keeps the names that follow the last page: reading a folder of 100,000 files for each page of a list would
//! take minutes.

use crate::store::{Store, StoreError};
use std::collections::VecDeque;

/// Bytes of one page as JSON, so that it fits a frame of 16 KiB with one more user in it.
pub(super) const PAGE_BYTES: usize = 8 * 1024;

/// Names kept ahead: the folder is read once for so many.
const AHEAD: usize = 4096;

/// The names that follow the last page.
#[derive(Debug, Default)]
pub(super) struct Names {
    ahead: VecDeque<String>,
    /// The last name that was taken.
    last: Option<String>,
    /// Whether there are names after those kept.
    more: bool,
}

impl Names {
    /// Goes on after `after`, or begins.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn seek(&mut self, store: &Store, after: Option<&str>) -> Result<(), StoreError> {
        let goes_on = after.is_some() && after == self.last.as_deref();
        if goes_on && (!self.ahead.is_empty() || !self.more) {
            return Ok(());
        }
        (self.ahead, self.more) = following(store.users()?, after, AHEAD);
        self.last = after.map(str::to_owned);
        Ok(())
    }

    /// The next name, which stays where it is until it is [taken](Self::take).
    pub(super) fn peek(&self) -> Option<&str> {
        self.ahead.front().map(String::as_str)
    }

    /// Takes the next name.
    pub(super) fn take(&mut self) -> Option<String> {
        let name = self.ahead.pop_front()?;
        self.last = Some(name.clone());
        Some(name)
    }

    /// Where the next page begins; `None`: there is none.
    pub(super) fn cursor(&self) -> Option<String> {
        if self.ahead.is_empty() && !self.more { None } else { self.last.clone() }
    }
}

/// The first `most` of `names` after `after`, in order, and whether there are more.
fn following(mut names: Vec<String>, after: Option<&str>, most: usize) -> (VecDeque<String>, bool) {
    names.retain(|name| after.is_none_or(|after| name.as_str() > after));
    let more = names.len() > most;
    if more {
        // Only what is kept has to be in order.
        names.select_nth_unstable(most);
        names.truncate(most);
    }
    names.sort_unstable();
    (names.into(), more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_once_and_in_order() {
        let all: Vec<String> = (0..100).map(|n| format!("u{:02}", (n * 37) % 100)).collect();
        let (mut seen, mut after, mut more) = (Vec::new(), None::<String>, true);
        while more {
            let page;
            (page, more) = following(all.clone(), after.as_deref(), 7);
            after = page.back().cloned();
            seen.extend(page);
        }
        let mut sorted = all;
        sorted.sort_unstable();
        assert_eq!(seen, sorted);
    }
}
