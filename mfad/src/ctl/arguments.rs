//! The arguments of `mfactl`, each defined once: the parser, the help, the man page and the completions read them here.
//!
//! What must never happen: an option that is taken and does nothing, or a secret in an argument.

use super::{
    bypass, config, devices, enroll, examine, explain, grants, hygiene, import, list, log, me, require, tokens, users,
};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use mfa_core::enrollment::FactorId;
use mfa_core::wire::RUN_DIR;
use std::ffi::OsString;
use std::path::PathBuf;

/// Manages the second factors of this host's users
///
/// Works through mfad, or without it by --offline. Exits with 0 when it is done, 1 when it was refused, 2 when the
/// command line is not understood.
#[derive(Debug, Parser)]
#[command(name = "mfactl", version, disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct Arguments {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) reach: Reach,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where the authority is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Where to work")]
pub(super) struct Reach {
    /// Folder of mfad's sockets [default: /run/pam_mfa]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) run_dir: Option<PathBuf>,
    /// Work on the state folder itself, while no mfad runs
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// State folder for --offline and doctor [default: /var/lib/pam_mfa]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Policy file instead of the usual ones, for --offline, config and doctor
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Give a user a new factor: shows the QR code and confirms it by a code
    Enroll(enroll::New),
    /// Confirm a pending factor by a code of it
    Confirm {
        #[command(flatten)]
        user: User,
        #[command(flatten)]
        factor: Factor,
    },
    /// Show a user's factors and what stands in the way; without USER: everybody and totals
    Status {
        /// Name of an account
        user: Option<String>,
    },
    /// List everybody that has a file, or those for whom a condition fits
    ///
    /// As mfad knows them: a file that somebody changed by hand counts after systemctl reload mfad. PROBLEMS are what the files tell;
    /// mfactl status USER looks at the account and at pushes as well.
    List(list::Whom),
    /// Work on single factors
    #[command(subcommand)]
    Factor(FactorCommand),
    /// Work on recovery codes
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Work on paired devices
    #[command(subcommand)]
    Device(devices::Command),
    /// Work on hardware tokens
    #[command(subcommand)]
    Token(tokens::Command),
    /// Make a single-use ticket by which a user adds a factor or a device, most often the first one
    ///
    /// Good once and for ten minutes, in place of a code or a recovery code. The user types it at mfa-authenticator pair --ticket, for a
    /// desktop, or where mfactl me enroll or mfactl me token asks for it, for an app or a hardware token.
    Ticket(User),
    /// Remove all factors and recovery codes of a user
    Reset(users::Reset),
    /// List a user's remembered logins, or forget them
    Grants(grants::Grants),
    /// Stand in for a user's second factor by a code that is good for a time: make, consent, end, list
    Bypass(bypass::Bypass),
    /// Forget a user's failures and enable disabled factors
    Unlock(User),
    /// Suspend factors nobody uses, announce those to be renewed, remove what was never confirmed: as [hygiene] says
    Hygiene(hygiene::Hygiene),
    /// Take back what hygiene suspended
    Resume(hygiene::Resume),
    /// Try a code as a login would; an accepted one is spent
    Verify(User),
    /// Accept that a user's record of used codes is lost: they could be used again
    Adopt(User),
    /// Set a counter or clock right by two codes that follow one another
    Resync {
        #[command(flatten)]
        user: User,
        /// The factor, where the user has several
        #[arg(value_parser = factor)]
        factor: Option<FactorId>,
    },
    /// Move an enrolment to the account's new name
    Rename {
        /// Name in the enrolment
        old: String,
        /// Name of the account now
        new: String,
    },
    /// Remove enrolments whose account is gone
    Purge(users::Purge),
    /// Set or lift what is required of a user, a group or everybody; the stricter wins
    Require(require::Required),
    /// Say what a login would be asked, and which line of which file says so
    Explain(explain::Login),
    /// Check or show the policy files
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Take factors over from another PAM module's file
    Import {
        #[command(subcommand)]
        format: import::Format,
    },
    /// Show the audit trail, or verify it
    Log(log::Log),
    /// Look for what would lock people out or let them by; changes nothing
    ///
    /// Exits with 1 where something locks people out or lets them by; what is only worth a look leaves it at 0.
    Doctor(examine::Examination),
    /// Look after your own factors, as yourself, over the system bus
    Me {
        #[command(subcommand)]
        command: Option<me::Command>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum FactorCommand {
    /// Remove a factor; with the last one go the recovery codes
    Remove {
        #[command(flatten)]
        user: User,
        #[command(flatten)]
        factor: Factor,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RecoveryCommand {
    /// Make new recovery codes; the old ones die
    New(User),
}

/// Whom a command is about.
#[derive(Debug, Args)]
pub(super) struct User {
    /// Name of an account
    pub(super) user: String,
}

/// Which of a user's factors.
#[derive(Debug, Args)]
pub(super) struct Factor {
    /// Name of a factor, as mfactl status shows it
    #[arg(value_parser = factor)]
    pub(super) factor: FactorId,
}

impl Reach {
    pub(super) fn run_dir(&self) -> PathBuf {
        self.run_dir.clone().unwrap_or_else(|| PathBuf::from(RUN_DIR))
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.state_dir.clone().unwrap_or_else(|| PathBuf::from(crate::daemon::STATE_DIR))
    }
}

/// `mfactl help COMMAND` is `mfactl COMMAND --help`: whoever looks for help should not be told how to look for it.
pub(super) fn helped(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// An option that would be ignored is a mistake.
pub(super) fn checked(arguments: Arguments) -> Result<Arguments, clap::Error> {
    let reach = &arguments.reach;
    let examines = matches!(arguments.command, Command::Doctor(_));
    let reads_policy = examines || matches!(arguments.command, Command::Config { .. });
    let wrong = if reach.offline && (reach.run_dir.is_some() || reads_policy) {
        "--offline does not go with --run-dir; config and doctor work without mfad anyway"
    } else if reach.state_dir.is_some() && !reach.offline && !examines {
        "--state-dir is for --offline and doctor; a running mfad has its own"
    } else if reach.config.is_some() && !reach.offline && !reads_policy {
        "--config is for --offline, config and doctor; a running mfad has its own"
    } else if matches!(arguments.command, Command::Ticket(_)) && reach.offline {
        "a ticket stands in a running mfad's memory alone; --offline cannot make one"
    } else if matches!(arguments.command, Command::Me { .. }) && (reach.offline || reach.run_dir.is_some()) {
        "me works over the system bus, not over mfad's sockets"
    } else {
        return Ok(arguments);
    };
    Err(Arguments::command().error(ErrorKind::ArgumentConflict, wrong))
}

/// An error with the usage of the command it is about.
pub(super) fn usage(of: &str, why: &str) -> clap::Error {
    let mut all = Arguments::command();
    all.build();
    match all.find_subcommand_mut(of) {
        Some(command) => command.error(ErrorKind::ValueValidation, why),
        None => all.error(ErrorKind::ValueValidation, why),
    }
}

pub(super) fn factor(text: &str) -> Result<FactorId, String> {
    if text.is_empty() { Err(String::from("a factor has a name")) } else { Ok(FactorId::typed(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    fn parsed(words: &[&str]) -> Result<Arguments, i32> {
        Arguments::try_parse_from([&["mfactl"], words].concat()).and_then(checked).map_err(|e| e.exit_code())
    }

    #[test]
    fn help_is_a_word_as_well() {
        for (typed, meant) in [
            ("mfactl help", "mfactl --help"),
            ("mfactl help token add", "mfactl token add --help"),
            ("mfactl", "mfactl"),
        ] {
            let words = helped(typed.split(' ').map(OsString::from));
            assert_eq!(words, meant.split(' ').map(OsString::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for words in [["--json", "status", "anna"], ["status", "--json", "anna"], ["status", "anna", "--json"]] {
            assert!(parsed(&words).unwrap().json);
        }
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        for words in [
            &["list", "--state-dir", "/x"][..],
            &["list", "--config", "/x"],
            &["--offline", "list", "--run-dir", "/x"],
            &["enroll", "anna", "--digits", "5"],
            &["enroll", "anna", "--period", "14"],
            &["enroll", "anna", "--algorithm", "MD5"],
            &["purge"],
            &["--offline", "me"],
            &["ticket", "anna", "--offline"],
            &["me", "--run-dir", "/x"],
            &["factor", "remove", "anna", ""],
            &["frobnicate"],
            &[],
        ] {
            assert_eq!(parsed(words).unwrap_err(), 2, "{words:?}");
        }
    }
}
