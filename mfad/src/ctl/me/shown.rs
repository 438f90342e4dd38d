//! What a person reads of their factors.

use crate::ctl::show;
use mfa_core::bus::{FactorListed, OwnFactors};
use mfa_core::clean;
use mfa_core::now::rfc3339;

/// What a person reads of their factors.
pub(super) fn lines(user: &str, own: &OwnFactors) -> Vec<String> {
    let mut lines = vec![match (own.enrolled, own.deadline) {
        (true, _) => format!("{}: a second factor is set up; policy says {}", show::name(user), own.required),
        (false, 0) => format!("{}: no second factor; policy says {}", show::name(user), own.required),
        (false, at) => format!("{}: no second factor; one is required from {} on", show::name(user), rfc3339(at)),
    }];
    lines.extend(own.factors.iter().map(of_factor));
    lines.extend(own.devices.iter().map(|device| {
        let state = if device.suspended { "suspended" } else { "active" };
        format!("  {}  {}  {state}, paired {}", device.id, show::name(&device.label), rfc3339(device.created))
    }));
    if own.enrolled {
        lines.push(format!("  {} recovery codes left", own.recovery_left));
    }
    if !own.preferred.is_empty() {
        lines.push(format!("  asked first: {}", own.preferred));
    }
    lines.extend(own.problems.iter().map(|problem| format!("  ! {}", clean::message(problem))));
    lines
}

fn of_factor(factor: &FactorListed) -> String {
    let token = if factor.token.is_empty() { String::new() } else { format!(", token {}", factor.token) };
    let used = match factor.last_used {
        0 => String::from("never used"),
        at => format!("last used {}", rfc3339(at)),
    };
    format!("  {}  {}  {}{token}, {used}", factor.id, show::name(&factor.label), factor.state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_says_what_is_required_and_what_there_is() {
        let nothing = OwnFactors {
            enrolled: false,
            required: "optional".into(),
            deadline: 86_400,
            preferred: String::new(),
            recovery_left: 0,
            last_login: 0,
            factors: Vec::new(),
            devices: Vec::new(),
            problems: Vec::new(),
        };
        assert_eq!(lines("alice", &nothing), ["alice: no second factor; one is required from 1970-01-02T00:00:00Z on"]);
        let factor = FactorListed {
            id: "totp-1".into(),
            method: "totp".into(),
            label: "phone".into(),
            token: String::new(),
            created: 0,
            last_used: 0,
            state: "active".into(),
        };
        let some = OwnFactors { enrolled: true, factors: vec![factor], recovery_left: 9, ..nothing };
        let shown = lines("alice", &some);
        assert_eq!(shown[1..], ["  totp-1  phone  active, never used", "  9 recovery codes left"]);
    }
}
