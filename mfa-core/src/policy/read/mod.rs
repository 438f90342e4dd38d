//! Reading `mfa.toml` and its drop-ins into one [`Policy`].
//!
//! Keys: a drop-in overrides `/etc/pam_mfa/mfa.toml`, which overrides `/usr/lib/pam_mfa/mfa.toml`, which
//! overrides the compiled-in default. Rules append, first match wins, and the admin's stand before the vendor's:
//! the main file's, then the drop-ins' by name, then the vendor's.

mod care;
mod checked;
mod floor;
mod rule;
mod table;

pub use rule::{FIRST_FACTORS, no_first_factor};

use super::presets::Preset;
use super::raise::Demand;
use super::settings::{Approvers, Way};
use super::{Policy, Require, Set, order, presets};
use crate::limits::{DISABLE_AT, FREE_FAILURES};
use crate::place::{self, FileError, Place};
use crate::wire::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use table::Table;
use toml::Spanned;

/// One file of policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// The files of policy, by their place in the order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layers {
    /// `/usr/lib/pam_mfa/mfa.toml`
    pub vendor: Option<Source>,
    /// `/etc/pam_mfa/mfa.toml`, or the file of `--config`
    pub main: Option<Source>,
    /// `mfa.toml.d/*.toml` of both folders, sorted by name, one of each name
    pub drop_ins: Vec<Source>,
}

impl Layers {
    /// Merges the layers over the compiled-in default.
    ///
    /// # Errors
    /// The first thing that is wrong in any of them, with file, line and key.
    pub fn merge(&self) -> Result<Policy, FileError> {
        let mut policy = Policy::built_in();
        let by_strength = self.vendor.iter().chain(&self.main).chain(&self.drop_ins);
        let mut forms = Vec::new();
        for source in by_strength {
            let form: Form = place::read(&source.file, &source.text)?;
            form.apply(source, &mut policy)?;
            forms.push((source, form));
        }
        // The vendor's rules stand last, so that the admin's are heard first.
        let vendor_first = usize::from(self.vendor.is_some());
        let (vendor, admin) = forms.split_at(vendor_first.min(forms.len()));
        for (source, form) in admin.iter().chain(vendor) {
            for entry in &form.rule {
                policy.rules.push(rule::rule(source, entry)?);
            }
            for entry in &form.raise {
                policy.raises.push(rule::raise(source, entry)?);
            }
        }
        if let (Some(raise), None) =
            (policy.raises.iter().find(|raise| !raise.unusual.outside.is_empty()), &policy.countries)
        {
            let why = String::from("outside needs a country database: [geo] database = \"/…/GeoLite2-Country.mmdb\"");
            return Err(FileError { place: raise.place.clone(), why });
        }
        order::check(&policy)?;
        super::floor::check(&policy)?;
        presets::check(&policy)?;
        Ok(policy)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    require: Option<Spanned<Require>>,
    methods: Option<Spanned<Vec<checked::Askable>>>,
    tries: Option<Spanned<u8>>,
    echo: Option<Spanned<bool>>,
    number: Option<Spanned<bool>>,
    approvers: Option<Spanned<Approvers>>,
    remember: Option<Spanned<String>>,
    enrol: Option<Spanned<Vec<Way>>>,
    deadline: Option<Spanned<String>>,
    issuer: Option<Spanned<String>>,
    preset: Option<Spanned<Preset>>,
    limits: Option<Table<LimitsForm>>,
    geo: Option<Table<GeoForm>>,
    bypass: Option<Table<care::BypassForm>>,
    hygiene: Option<Table<care::HygieneForm>>,
    #[serde(default)]
    rule: Vec<Spanned<RuleForm>>,
    #[serde(default)]
    raise: Vec<Spanned<RaiseForm>>,
    floor: Option<Table<floor::FloorForm>>,
    #[serde(default)]
    service: BTreeMap<String, Table<ServiceForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    #[serde(default, rename = "match")]
    matches: Table<MatchForm>,
    require: Spanned<Require>,
    methods: Option<Spanned<Vec<checked::Askable>>>,
    tries: Option<Spanned<u8>>,
    number: Option<Spanned<bool>>,
    approvers: Option<Spanned<Approvers>>,
    remember: Option<Spanned<String>>,
    enrol: Option<Spanned<Vec<Way>>>,
    deadline: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaiseForm {
    when: Spanned<Table<WhenForm>>,
    demand: Spanned<Vec<Demand>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsForm {
    wait_after: Spanned<u32>,
    disable_after: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GeoForm {
    database: Spanned<String>,
}

type List = Option<Spanned<Vec<String>>>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchForm {
    service: List,
    user: List,
    group: List,
    from: List,
    tty: List,
    first_factor: List,
    target: List,
    time: List,
    new_source: Option<Spanned<bool>>,
}

/// The keys of a `match`, and the signs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenForm {
    service: List,
    user: List,
    group: List,
    from: List,
    tty: List,
    first_factor: List,
    target: List,
    time: List,
    new_source: Option<Spanned<bool>>,
    #[serde(default)]
    failures: u8,
    #[serde(default)]
    denied: bool,
    outside: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceForm {
    kind: Spanned<Kind>,
}

impl Form {
    fn apply(&self, source: &Source, policy: &mut Policy) -> Result<(), FileError> {
        if let Some(require) = &self.require {
            policy.require = set(source, require);
        }
        if let Some(methods) = &self.methods {
            policy.methods = checked::methods(source, methods)?;
        }
        if let Some(tries) = &self.tries {
            policy.tries = checked::tries(source, tries)?;
        }
        if let Some(echo) = &self.echo {
            policy.echo = set(source, echo);
        }
        if let Some(number) = &self.number {
            policy.number = set(source, number);
        }
        if let Some(approvers) = &self.approvers {
            policy.approvers = Some(checked::approvers(source, approvers)?);
        }
        checked::approved(source, self.require.as_ref(), self.approvers.as_ref())?;
        if let Some(remember) = &self.remember {
            policy.remember = checked::remember(source, remember)?;
        }
        if let Some(enrol) = &self.enrol {
            policy.enrol = set(source, enrol);
        }
        if let Some(deadline) = &self.deadline {
            policy.deadline = Some(checked::deadline(source, deadline)?);
        }
        if let Some(preset) = &self.preset {
            policy.preset = Some(set(source, preset));
        }
        if let Some(limits) = &self.limits {
            policy.wait_after = checked::between(source, &limits.wait_after, 1..=FREE_FAILURES)?;
            policy.disable_after = checked::between(source, &limits.disable_after, FREE_FAILURES..=DISABLE_AT)?;
        }
        if let Some(geo) = &self.geo {
            policy.countries = Some(checked::path(source, &geo.database)?);
        }
        if let Some(bypass) = &self.bypass {
            policy.bypass = care::bypass(source, bypass)?;
        }
        if let Some(hygiene) = &self.hygiene {
            policy.hygiene = Some(care::hygiene(source, hygiene)?);
        }
        if let Some(issuer) = &self.issuer {
            let name = issuer.get_ref();
            if name.trim().is_empty() || name.len() > 64 || name.contains(':') || name.chars().any(char::is_control) {
                return Err(at(source, issuer, "expected 1 to 64 characters without a colon"));
            }
            policy.issuer = Some(set(source, issuer));
        }
        if let Some(floor) = &self.floor {
            let floor = floor::floor(source, floor)?;
            // A floor of one layer is not lowered by another.
            policy.floor = Some(match policy.floor.take() {
                Some(known) => known.and(floor)?,
                None => floor,
            });
        }
        for (name, service) in &self.service {
            policy.services.insert(name.to_lowercase(), set(source, &service.kind));
        }
        Ok(())
    }
}

fn set<T: Clone>(source: &Source, value: &Spanned<T>) -> Set<T> {
    Set { value: value.get_ref().clone(), place: Place::of(&source.file, &source.text, &value.span()) }
}

fn at<T>(source: &Source, value: &Spanned<T>, why: &str) -> FileError {
    FileError::at(&source.file, &source.text, &value.span(), why)
}
