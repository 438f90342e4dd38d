//! What lists of everybody cost an administrator: `mfactl` from its start to its last line.

use crate::ground::Ground;
use std::time::Instant;

/// Lists measured, by their arguments.
pub(crate) const LISTS: [&[&str]; 3] = [&["list", "--overdue"], &["list", "--inactive", "90d"], &["status"]];

/// One list: its lines, and the seconds of each round.
pub(crate) struct Listed {
    pub(crate) lines: usize,
    pub(crate) seconds: Vec<f64>,
}

/// Runs one list as often as there are rounds.
pub(crate) fn run(ground: &Ground, list: &[&str], rounds: usize) -> Listed {
    let mut listed = Listed { lines: 0, seconds: Vec::with_capacity(rounds) };
    for _ in 0..rounds {
        let begun = Instant::now();
        let told = ground.mfactl(list);
        listed.seconds.push(begun.elapsed().as_secs_f64());
        listed.lines = told.lines().count();
    }
    listed.seconds.sort_by(f64::total_cmp);
    listed
}
