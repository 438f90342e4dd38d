//! What a rule looks at, what it asks, and how it must be written.

use super::*;

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
    let new = |new_source| Query {
        circumstances: Circumstances { signals: Signals { new_source, ..around.signals }, ..around },
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
        (r#"tty = ["tty*", "/dev/console"]"#, at(None, Some("console")), at(None, Some("pts/2"))),
        // Whoever has no terminal, or whose terminal is not told, may be at any.
        (r#"tty = ["tty*", "/dev/console"]"#, at(None, None), at(None, Some("pts/2"))),
        (r#"tty = ["tty*", "/dev/console"]"#, at(None, Some("")), at(None, Some("pts/2"))),
        (r#"first_factor = ["publickey"]"#, by(key), by(typed)),
        (r#"first_factor = ["keyboard-interactive"]"#, by(typed), by(key)),
        (r#"first_factor = ["none"]"#, by(&[]), by(key)),
        (r#"target = ["root"]"#, to(Target::Known("root")), to(Target::Known("bob"))),
        (r#"target = ["root"]"#, to(Target::Unknown), to(Target::None)),
        (r#"time = ["Mon-Fri 08:00-18:00"]"#, when(4, 17), when(4, 18)),
        ("new_source = true", new(Some(true)), new(Some(false))),
        // Where nothing is known of the user it counts as new.
        ("new_source = true", new(None), new(Some(false))),
    ] {
        let policy =
            policy(&format!("require = \"optional\"\n[[rule]]\nmatch = {{ {condition} }}\nrequire = \"required\"\n"));
        assert_eq!(line(&policy, &fits), 4, "{condition} fits {:?}", fits.circumstances);
        assert_eq!(line(&policy, &other), 1, "{condition} does not fit {:?}", other.circumstances);
    }
}

#[test]
fn a_rule_that_may_fit_says_by_what_where_nothing_is_left_in_common() {
    let policy = policy(
        r#"
require = "required"
methods = ["totp", "recovery"]
[[rule]]
match = { service = ["*"], group = ["ops"], from = ["*"] }
require = "required"
methods = ["push"]
[[rule]]
match = { service = ["*"], group = ["desk"], from = ["*"] }
require = "required"
methods = ["push", "totp"]
"#,
    );
    let decide = |groups| policy.decide(&Requirements::default(), &Query { groups, ..QUERY }).methods;
    let ops = [String::from("ops")];
    assert_eq!(decide(Groups::Known(&ops)), [Method::Push]);
    assert_eq!(decide(Groups::Known(&[])), [Method::Totp, Method::Recovery]);
    // It may be one of ops.
    assert_eq!(decide(Groups::Unknown), [Method::Push]);
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
match = { service = ["own-program"], user = ["*"], from = ["*"] }
require = "required"
methods = ["push"]
[[rule]]
match = { service = ["sudo"] }
require = "approved"
approvers = { group = "ops", count = 2 }
"#,
    );
    let session = [String::from("session")];
    let circumstances = Circumstances { first_factors: &session, ..QUERY.circumstances };
    let decide =
        |service, user| policy.decide(&Requirements::default(), &Query { service, user, circumstances, ..QUERY });
    let alice = decide("sudo", "alice");
    assert_eq!((alice.methods.as_slice(), alice.number, alice.tries), (&[Method::Push, Method::Totp][..], false, 1));
    assert_eq!(alice.approvers, None);
    let bob = decide("sudo", "bob");
    assert_eq!((bob.methods.as_slice(), bob.number, bob.tries), (&ALL_METHODS[..], true, 3));
    assert_eq!(bob.approvers, Some(Approvers { group: "ops".into(), count: 2 }));
    assert!(decide("own-program", "bob").accepts(Method::Push), "a rule names it");
    let unnamed = self::policy("[[rule]]\nrequire = \"required\"\nmethods = [\"push\", \"totp\"]\n");
    let own = unnamed.decide(&Requirements::default(), &Query { service: OWN_PROGRAM, ..QUERY });
    assert_eq!(own.methods, [Method::Totp], "a rule that does not name it lets no push go out for it");
    let plain = Policy::built_in();
    let own = plain.decide(&Requirements::default(), &Query { service: OWN_PROGRAM, ..QUERY });
    assert!(!own.accepts(Method::Push) && own.accepts(Method::Totp));
}

#[test]
fn a_network_that_is_not_known_counts_as_new_with_the_approvers_of_that_rule() {
    let policy = policy(
        r#"[[rule]]
match = { new_source = true }
require = "approved"
approvers = { group = "sec", count = 1 }
[[rule]]
require = "approved"
approvers = { group = "ops", count = 1 }
"#,
    );
    for (new_source, group) in [(None, "sec"), (Some(true), "sec"), (Some(false), "ops")] {
        let signals = Signals { new_source, ..QUERY.circumstances.signals };
        let query = Query { circumstances: Circumstances { signals, ..QUERY.circumstances }, ..QUERY };
        let decision = policy.decide(&Requirements::default(), &query);
        assert_eq!(decision.approvers, Some(Approvers { group: group.into(), count: 1 }), "{new_source:?}");
    }
}

#[test]
fn without_a_first_factor_tries_and_time_tell_nobody_who_exists() {
    let policy = policy(
        r#"[[rule]]
match = { service = ["sudo"], user = ["alice"] }
require = "required"
tries = 1
deadline = "20s"
[[rule]]
match = { service = ["sshd"], group = ["ops"] }
require = "required"
tries = 2
deadline = "30s"
[[rule]]
match = { service = ["sshd"], new_source = true }
require = "required"
tries = 2
"#,
    );
    let (key, ops) = ([String::from("publickey")], [String::from("ops")]);
    let given = |service, groups, new_source, first_factors| {
        let signals = Signals { new_source, ..QUERY.circumstances.signals };
        let circumstances = Circumstances { signals, first_factors, ..QUERY.circumstances };
        let query = Query { service, groups: Groups::Known(groups), circumstances, ..QUERY };
        let decision = policy.decide(&Requirements::default(), &query);
        (decision.tries, decision.time)
    };
    // The stranger's name has no group and no network; the one who is asked for may have.
    for (groups, new_source) in [(&[][..], None), (&ops[..], None), (&[], Some(false)), (&ops, Some(false))] {
        assert_eq!(given("sshd", groups, new_source, &[]), (2, Some(30)), "{groups:?} {new_source:?}");
    }
    assert_eq!(given("sshd", &[], Some(false), &key), (3, None), "behind a first factor it is one's own");
    assert_eq!(given("sshd", &ops, Some(false), &key), (2, Some(30)));
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
        r#"service = ["sshd"], user = ["a"], from = ["*"], new_source = true"#,
    ] {
        assert!(merge(&rule(matches, off)).is_err(), "{matches}");
        assert!(merge(&rule(matches, "require = \"required\"\nnumber = false")).is_err(), "{matches}");
        assert!(merge(&rule(matches, "require = \"required\"")).is_ok(), "{matches}");
        let approved = "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }";
        assert!(merge(&rule(matches, approved)).is_ok());
        let before = rule(matches, "require = \"required\"") + &rule(r#"service = ["sudo"]"#, approved);
        let error = merge(&before).unwrap_err().to_string();
        assert!(error.contains("stands before a stricter one (mfa.toml:4"), "{error}");
        for strict in ["methods = [\"push\"]", "tries = 1", "deadline = \"20s\""] {
            let required = "require = \"required\"";
            let before = rule(matches, required) + &rule(r#"service = ["sudo"]"#, &format!("{required}\n{strict}"));
            let error = merge(&before).unwrap_err().to_string();
            assert!(error.contains("stands before a stricter one (mfa.toml:4"), "{strict}: {error}");
            assert!(
                merge(
                    &(before
                        .replace(required, &format!("{required}\n{strict}"))
                        .replace(&format!("{strict}\n{strict}"), strict))
                )
                .is_ok()
            );
        }
    }
    assert!(merge(&rule(full, off)).is_ok());
}

#[test]
fn approvers_stand_exactly_where_they_are_asked() {
    for (text, expected) in [
        ("require = \"approved\"", "mfa.toml:1: require: \"approved\" needs approvers"),
        ("[[rule]]\nrequire = \"approved\"", "mfa.toml:2: require: \"approved\" needs approvers"),
        ("approvers = { group = \"ops\" }", "mfa.toml:1: approvers: the key "),
        ("approvers = { group = \"ops\", count = 0 }", "mfa.toml:1: approvers: expected a count"),
        ("approvers = { group = \"*\", count = 1 }", "mfa.toml:1: approvers: expected the name"),
        (
            "[[rule]]\nrequire = \"required\"\napprovers = { group = \"ops\", count = 1 }",
            "mfa.toml:3: approvers: approvers are asked only",
        ),
        ("[floor]\nrequire = \"approved\"", "mfa.toml:2: require: \"approved\" needs approvers"),
        // At the top they stand together as well: either, lost alone, would leave something looser.
        ("approvers = { group = \"ops\", count = 1 }", "mfa.toml:1: approvers: approvers are asked only"),
        ("methods = []", "mfa.toml:1: methods: an empty list"),
        ("methods = [\"none\"]", "mfa.toml:1: methods: expected one of"),
        ("methods = [\"sms\"]", "mfa.toml:1: methods: "),
        ("methods = [\"recovery\"]", "mfa.toml:1: methods: recovery codes alone"),
        ("[[rule]]\nmatch = { from = [\"lan\"] }\nrequire = \"required\"", "mfa.toml:2: match: expected a network"),
        ("[[rule]]\nmatch = { time = [\"noon\"] }\nrequire = \"required\"", "mfa.toml:2: match: expected days"),
        (
            "[[rule]]\nmatch = { first_factor = [\"key\"] }\nrequire = \"required\"",
            "mfa.toml:2: match: expected some of",
        ),
        ("[[rule]]\nmatch = { new_source = false }\nrequire = \"required\"", "mfa.toml:2: match: new_source = true"),
        ("[[rule]]\nmatch = { user = [\"\"] }\nrequire = \"required\"", "mfa.toml:2: match: an empty name"),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
    assert!(Requirements::parse("r", "version = 1\nall = \"approved\"\n").is_err());
}

#[test]
fn a_method_that_is_none_is_refused_by_the_list_of_those_that_may_stand_there() {
    for (before, line) in [("", 1), ("[floor]\nrequire = \"off\"\n", 3), ("[[rule]]\nrequire = \"required\"\n", 3)] {
        for method in ["sms", "none", "bypass"] {
            let error = merge(&format!("{before}methods = [\"{method}\"]")).unwrap_err().to_string();
            assert_eq!(error, format!("mfa.toml:{line}: methods: expected one of totp, hotp, recovery, push"));
        }
    }
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
        ("[[rule]]\nmatch = { service = \"sshd\" }\nrequire = \"off\"", "mfa.toml:2: match.service: "),
        ("[[rule]]\nmatch = { host = [\"::1\"] }\nrequire = \"off\"", "mfa.toml:2: match: "),
        ("[[rule]]\nmatch = { user = [\"a\"] }", "mfa.toml:1: [[rule]]: the key "),
        ("[service.x]\nkind = \"shell\"", "mfa.toml:2: kind: "),
        ("[service.x]", "mfa.toml:1: [service.x]: the key "),
        ("require = \"off\"\nrequire = \"required\"", "mfa.toml:2: require: "),
        ("issuer = \"a:b\"", "mfa.toml:1: issuer: "),
        ("require = \"off", "mfa.toml:1: require: "),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
}
