//! `mfactl config`: whether the policy files are in order, and what they come to.
//!
//! Reads the files itself, as mfad does at its next start or SIGHUP; nothing is asked of mfad. A draft is checked wherever it lies.

use super::Failure;
use super::show::{Screen, line};
use crate::config::{Config, ConfigError, MAIN};
use crate::store::Loose;
use clap::Subcommand;
use mfa_core::place::Place;
use mfa_core::policy::{Approvers, Bounds, Floor, HygieneRules, Matcher, Policy, Raise, Rule, Set, Unusual, clock};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

/// What to do with the files.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Command {
    /// Say whether mfad would take the configuration as it is on disk
    ///
    /// With --config FILE that one file is checked, without the drop-ins beside it, by anybody and wherever it lies.
    Check,
    /// Show what all files come to, each value with where it is from
    Cat,
}

/// Does it.
pub(super) fn config(screen: &mut Screen, command: Command, explicit: Option<&Path>) -> Result<(), Failure> {
    let refused = |why: ConfigError| Failure::Refused(why.to_string());
    // A draft is in force nowhere.
    if let (Command::Check, Some(draft)) = (command, explicit) {
        let (config, loose) = Config::draft(draft).map_err(refused)?;
        return check(screen, &config.files(), loose.as_ref());
    }
    let config = Config::read(explicit).map_err(refused)?;
    match command {
        Command::Check => check(screen, &config.files(), None),
        Command::Cat if screen.json => Ok(screen.object(&object(&config.policy))?),
        Command::Cat => Ok(screen.write(&text(&config.policy))?),
    }
}

fn check(screen: &mut Screen, files: &[String], loose: Option<&Loose>) -> Result<(), Failure> {
    if screen.json {
        let mut said = json!({ "ok": true, "files": files });
        if let (Some(loose), Some(said)) = (loose, said.as_object_mut()) {
            said.insert(String::from("not_read_there"), json!(loose.to_string()));
        }
        return Ok(screen.object(&said)?);
    }
    if files.is_empty() {
        screen.say("There is no policy file: the built-in defaults hold, everything is required.")?;
        return Ok(());
    }
    screen.say("In order. Read, the stronger last:")?;
    for file in files {
        screen.say(&format!("  {}", line(file)))?;
    }
    if let Some(loose) = loose {
        let install = format!("Install it as root: install -m 0644 FILE {MAIN}");
        screen.say(&format!("mfad would not read it there: {}. {install}", line(&loose.to_string())))?;
    }
    Ok(())
}

/// TOML that means the same, each line with its origin.
fn text(policy: &Policy) -> String {
    let mut lines = Lines::default();
    if let Some(preset) = &policy.preset {
        lines.set("preset", preset);
    }
    lines.set("require", &policy.require);
    if let Some(approvers) = &policy.approvers {
        lines.approvers(approvers);
    }
    lines.set("methods", &policy.methods);
    lines.set("tries", &policy.tries);
    lines.set("echo", &policy.echo);
    lines.set("number", &policy.number);
    lines.span("remember", &policy.remember);
    lines.set("enrol", &policy.enrol);
    if let Some(deadline) = &policy.deadline {
        lines.span("deadline", deadline);
    }
    if let Some(issuer) = &policy.issuer {
        lines.set("issuer", issuer);
    }
    for rule in &policy.rules {
        lines.rule(rule);
    }
    for raise in &policy.raises {
        lines.raise(raise);
    }
    if let Some(floor) = &policy.floor {
        lines.floor(floor);
    }
    lines.0.push(String::from("\n[limits]"));
    lines.set("wait_after", &policy.wait_after);
    lines.set("disable_after", &policy.disable_after);
    lines.0.push(String::from("\n[bypass]"));
    lines.span("max", &policy.bypass.max);
    lines.set("consent", &policy.bypass.consent);
    if let Some(hygiene) = &policy.hygiene {
        lines.hygiene(hygiene);
    }
    if let Some(countries) = &policy.countries {
        lines.0.push(String::from("\n[geo]"));
        lines.set("database", countries);
    }
    for (name, kind) in &policy.services {
        lines.0.push(format!("\n[service.{}]", quoted(name)));
        lines.set("kind", kind);
    }
    lines.0.join("\n") + "\n"
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn set<T: Serialize>(&mut self, key: &str, set: &Set<T>) {
        self.line(&format!("{key} = {}", quoted(&set.value)), &set.place);
    }

    fn line(&mut self, text: &str, place: &Place) {
        self.0.push(format!("{text:<40} # {}", origin(place)));
    }

    /// A span of seconds, which is text there.
    fn span(&mut self, key: &str, set: &Set<u64>) {
        self.in_units(key, set, &[('h', 3600), ('m', 60), ('s', 1)]);
    }

    /// The same of what takes days.
    fn days(&mut self, key: &str, set: &Set<u64>) {
        self.in_units(key, set, &[('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)]);
    }

    /// In the largest unit that leaves no rest, as people write it.
    fn in_units(&mut self, key: &str, set: &Set<u64>, units: &[(char, u64)]) {
        let unit = units.iter().find(|(_, size)| set.value.is_multiple_of(*size)).filter(|_| set.value > 0);
        let span = unit.map_or_else(|| set.value.to_string(), |(unit, size)| format!("{}{unit}", set.value / size));
        self.line(&format!("{key} = \"{span}\""), &set.place);
    }

    fn hygiene(&mut self, rules: &HygieneRules) {
        self.0.push(String::from("\n[hygiene]"));
        self.line(&format!("at = \"{}\"", clock(rules.at.value)), &rules.at.place);
        self.days("suspend_unused", &rules.suspend_unused);
        self.days("renew_after", &rules.renew_after);
        if let Some(overlap) = &rules.overlap {
            self.days("overlap", overlap);
        }
        self.days("drop_pending", &rules.drop_pending);
    }

    fn rule(&mut self, rule: &Rule) {
        self.0.push(String::new());
        self.line("[[rule]]", &rule.place);
        let conditions = conditions(&rule.matcher);
        if !conditions.is_empty() {
            self.0.push(format!("match = {{ {} }}", conditions.join(", ")));
        }
        self.set("require", &rule.require);
        if let Some(approvers) = &rule.approvers {
            self.approvers(approvers);
        }
        if let Some(methods) = &rule.methods {
            self.set("methods", methods);
        }
        if let Some(tries) = &rule.tries {
            self.set("tries", tries);
        }
        if let Some(number) = &rule.number {
            self.set("number", number);
        }
        if let Some(remember) = &rule.remember {
            self.span("remember", remember);
        }
        if let Some(enrol) = &rule.enrol {
            self.set("enrol", enrol);
        }
        if let Some(deadline) = &rule.deadline {
            self.span("deadline", deadline);
        }
    }

    fn raise(&mut self, raise: &Raise) {
        self.0.push(String::new());
        self.line("[[raise]]", &raise.place);
        let mut when = conditions(&raise.matcher);
        let Unusual { failures, denied, outside } = &raise.unusual;
        when.extend((*failures > 0).then(|| format!("failures = {failures}")));
        when.extend(denied.then(|| String::from("denied = true")));
        when.extend((!outside.is_empty()).then(|| format!("outside = {}", quoted(outside))));
        self.0.push(format!("when = {{ {} }}", when.join(", ")));
        self.set("demand", &raise.demand);
    }

    fn floor(&mut self, floor: &Floor) {
        self.0.push(String::from("\n[floor]"));
        self.set("require", &floor.require);
        if let Some(approvers) = &floor.approvers {
            self.approvers(approvers);
        }
        if let Some(Bounds { methods, tries, number, remember, enrol, deadline }) = &floor.bounds {
            self.set("methods", methods);
            self.set("tries", tries);
            self.set("number", number);
            self.span("remember", remember);
            self.set("enrol", enrol);
            self.span("deadline", deadline);
        }
    }

    fn approvers(&mut self, set: &Set<Approvers>) {
        let Approvers { group, count } = &set.value;
        self.line(&format!("approvers = {{ group = {}, count = {count} }}", quoted(group)), &set.place);
    }
}

fn conditions(matcher: &Matcher) -> Vec<String> {
    let lists = matcher.lists().into_iter().map(|(key, names)| format!("{key} = {}", quoted(&names)));
    lists.chain(matcher.new_source.then(|| String::from("new_source = true"))).collect()
}

/// A value as TOML writes it: JSON's strings, numbers and lists are TOML's too.
fn quoted<T: Serialize>(value: &T) -> String {
    super::show::json(value).map(|text| text.to_string()).unwrap_or_default()
}

fn origin(place: &Place) -> String {
    // The key stands on the line already.
    line(&if place.line > 0 { format!("{}:{}", place.file, place.line) } else { place.file.clone() })
}

fn object(policy: &Policy) -> Value {
    let rules: Vec<Value> = policy
        .rules
        .iter()
        .map(|rule| {
            json!({
                "match": matched(&rule.matcher),
                "require": from(&rule.require),
                "approvers": rule.approvers.as_ref().map(from),
                "methods": rule.methods.as_ref().map(from),
                "tries": rule.tries.as_ref().map(from),
                "number": rule.number.as_ref().map(from),
                "remember": rule.remember.as_ref().map(from),
                "enrol": rule.enrol.as_ref().map(from),
                "deadline": rule.deadline.as_ref().map(from),
                "origin": origin(&rule.place),
            })
        })
        .collect();
    let raises: Vec<Value> = policy
        .raises
        .iter()
        .map(|raise| {
            let mut when = matched(&raise.matcher);
            let Unusual { failures, denied, outside } = &raise.unusual;
            for (key, value, set) in [
                ("failures", json!(failures), *failures > 0),
                ("denied", json!(denied), *denied),
                ("outside", json!(outside), !outside.is_empty()),
            ] {
                if set {
                    when.insert(key.to_owned(), value);
                }
            }
            json!({ "when": when, "demand": from(&raise.demand), "origin": origin(&raise.place) })
        })
        .collect();
    let services: serde_json::Map<String, Value> =
        policy.services.iter().map(|(name, kind)| (name.clone(), json!({ "kind": from(kind) }))).collect();
    json!({
        "require": from(&policy.require),
        "approvers": policy.approvers.as_ref().map(from),
        "methods": from(&policy.methods),
        "tries": from(&policy.tries),
        "echo": from(&policy.echo),
        "number": from(&policy.number),
        "remember": from(&policy.remember),
        "enrol": from(&policy.enrol),
        "deadline": policy.deadline.as_ref().map(from),
        "preset": policy.preset.as_ref().map(from),
        "limits": { "wait_after": from(&policy.wait_after), "disable_after": from(&policy.disable_after) },
        "geo": policy.countries.as_ref().map(|database| json!({ "database": from(database) })),
        "bypass": { "max": from(&policy.bypass.max), "consent": from(&policy.bypass.consent) },
        "hygiene": policy.hygiene.as_ref().map(|rules| json!({
            "at": { "value": clock(rules.at.value), "origin": origin(&rules.at.place) },
            "suspend_unused": from(&rules.suspend_unused),
            "renew_after": from(&rules.renew_after),
            "overlap": rules.overlap.as_ref().map(from),
            "drop_pending": from(&rules.drop_pending),
        })),
        "raise": raises,
        "issuer": policy.issuer.as_ref().map(from),
        "rule": rules,
        "floor": policy.floor.as_ref().map(floored),
        "service": services,
    })
}

fn matched(matcher: &Matcher) -> serde_json::Map<String, Value> {
    let lists = matcher.lists().into_iter().map(|(key, names)| (key.to_owned(), json!(names)));
    lists.chain(matcher.new_source.then(|| (String::from("new_source"), json!(true)))).collect()
}

fn floored(floor: &Floor) -> Value {
    let bounds = floor.bounds.as_ref();
    json!({
        "require": from(&floor.require),
        "approvers": floor.approvers.as_ref().map(from),
        "methods": bounds.map(|bounds| from(&bounds.methods)),
        "tries": bounds.map(|bounds| from(&bounds.tries)),
        "number": bounds.map(|bounds| from(&bounds.number)),
        "remember": bounds.map(|bounds| from(&bounds.remember)),
        "enrol": bounds.map(|bounds| from(&bounds.enrol)),
        "deadline": bounds.map(|bounds| from(&bounds.deadline)),
    })
}

fn from<T: Serialize>(set: &Set<T>) -> Value {
    json!({ "value": set.value, "origin": origin(&set.place) })
}

#[cfg(test)]
mod tests;
