//! `[floor]`: `require` alone, or everything.

use super::super::Require;
use super::super::floor::{Bounds, Floor};
use super::super::settings::{Approvers, Way};
use super::{Source, at, checked, set};
use crate::place::FileError;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FloorForm {
    require: Spanned<Require>,
    approvers: Option<Spanned<Approvers>>,
    methods: Option<Spanned<Vec<checked::Askable>>>,
    tries: Option<Spanned<u8>>,
    number: Option<Spanned<bool>>,
    remember: Option<Spanned<String>>,
    enrol: Option<Spanned<Vec<Way>>>,
    deadline: Option<Spanned<String>>,
}

pub(super) fn floor(source: &Source, form: &FloorForm) -> Result<Floor, FileError> {
    let require = set(source, &form.require);
    let approvers = form.approvers.as_ref().map(|approvers| checked::approvers(source, approvers)).transpose()?;
    checked::approved(source, Some(&form.require), form.approvers.as_ref())?;
    Ok(Floor { require, approvers, bounds: bounds(source, form)? })
}

fn bounds(source: &Source, form: &FloorForm) -> Result<Option<Bounds>, FileError> {
    let (Some(methods), Some(tries), Some(number), Some(remember), Some(enrol), Some(deadline)) =
        (&form.methods, &form.tries, &form.number, &form.remember, &form.enrol, &form.deadline)
    else {
        let said = [
            ("methods", form.methods.is_some()),
            ("tries", form.tries.is_some()),
            ("number", form.number.is_some()),
            ("remember", form.remember.is_some()),
            ("enrol", form.enrol.is_some()),
            ("deadline", form.deadline.is_some()),
        ];
        if !said.iter().any(|(_, is_said)| *is_said) {
            return Ok(None);
        }
        let missing: Vec<&str> = said.iter().filter(|(_, is_said)| !is_said).map(|(key, _)| *key).collect();
        let why =
            format!("a floor says this alone, or everything (a line lost is no yes); it lacks {}", missing.join(", "));
        return Err(at(source, &form.require, &why));
    };
    Ok(Some(Bounds {
        methods: checked::methods(source, methods)?,
        tries: checked::tries(source, tries)?,
        number: set(source, number),
        remember: checked::remember(source, remember)?,
        enrol: set(source, enrol),
        deadline: checked::deadline(source, deadline)?,
    }))
}
