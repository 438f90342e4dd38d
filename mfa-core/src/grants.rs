//! Remembered logins: for some hours the same user at the same kind of application from the same place is not asked again.
//!
//! Kept in the state record, on the boot clock; they die with the boot. Only logins of root's callers with a first factor in
//! evidence make or use one: a program of the user's own could make them all day. What must never happen: a login that is
//! remembered for another user, kind or place, or after a change of factors.

use crate::limits::Budget;
use crate::now::Now;
use crate::state::State;
use crate::wire::{Context, Kind};
use serde::{Deserialize, Serialize};

/// Grants of one user; the oldest makes room.
pub const MOST: usize = 4;

/// One remembered login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its name within the user: eight hex digits.
    pub id: String,
    /// The kind of application.
    pub kind: Kind,
    /// The place, as [`place`] gives it.
    pub place: String,
    /// Seconds since 1970 when it was made.
    pub made: u64,
    /// `CLOCK_BOOTTIME` seconds from which it is no more.
    pub until: u64,
}

/// The place of a login: the network of its host, or the terminal and the session on it. `None`: one that cannot be told
/// from another's, so that nothing is remembered for it.
#[must_use]
pub fn place(context: &Context) -> Option<String> {
    match context.rhost.as_deref().filter(|rhost| !rhost.is_empty()) {
        // A name is the name server's word.
        Some(rhost) if rhost.parse::<std::net::IpAddr>().is_err() => None,
        Some(rhost) => match Budget::source(Some(rhost)) {
            Budget::Source(prefix) => Some(prefix),
            Budget::Evidence | Budget::Own | Budget::Admin => None,
        },
        None => match (&context.tty, &context.session) {
            (Some(tty), Some(session)) if tty != "ssh" && is_plain(tty) && is_plain(session) => {
                Some(format!("{tty} {session}"))
            }
            _ => None,
        },
    }
}

/// Short, and one byte a character in a record of fixed size.
fn is_plain(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
}

impl State {
    /// Whether a login of this kind from this place is remembered.
    #[must_use]
    pub fn remembers(&self, kind: Kind, place: &str, now: Now) -> bool {
        self.grants.iter().any(|grant| grant.kind == kind && grant.place == place && grant.until > now.boottime)
    }

    /// Remembers a login for `seconds`; `id` is four random bytes.
    pub fn remember(&mut self, kind: Kind, place: &str, seconds: u64, id: [u8; 4], now: Now) {
        self.grants.retain(|grant| grant.until > now.boottime && !(grant.kind == kind && grant.place == place));
        if self.grants.len() >= MOST {
            self.grants.remove(0);
        }
        self.grants.push(Grant {
            id: format!("{:08x}", u32::from_be_bytes(id)),
            kind,
            place: place.to_owned(),
            made: now.wall,
            until: now.boottime.saturating_add(seconds),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::StateId;
    use crate::now::Boot;

    const NOW: Now = Now { wall: 1000, boot: Boot(1), boottime: 100 };

    #[test]
    fn a_login_is_remembered_for_its_kind_place_and_time_alone() {
        let mut state = State::new(StateId::new([1; 16]));
        state.enter(NOW);
        state.remember(Kind::Sshd, "192.0.2.7", 50, [1; 4], NOW);
        let at = |boottime| Now { boottime, ..NOW };
        assert!(state.remembers(Kind::Sshd, "192.0.2.7", at(149)));
        assert!(!state.remembers(Kind::Sshd, "192.0.2.7", at(150)));
        assert!(!state.remembers(Kind::Sudo, "192.0.2.7", NOW) && !state.remembers(Kind::Sshd, "192.0.2.8", NOW));
        state.enter(Now { boot: Boot(2), boottime: 1, wall: 1000 });
        assert!(state.grants.is_empty(), "they die with the boot");
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut state = State::new(StateId::new([1; 16]));
        for n in 0..20u8 {
            state.remember(Kind::Sudo, &format!("pts/{n} 1:2"), 50, [n; 4], NOW);
        }
        assert_eq!(state.grants.len(), MOST);
        assert!(state.remembers(Kind::Sudo, "pts/19 1:2", NOW) && !state.remembers(Kind::Sudo, "pts/0 1:2", NOW));
    }

    #[test]
    fn a_place_is_a_network_or_a_terminal_with_its_session() {
        let of = |rhost: Option<&str>, tty: Option<&str>, session: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            place(&Context { rhost: own(rhost), tty: own(tty), session: own(session), ..Context::default() })
        };
        assert_eq!(of(Some("192.0.2.7"), Some("ssh"), None).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(Some("2001:db8::1"), Some("ssh"), None).as_deref(), Some("2001:db8:0:0::/64"));
        assert_eq!(of(None, Some("pts/3"), Some("71:99")).as_deref(), Some("pts/3 71:99"));
        for (rhost, tty, session) in [
            (Some("host.example"), None, None),
            (None, Some("pts/3"), None),
            (None, None, Some("71:99")),
            (None, Some("ssh"), Some("1:1")),
        ] {
            assert_eq!(of(rhost, tty, session), None, "{rhost:?} {tty:?} {session:?}");
        }
    }
}
