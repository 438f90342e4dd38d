//! The daemon.
#![forbid(unsafe_code)]

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = mfad::daemon::Arguments::parse();
    mfad::daemon::log(arguments.log_level);
    match mfad::daemon::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!("mfad does not run: {why:#}");
            ExitCode::FAILURE
        }
    }
}
