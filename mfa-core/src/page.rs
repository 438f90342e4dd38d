//! Texts of several lines that a login shows once: the picture of a key, the key, recovery codes.
//!
//! mfad makes them, the module shows each as one PAM message. They hold secrets, so they are wiped. What must never happen: a page
//! longer than a message, or one that steers a terminal.

use crate::clean::{PAM_MESSAGE_BYTES, steers};
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// One PAM message of several lines, which may hold secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Page(Secret);

/// Tests compare steps; pages are no answers, whose time of comparison would tell something.
impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Page {}

impl Page {
    /// As few pages as hold these lines. A line longer than a message is cut.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut pages = Vec::new();
        let mut page = empty();
        for line in lines {
            let line = cleaned(line, false);
            if !page.is_empty() && page.len() + 1 + line.len() >= PAM_MESSAGE_BYTES {
                pages.push(Self::from(std::mem::replace(&mut page, empty())));
            }
            if !page.is_empty() {
                page.push('\n');
            }
            page.push_str(&line);
        }
        if !page.is_empty() {
            pages.push(Self::from(page));
        }
        pages
    }

    /// The text, with nothing in it but lines.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        cleaned(self.0.expose_str().unwrap_or_default(), true)
    }
}

impl From<Zeroizing<String>> for Page {
    fn from(mut text: Zeroizing<String>) -> Self {
        Self(Secret::from(std::mem::take(&mut *text)))
    }
}

/// Room for a whole page: growing would leave unwiped copies.
fn empty() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(PAM_MESSAGE_BYTES))
}

fn cleaned(text: &str, lines: bool) -> Zeroizing<String> {
    let mut kept = empty();
    for c in text.chars().map(|c| if steers(c) && !(lines && c == '\n') { '\u{fffd}' } else { c }) {
        if kept.len() + c.len_utf8() >= PAM_MESSAGE_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_share_pages_and_no_page_is_longer_than_a_message() {
        let row = "█".repeat(45);
        let pages = Page::of((0..21).map(|_| row.as_str()));
        assert_eq!(pages.len(), 7, "three rows of 135 bytes each");
        assert!(pages.iter().all(|page| page.text().len() < PAM_MESSAGE_BYTES));
        let lines: usize = pages.iter().map(|page| page.text().lines().count()).sum();
        assert_eq!(lines, 21);
        assert_eq!(Page::of(["ä".repeat(300).as_str()])[0].text().len(), 510);
        assert!(Page::of([]).is_empty());
    }

    #[test]
    fn a_page_steers_no_terminal_whoever_made_it() {
        assert_eq!(*Page::of(["a\x1b[2J\nb"])[0].text(), "a\u{fffd}[2J\u{fffd}b");
        let received: Page = serde_json::from_str("\"a\\u001b[2J\\nb\\u202e\"").unwrap();
        assert_eq!(*received.text(), "a\u{fffd}[2J\nb\u{fffd}");
        assert_eq!(format!("{received:?}"), "Page(Secret(…))");
    }
}
