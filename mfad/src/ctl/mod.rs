//! `mfactl`: the administrator's command line.
//!
//! Here is what runs a command; `arguments` beside this defines them, and one file per idea does the work. Exit 0: done;
//! 1: refused, or something is wrong; 2: not a command. What must never happen: a secret in an argument, or "done"
//! for something that was not.

mod arguments;
mod bypass;
mod codes;
mod config;
mod devices;
pub mod doctor;
mod enroll;
mod examine;
mod explain;
mod grants;
mod hygiene;
mod import;
mod link;
mod list;
mod log;
mod me;
mod moments;
mod people;
mod prompt;
mod require;
mod show;
mod tokens;
mod users;

use arguments::{Arguments, Command, FactorCommand, Reach, RecoveryCommand, User, checked, factor, helped, usage};
use clap::{CommandFactory as _, Parser as _};
use link::Link;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use serde::Serialize;
use show::Screen;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// Why a command ends with another code than 0.
#[derive(Debug)]
enum Failure {
    /// In words: what is the matter and what to do.
    Refused(String),
    /// It was said already.
    Said,
    /// The command line is not understood.
    Usage {
        /// Which command's.
        of: &'static str,
        /// For this reason.
        why: String,
    },
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    fn refused(why: &str) -> Self {
        Self::Refused(why.to_owned())
    }
}

impl From<io::Error> for Failure {
    fn from(why: io::Error) -> Self {
        Self::Output(why)
    }
}

/// The command line as it stands, for the man page and the completions.
#[must_use]
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Reads the command line and does it.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(helped(words)).and_then(checked) {
        Ok(arguments) => arguments,
        Err(said) => return not_run(&said),
    };
    // Nobody reads seeds out of this process, or its core.
    if let Err(why) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        show::aside(&format!("mfactl: prctl(PR_SET_DUMPABLE): {why}"));
        return ExitCode::FAILURE;
    }
    // The audit trail may be read by its group; everything else names its own mode.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o027));
    let json = arguments.json;
    let result = Screen::new(json).map_err(Failure::Output).and_then(|mut screen| {
        let done = command(&arguments, &mut screen);
        if let (true, Err(Failure::Refused(why))) = (json, &done) {
            screen.object(&Refusal { error: why })?;
            return Err(Failure::Said);
        }
        done
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Said) => ExitCode::FAILURE,
        Err(Failure::Refused(why)) => {
            show::aside(&format!("mfactl: {why}"));
            ExitCode::FAILURE
        }
        Err(Failure::Usage { of, why }) => not_run(&usage(of, &why)),
        // A reader that has seen enough needs no word.
        Err(Failure::Output(why)) if why.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(Failure::Output(why)) => {
            show::aside(&format!("mfactl: the output cannot be written: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// What `--json` prints of a refusal.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

fn command(arguments: &Arguments, screen: &mut Screen) -> Result<(), Failure> {
    let reach = &arguments.reach;
    let link = || Link::open(reach);
    match &arguments.command {
        Command::Enroll(new) => enroll::enroll(screen, new, link),
        Command::Confirm { user, factor } => enroll::confirm(&mut link()?, screen, &user.user, &factor.factor),
        Command::Status { user: Some(user) } => users::status(&mut link()?, screen, user),
        Command::Status { user: None } => list::totals(&mut link()?, screen),
        Command::List(whom) => list::list(&mut link()?, screen, whom),
        Command::Factor(FactorCommand::Remove { user, factor }) => {
            codes::remove(&mut link()?, screen, &user.user, &factor.factor)
        }
        Command::Recovery(RecoveryCommand::New(user)) => codes::new_recovery(&mut link()?, screen, &user.user),
        Command::Device(device) => devices::device(&mut link()?, screen, device),
        Command::Token(token) => tokens::token(screen, token, link),
        Command::Ticket(user) => devices::ticket(&mut link()?, screen, &user.user),
        Command::Reset(reset) => users::reset(&mut link()?, screen, reset),
        Command::Grants(grants) => grants::grants(&mut link()?, screen, grants),
        Command::Bypass(bypass) => bypass::bypass(screen, bypass, link),
        Command::Unlock(user) => users::unlock(&mut link()?, screen, &user.user),
        Command::Hygiene(hygiene) => hygiene::hygiene(&mut link()?, screen, hygiene),
        Command::Resume(resume) => hygiene::resume(&mut link()?, screen, resume),
        Command::Verify(user) => codes::verify(&mut link()?, screen, &user.user),
        Command::Adopt(user) => users::adopt(&mut link()?, screen, &user.user),
        Command::Resync { user, factor } => codes::resync(&mut link()?, screen, &user.user, factor.as_ref()),
        Command::Rename { old, new } => users::rename(&mut link()?, screen, old, new),
        Command::Purge(purge) => users::purge(&mut link()?, screen, purge),
        Command::Require(required) => require::require(screen, required, link),
        Command::Explain(login) => explain::explain(&mut link()?, screen, login),
        Command::Config { command } => config::config(screen, *command, reach.config.as_deref()),
        Command::Import { format } => import::import(screen, format, link),
        Command::Log(log) => log::log(&mut link()?, screen, log),
        Command::Doctor(examination) => examine::examine(screen, reach, examination),
        Command::Me { command } => me::me(screen, command.as_ref()),
    }
}

/// Says why nothing was run, or shows the help that was asked for.
fn not_run(said: &clap::Error) -> ExitCode {
    let text = said.render().to_string();
    if said.use_stderr() {
        // It quotes arguments.
        text.trim_end().lines().for_each(show::aside);
    } else if Screen::new(false).and_then(|mut screen| screen.write(&text)).is_err() {
        return ExitCode::FAILURE;
    }
    u8::try_from(said.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Asks for something that is done or not, and says so.
fn simply(link: &mut Link, screen: &mut Screen, ask: mfa_core::admin::AdminAsk) -> Result<(), Failure> {
    match link.ask(ask)? {
        mfa_core::admin::AdminReply::Done { text } => Ok(screen.done(&text)?),
        _ => Err(link::unexpected()),
    }
}
