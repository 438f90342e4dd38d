//! libpam's walk over a stack, with assumed return codes.
//!
//! Called by the rules and by `--simulate`. It follows libpam's dispatcher rule by rule (pam.conf(5) and
//! what libpam 1.5.2 and 1.7 do); a test compares the two on random stacks. What must never happen: a result
//! better than libpam's.

use super::control::{Action, Code};
use super::stack::{Kind, Line};

/// One line that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which line of the stack.
    pub index: usize,
    /// What it was assumed to return.
    pub code: Code,
    /// What its control makes of that.
    pub action: Action,
}

/// The way through a stack and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The lines asked, in order.
    pub steps: Vec<Step>,
    /// What `pam_authenticate` returns.
    pub result: Code,
}

impl Walk {
    /// Whether the application is told "yes".
    #[must_use]
    pub fn lets_in(&self) -> bool {
        self.result == Code::SUCCESS
    }

    /// Whether the line at `index` was asked.
    #[must_use]
    pub fn asked(&self, index: usize) -> bool {
        self.steps.iter().any(|step| step.index == index)
    }
}

/// What the stack thinks so far, and the code it would return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Impression {
    mood: Mood,
    status: Code,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Undecided,
    Positive,
    Negative,
}

const UNDECIDED: Impression = Impression { mood: Mood::Undecided, status: Code::PERM_DENIED };

impl Impression {
    fn good(&mut self, code: Code) {
        if self.mood == Mood::Undecided || (self.mood == Mood::Positive && self.status == Code::SUCCESS) {
            *self = Self { mood: Mood::Positive, status: code };
        }
    }

    fn bad(&mut self, code: Code) {
        if self.mood != Mood::Negative {
            // A stack never returns "ignore" for a failure.
            let status = if code == Code::IGNORE { Code::PERM_DENIED } else { code };
            *self = Self { mood: Mood::Negative, status };
        }
    }
}

/// Walks `lines`; `returns` says what each module that is asked returns.
pub fn walk(lines: &[Line], mut returns: impl FnMut(&Line) -> Code) -> Walk {
    let mut steps = Vec::new();
    let mut now = UNDECIDED;
    // What stood when a substack was entered, by level; `reset` goes back to it.
    let mut entered = vec![UNDECIDED; lines.iter().map(|line| line.level).max().unwrap_or(0) + 1];
    let mut previous_level = 0;
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if previous_level < line.level
            && let Some(slot) = entered.get_mut(line.level)
        {
            *slot = now;
        }
        previous_level = line.level;
        let code = match &line.kind {
            Kind::Substack => {
                index += 1;
                continue;
            }
            Kind::Broken(_) => Code::PERM_DENIED,
            Kind::Module => returns(line),
        };
        let action = line.control.on(code);
        steps.push(Step { index, code, action });
        let mut over = false;
        match action {
            Action::Ignore => {}
            Action::Ok => now.good(code),
            Action::Done => {
                now.good(code);
                over = now.mood == Mood::Positive;
            }
            Action::Bad => now.bad(code),
            Action::Die => {
                now.bad(code);
                over = true;
            }
            Action::Reset => now = entered.get(line.level).copied().unwrap_or(UNDECIDED),
            Action::Jump(count) => {
                let (landed, missing) = jump(lines, index, count);
                index = landed;
                if missing {
                    now = Impression { mood: Mood::Negative, status: Code::PERM_DENIED };
                }
            }
        }
        if over {
            // The rest of this stack, with the substacks in it; the stack around it goes on.
            while lines.get(index + 1).is_some_and(|next| next.level >= line.level) {
                index += 1;
            }
        }
        index += 1;
    }
    if now.status == Code::SUCCESS && now.mood != Mood::Positive {
        now.status = Code::PERM_DENIED;
    }
    Walk { steps, result: now.status }
}

/// The last line skipped by a jump over `count` lines from `index`, and whether the stack was too short.
/// A substack counts as one line.
fn jump(lines: &[Line], index: usize, count: u32) -> (usize, bool) {
    let level = lines.get(index).map_or(0, |line| line.level);
    let mut at = index;
    let mut left = count;
    while left > 0 && lines.get(at + 1).is_some_and(|next| next.level >= level) {
        at += 1;
        while lines.get(at + 1).is_some_and(|next| next.level > level) {
            at += 1;
        }
        left -= 1;
    }
    (at, left > 0)
}
