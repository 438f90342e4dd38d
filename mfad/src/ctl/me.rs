//! `mfactl me`: users look after their own factors, as themselves, over the system bus.
//!
//! Proofs are typed or piped in, never arguments. What must never happen: a proof handed to a program that is not mfad.

mod own;
mod shown;

use super::enroll::Kind;
use super::show::{self, Screen};
use super::{Failure, factor};
use clap::{Args, Subcommand, ValueEnum};
use mfa_core::approval::Purpose;
use mfa_core::device::DeviceId;
use mfa_core::enrollment::FactorId;
use own::{Own, recovery, text};

/// What is done about one's own factors.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show your factors and what is required (as without a command)
    List,
    /// Add an authenticator app: shows the QR code and confirms it by a code
    ///
    /// Whoever has no factor to show types the ticket that an administrator makes by mfactl ticket, or nothing: then polkit asks, where
    /// policy lets people set up a first factor alone.
    Enroll {
        /// By time (apps) or by counter
        #[arg(long = "type", value_enum, default_value = "totp", value_name = "TYPE")]
        kind: Kind,
        /// A name to tell it from your other factors
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
        /// Show no QR code
        #[arg(long)]
        no_qr: bool,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Confirm a factor that waits for its first code
    Confirm {
        /// Its name, as the list shows it
        #[arg(value_parser = factor)]
        factor: FactorId,
    },
    /// Add a hardware token by its serial number and a code of it
    Token {
        /// As printed on it
        serial: String,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Call a factor or a device something else
    Rename {
        /// Its name, as the list shows it
        name: String,
        /// What to call it
        label: String,
    },
    /// Say by which method you want to be asked first
    Prefer {
        /// The method
        method: Preference,
    },
    /// Remove a factor, unless it is the last
    Remove {
        /// Its name, as the list shows it
        #[arg(value_parser = factor)]
        factor: FactorId,
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Remove all your factors, devices and recovery codes; where one is required, set up a new one at once
    Disable {
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Make new recovery codes; the old ones die
    RecoveryCodes {
        #[command(flatten)]
        proof: ProofBy,
    },
    /// Suspend a lost device at once
    Lost {
        /// Its name, as the list shows it
        device: String,
        #[command(flatten)]
        proof: ProofBy,
    },
}

/// How a change is proved.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ProofBy {
    /// Have another device of yours say yes instead of typing a code
    #[arg(long)]
    by_device: bool,
}

/// By which method to be asked first.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Preference {
    /// Codes by time
    Totp,
    /// Codes by counter
    Hotp,
    /// Your devices
    Push,
    /// As policy says
    Policy,
}

/// Does it.
pub(super) fn me(screen: &mut Screen, command: Option<&Command>) -> Result<(), Failure> {
    let own = Own::connect()?;
    match command {
        None | Some(Command::List) => own.list(screen),
        Some(Command::Enroll { kind, label, no_qr, proof }) => {
            let proof = own.proof(*proof, &Purpose::AddFactor)?;
            own.enroll(screen, (*kind, label, *no_qr), &proof)
        }
        Some(Command::Confirm { factor }) => {
            own.is_pending(&factor.to_string())?;
            own.confirm(screen, &factor.to_string())
        }
        Some(Command::Token { serial, proof }) => own.token(screen, serial, *proof),
        Some(Command::Rename { name, label }) => {
            own.call(own.factors.rename(name, label))?;
            Ok(screen.done(&format!("from now on {} is called {}", show::name(name), show::name(label)))?)
        }
        Some(Command::Prefer { method }) => {
            let method = match method {
                Preference::Totp => "totp",
                Preference::Hotp => "hotp",
                Preference::Push => "push",
                Preference::Policy => "",
            };
            own.call(own.factors.prefer(method))?;
            let said = if method.is_empty() { "as policy says" } else { method };
            Ok(screen.done(&format!("logins ask by this first: {said}"))?)
        }
        Some(Command::Remove { factor, proof }) => {
            let proof = own.proof(*proof, &Purpose::RemoveFactor { factor: factor.clone() })?;
            own.proved(own.factors.remove(&factor.to_string(), text(&proof)))?;
            Ok(screen.done(&format!("removed {}", show::name(&factor.to_string())))?)
        }
        Some(Command::Disable { proof }) => own.disable(screen, *proof),
        Some(Command::RecoveryCodes { proof }) => {
            let proof = own.proof(*proof, &Purpose::RenewRecovery)?;
            let codes = own.proved(own.factors.regenerate_recovery_codes(text(&proof)))?;
            recovery(screen, codes)
        }
        Some(Command::Lost { device, proof }) => {
            let proof = own.proof(*proof, &Purpose::SuspendDevice { device: DeviceId::typed(device) })?;
            own.proved(own.factors.suspend_device(device, text(&proof)))?;
            Ok(screen.done(&format!("the device {} is suspended: it approves nothing any more", show::name(device)))?)
        }
    }
}
