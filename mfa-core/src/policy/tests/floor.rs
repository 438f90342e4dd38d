//! The floor: what no rule goes below, in anything a rule gives.

use super::*;

const WHOLE: &str = r#"
methods = ["push", "totp", "recovery"]
tries = 2
number = true
remember = "1h"
enrol = ["token"]
deadline = "45s"
"#;

fn whole(rules: &str, require: &str) -> String {
    format!("{rules}\n[floor]\nrequire = {require}{WHOLE}")
}

const LAX: &str = r#"require = "optional"
number = false
remember = "24h"
enrol = ["app", "token"]
[[rule]]
match = { service = ["sudo"], user = ["alice"], from = ["*"] }
require = "off"
tries = 5
[[rule]]
match = { service = ["su"], user = ["*"], from = ["*"] }
require = "approved"
approvers = { group = "ops", count = 1 }
methods = ["totp", "hotp"]
deadline = "30s"
"#;

fn decide(policy: &Policy, service: &str) -> Decision {
    policy.decide(&Requirements::default(), &Query { service, ..QUERY })
}

#[test]
fn whatever_a_rule_gives_is_cut_to_it_and_the_line_that_did_is_named() {
    let policy = policy(&whole(LAX, "\"required\""));
    let line = |decision: &Decision| {
        decision.floor.iter().map(|held| format!("{} = {}", held.place.key, held.says)).collect::<Vec<_>>()
    };
    let sudo = decide(&policy, "sudo");
    assert_eq!((sudo.require.value, sudo.require.place.line), (Require::Required, 17), "the floor decided");
    assert_eq!(sudo.methods, [Method::Totp, Method::Recovery, Method::Push], "in the order of the files");
    assert_eq!((sudo.tries, sudo.number, sudo.remember, sudo.time), (2, true, 3600, Some(45)));
    assert_eq!(sudo.enrol, [Way::Token]);
    assert_eq!(
        line(&sudo),
        [
            "methods = [\"push\", \"totp\", \"recovery\"]",
            "tries = 2",
            "number = true",
            "remember = \"3600s\"",
            "enrol = [\"token\"]",
            "deadline = \"45s\""
        ]
    );
    // What asks for more than the floor stands as it is, and the floor is not named for it.
    let su = decide(&policy, "su");
    assert_eq!((su.require.value, su.require.place.line), (Require::Approved, 11));
    assert_eq!((su.methods.as_slice(), su.time, su.remember), (&[Method::Totp][..], Some(30), 0));
    assert!(!line(&su).iter().any(|line| line.starts_with("deadline") || line.starts_with("remember")), "{su:?}");
    // Who asks once, asks once.
    let door = decide(&policy, "door");
    assert!(door.tries == 1 && !line(&door).iter().any(|line| line.starts_with("tries")), "{door:?}");
}

#[test]
fn a_floor_can_ask_for_the_approval_of_others() {
    let floor =
        |rules: &str| format!("{rules}[floor]\nrequire = \"approved\"\napprovers = {{ group = \"ops\", count = 2 }}\n");
    let policy = policy(&floor(LAX));
    for (service, named) in [("sudo", true), ("su", true), ("sshd", true)] {
        let decision = decide(&policy, service);
        assert_eq!((decision.require.value, decision.remember), (Require::Approved, 0), "{service}");
        assert_eq!(decision.approvers, Some(Approvers { group: "ops".into(), count: 2 }), "{service}");
        assert_eq!(decision.floor.iter().any(|held| held.place.key == "approvers"), named, "{service}");
    }
    let more = self::policy(&floor(&LAX.replace("count = 1", "count = 3")));
    let su = decide(&more, "su");
    assert!(su.approvers.unwrap().count == 3 && su.floor.is_empty(), "the rule asked for more");
}

#[test]
fn of_two_floors_the_stricter_line_of_each_holds() {
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let other = "[floor]\nrequire = \"optional\"\nmethods = [\"totp\", \"hotp\"]\ntries = 5\nnumber = false\nremember = \"30m\"\nenrol = [\"app\", \"token\", \"desktop\"]\ndeadline = \"110s\"\n";
    for (main, drop_in) in
        [(whole("", "\"required\""), other.to_owned()), (other.to_owned(), whole("", "\"required\""))]
    {
        let layers = Layers {
            main: Some(source("main", &main)),
            drop_ins: vec![source("drop-in", &drop_in), source("last", "[floor]\nrequire = \"off\"\n")],
            vendor: None,
        };
        let floor = layers.merge().unwrap().floor.unwrap();
        let bounds = floor.bounds.unwrap();
        assert_eq!(floor.require.value, Require::Required);
        assert_eq!((bounds.methods.value, bounds.tries.value, bounds.number.value), (vec![Method::Totp], 2, true));
        assert_eq!((bounds.remember.value, bounds.enrol.value, bounds.deadline.value), (1800, vec![Way::Token], 45));
    }
}

#[test]
fn of_two_floors_the_one_that_wants_more_approvers_holds_and_two_groups_are_refused() {
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let floor = |group: &str, count: u8| {
        format!("[floor]\nrequire = \"approved\"\napprovers = {{ group = {group:?}, count = {count} }}\n")
    };
    let merged = |main: &str, drop_in: &str| {
        let drop_ins = vec![source("drop-in", drop_in)];
        Layers { main: Some(source("main", main)), drop_ins, vendor: None }.merge()
    };
    for (main, drop_in) in [(1, 2), (2, 1), (2, 2)] {
        let policy = merged(&floor("ops", main), &floor("ops", drop_in)).unwrap();
        assert_eq!(policy.floor.unwrap().approvers.unwrap().value.count, 2, "{main} and {drop_in}");
    }
    let error = merged(&floor("ops", 1), &floor("desk", 1)).unwrap_err().to_string();
    assert!(error.starts_with("drop-in:3: approvers: the floor has approvers of another group already"), "{error}");
}

#[test]
fn a_floor_says_require_alone_or_everything_and_leaves_somebody_a_way_in() {
    let without = |key: &str| {
        let lines = WHOLE.lines().filter(|line| !line.starts_with(key));
        format!("[floor]\nrequire = \"required\"{}\n", lines.map(|line| format!("{line}\n")).collect::<String>())
    };
    for key in ["methods", "tries", "number", "remember", "enrol", "deadline"] {
        let error = merge(&without(key)).unwrap_err().to_string();
        assert!(error.starts_with("mfa.toml:2: require: a floor says this alone, or everything"), "{error}");
        assert!(error.ends_with(&format!("it lacks {key}")), "{error}");
    }
    assert!(merge("[floor]\nrequire = \"required\"").is_ok() && merge(&without("nothing")).is_ok());
    let rule = |asks: &str| format!("[[rule]]\nmatch = {{ service = [\"su\"] }}\n{asks}\n");
    for (text, expected) in [
        (String::from("[floor]\ntries = 2"), "mfa.toml:1: [floor]: the key require is missing"),
        (
            whole(&rule("require = \"required\"\nmethods = [\"hotp\"]"), "\"off\""),
            "mfa.toml:4: methods: the floor (mfa.toml:8: methods) leaves nothing of these",
        ),
        // Recovery codes alone are none.
        (
            whole(&rule("require = \"required\"\nmethods = [\"hotp\", \"recovery\"]"), "\"off\""),
            "mfa.toml:4: methods: the floor (mfa.toml:8: methods) leaves nothing of these",
        ),
        (
            rule("require = \"approved\"\napprovers = { group = \"desk\", count = 2 }")
                + "[floor]\nrequire = \"approved\"\napprovers = { group = \"ops\", count = 1 }\n",
            "mfa.toml:4: approvers: the floor (mfa.toml:7: approvers) wants the approval of ops",
        ),
    ] {
        let error = merge(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
}

#[test]
fn what_is_said_to_be_asked_where_no_rule_speaks_is_never_below_it() {
    for (require, floor, asked) in [
        ("optional", "required", Require::Required),
        ("required", "optional", Require::Required),
        ("off", "optional", Require::Optional),
        ("optional", "optional", Require::Optional),
    ] {
        let text = format!("require = \"{require}\"\n[floor]\nrequire = \"{floor}\"\n");
        assert_eq!(policy(&text).default_require(), asked, "{text}");
    }
    assert_eq!(policy("require = \"optional\"\n").default_require(), Require::Optional);
}
