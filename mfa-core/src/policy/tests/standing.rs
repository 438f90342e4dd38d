//! How a user stands where nobody is logging in: the strictest that any login of theirs meets.

use super::*;

fn stands(text: &str, user: &str, groups: Groups<'_>, own: Option<Requirement>) -> (Require, Option<u64>) {
    let mut requirements = Requirements::default();
    requirements.group.insert("ops".into(), Requirement::from(NOON + 60));
    policy(text).standing(&requirements, user, (groups, Own::Known(own)), NOON)
}

#[test]
fn the_strictest_rule_that_can_be_about_a_user_counts_and_others_do_not() {
    let none = Groups::Known(&[]);
    let rule = |matches: &str, asks: &str| format!("[[rule]]\nmatch = {{ {matches} }}\n{asks}\n");
    let (required, off) = ("require = \"required\"", "require = \"off\"");
    let approved = "require = \"approved\"\napprovers = { group = \"ops\", count = 1 }";
    for (rules, user, expected) in [
        (String::new(), "alice", Require::Optional),
        (rule(r#"service = ["sudo"]"#, required), "alice", Require::Required),
        (rule(r#"first_factor = ["password"], time = ["Sat"]"#, required), "alice", Require::Required),
        (rule(r#"user = ["bob"]"#, required), "alice", Require::Optional),
        (rule(r#"group = ["desk"]"#, required), "alice", Require::Optional),
        // su asks the one it makes of somebody, sudo the one who calls it; nothing else makes anybody of anybody.
        (rule(r#"service = ["su"], target = ["root"]"#, approved), "alice", Require::Optional),
        (rule(r#"service = ["su"], target = ["root"]"#, approved), "root", Require::Approved),
        (rule(r#"service = ["sudo"], target = ["root"]"#, approved), "alice", Require::Approved),
        (rule(r#"service = ["sshd"], target = ["root"]"#, approved), "alice", Require::Optional),
        (rule(r#"target = ["root"]"#, approved), "alice", Require::Approved),
        // What is exempt here may be asked elsewhere, unless the rule takes all.
        (
            rule(r#"service = ["sshd"], user = ["alice"], from = ["*"]"#, off) + &rule("", required),
            "alice",
            Require::Required,
        ),
        (rule(r#"service = ["*"], user = ["alice"], from = ["*"]"#, off) + &rule("", required), "alice", Require::Off),
        (rule(r#"service = ["*"], user = ["alice"], from = ["*"]"#, off), "bob", Require::Optional),
    ] {
        let text = format!("require = \"optional\"\n{rules}");
        assert_eq!(stands(&text, user, none, None), (expected, None), "{user}: {text}");
    }
}

#[test]
fn requirements_and_the_floor_count_as_they_do_at_a_login() {
    let none = Groups::Known(&[]);
    let ops = [String::from("ops")];
    let all_off = "[[rule]]\nmatch = { service = [\"*\"], user = [\"alice\"], from = [\"*\"] }\nrequire = \"off\"\n";
    let later = Some(Requirement::from(NOON + 30));
    let told = (Require::Optional, Some(NOON + 60));
    assert_eq!(stands("require = \"off\"\n", "alice", Groups::Known(&ops), None), told);
    // A group that cannot be looked up is the stricter.
    assert_eq!(stands("require = \"off\"\n", "alice", Groups::Unknown, None), told);
    assert_eq!(stands("require = \"off\"\n", "alice", Groups::Known(&ops), later).1, Some(NOON + 30));
    assert_eq!(stands("require = \"off\"\n", "alice", none, Some(Requirement::from(NOON))).0, Require::Required);
    // An exemption holds against requirements, and nothing against the floor.
    assert_eq!(stands(all_off, "alice", Groups::Known(&ops), later), (Require::Off, None));
    let floored = format!("{all_off}[floor]\nrequire = \"required\"\n");
    assert_eq!(stands(&floored, "alice", none, None), (Require::Required, None));
}

#[test]
fn of_whom_it_cannot_be_read_what_they_must_is_taken_to_need_a_factor() {
    let policy = policy("require = \"optional\"\n");
    let stands = |own| policy.standing(&Requirements::default(), "alice", (Groups::Known(&[]), own), NOON).0;
    assert_eq!((stands(Own::Known(None)), stands(Own::Unknown)), (Require::Optional, Require::Required));
}
