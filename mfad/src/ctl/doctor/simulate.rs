//! What one user would meet at one service, told step by step before anything is switched on.
//!
//! Called by the doctor's entry with what mfad would decide for that user; pure. What must never happen: a
//! case told better than libpam would end it.

use super::control::{Action, Code};
use super::modules::{Knows, Role, World, is_ours, role, stranger};
use super::stack::{Kind, Line, Stack};
use super::walk::{Step, Walk};
use mfa_core::clean::{field, message};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What mfad would decide for the user at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Asks for one of these methods.
    Asked {
        /// Their names, as in logs.
        methods: Vec<String>,
    },
    /// Policy asks nothing of this login.
    Exempt,
    /// Has no factor, and policy lets that pass.
    NotEnrolledIgnored,
    /// Has no factor, and sets one up in the login.
    Enrols,
    /// Has no factor, and policy demands one.
    NotEnrolledRefused,
    /// Is asked, and refused whatever is answered, for this reason.
    Barred(String),
    /// There is no such account: no first factor is right for it.
    NoAccount,
    /// mfad could not be asked, for this reason.
    Unknown(String),
}

impl Decision {
    /// The same where the application has no way to put a question: for an answer it gives the password.
    #[must_use]
    pub fn without_dialogue(self) -> Self {
        match self {
            Self::Asked { .. } | Self::Enrols | Self::NotEnrolledRefused => {
                Self::Barred("has no dialogue to answer in, because sshd offers none, and is refused".to_owned())
            }
            other => other,
        }
    }
}

/// What the user would meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// Who.
    pub user: String,
    /// Where.
    pub service: String,
    /// What happens when all is right, in order.
    pub steps: Vec<String>,
    /// How it ends, by case.
    pub cases: Vec<Case>,
}

/// One case and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What is so.
    pub when: String,
    /// Whether the application is told "yes".
    pub lets_in: bool,
    /// In words.
    pub end: String,
}

/// Walks `stack` for `user`; `first` is what happens before PAM.
#[must_use]
pub fn simulate(user: &str, service: &str, stack: &Stack, first: Vec<String>, decision: &Decision) -> Simulation {
    let mut simulation = Simulation { user: field(user), service: field(service), steps: first, cases: Vec::new() };
    let steps = &mut simulation.steps;
    if let Some(line) = &stack.fatal {
        steps.push(format!("libpam cannot load the service because of {}: refused.", line.place()));
        return simulation;
    }
    if stack.lines.is_empty() {
        steps.push("PAM has no auth lines for this service: refused.".to_owned());
        return simulation;
    }
    if stack.from_other {
        steps.push("The service has no auth lines of its own: those of “other” are used.".to_owned());
    }
    let all_right = World { knows: Knows::All, unusual: BTreeSet::new() };
    let nobody = stranger();
    let absent = *decision == Decision::NoAccount;
    if absent {
        steps.push("There is no such account on this host: whatever is typed, no first factor is right.".to_owned());
    }
    let walk = if absent { &nobody } else { &all_right }.walk(&stack.lines, answer(decision));
    steps.extend(walk.steps.iter().filter_map(|step| told(step, stack.lines.get(step.index)?, decision)));
    steps.push(if walk.lets_in() { "Let in.".to_owned() } else { format!("Refused ({}).", walk.result) });
    if !absent {
        simulation.cases = cases(&stack.lines, &all_right);
    }
    simulation
}

impl Simulation {
    /// The same where the application has no way to put a question: no code is ever right.
    #[must_use]
    pub fn without_dialogue(mut self) -> Self {
        self.cases.retain(|case| !case.when.ends_with("right code"));
        self
    }
}

/// What our module returns when the user does everything right.
fn answer(decision: &Decision) -> Code {
    match decision {
        Decision::Asked { .. } | Decision::Enrols | Decision::Unknown(_) => Code::SUCCESS,
        Decision::Exempt | Decision::NotEnrolledIgnored => Code::IGNORE,
        Decision::NotEnrolledRefused | Decision::Barred(_) | Decision::NoAccount => Code::AUTH_ERR,
    }
}

fn told(step: &Step, line: &Line, decision: &Decision) -> Option<String> {
    let name = field(line.name());
    let what = match (&line.kind, role(line)) {
        (Kind::Substack, _) => return None,
        (Kind::Broken(_), _) => "a line libpam cannot use: it fails".to_owned(),
        (Kind::Module, Role::Ours) => match decision {
            Decision::Asked { methods } => {
                let methods: Vec<_> = methods.iter().map(|method| field(method)).collect();
                format!("{name} asks for a verification code ({})", methods.join(", "))
            }
            Decision::Exempt => format!("{name} asks nothing: policy exempts this login"),
            Decision::NotEnrolledIgnored => {
                format!("{name} asks nothing: no factor is enrolled, and policy lets that pass")
            }
            Decision::Enrols => format!("{name} leads through setting up a factor: none is enrolled"),
            Decision::NotEnrolledRefused => {
                format!("{name} asks for a verification code and refuses whatever is typed: no factor is enrolled")
            }
            Decision::NoAccount => format!("{name} asks for a verification code and refuses whatever is typed"),
            Decision::Barred(why) => {
                format!("{name} asks for a verification code; the user {}", message(why))
            }
            Decision::Unknown(why) => {
                format!("{name} asks for a code, if policy does; that could not be asked ({})", message(why))
            }
        },
        (Kind::Module, Role::FirstFactor(asks)) => format!("{name} {asks}"),
        (Kind::Module, Role::Always(Code::SUCCESS)) => format!("{name} says yes"),
        (Kind::Module, Role::Always(Code::IGNORE)) => format!("{name} has no say"),
        (Kind::Module, Role::Always(_)) => format!("{name} says no"),
        (Kind::Module, Role::Condition(Code::SUCCESS, _)) => format!("{name} holds for an ordinary user"),
        (Kind::Module, Role::Condition(..)) => format!("{name} does not hold for an ordinary user"),
    };
    let then = match step.action {
        Action::Done => "; the stack ends here".to_owned(),
        Action::Die => "; the stack ends here, refused".to_owned(),
        Action::Bad => "; the stack goes on, but is refused".to_owned(),
        Action::Jump(1) => "; the next line is skipped".to_owned(),
        Action::Jump(n) => format!("; the next {n} lines are skipped"),
        Action::Reset => "; what was decided so far is forgotten".to_owned(),
        Action::Ok | Action::Ignore => String::new(),
    };
    Some(format!("{}: {what}{then}.", line.place()))
}

fn cases(lines: &[Line], right: &World) -> Vec<Case> {
    let forgiving = lines.iter().any(|line| is_ours(line) && line.args.iter().any(|arg| arg == "unreachable=ignore"));
    let down = if forgiving { Code::IGNORE } else { Code::AUTHINFO_UNAVAIL };
    let nobody = &stranger();
    [
        ("right first factor, right code", right, Code::SUCCESS),
        ("right first factor, wrong code", right, Code::AUTH_ERR),
        ("wrong first factor, right code", nobody, Code::SUCCESS),
        ("wrong first factor, wrong code", nobody, Code::AUTH_ERR),
        ("right first factor, policy asks nothing", right, Code::IGNORE),
        ("wrong first factor, policy asks nothing", nobody, Code::IGNORE),
        ("right first factor, mfad is down", right, down),
        ("right first factor, the module is missing", right, Code::MODULE_UNKNOWN),
    ]
    .into_iter()
    .map(|(when, world, code)| {
        let walk = world.walk(lines, code);
        Case { when: when.to_owned(), lets_in: walk.lets_in(), end: end(lines, &walk) }
    })
    .collect()
}

fn end(lines: &[Line], walk: &Walk) -> String {
    let met = walk.steps.iter().any(|step| lines.get(step.index).is_some_and(is_ours));
    match (walk.lets_in(), met) {
        (true, true) => "let in".to_owned(),
        (true, false) => "let in without reaching pam_mfa".to_owned(),
        (false, true) => "refused".to_owned(),
        (false, false) => "refused before pam_mfa".to_owned(),
    }
}

/// The simulation for a terminal.
#[must_use]
pub fn render(simulation: &Simulation) -> String {
    let mut out = format!("What {} meets at {}\n", simulation.user, simulation.service);
    // Writing to a String cannot fail.
    for (index, step) in simulation.steps.iter().enumerate() {
        let _ = writeln!(out, "  {}. {step}", index + 1);
    }
    if !simulation.cases.is_empty() {
        out.push_str("\nHow it ends (the first factor: what this stack itself asks for, such as a password)\n");
    }
    let width = simulation.cases.iter().map(|case| case.when.chars().count()).max().unwrap_or(0);
    for case in &simulation.cases {
        let _ = writeln!(out, "  {:width$}  {}", case.when, case.end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::stack::{File, load};
    use super::*;

    fn play(text: &str, decision: &Decision) -> Simulation {
        let read = |name: &str| (name == "su").then(|| File { path: "su".into(), text: text.into() });
        simulate("an\nna", "su", &load("su", &read), Vec::new(), decision)
    }

    #[test]
    fn a_login_is_told_step_by_step() {
        let text = "auth sufficient pam_rootok.so\nauth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
                    auth required pam_permit.so\nauth required pam_mfa.so\n";
        let played = play(text, &Decision::Asked { methods: vec!["totp".into()] });
        assert_eq!(
            played.steps,
            [
                "su:1: pam_rootok does not hold for an ordinary user.",
                "su:2: pam_unix asks for the password; the next line is skipped.",
                "su:4: pam_permit says yes.",
                "su:5: pam_mfa asks for a verification code (totp).",
                "Let in.",
            ]
        );
        let ends: Vec<_> = played.cases.iter().map(|case| case.end.as_str()).collect();
        let before = "refused before pam_mfa";
        assert_eq!(ends, ["let in", "refused", before, before, "let in", before, "refused", "refused"]);
        assert!(render(&played).starts_with("What an\\u{a}na meets at su\n  1. su:1: pam_rootok"));
    }

    #[test]
    fn the_decision_changes_what_is_met() {
        let text = "auth requisite pam_unix.so\nauth required pam_mfa.so\n";
        for (decision, says, end) in [
            (Decision::Exempt, "policy exempts this login", "Let in."),
            (Decision::NotEnrolledIgnored, "policy lets that pass", "Let in."),
            (Decision::Enrols, "leads through setting up a factor", "Let in."),
            (Decision::NotEnrolledRefused, "refuses whatever is typed", "Refused (auth_err)."),
            (
                Decision::Barred("is refused whatever is answered".into()),
                "user is refused whatever",
                "Refused (auth_err).",
            ),
            (Decision::Enrols.without_dialogue(), "no dialogue to answer in", "Refused (auth_err)."),
            (Decision::Exempt.without_dialogue(), "policy exempts this login", "Let in."),
            (Decision::Unknown("mfad is down".into()), "could not be asked (mfad is down)", "Let in."),
        ] {
            let steps = play(text, &decision).steps;
            assert!(steps[1].contains(says) && steps[2] == end, "{decision:?}: {steps:?}");
        }
    }

    #[test]
    fn nothing_is_right_for_an_account_that_is_not_there() {
        let played = play("auth required pam_unix.so\nauth required pam_mfa.so\n", &Decision::NoAccount);
        assert!(played.steps[0].contains("no such account") && played.steps.last().unwrap().starts_with("Refused"));
        assert!(played.cases.is_empty() && !render(&played).contains("let in"), "{played:?}");
    }

    #[test]
    fn where_nobody_can_be_asked_no_case_has_a_right_code() {
        let asked = Decision::Asked { methods: vec!["totp".into()] }.without_dialogue();
        let played = play("auth requisite pam_unix.so\nauth required pam_mfa.so\n", &asked).without_dialogue();
        assert!(played.cases.len() == 6 && played.cases.iter().all(|case| !case.when.contains("right code")));
        assert_eq!(played.steps.last().unwrap(), "Refused (auth_err).");
    }

    #[test]
    fn a_service_that_pam_cannot_load_refuses() {
        assert!(play("@include gone\n", &Decision::Exempt).steps[0].ends_with("refused."));
        assert!(play("session optional pam_x.so\n", &Decision::Exempt).steps[0].ends_with("refused."));
    }
}
