//! `mfactl explain`: what a login would be asked, and which line of which file says so.

use super::link::{Link, unexpected};
use super::show::{Screen, line, moment, name};
use super::{Failure, User, moments};
use crate::accounts::{Lookup, by_name};
use crate::clock::zone;
use clap::Args;
use mfa_core::admin::{AdminAsk, AdminReply, Explanation};
use mfa_core::policy::{FIRST_FACTORS, no_first_factor};
use mfa_core::wire::{Context, Method};

/// A login to be explained.
#[derive(Debug, Args)]
pub(super) struct Login {
    #[command(flatten)]
    user: User,
    /// PAM service: sshd, sudo, su, login …
    service: String,
    /// Host it comes from, as PAM_RHOST says
    #[arg(long, value_name = "HOST")]
    rhost: Option<String>,
    /// Terminal, as PAM_TTY says
    #[arg(long, value_name = "TTY")]
    tty: Option<String>,
    /// Command line, as sudo sees it: what it says of -u and -n counts
    #[arg(long, value_name = "WORD", num_args = 1.., allow_hyphen_values = true)]
    command: Vec<String>,
    /// When: 2h (from now), 2026-11-29T22:30 or a time as in RFC 3339 [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moments::moment)]
    at: Option<u64>,
    /// First factor that was given, as first_factor in a rule names it: publickey, password …, stack, session or none
    #[arg(long, value_name = "NAME", value_parser = first_factor)]
    first_factor: Vec<String>,
}

impl Login {
    fn context(&self) -> Context {
        let given = |name: &str| self.first_factor.iter().any(|factor| factor == name);
        let of_sshd = |name: &&String| !matches!(name.as_str(), "stack" | "session" | "none");
        // The user's own session shows itself by whose process asks.
        let real_uid = match given("session").then(|| by_name(&self.user.user)) {
            Some(Lookup::Found(account)) => account.uid,
            Some(Lookup::Absent | Lookup::Failed(_)) | None => 0,
        };
        Context {
            user: self.user.user.clone(),
            service: self.service.clone(),
            rhost: self.rhost.clone(),
            tty: self.tty.clone(),
            real_uid,
            first_factor_stack: given("stack"),
            ssh_auth_info: self.first_factor.iter().filter(of_sshd).cloned().collect(),
            arguments: self.command.clone(),
            ..Context::default()
        }
    }
}

/// A name that a rule could have; sshd names the device behind keyboard-interactive as well.
fn first_factor(name: &str) -> Result<String, String> {
    let known = name.split('/').next().is_some_and(|name| FIRST_FACTORS.contains(&name));
    if known { Ok(name.to_owned()) } else { Err(no_first_factor(name)) }
}

/// Explains it.
pub(super) fn explain(link: &mut Link, screen: &mut Screen, login: &Login) -> Result<(), Failure> {
    let explanation = of(link, login.context(), login.at)?;
    if screen.json {
        return Ok(screen.object(&explanation)?);
    }
    Ok(screen.say(&told(&login.user.user, &explanation))?)
}

/// What mfad says about a login.
pub(super) fn of(link: &mut Link, context: Context, at: Option<u64>) -> Result<Explanation, Failure> {
    match link.ask(AdminAsk::Explain { context, at })? {
        AdminReply::Explained(explanation) => Ok(*explanation),
        _ => Err(unexpected()),
    }
}

fn told(typed: &str, explanation: &Explanation) -> String {
    let user = name(explanation.account.as_deref().unwrap_or(typed));
    let mut lines = vec![
        format!("{user} at {} {}.", name(&explanation.service), line(&explanation.meets)),
        format!("  Second factor: {} ({})", explanation.require, line(&explanation.decided_by)),
        format!("  Kind of application: {}", explanation.kind),
    ];
    if let Some(approvers) = &explanation.approvers {
        lines.push(format!("  Approval: {} of {}", approvers.count, name(&approvers.group)));
    }
    if !explanation.methods.is_empty() {
        let methods: Vec<String> = explanation.methods.iter().map(ToString::to_string).collect();
        let number = match explanation.methods.contains(&Method::Push) {
            true if explanation.number => " with the number",
            true => " without a number",
            false => "",
        };
        lines.push(format!("  Factors: {}{number}", methods.join(", ")));
    }
    if !explanation.floor.is_empty() {
        lines.push(String::from("  Cut by the floor:"));
        let held = explanation.floor.iter().map(|held| (line(&held.place.to_string()), line(&held.says)));
        lines.extend(held.map(|(place, says)| format!("    {place} = {says}")));
    }
    lines.push(String::from("  Heard, in this order:"));
    lines.extend(explanation.heard.iter().map(|heard| {
        let place = heard.place.to_string();
        let decided = if place == explanation.decided_by { "  <- decided" } else { "" };
        let from = heard
            .deadline
            .map_or_else(String::new, |deadline| format!(", required from {} on", moment(&zone(), deadline)));
        format!("    {:<9} {}{from}{decided}", heard.require.to_string(), line(&place))
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::admin::Outcome;
    use mfa_core::place::Place;
    use mfa_core::policy::{Heard, Held, Require};
    use mfa_core::wire::Kind;

    #[test]
    fn the_deciding_line_is_named_and_marked() {
        let place = |line, key: &str| Place { file: String::from("/etc/pam_mfa/mfa.toml"), line, key: key.into() };
        let explanation = Explanation {
            account: Some(String::from("anna")),
            service: String::from("sshd"),
            kind: Kind::Sshd,
            require: Require::Required,
            approvers: None,
            decided_by: place(9, "require").to_string(),
            heard: vec![
                Heard { place: place(3, "[[rule]]"), require: Require::Optional, deadline: None },
                Heard { place: place(9, "require"), require: Require::Required, deadline: None },
            ],
            tries: 3,
            meets: String::from("is asked for a verification code, 3 tries"),
            outcome: Outcome::Asked,
            methods: vec![Method::Totp, Method::Recovery],
            number: true,
            floor: vec![Held { place: place(14, "tries"), says: String::from("2") }],
        };
        let text = told("Anna", &explanation);
        assert!(text.starts_with("anna at sshd is asked for a verification code, 3 tries.\n"), "{text}");
        assert!(text.contains("required (/etc/pam_mfa/mfa.toml:9: require)\n"), "{text}");
        assert!(text.contains("optional  /etc/pam_mfa/mfa.toml:3: [[rule]]\n"), "{text}");
        assert!(text.contains("  Cut by the floor:\n    /etc/pam_mfa/mfa.toml:14: tries = 2\n"), "{text}");
        assert!(text.ends_with("required  /etc/pam_mfa/mfa.toml:9: require  <- decided"), "{text}");
    }
}
