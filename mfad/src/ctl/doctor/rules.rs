//! What a stack does to the people before it, found by walking it in every world that matters.
//!
//! Called once for each service. What must never happen: a way past the second factor that a walk shows and
//! no finding says.

mod past;
mod refused;

use super::control::{Action, Code};
use super::findings::{Finding, Severity};
use super::modules::{World, first_factors, is_ours, right_worlds};
use super::stack::{Kind, Line, Stack};
use super::walk::Walk;
use mfa_core::clean::{field, message};
use mfa_core::wire;

/// The line we recommend behind the first factor of a service, as the documents spell it.
pub const OUR_LINE: &str = "auth required pam_mfa.so first_factor=stack";

/// What our module returns when it refuses, whatever the reason.
const REFUSALS: [Code; 9] = [
    Code::AUTH_ERR,
    Code::MAXTRIES,
    Code::AUTHINFO_UNAVAIL,
    Code::ABORT,
    Code::SERVICE_ERR,
    Code::SYSTEM_ERR,
    Code::PERM_DENIED,
    Code::USER_UNKNOWN,
    Code::CONV_ERR,
];

/// What the application has seen of the user before it calls PAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforePam {
    /// Nothing: the stack is all there is.
    Nothing,
    /// sshd has completed another method, such as a public key.
    Method,
    /// sshd's settings could not be read.
    Unknown,
}

/// One service to judge.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// The kind of application.
    pub kind: wire::Kind,
    /// Whether policy asks for a second factor there; `None` when policy does not name it.
    pub asked: Option<bool>,
    /// What came before.
    pub before: BeforePam,
    /// Its auth stack.
    pub stack: &'a Stack,
}

/// All findings about one service's stack.
#[must_use]
pub fn judge(subject: &Subject<'_>) -> Vec<Finding> {
    let stack = subject.stack;
    let findings = if let Some(line) = &stack.fatal {
        vec![Finding::new(
            Severity::LocksOut,
            &line.place(),
            format!("libpam cannot load this service: {}. Nobody gets in.", broken(line)),
            "Repair the line, or the file it names.",
        )]
    } else {
        match stack.lines.iter().enumerate().find(|(_, line)| is_ours(line)) {
            Some((ours, line)) => Judge::new(subject, ours, line).all(),
            None => without_us(subject).into_iter().collect(),
        }
    };
    findings.into_iter().map(|finding| finding.about(subject.name)).collect()
}

fn without_us(subject: &Subject<'_>) -> Option<Finding> {
    let lines = &subject.stack.lines;
    let open = right_worlds(lines).iter().any(|world| world.walk(lines, Code::MODULE_UNKNOWN).lets_in());
    if subject.asked != Some(true) || !open {
        return None;
    }
    let fix = format!("Add behind the first factor: {OUR_LINE}");
    Some(if subject.stack.from_other {
        Finding::new(
            Severity::Warning,
            subject.stack.file.as_deref().unwrap_or("PAM"),
            "Policy asks for a second factor, but the service has no auth lines of its own. A program that uses it \
             falls to “other”, which lets in without one.",
            format!("If such a program is installed, give it a file. {fix}"),
        )
    } else {
        Finding::new(
            Severity::LetsBy,
            subject.stack.file.as_deref().unwrap_or("PAM"),
            "Policy asks for a second factor, but no auth line runs pam_mfa: the first factor alone lets in.",
            fix,
        )
    })
}

struct Judge<'a> {
    subject: &'a Subject<'a>,
    lines: &'a [Line],
    ours: usize,
    line: &'a Line,
    right: Vec<World>,
    factors: Vec<String>,
}

impl<'a> Judge<'a> {
    fn new(subject: &'a Subject<'a>, ours: usize, line: &'a Line) -> Self {
        let lines = subject.stack.lines.as_slice();
        Self { subject, lines, ours, line, right: right_worlds(lines), factors: first_factors(lines) }
    }

    fn all(&self) -> Vec<Finding> {
        let mut found = self.unusable_lines();
        let past = self.jumped_over();
        let skipped = past.iter().any(|finding| finding.severity == Severity::LetsBy);
        if let Some(finding) = self.nobody_gets_in().filter(|_| !skipped) {
            found.push(finding);
        } else {
            if self.subject.asked != Some(false) {
                found.extend(past);
                found.extend(self.refusal_does_not_count());
            }
            found.extend(self.alternative_refused());
            found.extend(self.exempt_users_are_refused());
            let alone = self.without_first_factor();
            // Where no first factor counts, what to tell mfad about it is the lesser worry.
            if alone.is_empty() {
                found.extend(self.evidence());
                if !self.factors.is_empty() && self.subject.before != BeforePam::Method {
                    found.extend(self.condition_for_first_factor());
                }
            }
            found.extend(alone);
            found.extend(self.asked_twice());
        }
        if found.is_empty() {
            let behind =
                if self.factors.is_empty() { String::new() } else { format!(" behind {}", self.factors.join(", ")) };
            let text = if self.subject.asked == Some(false) {
                format!("Runs pam_mfa{behind}; policy asks nothing here, and nobody is refused for it.")
            } else {
                format!("Asks for the second factor{behind}; a refusal, a dead mfad and a missing module all refuse.")
            };
            found.push(self.finding(Severity::Fine, text, ""));
        }
        found
    }

    fn finding(&self, severity: Severity, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding::new(severity, &self.line.place(), text, fix)
    }

    fn asks_us(&self, walk: &Walk) -> bool {
        walk.steps.iter().any(|step| self.lines.get(step.index).is_some_and(is_ours))
    }

    fn unusable_lines(&self) -> Vec<Finding> {
        let complaint = |line: &Line| match &line.kind {
            Kind::Broken(_) => Some(format!("libpam cannot use this line and lets it fail: {}.", broken(line))),
            _ => line.complaint.as_deref().map(message),
        };
        let unusable = self.lines.iter().filter_map(|line| Some((line, complaint(line)?)));
        unusable.map(|(line, why)| Finding::new(Severity::Warning, &line.place(), why, "Repair the line.")).collect()
    }

    fn nobody_gets_in(&self) -> Option<Finding> {
        let through = |world: &World| {
            let walk = world.walk(self.lines, Code::SUCCESS);
            walk.lets_in() && self.asks_us(&walk)
        };
        if self.right.iter().any(through) {
            return None;
        }
        let walk = self.right.first()?.walk(self.lines, Code::SUCCESS);
        let spoiler = walk.steps.iter().find(|step| matches!(step.action, Action::Bad | Action::Die));
        let why = match spoiler.and_then(|step| self.lines.get(step.index)) {
            Some(line) => format!(": {} at {} fails the stack", field(line.name()), line.place()),
            None if walk.steps.iter().any(|step| matches!(step.action, Action::Jump(_))) => {
                ": a jump goes past the end of the stack, or nothing says yes".to_owned()
            }
            None => ": no module says yes".to_owned(),
        };
        Some(self.finding(
            Severity::LocksOut,
            format!("Nobody who is asked gets in, even with the right first factor and the right code{why}."),
            "Count the jumps again and look at the controls before pam_mfa.",
        ))
    }
}

fn broken(line: &Line) -> String {
    match &line.kind {
        Kind::Broken(why) => super::findings::path(why),
        _ => String::new(),
    }
}
