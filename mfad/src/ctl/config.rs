//! `mfactl config`: whether the policy files are in order, and what they come to.
//!
//! Reads the files itself, as mfad does at its next start or SIGHUP; nothing is asked of mfad.

use super::Failure;
use super::show::{Screen, line};
use crate::config::Config;
use clap::Subcommand;
use mfa_core::place::Place;
use mfa_core::policy::{Approvers, Policy, Rule, Set};
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
    lines.set("require", &policy.require);
    if let Some(approvers) = &policy.approvers {
        lines.approvers(approvers);
    }
    lines.set("methods", &policy.methods);
    lines.set("tries", &policy.tries);
    lines.set("echo", &policy.echo);
    lines.set("number", &policy.number);
    if let Some(issuer) = &policy.issuer {
        lines.set("issuer", issuer);
    }
    for rule in &policy.rules {
        lines.rule(rule);
    }
    if let Some(floor) = &policy.floor {
        lines.0.push(String::from("\n[floor]"));
        lines.set("require", floor);
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

    fn rule(&mut self, rule: &Rule) {
        self.0.push(String::new());
        self.line("[[rule]]", &rule.place);
        let lists = rule.matcher.lists();
        let matches: Vec<String> = lists.iter().map(|(key, names)| format!("{key} = {}", quoted(names))).collect();
        if !matches.is_empty() {
            self.0.push(format!("match = {{ {} }}", matches.join(", ")));
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
    }

    fn approvers(&mut self, set: &Set<Approvers>) {
        let Approvers { group, count } = &set.value;
        self.line(&format!("approvers = {{ group = {}, count = {count} }}", quoted(group)), &set.place);
    }
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
            let matches: serde_json::Map<String, Value> =
                rule.matcher.lists().into_iter().map(|(key, names)| (key.to_owned(), json!(names))).collect();
            json!({
                "match": matches,
                "require": from(&rule.require),
                "approvers": rule.approvers.as_ref().map(from),
                "methods": rule.methods.as_ref().map(from),
                "tries": rule.tries.as_ref().map(from),
                "number": rule.number.as_ref().map(from),
                "origin": origin(&rule.place),
            })
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
        "issuer": policy.issuer.as_ref().map(from),
        "rule": rules,
        "floor": policy.floor.as_ref().map(|floor| json!({ "require": from(floor) })),
        "service": services,
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
approvers = { group = "ops", count = 2 }
methods = ["push", "totp"]
number = false
echo = true
tries = 1
[[rule]]
match = { service = ["sudo"], group = ["*"], from = ["10.0.0.0/8", "local"] }
require = "off"
[[rule]]
match = { tty = ["tty*"], first_factor = ["password"], target = ["root"], time = ["Mon-Fri 08:00-18:00"] }
require = "approved"
approvers = { group = "o\"ps", count = 2 }
methods = ["hotp"]
number = true
"#,
        );
        let plain = |mut policy: Policy| {
            let here = || Place::built_in("");
            for rule in &mut policy.rules {
                (rule.place, rule.require.place) = (here(), here());
                rule.methods.iter_mut().for_each(|set| set.place = here());
                rule.number.iter_mut().for_each(|set| set.place = here());
                rule.approvers.iter_mut().for_each(|set| set.place = here());
            }
            (policy.require.place, policy.methods.place, policy.tries.place) = (here(), here(), here());
            (policy.echo.place, policy.number.place) = (here(), here());
            policy.approvers.iter_mut().for_each(|set| set.place = here());
            policy
        };
        assert_eq!(plain(policy(&text(&read))), plain(read));
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
