//! What administration knows, as the bus tells it. Times that are not there are 0, words that are not there empty.

use mfa_core::admin::{
    BypassStatus, FactorStatus, GrantListed, HygieneChange, ListedToken, ListedUser, LogCursor, UserStatus,
};
use mfa_core::bus::{
    BypassShown, DeviceListed, Error, FactorListed, GrantShown, HygieneShown, OwnFactors, TokenShown, UserListed,
};
use mfa_core::bypass::{Consent, Standing, Uses};
use mfa_core::hygiene::Act;
use mfa_core::policy::{Require, Requirement};
use mfa_core::secret::Secret;
use mfa_core::stock::Away;
use mfa_core::upkeep::Why;
use mfa_core::wire::Method;

pub(super) fn factors(status: UserStatus) -> OwnFactors {
    OwnFactors {
        enrolled: status.enrolled,
        required: status.required.to_string(),
        deadline: status.deadline.unwrap_or(0),
        preferred: status.preferred.map(|method| method.to_string()).unwrap_or_default(),
        recovery_left: status.recovery_left,
        last_login: status.last_success.unwrap_or(0),
        factors: status.factors.into_iter().map(factor).collect(),
        devices: status
            .devices
            .into_iter()
            .map(|device| DeviceListed {
                id: device.id,
                label: device.label,
                created: device.created,
                suspended: device.suspended,
                fingerprint: device.fingerprint,
            })
            .collect(),
        problems: status.problems,
    }
}

fn factor(factor: FactorStatus) -> FactorListed {
    let state = match (factor.pending, factor.upkeep.suspended.is_some(), factor.disabled) {
        (true, ..) => "pending",
        (_, true, _) => "suspended",
        (_, _, true) => "disabled",
        (false, false, false) => "active",
    };
    FactorListed {
        id: factor.id.to_string(),
        method: factor.method.to_string(),
        label: factor.label,
        token: factor.token.unwrap_or_default(),
        created: factor.created,
        last_used: factor.last_used.unwrap_or(0),
        state: state.to_owned(),
    }
}

pub(super) fn user(user: ListedUser) -> UserListed {
    UserListed {
        user: user.user,
        uid: user.uid,
        enrolled: user.enrolled,
        required: user.required.to_string(),
        deadline: user.deadline.unwrap_or(0),
        last_login: user.last_success.unwrap_or(0),
    }
}

pub(super) fn token(token: ListedToken) -> TokenShown {
    let state = match (token.away, &token.holder) {
        (Some(Away::Lost), _) => "lost",
        (Some(Away::Retired), _) => "retired",
        (None, Some(_)) => "held",
        (None, None) => "stock",
    };
    TokenShown {
        serial: token.serial,
        model: token.model,
        holder: token.holder.unwrap_or_default(),
        state: state.to_owned(),
        last_used: token.last_used.unwrap_or(0),
    }
}

pub(super) fn grant(grant: GrantListed) -> GrantShown {
    GrantShown { id: grant.id, kind: grant.kind.to_string(), source: grant.place, left: grant.left }
}

pub(super) fn bypass(bypass: BypassStatus) -> BypassShown {
    let standing = match bypass.standing {
        Standing::Open => "open",
        Standing::Waits => "waits",
        Standing::UsedUp => "used-up",
        Standing::Over => "over",
        Standing::Lost => "lost",
    };
    BypassShown {
        user: bypass.user,
        standing: standing.to_owned(),
        reason: bypass.reason,
        by_uid: bypass.by_uid,
        made: bypass.made,
        until: bypass.until,
        uses: match bypass.uses {
            Uses::Times(times) => times,
            Uses::AnyNumber => 0,
        },
        used: bypass.used,
        consented: match bypass.consent {
            Consent::Given { by_uid, .. } => by_uid,
            Consent::NotAsked | Consent::Waits => u32::MAX,
        },
        id: bypass.id.to_string(),
    }
}

pub(super) fn hygiene(change: HygieneChange) -> HygieneShown {
    let (act, stops) = match change.act {
        Act::Suspend(Why::Unused) => ("suspend-unused", 0),
        Act::Suspend(Why::Old) => ("suspend-old", 0),
        Act::Announce { stops } => ("announce", stops),
        Act::Spare => ("spare", 0),
        Act::Drop => ("drop", 0),
    };
    HygieneShown {
        user: change.user,
        id: change.id,
        label: change.label,
        act: act.to_owned(),
        stops,
        opens: change.opens,
        recovery_left: u32::from(change.recovery_left),
    }
}

/// What is required by policy, of everybody from a time on, and of groups.
pub(super) fn requirements(
    policy: Require,
    all: Option<Requirement>,
    groups: Vec<(String, Requirement)>,
) -> (String, String, u64, Vec<(String, String, u64)>) {
    let after = |set: Requirement| set.after.unwrap_or(0);
    let groups = groups.into_iter().map(|(name, set)| (name, set.require.to_string(), after(set))).collect();
    let level = all.map(|set| set.require.to_string()).unwrap_or_default();
    (policy.to_string(), level, all.map_or(0, after), groups)
}

/// Where a page of the trail ended.
pub(super) fn cursor(cursor: LogCursor) -> String {
    format!("{}:{}", cursor.file, cursor.offset)
}

/// Secrets that are told this once, over a connection between two: the bus shows messages to their receiver alone.
pub(super) fn secrets(codes: &[Secret]) -> Vec<String> {
    codes.iter().map(secret).collect()
}

/// One of them.
pub(super) fn secret(secret: &Secret) -> String {
    secret.expose_str().unwrap_or_default().to_owned()
}

/// The method of a generator of codes.
pub(super) fn method(text: &str) -> Result<Method, Error> {
    match text {
        "totp" => Ok(Method::Totp),
        "hotp" => Ok(Method::Hotp),
        _ => Err(Error::BadValue(String::from("the method is totp or hotp"))),
    }
}
