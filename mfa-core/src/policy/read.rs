//! Reading `mfa.toml` and its drop-ins into one [`Policy`].
//!
//! Keys: a drop-in overrides `/etc/pam_mfa/mfa.toml`, which overrides `/usr/lib/pam_mfa/mfa.toml`, which
//! overrides the compiled-in default. Rules append, first match wins, and the admin's stand before the vendor's:
//! the main file's, then the drop-ins' by name, then the vendor's.

use super::matching::{ANY, Matcher};
use super::networks::From;
use super::settings::{Approvers, MOST_APPROVERS};
use super::times::Hours;
use super::{Policy, Require, Rule, Set, order};
use crate::place::{self, FileError, Place};
use crate::wire::{Kind, Method};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// Most tries a policy may allow in one login.
const MOST_TRIES: u8 = 5;

/// Names that `first_factor` knows: OpenSSH's methods (sshd_config(5), AuthenticationMethods), what the module line and a
/// user's own session show, and that nothing does.
const FIRST_FACTORS: [&str; 8] =
    ["publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "stack", "session", "none"];

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
        if policy.require.value == Require::Approved && policy.approvers.is_none() {
            let why = String::from("\"approved\" needs approvers = { group = \"…\", count = 1 }");
            return Err(FileError { place: policy.require.place, why });
        }
        // The vendor's rules stand last, so that the admin's are heard first.
        let vendor_first = usize::from(self.vendor.is_some());
        let (vendor, admin) = forms.split_at(vendor_first.min(forms.len()));
        for (source, form) in admin.iter().chain(vendor) {
            for entry in &form.rule {
                policy.rules.push(rule(source, entry)?);
            }
        }
        order::check(&policy)?;
        Ok(policy)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    require: Option<Spanned<Require>>,
    methods: Option<Spanned<Vec<Method>>>,
    tries: Option<Spanned<u8>>,
    echo: Option<Spanned<bool>>,
    number: Option<Spanned<bool>>,
    approvers: Option<Spanned<Approvers>>,
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
    methods: Option<Spanned<Vec<Method>>>,
    tries: Option<Spanned<u8>>,
    number: Option<Spanned<bool>>,
    approvers: Option<Spanned<Approvers>>,
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
        if let Some(methods) = &self.methods {
            policy.methods = checked_methods(source, methods)?;
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
        if let Some(approvers) = &self.approvers {
            policy.approvers = Some(checked_approvers(source, approvers)?);
        }
        if let Some(issuer) = &self.issuer {
            let name = issuer.get_ref();
            if name.trim().is_empty() || name.len() > 64 || name.contains(':') || name.chars().any(char::is_control) {
                return Err(at(source, issuer, "expected 1 to 64 characters without a colon"));
            }
            policy.issuer = Some(set(source, issuer));
        }
        if let Some(floor) = &self.floor {
            if *floor.require.get_ref() == Require::Approved {
                return Err(at(source, &floor.require, "a floor is \"optional\" or \"required\""));
            }
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
    let require = set(source, &form.require);
    let approvers = form.approvers.as_ref().map(|approvers| checked_approvers(source, approvers)).transpose()?;
    if let (Some(given), true) = (&form.approvers, require.value != Require::Approved) {
        return Err(at(source, given, "approvers are asked only where require = \"approved\""));
    }
    if approvers.is_none() && require.value == Require::Approved {
        return Err(at(
            source,
            &form.require,
            "\"approved\" needs approvers = { group = \"…\", count = 1 } in the rule",
        ));
    }
    Ok(Rule {
        place: Place::of(&source.file, &source.text, &entry.span()),
        matcher: matcher(source, &form.matches)?,
        require,
        methods: form.methods.as_ref().map(|methods| checked_methods(source, methods)).transpose()?,
        tries: form.tries.as_ref().map(|tries| checked_tries(source, tries)).transpose()?,
        number: form.number.as_ref().map(|number| set(source, number)),
        approvers,
    })
}

fn matcher(source: &Source, form: &MatchForm) -> Result<Matcher, FileError> {
    let list = |names: &List| match names {
        None => Ok(Vec::new()),
        // An empty list would match everybody where its writer meant nobody.
        Some(names) if names.get_ref().iter().any(|name| name.is_empty()) => Err(at(source, names, "an empty name")),
        Some(names) if names.get_ref().is_empty() => Err(at(source, names, "an empty list; leave the key out")),
        Some(names) => Ok(names.get_ref().clone()),
    };
    if let Some(unknown) = form
        .first_factor
        .as_ref()
        .filter(|names| names.get_ref().iter().any(|name| name != ANY && !FIRST_FACTORS.contains(&name.as_str())))
    {
        return Err(at(source, unknown, &format!("expected some of {}", FIRST_FACTORS.join(", "))));
    }
    Ok(Matcher {
        // libpam lower-cases service names.
        service: list(&form.service)?.iter().map(|name| name.to_lowercase()).collect(),
        user: list(&form.user)?,
        group: list(&form.group)?,
        from: parsed(source, &form.from, From::parse)?,
        tty: list(&form.tty)?.iter().map(|name| name.strip_prefix("/dev/").unwrap_or(name).to_owned()).collect(),
        first_factor: list(&form.first_factor)?,
        target: list(&form.target)?,
        time: parsed(source, &form.time, Hours::parse)?,
    })
}

fn parsed<T>(source: &Source, list: &List, parse: fn(&str) -> Result<T, &'static str>) -> Result<Vec<T>, FileError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    if list.get_ref().is_empty() {
        return Err(at(source, list, "an empty list; leave the key out"));
    }
    list.get_ref().iter().map(|entry| parse(entry).map_err(|why| at(source, list, why))).collect()
}

fn checked_methods(source: &Source, methods: &Spanned<Vec<Method>>) -> Result<Set<Vec<Method>>, FileError> {
    let list = methods.get_ref();
    if list.is_empty() {
        return Err(at(source, methods, "an empty list; leave the key out, or set require"));
    }
    if list.contains(&Method::None) {
        return Err(at(source, methods, "expected some of totp, hotp, recovery, push"));
    }
    if *list == [Method::Recovery] {
        return Err(at(source, methods, "recovery codes alone: ten logins, and nobody gets in any more"));
    }
    Ok(set(source, methods))
}

fn checked_approvers(source: &Source, approvers: &Spanned<Approvers>) -> Result<Set<Approvers>, FileError> {
    let value = approvers.get_ref();
    if value.group.is_empty() || value.group == ANY {
        return Err(at(source, approvers, "expected the name of a group"));
    }
    if !(1..=MOST_APPROVERS).contains(&value.count) {
        return Err(at(source, approvers, &format!("expected a count of 1 to {MOST_APPROVERS}")));
    }
    Ok(set(source, approvers))
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
