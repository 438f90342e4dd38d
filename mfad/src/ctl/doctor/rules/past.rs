//! Ways past the second factor: skipped, overruled, or enough on its own.
//!
//! Called by the judge of a stack. What must never happen: a world left out because it is unlikely.

use super::{BeforePam, Judge, REFUSALS};
use crate::ctl::doctor::control::Code;
use crate::ctl::doctor::findings::{Finding, Severity};
use crate::ctl::doctor::modules::{Role, World, fact, role, stranger, strangers};
use mfa_core::clean::field;

impl Judge<'_> {
    pub(super) fn jumped_over(&self) -> Vec<Finding> {
        let mut found: Vec<(usize, Severity)> = Vec::new();
        for world in &self.right {
            let walk = world.walk(self.lines, Code::AUTH_ERR);
            if !walk.lets_in() || self.asks_us(&walk) {
                continue;
            }
            let Some(step) = walk.steps.iter().rev().find(|step| step.index < self.ours) else { continue };
            let Some(line) = self.lines.get(step.index) else { continue };
            // Root does not prove itself to su: that line is there for nothing else.
            if line.name() == "pam_rootok" {
                continue;
            }
            let chosen = matches!(role(line), Role::Condition(..)) && world.unusual.contains(&fact(line));
            let severity = if chosen { Severity::Warning } else { Severity::LetsBy };
            match found.iter_mut().find(|(index, _)| *index == step.index) {
                Some((_, known)) => *known = severity.min(*known),
                None => found.push((step.index, severity)),
            }
        }
        let say = |(index, severity): (usize, Severity)| {
            let line = self.lines.get(index)?;
            let (name, control) = (field(line.name()), field(line.control.text()));
            Some(if severity == Severity::Warning {
                Finding::new(
                    severity,
                    &line.place(),
                    format!(
                        "Whoever meets the condition “{}” gets in without pam_mfa ({control}).",
                        field(&fact(line))
                    ),
                    "If that is not meant, move the pam_mfa line before this one.",
                )
            } else {
                let who = match role(line) {
                    Role::FirstFactor(_) => format!("Whoever passes {name} gets in with that alone"),
                    _ => "Everybody gets in without a code".to_owned(),
                };
                Finding::new(
                    severity,
                    &line.place(),
                    format!("{who}: the control {control} of {name} skips pam_mfa at {}.", self.line.place()),
                    "Move the pam_mfa line before this one, or let this one jump to it ([success=N default=ignore]).",
                )
            })
        };
        found.into_iter().filter_map(say).collect()
    }

    pub(super) fn refusal_does_not_count(&self) -> Option<Finding> {
        let passes = |code: Code| {
            self.right.iter().any(|world| {
                let walk = world.walk(self.lines, code);
                walk.lets_in() && self.asks_us(&walk)
            })
        };
        let passing: Vec<Code> = REFUSALS.into_iter().filter(|code| passes(*code)).collect();
        let missing = passes(Code::MODULE_UNKNOWN);
        let control = field(self.line.control.text());
        let text = if passing.len() == REFUSALS.len() {
            format!(
                "pam_mfa's “no” does not count ({control}): with a wrong code, or while mfad is down, the first factor \
                 alone lets in."
            )
        } else if !passing.is_empty() {
            let names: Vec<_> = passing.iter().map(Code::to_string).collect();
            format!("Some refusals of pam_mfa do not count ({control}): {} let in.", names.join(", "))
        } else if missing {
            format!("Should the module's file ever be missing, the first factor alone lets in ({control}).")
        } else {
            return None;
        };
        let fix = "Give the pam_mfa line the control [success=ok ignore=ignore default=die].";
        Some(self.finding(Severity::LetsBy, text, fix))
    }

    pub(super) fn without_first_factor(&self) -> Vec<Finding> {
        let lets_in = |code| stranger().walk(self.lines, code).lets_in();
        let severity = match (self.factors.is_empty(), self.subject.before) {
            // The key was the first factor, whatever the stack asks besides.
            (_, BeforePam::Method) => return Vec::new(),
            (true, BeforePam::Unknown) => Severity::Warning,
            // sshd may demand a key first, as the shipped example has it; a wrong code must not get in whatever it demands.
            (false, BeforePam::Unknown) if !REFUSALS.into_iter().any(lets_in) => Severity::Warning,
            _ => Severity::LetsBy,
        };
        let fix = if self.factors.is_empty() {
            "Put a first factor before the pam_mfa line."
        } else {
            "Put the first factor before the pam_mfa line, with requisite or default=die, and give pam_mfa the control \
             [success=ok ignore=ignore default=die]."
        };
        let mut found = Vec::new();
        let mut say = |text: &str| found.push(self.finding(severity, text, fix));
        if REFUSALS.into_iter().any(lets_in) {
            say("Anybody gets in, with nothing at all.");
        } else {
            if lets_in(Code::SUCCESS) {
                say("A code alone lets in: no first factor is needed.");
            }
            if lets_in(Code::IGNORE) {
                say("Users of whom policy asks nothing get in with nothing at all: no first factor is needed.");
            }
        }
        found
    }

    /// Conditions that stand in for the first factor: whoever meets them needs a code alone, or nothing at all
    /// where policy asks nothing.
    pub(super) fn condition_for_first_factor(&self) -> Option<Finding> {
        let lets_in = |world: &World, code| {
            let walk = world.walk(self.lines, code);
            walk.lets_in() && self.asks_us(&walk)
        };
        let worlds = strangers(self.lines);
        let world = worlds.iter().find(|world| lets_in(world, Code::SUCCESS) || lets_in(world, Code::IGNORE))?;
        let conditions: Vec<_> = world.unusual.iter().map(|fact| format!("“{}”", field(fact))).collect();
        Some(self.finding(
            Severity::Warning,
            format!(
                "Whoever meets the condition {} needs no first factor here: a code alone lets in, and nothing at all \
                 where policy asks nothing.",
                conditions.join(" and ")
            ),
            "If that is not meant, let the condition no longer skip the first factor.",
        ))
    }
}
