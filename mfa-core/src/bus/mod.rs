//! The D-Bus contract between mfad and the authenticator: names, types, errors and proxies.
//!
//! One file per interface; the serving sides stand beside their logic in mfad and the authenticator. Within a
//! version of an interface there are only additions; an unknown string of an enum is a refusal.

mod admin1;
mod agent1;
mod agents1;
mod approvals1;
mod error;
mod factors1;
mod trust;

pub use admin1::{
    Admin1Proxy, BypassShown, FactorGiven, GrantShown, HygieneShown, OtpGiven, TokenGiven, TokenShown, UserListed,
};
pub use agent1::{Agent1Proxy, Withdrawn};
pub use agents1::Agents1Proxy;
pub use approvals1::{Approvals1Proxy, Decided, Listed};
pub use error::Error;
pub use factors1::{DeviceListed, FactorListed, Factors1Proxy, OwnFactors};
pub use trust::{NoDaemon, Trust};

/// From which every other name is made.
pub const PREFIX: &str = "io.github.pam_mfa";

/// mfad's name on the system bus.
pub const DAEMON: &str = "io.github.pam_mfa.Daemon";

/// The object of `Agents1` and `Factors1`.
pub const DAEMON_PATH: &str = "/io/github/pam_mfa/Daemon";

/// The object an agent serves `Agent1` at, on the system bus, where it has no name.
pub const AGENT_PATH: &str = "/io/github/pam_mfa/Agent";

/// The application id of the authenticator's window, and so its name on the session bus.
pub const AUTHENTICATOR: &str = "io.github.pam_mfa.Authenticator";

/// The agent's name on the session bus.
pub const AGENT: &str = "io.github.pam_mfa.Authenticator.Agent";

/// The object of `Approvals1`.
pub const APPROVALS_PATH: &str = "/io/github/pam_mfa/Authenticator/Agent";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_begins_with_the_one_prefix() {
        for name in [DAEMON, AUTHENTICATOR, AGENT] {
            assert!(name.starts_with(PREFIX));
        }
        let path = format!("/{}", PREFIX.replace('.', "/"));
        for object in [DAEMON_PATH, AGENT_PATH, APPROVALS_PATH] {
            assert!(object.starts_with(&path));
        }
    }
}
