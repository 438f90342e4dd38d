//! How long a request must have been looked at before a key or a click may mean it. Pure.
//!
//! A window that appears under a moving pointer or a typing hand gets what was meant for another one (the clickjacking that
//! browsers' permission prompts met).

use std::time::Duration;

/// 700 ms: longer than a double click (400 ms in GTK) and than a key that was on its way, shorter than reading. Firefox
/// holds its own security prompts back by a second (`security.dialog_enable_delay`).
pub const HELD_BACK: Duration = Duration::from_millis(700);

/// Since when the request has been on a screen that the user works with. Times are measured from any fixed moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Guard {
    since: Option<Duration>,
}

impl Guard {
    /// The request appears; `focused`: its window has the focus.
    pub(super) fn shown(&mut self, focused: bool, now: Duration) {
        self.since = focused.then_some(now);
    }

    /// The window gained or lost the focus.
    pub(super) fn focus(&mut self, focused: bool, now: Duration) {
        self.since = match (focused, self.since) {
            (false, _) => None,
            (true, None) => Some(now),
            (true, kept) => kept,
        };
    }

    /// Whether a key or click at `now` is meant for it.
    #[must_use]
    pub(super) fn is_over(self, now: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) >= HELD_BACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn it_takes_700_ms_of_focus_after_every_appearance() {
        let mut guard = Guard::default();
        assert!(!guard.is_over(at(10_000)));
        guard.shown(false, at(0));
        assert!(!guard.is_over(at(10_000)));
        guard.focus(true, at(1000));
        assert!(!guard.is_over(at(1699)) && guard.is_over(at(1700)));
        // Told twice, it does not start anew; the next request does.
        guard.focus(true, at(1650));
        assert!(guard.is_over(at(1700)));
        guard.shown(true, at(2000));
        assert!(!guard.is_over(at(2699)) && guard.is_over(at(2700)));
        guard.focus(false, at(3000));
        assert!(!guard.is_over(at(9000)));
        guard.focus(true, at(9000));
        assert!(!guard.is_over(at(9699)) && guard.is_over(at(9700)));
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_opens_nothing() {
        let mut guard = Guard::default();
        guard.shown(true, at(5000));
        assert!(!guard.is_over(at(4000)) && !guard.is_over(at(5000)));
    }
}
