//! `mfactl config`: whether the policy files are in order, and what they come to.
//!
//! Reads the files itself, as mfad does at its next start or SIGHUP; nothing is asked of mfad.

use super::Failure;
use super::show::{Screen, line};
use crate::config::Config;
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
    Check,
    /// Show what all files come to, each value with where it is from
    Cat,
}

/// Does it.
pub(super) fn config(screen: &mut Screen, command: Command, explicit: Option<&Path>) -> Result<(), Failure> {
    let config = Config::read(explicit).map_err(|why| Failure::Refused(why.to_string()))?;
    match command {
        Command::Check => check(screen, &config.files()),
        Command::Cat if screen.json => Ok(screen.object(&object(&config.policy))?),
        Command::Cat => Ok(screen.write(&text(&config.policy))?),
    }
}

fn check(screen: &mut Screen, files: &[String]) -> Result<(), Failure> {
    if screen.json {
        return Ok(screen.object(&json!({ "ok": true, "files": files }))?);
    }
    if files.is_empty() {
        screen.say("There is no policy file: the built-in defaults hold, everything is required.")?;
        return Ok(());
    }
    screen.say("In order. Read, the stronger last:")?;
    for file in files {
        screen.say(&format!("  {}", line(file)))?;
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
mod tests {
    use super::*;
    use mfa_core::policy::{Layers, Source};

    fn policy(text: &str) -> Policy {
        let main = Some(Source { file: String::from("f.toml"), text: text.to_owned() });
        Layers { main, ..Layers::default() }.merge().unwrap()
    }

    #[test]
    fn every_key_survives_being_shown() {
        let read = policy(
            r#"
require = "approved"
approvers = { group = "o\"ps", count = 2 }
methods = ["push", "totp"]
number = false
echo = true
tries = 1
remember = "1h"
enrol = ["app"]
deadline = "1m"
issuer = "Ex"
[limits]
wait_after = 2
disable_after = 9
[[rule]]
match = { service = ["sudo"], group = ["*"], from = ["10.0.0.0/8", "local"] }
require = "off"
remember = "8h"
enrol = ["token", "app"]
[[rule]]
match = { tty = ["tty*"], first_factor = ["password"], target = ["root"], time = ["Mon-Fri 08:00-18:00"], new_source = true }
require = "approved"
approvers = { group = "o\"ps", count = 2 }
methods = ["totp"]
deadline = "20s"
[geo]
database = "/x.mmdb"
[bypass]
max = "4h"
consent = true
[hygiene]
at = "03:05"
suspend_unused = "0"
renew_after = "365d"
overlap = "14d"
drop_pending = "7d"
[[raise]]
when = { user = ["a"], new_source = true, failures = 3, denied = true, outside = ["DE"] }
demand = ["required", "refuse"]
[floor]
require = "approved"
approvers = { group = "o\"ps", count = 1 }
methods = ["push", "totp"]
tries = 2
number = true
remember = "30m"
enrol = ["app"]
deadline = "45s"
[service.x]
kind = "sudo"
"#,
        );
        for line in
            ["max = \"4h\"", "remember = \"8h\"", "deadline = \"1m\"", "deadline = \"20s\"", "drop_pending = \"7d\""]
        {
            assert!(text(&read).contains(line), "{line}: {}", text(&read));
        }
        let again = policy(&text(&read));
        let shown = |policy: &Policy| {
            let mut value = object(policy);
            strip(&mut value);
            value
        };
        assert_eq!(shown(&again), shown(&read));
    }

    /// Takes the origins out, which are other lines.
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("origin");
                map.values_mut().for_each(strip);
            }
            Value::Array(all) => all.iter_mut().for_each(strip),
            _ => {}
        }
    }

    #[test]
    fn what_cat_shows_means_the_same_and_names_its_origins() {
        let read = policy(
            "require = \"optional\"\nissuer = \"Ex \\\"ample\"\n\n[[rule]]\nmatch = { service = [\"sshd\"], group = [\"ops\"] }\n\
             require = \"required\"\ntries = 2\n[floor]\nrequire = \"off\"\n[service.\"my-app\"]\nkind = \"login\"\n",
        );
        let shown = text(&read);
        assert!(shown.starts_with("require = \"optional\""), "{shown}");
        for origin in ["# f.toml:1\n", "# built-in default\n", "# f.toml:4\n", "# f.toml:9\n", "# f.toml:11\n"] {
            assert!(shown.contains(origin), "{origin:?} in {shown}");
        }
        let again = policy(&shown);
        assert_eq!(again.require.value, read.require.value);
        assert_eq!(again.issuer.unwrap().value, "Ex \"ample");
        assert_eq!(again.rules[0].matcher.service, ["sshd"]);
        assert_eq!(again.rules[0].matcher.group, ["ops"]);
        assert_eq!(again.rules[0].tries.as_ref().unwrap().value, 2);
        assert_eq!(again.services["my-app"].value, read.services["my-app"].value);
        assert_eq!(object(&read)["rule"][0]["require"]["origin"], "f.toml:6");
    }
}
