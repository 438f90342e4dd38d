//! What is lost from a policy makes nothing easier: whatever one deletes from a valid one is refused, or leaves it as strict.
//!
//! Deleted is: each key, each table, each `[[rule]]` and `[[raise]]`, all of them, each file. "Easier" is any [`Ease`]. Exactly this holds:
//!
//! 1. A key or table inside a rule, a raise or a section: nothing is easier. But for a rule's own `methods`, `tries` and `deadline`, which are what stands
//!    at the top then; and for `service` of a raise that names a service without a person, which no other raise reaches.
//! 2. A key at the top: it is what a weaker file says then, or the compiled-in default, which is the strictest but for `methods`, `tries`, `deadline`
//!    and the half hour of a preset. Nothing else is easier.
//! 3. What is a demand as a whole (a rule, a raise, a section, a file) goes with what it said: nothing it did not say is easier, nobody whom
//!    it did not fit notices, and an exemption that goes exempts nobody.
//! 4. Below a floor that stays goes nothing at all.
//!
//! `methods` are compared for logins of which everything is known: where a directory is away, those of several rules are a compromise. How many
//! pushes go out is no matter of the files.

use super::*;
use std::collections::BTreeSet;
use toml::{Table, Value};

mod ease;
mod some;

use ease::{Ease, eases, lifts, said};
use some::{Dice, some};

/// What is deleted, from which file, and the texts of all files that are left.
struct Less {
    file: usize,
    path: Vec<String>,
    texts: Vec<String>,
}

/// Everything that can be deleted from these files.
fn each_less(texts: &[String], tables: &[Table]) -> Vec<Less> {
    let mut all = Vec::new();
    for (file, whole) in tables.iter().enumerate() {
        let mut paths = vec![Vec::new()];
        below(&Value::Table(whole.clone()), &mut Vec::new(), &mut paths);
        for path in paths {
            let mut texts = texts.to_vec();
            if path.is_empty() {
                texts[file] = String::new();
            } else {
                let mut less = Value::Table(whole.clone());
                remove(&mut less, &path);
                texts[file] = toml::to_string(&less).unwrap();
            }
            all.push(Less { file, path, texts });
        }
    }
    all
}

/// The paths of everything in it: keys, tables, and entries of arrays of tables.
fn below(value: &Value, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut step = |key: String, inner: &Value, found: &mut Vec<Vec<String>>| {
        at.push(key);
        found.push(at.clone());
        below(inner, at, found);
        at.pop();
    };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, inner)| step(key.clone(), inner, found)),
        Value::Array(entries) if entries.iter().any(Value::is_table) => {
            entries.iter().enumerate().for_each(|(index, inner)| step(index.to_string(), inner, found));
        }
        _ => {}
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let [first, rest @ ..] = path else { return };
    match value {
        Value::Table(table) if rest.is_empty() => drop(table.remove(first)),
        Value::Table(table) => remove(table.get_mut(first).unwrap(), rest),
        Value::Array(entries) if rest.is_empty() => drop(entries.remove(first.parse::<usize>().unwrap())),
        Value::Array(entries) => remove(&mut entries[first.parse::<usize>().unwrap()], rest),
        _ => unreachable!("a path into it"),
    }
}

fn logins() -> Vec<Query<'static>> {
    let mut logins = Vec::new();
    let key: &'static [String] = Box::leak(vec![String::from("publickey")].into_boxed_slice());
    let ops: &'static [String] = Box::leak(vec![String::from("ops")].into_boxed_slice());
    let seen = Signals { new_source: Some(true), failures: Some(3), denied: Some(true), country: None };
    let calm = Signals { new_source: Some(false), failures: Some(0), denied: Some(false), country: None };
    let dark = Signals { new_source: None, failures: None, denied: None, country: None };
    for service in ["sshd", "sudo", "cron", "own-program"] {
        for (user, groups) in [("alice", Groups::Known(&[])), ("bob", Groups::Known(ops)), ("carol", Groups::Unknown)] {
            for (rhost, tty) in [(None, Some("tty1")), (Some("192.0.2.7"), Some("ssh")), (Some("host.example"), None)] {
                for (first_factors, target) in [(key, Target::None), (&[][..], Target::Unknown)] {
                    for (signals, hour) in [(seen, 12), (calm, 3), (dark, 12)] {
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

/// The main file, and drop-ins.
fn merged(texts: &[String]) -> Result<Policy, crate::place::FileError> {
    let source = |(index, text): (usize, &String)| Source { file: index.to_string(), text: text.clone() };
    let mut all = texts.iter().enumerate().map(source);
    Layers { vendor: None, main: all.next(), drop_ins: all.collect() }.merge()
}

/// Where the rule or raise at `path` stands in the merged policy: files of the administrator's append.
fn place_in_all(tables: &[Table], file: usize, kind: &str, index: usize) -> usize {
    let count = |table: &Table| table.get(kind).and_then(Value::as_array).map_or(0, Vec::len);
    tables[..file].iter().map(count).sum::<usize>() + index
}

/// What may be easier for this login without what stands at `less.path`, by the four sentences above.
fn may_ease(tables: &[Table], before: &Policy, less: &Less, login: &Query<'_>) -> BTreeSet<Ease> {
    let table = &tables[less.file];
    let path: Vec<&str> = less.path.iter().map(String::as_str).collect();
    let index = |index: &str| index.parse::<usize>().unwrap();
    match path.as_slice() {
        // A file: what it says.
        [] => said(table),
        ["rule"] | ["raise"] | ["floor"] | ["limits"] | ["bypass"] | ["hygiene"] | ["service"] => {
            said(&std::iter::once((path[0].to_owned(), table[path[0]].clone())).collect())
        }
        ["service", _] => BTreeSet::from([Ease::Tries]),
        ["rule", n] => {
            let place = place_in_all(tables, less.file, "rule", index(n));
            let rule = &before.rules[place];
            let mut all = Ease::of_logins();
            let later = before.rules[place + 1..].iter().map(|later| later.require.value);
            let top = if NEVER_ASKED.contains(&login.service) { Require::Off } else { before.require.value };
            if later.chain([top]).all(|other| rule.require.value <= other) {
                all.remove(&Ease::Require);
            }
            if rule.matcher.fit(login) != matching::Fit::No {
                return all;
            }
            // Who shows no first factor has the fewest tries and the least time of anybody.
            let is_a_strangers = login.circumstances.first_factors.is_empty();
            let counts = is_a_strangers && rule.matcher.fit_of_anybody(login) != matching::Fit::No;
            if counts { BTreeSet::from([Ease::Tries, Ease::Deadline]) } else { BTreeSet::new() }
        }
        ["raise", n] => {
            let raise = &before.raises[place_in_all(tables, less.file, "raise", index(n))];
            if raise.matcher.fit(login) == matching::Fit::No { BTreeSet::new() } else { lifts(&raise.demand.value) }
        }
        ["raise", n, "when", "service"] => {
            let raise = &before.raises[place_in_all(tables, less.file, "raise", index(n))];
            let named = raise.matcher.service.iter().any(|name| name == login.service);
            if named && NEVER_ASKED.contains(&login.service) { lifts(&raise.demand.value) } else { BTreeSet::new() }
        }
        ["rule", _, key @ ("methods" | "tries" | "deadline")]
        | [key @ ("methods" | "tries" | "deadline" | "preset")] => Ease::of_key(key),
        // A weaker file says it too; without one it falls to the strictest.
        [key] if less.file > 0 => Ease::of_key(key),
        _ => BTreeSet::new(),
    }
}

/// What a rule's own key gives way to: the top of the files.
fn is_as_at_the_top(before: &Policy, after: &Decision, eased: Ease) -> bool {
    match eased {
        Ease::Methods => after.methods.iter().all(|method| before.methods.value.contains(method)),
        Ease::Tries => after.tries <= before.tries.value,
        Ease::Deadline => before.deadline.as_ref().is_none_or(|set| after.time.is_some_and(|time| time <= set.value)),
        _ => false,
    }
}

/// That nothing goes below the floor.
fn stands_on_the_floor(policy: &Policy, decision: &Decision) -> bool {
    let Some(floor) = &policy.floor else { return true };
    let least = floor.approvers.as_ref().map_or(0, |set| set.value.count);
    let on_it = decision.require.value >= floor.require.value
        && (decision.approvers.as_ref().map_or(0, |approvers| approvers.count) >= least);
    let Some(bounds) = &floor.bounds else { return on_it };
    on_it
        && decision.methods.iter().all(|method| bounds.methods.value.contains(method))
        && decision.tries <= bounds.tries.value
        && (decision.number || !bounds.number.value)
        && decision.remember <= bounds.remember.value
        && decision.enrol.iter().all(|way| bounds.enrol.value.contains(way))
        && decision.time.is_some_and(|time| time <= bounds.deadline.value)
}

#[test]
fn what_is_deleted_from_a_policy_makes_nothing_easier_but_what_it_demanded_itself() {
    // Every fifth login, of 2,000 policies; all of 20,000 under `tests/run.sh --all`.
    let (policies, step) = if std::env::var_os("MFA_LONG").is_some() { (20_000, 1) } else { (2000, 5) };
    let logins: Vec<Query<'_>> = logins().into_iter().step_by(step).collect();
    let (mut dice, requirements) = (Dice(1), Requirements::default());
    let (mut valid, mut layered, mut compared, mut refused, mut eased_by_nature) = (0, 0, 0, 0, 0);
    for _ in 0..policies {
        let texts: Vec<String> = (0..[1, 1, 1, 2, 3][dice.roll(5)]).map(|_| some(&mut dice)).collect();
        let Ok(before) = merged(&texts) else { continue };
        valid += 1;
        layered += u32::from(texts.len() > 1);
        let tables: Vec<Table> = texts.iter().map(|text| toml::from_str(text).unwrap()).collect();
        let was: Vec<Decision> = logins.iter().map(|login| before.decide(&requirements, login)).collect();
        for less in each_less(&texts, &tables) {
            let Ok(after) = merged(&less.texts) else {
                refused += 1;
                continue;
            };
            let named = format!("{}: {}", less.file, less.path.join("."));
            for eased in ease::of_policies(&before, &after) {
                let may = may_ease(&tables, &before, &less, &QUERY);
                assert!(
                    may.contains(&eased),
                    "without {named} all is easier ({eased:?}):\n{}",
                    texts.join("\n-----\n")
                );
                eased_by_nature += 1;
            }
            for (login, was) in logins.iter().zip(&was) {
                let is = after.decide(&requirements, login);
                let of_rule = matches!(less.path.as_slice(), [kind, _, _] if kind == "rule");
                for eased in eases(was, &is, login) {
                    let may = may_ease(&tables, &before, &less, login);
                    let as_at_the_top = !of_rule || is_as_at_the_top(&before, &is, eased);
                    assert!(
                        may.contains(&eased) && as_at_the_top,
                        "without {named} it is easier ({eased:?}) for {login:?}:\n{}\n{was:#?}\n{is:#?}",
                        texts.join("\n-----\n")
                    );
                    eased_by_nature += 1;
                }
                assert!(stands_on_the_floor(&after, &is), "without {named}: {is:?}\n{}", texts.join("\n-----\n"));
                compared += 1;
            }
        }
    }
    println!(
        "{valid} valid, {layered} of several files; {compared} compared, {refused} refused, {eased_by_nature} easier by nature"
    );
    assert!(
        valid > 300 && layered > 50 && compared > 100_000 && refused > 1000,
        "{valid} {layered} {compared} {refused}"
    );
}
