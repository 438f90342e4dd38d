//! `mfactl doctor`: what would lock people out or let them by, in plain words.
//!
//! Called by the command line through [`examine`]. The judging files ([`rules`], [`lines`], [`sshd`], [`clock`], [`names`],
//! [`absent`]) are pure; [`edge`] and [`host`] look at the machine. Nothing is ever changed. What must never happen: "in
//! order" said of something that was not looked at.

pub mod absent;
pub mod clock;
pub mod control;
pub mod edge;
pub mod findings;
mod first_pass;
pub mod host;
pub mod lines;
pub mod modules;
pub mod names;
pub mod program;
pub mod rules;
pub mod simulate;
pub mod sshd;
pub mod stack;
mod sudo;
pub mod walk;

pub use findings::{Finding, Severity, locks_out_or_lets_by};
pub use simulate::{Decision, Simulation};

use edge::{PamFolders, Sshd, Sudo};
use mfa_core::wire::Kind;
use rules::{BeforePam, Subject};
use serde::Serialize;
use std::path::PathBuf;

/// What to look at.
#[derive(Debug, Clone)]
pub struct Options {
    /// PAM's folder; `None` for libpam's own.
    pub pam_dir: Option<PathBuf>,
    /// sshd's configuration; `None` for its own default.
    pub sshd_config: Option<PathBuf>,
    /// Where mfad's sockets are.
    pub run_dir: PathBuf,
    /// The folder of `mfa.toml`.
    pub config_dir: PathBuf,
    /// The folder of the enrolments.
    pub state_dir: PathBuf,
    /// Whose login to play through: user and service.
    pub simulate: Option<(String, String)>,
}

/// What policy wants of one PAM service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceExpectation {
    /// Its name.
    pub name: String,
    /// The kind of application.
    pub kind: Kind,
    /// Whether anybody is asked for a second factor there.
    pub asked: bool,
    /// Whether a rule looks at whom a user wants to become there.
    pub by_target: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// The login that was played through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulation: Option<Simulation>,
}

/// Looks at everything. `services` is what policy says, `decision` what mfad would decide for the login of
/// `options.simulate`, `known` what the caller found out about mfad.
#[must_use]
pub fn examine(
    options: &Options,
    services: &[ServiceExpectation],
    decision: Option<Decision>,
    known: Vec<Finding>,
) -> Report {
    let mut of_mfad = host::judge(&options.run_dir, &options.config_dir, &options.state_dir);
    of_mfad.extend(known);
    let folders = PamFolders::new(options.pam_dir.as_deref());
    let read = |name: &str| folders.read(name);
    let stacks = subjects(&folders, services, options.simulate.as_ref().map(|(_, service)| service.as_str()));
    let asks = |known: &Known| known.matters && known.asked != Some(false);
    let played = |known: &Known| options.simulate.as_ref().is_some_and(|(_, service)| *service == known.name);
    let needs_sshd = stacks.iter().any(|known| known.kind == Kind::Sshd && (asks(known) || played(known)));
    let mut found = Vec::new();
    let mut ssh = None;
    if needs_sshd || options.sshd_config.is_some() {
        let findings;
        (findings, ssh) = look_at_sshd(options);
        let line = stacks.iter().any(|known| known.kind == Kind::Sshd && known.ours);
        // An sshd that does not start locks out whatever its stack says.
        let findings = if line || ssh.is_none() { findings } else { sshd::before_the_line(findings) };
        found.extend(findings);
    }
    if let Some(service) = ssh.as_ref().and_then(sshd::Settings::service)
        && !stacks.iter().any(|known| known.name == service && known.kind == Kind::Sshd)
    {
        found.push(sshd::unknown_service(service));
    }
    let site = lines::Site { run_dir: &options.run_dir, module_missing: &edge::module_missing };
    let mut simulation = None;
    for known in &stacks {
        let stack = stack::load(&known.name, &read);
        let before = match (known.kind, &ssh) {
            (Kind::Sshd, Some(settings)) => settings.before_pam(),
            (Kind::Sshd, None) => BeforePam::Unknown,
            _ => BeforePam::Nothing,
        };
        if known.matters {
            let subject = Subject { name: &known.name, kind: known.kind, asked: known.asked, before, stack: &stack };
            let ours = lines::judge(&known.name, known.kind, &stack, &site);
            let mut judged = rules::judge(&subject);
            if locks_out_or_lets_by(&ours) {
                judged.retain(|finding| finding.severity != Severity::Fine);
            }
            judged.extend(ours);
            findings::of_a_package(&mut judged, edge::of_packages());
            // PAM's folder is this host's.
            if options.pam_dir.is_none() && edge::nobody_asks(&known.name) {
                findings::of_no_program(&mut judged);
            }
            found.extend(judged);
        }
        if let Some((user, service)) = &options.simulate
            && *service == known.name
        {
            let decision = decision.clone().unwrap_or_else(|| Decision::Unknown("mfad was not asked".to_owned()));
            let mute = known.kind == Kind::Sshd && ssh.as_ref().is_some_and(|settings| !settings.asks());
            let decision = if mute { decision.without_dialogue() } else { decision };
            let first = match (known.kind, &ssh) {
                (Kind::Sshd, Some(settings)) => settings.told(),
                (Kind::Sshd, None) => {
                    vec!["What sshd asks for before is not known: its settings were not read.".to_owned()]
                }
                _ => Vec::new(),
            };
            let played = simulate::simulate(user, service, &stack, first, &decision);
            simulation = Some(if mute { played.without_dialogue() } else { played });
        }
    }
    found.extend(look_at_sudo(services));
    if !stacks.iter().any(|known| known.ours) {
        findings::of_no_stack(&mut of_mfad);
    }
    found.extend(of_mfad);
    found.push(clock::judge(&clock::look()));
    Report { findings: findings::merge(found), simulation }
}

/// The report for a terminal.
#[must_use]
pub fn render(report: &Report) -> String {
    let told = report.simulation.as_ref().map(|simulation| simulate::render(simulation) + "\n").unwrap_or_default();
    told + &findings::render(&report.findings)
}

/// A service to look at.
struct Known {
    name: String,
    kind: Kind,
    asked: Option<bool>,
    /// Its stack runs our module.
    ours: bool,
    /// It runs our module, or policy says it should; otherwise it is there only to be played through.
    matters: bool,
}

/// The services whose stack reaches our module, those policy asks at, and the one to be played through.
fn subjects(folders: &PamFolders, services: &[ServiceExpectation], simulated: Option<&str>) -> Vec<Known> {
    let mut names = folders.services();
    names.extend(services.iter().filter(|service| service.asked).map(|service| service.name.clone()));
    names.extend(simulated.map(str::to_owned));
    names.sort();
    names.dedup();
    let known = |name: String| {
        let expected = services.iter().find(|service| service.name == name);
        let stack = stack::load(&name, &|name| folders.read(name));
        let ours = stack.lines.iter().any(modules::is_ours);
        let asked = expected.map(|service| service.asked);
        // sshd's own service is known by name where policy does not say.
        let kind = expected.map_or(if name == "sshd" { Kind::Sshd } else { Kind::Other }, |service| service.kind);
        let matters = (ours && (!stack.from_other || name == "other")) || asked == Some(true);
        (matters || simulated == Some(name.as_str())).then_some(Known { name, kind, asked, ours, matters })
    };
    names.into_iter().filter_map(known).collect()
}

fn look_at_sshd(options: &Options) -> (Vec<Finding>, Option<sshd::Settings>) {
    let user = options.simulate.as_ref().map(|(user, _)| user.as_str());
    let config = options.sshd_config.as_deref();
    match edge::sshd(config, user) {
        Sshd::Absent => {
            let text = "Not installed in the usual places: its settings were not looked at.";
            (vec![Finding::new(Severity::Warning, "sshd", text, "")], None)
        }
        Sshd::Refused(said) => (vec![sshd::unreadable(&said)], None),
        Sshd::NotNow(said) => {
            let text = format!(
                "Its settings could not be read here, so its stack is judged as if it asked for no key: {}.",
                sshd::own_words(&said)
            );
            let fix = "Run this as root; where /run/sshd is missing, start sshd once, or mkdir -m 0755 /run/sshd.";
            (vec![Finding::new(Severity::Warning, "sshd", text, fix)], None)
        }
        Sshd::Late => (vec![sshd::late(program::PATIENCE)], None),
        Sshd::Settings(output) => {
            let settings = sshd::Settings::parse(&output);
            let mut found = sshd::judge(&settings);
            if user.is_none() && sshd::includes::have_match_blocks(config) {
                found.push(Finding::new(
                    Severity::Warning,
                    "sshd",
                    "Its configuration has Match blocks; what they change for some users was not looked at.",
                    "Try the users they are about: mfactl doctor --simulate USER SERVICE.",
                ));
            }
            (found, Some(settings))
        }
    }
}

fn look_at_sudo(services: &[ServiceExpectation]) -> Vec<Finding> {
    let of = |asked: fn(&ServiceExpectation) -> bool| services.iter().find(|it| it.kind == Kind::Sudo && asked(it));
    let (by_target, asked) = (of(|service| service.by_target), of(|service| service.asked));
    let Some(any) = asked.or(by_target) else { return Vec::new() };
    let (version, late) = match edge::sudo_version() {
        Sudo::Version(version) => (Some(version), None),
        Sudo::Silent => (None, None),
        Sudo::Late => (None, Some(sudo::late(&any.name, program::PATIENCE))),
    };
    let memory = by_target.and_then(|service| sudo::judge(&service.name, version.as_deref()));
    let silence = asked.and_then(|service| sudo::judge_silence(&service.name, version.as_deref()));
    memory.into_iter().chain(silence).chain(late).collect()
}

#[cfg(test)]
mod tests;
