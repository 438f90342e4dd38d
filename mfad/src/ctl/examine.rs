//! `mfactl doctor`: hands the doctor what policy says and what mfad would decide.
//!
//! The judging is in [`doctor`]. It works without mfad too: then policy is read from the files alone. What must never
//! happen: mfad's silence being told as "nothing is asked".

use super::doctor::edge::PamFolders;
use super::doctor::{self, Decision, Finding, Options, ServiceExpectation, Severity};
use super::explain;
use super::link::Link;
use super::show::{Screen, line};
use super::{Failure, Reach};
use crate::accounts::{Lookup, by_name};
use crate::clock;
use crate::config::{Config, ConfigError, MAIN};
use crate::store::Loose;
use clap::Args;
use mfa_core::admin::{AdminAsk, AdminReply, Explanation, Outcome};
use mfa_core::policy::{
    Circumstances, Groups, NEVER_ASKED, Own, Policy, Query, Require, Requirements, Signals, Target,
};
use mfa_core::wire::{Context, Kind};
use std::io;
use std::path::{Path, PathBuf};

/// Services people log in or rise through, where they have a stack.
const USUAL: [&str; 13] = [
    "sshd",
    "sudo",
    "sudo-i",
    "su",
    "su-l",
    "login",
    "polkit-1",
    "polkit-1-biometric",
    "gdm-password",
    "lightdm",
    "sddm",
    "runuser",
    "cron",
];

/// Whose login policy is asked about: nobody's, whom no rule for users or groups is for.
const ANYBODY: &str = "";

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct Examination {
    /// Folder of the PAM stacks [default: /etc/pam.d, then those of packages]
    #[arg(long, value_name = "DIR")]
    pam_dir: Option<PathBuf>,
    /// sshd's configuration [default: its own]
    #[arg(long, value_name = "FILE")]
    sshd_config: Option<PathBuf>,
    /// Play a login through: what this user would meet at this service
    #[arg(long, num_args = 2, value_names = ["USER", "SERVICE"])]
    simulate: Option<Vec<String>>,
}

/// Examines this host; what locks out or lets by is a failure.
pub(super) fn examine(screen: &mut Screen, reach: &Reach, examination: &Examination) -> Result<(), Failure> {
    let simulate = match examination.simulate.as_deref() {
        Some([_, service]) if service.contains('/') => {
            return Err(Failure::Usage {
                of: "doctor",
                why: String::from("SERVICE is the name of a file in PAM's folder, such as sshd, and not a path"),
            });
        }
        Some([user, service]) => Some((user.clone(), service.to_lowercase())),
        _ => None,
    };
    if let Some(folder) = &examination.pam_dir {
        let unread = |why| Failure::Refused(format!("{}: no PAM stacks can be read there: {why}", folder.display()));
        std::fs::read_dir(folder).map_err(unread)?;
    }
    let mut link = Link::open(reach);
    let read = Config::read(reach.config.as_deref());
    let on_disk = read.as_ref().err().map(|why| refused_on_disk(why, link.is_ok(), reach.config.as_deref()));
    let policy = read.map_or_else(|_| Policy::built_in(), |config| config.policy);
    let folders = PamFolders::new(examination.pam_dir.as_deref());
    let services: Vec<ServiceExpectation> =
        folders.services().iter().filter_map(|name| expected(&mut link, &policy, name)).collect();
    let decision = simulate.as_ref().map(|(user, service)| match &mut link {
        Ok(link) => explain::of(link, login_of(user, service), None).map_or_else(unknown, decided),
        // Whether there is such an account can be said without mfad.
        Err(_) if matches!(by_name(user), Lookup::Absent) => Decision::NoAccount,
        Err(Failure::Refused(why)) => Decision::Unknown(why.clone()),
        Err(_) => Decision::Unknown(String::from("mfad was not asked")),
    });
    let options = Options {
        pam_dir: examination.pam_dir.clone(),
        sshd_config: examination.sshd_config.clone(),
        run_dir: reach.run_dir(),
        config_dir: reach.config.as_deref().unwrap_or(Path::new(MAIN)).parent().map(Path::to_owned).unwrap_or_default(),
        state_dir: reach.state_dir(),
        simulate,
    };
    let by_mfad = link.as_mut().ok().and_then(refused_configuration).map(|why| {
        let text = format!("The configuration on disk is refused, mfad works with an older one: {}.", line(&why));
        let fix = "Mend it (mfactl config check), then systemctl reload mfad. Its next start would fail.";
        Finding::new(Severity::LocksOut, "mfad", text, fix)
    });
    let mut known: Vec<Finding> = by_mfad.or(on_disk).into_iter().collect();
    known.extend(doctor::names::judge(&policy, by_name));
    known.extend(doctor::absent::judge(&policy, &folders.services(), is_group));
    let report = doctor::examine(&options, &services, decision, known);
    if screen.json {
        screen.object(&report)?
    } else {
        screen.write(&doctor::render(&report))?
    };
    if doctor::locks_out_or_lets_by(&report.findings) { Err(Failure::Said) } else { Ok(()) }
}

/// What policy wants of a service, if it is one to speak about: a usual one, or one that policy names.
fn expected(link: &mut Result<Link, Failure>, policy: &Policy, name: &str) -> Option<ServiceExpectation> {
    let mut rules =
        policy.rules.iter().filter(|rule| rule.matcher.service.iter().any(|service| service == name)).peekable();
    if !USUAL.contains(&name) && !policy.services.contains_key(name) && rules.peek().is_none() {
        return None;
    }
    // What asks some is to be expected there.
    let others = rules.any(|rule| rule.require.value > Require::Off);
    let told = link.as_mut().ok().and_then(|link| explain::of(link, login_of(ANYBODY, name), None).ok());
    let (kind, require) = told.map_or_else(|| by_files(policy, name), |told| (told.kind, told.require));
    // A floor, or a rule for every service, asks these too; but they run without a person, and nobody gets by where they have no line.
    if !others && require > Require::Off && NEVER_ASKED.contains(&name) {
        return None;
    }
    let by_target = policy.rules.iter().any(|rule| rule.matcher.looks_at_target_of(name));
    Some(ServiceExpectation { name: name.to_owned(), kind, asked: others || require > Require::Off, by_target })
}

fn login_of(user: &str, service: &str) -> Context {
    Context { user: user.to_owned(), service: service.to_owned(), ..Context::default() }
}

fn by_files(policy: &Policy, service: &str) -> (Kind, Require) {
    let circumstances = Circumstances {
        rhost: None,
        tty: None,
        first_factors: &[],
        target: Target::Unknown,
        time: clock::local(clock::wall(), &clock::zone()),
        wall: clock::wall(),
        signals: Signals::default(),
    };
    let (groups, own) = (Groups::Unknown, Own::Known(None));
    let query = Query { service, user: ANYBODY, user_known: true, groups, own, circumstances };
    let decision = policy.decide(&Requirements::default(), &query);
    (decision.kind, decision.require.value)
}

/// What is wrong with the files, as they are read here.
fn refused_on_disk(why: &ConfigError, runs: bool, explicit: Option<&Path>) -> Finding {
    let said = line(&why.to_string());
    let (severity, text, fix) = match why {
        ConfigError::Loose(loose) => return unread(loose, runs, explicit),
        ConfigError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            (Severity::Warning, format!("The configuration was not looked at: {said}."), "Run this as root.")
        }
        _ if runs => (
            Severity::LocksOut,
            format!("The configuration on disk is refused: {said}."),
            "Mend it (mfactl config check) before mfad is reloaded or started: it would not start.",
        ),
        _ => (
            Severity::LocksOut,
            format!("The configuration is refused, and mfad does not start with it: {said}."),
            "Mend it (mfactl config check), then start mfad.",
        ),
    };
    Finding::new(severity, "mfad", text, fix)
}

/// That nothing was judged by the file that was named, or by the usual ones.
fn unread(loose: &Loose, runs: bool, explicit: Option<&Path>) -> Finding {
    // The folder that is loose need not be the file's own.
    let (file, why) = match explicit {
        Some(file) if file.display().to_string() == loose.path => (file.display().to_string(), loose.why.clone()),
        Some(file) => (file.display().to_string(), loose.to_string()),
        None => (loose.path.clone(), loose.why.clone()),
    };
    let by = if runs { "judged by what mfad works with" } else { "judged as if everything were required" };
    let text = format!("{} was not read ({}): {by}.", line(&file), line(&why));
    let (severity, fix) = match explicit {
        // It need not be what mfad works by.
        Some(_) => (Severity::Warning, "Copy it to a folder that root alone can write, such as /root."),
        None => (Severity::LocksOut, "Give it to root alone before mfad is reloaded or started: it would not start."),
    };
    Finding::new(severity, "mfad", text, fix)
}

/// Whether there is such a group; `None` where that is not known.
fn is_group(name: &str) -> Option<bool> {
    nix::unistd::Group::from_name(name).ok().map(|found| found.is_some())
}

/// Why mfad did not take the configuration on disk.
fn refused_configuration(link: &mut Link) -> Option<String> {
    match link.ask(AdminAsk::Ping) {
        Ok(AdminReply::Pong { refused, .. }) => refused,
        _ => None,
    }
}

fn decided(explanation: Explanation) -> Decision {
    match explanation.outcome {
        Outcome::Asked => Decision::Asked { methods: explanation.methods.iter().map(ToString::to_string).collect() },
        Outcome::Exempt => Decision::Exempt,
        Outcome::NotEnrolledIgnored => Decision::NotEnrolledIgnored,
        Outcome::Enrols => Decision::Enrols,
        Outcome::NotEnrolledRefused => Decision::NotEnrolledRefused,
        Outcome::Barred => Decision::Barred(explanation.meets),
        Outcome::NoAccount => Decision::NoAccount,
    }
}

fn unknown(why: Failure) -> Decision {
    match why {
        Failure::Refused(why) => Decision::Unknown(why),
        _ => Decision::Unknown(String::from("mfad was not asked")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mfad_itself_would_not_read_locks_out_and_what_was_named_need_not_be_its_own() {
        let loose = Loose { path: String::from("/etc"), why: String::from("writable by others") };
        let why = ConfigError::Loose(loose);
        let (usual, named) =
            (refused_on_disk(&why, false, None), refused_on_disk(&why, true, Some(Path::new("/etc/x"))));
        assert_eq!((usual.severity, named.severity), (Severity::LocksOut, Severity::Warning));
        assert_eq!(usual.text, "/etc was not read (writable by others): judged as if everything were required.");
        assert_eq!(named.text, "/etc/x was not read (/etc: writable by others): judged by what mfad works with.");
    }
}
