//! `mfa-bill sbom|licences|conjunction|notices|copyright`: what is linked into the programs, on standard output.
//!
//! Run by packagers, in the root of the tree, with every crate fetched or vendored: it asks `cargo metadata` and needs no network.
//! The same sources give the same bytes: no date, no serial number, no path.
#![forbid(unsafe_code)]

use mfa_bill::{Bill, conjunction, notices, sbom};
use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "usage: mfa-bill sbom|licences|conjunction|notices|copyright
  sbom         CycloneDX 1.5, JSON
  licences     each licence and the crates under it
  conjunction  all of them as one SPDX expression, for an RPM's and an Arch package's licence field
  notices      the licence texts and copyrights of all crates
  copyright    the same as stanzas of debian/copyright";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let written: fn(&Bill) -> anyhow::Result<String> = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sbom"] => |bill| Ok(sbom::print(bill)),
        ["licences"] => |bill| Ok(notices::summary(bill)),
        ["conjunction"] => |bill| Ok(conjunction::of(bill)? + "\n"),
        ["notices"] => notices::texts,
        ["copyright"] => |bill| Ok(notices::debian(bill)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = Bill::of_the_tree().and_then(|bill| written(&bill));
    match done.and_then(|text| Ok(std::io::stdout().write_all(text.as_bytes())?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mfa-bill: {why:#}");
            ExitCode::FAILURE
        }
    }
}
