//! Policy as tables: a login, and the line that decides it.

use super::*;

fn policy(text: &str) -> Policy {
    merge(text).unwrap()
}

fn merge(text: &str) -> Result<Policy, crate::place::FileError> {
    let main = Some(Source { file: "mfa.toml".into(), text: text.into() });
    Layers { main, ..Layers::default() }.merge()
}

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
    requirements.all = Some(Require::Optional);
    requirements.group.insert("ops".into(), Require::Required);
    let groups = [String::from("ops")];
    let decide = |service, groups, own| {
        let decision =
            policy.decide(&requirements, &Query { service, user: "a", groups, own: Own::Known(own), ..QUERY });
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
fn a_bad_file_is_refused_with_file_line_and_key() {
    for (text, expected) in [
        ("requre = \"off\"", "mfa.toml:1: requre: "),
        ("\nrequire = \"sometimes\"", "mfa.toml:2: require: "),
        ("tries = 6", "mfa.toml:1: tries: expected 1 to 5"),
        ("tries = 0", "mfa.toml:1: tries: expected 1 to 5"),
        ("[[rule]]\nrequire = \"off\"", "mfa.toml:1: [[rule]]: an exempting rule must say service"),
        ("[[rule]]\nmatch = { service = [] }\nrequire = \"off\"", "mfa.toml:2: match: an empty list"),
        ("[[rule]]\nmatch = { service = \"sshd\" }\nrequire = \"off\"", "mfa.toml:2: match: "),
        ("[[rule]]\nmatch = { host = [\"::1\"] }\nrequire = \"off\"", "mfa.toml:2: match: "),
        ("[[rule]]\nmatch = { user = [\"a\"] }", "mfa.toml:1: [[rule]]: missing field"),
        ("[service.x]\nkind = \"shell\"", "mfa.toml:2: kind: "),
        ("[service.x]", "mfa.toml:1: [service.x]: missing field"),
        ("require = \"off\"\nrequire = \"required\"", "mfa.toml:2: require: "),
        ("issuer = \"a:b\"", "mfa.toml:1: issuer: "),
        ("require = \"off", "mfa.toml:1: require: "),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
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
    assert_eq!(layers.merge().unwrap().floor.unwrap().value, Require::Required);
}

#[test]
fn a_configured_kind_wins_over_the_name() {
    let policy = policy("[service.Door]\nkind = \"sshd\"\n[service.sudo]\nkind = \"other\"\n");
    assert_eq!(policy.kind("door"), Kind::Sshd);
    assert_eq!(policy.kind("sudo"), Kind::Other);
    assert_eq!(policy.kind("su-l"), Kind::Su);
    assert_eq!(policy.kind("anything"), Kind::Other);
}

/// What one login is asked, by the line of the rule that decided (0: none did).
fn line(policy: &Policy, query: &Query<'_>) -> usize {
    policy.decide(&Requirements::default(), query).require.place.line
}

#[test]
fn a_rule_looks_at_how_and_when_a_login_comes() {
    let around = QUERY.circumstances;
    let at = |rhost, tty| Query { circumstances: Circumstances { rhost, tty, ..around }, ..QUERY };
    let by = |factors: &'static [String]| Query {
        circumstances: Circumstances { first_factors: factors, ..around },
        ..QUERY
    };
    let to = |target| Query { circumstances: Circumstances { target, ..around }, ..QUERY };
    let when = |weekday, hour: u16| Query {
        circumstances: Circumstances { time: LocalTime { weekday, minute: hour * 60 }, ..around },
        ..QUERY
    };
    let key: &'static [String] = Box::leak(vec![String::from("publickey")].into_boxed_slice());
    let typed: &'static [String] = Box::leak(vec![String::from("keyboard-interactive/pam")].into_boxed_slice());
    for (condition, fits, other) in [
        (r#"from = ["192.0.2.0/24"]"#, at(Some("192.0.2.9"), Some("ssh")), at(Some("198.51.100.1"), Some("ssh"))),
        (r#"from = ["192.0.2.0/24"]"#, at(Some("::ffff:192.0.2.9"), None), at(None, Some("pts/0"))),
        (r#"from = ["2001:db8::/32"]"#, at(Some("2001:db8::7"), None), at(Some("2001:db9::7"), None)),
        (r#"from = ["local"]"#, at(None, Some("tty1")), at(None, Some("ssh"))),
        (r#"from = ["remote"]"#, at(Some("host.example"), None), at(Some(""), Some("tty1"))),
        // A name, or a host that is not told, may be in any network.
        (r#"from = ["192.0.2.0/24"]"#, at(Some("host.example"), None), at(None, Some("tty1"))),
        (r#"from = ["192.0.2.0/24"]"#, at(None, Some("ssh")), at(None, None)),
        (r#"tty = ["tty*", "/dev/console"]"#, at(None, Some("/dev/tty2")), at(None, Some("pts/2"))),
        (r#"tty = ["tty*", "/dev/console"]"#, at(None, Some("console")), at(None, None)),
        (r#"first_factor = ["publickey"]"#, by(key), by(typed)),
        (r#"first_factor = ["keyboard-interactive"]"#, by(typed), by(key)),
        (r#"first_factor = ["none"]"#, by(&[]), by(key)),
        (r#"target = ["root"]"#, to(Target::Known("root")), to(Target::Known("bob"))),
        (r#"target = ["root"]"#, to(Target::Unknown), to(Target::None)),
        (r#"time = ["Mon-Fri 08:00-18:00"]"#, when(4, 17), when(4, 18)),
    ] {
        let policy =
            policy(&format!("require = \"optional\"\n[[rule]]\nmatch = {{ {condition} }}\nrequire = \"required\"\n"));
        assert_eq!(line(&policy, &fits), 4, "{condition} fits {:?}", fits.circumstances);
        assert_eq!(line(&policy, &other), 1, "{condition} does not fit {:?}", other.circumstances);
    }
}

#[test]
fn what_a_rule_asks_besides_holds_for_its_logins_alone() {
    let policy = policy(
        r#"
number = true
[[rule]]
match = { service = ["sudo"], user = ["alice"], from = ["local"] }
require = "required"
methods = ["push", "totp"]
number = false
tries = 1
[[rule]]
match = { service = ["sudo"] }
require = "approved"
approvers = { group = "ops", count = 2 }
[[rule]]
match = { service = ["own-program"] }
require = "required"
methods = ["push"]
"#,
    );
    let decide = |service, user| policy.decide(&Requirements::default(), &Query { service, user, ..QUERY });
    let alice = decide("sudo", "alice");
    assert_eq!((alice.methods.as_slice(), alice.number, alice.tries), (&[Method::Push, Method::Totp][..], false, 1));
    assert_eq!(alice.approvers, None);
    let bob = decide("sudo", "bob");
    assert_eq!((bob.methods.as_slice(), bob.number, bob.tries), (&ALL_METHODS[..], true, 3));
    assert_eq!(bob.approvers, Some(Approvers { group: "ops".into(), count: 2 }));
    assert!(decide("own-program", "bob").accepts(Method::Push), "a rule names it");
    let plain = Policy::built_in();
    let own = plain.decide(&Requirements::default(), &Query { service: OWN_PROGRAM, ..QUERY });
    assert!(!own.accepts(Method::Push) && own.accepts(Method::Totp));
}

#[test]
fn an_exempting_rule_is_written_out_in_full() {
    let rule = |matches: &str, asks: &str| format!("[[rule]]\nmatch = {{ {matches} }}\n{asks}\n");
    let full = r#"service = ["sshd"], user = ["backup"], from = ["*"]"#;
    let off = "require = \"off\"";
    for matches in [
        r#"service = ["sshd"]"#,
        r#"service = ["sshd"], user = ["backup"]"#,
        r#"user = ["backup"], from = ["*"]"#,
        r#"service = ["sshd"], from = ["*"]"#,
        r#"service = ["sshd"], user = ["a"], group = ["b"], from = ["*"]"#,
        r#"service = ["sshd"], user = ["a"], from = ["*"], time = ["Mon"]"#,
        r#"service = ["sshd"], user = ["a"], from = ["*"], first_factor = ["publickey"]"#,
    ] {
        assert!(merge(&rule(matches, off)).is_err(), "{matches}");
        assert!(merge(&rule(matches, "require = \"required\"\nnumber = false")).is_err(), "{matches}");
        assert!(merge(&rule(matches, "require = \"required\"")).is_ok(), "{matches}");
        let approved = "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }";
        assert!(merge(&rule(matches, approved)).is_ok());
        let before = rule(matches, "require = \"required\"") + &rule(r#"service = ["sudo"]"#, approved);
        let error = merge(&before).unwrap_err().to_string();
        assert!(error.contains("stands before a stricter one (mfa.toml:4"), "{error}");
    }
    assert!(merge(&rule(full, off)).is_ok());
}

#[test]
fn approvers_stand_exactly_where_they_are_asked() {
    for (text, expected) in [
        ("require = \"approved\"", "mfa.toml:1: require: \"approved\" needs approvers"),
        ("[[rule]]\nrequire = \"approved\"", "mfa.toml:2: require: \"approved\" needs approvers"),
        ("approvers = { group = \"ops\" }", "mfa.toml:1: approvers: missing field"),
        ("approvers = { group = \"ops\", count = 0 }", "mfa.toml:1: approvers: expected a count"),
        ("approvers = { group = \"*\", count = 1 }", "mfa.toml:1: approvers: expected the name"),
        (
            "[[rule]]\nrequire = \"required\"\napprovers = { group = \"ops\", count = 1 }",
            "mfa.toml:3: approvers: approvers are asked only",
        ),
        ("[floor]\nrequire = \"approved\"", "mfa.toml:2: require: a floor"),
        ("methods = []", "mfa.toml:1: methods: an empty list"),
        ("methods = [\"none\"]", "mfa.toml:1: methods: expected some of"),
        ("methods = [\"sms\"]", "mfa.toml:1: methods: "),
        ("methods = [\"recovery\"]", "mfa.toml:1: methods: recovery codes alone"),
        ("[[rule]]\nmatch = { from = [\"lan\"] }\nrequire = \"required\"", "mfa.toml:2: match: expected a network"),
        ("[[rule]]\nmatch = { time = [\"noon\"] }\nrequire = \"required\"", "mfa.toml:2: match: expected days"),
        (
            "[[rule]]\nmatch = { first_factor = [\"key\"] }\nrequire = \"required\"",
            "mfa.toml:2: match: expected some of",
        ),
        ("[[rule]]\nmatch = { user = [\"\"] }\nrequire = \"required\"", "mfa.toml:2: match: an empty name"),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
    assert!(Requirements::parse("r", "version = 1\nall = \"approved\"\n").is_err());
}
