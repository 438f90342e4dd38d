//! `mfactl explain`: what a login would be asked, and which line of which file says so.

use super::link::{Link, unexpected};
use super::show::{Screen, line, name};
use super::{Failure, User};
use clap::Args;
use mfa_core::admin::{AdminAsk, AdminReply, Explanation};

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
}

/// Explains it.
pub(super) fn explain(link: &mut Link, screen: &mut Screen, login: &Login) -> Result<(), Failure> {
    let Login { user, service, rhost, tty } = login;
    let explanation = of(link, &user.user, service, rhost.clone(), tty.clone())?;
    if screen.json {
        return Ok(screen.object(&explanation)?);
    }
    Ok(screen.say(&told(&user.user, &explanation))?)
}

/// What mfad says about a login.
pub(super) fn of(
    link: &mut Link,
    user: &str,
    service: &str,
    rhost: Option<String>,
    tty: Option<String>,
) -> Result<Explanation, Failure> {
    match link.ask(AdminAsk::Explain { user: user.to_owned(), service: service.to_owned(), rhost, tty })? {
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
    if !explanation.methods.is_empty() {
        let methods: Vec<String> = explanation.methods.iter().map(ToString::to_string).collect();
        lines.push(format!("  Factors: {}", methods.join(", ")));
    }
    lines.push(String::from("  Heard, in this order:"));
    lines.extend(explanation.heard.iter().map(|heard| {
        let place = heard.place.to_string();
        let decided = if place == explanation.decided_by { "  <- decided" } else { "" };
        format!("    {:<9} {}{decided}", heard.require.to_string(), line(&place))
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mfa_core::admin::Outcome;
    use mfa_core::place::Place;
    use mfa_core::policy::{Heard, Require};
    use mfa_core::wire::{Kind, Method};

    #[test]
    fn the_deciding_line_is_named_and_marked() {
        let place = |line, key: &str| Place { file: String::from("/etc/pam_mfa/mfa.toml"), line, key: key.into() };
        let explanation = Explanation {
            account: Some(String::from("anna")),
            service: String::from("sshd"),
            kind: Kind::Sshd,
            require: Require::Required,
            decided_by: place(9, "require").to_string(),
            heard: vec![
                Heard { place: place(3, "[[rule]]"), require: Require::Optional },
                Heard { place: place(9, "require"), require: Require::Required },
            ],
            tries: 3,
            meets: String::from("is asked for a verification code, 3 tries"),
            outcome: Outcome::Asked,
            methods: vec![Method::Totp, Method::Recovery],
        };
        let text = told("Anna", &explanation);
        assert!(text.starts_with("anna at sshd is asked for a verification code, 3 tries.\n"), "{text}");
        assert!(text.contains("required (/etc/pam_mfa/mfa.toml:9: require)\n"), "{text}");
        assert!(text.contains("optional  /etc/pam_mfa/mfa.toml:3: [[rule]]\n"), "{text}");
        assert!(text.ends_with("required  /etc/pam_mfa/mfa.toml:9: require  <- decided"), "{text}");
    }
}
