//! What would become of an account that is to be added. Pure; called before anything is added, so that a person can look and say no.

use super::Account;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is added.
    New,
    /// The same is there: nothing happens.
    There,
    /// The same is in the trash: it comes back.
    Back,
    /// It is added to the trash, where it was in a backup.
    IntoTrash,
    /// It is added, beside one of the same names with another key: a site has given a new one, perhaps.
    OtherKey,
}

impl Fate {
    /// That of `account`, which is to be added after those `before` it, where `here` are kept already.
    #[must_use]
    pub fn of(account: &Account, before: &[Account], here: &[Account]) -> Self {
        let all = || here.iter().chain(before);
        let is_called_so = |one: &Account| one.issuer == account.issuer && one.name == account.name;
        match all().find(|one| one.is_same(account)) {
            Some(same) if same.trashed.is_some() => Self::Back,
            Some(_) => Self::There,
            None if account.trashed.is_some() => Self::IntoTrash,
            None if all().any(is_called_so) => Self::OtherKey,
            None => Self::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;

    fn account(name: &str, key: &str) -> Account {
        Account::from_uri(&format!("otpauth://totp/ACME:{name}?secret={key}")).unwrap()
    }

    #[test]
    fn what_would_become_of_an_account_is_told_before_it_is_added() {
        let (one, other) = ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        let alice = account("alice", one);
        let mut trashed = alice.clone();
        trashed.trashed = Some(1);
        assert_eq!(Fate::of(&alice, &[], &[account("bob", one)]), Fate::New);
        assert_eq!(Fate::of(&alice, &[], from_ref(&alice)), Fate::There);
        assert_eq!(Fate::of(&alice, from_ref(&alice), &[]), Fate::There, "twice in one file");
        assert_eq!(Fate::of(&alice, &[], from_ref(&trashed)), Fate::Back);
        assert_eq!(Fate::of(&trashed, &[], &[]), Fate::IntoTrash);
        assert_eq!(Fate::of(&account("alice", other), &[], from_ref(&alice)), Fate::OtherKey);
    }
}
