//! `mfactl bypass`: a code in place of a second factor, for a time; consented to, ended, listed.
//!
//! What must never happen: a bypass whose code nobody saw left open.

use super::link::{Link, unexpected};
use super::show::{self, Screen, aside, moment, name, span};
use super::{Failure, moments, simply};
use crate::bypasses::uses;
use crate::clock::{self, zone};
use clap::Args;
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply, BypassAsk, BypassStatus};
use mfa_core::bypass::{BypassId, Consent, MOST_USES, Standing, Uses};
use mfa_core::secret::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

/// A bypass to make, or what to do with one.
#[derive(Debug, Args)]
#[command(override_usage = "mfactl bypass [USER]\n       \
    mfactl bypass <USER> --for SPAN --reason TEXT [--uses N | --any-number]\n       \
    mfactl bypass <USER> --consent ID\n       mfactl bypass <USER> --revoke")]
pub(super) struct Bypass {
    /// Whose; without a name the open ones are listed
    user: Option<String>,
    /// Make one that is good for so long: 30m, 1h, 24h at most
    #[arg(long = "for", value_name = "SPAN", value_parser = moments::span, requires = "reason", requires = "user")]
    seconds: Option<u64>,
    /// Why, for every log and for whoever consents
    #[arg(long, value_name = "TEXT", requires = "seconds")]
    reason: Option<String>,
    /// Good for so many logins instead of one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_USES)), requires = "seconds")]
    uses: Option<u16>,
    /// Good for any number of logins until its end
    #[arg(long, requires = "seconds", conflicts_with = "uses")]
    any_number: bool,
    /// Consent to one that another administrator made, by the name that `mfactl bypass USER` shows it with
    #[arg(long, value_name = "ID", requires = "user", conflicts_with_all = ["seconds", "revoke"])]
    consent: Option<String>,
    /// End it now
    #[arg(long, requires = "user", conflicts_with = "seconds")]
    revoke: bool,
}

/// Does it.
pub(super) fn bypass(
    screen: &mut Screen,
    bypass: &Bypass,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let mut link = link()?;
    match (&bypass.user, bypass.seconds, &bypass.reason) {
        (Some(user), Some(seconds), Some(reason)) => {
            let uses = match bypass.uses {
                Some(times) => Uses::Times(times),
                None if bypass.any_number => Uses::AnyNumber,
                None => Uses::Times(1),
            };
            let (user, reason) = (user.clone(), reason.clone());
            make(&mut link, screen, BypassAsk::Make { user, seconds, uses, reason })
        }
        (Some(user), ..) if bypass.revoke => simply(&mut link, screen, about(BypassAsk::Revoke { user: user.clone() })),
        (user, ..) => match (user, &bypass.consent) {
            (Some(user), Some(id)) => {
                let (user, id) = (user.clone(), BypassId::typed(id));
                simply(&mut link, screen, about(BypassAsk::Consent { user, id }))
            }
            (user, _) => list(&mut link, screen, user.as_deref()),
        },
    }
}

fn about(ask: BypassAsk) -> AdminAsk {
    AdminAsk::Bypass(ask)
}

/// What `--json` prints of a new one.
#[derive(Serialize)]
struct Made<'a> {
    code: &'a Secret,
    bypass: &'a BypassStatus,
}

fn make(link: &mut Link, screen: &mut Screen, ask: BypassAsk) -> Result<(), Failure> {
    let AdminReply::BypassMade { code, bypass } = link.ask(about(ask))? else { return Err(unexpected()) };
    let shown = if screen.json {
        screen.object(&Made { code: &code, bypass: &bypass })
    } else {
        show_made(screen, &code, &bypass)
    };
    if let Err(why) = shown {
        let user = name(&bypass.user);
        let ended = link.ask(about(BypassAsk::Revoke { user: bypass.user })).is_ok();
        aside(&if ended {
            String::from("mfactl: the code could not be shown; the bypass was ended again")
        } else {
            format!("mfactl: the code could not be shown; end the bypass: mfactl bypass {user} --revoke")
        });
        return Err(why.into());
    }
    Ok(())
}

fn show_made(screen: &mut Screen, code: &Secret, bypass: &BypassStatus) -> std::io::Result<()> {
    let user = name(&bypass.user);
    let left = span(bypass.until.saturating_sub(bypass.made));
    let mut text = Zeroizing::new(String::with_capacity(1024));
    text.push_str(&format!(
        "A bypass for {user}: {} until {}, for {left}.\n\n  ",
        uses(bypass.uses),
        moment(&zone(), bypass.until)
    ));
    text.push_str(code.expose_str().unwrap_or_default());
    text.push_str(&format!(
        "\n\nThis code stands in for the second factor and is shown this once. Be sure whom you give it to.\n\
         mfactl bypass {user} --revoke ends it.\n"
    ));
    if bypass.standing == Standing::Waits {
        text.push_str(&format!(
            "It opens nothing until another administrator consents: mfactl bypass {user} shows it, and how.\n"
        ));
    }
    screen.write(&text)
}

fn list(link: &mut Link, screen: &mut Screen, user: Option<&str>) -> Result<(), Failure> {
    if let Some(user) = user {
        let AdminReply::Status(status) = link.ask(AdminAsk::Status { user: user.to_owned() })? else {
            return Err(unexpected());
        };
        return match status.bypass {
            Some(bypass) => Ok(show_one(screen, &bypass)?),
            None if screen.json => Ok(()),
            None => Ok(screen.say(&format!(
                "{0} has no bypass. mfactl bypass {0} --for 1h --reason TEXT makes one.",
                name(&status.user)
            ))?),
        };
    }
    let (mut after, mut any) = (None, false);
    loop {
        let AdminReply::Bypasses { bypasses, next } = link.ask(about(BypassAsk::List { after }))? else {
            return Err(unexpected());
        };
        any |= !bypasses.is_empty();
        bypasses.iter().try_for_each(|bypass| show_one(screen, bypass))?;
        after = next;
        if after.is_none() {
            break;
        }
    }
    if !any && !screen.json {
        screen.say("No bypass is open.")?;
    }
    Ok(())
}

fn show_one(screen: &mut Screen, bypass: &BypassStatus) -> std::io::Result<()> {
    if screen.json {
        return screen.object(bypass);
    }
    let told = told(&zone(), bypass);
    screen.say(&format!("{}: {}", name(&bypass.user), told.join("\n  ")))
}

/// Two lines about a bypass, cleaned, and a third where somebody has to consent: who types that has seen what to.
pub(super) fn told(zone: &TimeZone, bypass: &BypassStatus) -> Vec<String> {
    let standing = match bypass.standing {
        Standing::Open => "open",
        Standing::Waits => "waits for the consent of another administrator",
        Standing::UsedUp => "used up",
        Standing::Over => "over",
        Standing::Lost => "opens nothing: the record of its uses is lost",
    };
    let consent = match bypass.consent {
        Consent::Given { by_uid, .. } => format!(", consented to by uid {by_uid}"),
        Consent::NotAsked | Consent::Waits => String::new(),
    };
    let left = span(bypass.until.saturating_sub(clock::wall()));
    let mut lines = vec![
        format!(
            "Bypass, {standing}: {} until {} (another {left}), {} used",
            uses(bypass.uses),
            moment(zone, bypass.until),
            bypass.used
        ),
        format!(
            "  made {} by uid {}{consent}: {}",
            moment(zone, bypass.made),
            bypass.by_uid,
            show::line(&bypass.reason)
        ),
    ];
    if bypass.standing == Standing::Waits {
        let id = show::line(&bypass.id.to_string());
        lines.push(format!("  to consent: mfactl bypass {} --consent {id}", name(&bypass.user)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bypass_is_told_in_two_lines_without_escapes_and_how_to_consent_in_a_third() {
        let bypass = BypassStatus {
            user: String::from("anna"),
            id: BypassId::new([0xb3, 0xf2, 0, 1]),
            standing: Standing::Waits,
            reason: String::from("phone\x1b lost"),
            by_uid: 1000,
            made: 0,
            until: 3600,
            uses: Uses::Times(3),
            used: 1,
            consent: Consent::Waits,
        };
        let lines = told(&TimeZone::UTC, &bypass);
        assert!(
            lines[0].starts_with(
                "Bypass, waits for the consent of another administrator: 3 logins until 1970-01-01 01:00:00"
            )
        );
        assert_eq!(lines[1], "  made 1970-01-01 00:00:00 +00:00 by uid 1000: phone\\u{1b} lost");
        assert_eq!(lines[2..], ["  to consent: mfactl bypass anna --consent b3f20001"]);
        assert_eq!(told(&TimeZone::UTC, &BypassStatus { standing: Standing::Open, ..bypass }).len(), 2);
    }
}
