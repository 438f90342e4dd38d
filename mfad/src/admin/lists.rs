//! Lists of everybody with a file, from the roster: page by page, so that no answer outgrows its frame.

use super::Refusal;
use super::pages::PAGE_BYTES;
use crate::authority::Authority;
use crate::store::Entry;
use mfa_core::admin::{AdminReply, Filter, ListedUser};
use mfa_core::now::Now;
use mfa_core::policy::{Policy, Require, Requirement, strictest};
use std::collections::HashSet;

/// Users looked at for one page: others wait for the roster meanwhile.
const PAGE_LOOKED_AT: usize = 20_000;

/// What a page of a list needs to know of everybody.
struct Standard<'a> {
    policy: &'a Policy,
    all: Option<Requirement>,
    groups: Vec<(HashSet<String>, Requirement)>,
    now: Now,
}

impl Standard<'_> {
    fn listed(&self, user: &str, entry: &Entry) -> ListedUser {
        let of_groups = self.groups.iter().filter(|(members, _)| members.contains(user)).map(|(_, set)| *set);
        let all = of_groups.chain(self.all).chain(entry.require.as_deref().copied());
        let (required, deadline) = strictest(self.policy.default_require(), all, self.now.wall);
        ListedUser {
            user: user.to_owned(),
            uid: entry.uid,
            enrolled: entry.enrolled,
            required,
            deadline,
            overdue: entry.readable && !entry.enrolled && required >= Require::Required,
            factors: entry.factors,
            devices: entry.devices,
            recovery_left: entry.recovery_left(),
            activated: entry.activated(),
            last_success: entry.last_success(),
            locked: entry.is_locked(self.now),
            suspended: entry.suspended,
            bypass: entry.has_bypass(self.now),
            problem: entry.has_problem(self.now),
        }
    }
}

fn passes(filter: &Filter, user: &ListedUser) -> bool {
    let inactive = |since: u64| user.enrolled && user.last_success.or(user.activated).is_none_or(|at| at < since);
    (!filter.unenrolled || !user.enrolled)
        && (!filter.overdue || user.overdue)
        && (!filter.locked || user.locked)
        && (!filter.suspended || user.suspended)
        && filter.inactive_since.is_none_or(inactive)
}

pub(super) fn list(authority: &Authority, filter: &Filter, after: Option<&str>) -> Result<AdminReply, Refusal> {
    let (in_force, requirements) = (authority.in_force(), authority.requirements());
    let standard = Standard {
        policy: &in_force.policy,
        all: requirements.all,
        groups: members(&requirements.group)?,
        now: authority.clock.now(),
    };
    let (mut users, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
    let (mut last, mut more) = (None, false);
    authority.store.roster().each_after(after, |name, entry| {
        if bytes > PAGE_BYTES || looked_at >= PAGE_LOOKED_AT {
            more = true;
            return false;
        }
        looked_at += 1;
        last = Some(name.to_owned());
        let user = standard.listed(name, entry);
        if passes(filter, &user) {
            bytes += serde_json::to_string(&user).map_or(0, |text| text.len() + 1);
            users.push(user);
        }
        true
    })?;
    Ok(AdminReply::Page { users, next: last.filter(|_| more) })
}

/// The members of the groups of whom something is required, as the group itself names them.
fn members(
    groups: &std::collections::BTreeMap<String, Requirement>,
) -> Result<Vec<(HashSet<String>, Requirement)>, Refusal> {
    let mut all = Vec::with_capacity(groups.len());
    for (name, requirement) in groups {
        match nix::unistd::Group::from_name(name) {
            Ok(group) => all.push((group.into_iter().flat_map(|group| group.mem).collect(), *requirement)),
            Err(why) => return Err(Refusal(format!("the group {name} cannot be looked up: {why}"))),
        }
    }
    Ok(all)
}

/// Those of these names that have no file.
pub(super) fn without_file(authority: &Authority, mut names: Vec<String>) -> Result<AdminReply, Refusal> {
    let known = authority.store.roster().known(&names)?;
    names.retain(|name| !known.contains(name));
    Ok(AdminReply::Names { names, next: None })
}

/// What is required of everybody and of groups.
pub(super) fn requirements(authority: &Authority) -> AdminReply {
    let requirements = authority.requirements();
    let policy = authority.in_force().policy.default_require();
    AdminReply::Requirements {
        policy,
        all: requirements.all,
        groups: requirements.group.iter().map(|(name, set)| (name.clone(), *set)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::now::Boot;

    #[test]
    fn a_filter_lets_by_whom_all_its_conditions_fit() {
        let user = ListedUser {
            user: "a".into(),
            uid: 1,
            enrolled: false,
            required: Require::Required,
            deadline: None,
            overdue: true,
            factors: 0,
            devices: 0,
            recovery_left: 0,
            activated: None,
            last_success: None,
            locked: false,
            suspended: false,
            bypass: false,
            problem: false,
        };
        let enrolled = |last| ListedUser { enrolled: true, overdue: false, last_success: last, ..user.clone() };
        let overdue = Filter { overdue: true, ..Filter::default() };
        let inactive = Filter { inactive_since: Some(100), ..Filter::default() };
        assert!(passes(&Filter::default(), &user) && passes(&overdue, &user) && !passes(&overdue, &enrolled(None)));
        assert!(!passes(&Filter { locked: true, ..overdue }, &user));
        assert!(!passes(&inactive, &user), "who has no factor is not inactive with one");
        assert!(passes(&inactive, &enrolled(None)) && passes(&inactive, &enrolled(Some(99))));
        assert!(!passes(&inactive, &enrolled(Some(100))));
    }

    #[test]
    fn a_deadline_to_come_is_told_and_one_that_is_over_is_overdue() {
        let policy = Policy {
            require: mfa_core::policy::Set { value: Require::Off, ..Policy::built_in().require },
            ..Policy::built_in()
        };
        let now = Now { wall: 1000, boot: Boot(1), boottime: 5 };
        let entry = |after| {
            let mut entry = Entry::default();
            entry.readable = true;
            entry.require = Some(Box::new(Requirement { after, ..Requirement::now(Require::Required) }));
            entry
        };
        let standard = Standard { policy: &policy, all: None, groups: Vec::new(), now };
        let told = |after| {
            let user = standard.listed("a", &entry(after));
            (user.required, user.deadline, user.overdue)
        };
        assert_eq!(told(Some(1001)), (Require::Optional, Some(1001), false));
        assert_eq!(told(Some(1000)), (Require::Required, None, true));
        assert_eq!(told(None), (Require::Required, None, true));
    }
}
