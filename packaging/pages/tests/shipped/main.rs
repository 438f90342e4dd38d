//! What a package ships besides programs: manuals, completions, units, and files for other programs to read.
//!
//! Each is read by the program that will read it, as Debian has it. Run by tests/run.sh, which installs those programs.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

mod completions;
mod files;
mod installing;
mod manuals;
mod purging;
mod spelling;
mod stacks;
mod units;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the repository.
fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// Runs it in the root of the repository, and fails unless it ends with 0.
fn ok(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.current_dir(repository()).output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    format!("{stdout}{stderr}")
}

/// The pages and completions, made anew in a folder of their own.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ok(Command::new(env!("CARGO_BIN_EXE_mfa-pages")).arg(folder.path()));
    folder
}
