//! mfad's own look at the stated hour: on a thread of its own, for as long as mfad runs.
//!
//! The hour is the host's. A look that was missed while mfad was down is made up for at its start; no day has two. What must never
//! happen: a night after which nobody has a factor left that opens anything, for a clock that is wrong or a host that was off.

use super::{How, PAGE_TIME, page};
use crate::authority::Authority;
use crate::changes::Refusal;
use crate::clock::local_seconds;
use mfa_core::event::{Event, Kind};
use mfa_core::hygiene::{Act, Looked, Turn, turn};
use mfa_core::policy::HygieneRules;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at the clock, which may have been set.
const CLOCK: Duration = Duration::from_secs(10);

/// Looks for as long as mfad runs.
///
/// # Errors
/// When there is no thread for it.
pub fn watch(authority: Arc<Authority>) -> io::Result<()> {
    std::thread::Builder::new().name(String::from("hygiene")).spawn(move || {
        let mut diary = Diary::default();
        loop {
            diary.look(&authority);
            std::thread::sleep(CLOCK);
        }
    })?;
    Ok(())
}

/// When it was looked last.
#[derive(Debug, Default)]
struct Diary {
    /// Whether the file was read.
    read: bool,
    last: Option<Looked>,
    /// What was the matter when it was said.
    said: String,
}

impl Diary {
    fn look(&mut self, authority: &Authority) {
        if let Err(Refusal(why)) = self.try_look(authority)
            && self.said != why
        {
            tracing::error!("nobody looks after unused factors: {why}");
            self.said = why;
        }
    }

    fn try_look(&mut self, authority: &Authority) -> Result<(), Refusal> {
        let in_force = authority.in_force();
        let Some(rules) = &in_force.policy.hygiene else {
            // Switched on again it begins anew, and makes up for nothing.
            if !self.read || self.last.is_some() {
                authority.store.forget_looked()?;
                (self.read, self.last) = (true, None);
            }
            return Ok(());
        };
        if !self.read {
            self.last = authority.store.looked()?;
            self.read = true;
        }
        let wall = authority.clock.now().wall;
        let local = |wall| local_seconds(wall, &in_force.zone);
        match self.last.map(|last| turn(rules.at.value, local(last.at), last.ran, local(wall))) {
            None => self.note(authority, Looked::new(wall, false)),
            Some(Turn::Wait) => Ok(()),
            Some(Turn::ClockWentBack) => self.note(authority, Looked::new(wall, true)),
            Some(Turn::Now) => {
                // The day is not spent before everybody is known; they will be, soon after the start.
                if authority.store.roster().each_after(None, |_, _| false).is_err() {
                    return Ok(());
                }
                // Noted first: whatever happens meanwhile, no day has two.
                self.note(authority, Looked::new(wall, true))?;
                run(authority, rules)
            }
        }
    }

    fn note(&mut self, authority: &Authority, looked: Looked) -> Result<(), Refusal> {
        authority.store.save_looked(looked)?;
        self.last = Some(looked);
        Ok(())
    }
}

/// What a look did, or would do.
#[derive(Debug, Default)]
struct Sums {
    suspended: u32,
    announced: u32,
    dropped: u32,
    /// Users of whom nothing opens a login any more.
    closed: u32,
}

fn run(authority: &Authority, rules: &HygieneRules) -> Result<(), Refusal> {
    let would = all(authority, How::Look)?;
    let mut open = 0_u32;
    authority.store.roster().each_after(None, |_, entry| {
        open += u32::from(entry.glance.opens());
        true
    })?;
    let held = would.closed > 0 && would.closed >= open;
    if held {
        tracing::error!(
            "hygiene would leave nobody a factor that opens anything (of {open} users): none was suspended. Is the clock right, was \
             this host off for long? mfactl hygiene suspends them all the same, {} relaxes it",
            rules.suspend_unused.place
        );
        authority
            .audit
            .record(Event::new(Kind::HygieneHeld).detail(format!("{} would have been suspended", would.suspended)));
    }
    let did = all(authority, if held { How::ActAndSuspendNothing } else { How::Act })?;
    let text = format!(
        "suspended {}, announced {}, removed {}; users without anything that opens a login: {}",
        did.suspended, did.announced, did.dropped, did.closed
    );
    tracing::info!("hygiene: {text}");
    authority.note(Event::new(Kind::HygieneRan).detail(text));
    Ok(())
}

fn all(authority: &Authority, how: How) -> Result<Sums, Refusal> {
    let (mut sums, mut after) = (Sums::default(), None);
    loop {
        let began = Instant::now();
        let page = page(authority, None, how, after.as_deref())?;
        let mut user = "";
        for change in &page.changes {
            match change.act {
                Act::Suspend(_) => {
                    sums.suspended += 1;
                    // Changes of one user stand together.
                    sums.closed += u32::from(!change.opens && user != change.user);
                    user = &change.user;
                }
                Act::Announce { .. } => sums.announced += 1,
                Act::Drop => sums.dropped += 1,
                Act::Spare => {}
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(sums);
        }
        if how != How::Look {
            // Half of the disk's time at most: logins have the other.
            std::thread::sleep(began.elapsed().min(PAGE_TIME));
        }
    }
}
