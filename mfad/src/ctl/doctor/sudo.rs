//! Rules that look at whom sudo is to make of the user, beside sudo's own memory, which does not.
//!
//! Called once, with what policy says of sudo's services and what `sudo -V` says of itself.

use super::findings::{Finding, Severity};

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
}
