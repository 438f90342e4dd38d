//! `mfactl`, as an admin's script calls it.

use super::program::{Program, Ran, built};
use super::{Oathtool, User, World, canary};
use std::path::PathBuf;

/// The command line client of a world's daemon.
#[derive(Debug, Clone)]
pub struct Mfactl {
    run_dir: PathBuf,
}

/// What `mfactl enroll --json` prints.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// The factor's identifier.
    pub factor: String,
    /// The otpauth URI.
    pub uri: String,
    /// The key, base32.
    pub secret: String,
    /// The recovery codes, each good for one login.
    pub recovery_codes: Vec<String>,
}

impl Enrolled {
    /// Another implementation's view of the key.
    #[must_use]
    pub fn oathtool(&self) -> Oathtool {
        Oathtool::new(&self.secret)
    }
}

impl Mfactl {
    /// For the daemon of this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self { run_dir: world.run_dir() }
    }

    /// Runs `mfactl --run-dir DIR` with these arguments and input.
    #[must_use]
    pub fn run(&self, args: &[&str], stdin: &str) -> Ran {
        Program::new(built("mfactl")).arg("--run-dir").arg(&self.run_dir).args(args).run(stdin)
    }

    /// Runs `mfactl me` with these arguments and input, as this user, over the system bus.
    #[must_use]
    pub fn me(user: &User, args: &[&str], stdin: &str) -> Ran {
        Program::new(built("mfactl")).arg("me").args(args).as_user(user).run(stdin)
    }

    /// The same as somebody who logged in with this uid and became root (`CAP_AUDIT_CONTROL` is needed to say so).
    #[must_use]
    pub fn run_by(&self, login_uid: u32, args: &[&str]) -> Ran {
        let as_login = format!("echo {login_uid} > /proc/self/loginuid && exec \"$@\"");
        let program = Program::new("sh").args(["-c", &as_login, "sh"]).arg(built("mfactl"));
        program.arg("--run-dir").arg(&self.run_dir).args(args).run("")
    }

    /// Enrols a user without confirmation: `kind` is `totp` or `hotp`.
    ///
    /// # Panics
    /// When it is refused, or the answer does not have the documented fields.
    #[must_use]
    pub fn enroll(&self, user: &str, kind: &str) -> Enrolled {
        let json = self.run(&["enroll", user, "--type", kind, "--no-confirm", "--json"], "").ok().json();
        let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}")).to_owned();
        let codes = json["recovery_codes"].as_array().unwrap_or_else(|| panic!("no recovery_codes in {json}"));
        let enrolled = Enrolled {
            factor: json["factor"].to_string().trim_matches('"').to_owned(),
            uri: text("uri"),
            secret: text("secret"),
            recovery_codes: codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
        };
        canary::keep_quiet_about(&enrolled.secret);
        enrolled.recovery_codes.iter().for_each(|code| canary::keep_quiet_about(code));
        enrolled
    }
}
