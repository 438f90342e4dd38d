//! `mfactl grants`: remembered logins, listed and forgotten.

use super::link::{Link, unexpected};
use super::show::{Screen, moment, name, span};
use super::{Failure, User, simply};
use crate::clock::zone;
use clap::Args;
use mfa_core::admin::{AdminAsk, AdminReply};
use mfa_core::clean;

/// Whose remembered logins.
#[derive(Debug, Args)]
pub(super) struct Grants {
    #[command(flatten)]
    user: User,
    /// Forget this one
    #[arg(long, value_name = "ID", conflicts_with = "revoke_all")]
    revoke: Option<String>,
    /// Forget all of them
    #[arg(long)]
    revoke_all: bool,
}

/// Lists or forgets them.
pub(super) fn grants(link: &mut Link, screen: &mut Screen, grants: &Grants) -> Result<(), Failure> {
    let user = grants.user.user.clone();
    if grants.revoke.is_some() || grants.revoke_all {
        return simply(link, screen, AdminAsk::RevokeGrants { user, id: grants.revoke.clone() });
    }
    let AdminReply::Grants { user, grants } = link.ask(AdminAsk::Grants { user })? else { return Err(unexpected()) };
    if grants.is_empty() && !screen.json {
        return Ok(screen.say(&format!("No login of {} is remembered.", name(&user)))?);
    }
    for grant in &grants {
        if screen.json {
            screen.object(grant)?;
        } else {
            screen.say(&format!(
                "{}  {} from {}, since {}, for another {}",
                clean::field(&grant.id),
                grant.kind,
                clean::field(&grant.place),
                moment(&zone(), grant.made),
                span(grant.left)
            ))?;
        }
    }
    Ok(())
}
