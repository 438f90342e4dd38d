//! `[bypass]` and `[hygiene]`.

use super::super::care::{BypassRules, HygieneRules};
use super::super::times;
use super::checked::{placed, seconds};
use super::{Set, Source, at, set};
use crate::bypass::{LONGEST, SHORTEST};
use crate::place::FileError;
use serde::Deserialize;
use toml::Spanned;

/// Seconds of the shortest span of hygiene: it looks once a day.
const DAY: u64 = 24 * 3600;

/// Seconds of the longest: ten years, beyond which a number is a typing error.
const TEN_YEARS: u64 = 3653 * DAY;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BypassForm {
    max: Spanned<String>,
    consent: Spanned<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HygieneForm {
    at: Spanned<String>,
    suspend_unused: Spanned<String>,
    renew_after: Spanned<String>,
    overlap: Option<Spanned<String>>,
    drop_pending: Spanned<String>,
}

pub(super) fn bypass(source: &Source, form: &BypassForm) -> Result<BypassRules, FileError> {
    let max = seconds(form.max.get_ref()).filter(|max| (SHORTEST..=LONGEST).contains(max));
    let Some(max) = max else { return Err(at(source, &form.max, "expected a span of \"1m\" to \"24h\"")) };
    Ok(BypassRules { max: placed(source, &form.max, max), consent: set(source, &form.consent) })
}

pub(super) fn hygiene(source: &Source, form: &HygieneForm) -> Result<HygieneRules, FileError> {
    let Some(minute) = times::minute(form.at.get_ref()).filter(|minute| *minute < times::DAY) else {
        return Err(at(source, &form.at, "expected an hour of the day by the host's clock: \"03:30\""));
    };
    let renew_after = days(source, &form.renew_after)?;
    let overlap = match &form.overlap {
        Some(overlap) if renew_after.value == 0 => {
            return Err(at(source, overlap, "nothing is renewed: leave it out, or set renew_after"));
        }
        Some(overlap) => match days(source, overlap)? {
            set if set.value == 0 => {
                return Err(at(source, overlap, "a factor that stops is announced before: \"1d\" at least"));
            }
            set => Some(set),
        },
        None if renew_after.value > 0 => {
            return Err(at(
                source,
                &form.renew_after,
                "needs an overlap as well: how long before it stops a factor is announced",
            ));
        }
        None => None,
    };
    Ok(HygieneRules {
        at: placed(source, &form.at, minute),
        suspend_unused: days(source, &form.suspend_unused)?,
        renew_after,
        overlap,
        drop_pending: days(source, &form.drop_pending)?,
    })
}

/// A span of a day at least, or never.
fn days(source: &Source, span: &Spanned<String>) -> Result<Set<u64>, FileError> {
    let value =
        if span.get_ref() == "0" { Some(0) } else { seconds(span.get_ref()).filter(|s| (DAY..=TEN_YEARS).contains(s)) };
    match value {
        Some(value) => Ok(placed(source, span, value)),
        None => Err(at(source, span, "expected a span of a day at least, like \"90d\"; \"0\" is never")),
    }
}
