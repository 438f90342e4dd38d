//! The roster's users by name. Called by the roster, under its lock. What must never happen: two entries of one name, or names out
//! of order, which the lists' pages go by.

use super::Entry;
use std::sync::Arc;

/// By name, in order. A vector, since the nodes of a map are half empty and its like is paid for a hundred thousand times; to
/// put somebody in between costs less than the flush of the file that comes before it.
#[derive(Debug, Default)]
pub(super) struct Users(Vec<(Arc<str>, Box<Entry>)>);

impl Users {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// What is known of this name.
    pub(super) fn of(&self, name: &str) -> Option<&(Arc<str>, Box<Entry>)> {
        self.place(name).ok().and_then(|place| self.0.get(place))
    }

    /// Everybody behind this name, or everybody.
    pub(super) fn after(&self, name: Option<&str>) -> impl Iterator<Item = &(Arc<str>, Box<Entry>)> {
        let first = name.map_or(0, |name| self.place(name).map_or_else(|place| place, |place| place + 1));
        self.0.iter().skip(first)
    }

    /// Puts somebody in, or another entry in the place of the one that is there.
    pub(super) fn put(&mut self, name: Arc<str>, entry: Box<Entry>) {
        match self.place(&name) {
            Ok(place) => {
                if let Some(known) = self.0.get_mut(place) {
                    *known = (name, entry);
                }
            }
            Err(place) => self.0.insert(place, (name, entry)),
        }
    }

    /// The entry of this name, made where there is none.
    pub(super) fn entry(&mut self, name: &str) -> Option<&mut Entry> {
        let place = self.place(name).unwrap_or_else(|place| {
            self.0.insert(place, (name.into(), Box::default()));
            place
        });
        self.0.get_mut(place).map(|(_, entry)| &mut **entry)
    }

    /// For this many, and no more: growing by doubling would be paid for by everybody.
    pub(super) fn makes_room_for(&mut self, users: usize) {
        self.0.reserve_exact(users.saturating_sub(self.0.len()));
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Box<Entry>> {
        self.place(name).ok().map(|place| self.0.remove(place).1)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(users: &Users, after: Option<&str>) -> Vec<String> {
        users.after(after).map(|(name, _)| name.to_string()).collect()
    }

    #[test]
    fn names_stay_in_order_and_alone() {
        let mut users = Users::default();
        users.makes_room_for(3);
        for name in ["carol", "alice", "dave", "bob", "alice"] {
            users.put(name.into(), Box::new(Entry { uid: 7, ..Entry::default() }));
        }
        assert_eq!(names(&users, None), ["alice", "bob", "carol", "dave"]);
        assert_eq!(names(&users, Some("bob")), ["carol", "dave"]);
        assert_eq!(names(&users, Some("bobby")), ["carol", "dave"], "a page goes on behind who is gone");
        assert_eq!(names(&users, Some("zoe")), Vec::<String>::new());
        users.entry("bill").unwrap().uid = 8;
        users.entry("bob").unwrap().uid = 9;
        assert_eq!(users.of("bill").map(|(_, entry)| entry.uid), Some(8));
        assert_eq!(users.of("bob").map(|(_, entry)| entry.uid), Some(9));
        assert_eq!(users.remove("alice").map(|entry| entry.uid), Some(7));
        assert!(users.remove("alice").is_none() && users.of("alice").is_none());
        assert_eq!(users.count(), 4);
    }
}
