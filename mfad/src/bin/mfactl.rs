//! The command line.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mfad::ctl::run(std::env::args_os())
}
