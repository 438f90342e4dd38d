//! All licences at once: what the licence field of an RPM and of an Arch package has to say.
//!
//! Fedora's rule (Licensing Guidelines): the conjunction of what is linked in, each choice kept as a choice, nothing left out because
//! another licence seems to cover it. Asked for by `mfa-bill conjunction`, by the test that reads the two files, and for one crate at a
//! time by Debian's stanzas.

use crate::Bill;
use anyhow::Context as _;
use std::collections::BTreeSet;

/// One SPDX expression of everything that is linked, ours included.
///
/// # Errors
/// When a crate states no licence.
pub fn of(bill: &Bill) -> anyhow::Result<String> {
    let mut parts = BTreeSet::new();
    for it in bill.linked.values() {
        let license = it.license.as_deref().with_context(|| format!("{} {} states no licence", it.name, it.version))?;
        parts.extend(demands(license));
    }
    Ok(Vec::from_iter(parts).join(" AND "))
}

/// What one expression demands all at once: each a licence, or a choice in parentheses and in alphabetical order.
pub(crate) fn demands(expression: &str) -> BTreeSet<String> {
    let expression = expression.replace('/', " OR ");
    let choices = split(&expression, " OR ");
    if choices.len() > 1 {
        let choices: BTreeSet<_> = choices.into_iter().collect();
        return BTreeSet::from([format!("({})", Vec::from_iter(choices).join(" OR "))]);
    }
    let parts = split(&expression, " AND ");
    match parts.as_slice() {
        [one] => match one.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(within) => demands(within),
            None => BTreeSet::from([(*one).to_owned()]),
        },
        _ => parts.into_iter().flat_map(demands).collect(),
    }
}

/// The parts between `word`, where it stands outside of parentheses.
fn split<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut rest = expression.trim();
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|tail| tail.find(word)).map(|at| from + at) {
        let (before, after) = rest.split_at(at);
        if before.matches('(').count() == before.matches(')').count() {
            parts.push(before.trim());
            rest = after.get(word.len()..).unwrap_or_default();
            from = 0;
        } else {
            from = at + word.len();
        }
    }
    parts.push(rest.trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_stays_one_and_a_conjunction_is_taken_apart() {
        for (expression, all) in [
            ("MIT", &["MIT"][..]),
            ("MIT OR Apache-2.0", &["(Apache-2.0 OR MIT)"]),
            ("MIT/Apache-2.0", &["(Apache-2.0 OR MIT)"]),
            ("(MIT OR Apache-2.0) AND ISC", &["(Apache-2.0 OR MIT)", "ISC"]),
            ("ISC AND (MIT OR Apache-2.0) AND Zlib", &["(Apache-2.0 OR MIT)", "ISC", "Zlib"]),
            ("MIT AND (ISC AND (Zlib OR 0BSD))", &["(0BSD OR Zlib)", "ISC", "MIT"]),
            ("Apache-2.0 WITH LLVM-exception OR MIT", &["(Apache-2.0 WITH LLVM-exception OR MIT)"]),
            // AND binds closer.
            ("MIT AND ISC OR Zlib", &["(MIT AND ISC OR Zlib)"]),
        ] {
            assert_eq!(Vec::from_iter(demands(expression)), all, "{expression}");
        }
    }
}
