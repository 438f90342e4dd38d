//! Rules that make a login easier must say for whom in so many words.
//!
//! The first rule that matches decides, so a rule that stands before a stricter one exempts from it. If such a rule loses a
//! condition (a line deleted, a merge gone wrong), it would exempt more; so each of the three it must have is written out, with
//! `"*"` where it means any, and it has no others. What must never happen: a policy that becomes weaker because a key of it
//! is missing.

use super::{Policy, Require, Rule, Set, Way};
use crate::place::{FileError, Place};
use crate::wire::Method;

/// Checks the merged rules in their order.
///
/// # Errors
/// The first rule that is weaker than one after it, or than the default, without saying so in full.
pub(super) fn check(policy: &Policy) -> Result<(), FileError> {
    let default = Asked {
        require: policy.require.value,
        number: policy.number.value,
        approvals: policy.approvers.as_ref().map_or(0, |set| set.value.count),
        remember: policy.remember.value,
        enrol: &policy.enrol.value,
        methods: &policy.methods.value,
        tries: policy.tries.value,
        deadline: policy.deadline.as_ref().map_or(u64::MAX, |set| set.value),
    };
    for (index, rule) in policy.rules.iter().enumerate() {
        if let Some(place) = stricter_than_the_top(rule, policy) {
            let why = String::from(
                "stricter than at the top of the files: set the strict value there, and the looser one in the rules that need it",
            );
            return Err(FileError { place: place.clone(), why });
        }
        let asked = Asked::by(rule, policy);
        let later = policy.rules.iter().skip(index + 1).find(|later| asked.is_weaker_than(&Asked::by(later, policy)));
        let weaker_than = match later {
            Some(later) => format!("it stands before a stricter one ({})", later.place),
            // Unlike `off` at the top of a file it exempts from what `mfactl require` sets as well.
            None if asked.require == Require::Off => String::from("it lets logins by"),
            None if asked.is_weaker_than(&default) => {
                format!("it asks for less than other logins are asked ({})", policy.require.place)
            }
            None => continue,
        };
        if let Some(why) = not_in_full(rule) {
            let why = format!("{why}: {weaker_than}");
            return Err(FileError { place: rule.place.clone(), why });
        }
    }
    Ok(())
}

/// What a rule asks, as far as one can be weaker than another.
struct Asked<'a> {
    require: Require,
    number: bool,
    approvals: u8,
    remember: u64,
    enrol: &'a [Way],
    methods: &'a [Method],
    tries: u8,
    deadline: u64,
}

impl<'a> Asked<'a> {
    fn by(rule: &'a Rule, policy: &'a Policy) -> Self {
        Self {
            require: rule.require.value,
            number: rule.number.as_ref().unwrap_or(&policy.number).value,
            approvals: rule.approvers.as_ref().map_or(0, |set| set.value.count),
            remember: rule.remember.as_ref().unwrap_or(&policy.remember).value,
            enrol: &rule.enrol.as_ref().unwrap_or(&policy.enrol).value,
            methods: &rule.methods.as_ref().unwrap_or(&policy.methods).value,
            tries: rule.tries.as_ref().unwrap_or(&policy.tries).value,
            deadline: rule.deadline.as_ref().or(policy.deadline.as_ref()).map_or(u64::MAX, |set| set.value),
        }
    }

    fn is_weaker_than(&self, other: &Asked<'_>) -> bool {
        self.require < other.require
            || (!self.number && other.number)
            || self.approvals < other.approvals
            || self.remember > other.remember
            || self.enrol.iter().any(|way| !other.enrol.contains(way))
            || self.methods.iter().any(|method| !other.methods.contains(method))
            || self.tries > other.tries
            || self.deadline > other.deadline
    }
}

/// Where a rule asks more than the top of the files does: without that line the looser value of the top would hold.
fn stricter_than_the_top<'a>(rule: &'a Rule, policy: &Policy) -> Option<&'a Place> {
    let number = rule.number.as_ref().filter(|set| set.value && !policy.number.value).map(|set| &set.place);
    let remember = rule.remember.as_ref().filter(|set| set.value < policy.remember.value).map(|set| &set.place);
    let lacks = |set: &&Set<Vec<Way>>| policy.enrol.value.iter().any(|way| !set.value.contains(way));
    let enrol = rule.enrol.as_ref().filter(lacks).map(|set| &set.place);
    number.or(remember).or(enrol)
}

/// What a rule that exempts lacks, or has too much.
fn not_in_full(rule: &Rule) -> Option<&'static str> {
    let matcher = &rule.matcher;
    let narrowed = !matcher.tty.is_empty()
        || !matcher.first_factor.is_empty()
        || !matcher.target.is_empty()
        || !matcher.time.is_empty()
        || matcher.new_source;
    if matcher.service.is_empty() || (matcher.user.is_empty() == matcher.group.is_empty()) || matcher.from.is_empty() {
        Some("an exempting rule must say service, from, and user or group (one of them), \"*\" where it means any")
    } else if narrowed {
        Some("an exempting rule has no other conditions than service, from, and user or group")
    } else {
        None
    }
}
