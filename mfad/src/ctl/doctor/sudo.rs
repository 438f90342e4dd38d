//! Rules that look at whom sudo is to make of the user, beside sudo's own memory, which does not; and a sudo that does not say who runs it.
//!
//! Called once each, with what policy says of sudo's services and what `sudo -V` says of itself.

use super::findings::{Finding, Severity};
use std::time::Duration;

/// What is wrong where a rule looks at the target of `service`. `version`: what `sudo -V` told root, in the C locale.
#[must_use]
pub(super) fn judge(service: &str, version: Option<&str>) -> Option<Finding> {
    let minutes = version.and_then(timeout);
    if minutes == Some(0.0) {
        return None;
    }
    let how_long = match minutes {
        Some(minutes) if minutes < 0.0 => String::from("until it is taken back"),
        Some(minutes) => format!("{minutes} minutes by its settings"),
        None => String::from("15 minutes unless sudoers says otherwise"),
    };
    let text = format!(
        "A rule looks at whom sudo is to make of the user, but sudo remembers a login whatever its target ({how_long}): who came in for \
         another target is let through to this one without being asked."
    );
    let fix = "Set \"Defaults timestamp_timeout=0\" in sudoers, or let the rule hold for every target.";
    Some(Finding::new(Severity::Warning, service, text, fix))
}

/// What is wrong where sudo keeps to itself who runs it. `version` as above: settings that are on stand there as sentences of sudo's.
#[must_use]
pub(super) fn judge_silence(service: &str, version: Option<&str>) -> Option<Finding> {
    // The setting came with sudo 1.9.0; before, PAM was always told. Only root is shown settings, of which this is one that always stands.
    let version = version.filter(|version| version.starts_with("Sudo version 1.9") && timeout(version).is_some())?;
    if version.contains("Set the pam remote user to the user running sudo") {
        return None;
    }
    let text = "sudo does not tell PAM who runs it (!pam_ruser): with targetpw, rootpw or runaspw the log names the target alone.";
    let fix = "Take !pam_ruser out of sudoers.";
    Some(Finding::new(Severity::Warning, service, text, fix))
}

/// The finding about a sudo that was killed after `patience`, before it told its settings.
#[must_use]
pub(super) fn late(service: &str, patience: Duration) -> Finding {
    let text = format!(
        "“sudo -V” did not end within {} seconds and was killed: its settings were not looked at.",
        patience.as_secs()
    );
    let fix = "Try “sudo -V” as root, and see what it waits for: a directory of sudo's rules, the name service.";
    Finding::new(Severity::Warning, service, text, fix)
}

/// Minutes of sudo's timestamp (sudo's `sudo_printf` of its defaults, as root sees them).
fn timeout(version: &str) -> Option<f64> {
    let said = version.lines().find_map(|line| line.trim().strip_prefix("Authentication timestamp timeout:"))?;
    said.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudos_memory_is_told_of_unless_it_has_none() {
        let of = |minutes: &str| {
            let version = format!("Sudo version 1.9.13p3\nAuthentication timestamp timeout: {minutes} minutes\n");
            judge("sudo", Some(&version)).map(|finding| finding.text)
        };
        assert_eq!(of("0.0"), None);
        assert!(of("15.0").unwrap().contains("15 minutes by its settings"));
        assert!(of("-1.0").unwrap().contains("until it is taken back"));
        assert!(judge("sudo", None).unwrap().text.contains("unless sudoers says otherwise"));
        assert!(judge("sudo", Some("sudo 2.0")).is_some());
    }

    #[test]
    fn a_sudo_that_does_not_say_who_runs_it_is_told_of() {
        let shown = "Sudo version 1.9.13p3\nAuthentication timestamp timeout: 15.0 minutes\n";
        assert!(judge_silence("sudo", Some(shown)).unwrap().text.contains("!pam_ruser"));
        let told = format!("{shown}Set the pam remote user to the user running sudo\n");
        let older = shown.replace("1.9.13p3", "1.8.31");
        for version in [told.as_str(), older.as_str(), "Sudo version 1.9.13p3\n", "sudo-rs 0.2.8\n"] {
            assert_eq!(judge_silence("sudo", Some(version)), None, "{version}");
        }
        assert_eq!(judge_silence("sudo", None), None);
    }
}
