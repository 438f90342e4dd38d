//! Which login must show what, and which line of which file says so.
//!
//! `mfad` asks [`Policy::decide`] at every login and `mfactl explain` shows its reasons. Reading the files is in `read`, what a
//! rule looks at in `matching`, what it asks in `settings`. What must never happen: a value that is missing, unknown or could
//! not be looked up making a login easier.

mod asks;
mod care;
mod floor;
mod matching;
mod networks;
mod order;
mod presets;
mod raise;
mod read;
mod requirements;
mod settings;
mod standing;
mod times;

pub use care::{BypassRules, HygieneRules, clock};
pub use floor::{Bounds, Floor, Held};
pub use matching::{Circumstances, Groups, Matcher, Own, Query, Target, is_remote};
pub use presets::Preset;
pub use raise::{Demand, Raise, Signals, Unusual};
pub use read::{FIRST_FACTORS, Layers, Source, no_first_factor};
pub use requirements::{FILE as REQUIREMENTS_FILE, Requirement, Requirements};
pub use settings::{ALL_METHODS, Approvers, Require, TRIES, Way};
pub use times::LocalTime;

use crate::limits::{DISABLE_AT, FREE_FAILURES, Lockout};
use crate::place::Place;
use crate::wire::{Kind, Method};
use asks::Asks;
use matching::Fit;
use requirements::strictest;
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
    /// Seconds for which a login with a second factor is remembered; 0: none is.
    pub remember: Set<u64>,
    /// What may be enrolled in the login itself, after the first factor.
    pub enrol: Set<Vec<Way>>,
    /// Seconds a person has for a whole login, where that is less than the application gives.
    pub deadline: Option<Set<u64>>,
    /// The name shown in authenticator apps; the host name when not set.
    pub issuer: Option<Set<String>>,
    /// The rules of others by which this policy is measured.
    pub preset: Option<Set<Preset>>,
    /// The failure that starts the first delay.
    pub wait_after: Set<u32>,
    /// Failures with evidence that disable a factor.
    pub disable_after: Set<u32>,
    /// A country database in MaxMind's format.
    pub countries: Option<Set<String>>,
    /// How far an administrator may stand in for a user's second factor.
    pub bypass: BypassRules,
    /// What becomes of factors nobody uses or renews; `None`: nothing.
    pub hygiene: Option<HygieneRules>,
    /// In order; the first that matches decides.
    pub rules: Vec<Rule>,
    /// All that fit raise what was decided.
    pub raises: Vec<Raise>,
    /// What no rule can go below.
    pub floor: Option<Floor>,
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
    /// Seconds for which its logins are remembered, if it says so.
    pub remember: Option<Set<u64>>,
    /// What may be enrolled in the login itself, if it says so.
    pub enrol: Option<Set<Vec<Way>>>,
    /// Seconds a person has, if it says so.
    pub deadline: Option<Set<u64>>,
}

/// What is asked of a login, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is asked.
    pub require: Set<Require>,
    /// Where more will be required: when.
    pub from: Option<Deadline>,
    /// Nothing lets this login in; the line that says so.
    pub refused: Option<Place>,
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
    /// Seconds for which it is remembered; 0: it is not.
    pub remember: u64,
    /// What may be enrolled in it, after the first factor.
    pub enrol: Vec<Way>,
    /// Seconds a person has, where that is less than the application gives.
    pub time: Option<u64>,
    /// The kind of application.
    pub kind: Kind,
    /// Every line that had a say, in the order it was heard; the one that decided is `require.place`.
    pub heard: Vec<Heard>,
    /// The lines of the floor that decided anything else.
    pub floor: Vec<Held>,
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
        self.floor.as_ref().map_or(self.require.value, |floor| self.require.value.max(floor.require.value))
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
            remember: Set { value: 0, place: Place::built_in("remember") },
            enrol: Set { value: Vec::new(), place: Place::built_in("enrol") },
            deadline: None,
            issuer: None,
            preset: None,
            wait_after: Set { value: FREE_FAILURES, place: Place::built_in("limits.wait_after") },
            disable_after: Set { value: DISABLE_AT, place: Place::built_in("limits.disable_after") },
            countries: None,
            bypass: BypassRules::built_in(),
            hygiene: None,
            rules: Vec::new(),
            raises: Vec::new(),
            floor: None,
            services: BTreeMap::new(),
        }
    }

    /// The groups that rules name; without any, none need be looked up.
    pub fn groups_named(&self) -> impl Iterator<Item = &str> {
        let raises = self.raises.iter().map(|raise| &raise.matcher);
        self.rules.iter().map(|rule| &rule.matcher).chain(raises).flat_map(Matcher::groups_named)
    }

    /// When failures make an attempt wait and disable a factor.
    #[must_use]
    pub fn lockout(&self) -> Lockout {
        let preset = self.preset.as_ref().map_or_else(Lockout::default, |set| set.value.lockout());
        Lockout { free: self.wait_after.value, disable_at: self.disable_after.value, ..preset }
    }

    /// Whether a user's state must be read before anything is asked: a rule wants to know of signs in it.
    #[must_use]
    pub fn looks_at_state(&self) -> bool {
        self.raises.iter().any(Raise::looks_at_state) || self.rules.iter().any(|rule| rule.matcher.new_source)
    }

    /// Whether it matters whom su or sudo is to make of a user.
    #[must_use]
    pub fn looks_at_targets(&self) -> bool {
        self.rules.iter().any(|rule| rule.matcher.names_targets())
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
            // The second is what polkit runs beside the first, for what takes no answer.
            "polkit-1" | "polkit-1-biometric" => Kind::Polkit,
            "swaylock" | "hyprlock" | "kde" | "xscreensaver" | "i3lock" => Kind::Locker,
            _ => Kind::Other,
        }
    }

    /// What is asked of a login.
    #[must_use]
    pub fn decide(&self, requirements: &Requirements, query: &Query<'_>) -> Decision {
        let bounds = self.floor.as_ref().and_then(|floor| floor.bounds.as_ref());
        let asks = self.asks_of(query, bounds);
        let mut require = asks.require.clone();
        let mut heard = vec![Heard::of(&require)];
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
            heard.push(Heard::of(&floor.require));
            if floor.require.value > require.value {
                require = floor.require.clone();
            }
        }
        let is_approved = require.value == Require::Approved;
        let kind = self.kind(query.service);
        let fitted = |mut asks: Asks| {
            match kind {
                // These ask once and call again themselves.
                Kind::Locker | Kind::Display | Kind::Other => asks.tries = 1,
                Kind::Sshd | Kind::Sudo | Kind::Su | Kind::Login | Kind::Polkit => {}
            }
            // Who must be approved is asked each time.
            if is_approved {
                asks.remember = 0;
            }
            asks
        };
        let asks = fitted(asks);
        let mut floor =
            bounds.map_or_else(Vec::new, |bounds| bounds.deciding(&fitted(self.asks_of(query, None)), &asks));
        let ruled = asks.approvers.filter(|_| is_approved);
        let approvers = match self.floor.as_ref().filter(|_| is_approved) {
            None => ruled,
            Some(least) => {
                let both = least.approvers(ruled.clone());
                floor.extend(least.approvers.as_ref().filter(|_| both != ruled).map(Held::of_approvers));
                both
            }
        };
        let mut decision = Decision {
            from: deadline
                .filter(|_| require.value < Require::Required)
                .map(|at| Deadline { at, left: at.saturating_sub(query.circumstances.wall) }),
            refused: None,
            approvers,
            methods: asks.methods,
            tries: asks.tries,
            echo: self.echo.value,
            number: asks.number,
            remember: asks.remember,
            enrol: asks.enrol,
            time: asks.time,
            kind,
            heard,
            floor,
            require,
        };
        raise::apply(&self.raises, query, &mut decision);
        decision
    }

    /// What the first rule that matches asks, or the top of the files; where something is not known, made as strict as those that
    /// might match before, and without a first factor as short as anybody's.
    fn asks_of(&self, query: &Query<'_>, bounds: Option<&Bounds>) -> Asks {
        let mut undecided: Vec<&Rule> = Vec::new();
        let mut decided = None;
        for rule in &self.rules {
            match rule.matcher.fit(query) {
                Fit::No => {}
                Fit::Unknown => undecided.push(rule),
                Fit::Yes => {
                    decided = Some(rule);
                    break;
                }
            }
        }
        let of = |rule| Asks::by(rule, self, query.service, bounds);
        let first = undecided.first().map(|rule| of(Some(*rule)).methods);
        let mut asks = undecided.into_iter().fold(of(decided), |asks, rule| asks.or_maybe(of(Some(rule))));
        // Where nothing would be left nobody could log in for a name service's trouble: the first that may be the rule says by what.
        if let Some(methods) = first.filter(|_| asks.methods.is_empty()) {
            asks.methods = methods;
        }
        asks.like_anybodys(self, query, bounds)
    }
}

#[cfg(test)]
mod tests;
