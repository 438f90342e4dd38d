//! Single values of the policy files, within their limits.

use super::super::matching::ANY;
use super::super::settings::{Approvers, LONGEST_REMEMBER, MOST_APPROVERS, Require, SHORTEST_TIME};
use super::{Set, Source, at, set};
use crate::place::{FileError, Place};
use crate::wire::Method;
use serde::Deserialize;
use std::fmt::Display;
use std::ops::RangeInclusive;
use toml::Spanned;

/// Most tries a policy may allow in one login.
const MOST_TRIES: u8 = 5;

/// Longest deadline, in seconds: what the most patient application gives.
const LONGEST_TIME: u64 = 110;

/// A method that policy may name. Logs know more: a bypass goes by its own rules, and none is none. What is refused is told by
/// this list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Askable {
    Totp,
    Hotp,
    Recovery,
    Push,
}

impl From<Askable> for Method {
    fn from(method: Askable) -> Self {
        match method {
            Askable::Totp => Self::Totp,
            Askable::Hotp => Self::Hotp,
            Askable::Recovery => Self::Recovery,
            Askable::Push => Self::Push,
        }
    }
}

pub(super) fn methods(source: &Source, methods: &Spanned<Vec<Askable>>) -> Result<Set<Vec<Method>>, FileError> {
    let list: Vec<Method> = methods.get_ref().iter().copied().map(Method::from).collect();
    if list.is_empty() {
        return Err(at(source, methods, "an empty list; leave the key out, or set require"));
    }
    if list == [Method::Recovery] {
        return Err(at(source, methods, "recovery codes alone: ten logins, and nobody gets in any more"));
    }
    Ok(placed(source, methods, list))
}

pub(super) fn approvers(source: &Source, approvers: &Spanned<Approvers>) -> Result<Set<Approvers>, FileError> {
    let value = approvers.get_ref();
    if value.group.is_empty() || value.group == ANY {
        return Err(at(source, approvers, "expected the name of a group"));
    }
    if !(1..=MOST_APPROVERS).contains(&value.count) {
        return Err(at(source, approvers, &format!("expected a count of 1 to {MOST_APPROVERS}")));
    }
    Ok(set(source, approvers))
}

/// `require` and who approves: `approved` and its approvers stand together, so that neither is lost alone.
pub(super) fn approved(
    source: &Source,
    require: Option<&Spanned<Require>>,
    approvers: Option<&Spanned<Approvers>>,
) -> Result<(), FileError> {
    match (require.filter(|require| *require.get_ref() == Require::Approved), approvers) {
        (Some(require), None) => {
            Err(at(source, require, "\"approved\" needs approvers = { group = \"…\", count = 1 } beside it"))
        }
        (None, Some(approvers)) => Err(at(source, approvers, "approvers are asked only where require = \"approved\"")),
        _ => Ok(()),
    }
}

pub(super) fn tries(source: &Source, tries: &Spanned<u8>) -> Result<Set<u8>, FileError> {
    if (1..=MOST_TRIES).contains(tries.get_ref()) {
        Ok(set(source, tries))
    } else {
        Err(at(source, tries, "expected 1 to 5"))
    }
}

/// How long logins are remembered: `30m`, `8h`, `0`.
pub(super) fn remember(source: &Source, span: &Spanned<String>) -> Result<Set<u64>, FileError> {
    let seconds = if span.get_ref() == "0" { Some(0) } else { seconds(span.get_ref()) };
    match seconds.filter(|seconds| *seconds <= LONGEST_REMEMBER) {
        Some(seconds) => Ok(placed(source, span, seconds)),
        None => Err(at(source, span, "expected a span like \"30m\" or \"8h\", 24h at most; \"0\" is none")),
    }
}

/// How long a person may take: `30s`, `1m`.
pub(super) fn deadline(source: &Source, span: &Spanned<String>) -> Result<Set<u64>, FileError> {
    match seconds(span.get_ref()).filter(|seconds| (SHORTEST_TIME..=LONGEST_TIME).contains(seconds)) {
        Some(seconds) => Ok(placed(source, span, seconds)),
        None => Err(at(source, span, "expected \"20s\" to \"110s\"")),
    }
}

/// A number within limits.
pub(super) fn between<T: Copy + PartialOrd + Display>(
    source: &Source,
    number: &Spanned<T>,
    limits: RangeInclusive<T>,
) -> Result<Set<T>, FileError> {
    if limits.contains(number.get_ref()) {
        Ok(set(source, number))
    } else {
        Err(at(source, number, &format!("expected {} to {}", limits.start(), limits.end())))
    }
}

/// An absolute path.
pub(super) fn path(source: &Source, path: &Spanned<String>) -> Result<Set<String>, FileError> {
    if path.get_ref().starts_with('/') {
        Ok(set(source, path))
    } else {
        Err(at(source, path, "expected an absolute path"))
    }
}

pub(super) fn placed<T, U>(source: &Source, of: &Spanned<T>, value: U) -> Set<U> {
    Set { value, place: Place::of(&source.file, &source.text, &of.span()) }
}

/// Seconds of `90s`, `30m`, `8h`, `1d`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let (number, size) = units.iter().find_map(|(unit, size)| Some((text.strip_suffix(*unit)?, *size)))?;
    number.parse::<u64>().ok()?.checked_mul(size)
}
