//! What `mfactl require --all` and `@group` set: `requirements.toml` in the state folder.
//!
//! A user's own requirement stands in the user's enrolment file. The stricter of all wins.

use super::{Groups, Own, Query, Require, Set};
use crate::place::{self, FileError, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the file in the state folder.
pub const FILE: &str = "requirements.toml";

/// The requirements of groups and of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    version: u32,
    /// Of everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Require>,
    /// Of a group's members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<String, Require>,
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
        if read.all.iter().chain(read.group.values()).any(|require| *require == Require::Approved) {
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

    /// Those that concern a login, the user's own included.
    pub(super) fn of<'a>(&'a self, query: &'a Query<'a>) -> impl Iterator<Item = Set<Require>> + 'a {
        let set = |value, key: String| Set { value, place: Place { file: FILE.into(), line: 0, key } };
        let user = crate::clean::field(query.user);
        let by = |value, file| Set { value, place: Place { file, line: 0, key: String::new() } };
        let own = match query.own {
            Own::Known(value) => value.map(|value| by(value, format!("mfactl require {user}"))),
            Own::Unknown => {
                Some(by(Require::Required, format!("mfactl require {user}, which cannot be read just now")))
            }
        };
        let all = self.all.map(|value| set(value, String::from("all")));
        let groups = self.group.iter().filter_map(move |(name, value)| {
            let concerned = match query.groups {
                Groups::Known(groups) => groups.contains(name),
                Groups::Unknown => true,
            };
            concerned.then(|| set(*value, format!("group {name}")))
        });
        all.into_iter().chain(groups).chain(own)
    }
}
