//! Policy as tables: a login, and the line that decides it.

use super::*;

mod care;
mod deletion;
mod floor;
mod near;
mod presets;
mod raises;
mod rules;
mod standing;

fn policy(text: &str) -> Policy {
    merge(text).unwrap()
}

fn merge(text: &str) -> Result<Policy, crate::place::FileError> {
    let main = Some(Source { file: "mfa.toml".into(), text: text.into() });
    Layers { main, ..Layers::default() }.merge()
}

/// Some Monday noon.
const NOON: u64 = 1_764_590_400;

/// alice at a terminal of this host, on a Monday at noon, with nothing known against her.
const QUERY: Query<'static> = Query {
    service: "sshd",
    user: "alice",
    user_known: true,
    groups: Groups::Known(&[]),
    own: Own::Known(None),
    circumstances: Circumstances {
        rhost: None,
        tty: Some("pts/3"),
        first_factors: &[],
        target: Target::None,
        time: LocalTime { weekday: 0, minute: 12 * 60 },
        wall: NOON,
        signals: Signals { new_source: None, failures: None, denied: None, country: None },
    },
};

fn ask(policy: &Policy, service: &str, user: &str, groups: &[&str]) -> (Require, usize) {
    let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
    let query = Query { service, user, groups: Groups::Known(&groups), ..QUERY };
    let decision = policy.decide(&Requirements::default(), &query);
    (decision.require.value, decision.require.place.line)
}

#[test]
fn nothing_said_means_required() {
    assert_eq!(ask(&policy(""), "sshd", "alice", &[]), (Require::Required, 0));
    assert_eq!(Layers::default().merge().unwrap(), Policy::built_in());
}

#[test]
fn the_first_rule_that_matches_decides_and_is_named() {
    let policy = policy(
        r#"require = "optional"
[[rule]]
match = { user = ["robot"], service = ["sshd"], from = ["*"] }
require = "off"
[[rule]]
match = { group = ["ops"] }
require = "required"
[[rule]]
match = { service = ["SUDO"] }
require = "required"
"#,
    );
    for (service, user, groups, expected) in [
        ("sshd", "robot", vec![], (Require::Off, 4)),
        ("sshd", "robot", vec!["ops"], (Require::Off, 4)),
        ("su", "robot", vec!["ops"], (Require::Required, 7)),
        ("sshd", "alice", vec!["users", "ops"], (Require::Required, 7)),
        ("sudo", "alice", vec!["users"], (Require::Required, 10)),
        ("sshd", "alice", vec!["users"], (Require::Optional, 1)),
    ] {
        assert_eq!(ask(&policy, service, user, &groups), expected, "{service} {user} {groups:?}");
    }
}

#[test]
fn services_without_a_person_are_never_asked_unless_a_rule_names_them() {
    for service in NEVER_ASKED {
        assert_eq!(ask(&policy(""), service, "alice", &[]).0, Require::Off);
    }
    let named = policy("[[rule]]\nmatch = { service = [\"runuser\"] }\nrequire = \"required\"\n");
    assert_eq!(ask(&named, "runuser", "alice", &[]).0, Require::Required);
}

#[test]
fn a_floor_is_not_lowered_by_any_rule() {
    let policy = policy(
        "[floor]\nrequire = \"required\"\n[[rule]]\nmatch = { service = [\"*\"], user = [\"bob\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    assert_eq!(ask(&policy, "sshd", "bob", &[]), (Require::Required, 2));
}

#[test]
fn the_stricter_of_rule_and_requirement_wins_and_is_named() {
    let policy = policy(
        "require = \"off\"\n[[rule]]\nmatch = { service = [\"su\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    let mut requirements = Requirements::default();
    requirements.all = Some(Requirement::now(Require::Optional));
    requirements.group.insert("ops".into(), Requirement::now(Require::Required));
    let groups = [String::from("ops")];
    let decide = |service, groups, own: Option<Require>| {
        let decision = policy.decide(
            &requirements,
            &Query { service, user: "a", groups, own: Own::Known(own.map(Requirement::now)), ..QUERY },
        );
        (decision.require.value, decision.require.place.to_string())
    };
    assert_eq!(decide("sshd", Groups::Known(&[]), None), (Require::Optional, "requirements.toml: all".into()));
    assert_eq!(
        decide("sshd", Groups::Known(&groups), None),
        (Require::Required, "requirements.toml: group ops".into())
    );
    assert_eq!(
        decide("sshd", Groups::Known(&[]), Some(Require::Required)),
        (Require::Required, "mfactl require a".into())
    );
    assert_eq!(decide("sshd", Groups::Unknown, None).0, Require::Required, "unknown groups: the strictest");
    assert_eq!(decide("su", Groups::Known(&groups), None).0, Require::Off, "a rule's off is an exemption");
}

#[test]
fn groups_that_cannot_be_looked_up_mean_the_strictest_rule() {
    let strict = policy("require = \"off\"\n[[rule]]\nmatch = { group = [\"ops\"] }\nrequire = \"required\"\n");
    let exempting = policy(
        "[[rule]]\nmatch = { service = [\"*\"], group = [\"robots\"], from = [\"*\"] }\nrequire = \"off\"\n\
         [[rule]]\nmatch = { service = [\"sshd\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"optional\"\n",
    );
    let query = Query { groups: Groups::Unknown, ..QUERY };
    assert_eq!(strict.decide(&Requirements::default(), &query).require.value, Require::Required);
    assert_eq!(exempting.decide(&Requirements::default(), &query).require.value, Require::Optional);
}

#[test]
fn a_requirement_of_the_user_that_cannot_be_read_is_the_strictest_but_lifts_no_exemption() {
    let lenient = policy(
        "require = \"off\"\n[[rule]]\nmatch = { service = [\"su\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    let ask = |service| {
        let query = Query { service, own: Own::Unknown, ..QUERY };
        lenient.decide(&Requirements::default(), &query).require.value
    };
    assert_eq!(ask("sshd"), Require::Required);
    assert_eq!(ask("su"), Require::Off, "a rule exempts this login");
}

#[test]
fn of_two_requirements_the_one_that_asks_more_or_sooner_holds() {
    let (now, optional) = (Requirement::now(Require::Required), Requirement::now(Require::Optional));
    let (soon, late) = (Requirement::from(NOON + 60), Requirement::from(NOON + 120));
    for (one, other, both) in [(now, optional, now), (now, soon, now), (soon, late, soon), (optional, late, late)] {
        let [one, other] = [one, other].map(|set| Own::Known(Some(set)));
        for pair in [(one, other), (other, one)] {
            assert_eq!(pair.0.and(pair.1, NOON), Own::Known(Some(both)));
        }
        assert_eq!(one.and(Own::Known(None), NOON), one);
        assert_eq!(Own::Known(None).and(one, NOON), one);
        assert_eq!((one.and(Own::Unknown, NOON), Own::Unknown.and(one, NOON)), (Own::Unknown, Own::Unknown));
    }
}

#[test]
fn a_name_that_cannot_be_looked_up_may_be_any_rules() {
    let named = policy(
        "[[rule]]\nmatch = { user = [\"alice\"] }\nrequire = \"required\"\n\
         [[rule]]\nmatch = { service = [\"sshd\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    let ask = |user_known| {
        let query = Query { user: "ALICE", user_known, ..QUERY };
        named.decide(&Requirements::default(), &query).require.value
    };
    assert_eq!(ask(true), Require::Off);
    assert_eq!(ask(false), Require::Required, "ALICE may be an alias of alice");
}

#[test]
fn drop_ins_override_keys_and_the_admins_rules_stand_before_the_vendors() {
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let rule = |user: &str, require: &str| {
        format!(
            "[[rule]]\nmatch = {{ service = [\"*\"], user = [\"{user}\"], from = [\"*\"] }}\nrequire = \"{require}\"\n"
        )
    };
    let policy = Layers {
        vendor: Some(source("vendor", &format!("require = \"optional\"\ntries = 2\n{}", rule("a", "off")))),
        main: Some(source("main", &format!("require = \"off\"\n{}", rule("b", "off")))),
        drop_ins: vec![
            source("10", &format!("require = \"required\"\n{}", rule("b", "required"))),
            source("20", &rule("a", "required")),
        ],
    }
    .merge()
    .unwrap();
    assert_eq!(policy.require.value, Require::Required);
    assert_eq!(policy.tries.value, 2);
    let order: Vec<&str> = policy.rules.iter().map(|rule| rule.place.file.as_str()).collect();
    assert_eq!(order, ["main", "10", "20", "vendor"]);
    assert_eq!(ask(&policy, "sshd", "a", &[]).0, Require::Required);
    assert_eq!(ask(&policy, "sshd", "b", &[]).0, Require::Off);
}

#[test]
fn a_floor_of_one_file_is_not_lowered_by_another() {
    let source = |text: &str| Source { file: "f".into(), text: text.into() };
    let layers = Layers {
        main: Some(source("[floor]\nrequire = \"required\"")),
        drop_ins: vec![source("[floor]\nrequire = \"off\"")],
        ..Layers::default()
    };
    assert_eq!(layers.merge().unwrap().floor.unwrap().require.value, Require::Required);
}

#[test]
fn a_configured_kind_wins_over_the_name() {
    let policy = policy("[service.Door]\nkind = \"sshd\"\n[service.sudo]\nkind = \"other\"\n");
    assert_eq!(policy.kind("door"), Kind::Sshd);
    assert_eq!(policy.kind("sudo"), Kind::Other);
    assert_eq!(policy.kind("su-l"), Kind::Su);
    assert_eq!(policy.kind("polkit-1-biometric"), Kind::Polkit);
    assert_eq!(policy.kind("anything"), Kind::Other);
}

#[test]
fn a_requirement_with_a_deadline_is_optional_before_it_and_required_from_it_on() {
    let policy = policy("require = \"off\"\n");
    let later = |require| Requirement { require, ..Requirement::from(NOON + 3600) };
    let mut requirements = Requirements::default();
    requirements.all = Some(later(Require::Required));
    let at = |requirements: &Requirements, wall, own| {
        let query =
            Query { own: Own::Known(own), circumstances: Circumstances { wall, ..QUERY.circumstances }, ..QUERY };
        let decision = policy.decide(requirements, &query);
        (decision.require.value, decision.from)
    };
    let told = Some(Deadline { at: NOON + 3600, left: 3600 });
    assert_eq!(at(&requirements, NOON, None), (Require::Optional, told));
    assert_eq!(at(&requirements, NOON + 3599, None).0, Require::Optional);
    assert_eq!(at(&requirements, NOON + 3600, None), (Require::Required, None));
    // The nearest deadline is told; one that holds already leaves none to tell of.
    let own = Requirement::from(NOON + 60);
    assert_eq!(at(&requirements, NOON, Some(own)), (Require::Optional, Some(Deadline { at: NOON + 60, left: 60 })));
    assert_eq!(at(&requirements, NOON, Some(Requirement::now(Require::Required))), (Require::Required, None));
    // A clock that stands before the moment at which the day was set puts nothing off.
    let set = Requirement { set: Some(NOON), ..own };
    assert_eq!(at(&Requirements::default(), NOON, Some(set)).0, Require::Optional);
    assert_eq!(at(&Requirements::default(), NOON - 1, Some(set)), (Require::Required, None));
    assert_eq!(at(&Requirements::default(), 0, Some(set)), (Require::Required, None));
    // A day from which on less is asked is none.
    requirements.all = Some(later(Require::Optional));
    assert_eq!(at(&requirements, NOON, None), (Require::Optional, None));
    requirements.all = Some(later(Require::Required));
    let text = requirements.print().unwrap();
    assert_eq!(Requirements::parse("r", &text).unwrap().all, Some(later(Require::Required)));
}
