//! One account as the list shows it: what it says, where it stands, whether a search means it. Pure, and without a secret.

use std::cmp::Ordering;

/// What moves its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// Time, in steps of so many seconds.
    Every(u32),
    /// Each code that is asked for.
    OnDemand,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the storage calls it.
    pub id: String,
    /// Who the account is with; may be empty.
    pub issuer: String,
    /// Whose it is; may be empty.
    pub name: String,
    /// The user's own words for it.
    pub tags: Vec<String>,
    /// It stands before the others.
    pub pinned: bool,
    /// What moves its codes.
    pub moves: Moves,
    /// Characters of a code.
    pub length: usize,
    /// Everything a search looks at, in lower case.
    sought: String,
}

impl Entry {
    /// An entry whose texts are clean.
    #[must_use]
    pub fn new(id: String, issuer: String, name: String, tags: Vec<String>, moves: Moves, length: usize) -> Self {
        let sought = format!("{issuer}\n{name}\n{}", tags.join("\n")).to_lowercase();
        Self { id, issuer, name, tags, pinned: false, moves, length, sought }
    }

    /// The same, before the others.
    #[must_use]
    pub fn pinned(mut self, pinned: bool) -> Self {
        self.pinned = pinned;
        self
    }

    /// What it is called: the issuer, or the name where there is none.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.issuer.is_empty() { &self.name } else { &self.issuer }
    }

    /// What stands below that.
    #[must_use]
    pub fn subtitle(&self) -> String {
        let name = if self.issuer.is_empty() { "" } else { &self.name };
        let tags: Vec<String> = self.tags.iter().map(|tag| format!("#{tag}")).collect();
        [name, &tags.join(" ")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// Whether every word of `search`, which is in lower case, stands somewhere in it; `#word` means a tag.
    #[must_use]
    pub fn is_meant(&self, search: &str) -> bool {
        search.split_whitespace().all(|word| match word.strip_prefix('#') {
            Some(tag) => self.tags.iter().any(|own| own.to_lowercase().starts_with(tag)),
            None => self.sought.contains(word),
        })
    }

    /// Pinned ones first, then by title and name, whatever their case.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        other.pinned.cmp(&self.pinned).then_with(|| self.sought.cmp(&other.sought)).then_with(|| self.id.cmp(&other.id))
    }

    /// The step of time that `now` is in; always the same for one that counts.
    #[must_use]
    pub fn step(&self, now: u64) -> u64 {
        match self.moves {
            Moves::Every(period) => now / u64::from(period.max(1)),
            Moves::OnDemand => 0,
        }
    }

    /// Seconds until the next code, and of how many; `None` where time does not move it.
    #[must_use]
    pub fn left(&self, now: u64) -> Option<(u32, u32)> {
        match self.moves {
            Moves::Every(period) => {
                let period = period.max(1);
                let gone = u32::try_from(now % u64::from(period)).unwrap_or_default();
                Some((period - gone, period))
            }
            Moves::OnDemand => None,
        }
    }
}

/// A code in two groups, as people read digits; letters stay together.
#[must_use]
pub fn grouped(code: &str) -> String {
    let half = code.len().div_ceil(2);
    match code.split_at_checked(half) {
        Some((first, second)) if code.bytes().all(|b| b.is_ascii_digit()) && !second.is_empty() => {
            format!("{first} {second}")
        }
        _ => code.to_owned(),
    }
}

/// What stands where a hidden code would: as long as it, and the same for all codes.
#[must_use]
pub fn hidden(length: usize) -> String {
    let half = length.div_ceil(2);
    format!("{} {}", "•".repeat(half), "•".repeat(length - half))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(issuer: &str, name: &str, tags: &[&str]) -> Entry {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        Entry::new(format!("{issuer}/{name}"), issuer.into(), name.into(), tags, Moves::Every(30), 6)
    }

    #[test]
    fn a_search_means_every_word_anywhere_and_a_tag_by_its_beginning() {
        let it = entry("GitHub", "alice@example.org", &["Work", "code"]);
        for search in ["", "git", "hub ali", "example", "work", "#wo", "#work git", "  alice  "] {
            assert!(it.is_meant(search), "{search}");
        }
        for search in ["gitlab", "git bob", "#git", "#ork"] {
            assert!(!it.is_meant(search), "{search}");
        }
    }

    #[test]
    fn pinned_ones_come_first_and_case_does_not_matter() {
        let mut all = [
            entry("beta", "x", &[]),
            entry("Alpha", "z", &[]),
            entry("alpha", "a", &[]),
            entry("Zeta", "p", &[]).pinned(true),
        ];
        all.sort_by(Entry::order);
        let ids: Vec<_> = all.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["Zeta/p", "alpha/a", "Alpha/z", "beta/x"]);
    }

    #[test]
    fn one_without_an_issuer_is_called_by_its_name() {
        assert_eq!(entry("", "alice", &[]).title(), "alice");
        assert_eq!(entry("", "alice", &["a", "b"]).subtitle(), "#a #b");
        assert_eq!(entry("GitHub", "alice", &["a"]).subtitle(), "alice · #a");
        assert_eq!(entry("GitHub", "", &[]).subtitle(), "");
    }

    #[test]
    fn the_time_left_counts_down_to_one_and_never_to_nothing() {
        let it = entry("a", "b", &[]);
        assert_eq!([0, 1, 29, 30].map(|now| it.left(now)), [(30, 30), (29, 30), (1, 30), (30, 30)].map(Some));
        assert_eq!([0, 29, 30].map(|now| it.step(now)), [0, 0, 1]);
        let counts = Entry::new("i".into(), "a".into(), "b".into(), vec![], Moves::OnDemand, 6);
        assert_eq!((counts.left(12), counts.step(12)), (None, 0));
    }

    #[test]
    fn codes_are_read_in_two_groups_and_hidden_ones_are_as_long() {
        for (code, shown) in [("123456", "123 456"), ("1234567", "1234 567"), ("12345678", "1234 5678")] {
            assert_eq!(grouped(code), shown);
            assert_eq!(hidden(code.len()).chars().count(), shown.chars().count());
        }
        assert_eq!(grouped("R2B7X"), "R2B7X");
        assert_eq!(grouped(""), "");
    }
}
