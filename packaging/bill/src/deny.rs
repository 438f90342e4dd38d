//! What deny.toml says about licences, sources and banned crates, held against the tree without cargo-deny and without network.
//!
//! Advisories need a database from the network: those are cargo-deny's alone.

use crate::{Bill, Crate};
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The only registry anything may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// deny.toml, as far as it is held here.
#[derive(Debug, Deserialize)]
pub struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

impl Deny {
    /// From the text of deny.toml.
    ///
    /// # Errors
    /// When it is not in this form.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("deny.toml")
    }

    /// What in the tree it does not allow, one line each.
    #[must_use]
    pub fn against(&self, bill: &Bill) -> Vec<String> {
        let mut found = Vec::new();
        for it in bill.resolved.values() {
            let name = format!("{} {}", it.name, it.version);
            match (&it.source, &it.license) {
                (Some(source), _) if source != REGISTRY => found.push(format!("{name} comes from {source}")),
                (_, None) => found.push(format!("{name} states no licence")),
                (_, Some(license)) if !allows(license, &self.licenses.allow) => {
                    found.push(format!("{name} is under {license}"));
                }
                _ => {}
            }
            if self.bans.deny.iter().any(|banned| banned.name == it.name) {
                found.push(format!("{name} is banned"));
            }
            found.extend(anything_goes(it));
        }
        found
    }
}

/// Our own lines that would take any version of a crate.
fn anything_goes(it: &Crate) -> impl Iterator<Item = String> + '_ {
    let ours = it.dependencies.iter().filter(|_| it.source.is_none());
    ours.filter(|wanted| wanted.req == "*" && wanted.path.is_none())
        .map(|wanted| format!("{} takes any {}", it.name, wanted.name))
}

/// Whether one may choose allowed licences only. `OR` is a choice, `AND` binds closer and is none.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "\u{1}");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace('\u{1}', " WITH ")).collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// `None` where the words are no expression.
fn either(rest: &mut &[String], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut fits = both(rest, allowed)?;
    while next_is(rest, "OR") {
        fits |= both(rest, allowed)?;
    }
    Some(fits)
}

fn both(rest: &mut &[String], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut fits = one(rest, allowed)?;
    while next_is(rest, "AND") {
        fits &= one(rest, allowed)?;
    }
    Some(fits)
}

fn one(rest: &mut &[String], allowed: &BTreeSet<String>) -> Option<bool> {
    if next_is(rest, "(") {
        let fits = either(rest, allowed)?;
        return next_is(rest, ")").then_some(fits);
    }
    let (license, after) = rest.split_first()?;
    *rest = after;
    Some(allowed.contains(license))
}

fn next_is(rest: &mut &[String], word: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if first == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_conjunction_all() {
        let allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
        for fine in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "(GPL-3.0 OR MIT) AND MIT",
            "GPL-3.0 OR Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(allows(fine, &allowed), "{fine}");
        }
        for not in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "MIT OR",
            "GPL-3.0 OR MIT AND GPL-3.0",
        ] {
            assert!(!allows(not, &allowed), "{not}");
        }
    }
}
