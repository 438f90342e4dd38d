//! A world with a running mfad: where most tests of a login begin.

use super::pam_client::last_result;
use super::{Enrolled, Event, Mfactl, Mfad, PamClient, World};

/// The daemon, its client and the world around them.
pub struct House {
    /// Everything else; declared first, so that it looks at the arguments and the environment of an mfad that still runs, and
    /// then ends it.
    pub world: World,
    /// The daemon.
    pub mfad: Mfad,
    /// Its command line client.
    pub mfactl: Mfactl,
}

impl House {
    /// A world of this name whose mfad has this policy.
    #[must_use]
    pub fn new(name: &str, policy: &str) -> Self {
        let world = World::new(name);
        Self { mfad: Mfad::start(&world, policy), mfactl: Mfactl::new(&world), world }
    }

    /// The same with a clock for mfad alone.
    #[must_use]
    pub fn with_own_clock(name: &str, policy: &str) -> Self {
        let world = World::new(name);
        Self { mfad: Mfad::start_with_own_clock(&world, policy), mfactl: Mfactl::new(&world), world }
    }

    /// Enrols a user without confirmation: `kind` is `totp` or `hotp`.
    #[must_use]
    pub fn enroll(&self, user: &str, kind: &str) -> Enrolled {
        self.mfactl.enroll(user, kind)
    }

    /// A PAM service of this name with our module alone, called by a plain client.
    #[must_use]
    pub fn door(&self, service: &str, user: &str, arguments: &str) -> PamClient {
        self.world.pam(service, &[&self.world.module("required", arguments)]);
        PamClient::new(service, user)
    }

    /// What one call through the service `door` with a first factor in evidence says to one answer.
    #[must_use]
    pub fn knock(&self, user: &str, answer: &str) -> Verdict {
        let mark = self.world.log().mark();
        let events = self.door("door", user, "first_factor=stack").run(&[answer]);
        let line = self.world.log().expect_new(mark, &["pam_mfa(door:auth)", &format!("user=\"{user}\"")]);
        let reason = line.split("reason=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        Verdict { code: last_result(&events), reason: reason.to_owned(), events }
    }
}

/// How a call through the module ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The PAM code.
    pub code: String,
    /// The reason in the module's log line.
    pub reason: String,
    /// Everything the application was asked and told.
    pub events: Vec<Event>,
}

impl Verdict {
    /// Code and reason, for comparison.
    #[must_use]
    pub fn short(&self) -> (&str, &str) {
        (&self.code, &self.reason)
    }
}
