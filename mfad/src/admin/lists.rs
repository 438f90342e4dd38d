//! Lists of everybody with a file, from the roster: page by page, so that no answer outgrows its frame.

use super::Refusal;
use super::pages::PAGE_BYTES;
use crate::accounts::{Lookup, by_name};
use crate::authority::Authority;
use crate::store::Entry;
use mfa_core::admin::{AdminReply, Filter, ListedUser, Somebody};
use mfa_core::now::Now;
use mfa_core::policy::{Groups, Own, Policy, Require, Requirements};
use nix::unistd::Group;
use std::collections::{BTreeSet, HashSet};

/// Users looked at for one page: others wait for the roster meanwhile.
const PAGE_LOOKED_AT: usize = 20_000;

/// What a page of a list needs to know of everybody.
struct Standard<'a> {
    policy: &'a Policy,
    requirements: &'a Requirements,
    groups: Vec<Known>,
    now: Now,
}

/// A group of which policy or a requirement speaks.
struct Known {
    name: String,
    gid: Option<u32>,
    /// As the group itself names them: those whose own group it is are not among them.
    members: HashSet<String>,
}

/// How somebody stands, as far as is known without the name service.
struct Standing {
    groups: Vec<String>,
    own: Own,
    required: Require,
    deadline: Option<u64>,
    /// Whether their own group may change it.
    open: bool,
}

impl<'a> Standard<'a> {
    fn new(policy: &'a Policy, requirements: &'a Requirements, now: Now) -> Result<Self, Refusal> {
        let requiring = requirements.group.keys().map(String::as_str);
        let named: BTreeSet<&str> = policy.groups_named().chain(requiring).collect();
        let mut groups = Vec::with_capacity(named.len());
        for name in named {
            let group = Group::from_name(name)
                .map_err(|why| Refusal(format!("the group {name} cannot be looked up: {why}")))?;
            let gid = group.as_ref().map(|group| group.gid.as_raw());
            let members = group.into_iter().flat_map(|group| group.mem).collect();
            groups.push(Known { name: name.to_owned(), gid, members });
        }
        Ok(Self { policy, requirements, groups, now })
    }

    fn of(&self, user: &str, own: Own) -> Standing {
        let member = |known: &&Known| known.members.contains(user);
        let groups: Vec<String> = self.groups.iter().filter(member).map(|known| known.name.clone()).collect();
        let asked = |groups| self.policy.standing(self.requirements, user, (groups, own), self.now.wall);
        let (required, deadline) = asked(Groups::Known(&groups));
        let open = !self.groups.is_empty() && asked(Groups::Unknown) != (required, deadline);
        Standing { groups, own, required, deadline, open }
    }

    /// The same for one whose own group is known, or cannot be.
    fn settle(&self, user: &str, mut standing: Standing, gid: Result<Option<u32>, ()>) -> (Require, Option<u64>) {
        let of_gid = |known: &&Known| known.gid.is_some() && Ok(known.gid) == gid;
        standing.groups.extend(self.groups.iter().filter(of_gid).map(|known| known.name.clone()));
        let groups = if gid.is_ok() { Groups::Known(&standing.groups) } else { Groups::Unknown };
        self.policy.standing(self.requirements, user, (groups, standing.own), self.now.wall)
    }

    fn listed(&self, user: &str, entry: &Entry) -> (ListedUser, Standing) {
        let own = if entry.readable { Own::Known(entry.require.as_deref().copied()) } else { Own::Unknown };
        let standing = self.of(user, own);
        let listed = ListedUser {
            user: user.to_owned(),
            uid: entry.uid,
            enrolled: entry.enrolled,
            required: standing.required,
            deadline: standing.deadline,
            overdue: is_overdue(entry, standing.required),
            factors: entry.factors,
            devices: entry.devices,
            recovery_left: entry.recovery_left(),
            activated: entry.activated(),
            last_success: entry.last_success(),
            locked: entry.is_locked(self.now),
            suspended: entry.suspended,
            bypass: entry.has_bypass(self.now),
            problem: entry.has_problem(self.now),
        };
        (listed, standing)
    }
}

fn is_overdue(entry: &Entry, required: Require) -> bool {
    entry.readable && !entry.enrolled && required >= Require::Required
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
    let standard = Standard::new(&in_force.policy, &requirements, authority.clock.now())?;
    let (mut found, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
    let (mut last, mut more) = (None, false);
    authority.store.roster().each_after(after, |name, entry| {
        if bytes > PAGE_BYTES || looked_at >= PAGE_LOOKED_AT {
            more = true;
            return false;
        }
        looked_at += 1;
        last = Some(name.to_owned());
        let (user, standing) = standard.listed(name, entry);
        // Whoever's own group decides is looked up below, when nobody waits for the roster any more.
        let may_be_overdue = standing.open && entry.readable && !entry.enrolled;
        if passes(filter, &user) || (may_be_overdue && passes(filter, &ListedUser { overdue: true, ..user.clone() })) {
            bytes += serde_json::to_string(&user).map_or(0, |text| text.len() + 1);
            found.push((user, standing, may_be_overdue));
        }
        true
    })?;
    let mut users = Vec::with_capacity(found.len());
    for (mut user, standing, may_be_overdue) in found {
        if standing.open {
            let gid = match by_name(&user.user) {
                Lookup::Found(account) => Ok(Some(account.gid)),
                Lookup::Absent => Ok(None),
                Lookup::Failed(_) => Err(()),
            };
            (user.required, user.deadline) = standard.settle(&user.user, standing, gid);
            user.overdue = may_be_overdue && user.required >= Require::Required;
        }
        if passes(filter, &user) {
            users.push(user);
        }
    }
    Ok(AdminReply::Page { users, next: last.filter(|_| more) })
}

/// Those of these accounts that have no file, as a list shows them.
pub(super) fn unlisted(authority: &Authority, people: Vec<Somebody>) -> Result<AdminReply, Refusal> {
    let (in_force, requirements) = (authority.in_force(), authority.requirements());
    let standard = Standard::new(&in_force.policy, &requirements, authority.clock.now())?;
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let known = authority.store.roster().known(&names)?;
    let users = people.into_iter().filter(|person| !known.contains(&person.name)).map(|person| {
        // As one whose file is read and has nothing in it.
        let mut nothing = Entry::default();
        (nothing.uid, nothing.readable) = (person.uid, true);
        let (mut user, standing) = standard.listed(&person.name, &nothing);
        (user.required, user.deadline) = standard.settle(&person.name, standing, Ok(Some(person.gid)));
        user.overdue = is_overdue(&nothing, user.required);
        user
    });
    Ok(AdminReply::Page { users: users.collect(), next: None })
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
    use mfa_core::policy::Requirement;

    #[test]
    fn a_filter_lets_by_whom_all_its_conditions_fit() {
        let (policy, requirements) = (Policy::built_in(), Requirements::default());
        let now = Now { wall: 1000, boot: Boot(1), boottime: 5 };
        let standard = Standard { policy: &policy, requirements: &requirements, groups: Vec::new(), now };
        let mut nothing = Entry::default();
        nothing.readable = true;
        let (user, _) = standard.listed("a", &nothing);
        assert!(user.overdue && !user.problem);
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
        let requirements = Requirements::default();
        let standard = Standard { policy: &policy, requirements: &requirements, groups: Vec::new(), now };
        let told = |after| {
            let (user, _) = standard.listed("a", &entry(after));
            (user.required, user.deadline, user.overdue)
        };
        assert_eq!(told(Some(1001)), (Require::Optional, Some(1001), false));
        assert_eq!(told(Some(1000)), (Require::Required, None, true));
        assert_eq!(told(None), (Require::Required, None, true));
    }
}
