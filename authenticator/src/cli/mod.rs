//! The command line: what a person or a script asks of the agent and of mfad.
//!
//! Exit status: 0 done, 1 refused or not possible, 2 wrong usage; with `--json` a refusal is an object on standard output. A proof comes from the terminal or standard input,
//! never from the argument vector, which every user of the computer can read.

mod clipboard;
mod codes;
mod devices;
mod exchange;
mod hidden;
pub(crate) mod ids;
mod offer;
mod pair;
mod pin;
mod proof;
mod requests;
mod state;
mod when;

use crate::agent::{self, Ended};
use crate::catalogue::{self, filled, gettext};
use crate::vault::{export, import};
use crate::{daemon, privacy};
use clap::{Parser, Subcommand};
use mfa_core::bus::{Error, Factors1Proxy, Trust};
use mfa_core::clean;
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for mfad where a person at another device may be asked, which takes 45 s at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// Approve sign-ins on this computer, and keep the codes of your accounts.
#[derive(Debug, Parser)]
#[command(name = "mfa-authenticator", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The account that mfad runs as.
    #[arg(long, global = true, value_name = "NAME", default_value = daemon::ACCOUNT, hide = true)]
    daemon_user: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let this computer approve your sign-ins: makes a key in the keyring and enrols it.
    Pair {
        /// What to call this computer in your list of devices [default: its host name].
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
        /// The proof is an administrator's ticket.
        #[arg(long)]
        ticket: bool,
        /// Put the key under a PIN, which is asked for at each approval: first and second line of standard input where
        /// that is no terminal.
        #[arg(long)]
        pin: bool,
    },
    /// Set, change or remove the PIN over a device key, or over your codes.
    Pin {
        #[command(subcommand)]
        what: pin::What,
    },
    /// Show requests and sign decisions for as long as the session lasts.
    Agent,
    /// List the requests that wait.
    Requests {
        /// Go on listing, at every change.
        #[arg(long)]
        watch: bool,
        /// One JSON array a line.
        #[arg(long)]
        json: bool,
    },
    /// Say yes to a request. Where the key has a PIN, it is asked for.
    Approve {
        /// The request, or the beginning of its name.
        id: String,
        /// The number that the login screen shows, where it shows one.
        number: Vec<String>,
    },
    /// Say no to a request.
    Deny {
        /// The request, or the beginning of its name.
        id: String,
        /// It was not me: raise an alert.
        #[arg(long)]
        report: bool,
    },
    /// List the last decisions.
    History {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Open the window.
    #[cfg(feature = "gui")]
    Window {
        /// Only the sign-in requests that wait.
        #[arg(long)]
        requests: bool,
        /// Only this sign-in request, or the one whose name begins so.
        #[arg(long, value_name = "ID", conflicts_with = "requests")]
        request: Option<String>,
        /// Wait to be told what to show, as when the session bus starts it.
        #[arg(long, hide = true)]
        gapplication_service: bool,
    },
    /// List your devices.
    Devices {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Suspend a lost device at once.
    Lost {
        /// The device, or the beginning of its name.
        device: String,
    },
    /// List the accounts whose codes are kept in the keyring.
    List {
        /// Only those whose names or tags hold all these words.
        words: Vec<String>,
        /// Those in the trash.
        #[arg(long)]
        trash: bool,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show the code of an account. One that counts is saved as used before.
    Show {
        /// Words of its names or tags.
        #[arg(required = true, value_name = "NAME")]
        words: Vec<String>,
        /// Copy it instead, for 30 seconds: by wl-copy or xclip.
        #[arg(long, conflicts_with = "json")]
        copy: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Add an account: by its otpauth:// address, asked for or from standard input, or by pictures of QR codes.
    Add {
        /// A picture (PNG or JPEG) of a QR code; again for each further part of an export.
        #[arg(long = "image", value_name = "FILE")]
        images: Vec<PathBuf>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Put an account into the trash, where it is kept for 30 days.
    Remove {
        /// Words of its names or tags.
        #[arg(required = true, value_name = "NAME")]
        words: Vec<String>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Take an account back out of the trash.
    Restore {
        /// Words of its names or tags.
        #[arg(required = true, value_name = "NAME")]
        words: Vec<String>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Add the accounts of another authenticator's export. A password is asked for, or read from standard input.
    Import {
        /// The file.
        file: PathBuf,
        /// Whose it is [default: what it looks like].
        #[arg(long, value_enum)]
        format: Option<import::Format>,
        /// Only say what is in it, and what is here already.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask before anything is added, as at a terminal it does.
        #[arg(long, short)]
        yes: bool,
        /// One JSON object; nothing is asked then.
        #[arg(long)]
        json: bool,
    },
    /// Write all accounts to a file: a backup, or for another authenticator.
    Export {
        /// The file.
        file: PathBuf,
        /// What is written.
        #[arg(long, value_enum, default_value = "backup")]
        format: export::Format,
        /// Write it although it is not encrypted (uris).
        #[arg(long)]
        plain: bool,
        /// Replace what is there.
        #[arg(long)]
        force: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Lock the keyring that holds accounts and device keys.
    Lock {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Unlock the keyring: it asks for its password where it needs it.
    Unlock {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say what is kept here, whether it is locked, and when it was backed up.
    Status {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Whether what it says is for a program: a refusal is an object then, too.
    fn is_json(&self) -> bool {
        match self {
            Self::Requests { json, .. }
            | Self::History { json }
            | Self::Devices { json }
            | Self::List { json, .. }
            | Self::Show { json, .. }
            | Self::Add { json, .. }
            | Self::Remove { json, .. }
            | Self::Restore { json, .. }
            | Self::Import { json, .. }
            | Self::Export { json, .. }
            | Self::Lock { json }
            | Self::Unlock { json }
            | Self::Status { json } => *json,
            _ => false,
        }
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) => return not_run(&said),
    };
    privacy::no_core();
    let json = arguments.command.is_json();
    // What is for a program is the same in every language.
    if !json {
        catalogue::speak();
    }
    #[cfg(feature = "gui")]
    if let Command::Window { requests, request, gapplication_service } = arguments.command {
        use crate::ui::Show;
        let show = match (&request, requests, gapplication_service) {
            (Some(id), _, _) => Show::Request(id),
            (None, true, _) => Show::Requests,
            (None, false, true) => Show::Told,
            (None, false, false) => Show::Everything,
        };
        return match crate::ui::run(show, daemon::trust(&arguments.daemon_user)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error.to_string()),
        };
    }
    privacy::close();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&filled(gettext("cannot start: {why}"), &[("why", &error)])),
    };
    let done = runtime.block_on(run(arguments));
    // Never waits for what still runs, such as a keyring that does not answer.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if json => {
            // Who has stopped reading needs no word.
            let _ = object(&serde_json::json!({ "error": error.to_string() }));
            ExitCode::FAILURE
        }
        Err(error) => failed(&error.to_string()),
    }
}

/// Says why nothing was run, or shows the help that was asked for.
fn not_run(said: &clap::Error) -> ExitCode {
    if !said.use_stderr() {
        return said.print().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // It quotes arguments, and a shell may have put names of files there.
    said.render().to_string().trim_end().lines().for_each(|line| eprintln!("{}", clean::message(line)));
    u8::try_from(said.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Writes one JSON object, on a line.
fn object(object: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, object)?;
    Ok(writeln!(out)?)
}

fn failed(text: &str) -> ExitCode {
    eprintln!("mfa-authenticator: {text}");
    ExitCode::from(1)
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let trust = daemon::trust(&arguments.daemon_user);
    match arguments.command {
        Command::Pair { label, ticket, pin } => pair::pair(trust, label, ticket, pin).await,
        Command::Pin { what } => pin::run(what).await,
        Command::Agent => serve(trust).await,
        Command::Requests { watch, json } => requests::list(watch, json).await,
        Command::Approve { id, number } => requests::approve(&id, &number.concat()).await,
        Command::Deny { id, report } => requests::deny(&id, report).await,
        Command::History { json } => requests::history(json).await,
        // Has the main thread to itself, without an async runtime.
        #[cfg(feature = "gui")]
        Command::Window { .. } => Ok(()),
        Command::Devices { json } => devices::list(trust, json).await,
        Command::Lost { device } => devices::lost(trust, &device).await,
        Command::List { words, trash, json } => codes::list(&words, trash, json).await,
        Command::Show { words, copy, json } => codes::show(&words, copy, json).await,
        Command::Add { images, json } => codes::add(images, json).await,
        Command::Remove { words, json } => codes::remove(&words, json).await,
        Command::Restore { words, json } => codes::restore(&words, json).await,
        Command::Import { file, format, dry_run, yes, json } => {
            exchange::import(&file, format, dry_run, yes, json).await
        }
        Command::Export { file, format, plain, force, json } => {
            exchange::export(&file, format, plain, force, json).await
        }
        Command::Lock { json } => state::lock(json).await,
        Command::Unlock { json } => state::unlock(json).await,
        Command::Status { json } => state::status(json).await,
    }
}

async fn serve(trust: Trust) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).without_time().init();
    if agent::run(trust).await? == Ended::AnotherRuns {
        println!("{}", gettext("An agent serves this session already."));
    }
    Ok(())
}

/// mfad's factor interface, once its owner is known to be mfad.
async fn factors(trust: Trust) -> anyhow::Result<Factors1Proxy<'static>> {
    trust.factors(PATIENCE).await.map_err(|why| anyhow::anyhow!(daemon::unreached(&why)))
}

/// An error of the bus contract as one to end with.
fn refused(error: Error) -> anyhow::Error {
    anyhow::anyhow!(error.words())
}
