//! Signs that raise, and never lower.

use super::*;

fn login(signals: Signals<'static>, rhost: Option<&'static str>) -> Query<'static> {
    Query { circumstances: Circumstances { signals, rhost, ..QUERY.circumstances }, ..QUERY }
}

const KNOWN: Signals<'static> =
    Signals { new_source: Some(false), failures: Some(0), denied: Some(false), country: Some("DE") };

fn decide(text: &str, query: &Query<'_>) -> Decision {
    policy(text).decide(&Requirements::default(), query)
}

#[test]
fn each_sign_raises_what_it_demands_and_only_when_it_is_seen() {
    let geo = "[geo]\ndatabase = \"/x.mmdb\"\n";
    for (when, unusual, usual) in [
        ("new_source = true", Signals { new_source: Some(true), ..KNOWN }, KNOWN),
        ("failures = 3", Signals { failures: Some(3), ..KNOWN }, Signals { failures: Some(2), ..KNOWN }),
        ("denied = true", Signals { denied: Some(true), ..KNOWN }, KNOWN),
        (
            "outside = [\"DE\", \"fr\"]",
            Signals { country: Some("US"), ..KNOWN },
            Signals { country: Some("FR"), ..KNOWN },
        ),
        ("service = [\"sshd\"]", KNOWN, KNOWN),
    ] {
        let text = format!(
            "require = \"optional\"\nnumber = false\nremember = \"8h\"\n[[raise]]\nwhen = {{ {when} }}\ndemand = [\"required\", \"number\", \"fresh\"]\n{geo}"
        );
        let raised = decide(&text, &login(unusual, Some("192.0.2.1")));
        assert_eq!((raised.require.value, raised.number, raised.remember), (Require::Required, true, 0), "{when}");
        assert_eq!(raised.heard.last().unwrap().place.line, 6, "{when}");
        if usual != unusual {
            let as_ever = decide(&text, &login(usual, Some("192.0.2.1")));
            assert_eq!((as_ever.require.value, as_ever.number, as_ever.remember), (Require::Optional, false, 28_800));
        }
        // What is not known counts as seen.
        assert_eq!(
            decide(&text, &login(Signals::default(), Some("192.0.2.1"))).require.value,
            Require::Required,
            "{when}"
        );
    }
    let abroad =
        format!("require = \"off\"\n[[raise]]\nwhen = {{ outside = [\"DE\"] }}\ndemand = [\"required\"]\n{geo}");
    assert_eq!(decide(&abroad, &login(Signals::default(), None)).require.value, Require::Off, "this host is at home");
}

#[test]
fn all_that_fit_apply_and_none_lowers() {
    let text = r#"
[[rule]]
match = { service = ["sshd"] }
require = "approved"
approvers = { group = "ops", count = 1 }
[[raise]]
when = { new_source = true }
demand = ["required"]
[[raise]]
when = { failures = 1 }
demand = ["push"]
[[raise]]
when = { user = ["mallory"] }
demand = ["refuse"]
"#;
    let unusual = Signals { new_source: Some(true), failures: Some(5), ..KNOWN };
    let decision = decide(text, &login(unusual, Some("192.0.2.1")));
    assert_eq!(decision.require.value, Require::Approved);
    assert_eq!(decision.methods, [Method::Push]);
    assert_eq!(decision.refused, None);
    let mallory = decide(text, &Query { user: "mallory", ..QUERY });
    assert_eq!(mallory.refused.unwrap().line, 14);
}

#[test]
fn an_exempted_login_is_raised_as_well_and_a_service_without_a_person_only_by_name() {
    let text = r#"
[[rule]]
match = { service = ["sshd"], user = ["backup"], from = ["*"] }
require = "off"
[[raise]]
when = { new_source = true }
demand = ["required"]
"#;
    let unusual = Signals { new_source: Some(true), ..KNOWN };
    let backup = Query { user: "backup", ..login(unusual, Some("192.0.2.1")) };
    assert_eq!(decide(text, &backup).require.value, Require::Required);
    let cron = Query { service: "cron", ..login(unusual, None) };
    assert_eq!(decide(text, &cron).require.value, Require::Off);
    let named = "[[raise]]\nwhen = { service = [\"cron\"] }\ndemand = [\"required\"]\n";
    assert_eq!(decide(named, &cron).require.value, Require::Required);
}

#[test]
fn a_raise_that_says_nothing_or_cannot_look_is_refused() {
    for (text, expected) in [
        ("[[raise]]\nwhen = { new_source = true }", "mfa.toml:1: [[raise]]: the key "),
        ("[[raise]]\ndemand = [\"required\"]", "mfa.toml:1: [[raise]]: the key "),
        ("[[raise]]\nwhen = {}\ndemand = []", "mfa.toml:3: demand: an empty list"),
        ("[[raise]]\nwhen = {}\ndemand = [\"off\"]", "mfa.toml:3: demand: "),
        ("[[raise]]\nwhen = { failures = 9 }\ndemand = [\"fresh\"]", "mfa.toml:2: when: failures: expected 1 to 8"),
        ("[[raise]]\nwhen = { outside = [\"DE\"] }\ndemand = [\"fresh\"]", "mfa.toml:1: [[raise]]: outside needs"),
        ("[[raise]]\nwhen = { outside = [\"Germany\"] }\ndemand = [\"fresh\"]", "mfa.toml:2: when: expected countries"),
        ("[geo]\ndatabase = \"x.mmdb\"", "mfa.toml:2: database: expected an absolute path"),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
}

#[test]
fn whose_groups_are_not_known_may_be_one_whom_a_raise_is_for() {
    let text = "require = \"optional\"\n[[raise]]\nwhen = { group = [\"ops\"] }\ndemand = [\"required\"]\n";
    for (groups, expected) in [(Groups::Unknown, Require::Required), (Groups::Known(&[]), Require::Optional)] {
        assert_eq!(decide(text, &Query { groups, ..QUERY }).require.value, expected, "{groups:?}");
    }
}

#[test]
fn a_login_that_must_show_more_is_not_one_that_is_remembered() {
    for demand in ["number", "fresh", "push"] {
        let text = format!("remember = \"8h\"\n[[raise]]\nwhen = {{ denied = true }}\ndemand = [\"{demand}\"]\n");
        let remembered = |denied| decide(&text, &login(Signals { denied: Some(denied), ..KNOWN }, None)).remember;
        assert_eq!((remembered(false), remembered(true)), (28_800, 0), "{demand}");
    }
}

#[test]
fn a_grace_ends_where_a_raise_requires_a_factor() {
    let text = "require = \"optional\"\n[[raise]]\nwhen = { denied = true }\ndemand = [\"required\"]\n";
    let own = Own::Known(Some(Requirement::from(NOON + 60)));
    let from = |denied| decide(text, &Query { own, ..login(Signals { denied: Some(denied), ..KNOWN }, None) }).from;
    assert_eq!(from(false).map(|deadline| deadline.left), Some(60));
    assert_eq!(from(true), None);
}
