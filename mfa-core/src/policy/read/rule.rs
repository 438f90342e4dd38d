//! `[[rule]]` and `[[raise]]`: what they look at and what they ask.

use super::super::matching::{ANY, Matcher};
use super::super::networks::From;
use super::super::raise::{Raise, Unusual};
use super::super::times::Hours;
use super::super::{Require, Rule};
use super::{List, MatchForm, RaiseForm, RuleForm, Source, at, checked, set};
use crate::near;
use crate::place::{FileError, Place};
use crate::state::FAILURES_KEPT;
use toml::Spanned;

/// Most failures a raise can wait for: as many are remembered.
const MOST_FAILURES: u8 = FAILURES_KEPT as u8;

/// Names that `first_factor` knows: OpenSSH's methods (sshd_config(5), AuthenticationMethods), what the module line and a
/// user's own session show, and that nothing does.
pub const FIRST_FACTORS: [&str; 8] =
    ["publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "stack", "session", "none"];

/// Why this is none of them.
#[must_use]
pub fn no_first_factor(name: &str) -> String {
    format!("expected some of {}{}", FIRST_FACTORS.join(", "), near::meant(name, FIRST_FACTORS))
}

pub(super) fn rule(source: &Source, entry: &Spanned<RuleForm>) -> Result<Rule, FileError> {
    let form = entry.get_ref();
    let require = set(source, &form.require);
    let approvers = form.approvers.as_ref().map(|approvers| checked::approvers(source, approvers)).transpose()?;
    checked::approved(source, Some(&form.require), form.approvers.as_ref())?;
    if let (Some(remember), Require::Approved) = (&form.remember, require.value) {
        return Err(at(source, remember, "where others approve, nothing is remembered"));
    }
    Ok(Rule {
        place: Place::of(&source.file, &source.text, &entry.span()),
        matcher: matcher(source, &form.matches)?,
        require,
        methods: form.methods.as_ref().map(|methods| checked::methods(source, methods)).transpose()?,
        tries: form.tries.as_ref().map(|tries| checked::tries(source, tries)).transpose()?,
        number: form.number.as_ref().map(|number| set(source, number)),
        approvers,
        remember: form.remember.as_ref().map(|span| checked::remember(source, span)).transpose()?,
        enrol: form.enrol.as_ref().map(|ways| set(source, ways)),
        deadline: form.deadline.as_ref().map(|span| checked::deadline(source, span)).transpose()?,
    })
}

/// One `[[raise]]`.
pub(super) fn raise(source: &Source, entry: &Spanned<RaiseForm>) -> Result<Raise, FileError> {
    let form = entry.get_ref();
    let when = form.when.get_ref();
    if form.demand.get_ref().is_empty() {
        return Err(at(
            source,
            &form.demand,
            "an empty list; say what is asked then: required, number, fresh, push, refuse",
        ));
    }
    let lists = MatchForm {
        service: when.service.clone(),
        user: when.user.clone(),
        group: when.group.clone(),
        from: when.from.clone(),
        tty: when.tty.clone(),
        first_factor: when.first_factor.clone(),
        target: when.target.clone(),
        time: when.time.clone(),
        new_source: when.new_source.clone(),
    };
    if when.failures > MOST_FAILURES {
        return Err(at(source, &form.when, &format!("failures: expected 1 to {MOST_FAILURES}")));
    }
    Ok(Raise {
        place: Place::of(&source.file, &source.text, &entry.span()),
        matcher: matcher(source, &lists)?,
        unusual: Unusual { failures: when.failures, denied: when.denied, outside: countries(source, &when.outside)? },
        demand: set(source, &form.demand),
    })
}

fn countries(source: &Source, list: &List) -> Result<Vec<String>, FileError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let is_country = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic());
    if list.get_ref().is_empty() || !list.get_ref().iter().all(is_country) {
        return Err(at(source, list, "expected countries by two letters (ISO 3166-1): [\"DE\", \"FR\"]"));
    }
    Ok(list.get_ref().iter().map(|code| code.to_ascii_uppercase()).collect())
}

fn matcher(source: &Source, form: &MatchForm) -> Result<Matcher, FileError> {
    let list = |names: &List| match names {
        None => Ok(Vec::new()),
        // An empty list would match everybody where its writer meant nobody.
        Some(names) if names.get_ref().iter().any(|name| name.is_empty()) => Err(at(source, names, "an empty name")),
        Some(names) if names.get_ref().is_empty() => Err(at(source, names, "an empty list; leave the key out")),
        Some(names) => Ok(names.get_ref().clone()),
    };
    let is_known = |name: &str| name == ANY || FIRST_FACTORS.contains(&name);
    if let Some(names) = &form.first_factor
        && let Some(unknown) = names.get_ref().iter().find(|name| !is_known(name))
    {
        return Err(at(source, names, &no_first_factor(unknown)));
    }
    if let Some(known) = form.new_source.as_ref().filter(|new| !*new.get_ref()) {
        return Err(at(source, known, "new_source = true, or leave it out: nothing is easier from a known network"));
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
        new_source: form.new_source.is_some(),
    })
}

fn parsed<T>(source: &Source, list: &List, parse: fn(&str) -> Result<T, &'static str>) -> Result<Vec<T>, FileError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    if list.get_ref().is_empty() {
        return Err(at(source, list, "an empty list; leave the key out"));
    }
    list.get_ref().iter().map(|entry| parse(entry).map_err(|why| at(source, list, why))).collect()
}
