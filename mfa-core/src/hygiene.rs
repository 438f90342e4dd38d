//! What becomes of factors nobody uses or renews, and of enrolments nobody confirmed.
//!
//! mfad looks once a day at everybody of whom [`Glance`] says that there may be something, and does what [`plan`] says; `mfactl
//! hygiene` does the same on an administrator's word. No I/O, no clock. What must never happen: a factor suspended for its age
//! before its user was told for as long as policy says, or one that is in use.

use crate::device::Device;
use crate::enrollment::{Enrollment, Factor, FactorId};
use crate::now::{ShortSeconds, long, short};
use crate::place::{self, FileError};
use crate::policy::HygieneRules;
use crate::state::{FactorState, State};
use crate::upkeep::{Suspended, Why};
use serde::{Deserialize, Serialize};

/// Name of the file in the state folder that says when it was looked last.
pub const FILE: &str = "hygiene.toml";

/// Seconds of a day.
const DAY: u64 = 86_400;

/// What is to be done with a factor or a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// It opens nothing from now on.
    Suspend(Why),
    /// Its user is told that it stops.
    Announce {
        /// Seconds since 1970 from which on.
        stops: u64,
    },
    /// It does not stop after all: policy gives it more time than when that was announced.
    Spare,
    /// An enrolment that was never confirmed goes.
    Drop,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the factor or the device.
    pub id: String,
    /// What.
    pub act: Act,
}

/// What is to be done for one user at `wall`. `stops`: when that stops which is announced now, in seconds since 1970; a whole overlap
/// later, at the hour at which it is looked.
#[must_use]
pub fn plan(rules: &HygieneRules, enrollment: &Enrollment, state: &State, wall: u64, stops: u64) -> Vec<Change> {
    let used = |id: &FactorId| state.factors.get(id).and_then(|known| known.last_used);
    let factors = enrollment.factors.iter().filter_map(|factor| {
        let act = of_factor(rules, factor, used(&factor.id), wall, stops)?;
        Some(Change { id: factor.id.to_string(), act })
    });
    // Devices are used as one, as their failures count as one: whoever approves with one of them looks at the others.
    let approved = used(&FactorId::push());
    let devices = enrollment.active_devices().filter(|device| is_unused(rules, since_device(device), approved, wall));
    let devices = devices.map(|device| Change { id: device.id.to_string(), act: Act::Suspend(Why::Unused) });
    factors.chain(devices).collect()
}

fn of_factor(rules: &HygieneRules, factor: &Factor, used: Option<u64>, wall: u64, stops: u64) -> Option<Act> {
    let age = wall.saturating_sub(factor.created);
    if factor.pending {
        return (rules.drop_pending.value > 0 && age >= rules.drop_pending.value).then_some(Act::Drop);
    }
    if factor.upkeep.suspended.is_some() {
        return None;
    }
    if is_unused(rules, since(factor), used, wall) {
        return Some(Act::Suspend(Why::Unused));
    }
    let old = rules.renew_after.value > 0 && age >= rules.renew_after.value;
    match (old, factor.upkeep.stops) {
        (true, None) => Some(Act::Announce { stops }),
        (true, Some(stops)) if wall >= stops => Some(Act::Suspend(Why::Old)),
        (false, Some(_)) => Some(Act::Spare),
        (true, Some(_)) | (false, None) => None,
    }
}

fn is_unused(rules: &HygieneRules, since: u64, used: Option<u64>, wall: u64) -> bool {
    let last = used.map_or(since, |used| used.max(since));
    rules.suspend_unused.value > 0 && wall.saturating_sub(last) >= rules.suspend_unused.value
}

/// From when on it could have been used.
fn since(factor: &Factor) -> u64 {
    factor.created.max(factor.upkeep.resumed.unwrap_or(0))
}

fn since_device(device: &Device) -> u64 {
    device.created.max(device.upkeep.resumed.unwrap_or(0))
}

/// Does it in the file that is to be written. Changes are of the same file, read meanwhile by nobody else.
pub fn apply(enrollment: &mut Enrollment, changes: &[Change], wall: u64) {
    let act_on = |id: &str| changes.iter().find(|change| change.id == id).map(|change| change.act);
    enrollment.factors.retain(|factor| act_on(&factor.id.to_string()) != Some(Act::Drop));
    let factors = enrollment.factors.iter_mut().map(|factor| (factor.id.to_string(), &mut factor.upkeep));
    let devices = enrollment.devices.iter_mut().map(|device| (device.id.to_string(), &mut device.upkeep));
    for (id, upkeep) in factors.chain(devices) {
        match act_on(&id) {
            Some(Act::Suspend(why)) => (upkeep.suspended, upkeep.stops) = (Some(Suspended { at: wall, why }), None),
            Some(Act::Announce { stops }) => upkeep.stops = Some(stops),
            Some(Act::Spare) => upkeep.stops = None,
            Some(Act::Drop) | None => {}
        }
    }
}

/// What is enough to know of a user to see that there is nothing to do, kept in memory for everybody: small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// When the first of the pending factors was made.
    pending: Option<ShortSeconds>,
    /// When the first of those that open something was made of which nobody was told that it stops.
    untold: Option<ShortSeconds>,
    /// Whether one of them is to stop.
    stops: bool,
    /// Most people have one.
    first: Way,
    #[expect(clippy::box_collection, reason = "one word in the room of three, for the few who have more than one")]
    others: Option<Box<Vec<Way>>>,
}

/// A factor in a glance. All devices are one, the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Way {
    /// A hash of its name (FNV-1a), which tells the few of one user apart.
    mark: u32,
    /// From when on it could have been used, if it opens something.
    open: Option<ShortSeconds>,
    /// When it was used.
    used: Option<ShortSeconds>,
}

fn mark(id: &FactorId) -> u32 {
    id.to_string().bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Glance {
    /// Whether anything of the user's opens a login.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.ways().any(|way| way.open.is_some())
    }

    /// Takes what the file says.
    pub fn take_enrollment(&mut self, enrollment: &Enrollment) {
        self.pending =
            enrollment.factors.iter().filter(|factor| factor.pending).map(|factor| short(factor.created)).min();
        let untold = enrollment.confirmed().filter(|factor| factor.upkeep.stops.is_none());
        self.untold = untold.map(|factor| short(factor.created)).min();
        self.stops = enrollment.confirmed().any(|factor| factor.upkeep.stops.is_some());
        let factors = enrollment.confirmed().map(|factor| (mark(&factor.id), since(factor)));
        let devices = enrollment.active_devices().map(since_device).min();
        let open: Vec<_> = factors.chain(devices.map(|since| (mark(&FactorId::push()), since))).collect();
        self.take(&open, |way, open| way.open = open);
    }

    /// Takes what the state says.
    pub fn take_state(&mut self, state: &State) {
        let used = |(id, known): (&FactorId, &FactorState)| Some((mark(id), known.last_used?));
        let used: Vec<_> = state.factors.iter().filter_map(used).collect();
        self.take(&used, |way, used| way.used = used);
    }

    /// Whether the user's files have to be looked at. `false` only where [`plan`] has nothing to do.
    #[must_use]
    pub fn may_be_due(&self, rules: &HygieneRules, wall: u64) -> bool {
        let is_over = |limit: u64, since: ShortSeconds| limit > 0 && wall.saturating_sub(long(since)) >= limit;
        let unused = |way: Way| way.open.is_some_and(|open| is_unused(rules, long(open), way.used.map(long), wall));
        self.stops
            || self.pending.is_some_and(|made| is_over(rules.drop_pending.value, made))
            || self.untold.is_some_and(|made| is_over(rules.renew_after.value, made))
            || self.ways().any(unused)
    }

    fn ways(&self) -> impl Iterator<Item = Way> {
        std::iter::once(self.first).chain(self.others.iter().flat_map(|others| others.iter().copied()))
    }

    /// Sets one side of every way: what `now` says of it, nothing where it says nothing.
    fn take(&mut self, now: &[(u32, u64)], set: impl Fn(&mut Way, Option<ShortSeconds>)) {
        let mut ways: Vec<Way> = self.ways().collect();
        ways.iter_mut().for_each(|way| set(way, None));
        for (mark, at) in now {
            match ways.iter_mut().find(|way| way.mark == *mark) {
                Some(way) => set(way, Some(short(*at))),
                None => {
                    let mut way = Way { mark: *mark, ..Way::default() };
                    set(&mut way, Some(short(*at)));
                    ways.push(way);
                }
            }
        }
        ways.retain(|way| way.open.is_some() || way.used.is_some());
        let mut ways = ways.into_iter();
        self.first = ways.next().unwrap_or_default();
        let others: Vec<Way> = ways.collect();
        self.others = (!others.is_empty()).then(|| Box::new(others));
    }
}

/// When it was looked last, as the state folder keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    version: u32,
    /// Seconds since 1970.
    pub at: u64,
    /// Whether anything was done then: when it is switched on, it is only noted from when on to wait.
    pub ran: bool,
}

impl Looked {
    /// It was looked at `at`.
    #[must_use]
    pub fn new(at: u64, ran: bool) -> Self {
        Self { version: 1, at, ran }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let read: Self = place::read(file, text)?;
        if read.version == 1 { Ok(read) } else { Err(FileError::whole(file, "this mfad reads version 1 only")) }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a value made by this module.
    pub fn print(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("# Written by mfad.\n{}", toml::to_string(self)?))
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Not yet.
    Wait,
    /// It is time, or was while nobody looked.
    Now,
    /// The clock went back behind the last look: it counts from now on.
    ClockWentBack,
}

/// Whether it is time: once a day, at the minute `at`. `last` and `now` are seconds as the host's clock on the wall shows them,
/// `ran` whether something was done at `last`.
#[must_use]
pub fn turn(at: u16, last: u64, ran: bool, now: u64) -> Turn {
    if now < last {
        return Turn::ClockWentBack;
    }
    let at = u64::from(at) * 60;
    let today = now / DAY;
    let due = if now % DAY >= at { Some(today * DAY + at) } else { today.checked_sub(1).map(|day| day * DAY + at) };
    let again = ran && last / DAY == today;
    if due.is_some_and(|due| last < due) && !again { Turn::Now } else { Turn::Wait }
}

#[cfg(test)]
mod tests;
