//! The stacked password on our line: whether somebody stacks one before it, and somebody takes what it hands on.
//!
//! Called by the judge of our lines. What must never happen: a line called fine that the module refuses, or in which the code
//! has nowhere to come from.

use super::findings::{Finding, Severity};
use super::modules::{Role, is_ours, role};
use super::stack::{Kind, Line};

const USE: &str = "use_first_pass";
const TRY: &str = "try_first_pass";
const FORWARD: &str = "forward_pass";

/// Whether this is one of the arguments judged here.
pub(super) fn is_known(argument: &str) -> bool {
    matches!(argument, USE | TRY | FORWARD)
}

/// Whether this line of ours asks for the password too, and must stand before the module that takes it.
pub(super) fn forwards(line: &Line) -> bool {
    says(line, FORWARD)
}

/// The findings about the line of ours at `index`.
pub(super) fn judge(lines: &[Line], index: usize) -> Vec<Finding> {
    let Some(line) = lines.get(index) else { return Vec::new() };
    let modules =
        |lines: &'_ [Line], what: fn(&Line) -> bool| lines.iter().any(|line| line.kind == Kind::Module && what(line));
    let (before, behind) = (lines.get(..index).unwrap_or_default(), lines.get(index + 1..).unwrap_or_default());
    let mut found = Vec::new();
    let mut say = |severity, text: String, fix: &str| found.push(Finding::new(severity, &line.place(), text, fix));
    if says(line, USE) && says(line, TRY) {
        say(
            Severity::LocksOut,
            format!("{USE} and {TRY} contradict one another: pam_mfa refuses every login here."),
            "Keep one of them.",
        );
    } else if says(line, USE) && !modules(before, may_stack) {
        say(
            Severity::LocksOut,
            format!("{USE}: no module before this line asks for a password, so that a code can come from nowhere."),
            "Take it off, or put the line behind a module that asks.",
        );
    }
    if forwards(line) && !modules(behind, may_check) {
        say(
            Severity::Warning,
            format!(
                "{FORWARD}: no module behind this line checks a password: what is typed before the code is not looked at."
            ),
            "Put the module that checks the password behind it, with use_first_pass, or take forward_pass off.",
        );
    }
    found
}

fn says(line: &Line, argument: &str) -> bool {
    line.args.iter().any(|arg| arg == argument)
}

/// Whether a module may check a password: all first factors may, since it depends on their own arguments. (libpam gives the
/// stacked one to modules that say neither of the two as well.)
fn may_check(line: &Line) -> bool {
    matches!(role(line), Role::FirstFactor(_))
}

/// Whether a module may leave a password behind.
fn may_stack(line: &Line) -> bool {
    may_check(line) || (is_ours(line) && forwards(line))
}
