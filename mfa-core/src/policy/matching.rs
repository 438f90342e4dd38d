//! What a rule looks at: the login as far as policy sees it, and whether a rule's `match` fits it.
//!
//! What must never happen: "does not fit" being the result of something that is not known.

use super::networks::From;
use super::raise::Signals;
use super::requirements::Requirement;
use super::times::{Hours, LocalTime};
use crate::limits::address_of;
use crate::wire::Kind;

/// The word for "any" in a list.
pub(super) const ANY: &str = "*";

/// The groups of an account, or that they could not be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups<'a> {
    /// Their names.
    Known(&'a [String]),
    /// The look-up failed: "not in the group" must not be the result.
    Unknown,
}

/// What a user's own enrolment file requires, or that it could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// What it says, if anything.
    Known(Option<Requirement>),
    /// It could not be looked up or read: "nothing" must not be the result.
    Unknown,
}

impl Own {
    /// What both require together at `wall`.
    #[must_use]
    pub fn and(self, other: Self, wall: u64) -> Self {
        match (self, other) {
            (Self::Known(Some(one)), Self::Known(Some(other))) => Self::Known(Some(one.stricter(other, wall))),
            (Self::Known(one), Self::Known(other)) => Self::Known(one.or(other)),
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }
}

/// Whom the caller wants to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The question does not arise: the user logs in as themselves.
    None,
    /// This account.
    Known(&'a str),
    /// Somebody, but it cannot be told whom.
    Unknown,
}

/// How and when a login comes.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// `PAM_RHOST`.
    pub rhost: Option<&'a str>,
    /// `PAM_TTY`.
    pub tty: Option<&'a str>,
    /// The first factors in evidence, as `first_factor` names them; empty: none is.
    pub first_factors: &'a [String],
    /// Whom su or sudo is to make of the user.
    pub target: Target<'a>,
    /// The moment by the host's clock on the wall.
    pub time: LocalTime,
    /// The same in seconds since 1970.
    pub wall: u64,
    /// What is known against this login.
    pub signals: Signals<'a>,
}

/// Whether another host is behind a login with this `PAM_RHOST` and `PAM_TTY`; its name may not be known.
#[must_use]
pub fn is_remote(rhost: Option<&str>, tty: Option<&str>) -> bool {
    rhost.is_some_and(|rhost| !rhost.is_empty()) || tty == Some("ssh")
}

/// A login, as far as policy looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The PAM service.
    pub service: &'a str,
    /// `pw_name`, or the typed name of an unknown user.
    pub user: &'a str,
    /// Whether that is the account's name for certain: a typed one that could not be looked up may be an alias.
    pub user_known: bool,
    /// Of that user.
    pub groups: Groups<'a>,
    /// What the user's own enrolment file requires.
    pub own: Own,
    /// How and when it comes.
    pub circumstances: Circumstances<'a>,
}

/// The `match` of a rule. An empty list, or `false`, fits everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    /// PAM services, in lower case.
    pub service: Vec<String>,
    /// Users.
    pub user: Vec<String>,
    /// Groups.
    pub group: Vec<String>,
    /// Where the login comes from.
    pub from: Vec<From>,
    /// Terminals, without `/dev/`; a `*` at the end stands for anything.
    pub tty: Vec<String>,
    /// First factors, or `none`.
    pub first_factor: Vec<String>,
    /// Whom su or sudo is to make of the user.
    pub target: Vec<String>,
    /// Hours of the week.
    pub time: Vec<Hours>,
    /// Only from a network from which this user never logged in with a second factor.
    pub new_source: bool,
}

/// Whether a rule fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// It depends on something that is not known.
    Unknown,
}

impl Fit {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    /// `No` where it is not known that it does, but might.
    fn unless_known(self, known: bool) -> Self {
        if self == Self::No && !known { Self::Unknown } else { self }
    }

    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unknown if other() == Self::No => Self::No,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Matcher {
    /// Its keys and their lists, as a file spells them.
    #[must_use]
    pub fn lists(&self) -> Vec<(&'static str, Vec<String>)> {
        let spelled = |list: &[From]| list.iter().map(ToString::to_string).collect();
        let all = [
            ("service", self.service.clone()),
            ("user", self.user.clone()),
            ("group", self.group.clone()),
            ("from", spelled(&self.from)),
            ("tty", self.tty.clone()),
            ("first_factor", self.first_factor.clone()),
            ("target", self.target.clone()),
            ("time", self.time.iter().map(ToString::to_string).collect()),
        ];
        all.into_iter().filter(|(_, list)| !list.is_empty()).collect()
    }

    /// Whether it looks at whom su or sudo is to make of a user.
    pub(super) fn names_targets(&self) -> bool {
        self.target.iter().any(|name| name != ANY)
    }

    /// Whether it looks at that at this service.
    #[must_use]
    pub fn looks_at_target_of(&self, service: &str) -> bool {
        self.names_targets() && named(&self.service, service)
    }

    /// The groups it must know the members of.
    pub(super) fn groups_named(&self) -> impl Iterator<Item = &str> {
        self.group.iter().map(String::as_str).filter(|name| *name != ANY)
    }

    /// Whether it fits any login of this user. Only sudo makes somebody else of a user; su asks the one it makes.
    pub(super) fn concerns(&self, user: &str, groups: Groups<'_>, kind: impl Fn(&str) -> Kind) -> Fit {
        let itself = || self.target.iter().any(|name| name == user);
        let becomes = |service: &String| match kind(service) {
            Kind::Sudo => true,
            Kind::Su => itself(),
            Kind::Sshd | Kind::Login | Kind::Display | Kind::Polkit | Kind::Locker | Kind::Other => false,
        };
        let becomes = is_open(&self.target) || is_open(&self.service) || self.service.iter().any(becomes);
        Fit::of(named(&self.user, user) && becomes).and(|| self.fits_groups(groups))
    }

    /// Whether no login of its users gets by it.
    pub(super) fn takes_every_login(&self) -> bool {
        let from = self.from.is_empty() || self.from.iter().any(|from| matches!(from, From::Any));
        let lists = [&self.service, &self.first_factor, &self.target];
        from && lists.into_iter().all(|list| is_open(list))
            && self.tty.is_empty()
            && self.time.is_empty()
            && !self.new_source
    }

    /// Whether it fits this login.
    pub(super) fn fit(&self, query: &Query<'_>) -> Fit {
        let around = &query.circumstances;
        self.fit_of_anybody(query)
            .and(|| Fit::of(named(&self.user, query.user)).unless_known(query.user_known))
            .and(|| self.fits_groups(query.groups))
            .and(|| self.fits_target(around.target))
            .and(|| self.fits_source(around.signals.new_source))
    }

    /// The same, whoever it is: by what the one who knocks knows without knowing the user.
    pub(super) fn fit_of_anybody(&self, query: &Query<'_>) -> Fit {
        let around = &query.circumstances;
        Fit::of(named(&self.service, query.service))
            .and(|| self.fits_from(around))
            .and(|| self.fits_tty(around.tty))
            .and(|| self.fits_first_factor(around.first_factors))
            .and(|| Fit::of(self.time.is_empty() || self.time.iter().any(|hours| hours.hold(around.time))))
    }

    /// Whether it does not look at who it is.
    pub(super) fn is_of_anybody(&self) -> bool {
        [&self.user, &self.group, &self.target].into_iter().all(|list| is_open(list)) && !self.new_source
    }

    fn fits_groups(&self, groups: Groups<'_>) -> Fit {
        if self.group.is_empty() || self.group.iter().any(|name| name == ANY) {
            return Fit::Yes;
        }
        match groups {
            Groups::Known(groups) => Fit::of(groups.iter().any(|group| self.group.contains(group))),
            Groups::Unknown => Fit::Unknown,
        }
    }

    fn fits_from(&self, around: &Circumstances<'_>) -> Fit {
        let remote = is_remote(around.rhost, around.tty);
        let address = around.rhost.and_then(address_of);
        let fits = |from: &From| match *from {
            From::Any => Fit::Yes,
            From::Local => Fit::of(!remote),
            From::Remote => Fit::of(remote),
            From::Network { base, bits } => {
                // A name, or a host that is not told, may be of any network.
                Fit::of(address.is_some_and(|address| From::holds(base, bits, address)))
                    .unless_known(!remote || address.is_some())
            }
        };
        any(&self.from, fits)
    }

    fn fits_tty(&self, tty: Option<&str>) -> Fit {
        let tty = tty.unwrap_or("");
        let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
        let fits = |pattern: &String| {
            match pattern.strip_suffix('*') {
                Some(beginning) => Fit::of(tty.starts_with(beginning)),
                None => Fit::of(tty == pattern),
            }
            // Nobody must get round a rule by having no terminal, or one that is not told.
            .unless_known(!tty.is_empty())
        };
        any(&self.tty, fits)
    }

    fn fits_first_factor(&self, given: &[String]) -> Fit {
        let fits = |name: &String| match name.as_str() {
            ANY => Fit::Yes,
            "none" => Fit::of(given.is_empty()),
            // sshd names the device behind keyboard-interactive as well.
            name => Fit::of(given.iter().any(|factor| factor.split('/').next() == Some(name))),
        };
        any(&self.first_factor, fits)
    }

    fn fits_source(&self, is_new: Option<bool>) -> Fit {
        match is_new {
            _ if !self.new_source => Fit::Yes,
            // A rule that looks at it is no weaker than any behind it (`order`): what is not known counts as new.
            is_new => Fit::of(is_new.unwrap_or(true)),
        }
    }

    fn fits_target(&self, target: Target<'_>) -> Fit {
        if self.target.is_empty() || self.target.iter().any(|name| name == ANY) {
            return Fit::Yes;
        }
        match target {
            Target::None => Fit::No,
            Target::Known(name) => Fit::of(self.target.iter().any(|entry| entry == name)),
            Target::Unknown => Fit::Unknown,
        }
    }
}

/// Whether a list fits anything.
fn is_open(list: &[String]) -> bool {
    list.is_empty() || list.iter().any(|name| name == ANY)
}

fn named(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|entry| entry == name || entry == ANY)
}

/// Whether one of a list fits; an empty one does.
fn any<T>(list: &[T], fits: impl Fn(&T) -> Fit) -> Fit {
    if list.is_empty() {
        return Fit::Yes;
    }
    let mut best = Fit::No;
    for entry in list {
        match fits(entry) {
            Fit::Yes => return Fit::Yes,
            Fit::Unknown => best = Fit::Unknown,
            Fit::No => {}
        }
    }
    best
}
