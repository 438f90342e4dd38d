//! Times as a person reads them.

use crate::catalogue::{filled, gettext};

/// How long ago `then` was at `now`, both in seconds since 1970.
pub(super) fn ago(then: u64, now: u64) -> String {
    let seconds = now.saturating_sub(then);
    let (count, text) = match seconds {
        0..60 => (seconds, gettext("{count} s ago")),
        60..3600 => (seconds / 60, gettext("{count} min ago")),
        3600..86_400 => (seconds / 3600, gettext("{count} h ago")),
        _ => (seconds / 86_400, gettext("{count} d ago")),
    };
    filled(text, &[("count", &count)])
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn the_largest_whole_unit_is_named() {
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400, "1 d")] {
            assert_eq!(ago(1000, 1000 + seconds), format!("{text} ago"));
        }
        assert_eq!(ago(2000, 1000), "0 s ago");
    }
}
