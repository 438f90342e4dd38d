//! The bill for people and lawyers: licences, copyrights, texts.

use crate::{Bill, Crate, conjunction};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Each licence expression, and the crates under it.
#[must_use]
pub fn summary(bill: &Bill) -> String {
    let mut by_license: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for it in bill.of_others() {
        by_license.entry(it.license.as_deref().unwrap_or("(none stated)")).or_default().push(named(it));
    }
    let mut text = String::new();
    for (license, crates) in by_license {
        let _ = writeln!(text, "{license}\n    {}", crates.join(", "));
    }
    text
}

/// Every text that a crate brings along, once, with the crates it is from.
///
/// # Errors
/// When a crate's folder cannot be read.
pub fn texts(bill: &Bill) -> anyhow::Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for it in bill.of_others() {
        let files = files(it)?;
        if files.is_empty() {
            without.push(format!(
                "{} ({}; {})",
                named(it),
                license(it),
                it.repository.as_deref().unwrap_or("no address")
            ));
        }
        for file in files {
            let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
            let text = String::from_utf8_lossy(&text).replace("\r\n", "\n").trim().to_owned();
            by_text.entry(text).or_default().push(named(it));
        }
    }
    let mut printed = String::from(
        "The programs of pam_mfa hold code of these crates, each under the text below it. Where a crate has several\nlicences to choose from, all are here.\n",
    );
    let mut sorted: Vec<_> = by_text
        .into_iter()
        .map(|(text, mut crates)| {
            crates.dedup();
            (crates.join(", "), text)
        })
        .collect();
    sorted.sort();
    for (crates, text) in sorted {
        let _ = write!(printed, "\n{}\n{crates}\n\n{text}\n", "=".repeat(80));
    }
    if !without.is_empty() {
        let _ = write!(printed, "\n{}\nWithout a text of their own:\n\n{}\n", "=".repeat(80), without.join("\n"));
    }
    Ok(printed)
}

/// Stanzas of debian/copyright for what is in vendor/.
#[must_use]
pub fn debian(bill: &Bill) -> String {
    let mut text = String::new();
    for it in bill.of_others() {
        let authors =
            if it.authors.is_empty() { format!("The developers of {}", it.name) } else { it.authors.join("\n ") };
        let license = in_debians_words(license(it));
        let _ =
            write!(text, "\nFiles: vendor/{}-{}/*\nCopyright: {authors}\nLicense: {license}\n", it.name, it.version);
    }
    text
}

/// An SPDX expression in the form of DEP 5, which has no parentheses: a comma keeps a choice together before `and`.
fn in_debians_words(expression: &str) -> String {
    let parts = conjunction::demands(expression);
    let a_choice = parts.iter().any(|part| part.contains(" OR "));
    let all = Vec::from_iter(parts).join(if a_choice { ", and " } else { " and " });
    let all = all.replace(" OR ", " or ").replace(" AND ", " and ").replace(['(', ')'], "");
    let all = all.replace("Apache-2.0 WITH LLVM-exception", "Apache-2.0 with LLVM exception");
    // Debian's name for one of the licences called MIT; MIT-0 is another.
    let word = |word: &str| match word.strip_suffix(',').unwrap_or(word) {
        "MIT" => word.replace("MIT", "Expat"),
        _ => word.to_owned(),
    };
    all.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn named(it: &Crate) -> String {
    format!("{} {}", it.name, it.version)
}

fn license(it: &Crate) -> &str {
    it.license.as_deref().unwrap_or("no licence stated")
}

/// Files of a crate that are licences or notices, sorted.
fn files(it: &Crate) -> anyhow::Result<Vec<PathBuf>> {
    let folder = it.manifest_path.parent().unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let is_text = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE", "COPYRIGHT"]
            .iter()
            .any(|word| name.starts_with(word));
        if is_text && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_reads_a_choice_beside_a_demand_by_its_comma() {
        for (spdx, debian) in [
            ("MIT", "Expat"),
            ("MIT-0", "MIT-0"),
            ("MIT/Apache-2.0", "Apache-2.0 or Expat"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 or Expat, and Unicode-3.0"),
            ("ISC AND MIT", "ISC and Expat"),
            ("Apache-2.0 WITH LLVM-exception OR MIT", "Apache-2.0 with LLVM exception or Expat"),
        ] {
            assert_eq!(in_debians_words(spdx), debian);
        }
    }
}
