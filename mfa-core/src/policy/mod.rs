//! Which login must show what, and which line of which file says so.
//!
//! `mfad` asks [`Policy::decide`] at every login and `mfactl explain` shows its reasons. Reading the files is in `read`, what a
//! rule looks at in `matching`, what it asks in `settings`. What must never happen: a value that is missing, unknown or could
//! not be looked up making a login easier.

mod matching;
mod networks;
mod order;
mod read;
mod requirements;
mod settings;
mod times;

pub use matching::{Circumstances, Groups, Matcher, Own, Query, Target, is_remote};
pub use read::{Layers, Source};
pub use requirements::{FILE as REQUIREMENTS_FILE, Requirement, Requirements, strictest};
pub use settings::{ALL_METHODS, Approvers, Require, TRIES};
pub use times::LocalTime;

use crate::place::Place;
use crate::wire::{Kind, Method};
use matching::Fit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub place: Place,
}

/// Services that are never asked unless a rule names them: they run without a person.
pub const NEVER_ASKED: [&str; 5] = ["cron", "crond", "systemd-user", "runuser", "atd"];

/// The service of logins over the user socket, whatever the program says it is. No push goes out for it unless a rule that
/// names it allows one.
pub const OWN_PROGRAM: &str = "own-program";

/// The merged policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// For logins no rule matches.
    pub require: Set<Require>,
    /// What may answer, where no rule says otherwise.
    pub methods: Set<Vec<Method>>,
    /// Answers one login may give, for callers that can show several prompts.
    pub tries: Set<u8>,
    /// Whether codes are shown while they are typed.
    pub echo: Set<bool>,
    /// Whether a push of a login of this host asks for the number as well; one with a remote host always does.
    pub number: Set<bool>,
    /// Who approves, where `require` is `approved`.
    pub approvers: Option<Set<Approvers>>,
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
    /// Which logins it is for.
    pub matcher: Matcher,
    /// What it asks.
    pub require: Set<Require>,
    /// What may answer, if it says so.
    pub methods: Option<Set<Vec<Method>>>,
    /// Answers one login may give, if it says so.
    pub tries: Option<Set<u8>>,
    /// Whether a push of a login of this host asks for the number, if it says so.
    pub number: Option<Set<bool>>,
    /// Who approves; set where `require` is `approved`, and only there.
    pub approvers: Option<Set<Approvers>>,
}

/// What is asked of a login, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is asked.
    pub require: Set<Require>,
    /// Where more will be required: when.
    pub deadline: Option<Deadline>,
    /// Who must approve besides; set where `require` is `approved`.
    pub approvers: Option<Approvers>,
    /// What may answer.
    pub methods: Vec<Method>,
    /// Answers one login may give.
    pub tries: u8,
    /// Whether codes are shown while they are typed.
    pub echo: bool,
    /// Whether a push of a login of this host asks for the number as well.
    pub number: bool,
    /// The kind of application.
    pub kind: Kind,
    /// Every line that had a say, in the order it was heard; the one that decided is `require.place`.
    pub heard: Vec<Heard>,
}

impl Decision {
    /// Whether this method may answer.
    #[must_use]
    pub fn accepts(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// That a factor will be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Seconds since 1970.
    pub at: u64,
    /// Seconds until then.
    pub left: u64,
}

/// A line that had a say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Where it stands.
    pub place: Place,
    /// What it asks.
    pub require: Require,
    /// From when it asks more, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
}

impl Heard {
    fn of(set: &Set<Require>) -> Self {
        Self { place: set.place.clone(), require: set.value, deadline: None }
    }
}

impl Policy {
    /// What is asked of logins that no rule is for.
    #[must_use]
    pub fn default_require(&self) -> Require {
        self.floor.as_ref().map_or(self.require.value, |floor| self.require.value.max(floor.value))
    }

    /// The strict compiled-in default: everything is required.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            require: Set { value: Require::Required, place: Place::built_in("require") },
            methods: Set { value: ALL_METHODS.to_vec(), place: Place::built_in("methods") },
            tries: Set { value: TRIES, place: Place::built_in("tries") },
            echo: Set { value: false, place: Place::built_in("echo") },
            number: Set { value: true, place: Place::built_in("number") },
            approvers: None,
            issuer: None,
            rules: Vec::new(),
            floor: None,
            services: BTreeMap::new(),
        }
    }

    /// The groups that rules name; without any, none need be looked up.
    pub fn groups_named(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| rule.matcher.groups_named())
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
        let rule = self.first_match(query);
        let mut require = match rule {
            Some(rule) => rule.require.clone(),
            None if NEVER_ASKED.contains(&query.service) => {
                Set { value: Require::Off, place: Place::built_in("services never asked") }
            }
            None => self.require.clone(),
        };
        heard.push(Heard::of(&require));
        // `off` by a rule (or for a service that is never asked) is an exemption of that login; `off`
        // as the default is only where `mfactl require` starts from.
        let exempt = require.value == Require::Off && require.place != self.require.place;
        let mut deadline: Option<u64> = None;
        if !exempt {
            let wall = query.circumstances.wall;
            for Set { value: requirement, place } in requirements.of(query) {
                let set = Set { value: requirement.at(wall), place };
                let to_come = requirement.deadline(wall);
                heard.push(Heard { deadline: to_come, ..Heard::of(&set) });
                deadline = [deadline, to_come].into_iter().flatten().min();
                if set.value > require.value {
                    require = set;
                }
            }
        }
        if let Some(floor) = &self.floor {
            heard.push(Heard::of(floor));
            if floor.value > require.value {
                require = floor.clone();
            }
        }
        let approvers = rule.map_or(self.approvers.as_ref(), |rule| rule.approvers.as_ref());
        let kind = self.kind(query.service);
        let tries = match kind {
            // These ask once and call again themselves.
            Kind::Locker | Kind::Display | Kind::Other => 1,
            Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => {
                rule.and_then(|rule| rule.tries.as_ref()).unwrap_or(&self.tries).value
            }
        };
        Decision {
            deadline: deadline
                .filter(|_| require.value < Require::Required)
                .map(|at| Deadline { at, left: at.saturating_sub(query.circumstances.wall) }),
            approvers: approvers.filter(|_| require.value == Require::Approved).map(|set| set.value.clone()),
            methods: self.methods_of(rule, query.service),
            tries,
            echo: self.echo.value,
            number: rule.and_then(|rule| rule.number.as_ref()).unwrap_or(&self.number).value,
            kind,
            heard,
            require,
        }
    }

    fn methods_of(&self, rule: Option<&Rule>, service: &str) -> Vec<Method> {
        if let Some(set) = rule.and_then(|rule| rule.methods.as_ref()) {
            return set.value.clone();
        }
        let own = service == OWN_PROGRAM;
        self.methods.value.iter().copied().filter(|method| !own || *method != Method::Push).collect()
    }

    /// The first rule that matches, or the strictest of those that might, where something is not known.
    fn first_match(&self, query: &Query<'_>) -> Option<&Rule> {
        let mut undecided: Vec<&Rule> = Vec::new();
        for rule in &self.rules {
            match rule.matcher.fit(query) {
                Fit::No => {}
                Fit::Unknown => undecided.push(rule),
                Fit::Yes => return strictest_rule(&undecided, rule.require.value).or(Some(rule)),
            }
        }
        strictest_rule(&undecided, self.require.value)
    }
}

/// The strictest of rules that might match, where it is stricter than what holds otherwise.
fn strictest_rule<'a>(undecided: &[&'a Rule], otherwise: Require) -> Option<&'a Rule> {
    undecided.iter().copied().max_by_key(|rule| rule.require.value).filter(|worst| worst.require.value > otherwise)
}

#[cfg(test)]
mod tests;
