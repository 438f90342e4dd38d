//! Whether the users that policy names are called so by the name service.
//!
//! Called by `mfactl doctor`, which looks the names up. Rules compare names letter by letter. What must never happen: a rule that a
//! user gets round by typing the own name in another way, and no finding says so.

use super::findings::{Finding, Severity};
use crate::accounts::Lookup;
use mfa_core::clean::quoted;
use mfa_core::policy::{Policy, Require};
use std::collections::BTreeMap;

/// Most names looked up: a name service may be slow.
const MOST: usize = 64;

/// All findings about the users that `policy` names.
#[must_use]
pub fn judge(policy: &Policy, look_up: impl Fn(&str) -> Lookup) -> Vec<Finding> {
    let rules = policy.rules.iter().map(|rule| {
        let require = rule.require.value;
        (&rule.matcher, &rule.place, require > Require::Off && require >= policy.require.value)
    });
    let raises = policy.raises.iter().map(|raise| (&raise.matcher, &raise.place, true));
    let mut named: BTreeMap<&str, (String, bool)> = BTreeMap::new();
    for (matcher, place, asks_more) in rules.chain(raises) {
        for user in matcher.user.iter().filter(|user| *user != "*") {
            // Of several lines that name somebody one that asks for more is the one that is passed by.
            let line = named.entry(user).or_insert_with(|| (place.to_string(), asks_more));
            if asks_more && !line.1 {
                *line = (place.to_string(), true);
            }
        }
    }
    named.into_iter().take(MOST).filter_map(|(user, line)| about(user, &line, &look_up)).collect()
}

fn about(user: &str, (place, asks_more): &(String, bool), look_up: &impl Fn(&str) -> Lookup) -> Option<Finding> {
    let Lookup::Found(account) = look_up(user) else { return None };
    let severity = if *asks_more { Severity::LetsBy } else { Severity::Warning };
    if account.name != user {
        return Some(Finding::new(
            severity,
            place,
            format!(
                "The account {} is called {} by the name service, and rules compare names letter by letter: this one is for nobody.",
                quoted(user),
                quoted(&account.name)
            ),
            format!("Name {} in the rule.", quoted(&account.name)),
        ));
    }
    let upper = user.to_uppercase();
    let typed = if upper == user { user.to_lowercase() } else { upper };
    match look_up(&typed) {
        Lookup::Found(other) if other.uid == account.uid && other.name != account.name => Some(Finding::new(
            severity,
            place,
            format!(
                "The name service calls the account {} {} where that is typed: a rule for the one is not for the other.",
                quoted(user),
                quoted(&other.name)
            ),
            "Have the name service tell names in one spelling (in sssd.conf: case_sensitive = false), or name a group in the rule.",
        )),
        Lookup::Found(_) | Lookup::Absent | Lookup::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;
    use mfa_core::policy::{Layers, Source};

    /// The findings about a policy with a rule for `user`, where the name service has this account by this typed name.
    fn found(user: &str, require: &str, known: &[(&str, &str)]) -> Vec<Finding> {
        let from = if require == "off" { ", service = [\"*\"], from = [\"*\"]" } else { "" };
        let text = format!(
            "require = \"optional\"\n[[rule]]\nmatch = {{ user = [\"{user}\"]{from} }}\nrequire = \"{require}\"\n"
        );
        let main = Some(Source { file: String::from("mfa.toml"), text });
        let policy = Layers { main, ..Layers::default() }.merge().unwrap();
        judge(&policy, |typed| match known.iter().find(|(name, _)| *name == typed) {
            Some((_, name)) => Lookup::Found(Account { name: (*name).to_owned(), uid: 1001, gid: 1001 }),
            None => Lookup::Absent,
        })
    }

    #[test]
    fn a_name_in_two_spellings_and_one_that_is_none_are_found() {
        let plain: &[(&str, &str)] = &[("anna", "anna")];
        let lowered = [("anna", "anna"), ("ANNA", "anna")];
        let as_typed = [("anna", "anna"), ("ANNA", "ANNA")];
        for known in [plain, &lowered, &[]] {
            assert!(found("anna", "required", known).is_empty(), "{known:?}");
        }
        let two = found("anna", "required", &as_typed);
        assert_eq!((two.len(), two[0].severity), (1, Severity::LetsBy));
        assert!(two[0].text.contains("\"anna\" \"ANNA\" where that is typed"), "{two:?}");
        assert_eq!(found("ANNA", "off", &as_typed)[0].severity, Severity::Warning, "who is not exempt is asked");
        let alias = found("ANNA", "required", &lowered);
        assert_eq!((alias.len(), alias[0].severity), (1, Severity::LetsBy));
        assert!(alias[0].text.contains("is for nobody") && alias[0].fix.contains("\"anna\""), "{alias:?}");
        assert!(found("*", "required", &as_typed).is_empty());
    }
}
