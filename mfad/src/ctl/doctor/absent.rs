//! Services and groups, of users and of approvers, that policy names and this host does not have.
//!
//! Called by `mfactl doctor`, which says what there is; pure. What must never happen: a name service in trouble being taken for a
//! group that is not there.

use super::findings::{Finding, Severity};
use mfa_core::clean::{field, quoted};
use mfa_core::near;
use mfa_core::place::Place;
use mfa_core::policy::{Matcher, OWN_PROGRAM, Policy, Require};

/// Most groups looked up: a name service may be slow.
const MOST: usize = 64;

/// All findings about what asks for something and fits no login here. `services` are this host's; `is_group` says whether there is
/// a group, where that is known.
#[must_use]
pub fn judge(policy: &Policy, services: &[String], is_group: impl Fn(&str) -> Option<bool>) -> Vec<Finding> {
    // What lessens and fits nobody lessens for nobody.
    let rules = policy.rules.iter().filter(|rule| rule.require.value > Require::Off);
    let rules = rules.map(|rule| (&rule.matcher, &rule.place));
    let raises = policy.raises.iter().map(|raise| (&raise.matcher, &raise.place));
    let mut looked_up = 0;
    let mut found = Vec::new();
    for (matcher, place) in rules.chain(raises) {
        found.extend(of_services(matcher, place, services));
        if looked_up < MOST {
            looked_up += matcher.group.len();
            found.extend(of_groups(matcher, place, &is_group));
        }
    }
    let of_rules = policy.rules.iter().map(|rule| &rule.approvers);
    let of_floor = policy.floor.iter().map(|floor| &floor.approvers);
    let approvers = std::iter::once(&policy.approvers).chain(of_rules).chain(of_floor).flatten();
    found.extend(approvers.take(MOST).filter_map(|set| of_approvers(&set.value.group, &set.place, &is_group)));
    found
}

fn of_services(matcher: &Matcher, place: &Place, services: &[String]) -> Vec<Finding> {
    // libpam lower-cases what it is asked for. Where no folder could be read nothing is known.
    let here =
        |name: &str| name == "*" || name == OWN_PROGRAM || services.iter().any(|known| known.to_lowercase() == name);
    let absent: Vec<&String> = matcher.service.iter().filter(|name| !here(name)).collect();
    if services.is_empty() {
        return Vec::new();
    }
    if absent.len() == matcher.service.len() {
        return absent.into_iter().map(|name| fits_none("PAM service", name, place)).collect();
    }
    // A list may be for several hosts; what is nearly a name that there is here was meant to be it.
    let mistyped = absent.into_iter().filter_map(|name| {
        let known =
            services.iter().map(String::as_str).filter(|known| !matcher.service.iter().any(|named| named == known));
        let meant = field(near::word(name, known)?);
        let text =
            format!("No PAM service {} on this host: the rule is not for {meant}; did you mean {meant}?", quoted(name));
        Some(Finding::new(
            Severity::Warning,
            &place.to_string(),
            text,
            "Mend the name, or leave it if it is of another host.",
        ))
    });
    mistyped.collect()
}

fn of_groups(matcher: &Matcher, place: &Place, is_group: &impl Fn(&str) -> Option<bool>) -> Vec<Finding> {
    if matcher.group.is_empty() || !matcher.group.iter().all(|name| name != "*" && is_group(name) == Some(false)) {
        return Vec::new();
    }
    matcher.group.iter().map(|name| fits_none("group", name, place)).collect()
}

/// Unlike a rule that fits nobody, one whose approvers are nobody refuses everybody it fits.
fn of_approvers(group: &str, place: &Place, is_group: &impl Fn(&str) -> Option<bool>) -> Option<Finding> {
    (is_group(group) == Some(false)).then(|| {
        let text = format!("No group {} on this host: nobody can approve, so these logins are refused.", quoted(group));
        Finding::new(Severity::LocksOut, &place.to_string(), text, "Make the group, or mend the name.")
    })
}

fn fits_none(what: &str, name: &str, place: &Place) -> Finding {
    let text = format!("No {what} {} on this host: the rule fits no login.", quoted(name));
    Finding::new(
        Severity::Warning,
        &place.to_string(),
        text,
        "Mend the name, or leave it if the rule is for other hosts.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::policy::{Layers, Source};

    #[test]
    fn what_is_not_known_is_not_said_to_be_absent() {
        let text =
            "[[rule]]\nmatch = { service = [\"sssh\"], group = [\"ops\", \"admins\"] }\nrequire = \"required\"\n";
        let main = Some(Source { file: String::from("mfa.toml"), text: text.to_owned() });
        let policy = Layers { main, ..Layers::default() }.merge().unwrap();
        let sshd = [String::from("sshd")];
        for (services, ops, admins, said) in [
            (&sshd[..], Some(true), Some(true), 1),
            (&sshd, Some(false), Some(false), 3),
            (&sshd, Some(false), None, 1),
            (&sshd, Some(false), Some(true), 1),
            (&[], None, None, 0),
        ] {
            let is_group = |name: &str| if name == "ops" { ops } else { admins };
            let found = judge(&policy, services, is_group);
            assert_eq!(found.len(), said, "{services:?} {ops:?} {admins:?}: {found:?}");
            assert!(found.iter().all(|finding| finding.places == ["mfa.toml:1: [[rule]]"]), "{found:?}");
        }
    }
}
