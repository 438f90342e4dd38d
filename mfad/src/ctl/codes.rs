//! What takes or makes codes: verify, resync, factor remove, recovery new.

use super::enroll::show_recovery;
use super::link::{Link, unexpected};
use super::prompt;
use super::show::{Screen, aside, name, span};
use super::{Failure, simply};
use mfa_core::admin::{AdminAsk, AdminReply};
use mfa_core::enrollment::FactorId;
use mfa_core::secret::Secret;
use mfa_core::wire::{Method, Reason};
use serde::Serialize;

/// Removes a factor.
pub(super) fn remove(link: &mut Link, screen: &mut Screen, user: &str, factor: &FactorId) -> Result<(), Failure> {
    simply(link, screen, AdminAsk::RemoveFactor { user: user.to_owned(), factor: factor.clone() })
}

/// Makes recovery codes.
pub(super) fn new_recovery(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct New<'a> {
        user: &'a str,
        recovery_codes: &'a [Secret],
    }
    let AdminReply::Recovery { codes } = link.ask(AdminAsk::NewRecovery { user: user.to_owned() })? else {
        return Err(unexpected());
    };
    let shown = if screen.json {
        screen.object(&New { user, recovery_codes: &codes })
    } else {
        show_recovery(screen, &name(user), &codes)
    };
    if shown.is_err() {
        let user = name(user);
        aside(&format!(
            "mfactl: the new codes could not be shown, and the old ones of {user} are dead: mfactl recovery new {user}, once more"
        ));
    }
    Ok(shown?)
}

/// Tries a code; one that is not accepted is a failure.
pub(super) fn verify(link: &mut Link, screen: &mut Screen, user: &str) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Judged {
        accepted: bool,
        reason: Reason,
        method: Method,
        wait: u64,
    }
    let code = ask("Verification code: ")?;
    let AdminReply::Judged { accepted, reason, method, wait } =
        link.ask(AdminAsk::Verify { user: user.to_owned(), code })?
    else {
        return Err(unexpected());
    };
    if screen.json {
        screen.object(&Judged { accepted, reason, method, wait })?;
    } else {
        screen.say(&verdict(&name(user), accepted, reason, method, wait))?;
    }
    if accepted { Ok(()) } else { Err(Failure::Said) }
}

fn verdict(user: &str, accepted: bool, reason: Reason, method: Method, wait: u64) -> String {
    match reason {
        _ if accepted => format!("Accepted ({method}). The code is spent now."),
        Reason::Locked => {
            format!("Not looked at ({reason}): too many failures. Wait {}, or mfactl unlock {user}.", span(wait))
        }
        Reason::Disabled => format!("Not looked at ({reason}): too many failures. mfactl unlock {user} enables it."),
        Reason::Replay if method == Method::Recovery => {
            format!("Refused ({reason}): this recovery code was used before. Take another.")
        }
        Reason::Replay => format!("Refused ({reason}): a code like this was used before. Wait for the next one."),
        Reason::Malformed => format!("Refused ({reason}): {user} has no factor with codes of this form."),
        // Every method counts here but a bypass.
        Reason::NoAllowedMethod => format!("Refused ({reason}): the code of a bypass is good for logins alone."),
        Reason::StateLost => format!("Refused ({reason}): the record of used codes is lost. See mfactl status {user}."),
        Reason::WrongCode => format!(
            "Refused ({reason}): this is no code of {user}'s now. The clocks of this host and of the user's phone have to be right; of a \
             token that counts, mfactl resync {user} finds the place."
        ),
        Reason::Suspended => format!("Refused ({reason}): hygiene suspended it. mfactl resume {user} takes it back."),
        Reason::NotEnrolled | Reason::EnrolmentRequired => {
            format!("Refused ({reason}): {user} has no factor in use. mfactl enroll {user} adds one.")
        }
        _ => format!("Refused ({reason}). mfactl status {user} may say more."),
    }
}

/// Sets a counter or mark by two codes.
pub(super) fn resync(
    link: &mut Link,
    screen: &mut Screen,
    user: &str,
    factor: Option<&FactorId>,
) -> Result<(), Failure> {
    let (first, second) = two()?;
    simply(link, screen, AdminAsk::Resync { user: user.to_owned(), factor: factor.cloned(), first, second })
}

/// Two codes that follow one another.
pub(super) fn two() -> Result<(Secret, Secret), Failure> {
    Ok((ask("A code: ")?, ask("The code after it: ")?))
}

fn ask(prompt: &str) -> Result<Secret, Failure> {
    match prompt::secret(prompt) {
        Ok(Some(code)) => Ok(code),
        Ok(None) => Err(Failure::refused("no code was given; type it, or give it on standard input")),
        Err(e) => Err(Failure::Refused(format!("no code could be read: {e}"))),
    }
}
