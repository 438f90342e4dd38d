//! `mfactl require`: what is required of a user, a group or everybody, and from when.

use super::link::Link;
use super::show::Screen;
use super::{Failure, moments, simply};
use clap::Args;
use mfa_core::admin::{AdminAsk, Whom};
use mfa_core::policy::{Require, Requirement};

/// A requirement.
#[derive(Debug, Args)]
#[command(override_usage = "mfactl require <USER|@GROUP|--all> <off|optional|required|--after WHEN|--lift>")]
pub(super) struct Required {
    /// Whom it is for, unless --all, and what is required, unless --lift
    #[arg(value_name = "WORDS", num_args = 0..=2)]
    words: Vec<String>,
    /// For everybody
    #[arg(long)]
    all: bool,
    /// Required from then on: 3d, 0 for at once, 2026-11-29. Until then who has no factor is told at each login
    #[arg(long, value_name = "WHEN", value_parser = moments::to_come)]
    after: Option<u64>,
    /// Require nothing any longer; the policy files go on
    #[arg(long)]
    lift: bool,
}

impl Required {
    fn read(&self) -> Result<(Whom, Option<Requirement>), String> {
        let mut words = self.words.iter();
        let whom = match self.all {
            true => Whom::All,
            false => match words.next().ok_or("for whom? Name a user, a @GROUP or --all")?.strip_prefix('@') {
                None => Whom::User(self.words.first().cloned().unwrap_or_default()),
                Some("") => return Err(String::from("@ is followed by the name of a group")),
                Some(group) => Whom::Group(group.to_owned()),
            },
        };
        let level = match (words.next().map(String::as_str), self.lift, self.after) {
            (None, true, None) => None,
            (Some("off"), false, None) => Some(Requirement::now(Require::Off)),
            (Some("optional"), false, None) => Some(Requirement::now(Require::Optional)),
            (Some("required") | None, false, Some(after)) => Some(Requirement::from(after)),
            (Some("required"), false, None) => Some(Requirement::now(Require::Required)),
            (Some("approved"), ..) => {
                let why = "approved is for rules in mfa.toml, where approvers says whose word it takes; here it is off, optional or \
                           required";
                return Err(String::from(why));
            }
            (_, true, _) => return Err(String::from("--lift takes no level, no day and no other name")),
            (Some("off" | "optional"), _, Some(_)) => return Err(String::from("--after goes with required alone")),
            _ => return Err(String::from("what is required? One of off, optional, required, or --after or --lift")),
        };
        if words.next().is_some() { Err(String::from("too many words")) } else { Ok((whom, level)) }
    }
}

/// Sets or lifts a requirement.
pub(super) fn require(
    screen: &mut Screen,
    required: &Required,
    link: impl FnOnce() -> Result<Link, Failure>,
) -> Result<(), Failure> {
    let (whom, require) = required.read().map_err(|why| Failure::Usage { of: "require", why })?;
    simply(&mut link()?, screen, AdminAsk::Require { whom, require })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(words: &[&str], all: bool, lift: bool) -> Result<(Whom, Option<Requirement>), String> {
        Required { words: words.iter().map(|word| (*word).to_owned()).collect(), all, after: None, lift }.read()
    }

    #[test]
    fn a_requirement_names_whom_and_what() {
        let user = |name: &str| Whom::User(name.into());
        assert_eq!(
            required(&["anna", "required"], false, false),
            Ok((user("anna"), Some(Requirement::now(Require::Required))))
        );
        assert_eq!(
            required(&["@ops", "off"], false, false),
            Ok((Whom::Group("ops".into()), Some(Requirement::now(Require::Off))))
        );
        assert_eq!(required(&["optional"], true, false), Ok((Whom::All, Some(Requirement::now(Require::Optional)))));
        assert_eq!(required(&["anna"], false, true), Ok((user("anna"), None)));
        assert_eq!(required(&[], true, true), Ok((Whom::All, None)));
    }

    #[test]
    fn a_requirement_that_could_mean_two_things_is_refused() {
        for (words, all, lift) in [
            (&[][..], false, false),
            (&["anna"], false, false),
            (&["anna", "must"], false, false),
            (&["anna", "required"], true, false),
            (&["anna", "required"], false, true),
            (&["@", "required"], false, false),
            (&["required"], false, false),
        ] {
            assert!(required(words, all, lift).is_err(), "{words:?} {all} {lift}");
        }
        assert!(required(&["anna", "approved"], false, false).unwrap_err().contains("rules in mfa.toml"));
    }

    #[test]
    fn a_day_makes_it_required_from_then_on() {
        let after = |words: &[&str], lift| {
            Required { words: words.iter().map(|word| (*word).to_owned()).collect(), all: false, after: Some(7), lift }
                .read()
        };
        let required = Some(Requirement::from(7));
        assert_eq!(after(&["@ops"], false), Ok((Whom::Group("ops".into()), required)));
        assert_eq!(after(&["@ops", "required"], false), Ok((Whom::Group("ops".into()), required)));
        assert!(after(&["@ops", "optional"], false).is_err() && after(&["@ops"], true).is_err());
    }
}
