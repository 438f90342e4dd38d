//! People refused or asked wrongly: exempt users, a false claim of a first factor, the same code asked twice.
//!
//! Called by the judge of a stack. What must never happen: `first_factor=stack` praised where a stranger
//! reaches the module.

use super::{BeforePam, Judge};
use crate::ctl::doctor::control::{Action, Code};
use crate::ctl::doctor::findings::{Finding, Severity};
use crate::ctl::doctor::first_pass;
use crate::ctl::doctor::modules::{Knows, Role, is_ours, role, stranger};
use crate::ctl::doctor::stack::{Kind, Line};
use mfa_core::clean::field;
use mfa_core::wire;
use std::collections::BTreeSet;

impl Judge<'_> {
    pub(super) fn exempt_users_are_refused(&self) -> Option<Finding> {
        let refused = self.right.iter().any(|world| {
            let asked = world.walk(self.lines, Code::SUCCESS);
            asked.lets_in() && self.asks_us(&asked) && !world.walk(self.lines, Code::IGNORE).lets_in()
        });
        if !refused {
            return None;
        }
        let says_no = self.line.control.on(Code::IGNORE) != Action::Ignore;
        let (why, fix) = if says_no {
            (
                format!("the control {} takes “ignore” for a failure", field(self.line.control.text())),
                "Add ignore=ignore to the control.",
            )
        } else if self.factors.is_empty() && self.subject.kind == wire::Kind::Sshd {
            (
                "no other line of the stack says yes".to_owned(),
                "Put “auth required pam_permit.so” behind it, and let sshd ask for a key before (AuthenticationMethods \
                 publickey,keyboard-interactive).",
            )
        } else {
            ("no other line of the stack says yes".to_owned(), "Put the first factor before the pam_mfa line.")
        };
        Some(self.finding(Severity::LocksOut, format!("Users of whom policy asks nothing are refused: {why}."), fix))
    }

    /// Whether `first_factor=stack` is said where it is true, and only there.
    pub(super) fn evidence(&self) -> Option<Finding> {
        let said = self.line.args.iter().any(|arg| arg == "first_factor=stack");
        let reached =
            [Code::AUTH_ERR, Code::SUCCESS].iter().any(|code| stranger().walk(self.lines, *code).asked(self.ours));
        let first =
            self.lines.iter().position(|line| matches!(role(line), Role::FirstFactor(_)) && line.kind == Kind::Module);
        let first_line = first.filter(|index| *index < self.ours).and_then(|index| self.lines.get(index));
        if said && reached {
            if self.factors.is_empty() && self.subject.before == BeforePam::Method {
                return Some(self.finding(
                    Severity::Warning,
                    "first_factor=stack is said, but no first factor stands in this stack; sshd itself tells what came before.",
                    "Take first_factor=stack off this line.",
                ));
            }
            let fix = match first_line {
                Some(_) => format!(
                    "See that whoever fails {} is stopped before this line (requisite, default=die or a requisite pam_deny; \
                     inside a substack these end the substack only), or take first_factor=stack off.",
                    self.factors.iter().map(|name| field(name)).collect::<Vec<_>>().join(" and ")
                ),
                None => "Put the first factor before this line, or take first_factor=stack off.".to_owned(),
            };
            return Some(self.finding(
                Severity::LocksOut,
                "first_factor=stack is said, but whoever fails the first factor still gets here: a stranger's \
                 wrong codes count as the user's own, until they lock the user out.",
                fix,
            ));
        }
        // sudo's caller is the user already, which mfad sees for itself; sshd says which method came before.
        let seen = self.subject.kind == wire::Kind::Sudo || self.subject.before == BeforePam::Method;
        // Who forwards the password has to be asked first.
        let meant = first_line.is_none() && first_pass::forwards(self.line);
        if said || self.factors.is_empty() || seen || meant {
            return None;
        }
        let (text, fix) = match first_line {
            None => (
                "The code is asked before the first factor, when nothing shows yet who is there: wrong codes count against the source, and \
                 a refusal gives no reason.",
                "Put the line behind the first factor and add first_factor=stack.".to_owned(),
            ),
            Some(line) if reached => (
                "Whoever fails the first factor is still asked for a code: wrong ones count against the source, not the user.",
                format!("Make {} at {} requisite and add first_factor=stack.", field(line.name()), line.place()),
            ),
            Some(_) => (
                "pam_mfa is not told that a first factor came before: failures count against the source, and a \
                 refusal gives no reason.",
                "Add first_factor=stack to the line.".to_owned(),
            ),
        };
        Some(self.finding(Severity::Warning, text, fix))
    }

    pub(super) fn asked_twice(&self) -> Option<Finding> {
        let twice = self.right.iter().any(|world| {
            let walk = world.walk(self.lines, Code::SUCCESS);
            let asked: BTreeSet<_> =
                walk.steps.iter().map(|step| step.index).filter(|i| self.lines.get(*i).is_some_and(is_ours)).collect();
            asked.len() > 1
        });
        twice.then(|| {
            self.finding(
                Severity::Warning,
                "pam_mfa stands in this stack twice: a code is asked twice, and the same code is refused the second time.",
                "Keep one of the lines.",
            )
        })
    }

    /// A first factor that is meant to do on its own, but leads to a refusal: its jump is too short or too long.
    pub(super) fn alternative_refused(&self) -> Vec<Finding> {
        let alone = |line: &Line| matches!(line.control.on(Code::SUCCESS), Action::Jump(_) | Action::Done);
        let refused = |line: &Line| {
            let mut worlds =
                self.right.iter().filter(|world| world.knows == Knows::Only(line.name().to_owned())).peekable();
            worlds.peek().is_some() && worlds.all(|world| !world.walk(self.lines, Code::SUCCESS).lets_in())
        };
        let lines = self.lines.iter().filter(|line| line.kind == Kind::Module && alone(line) && refused(line));
        lines
            .filter(|line| matches!(role(line), Role::FirstFactor(_)))
            .map(|line| {
                Finding::new(
                    Severity::LocksOut,
                    &line.place(),
                    format!("Whoever passes {} alone is refused, even with the right code.", field(line.name())),
                    format!("Count again which lines its control {} skips.", field(line.control.text())),
                )
            })
            .collect()
    }
}
