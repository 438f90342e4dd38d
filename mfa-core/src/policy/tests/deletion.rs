//! A key that is missing never makes a login easier: whatever one deletes from a valid policy is refused, or as strict.
//!
//! "Easier" is: less is required, no number, fewer approvals, remembered for longer, enrolled where it was refused, let in where
//! it was refused. So is a bypass that may last longer or needs nobody's consent, and a factor that hygiene lets live longer. `methods`, `tries` and `deadline` choose among those who are asked anyway, and are left out.

use super::*;
use toml::{Table, Value};

/// Splitmix64: the same policies at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const CONDITIONS: [&str; 12] = [
    r#"service = ["sshd"]"#,
    r#"service = ["*"]"#,
    r#"user = ["alice"]"#,
    r#"user = ["*"]"#,
    r#"group = ["ops"]"#,
    r#"from = ["192.0.2.0/24"]"#,
    r#"from = ["*"]"#,
    r#"tty = ["tty*"]"#,
    r#"first_factor = ["publickey"]"#,
    r#"target = ["root"]"#,
    r#"time = ["Mon-Fri 08:00-18:00"]"#,
    r#"from = ["local"]"#,
];

fn conditions(dice: &mut Dice, more: &[&str]) -> String {
    let mut chosen: Vec<&str> = Vec::new();
    for _ in 0..=dice.roll(4) {
        let all = [&CONDITIONS[..], more].concat();
        let next = dice.one(&all);
        if !chosen.iter().any(|known| known.split(' ').next() == next.split(' ').next()) {
            chosen.push(next);
        }
    }
    chosen.join(", ")
}

/// Some policy; most of them are valid.
fn some(dice: &mut Dice) -> String {
    let mut text = String::new();
    for key in [
        &["", "require = \"off\"", "require = \"optional\"", "require = \"required\""][..],
        &["", "number = false", "number = true"],
        &["", "remember = \"8h\""],
        &["", "enrol = [\"app\"]"],
        &["", "", "preset = \"nist-aal2\"", "preset = \"pci-dss-4\""],
    ] {
        text.push_str(dice.one(key));
        text.push('\n');
    }
    for _ in 0..dice.roll(4) {
        let full = dice.one(&[
            r#"service = ["sshd"], user = ["alice"], from = ["*"]"#,
            r#"service = ["*"], group = ["ops"], from = ["local"]"#,
            "",
        ]);
        let matches = if full.is_empty() { conditions(dice, &[]) } else { full.to_owned() };
        let require = dice.one(&["off", "optional", "required", "approved"]);
        text.push_str(&format!("[[rule]]\nmatch = {{ {matches} }}\nrequire = \"{require}\"\n"));
        if require == "approved" {
            text.push_str(&format!("approvers = {{ group = \"ops\", count = {} }}\n", 1 + dice.roll(2)));
        }
        for key in
            [&["", "", "number = false"][..], &["", "", "remember = \"1h\""], &["", "", "enrol = [\"app\", \"token\"]"]]
        {
            text.push_str(dice.one(key));
            text.push('\n');
        }
    }
    for _ in 0..dice.roll(3) {
        let when = conditions(dice, &["new_source = true", "failures = 2", "denied = true"]);
        let demand = dice.one(&["\"required\"", "\"number\", \"fresh\"", "\"refuse\""]);
        text.push_str(&format!("[[raise]]\nwhen = {{ {when} }}\ndemand = [{demand}]\n"));
    }
    text.push_str(dice.one(&["", "", "[floor]\nrequire = \"optional\"\n", "[floor]\nrequire = \"required\"\n"]));
    for section in [
        &[
            "",
            "[bypass]\nmax = \"4h\"\nconsent = true\n",
            "[bypass]\nmax = \"24h\"\nconsent = true\n",
            "[bypass]\nmax = \"10m\"\nconsent = false\n",
        ][..],
        &[
            "",
            "[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"365d\"\noverlap = \"14d\"\ndrop_pending = \"7d\"\n",
            "[hygiene]\nat = \"00:00\"\nsuspend_unused = \"0\"\nrenew_after = \"0\"\ndrop_pending = \"1d\"\n",
        ],
    ] {
        text.push_str(dice.one(section));
    }
    text.push_str(dice.one(&["", "[limits]\nwait_after = 2\n", "[service.door]\nkind = \"sshd\"\n"]));
    text
}

/// Every policy that is left when one key is deleted, and the key.
fn without_each_key(text: &str) -> Vec<(String, String)> {
    let whole: Table = toml::from_str(text).unwrap();
    let mut paths = Vec::new();
    leaves(&Value::Table(whole.clone()), &mut Vec::new(), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let mut less = Value::Table(whole.clone());
            remove(&mut less, &path);
            (path.join("."), toml::to_string(&less).unwrap())
        })
        .collect()
}

fn leaves(value: &Value, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Table(table) => {
            for (key, inner) in table {
                at.push(key.clone());
                leaves(inner, at, found);
                at.pop();
            }
        }
        Value::Array(entries) if entries.iter().any(Value::is_table) => {
            for (index, inner) in entries.iter().enumerate() {
                at.push(index.to_string());
                leaves(inner, at, found);
                at.pop();
            }
        }
        _ => found.push(at.clone()),
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let [first, rest @ ..] = path else { return };
    match value {
        Value::Table(table) if rest.is_empty() => drop(table.remove(first)),
        Value::Table(table) => remove(table.get_mut(first).unwrap(), rest),
        Value::Array(entries) => remove(&mut entries[first.parse::<usize>().unwrap()], rest),
        _ => unreachable!("a path to a leaf"),
    }
}

fn logins() -> Vec<Query<'static>> {
    let mut logins = Vec::new();
    let key: &'static [String] = Box::leak(vec![String::from("publickey")].into_boxed_slice());
    let ops: &'static [String] = Box::leak(vec![String::from("ops")].into_boxed_slice());
    let seen = Signals { new_source: Some(true), failures: Some(3), denied: Some(true), country: None };
    let calm = Signals { new_source: Some(false), failures: Some(0), denied: Some(false), country: None };
    for service in ["sshd", "sudo", "cron", "own-program"] {
        for (user, groups) in [("alice", Groups::Known(&[])), ("bob", Groups::Known(ops)), ("carol", Groups::Unknown)] {
            for (rhost, tty) in [(None, Some("tty1")), (Some("192.0.2.7"), Some("ssh")), (Some("host.example"), None)] {
                for (first_factors, target) in [(key, Target::None), (&[][..], Target::Unknown)] {
                    for (signals, hour) in [(seen, 12), (calm, 3)] {
                        let time = LocalTime { weekday: 1, minute: hour * 60 };
                        let circumstances =
                            Circumstances { rhost, tty, first_factors, target, time, wall: NOON, signals };
                        logins.push(Query { service, user, groups, circumstances, ..QUERY });
                    }
                }
            }
        }
    }
    logins
}

/// What makes `after` easier than `before`, if anything.
fn easier(before: &Decision, after: &Decision) -> Option<&'static str> {
    let count = |decision: &Decision| decision.approvers.as_ref().map_or(0, |approvers| approvers.count);
    if before.refused.is_some() {
        return after.refused.is_none().then_some("it is let in");
    }
    if after.refused.is_some() || before.require.value == Require::Off {
        return None;
    }
    if after.require.value < before.require.value {
        return Some("less is required");
    }
    if count(after) < count(before) {
        return Some("fewer must approve");
    }
    if before.number && !after.number {
        return Some("no number is asked");
    }
    if after.remember > before.remember {
        return Some("it is remembered for longer");
    }
    let enrols = |decision: &Decision| decision.require.value >= Require::Required && !decision.enrol.is_empty();
    (enrols(after) && !enrols(before) && before.require.value >= Require::Required).then_some("it enrols")
}

/// What makes `after` laxer than `before` with those who stand in for factors, or let them lie.
fn laxer(before: &Policy, after: &Policy) -> Option<&'static str> {
    if after.bypass.max.value > before.bypass.max.value {
        return Some("a bypass may last longer");
    }
    if before.bypass.consent.value && !after.bypass.consent.value {
        return Some("a bypass needs no consent");
    }
    let before = before.hygiene.as_ref()?;
    let Some(after) = &after.hygiene else { return Some("nobody looks after factors") };
    // 0 is never.
    let later = |was: u64, is: u64| was > 0 && (is == 0 || is > was);
    let overlap = |rules: &HygieneRules| rules.overlap.as_ref().map_or(0, |set| set.value);
    let lives_longer = later(before.suspend_unused.value, after.suspend_unused.value)
        || later(before.renew_after.value, after.renew_after.value)
        || overlap(after) > overlap(before)
        || later(before.drop_pending.value, after.drop_pending.value);
    lives_longer.then_some("a factor lives longer")
}

#[test]
fn no_key_that_is_deleted_makes_a_login_easier() {
    let (mut dice, logins, requirements) = (Dice(1), logins(), Requirements::default());
    let (mut valid, mut compared, mut refused, mut cared) = (0, 0, 0, 0);
    for _ in 0..3000 {
        let text = some(&mut dice);
        let Ok(before) = merge(&text) else { continue };
        valid += 1;
        cared += u32::from(before.hygiene.is_some()) + u32::from(before.bypass != BypassRules::built_in());
        for (key, less) in without_each_key(&text) {
            let Ok(after) = merge(&less) else {
                refused += 1;
                continue;
            };
            if let Some(why) = laxer(&before, &after) {
                panic!("without {key} {why}:\n{text}");
            }
            for login in &logins {
                let (was, is) = (before.decide(&requirements, login), after.decide(&requirements, login));
                if let Some(why) = easier(&was, &is) {
                    panic!("without {key} {why} for {login:?}:\n{text}\n{was:?}\n{is:?}");
                }
                compared += 1;
            }
        }
    }
    assert!(valid > 300 && compared > 100_000 && refused > 300 && cared > 300, "{valid} {compared} {refused} {cared}");
}
