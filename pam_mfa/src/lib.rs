//! The PAM module: the hooks libpam calls, and the only table from an outcome to a PAM code.
//!
//! Loaded into sshd, sudo, su, login, polkit's helper and screen lockers. It reports who knocks to
//! mfad, shows what mfad says, hands answers over and returns the code below. It has no secret, no
//! policy and no state of its own.
//!
//! What must never happen: an error that ends in `PAM_SUCCESS` or, unless the module line says so,
//! in `PAM_IGNORE`; and any trace left in the host process (threads, descriptors, signals, output).

mod args;
mod client;
mod dialogue;
mod ffi;
mod host;
mod log;
mod process;
mod sent;
mod stacked;
mod watch;

use args::Arguments;
use client::Client;
use dialogue::Outcome;
use host::{Caller, Conversation};
use log::Log;
use mfa_core::wire::{Ending, Kind, Verdict};
use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};
use stacked::Stacked;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use watch::Watch;

#[cfg(not(panic = "unwind"))]
compile_error!("a panic must stop at the module's boundary, not end sshd: build pam_mfa with panic = \"unwind\"");

/// How long mfad may take between two things a person sees: connecting, writing and reading together.
const PATIENCE: Duration = Duration::from_secs(5);

struct PamMfa;

/// The six exported functions. Each catches panics and returns `PAM_ABORT` for them.
mod exports {
    use super::PamMfa;

    pam::pam_hooks!(PamMfa);
}

impl PamHooks for PamMfa {
    /// Asks for the second factor.
    fn sm_authenticate(pamh: &mut PamHandle, args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        // Before anything that could end this call: what an earlier one said must not stand for it.
        ffi::forget_granted(pamh);
        log::silence_panics();
        let caller = Caller::of(pamh);
        let mut log = Log::of(&caller);
        // pam-bindings catches panics too, and still does for the lines around this one; caught here, they have a line in
        // the log that names the user.
        let asked = AssertUnwindSafe(|| authenticate(pamh, &args, &caller, &mut log));
        let outcome = catch_unwind(asked).unwrap_or(Outcome::Panicked);
        if matches!(outcome, Outcome::Granted(_)) {
            ffi::remember_granted(pamh);
        }
        log.decision(&outcome);
        pam_code(&outcome)
    }

    /// Sets no credentials: it only repeats what [`Self::sm_authenticate`] said in this handle, so that a stack in
    /// which nobody authenticated (cron, a publickey-only login) is not decided by this module. Whom it is about is not compared:
    /// sudo makes the target `PAM_USER` in between, and a stack that our success has ended would refuse it.
    fn sm_setcred(pamh: &mut PamHandle, _args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        log::silence_panics();
        if ffi::was_granted(pamh) { PamResultCode::PAM_SUCCESS } else { PamResultCode::PAM_IGNORE }
    }

    // The account, session and password hooks are the trait's: PAM_IGNORE, always. A success there would end a
    // stack that has `sufficient` on our line.
}

fn authenticate(pamh: &mut PamHandle, args: &[&CStr], caller: &Caller, log: &mut Log) -> Outcome {
    if cfg!(feature = "panic-probe") {
        #[expect(clippy::panic, reason = "the probe is there to panic")]
        {
            panic!("the panic probe");
        }
    }
    let arguments = match Arguments::parse(args) {
        Ok(arguments) => arguments,
        Err(bad) => return Outcome::BadArguments(bad),
    };
    log.set_debug(arguments.debug);
    let mut stacked = Stacked::new(&arguments, || host::stacked_password(pamh));
    let context = match caller.context(arguments.first_factor_stack, stacked.first_pass()) {
        Ok(context) => context,
        Err(why) => return Outcome::NoUser(why),
    };
    let mut authority = Client::new(&arguments.run_dir, host::effective_root(), PATIENCE);
    let watch = Watch::new(caller.ssh_connection.as_deref(), caller.stdin_peer.is_some());
    let mut terminal = Conversation::new(pamh, log, watch);
    let outcome = dialogue::hold(&context, arguments.ignore_unreachable, &mut stacked, &mut authority, &mut terminal);
    match outcome {
        Outcome::Granted(verdict) => forward(pamh, &stacked, verdict),
        other => other,
    }
}

/// Leaves the password before an accepted code to the modules behind, where the module line says so.
fn forward(pamh: &mut PamHandle, stacked: &Stacked, verdict: Verdict) -> Outcome {
    match stacked.left(verdict.code_bytes) {
        Ok(None) => Outcome::Granted(verdict),
        Ok(Some(password)) if ffi::stack_password(pamh, &password) => Outcome::Granted(verdict),
        Ok(Some(_)) => Outcome::NotForwarded,
        Err(why) => Outcome::Unavailable(why),
    }
}

/// What the application is told. `PAM_SUCCESS` and `PAM_IGNORE` have one line each.
fn pam_code(outcome: &Outcome) -> PamResultCode {
    match outcome {
        Outcome::Granted(_) => PamResultCode::PAM_SUCCESS,
        Outcome::Ignored(_) | Outcome::PassedBy(_) => PamResultCode::PAM_IGNORE,
        Outcome::Refused { ending: Ending::Retry, .. } => PamResultCode::PAM_AUTH_ERR,
        // sudo calls again three times whatever the code, but for this one.
        Outcome::Refused { ending: Ending::Stop, kind: Kind::Sudo, .. } => PamResultCode::PAM_ABORT,
        // It ends keyboard-interactive in sshd, and login's and GDM's loops.
        Outcome::Refused {
            ending: Ending::Stop,
            kind: Kind::Sshd | Kind::Su | Kind::Login | Kind::Display | Kind::Polkit | Kind::Locker | Kind::Other,
            ..
        } => PamResultCode::PAM_MAXTRIES,
        Outcome::Refused { ending: Ending::Unavailable, .. }
        | Outcome::Unavailable(_)
        | Outcome::AnotherUser
        | Outcome::Endless
        | Outcome::NotForwarded => PamResultCode::PAM_AUTHINFO_UNAVAIL,
        Outcome::NoConversation | Outcome::Left | Outcome::UserChanged | Outcome::NoUser(_) => {
            PamResultCode::PAM_AUTH_ERR
        }
        Outcome::BadArguments(_) => PamResultCode::PAM_SYSTEM_ERR,
        Outcome::Panicked => PamResultCode::PAM_ABORT,
    }
}

#[cfg(test)]
mod tests;
