//! The roster's users by name, and the uids by which they are enrolled. Called by the roster, under its lock. What must never happen:
//! two entries of one name, or names out of order, which the lists' pages go by.

use super::Entry;
use super::names::{At, Names};
use std::collections::{HashMap, HashSet};

/// In few and large pieces, since what a piece costs by itself is paid for a hundred thousand times.
#[derive(Debug, Default)]
pub(super) struct Users {
    names: Names,
    /// In the order of the names. To put somebody in between moves eight bytes of everybody behind, which is less than the flush of
    /// the file that comes before it.
    places: Vec<Place>,
    entries: Vec<Entry>,
    /// Of `entries` those that are nobody's.
    free: Vec<u32>,
    /// Somebody may be called by a uid who has no entry yet.
    uids: HashMap<u32, At>,
    /// Those by which several were called: when the one goes, another is looked for.
    shared: HashSet<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    name: At,
    entry: u32,
}

impl Users {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.places.binary_search_by(|place| self.names.of(place.name).cmp(name))
    }

    fn at(&self, name: &str) -> Option<Place> {
        self.place(name).ok().and_then(|place| self.places.get(place)).copied()
    }

    /// What is known of this name.
    pub(super) fn of(&self, name: &str) -> Option<&Entry> {
        self.at(name).and_then(|place| self.entries.get(index(place.entry)))
    }

    /// Everybody behind this name, or everybody.
    pub(super) fn after(&self, name: Option<&str>) -> impl Iterator<Item = (&str, &Entry)> {
        let first = name.map_or(0, |name| self.place(name).map_or_else(|place| place, |place| place + 1));
        let behind = self.places.iter().skip(first);
        behind.filter_map(|place| Some((self.names.of(place.name), self.entries.get(index(place.entry))?)))
    }

    /// The entry of this name, if it has one.
    pub(super) fn known(&mut self, name: &str) -> Option<&mut Entry> {
        let place = self.at(name)?;
        self.entries.get_mut(index(place.entry))
    }

    /// Puts somebody in, or another entry in the place of the one that is there.
    pub(super) fn put(&mut self, name: &str, entry: Entry) {
        match self.place(name) {
            Ok(_) => {
                if let Some(known) = self.known(name) {
                    *known = entry;
                }
            }
            Err(place) => self.insert(place, name, entry),
        }
    }

    /// The entry of this name, made where there is none.
    pub(super) fn entry(&mut self, name: &str) -> Option<&mut Entry> {
        if let Err(place) = self.place(name) {
            self.insert(place, name, Entry::default());
        }
        self.known(name)
    }

    fn insert(&mut self, place: usize, name: &str, entry: Entry) {
        // Who is called by the uid has a name already.
        let called = self.uids.get(&entry.uid).copied().filter(|at| self.names.of(*at) == name);
        let name = called.unwrap_or_else(|| self.names.add(name));
        let entry = match self.free.pop() {
            Some(free) => {
                if let Some(room) = self.entries.get_mut(index(free)) {
                    *room = entry;
                }
                free
            }
            None => {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.places.insert(place, Place { name, entry });
    }

    /// For this many, of so many bytes of names, and no more: growing by doubling would be paid for by everybody.
    pub(super) fn makes_room_for(&mut self, users: usize, bytes: usize) {
        self.places.reserve_exact(users.saturating_sub(self.places.len()));
        self.entries.reserve_exact(users.saturating_sub(self.entries.len()));
        self.uids.reserve(users.saturating_sub(self.uids.len()));
        self.names.reserve(bytes.saturating_sub(self.names.used()));
    }

    /// Takes somebody out, and the uid that calls him.
    pub(super) fn remove(&mut self, name: &str) {
        let Ok(place) = self.place(name) else { return };
        let Place { name: at, entry } = self.places.remove(place);
        if let Some(room) = self.entries.get_mut(index(entry)) {
            let uid = std::mem::take(room).uid;
            self.free.push(entry);
            self.call_no_more(uid, name);
        }
        self.names.give_up(at);
        if self.names.is_mostly_waste() {
            self.tidy();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// Who is called by this uid.
    pub(super) fn called(&self, uid: u32) -> Option<&str> {
        self.uids.get(&uid).map(|at| self.names.of(*at))
    }

    /// From now on this uid calls this user.
    pub(super) fn call(&mut self, uid: u32, name: &str) {
        if self.called(uid).is_some_and(|known| known != name) {
            self.shared.insert(uid);
        }
        let known = self.at(name).map(|place| place.name);
        let at = known.unwrap_or_else(|| self.names.add(name));
        self.uids.insert(uid, at);
    }

    /// This uid does not call this user any more, if it did; it calls another whose it is as well.
    pub(super) fn call_no_more(&mut self, uid: u32, name: &str) {
        if self.called(uid) != Some(name) {
            return;
        }
        self.uids.remove(&uid);
        if self.shared.contains(&uid) {
            let is_another = |(other, entry): &(&str, &Entry)| *other != name && entry.uid == uid;
            let another = self.after(None).find(is_another).map(|(other, _)| other.to_owned());
            match another {
                Some(other) => self.call(uid, &other),
                None => drop(self.shared.remove(&uid)),
            }
        }
    }

    /// Leaves out the names that nobody has any more.
    fn tidy(&mut self) {
        let mut names = Names::with_room(self.names.used());
        // By uid first, while their names can still be compared with those in order.
        let orphans = self.uids.iter().map(|(uid, at)| (*uid, self.names.of(*at).to_owned()));
        let called: Vec<(u32, String)> = orphans.collect();
        for place in &mut self.places {
            place.name = names.add(self.names.of(place.name));
        }
        self.names = names;
        self.uids.clear();
        for (uid, name) in called {
            self.call(uid, &name);
        }
    }
}

fn index(entry: u32) -> usize {
    usize::try_from(entry).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
