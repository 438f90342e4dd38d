//! What can be easier about a login, or about a policy, than it was.

use super::*;

/// In what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ease {
    /// Less is required, or it is let in where it was refused.
    Require,
    /// It opens to a method that it did not.
    Methods,
    /// No number is asked.
    Number,
    /// Fewer must approve.
    Approvers,
    /// More answers.
    Tries,
    /// It is remembered for longer.
    Remember,
    /// It enrols by what it did not.
    Enrol,
    /// More time.
    Deadline,
    /// Codes are shown.
    Echo,
    /// More failures before one waits or a factor is disabled, or shorter waits.
    Lockout,
    /// A bypass lasts longer, or needs nobody's consent.
    Bypass,
    /// A factor lives longer.
    Hygiene,
}

impl Ease {
    /// All that concerns single logins and stands in rules.
    pub(super) fn of_logins() -> BTreeSet<Self> {
        BTreeSet::from([
            Self::Require,
            Self::Methods,
            Self::Number,
            Self::Approvers,
            Self::Tries,
            Self::Remember,
            Self::Enrol,
            Self::Deadline,
        ])
    }

    /// What a key at the top is about; `require` and `approvers` stand together, and who is approved is not remembered.
    pub(super) fn of_key(key: &str) -> BTreeSet<Self> {
        BTreeSet::from_iter(match key {
            "require" | "approvers" => vec![Self::Require, Self::Approvers, Self::Remember],
            "methods" => vec![Self::Methods],
            "number" => vec![Self::Number],
            "tries" => vec![Self::Tries],
            "remember" => vec![Self::Remember],
            "enrol" => vec![Self::Enrol],
            "deadline" => vec![Self::Deadline],
            "echo" => vec![Self::Echo],
            "limits" | "preset" => vec![Self::Lockout],
            "bypass" => vec![Self::Bypass],
            "hygiene" => vec![Self::Hygiene],
            // Whether an application asks by itself again.
            "service" => vec![Self::Tries],
            other => unreachable!("{other}"),
        })
    }
}

/// What a raise asked for.
pub(super) fn lifts(demands: &[Demand]) -> BTreeSet<Ease> {
    let of = |demand: &Demand| match demand {
        Demand::Required | Demand::Refuse => vec![Ease::Require],
        Demand::Number => vec![Ease::Number, Ease::Remember],
        Demand::Fresh => vec![Ease::Remember],
        Demand::Push => vec![Ease::Methods, Ease::Remember],
    };
    demands.iter().flat_map(of).collect()
}

/// All that the keys of a file speak of.
pub(super) fn said(table: &Table) -> BTreeSet<Ease> {
    let of = |(key, value): (&String, &Value)| match key.as_str() {
        "rule" => Ease::of_logins(),
        "raise" => {
            let entries = value.as_array().unwrap().iter();
            let demands = entries.flat_map(|raise| raise["demand"].as_array().unwrap());
            demands.flat_map(|demand| lifts(&[demand.clone().try_into().unwrap()])).collect()
        }
        "floor" => value.as_table().unwrap().keys().flat_map(|key| Ease::of_key(key)).collect(),
        key => Ease::of_key(key),
    };
    table.iter().flat_map(of).collect()
}

/// In what `after` is easier than `before`.
pub(super) fn eases(before: &Decision, after: &Decision, login: &Query<'_>) -> Vec<Ease> {
    let count = |decision: &Decision| decision.approvers.as_ref().map_or(0, |approvers| approvers.count);
    if before.refused.is_some() {
        return after.refused.is_none().then_some(Ease::Require).into_iter().collect();
    }
    if after.refused.is_some() || before.require.value == Require::Off {
        return Vec::new();
    }
    let is_known = login.groups != Groups::Unknown
        && login.circumstances.target != Target::Unknown
        && login.circumstances.signals.new_source.is_some()
        && !matches!(login.circumstances.rhost, Some("host.example"));
    let new = |had: &[Way], has: &[Way]| has.iter().any(|way| !had.contains(way));
    // Who has no factor was let by before.
    let enrolled = before.require.value < Require::Required;
    let longest = |decision: &Decision| decision.time.unwrap_or(u64::MAX);
    [
        (Ease::Require, after.require.value < before.require.value),
        (Ease::Methods, is_known && after.methods.iter().any(|method| !before.accepts(*method))),
        (Ease::Number, before.number && !after.number),
        (Ease::Approvers, count(after) < count(before)),
        (Ease::Tries, after.tries > before.tries),
        (Ease::Remember, after.remember > before.remember),
        (Ease::Enrol, !enrolled && new(&before.enrol, &after.enrol)),
        (Ease::Deadline, longest(after) > longest(before)),
        (Ease::Echo, after.echo && !before.echo),
    ]
    .into_iter()
    .filter_map(|(ease, is)| is.then_some(ease))
    .collect()
}

/// In what a whole policy is easier, whoever logs in.
pub(super) fn of_policies(before: &Policy, after: &Policy) -> Vec<Ease> {
    let (was, is) = (before.lockout(), after.lockout());
    let lockout = is.free > was.free
        || is.disable_at > was.disable_at
        || (1..=50).any(|failures| is.delay_after(failures) < was.delay_after(failures));
    let bypass = after.bypass.max.value > before.bypass.max.value
        || (before.bypass.consent.value && !after.bypass.consent.value);
    // 0 is never.
    let later = |was: u64, is: u64| was > 0 && (is == 0 || is > was);
    let overlap = |rules: &HygieneRules| rules.overlap.as_ref().map_or(0, |set| set.value);
    let hygiene = match (&before.hygiene, &after.hygiene) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            later(before.suspend_unused.value, after.suspend_unused.value)
                || later(before.renew_after.value, after.renew_after.value)
                || (after.renew_after.value > 0 && overlap(after) > overlap(before))
                || later(before.drop_pending.value, after.drop_pending.value)
        }
    };
    [(Ease::Lockout, lockout), (Ease::Bypass, bypass), (Ease::Hygiene, hygiene)]
        .into_iter()
        .filter_map(|(ease, is)| is.then_some(ease))
        .collect()
}
