//! Which login must show a second factor, and which line of which file says so.
//!
//! `mfad` asks [`decide`] at every login and `mfactl explain` shows its reasons. Reading the files is
//! in `read`. What must never happen: a value that is missing, unknown or could not be looked up
//! making a login easier.

mod read;
mod requirements;

pub use read::{Layers, Source};
pub use requirements::{FILE as REQUIREMENTS_FILE, Requirements};

use crate::place::Place;
use crate::wire::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What is asked of a login. Ordered: the later is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// Nothing.
    Off,
    /// A code from those who have a factor.
    Optional,
    /// A code from everybody; who has no factor is refused.
    Required,
}

impl fmt::Display for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        })
    }
}

/// A value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub place: Place,
}

/// The answers one login may give before it is refused, unless policy says less (1 to 5).
pub const TRIES: u8 = 3;

/// Services that are never asked unless a rule names them: they run without a person.
pub const NEVER_ASKED: [&str; 5] = ["cron", "crond", "systemd-user", "runuser", "atd"];

/// The merged policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// For logins no rule matches.
    pub require: Set<Require>,
    /// Answers one login may give, for callers that can show several prompts.
    pub tries: Set<u8>,
    /// Whether codes are shown while they are typed.
    pub echo: Set<bool>,
    /// Whether a push of a login of this host asks for the number as well; one with a remote host always does.
    pub number: Set<bool>,
    /// The name shown in authenticator apps; the host name when not set.
    pub issuer: Option<Set<String>>,
    /// In order; the first that matches decides.
    pub rules: Vec<Rule>,
    /// What no rule can go below.
    pub floor: Option<Set<Require>>,
    /// What kind of application stands behind a service.
    pub services: BTreeMap<String, Set<Kind>>,
}

/// One `[[rule]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where it begins.
    pub place: Place,
    /// Services it is for; empty: all.
    pub service: Vec<String>,
    /// Users it is for; empty: all.
    pub user: Vec<String>,
    /// Groups it is for; empty: all.
    pub group: Vec<String>,
    /// What it asks.
    pub require: Set<Require>,
    /// Answers one login may give, if it says so.
    pub tries: Option<Set<u8>>,
}

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
    Known(Option<Require>),
    /// It could not be looked up or read: "nothing" must not be the result.
    Unknown,
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
}

/// What is asked of a login, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is asked.
    pub require: Set<Require>,
    /// Answers one login may give.
    pub tries: u8,
    /// Whether codes are shown while they are typed.
    pub echo: bool,
    /// The kind of application.
    pub kind: Kind,
    /// Every line that had a say, in the order it was heard; the one that decided is `require.place`.
    pub heard: Vec<Heard>,
}

/// A line that had a say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Where it stands.
    pub place: Place,
    /// What it asks.
    pub require: Require,
}

impl Policy {
    /// The strict compiled-in default: everything is required.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            require: Set { value: Require::Required, place: Place::built_in("require") },
            tries: Set { value: TRIES, place: Place::built_in("tries") },
            echo: Set { value: false, place: Place::built_in("echo") },
            number: Set { value: true, place: Place::built_in("number") },
            issuer: None,
            rules: Vec::new(),
            floor: None,
            services: BTreeMap::new(),
        }
    }

    /// The groups that rules name; without any, none need be looked up.
    pub fn groups_named(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| &rule.group).map(String::as_str)
    }

    /// The kind of application behind `service`: as configured, else by its usual name.
    #[must_use]
    pub fn kind(&self, service: &str) -> Kind {
        if let Some(set) = self.services.get(service) {
            return set.value;
        }
        match service {
            "sshd" | "ssh" => Kind::Sshd,
            "sudo" | "sudo-i" => Kind::Sudo,
            "su" | "su-l" => Kind::Su,
            "login" | "remote" => Kind::Login,
            "gdm-password" | "gdm-fingerprint" | "gdm-smartcard" | "sddm" | "lightdm" => Kind::Display,
            "polkit-1" => Kind::Polkit,
            "swaylock" | "hyprlock" | "kde" | "xscreensaver" | "i3lock" => Kind::Locker,
            _ => Kind::Other,
        }
    }

    /// What is asked of a login.
    #[must_use]
    pub fn decide(&self, requirements: &Requirements, query: &Query<'_>) -> Decision {
        let mut heard = Vec::new();
        let (mut require, tries) = match self.first_match(query) {
            Match::Rule(rule) => (rule.require.clone(), rule.tries.as_ref()),
            Match::None if NEVER_ASKED.contains(&query.service) => {
                (Set { value: Require::Off, place: Place::built_in("services never asked") }, None)
            }
            Match::None => (self.require.clone(), None),
        };
        heard.push(Heard { place: require.place.clone(), require: require.value });
        // `off` by a rule (or for a service that is never asked) is an exemption of that login; `off`
        // as the default is only where `mfactl require` starts from.
        let exempt = require.value == Require::Off && require.place != self.require.place;
        if !exempt {
            for set in requirements.of(query) {
                heard.push(Heard { place: set.place.clone(), require: set.value });
                if set.value > require.value {
                    require = set;
                }
            }
        }
        if let Some(floor) = &self.floor {
            heard.push(Heard { place: floor.place.clone(), require: floor.value });
            if floor.value > require.value {
                require = floor.clone();
            }
        }
        let kind = self.kind(query.service);
        let tries = match kind {
            // These ask once and call again themselves.
            Kind::Locker | Kind::Display | Kind::Other => 1,
            Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => tries.unwrap_or(&self.tries).value,
        };
        Decision { require, tries, echo: self.echo.value, kind, heard }
    }

    fn first_match<'a>(&'a self, query: &Query<'_>) -> Match<'a> {
        let mut undecided: Vec<&Rule> = Vec::new();
        for rule in &self.rules {
            let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|entry| entry == name);
            if !named(&rule.service, query.service) {
                continue;
            }
            if !named(&rule.user, query.user) {
                if !query.user_known {
                    undecided.push(rule);
                }
                continue;
            }
            match query.groups {
                _ if rule.group.is_empty() => return strictest(&undecided, Some(rule), self.require.value),
                Groups::Unknown => undecided.push(rule),
                Groups::Known(groups) if groups.iter().any(|group| rule.group.contains(group)) => {
                    return Match::Rule(rule);
                }
                Groups::Known(_) => {}
            }
        }
        strictest(&undecided, None, self.require.value)
    }
}

enum Match<'a> {
    Rule(&'a Rule),
    None,
}

/// Of the rules that might have matched had name and groups been known and the one that does: the strictest.
fn strictest<'a>(undecided: &[&'a Rule], decided: Option<&'a Rule>, otherwise: Require) -> Match<'a> {
    let worst = undecided.iter().copied().max_by_key(|rule| rule.require.value);
    match (worst, decided) {
        (Some(worst), Some(decided)) if worst.require.value > decided.require.value => Match::Rule(worst),
        (Some(worst), None) if worst.require.value > otherwise => Match::Rule(worst),
        (_, Some(decided)) => Match::Rule(decided),
        (_, None) => Match::None,
    }
}

#[cfg(test)]
mod tests;
