//! What can be said of our own lines, and of the one neighbour that can lie to us, without walking.
//!
//! Called once for each service that reaches our module. What must never happen: an argument accepted here
//! that the module refuses.

use super::control::Code;
use super::findings::{Finding, Severity, path};
use super::first_pass;
use super::modules::{is_ours, right_worlds};
use super::stack::{Kind, Line, Stack};
use mfa_core::clean::field;
use mfa_core::wire;
use std::path::Path;

/// The files and folders of this host.
pub struct Site<'a> {
    /// Where mfad listens.
    pub run_dir: &'a Path,
    /// Whether the file of a module, as written on its line, is absent.
    pub module_missing: &'a dyn Fn(&str) -> bool,
}

/// The findings about our lines in the stack of `service`.
#[must_use]
pub fn judge(service: &str, kind: wire::Kind, stack: &Stack, site: &Site<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in stack.lines.iter().enumerate().filter(|(_, line)| is_ours(line)) {
        found.extend(arguments(line, site.run_dir));
        found.extend(first_pass::judge(&stack.lines, index));
        if (site.module_missing)(&line.module) {
            let worlds = right_worlds(&stack.lines);
            // Only those who get as far as us: root passes su by pam_rootok in any case.
            let open = worlds.iter().any(|world| {
                let walk = world.walk(&stack.lines, Code::MODULE_UNKNOWN);
                walk.lets_in() && walk.steps.iter().any(|step| stack.lines.get(step.index).is_some_and(is_ours))
            });
            let (severity, so) = if open {
                (Severity::LetsBy, "the first factor alone lets in")
            } else {
                (Severity::LocksOut, "nobody gets in")
            };
            found.push(Finding::new(
                severity,
                &line.place(),
                format!("The module {} is not there: {so}.", path(&line.module)),
                "Install the module, or take the line out until it is.",
            ));
        }
    }
    // Evidence from the PAM environment is believed for sshd alone.
    if kind == wire::Kind::Sshd {
        let ours = stack.lines.iter().position(is_ours).unwrap_or(0);
        for line in stack.lines.iter().take(ours).filter(|line| reads_the_users_file(line)) {
            found.push(Finding::new(
                Severity::Warning,
                &line.place(),
                "pam_env reads a file of the user's before pam_mfa runs: who can write it can pretend that sshd has seen a key.",
                "Take user_readenv=1 off the auth line; the session line is the place for it.",
            ));
        }
    }
    found.into_iter().map(|finding| finding.about(service)).collect()
}

fn reads_the_users_file(line: &Line) -> bool {
    line.kind == Kind::Module && line.name() == "pam_env" && line.args.iter().any(|arg| arg == "user_readenv=1")
}

fn arguments(line: &Line, run_dir: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |severity, text: String, fix: &str| found.push(Finding::new(severity, &line.place(), text, fix));
    let open = line.args.iter().any(|arg| arg == "unreachable=ignore");
    for arg in &line.args {
        match arg.as_str() {
            "first_factor=stack" | "debug" => {}
            _ if first_pass::is_known(arg) => {}
            "unreachable=ignore" => say(
                Severity::Warning,
                "unreachable=ignore: while mfad does not run, the first factor alone lets in.".to_owned(),
                "Take it off, unless that is what you want.",
            ),
            _ if arg.starts_with("run_dir=/") => {}
            _ => say(
                Severity::LocksOut,
                format!("“{}” is no argument of pam_mfa: it refuses every login here.", field(arg)),
                "The arguments are run_dir=DIR (absolute), first_factor=stack, unreachable=ignore, use_first_pass, \
                 try_first_pass, forward_pass and debug.",
            ),
        }
    }
    let named = line.args.iter().filter_map(|arg| arg.strip_prefix("run_dir=/")).next_back();
    let looks = named.map_or_else(|| wire::RUN_DIR.to_owned(), |rest| format!("/{rest}"));
    if Path::new(&looks) != run_dir {
        let (severity, so) = if open {
            (Severity::LetsBy, "finds nobody there and lets in with the first factor alone")
        } else {
            (Severity::LocksOut, "refuses every login")
        };
        say(
            severity,
            format!(
                "The module looks for mfad in {}, mfad is in {}: it {so}.",
                path(&looks),
                path(&run_dir.to_string_lossy())
            ),
            "Give both the same folder (run_dir= here, --run-dir there).",
        );
    }
    found
}
