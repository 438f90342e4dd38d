//! What the doctor found, and how it is said.
//!
//! Called by every other file of the doctor. What must never happen: foreign text (a module's argument, a
//! path, sshd's own words) reaching the terminal uncleaned, or a finding without a way out.

use mfa_core::clean::field;
use serde::Serialize;
use std::fmt::Write as _;

/// How bad it is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// People who should get in do not.
    LocksOut,
    /// Somebody gets in without the second factor, or with it alone.
    LetsBy,
    /// Works, but not as well as it should, or could not be judged.
    Warning,
    /// Looked at and in order.
    Fine,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// `file:line`, a path, or a part of the system such as `mfad` or `clock`; several where several services
    /// suffer from the same. Cleaned.
    pub places: Vec<String>,
    /// The PAM services it is about; empty when it is about the host.
    pub services: Vec<String>,
    /// What would happen, and to whom.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub fix: String,
}

impl Finding {
    /// A finding about the host.
    #[must_use]
    pub fn new(severity: Severity, place: &str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity, places: vec![path(place)], services: Vec::new(), text: text.into(), fix: fix.into() }
    }

    /// The same about one PAM service.
    #[must_use]
    pub fn about(mut self, service: &str) -> Self {
        self.services = vec![field(service)];
        self
    }
}

/// A path or place fit to be shown; unlike other fields it may be longer than 64 characters.
#[must_use]
pub fn path(text: &str) -> String {
    text.split('/').map(field).collect::<Vec<_>>().join("/")
}

/// Whether any finding locks out or lets by: the exit code is then 1.
#[must_use]
pub fn locks_out_or_lets_by(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| matches!(finding.severity, Severity::LocksOut | Severity::LetsBy))
}

/// The same about a service that no installed program uses: nobody is locked out or let by.
pub fn of_no_program(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.severity < Severity::Warning) {
        finding.severity = Severity::Warning;
        finding.text.push_str(" No program that uses this service is installed.");
    }
}

/// The same where no stack names our module: nobody is locked out by an mfad that nobody asks.
pub fn of_no_stack(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::LocksOut) {
        finding.severity = Severity::Warning;
        finding.text.push_str(" No stack names pam_mfa yet: nobody is asked for a second factor.");
    }
}

/// The same where a line stands in a package's own file, `folders` being where those are: its next version would undo the fix.
pub fn of_a_package(findings: &mut [Finding], folders: &[&str]) {
    let below = |place: &str, folder: &str| place.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let inside = |place: &String| folders.iter().any(|folder| below(place, folder));
    for finding in findings.iter_mut().filter(|finding| !finding.fix.is_empty() && finding.places.iter().any(inside)) {
        let copy = "Copy the file to /etc/pam.d first and change the copy, which libpam reads instead and upgrades leave alone.";
        finding.fix = format!("{copy} {}", finding.fix);
    }
}

/// `findings`, worst first, the same finding about several services said once.
#[must_use]
pub fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = merged.iter_mut().find(|known| {
            !known.services.is_empty()
                && (known.severity, &known.text, &known.fix) == (finding.severity, &finding.text, &finding.fix)
        });
        match same {
            Some(known) => {
                known.services.extend(finding.services);
                known.places.extend(finding.places);
            }
            None => merged.push(finding),
        }
    }
    for finding in &mut merged {
        finding.services.sort();
        finding.services.dedup();
        finding.places.sort();
        finding.places.dedup();
    }
    merged.sort_by_key(|finding| finding.severity);
    merged
}

/// The report for a terminal.
#[must_use]
pub fn render(findings: &[Finding]) -> String {
    let mut out = String::new();
    let headings = [
        (Severity::LocksOut, "Locks people out"),
        (Severity::LetsBy, "Lets people by"),
        (Severity::Warning, "Worth a look"),
        (Severity::Fine, "In order"),
    ];
    for (severity, heading) in headings {
        let group: Vec<_> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if group.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{heading}");
        for finding in group {
            let services =
                if finding.services.is_empty() { String::new() } else { format!(" ({})", finding.services.join(", ")) };
            let _ = writeln!(out, "  {}{services}\n    {}", finding.places.join(", "), finding.text);
            if !finding.fix.is_empty() {
                let _ = writeln!(out, "    → {}", finding.fix);
            }
        }
    }
    if !locks_out_or_lets_by(findings) {
        out.push_str("\nNothing found that locks out or lets by.\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_shared_lines_are_said_once() {
        let shared = Finding::new(Severity::LetsBy, "/etc/pam.d/common-auth:5", "Let by.", "Do this.");
        let merged = merge(vec![
            Finding::new(Severity::Fine, "clock", "Set by chronyd.", ""),
            shared.clone().about("su"),
            shared.about("sshd"),
        ]);
        assert_eq!(merged[0].services, ["sshd", "su"]);
        assert!(locks_out_or_lets_by(&merged));
        assert_eq!(
            render(&merged),
            "Lets people by\n  /etc/pam.d/common-auth:5 (sshd, su)\n    Let by.\n    → Do this.\n\n\
             In order\n  clock\n    Set by chronyd.\n"
        );
    }

    #[test]
    fn a_service_without_a_program_is_worth_a_look_and_no_more() {
        let mut found =
            [Finding::new(Severity::LetsBy, "x:1", "Let by.", ""), Finding::new(Severity::Fine, "x", "Fine.", "")];
        of_no_program(&mut found);
        assert_eq!(found.each_ref().map(|finding| finding.severity), [Severity::Warning, Severity::Fine]);
        assert_eq!(found[0].text, "Let by. No program that uses this service is installed.");
    }

    #[test]
    fn what_stands_in_a_packages_file_is_copied_before_it_is_changed() {
        let found = |place: &str, fix: &str| Finding::new(Severity::LetsBy, place, "Let by.", fix);
        let mut all = [
            found("/usr/lib/pam.d/polkit-1", "Do this."),
            found("/usr/lib/pam.d/polkit-1:3", ""),
            found("/etc/pam.d/common-auth:5", "Do this."),
            found("/usr/lib/pam.d.old/x", "Do this."),
        ];
        of_a_package(&mut all, &["/usr/share/pam.d", "/usr/lib/pam.d"]);
        assert!(all[0].fix.starts_with("Copy the file to /etc/pam.d first") && all[0].fix.ends_with(" Do this."));
        assert_eq!(
            all[1..].iter().map(|finding| finding.fix.as_str()).collect::<Vec<_>>(),
            ["", "Do this.", "Do this."]
        );
    }

    #[test]
    fn an_mfad_that_no_stack_asks_locks_nobody_out() {
        let mut found =
            [Finding::new(Severity::LocksOut, "mfad", "Down.", ""), Finding::new(Severity::LetsBy, "x", "Loose.", "")];
        of_no_stack(&mut found);
        assert_eq!(found.each_ref().map(|finding| finding.severity), [Severity::Warning, Severity::LetsBy]);
        assert_eq!(found[0].text, "Down. No stack names pam_mfa yet: nobody is asked for a second factor.");
    }

    #[test]
    fn a_place_cannot_steer_the_terminal() {
        let finding = Finding::new(Severity::Warning, "/etc/pam.d/\u{1b}[2Jx:1", "", "").about("a\nb");
        assert_eq!(
            (finding.places[0].as_str(), finding.services[0].as_str()),
            ("/etc/pam.d/\\u{1b}[2Jx:1", "a\\u{a}b")
        );
    }
}
