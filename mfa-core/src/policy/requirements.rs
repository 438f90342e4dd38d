//! What `mfactl require` sets, from now on or from a day on: of everybody and of groups in `requirements.toml` in the state
//! folder, of a user in the user's enrolment file. The stricter of all wins.

use super::{Groups, Own, Query, Require, Set};
use crate::place::{self, FileError, Place};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Name of the file in the state folder.
pub const FILE: &str = "requirements.toml";

/// What is required, and from when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// What.
    pub require: Require,
    /// Seconds since 1970 from which it holds; until then who has a factor is asked and the others are told. `None`: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Seconds since 1970 when that day was set: a clock that stands before it is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<u64>,
}

impl Requirement {
    /// One that holds at once.
    #[must_use]
    pub fn now(require: Require) -> Self {
        Self { require, after: None, set: None }
    }

    /// One that holds from `after` on, in seconds since 1970.
    #[must_use]
    pub fn from(after: u64) -> Self {
        Self { after: Some(after), ..Self::now(Require::Required) }
    }

    /// The deadline, where it is still to come at `wall`. A clock that went back, or starts anew at each boot, puts none off.
    #[must_use]
    pub fn deadline(self, wall: u64) -> Option<u64> {
        let is_true = self.set.is_none_or(|set| set <= wall);
        self.after.filter(|after| *after > wall && is_true && self.require == Require::Required)
    }

    /// Of the two the one that asks more at `wall`, or will sooner.
    #[must_use]
    pub fn stricter(self, other: Self, wall: u64) -> Self {
        let strictness = |set: Self| (set.at(wall), Reverse(set.deadline(wall).unwrap_or(u64::MAX)));
        if strictness(other) > strictness(self) { other } else { self }
    }

    /// What it asks at `wall`.
    #[must_use]
    pub fn at(self, wall: u64) -> Require {
        if self.deadline(wall).is_some() { Require::Optional } else { self.require }
    }
}

/// What `otherwise` and these requirements ask together at `wall`, and from when more will be asked.
pub(super) fn strictest(
    otherwise: Require,
    requirements: impl IntoIterator<Item = Requirement>,
    wall: u64,
) -> (Require, Option<u64>) {
    let (mut require, mut deadline) = (otherwise, None::<u64>);
    for requirement in requirements {
        require = require.max(requirement.at(wall));
        deadline = [deadline, requirement.deadline(wall)].into_iter().flatten().min();
    }
    (require, deadline.filter(|_| require < Require::Required))
}

/// The requirements of groups and of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    version: u32,
    /// Of everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Requirement>,
    /// Of a group's members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<String, Requirement>,
}

impl Requirements {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let read: Self = place::read(file, text)?;
        if read.version != 1 {
            return Err(FileError::whole(file, "this mfad reads version 1 only"));
        }
        if read.all.iter().chain(read.group.values()).any(|set| set.require == Require::Approved) {
            return Err(FileError::whole(file, "\"approved\" stands in mfa.toml alone, where it names who approves"));
        }
        Ok(read)
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a value made by this module.
    pub fn print(&self) -> Result<String, toml::ser::Error> {
        let body = toml::to_string(&Self { version: 1, ..self.clone() })?;
        Ok(format!("# Written by mfad; change it with mfactl require.\n{body}"))
    }

    /// Those that concern the members of these groups, everybody, and the user.
    pub(super) fn concerning(&self, groups: Groups<'_>, own: Own) -> impl Iterator<Item = Requirement> {
        let own = match own {
            Own::Known(value) => value,
            Own::Unknown => Some(Requirement::now(Require::Required)),
        };
        let of_groups = self.group.iter().filter(move |(name, _)| concerned(groups, name)).map(|(_, value)| *value);
        self.all.into_iter().chain(of_groups).chain(own)
    }

    /// Those that concern a login, the user's own included.
    pub(super) fn of<'a>(&'a self, query: &'a Query<'a>) -> impl Iterator<Item = Set<Requirement>> + 'a {
        let set = |value, key: String| Set { value, place: Place { file: FILE.into(), line: 0, key } };
        let user = crate::clean::field(query.user);
        let by = |value, file| Set { value, place: Place { file, line: 0, key: String::new() } };
        let own = match query.own {
            Own::Known(value) => value.map(|value| by(value, format!("mfactl require {user}"))),
            Own::Unknown => {
                let strictest = Requirement::now(Require::Required);
                Some(by(strictest, format!("mfactl require {user}, which cannot be read just now")))
            }
        };
        let all = self.all.map(|value| set(value, String::from("all")));
        let groups = self.group.iter().filter(|(name, _)| concerned(query.groups, name));
        let groups = groups.map(move |(name, value)| set(*value, format!("group {name}")));
        all.into_iter().chain(groups).chain(own)
    }
}

/// Whether a group's requirement is to be heard: also where it is not known whose it is.
fn concerned(groups: Groups<'_>, name: &String) -> bool {
    match groups {
        Groups::Known(groups) => groups.contains(name),
        Groups::Unknown => true,
    }
}
