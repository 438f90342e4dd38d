//! Reading `mfa.toml` and its drop-ins into one [`Policy`].
//!
//! Keys: a drop-in overrides `/etc/pam_mfa/mfa.toml`, which overrides `/usr/lib/pam_mfa/mfa.toml`, which
//! overrides the compiled-in default. Rules append, first match wins, and the admin's stand before the vendor's:
//! the main file's, then the drop-ins' by name, then the vendor's.

use super::{Policy, Require, Rule, Set};
use crate::place::{self, FileError, Place};
use crate::wire::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// Most tries a policy may allow in one login.
const MOST_TRIES: u8 = 5;

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
                policy.rules.push(rule(source, entry)?);
            }
        }
        Ok(policy)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    require: Option<Spanned<Require>>,
    tries: Option<Spanned<u8>>,
    echo: Option<Spanned<bool>>,
    number: Option<Spanned<bool>>,
    issuer: Option<Spanned<String>>,
    #[serde(default)]
    rule: Vec<Spanned<RuleForm>>,
    floor: Option<FloorForm>,
    #[serde(default)]
    service: BTreeMap<String, ServiceForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    #[serde(default, rename = "match")]
    matches: MatchForm,
    require: Spanned<Require>,
    tries: Option<Spanned<u8>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchForm {
    service: Option<Spanned<Vec<String>>>,
    user: Option<Spanned<Vec<String>>>,
    group: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FloorForm {
    require: Spanned<Require>,
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
        if let Some(tries) = &self.tries {
            policy.tries = checked_tries(source, tries)?;
        }
        if let Some(echo) = &self.echo {
            policy.echo = set(source, echo);
        }
        if let Some(number) = &self.number {
            policy.number = set(source, number);
        }
        if let Some(issuer) = &self.issuer {
            let name = issuer.get_ref();
            if name.trim().is_empty() || name.len() > 64 || name.contains(':') || name.chars().any(char::is_control) {
                return Err(at(source, issuer, "expected 1 to 64 characters without a colon"));
            }
            policy.issuer = Some(set(source, issuer));
        }
        if let Some(floor) = &self.floor {
            let floor = set(source, &floor.require);
            // A floor of one layer is not lowered by another.
            if policy.floor.as_ref().is_none_or(|known| floor.value > known.value) {
                policy.floor = Some(floor);
            }
        }
        for (name, service) in &self.service {
            policy.services.insert(name.to_lowercase(), set(source, &service.kind));
        }
        Ok(())
    }
}

fn rule(source: &Source, entry: &Spanned<RuleForm>) -> Result<Rule, FileError> {
    let form = entry.get_ref();
    let list = |names: &Option<Spanned<Vec<String>>>| match names {
        None => Ok(Vec::new()),
        // An empty list would match everybody where its writer meant nobody.
        Some(names) if names.get_ref().is_empty() => Err(at(source, names, "an empty list; leave the key out")),
        Some(names) => Ok(names.get_ref().clone()),
    };
    let (service, user, group) = (list(&form.matches.service)?, list(&form.matches.user)?, list(&form.matches.group)?);
    let require = set(source, &form.require);
    if require.value == Require::Off && service.is_empty() && user.is_empty() && group.is_empty() {
        let why = "an off rule that matches everything; say whom it is for, or set require at the top of the file";
        return Err(at(source, &form.require, why));
    }
    Ok(Rule {
        place: Place::of(&source.file, &source.text, &entry.span()),
        // libpam lower-cases service names.
        service: service.iter().map(|name| name.to_lowercase()).collect(),
        user,
        group,
        require,
        tries: form.tries.as_ref().map(|tries| checked_tries(source, tries)).transpose()?,
    })
}

fn checked_tries(source: &Source, tries: &Spanned<u8>) -> Result<Set<u8>, FileError> {
    if (1..=MOST_TRIES).contains(tries.get_ref()) {
        Ok(set(source, tries))
    } else {
        Err(at(source, tries, "expected 1 to 5"))
    }
}

fn set<T: Clone>(source: &Source, value: &Spanned<T>) -> Set<T> {
    Set { value: value.get_ref().clone(), place: Place::of(&source.file, &source.text, &value.span()) }
}

fn at<T>(source: &Source, value: &Spanned<T>, why: &str) -> FileError {
    FileError::at(&source.file, &source.text, &value.span(), why)
}
