//! What administration knows, as the bus tells it. Times that are not there are 0, words that are not there empty.

use mfa_core::admin::{FactorStatus, GrantListed, ListedToken, ListedUser, UserStatus};
use mfa_core::bus::{DeviceListed, Error, FactorListed, GrantShown, OwnFactors, TokenShown, UserListed};
use mfa_core::secret::Secret;
use mfa_core::stock::Away;
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
