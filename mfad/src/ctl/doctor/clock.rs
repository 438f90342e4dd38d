//! Whether somebody sets this machine's clock: codes of the time kind rest on it.
//!
//! The facts are gathered by [`look`], the judgement is pure. What must never happen: a clock called good
//! because nobody could be asked.

use super::findings::{Finding, Severity};
use std::path::Path;

/// Names of time services as the kernel shows them (15 characters at most, proc_pid_comm(5)).
const KEEPERS: [&str; 7] = ["chronyd", "ntpd", "openntpd", "ntpsec", "systemd-timesyn", "ptp4l", "phc2sys"];

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// A running time service.
    pub keeper: Option<String>,
    /// systemd-timesyncd says that it has reached a server since boot.
    pub timesyncd_synchronised: bool,
    /// The processes of others can be seen.
    pub processes_seen: bool,
    /// This is a container: the host sets the clock.
    pub container: bool,
}

/// Looks at the running processes and at what systemd-timesyncd leaves in `/run`.
#[must_use]
pub fn look() -> Facts {
    let mut facts = Facts {
        // systemd-timesyncd.service(8)
        timesyncd_synchronised: Path::new("/run/systemd/timesync/synchronized").exists(),
        container: ["/run/systemd/container", "/run/.containerenv", "/.dockerenv"]
            .iter()
            .any(|p| Path::new(p).exists()),
        ..Facts::default()
    };
    let Ok(processes) = std::fs::read_dir("/proc") else { return facts };
    for process in processes.flatten() {
        let Ok(name) = std::fs::read_to_string(process.path().join("comm")) else { continue };
        let name = name.trim();
        facts.processes_seen |= process.file_name() == "1";
        if KEEPERS.contains(&name) {
            facts.keeper = Some(name.to_owned());
        }
    }
    facts
}

/// The finding about the clock.
#[must_use]
pub fn judge(facts: &Facts) -> Finding {
    const FIX: &str = "Install chrony or switch on systemd-timesyncd: time codes are refused once the clock is 30 to 60 \
                       seconds off.";
    match &facts.keeper {
        Some(name) if name == "systemd-timesyn" && !facts.timesyncd_synchronised => Finding::new(
            Severity::Warning,
            "clock",
            "systemd-timesyncd runs, but has reached no time server since the machine started.",
            "Look at “timedatectl timesync-status”.",
        ),
        Some(name) if name == "systemd-timesyn" => {
            Finding::new(Severity::Fine, "clock", "Set by systemd-timesyncd, which has reached a server.", "")
        }
        Some(name) => Finding::new(
            Severity::Fine,
            "clock",
            format!("{name} runs; whether it has reached a server was not asked."),
            "",
        ),
        None if facts.container => Finding::new(
            Severity::Warning,
            "clock",
            "This is a container: the host sets the clock, and nothing here tells whether it does.",
            "See that the host runs a time service.",
        ),
        None if !facts.processes_seen => Finding::new(
            Severity::Warning,
            "clock",
            "Whether anybody sets the clock cannot be seen from here.",
            "Run this as root.",
        ),
        None => {
            Finding::new(Severity::Warning, "clock", "No known time service runs: nobody seems to set the clock.", FIX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_fine_only_where_somebody_is_seen_setting_it() {
        let seen = Facts { processes_seen: true, ..Facts::default() };
        let runs = |name: &str| Facts { keeper: Some(name.into()), ..seen.clone() };
        for (facts, severity) in [
            (seen.clone(), Severity::Warning),
            (Facts::default(), Severity::Warning),
            (Facts { container: true, ..seen.clone() }, Severity::Warning),
            (runs("chronyd"), Severity::Fine),
            (runs("systemd-timesyn"), Severity::Warning),
            (Facts { timesyncd_synchronised: true, ..runs("systemd-timesyn") }, Severity::Fine),
        ] {
            assert_eq!(judge(&facts).severity, severity, "{facts:?}");
        }
    }
}
