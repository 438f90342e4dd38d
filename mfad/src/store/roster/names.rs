//! Many names in one text. Called by the roster: an allocation for each name would cost more than the name, for a hundred
//! thousand of them. What must never happen: a place that is used with another text than the one it was given by.

/// What ends a name. No account's name, and so no user's of a file, holds it.
const END: char = '\0';

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    /// Bytes of names that were given up.
    wasted: usize,
}

impl Names {
    /// With room for this many bytes of names, their ends included.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), wasted: 0 }
    }

    /// Four gigabytes of them there never are: mfad's memory ends long before.
    pub(super) fn add(&mut self, name: &str) -> At {
        let at = At(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.text.push_str(name);
        self.text.push(END);
        at
    }

    pub(super) fn of(&self, at: At) -> &str {
        let from = usize::try_from(at.0).unwrap_or(usize::MAX);
        let rest = self.text.get(from..).unwrap_or_default();
        rest.split_once(END).map_or(rest, |(name, _)| name)
    }

    /// Nobody has this name any more.
    pub(super) fn give_up(&mut self, at: At) {
        self.wasted += self.of(at).len() + END.len_utf8();
    }

    /// Bytes of those that are not given up.
    pub(super) fn used(&self) -> usize {
        self.text.len().saturating_sub(self.wasted)
    }

    /// Whether most of it is given up, and more than a page.
    pub(super) fn is_mostly_waste(&self) -> bool {
        self.wasted > 4096 && self.wasted > self.used()
    }

    pub(super) fn reserve(&mut self, bytes: usize) {
        self.text.reserve_exact(bytes);
    }
}

/// Names in order, of those with a file when it was looked.
#[derive(Debug)]
pub(super) struct Listed {
    names: Names,
    order: Vec<At>,
}

impl Listed {
    pub(super) fn sorted(names: Names, mut order: Vec<At>) -> Self {
        order.sort_unstable_by(|one, other| names.of(*one).cmp(names.of(*other)));
        Self { names, order }
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|at| self.names.of(*at))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.order.binary_search_by(|at| self.names.of(*at).cmp(name)).is_ok()
    }

    pub(super) fn count(&self) -> usize {
        self.order.len()
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> usize {
        self.names.used()
    }
}
