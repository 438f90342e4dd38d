//! Looking accounts up in the name service.
//!
//! The key of everything is `pw_name` as `getpwnam` returns it, never the typed alias. These calls can hang
//! (LDAP, SSSD): the daemon runs them in a bounded pool with a deadline. What must never happen: a
//! failed look-up being taken for "no such user" or "not in the group".

use nix::unistd::{Gid, Group, User, getgrouplist};
use std::collections::BTreeSet;
use std::ffi::CString;

/// An account of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `pw_name`.
    pub name: String,
    /// `pw_uid`.
    pub uid: u32,
    /// `pw_gid`.
    pub gid: u32,
}

/// The result of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// There is such an account.
    Found(Account),
    /// There is none.
    Absent,
    /// It is not known whether there is one.
    Failed(String),
}

/// The account of a typed name.
#[must_use]
pub fn by_name(typed: &str) -> Lookup {
    if typed.is_empty() || typed.contains('\0') {
        return Lookup::Absent;
    }
    found(User::from_name(typed))
}

/// The account of a uid.
#[must_use]
pub fn by_uid(uid: u32) -> Lookup {
    found(User::from_uid(uid.into()))
}

fn found(result: nix::Result<Option<User>>) -> Lookup {
    match result {
        Ok(Some(user)) => Lookup::Found(Account { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }),
        Ok(None) => Lookup::Absent,
        // ENOENT and ESRCH too, whatever getpwnam(3) says of other systems: glibc returns 0 when a service says "not found",
        // and an error only when one could not answer.
        Err(e) => Lookup::Failed(e.to_string()),
    }
}

impl Account {
    /// Which of the groups `named` the account is in, or why that is not known. Each is looked up by its name, which may be one of
    /// several of its gid; getgrouplist(3) leaves out what a service in trouble does not tell, without an error.
    ///
    /// # Errors
    /// When any look-up fails.
    pub fn groups(&self, named: &[&str]) -> Result<Vec<String>, String> {
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let name = CString::new(self.name.as_str()).map_err(|e| e.to_string())?;
        let gids = getgrouplist(&name, Gid::from_raw(self.gid)).map_err(|e| e.to_string())?;
        let mut names = Vec::new();
        for name in BTreeSet::from_iter(named) {
            let group = Group::from_name(name).map_err(|e| e.to_string())?;
            names.extend(group.filter(|group| gids.contains(&group.gid)).map(|_| (*name).to_owned()));
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_name_and_uid_and_has_its_group() {
        let Lookup::Found(root) = by_name("root") else { panic!("no root") };
        assert_eq!(by_uid(0), Lookup::Found(root.clone()));
        assert_eq!(root.groups(&["root", "no-such-group", "root"]), Ok(vec![String::from("root")]));
    }

    #[test]
    fn names_no_account_can_have_are_absent() {
        for name in ["", "a\0b", "no-such-user-here", "../etc"] {
            assert_eq!(by_name(name), Lookup::Absent);
        }
    }
}
