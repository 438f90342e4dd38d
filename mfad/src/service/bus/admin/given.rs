//! What callers of `Admin1` give, as the administration takes it. What is not understood is refused; empty is "none".

use crate::service::bus::shown;
use mfa_core::admin::{Filter, ImportEntry, LogCursor, NewToken, Whom};
use mfa_core::bus::{Error, FactorGiven, OtpGiven, TokenGiven};
use mfa_core::otp::Algorithm;
use mfa_core::policy::{Require, Requirement};
use mfa_core::wire::{Context, Method};

pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn bad<T>(why: &str) -> Result<T, Error> {
    Err(Error::BadValue(why.to_owned()))
}

pub(super) fn filter(conditions: &[String], inactive_since: u64) -> Result<Filter, Error> {
    let mut filter = Filter { inactive_since: (inactive_since > 0).then_some(inactive_since), ..Filter::default() };
    for condition in conditions {
        match condition.as_str() {
            "unenrolled" => filter.unenrolled = true,
            "overdue" => filter.overdue = true,
            "locked" => filter.locked = true,
            "suspended" => filter.suspended = true,
            _ => return bad("a condition is unenrolled, overdue, locked or suspended"),
        }
    }
    Ok(filter)
}

pub(super) fn whom(text: &str) -> Whom {
    match text.strip_prefix('@') {
        Some(group) => Whom::Group(group.to_owned()),
        None if text == "*" => Whom::All,
        None => Whom::User(text.to_owned()),
    }
}

pub(super) fn level(level: &str, after: u64) -> Result<Option<Requirement>, Error> {
    let at = |require| Some(Requirement { after: (after > 0).then_some(after), ..Requirement::now(require) });
    match level {
        "" => Ok(None),
        "optional" => Ok(at(Require::Optional)),
        "required" => Ok(at(Require::Required)),
        _ => bad("the level is optional, required, or empty to lift it"),
    }
}

/// A login behind a first factor of the stack's; from this host where no other is named.
pub(super) fn login(service: String, user: String, rhost: String) -> Context {
    Context { user, service, rhost: some(rhost), first_factor_stack: true, ..Context::default() }
}

/// Where a page of the trail ended, as [`shown::cursor`] prints it.
pub(super) fn cursor(text: &str) -> Result<Option<LogCursor>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let read =
        |(file, offset): (&str, &str)| Some(LogCursor { file: file.parse().ok()?, offset: offset.parse().ok()? });
    match text.split_once(':').and_then(read) {
        Some(cursor) => Ok(Some(cursor)),
        None => bad("where to go on is what the page before said, or empty"),
    }
}

pub(super) fn tokens(given: Vec<TokenGiven>) -> Result<Vec<NewToken>, Error> {
    let token = |TokenGiven { serial, name, model, otp, counter }| {
        let (method, algorithm) = kind(&otp)?;
        if method == Method::Totp && counter != 0 {
            return bad("a token that goes by time has no counter: 0");
        }
        let OtpGiven { secret, digits, period, .. } = otp;
        Ok(NewToken { serial, name, model, method, secret, algorithm, digits, period, counter })
    };
    given.into_iter().map(token).collect()
}

pub(super) fn factors(given: Vec<FactorGiven>) -> Result<Vec<ImportEntry>, Error> {
    let factor = |FactorGiven { user, label, otp, counter }| {
        let (method, algorithm) = kind(&otp)?;
        let is_timed = method == Method::Totp;
        let (mark, counter) = (Some(counter).filter(|step| is_timed && *step > 0), (!is_timed).then_some(counter));
        let OtpGiven { secret, digits, period, .. } = otp;
        Ok(ImportEntry { user, method, secret, algorithm, digits, period, label, mark, counter })
    };
    given.into_iter().map(factor).collect()
}

fn kind(otp: &OtpGiven) -> Result<(Method, Algorithm), Error> {
    let method = shown::method(&otp.method)?;
    if method == Method::Hotp && otp.period != 0 {
        return bad("what counts has no period: 0");
    }
    match otp.algorithm.as_str() {
        "SHA1" => Ok((method, Algorithm::Sha1)),
        "SHA256" => Ok((method, Algorithm::Sha256)),
        "SHA512" => Ok((method, Algorithm::Sha512)),
        _ => bad("the algorithm is SHA1, SHA256 or SHA512"),
    }
}
