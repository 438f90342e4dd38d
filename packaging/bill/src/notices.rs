//! The bill for people and lawyers: licences, copyrights, texts.

use crate::{Bill, Crate};
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
        let license = license(it).replace('/', " or ").replace(" OR ", " or ").replace(" AND ", " and ");
        let license = license.replace("Apache-2.0 WITH LLVM-exception", "Apache-2.0 with LLVM exception");
        // Debian's name for one of the licences called MIT; MIT-0 is another.
        let words = license.split_whitespace().map(|word| match word.trim_matches(['(', ')']) {
            "MIT" => "Expat",
            word => word,
        });
        let license = words.collect::<Vec<_>>().join(" ");
        let _ =
            write!(text, "\nFiles: vendor/{}-{}/*\nCopyright: {authors}\nLicense: {license}\n", it.name, it.version);
    }
    text
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
