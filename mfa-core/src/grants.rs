//! Remembered logins: for some hours the same user at the same kind of application from the same place is not asked again.
//!
//! Kept in the state record, on the boot clock; they die with the boot. Only logins of root's callers with a first factor in
//! evidence make or use one: a program of the user's own could make them all day. What must never happen: a login that is
//! remembered for another user, kind or place, after a change of factors, or where what it showed would not be enough.

use crate::limits::Budget;
use crate::now::Now;
use crate::policy::Decision;
use crate::state::State;
use crate::wire::{Context, Kind, Method};
use serde::{Deserialize, Serialize};

/// Grants of one user; the oldest makes room.
pub const MOST: usize = 4;

/// One remembered login. Its names are short in the record, which has a fixed size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its name within the user: eight hex digits.
    pub id: String,
    /// The kind of application.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// The place, as [`place`] gives it.
    #[serde(rename = "p")]
    pub place: String,
    /// By what it was let in.
    pub by: Method,
    /// Whether a push showed a number.
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub number: bool,
    /// Seconds since 1970 when it was made.
    #[serde(rename = "m")]
    pub made: u64,
    /// The same on `CLOCK_BOOTTIME`: how long it counts is for the rule to say that it is to satisfy.
    #[serde(rename = "s")]
    since: u64,
    /// `CLOCK_BOOTTIME` seconds from which it is no more.
    #[serde(rename = "u")]
    pub until: u64,
}

/// The place of a login: the network of its host, or the terminal and the session on it. `None`: one that cannot be told
/// from another's, so that nothing is remembered for it.
#[must_use]
pub fn place(context: &Context) -> Option<String> {
    match context.rhost.as_deref().filter(|rhost| !rhost.is_empty()) {
        // A name is the name server's word,
        // and a link-local address with its zone everybody's on that link.
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
    text.len() <= 24 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:._-".contains(&b))
}

impl State {
    /// Whether a login of this kind from this place is remembered, for this one as well: it was let in by one of the methods that
    /// are asked, with a number where one is wanted, and no longer ago than this one would be remembered. Another rule may have
    /// made it, or the same before it was tightened.
    #[must_use]
    pub fn remembers(&self, kind: Kind, place: &str, asked: &Decision, now: Now) -> bool {
        let is_enough =
            |grant: &Grant| asked.accepts(grant.by) && (grant.by != Method::Push || grant.number || !asked.number);
        let holds = |grant: &Grant| {
            let is_recent = grant.since.saturating_add(asked.remember) > now.boottime;
            grant.kind == kind && grant.place == place && is_recent && grant.until > now.boottime
        };
        self.grants.iter().any(|grant| holds(grant) && is_enough(grant))
    }

    /// Remembers a login by `shown`, a method and whether a push with it shows a number, for `seconds`; `id` is four random bytes.
    pub fn remember(&mut self, kind: Kind, place: &str, shown: (Method, bool), seconds: u64, id: [u8; 4], now: Now) {
        self.grants.retain(|grant| grant.until > now.boottime && !(grant.kind == kind && grant.place == place));
        if self.grants.len() >= MOST {
            self.grants.remove(0);
        }
        self.grants.push(Grant {
            id: format!("{:08x}", u32::from_be_bytes(id)),
            kind,
            place: place.to_owned(),
            by: shown.0,
            number: shown.1 && shown.0 == Method::Push,
            made: now.wall,
            since: now.boottime,
            until: now.boottime.saturating_add(seconds),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::StateId;
    use crate::now::Boot;

    const TOTP: (Method, bool) = (Method::Totp, false);
    const ANY: [Method; 2] = [Method::Totp, Method::Push];
    /// A login is remembered for 50 seconds.
    const LONG: u64 = 50;
    const NOW: Now = Now { wall: 1000, boot: Boot(1), boottime: 100 };

    fn asked(methods: &[Method], number: bool, remember: u64) -> Decision {
        use crate::policy::{Circumstances, Groups, LocalTime, Own, Policy, Query, Requirements, Signals, Target};
        let circumstances = Circumstances {
            rhost: None,
            tty: None,
            first_factors: &[],
            target: Target::None,
            time: LocalTime { weekday: 0, minute: 0 },
            wall: NOW.wall,
            signals: Signals { new_source: None, failures: None, denied: None, country: None },
        };
        let groups = Groups::Known(&[]);
        let query =
            Query { service: "sshd", user: "alice", user_known: true, groups, own: Own::Known(None), circumstances };
        let decision = Policy::built_in().decide(&Requirements::default(), &query);
        Decision { methods: methods.to_vec(), number, remember, ..decision }
    }

    #[test]
    fn a_login_is_remembered_for_its_kind_place_and_time_alone() {
        let mut state = State::new(StateId::new([1; 16]), 1000);
        state.enter(NOW);
        state.remember(Kind::Sshd, "192.0.2.7", TOTP, 50, [1; 4], NOW);
        let remembers =
            |kind, place, boottime| state.remembers(kind, place, &asked(&ANY, true, LONG), Now { boottime, ..NOW });
        assert!(remembers(Kind::Sshd, "192.0.2.7", 149));
        assert!(!remembers(Kind::Sshd, "192.0.2.7", 150));
        assert!(!remembers(Kind::Sudo, "192.0.2.7", 100) && !remembers(Kind::Sshd, "192.0.2.8", 100));
        state.enter(Now { boot: Boot(2), boottime: 1, wall: 1000 });
        assert!(state.grants.is_empty(), "they die with the boot");
    }

    #[test]
    fn a_login_is_remembered_no_longer_than_the_rule_says_that_it_is_to_satisfy() {
        let mut state = State::new(StateId::new([1; 16]), 1000);
        state.remember(Kind::Sudo, "pts/1 1:2", TOTP, 86_400, [1; 4], NOW);
        let remembers = |remember, after| {
            let now = Now { boottime: NOW.boottime + after, ..NOW };
            state.remembers(Kind::Sudo, "pts/1 1:2", &asked(&ANY, true, remember), now)
        };
        assert!(remembers(300, 299) && !remembers(300, 300) && !remembers(0, 0), "of a stricter rule");
        assert!(remembers(86_400, 86_399) && !remembers(u64::MAX, 86_400), "nor longer than its own");
    }

    #[test]
    fn a_login_is_remembered_only_where_what_it_showed_is_enough() {
        let by = |shown, methods: &[Method], number| {
            let mut state = State::new(StateId::new([1; 16]), 1000);
            state.remember(Kind::Sudo, "pts/1 1:2", shown, 50, [1; 4], NOW);
            state.remembers(Kind::Sudo, "pts/1 1:2", &asked(methods, number, LONG), NOW)
        };
        assert!(by(TOTP, &ANY, true) && by(TOTP, &[Method::Totp], false));
        assert!(!by(TOTP, &[Method::Push, Method::Recovery], false));
        assert!(by((Method::Push, true), &[Method::Push], true) && by((Method::Push, false), &[Method::Push], false));
        assert!(!by((Method::Push, false), &[Method::Push], true), "no number was shown");
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut state = State::new(StateId::new([1; 16]), 1000);
        for n in 0..20u8 {
            state.remember(Kind::Sudo, &format!("pts/{n} 1:2"), TOTP, 50, [n; 4], NOW);
        }
        assert_eq!(state.grants.len(), MOST);
        let remembers = |place| state.remembers(Kind::Sudo, place, &asked(&ANY, true, LONG), NOW);
        assert!(remembers("pts/19 1:2") && !remembers("pts/0 1:2"));
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
