//! Writes the man pages and completions that come from the command lines: `mfa-pages FOLDER`.
//!
//! Run by the Makefile's `build`, never installed. What a package ships of mfactl and mfa-authenticator thus is what their
//! parsers know. Must never: write a date, a path or anything else that two builds would not share.
#![forbid(unsafe_code)]

use anyhow::Context as _;
use mfa_pages::{Program, programs};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [folder] = words.as_slice() else {
        eprintln!("usage: mfa-pages FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mfa-pages: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for program in programs() {
        let Program { name, section, .. } = program;
        let keep = |file: String, bytes: Vec<u8>| {
            let path = folder.join(file);
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())
        };
        keep(format!("{name}.{section}"), program.page()?)?;
        for (file, bytes) in program.completions() {
            keep(file, bytes)?;
        }
    }
    Ok(())
}
